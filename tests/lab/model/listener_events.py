# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What TermService, Schannel and LSASS write to the event logs about the listener.

Sources: Microsoft's page on RDP event ids of virtual machines (36870, 36871, 1057, 1058), the manifests for the fields,
a recorded 36888 of alert 40 with state 1205, a FreeRDP issue for 139 with 0x80090304, a recorded TermDD 56 for its
binary data, a recorded 4625. MEM, unverified: the result code of 139 in the other cases, TermDD 56 on every version,
36870 for a certificate without a key file, when 1050 comes, 30 days for 1052, a minute between two 1006, 4625 with a
substatus that does not tell an unknown account from a wrong password.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.lab.model import event_types as types
from tests.lab.model.certificates import StoredCertificate
from tests.lab.model.events import Data
from tests.lab.rdp.observer import Happening, Seen

if TYPE_CHECKING:
    from tests.lab.model.host import Host

_SHA1_LENGTH = 20
_EXPIRES_SOON_DAYS = 30
_HANDSHAKE_FAILURE = 40
_UNKNOWN_CREDENTIALS, _INTERNAL_ERROR, _ALGORITHM_MISMATCH = 0x8009030D, 0x80090304, 0x80090331
_LOGON_FAILURE, _ACCOUNT_RESTRICTION, _WRONG_PASSWORD = 0xC000006D, 0xC000006E, 0xC000006A
_TERMDD_SECURITY = 0xC00A0038
_THROTTLE_LOG_SECONDS = 60


def termdd_binary(status: int) -> bytes:
    """The binary data of TermDD 56 as recorded: its own number, that number plus one, the status at the end."""
    return struct.pack("<HH10I", 0x0500, 6, 1, 0, _TERMDD_SECURITY, 0, _TERMDD_SECURITY + 1, 0, 0, 0, 0, status)


class ListenerEvents:
    """Writes for one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._result: tuple[tuple[str, int], int] = (("", 0), 0)

    def listening(self, begun: bool) -> None:
        self._host.events.write(types.RCM_OPERATIONAL, types.RCM, 258 if begun else 259)

    def certificate_made(self, name: str, thumb: str) -> None:
        self._system(types.RCM, 1056, [name], bytes.fromhex(thumb))

    def renewal_failed(self, status: str, *, replacing: bool) -> None:
        """`status` is the text of an error, here in English; it is written in the host's language."""
        self._system(types.RCM, 1058 if replacing else 1057, [self._host.language.tool_output(status)])

    def contradiction(self, level: int, layer: int) -> None:
        self._system(types.RCM, 1050, ["RDP-Tcp", str(level), str(layer)])

    def bound_certificate(self, thumb: bytes, found: StoredCertificate | None, *, readable: bool) -> None:
        """What TermService says of the certificate that SSLCertificateSHA1Hash names."""
        if len(thumb) != _SHA1_LENGTH:
            self._system(types.RCM, 1059)
            return
        if found is None:
            self._system(types.RCM, 1051)
            return
        certificate = found.parsed
        name = certificate.subject.rfc4514_string()
        days = (certificate.not_valid_after_utc - self._host.now()).days
        if days < 0:
            self._system(types.RCM, 1053, [name], thumb)
        elif days < _EXPIRES_SOON_DAYS:
            self._system(types.RCM, 1052, [name, str(days)], thumb)
        if not _for_servers(certificate):
            self._system(types.RCM, 1054, [name], thumb)
        if not readable:
            self._system(types.RCM, 1055, [name], thumb)

    def notice(self, happening: Happening) -> None:
        """What the host writes of a connection."""
        _HANDLERS[happening.seen](self, happening)

    def _accepted(self, happening: Happening) -> None:
        address, port = happening.client
        self._host.events.write(types.RCM_OPERATIONAL, types.RCM, 261)
        if self._has_core_ts():
            self._core(131, {"ClientIP": f"{address}:{port}"})
            self._core(98)

    def _throttled(self, happening: Happening) -> None:
        """1006, at most once in a while (termsrv.dll keeps `_LastLoggedDelayConnection`)."""
        now = self._host.now().timestamp()
        written = self._host.events.read(types.RCM_ADMIN)
        if not any(event.id == 1006 and now - event.time < _THROTTLE_LOG_SECONDS for event in written):
            self._host.events.write(types.RCM_ADMIN, types.RCM, 1006)

    def _no_protocol(self, happening: Happening) -> None:
        self._system(types.SCHANNEL, 36871, {"ErrorState": "10013"})

    def _no_credential(self, happening: Happening) -> None:
        if self._host.remote_desktop.has_key:
            self._no_suite(happening)
            return
        self._system(types.SCHANNEL, 36870, {"ErrorCode": f"0x{_UNKNOWN_CREDENTIALS:x}", "ErrorStatus": "10001"})
        self._result = happening.client, _UNKNOWN_CREDENTIALS

    def _no_suite(self, happening: Happening) -> None:
        """36874 and the alert that follows; the version that it names is always that of the listener's best."""
        self._system(types.SCHANNEL, 36874, {"Protocol": "TLS 1.2"})
        self._system(types.SCHANNEL, 36888, {"AlertDesc": str(_HANDSHAKE_FAILURE), "ErrorState": "1205"})
        self._result = happening.client, _ALGORITHM_MISMATCH

    def _alert_received(self, happening: Happening) -> None:
        self._system(types.SCHANNEL, 36887, {"AlertDesc": str(happening.number)})

    def _security_failed(self, happening: Happening) -> None:
        """The security layer has ended a connection, with the result of what was noticed just before."""
        client, code = self._result
        result = code if client == happening.client else _INTERNAL_ERROR
        self._system(types.TERMDD, 56, (), termdd_binary(result))
        if self._has_core_ts():
            self._core(139, {"ResultCode": f"0x{result:X}", "IPString": happening.client[0]})

    def _logon_failed(self, happening: Happening) -> None:
        """140 and 4625. The status of 4625 is one of two groups, the substatus tells more."""
        address, port = happening.client
        if self._has_core_ts():
            self._core(140, {"IPString": address})
        status = happening.number & 0xFFFFFFFF
        wrong = status == _LOGON_FAILURE
        data = {
            "TargetUserName": happening.user,
            "Status": f"0x{_LOGON_FAILURE if wrong else _ACCOUNT_RESTRICTION:x}",
            "SubStatus": f"0x{_WRONG_PASSWORD if wrong else status:x}",
            "IpAddress": address,
            "IpPort": str(port),
        }
        self._host.events.write(types.SECURITY, types.AUDITING, 4625, data)

    def _logged_on(self, happening: Happening) -> None:
        data = [happening.user, self._host.authority, happening.client[0]]
        self._host.events.write(types.RCM_OPERATIONAL, types.RCM, 1149, data)

    def _has_core_ts(self) -> bool:
        """The log came with RDP 8: Windows 8 and Server 2012."""
        return types.CORE_TS_OPERATIONAL in types.logs_of(self._host.profile.version)

    def _core(self, number: int, data: dict[str, str] | None = None) -> None:
        self._host.events.write(types.CORE_TS_OPERATIONAL, types.CORE_TS, number, data or {})

    def _system(self, provider: str, number: int, data: Data = (), binary: bytes = b"") -> None:
        self._host.events.write(types.SYSTEM, provider, number, data, binary=binary)


_HANDLERS: dict[Seen, Callable[[ListenerEvents, Happening], None]] = {
    Seen.ACCEPTED: ListenerEvents._accepted,
    Seen.THROTTLED: ListenerEvents._throttled,
    Seen.NO_PROTOCOL: ListenerEvents._no_protocol,
    Seen.NO_CREDENTIAL: ListenerEvents._no_credential,
    Seen.NO_SHARED_SUITE: ListenerEvents._no_suite,
    Seen.ALERT_RECEIVED: ListenerEvents._alert_received,
    Seen.SECURITY_FAILED: ListenerEvents._security_failed,
    Seen.LOGON_FAILED: ListenerEvents._logon_failed,
    Seen.LOGGED_ON: ListenerEvents._logged_on,
}


def _for_servers(certificate: x509.Certificate) -> bool:
    """Whether server authentication is among its extended key usages, or it has none."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in usages
