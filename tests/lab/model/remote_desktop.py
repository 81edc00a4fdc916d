# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TermService and SessionEnv: what the listener holds, and when it takes a change.

Decisions (the lab's README gives their sources): the port, TLS versions, cipher suites, certificate and key are taken
when TermService starts; a certificate that SessionEnv creates is taken at once; enabling, SecurityLayer,
UserAuthentication and MinEncryptionLevel count for the next connection.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.lab.model import certificates, logon, stations, tls
from tests.lab.model.files import Entry
from tests.lab.model.listener_events import ListenerEvents
from tests.lab.model.registry import HKLM, REG_BINARY
from tests.lab.model.security import (
    FILE_EXECUTE,
    FILE_READ_DATA,
    FILE_WRITE_DATA,
    FULL,
    NETWORK_SERVICE,
    NETWORK_SERVICE_TOKEN,
    READ,
    SYSTEM,
    SYSTEM_TOKEN,
    Ace,
    SecurityDescriptor,
    Token,
    access_check,
    dacl_allows,
    service_sid,
)
from tests.lab.model.services import WEDGED_FULL, account_token
from tests.lab.model.stations import Station
from tests.lab.rdp import ListenerState
from tests.lab.rdp.occupant import Occupant
from tests.lab.rdp.standard_security import LEVEL_FIPS
from tests.lab.rdp.throttle import DEFAULT_LIMIT, DEFAULT_LIMIT_OF_BROKER

if TYPE_CHECKING:
    from tests.lab.model.host import Host

TERMINAL_SERVER = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
WINSTATIONS = TERMINAL_SERVER + "\\WinStations"
RDP_TCP = WINSTATIONS + "\\RDP-Tcp"
POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
TSPKG = "C:\\Windows\\System32\\TSpkg.dll"
TSPKG_WITH_BINDING = {
    (6, 1, 7601): (6, 1, 7601, 24117),
    (6, 3, 9600): (6, 3, 9600, 18999),
    (10, 0, 14393): (10, 0, 14393, 2248),
    (10, 0, 19045): (10, 0, 19041),
}
_TERM_SERVICE_SID = service_sid("TermService")
SETUP = HKLM + "\\SYSTEM\\Setup"
ERROR_ACCESS_DENIED, ERROR_MOD_NOT_FOUND = 5, 126
RENEWAL_SERVICES = ("KeyIso", "CryptSvc", "CertPropSvc")
SECURITY_LAYER_TLS, ENCRYPTION_LOW = 2, 1
SOURCE_SERVER, SOURCE_POLICY, SOURCE_DEFAULT = 0, 1, 2


@dataclass(frozen=True)
class Held:
    """What TermService took when it started."""

    station: Station
    refused: str
    """Why the station does not listen: `setup`, `port`, `protocol`; empty when it does."""
    tls_versions: tuple[str, ...]
    cipher_suites: tuple[str, ...] | None
    certificate_pem: bytes | None
    key_pem: bytes | None
    fips: bool
    max_outstanding: int
    credssp_lowest_version: int


def is_port(number: int) -> bool:
    """Whether something can listen there. What Windows makes of another PortNumber is MEM: unverified."""
    return 1 <= number <= 0xFFFF


class RemoteDesktop:
    """The Remote Desktop services of one host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._held: Held | None = None
        self._listening = False
        self.listener_down = False
        """The service runs and its listener has gone, until it starts again."""
        self.log = ListenerEvents(host)

    def effective(self, name: str) -> tuple[int, int]:
        """(value, source) of a listener setting: 1 policy over 0 local over 2 the default, as in PolicySource*."""
        registry = self._host.registry
        policy = registry.dword(POLICY, name)
        if policy is not None:
            return policy, SOURCE_POLICY
        station = RDP_TCP if self._held is None else self._held.station.path
        local = registry.dword(TERMINAL_SERVER if name == "fDenyTSConnections" else station, name)
        if local is not None:
            return local, SOURCE_SERVER
        return self._host.profile.listener_defaults[name], SOURCE_DEFAULT

    def service_running(self) -> None:
        """TermService has started: the services named by RCDependentServices start too, then everything is taken."""
        for name in ("CertPropSvc", "SessionEnv"):
            self._host.services.start(name)
        if self._host.services.running("SessionEnv"):
            self.ensure_certificate()
        self.listener_down = False
        self.take()

    def start_error(self) -> int:
        """The Win32 error that TermService's process ends with because its ServiceDll cannot be loaded; 0 for none."""
        host = self._host
        path = host.services.service_dll("TermService")
        entry = None if path is None else host.files.find(path)
        if entry is None:
            return ERROR_MOD_NOT_FOUND
        readable = dacl_allows(entry.security, self._token(), FILE_READ_DATA | FILE_EXECUTE)
        return 0 if readable else ERROR_ACCESS_DENIED

    def _token(self) -> Token:
        """The account of TermService, with the service's own SID: ServiceSidType is 1 in every recorded registry."""
        service = self._host.services.find("TermService")
        token = (account_token(service.account) if service is not None else None) or NETWORK_SERVICE_TOKEN
        return replace(token, sids=(*token.sids, _TERM_SERVICE_SID))

    def take(self) -> None:
        """Take port, TLS, certificate and key from the settings of now."""
        registry = self._host.registry
        profile = self._host.profile
        can = profile.rdp_tls
        if self._host.has_update("KB3080079"):
            can = (*can, "TLS 1.1", "TLS 1.2")
        certificate, key = self._certificate()
        station = stations.winner(registry)
        if station is None:
            self._held = None
            return
        ordered = tls.cipher_suites(registry) or tls.cipher_suites(profile.registry)
        limit = registry.dword(TERMINAL_SERVER, "MaxOutstandingConnections")
        broker = "connection_broker" in self._host.roles
        fips = tls.fips(registry)
        versions = tls.server_versions(registry, profile.schannel_enabled, can)
        self._held = Held(
            station=station,
            refused=self._refused(station),
            tls_versions=tuple(version for version in versions if not fips or version != tls.SSL_3),
            cipher_suites=None if ordered is None else tls.switched_on(registry, ordered),
            certificate_pem=certificate,
            key_pem=key,
            fips=fips,
            max_outstanding=limit if limit is not None else (DEFAULT_LIMIT_OF_BROKER if broker else DEFAULT_LIMIT),
            credssp_lowest_version=logon.credssp_lowest_version(self._host, self._credssp_version()),
        )
        self._check_settings(key)

    def _refused(self, station: Station) -> str:
        """Why this station cannot listen, see Held."""
        registry = self._host.registry
        if any((registry.dword(SETUP, name) or 0) != 0 for name in ("SystemSetupInProgress", "OOBEInProgress")):
            return "setup"
        owner = self._host.troubles.occupant(self._host)
        if owner is not None and owner.port == station.port:
            return "port"
        return "" if station.is_microsoft or station.is_registered(registry) else "protocol"

    def _check_settings(self, key: bytes | None) -> None:
        """Write what TermService says of the settings that it has just taken."""
        thumb = self._host.registry.binary(RDP_TCP, "SSLCertificateSHA1Hash")
        if thumb:
            self.log.bound_certificate(thumb, self.current_certificate()[0], readable=key is not None)
        level, layer = (self.effective(name)[0] for name in ("MinEncryptionLevel", "SecurityLayer"))
        if layer == SECURITY_LAYER_TLS and level == ENCRYPTION_LOW:
            self.log.contradiction(level, layer)

    @property
    def has_key(self) -> bool:
        """Whether TermService holds a certificate with a key that it can use."""
        return self._held is not None and self._held.key_pem is not None

    def note_listening(self) -> None:
        """Write that the listener has begun or ceased to listen, when it has."""
        listening = self.port is not None
        if listening != self._listening:
            self._listening = listening
            self.log.listening(listening)

    def service_stopped(self) -> None:
        self._held = None

    def session_env_running(self) -> None:
        """SessionEnv has started: it makes a missing or expired self-signed certificate, which the listener takes."""
        if self.ensure_certificate() and self._held is not None:
            self.take()

    @property
    def port(self) -> int | None:
        """The port that TermService listens on; None when it does not listen, such as on a number that is none."""
        held = self._held
        if held is None or held.refused or self.listener_down or not is_port(held.station.port):
            return None
        return held.station.port if self._enabled(held.station) else None

    def _enabled(self, station: Station) -> bool:
        deny, _source = self.effective("fDenyTSConnections")
        registry = self._host.registry
        enabled = registry.dword(station.path, "fEnableWinStation")
        return deny == 0 and enabled != 0 and registry.find(station.path) is not None

    def answering(self) -> ListenerState | Occupant | None:
        """What answers on TermService's port: the listener, something that does not speak RDP, or nothing."""
        port, held = self.port, self._held
        service = self._host.services.find("TermService")
        if port is None or held is None or service is None or service.wedged == WEDGED_FULL:
            return None
        if service.wedged or not held.station.is_microsoft:
            return Occupant(port, "nothing")
        return self.listener()

    def listener(self) -> ListenerState | None:
        """What the RDP listener is to do now; None when nothing listens."""
        held, port = self._held, self.port
        if held is None or port is None or not held.station.is_microsoft:
            return None
        host = self._host
        return ListenerState(
            port=port,
            security_layer=self.effective("SecurityLayer")[0],
            user_authentication=self.effective("UserAuthentication")[0],
            min_encryption_level=LEVEL_FIPS if held.fips else self.effective("MinEncryptionLevel")[0],
            tls_versions=held.tls_versions,
            cipher_suites=held.cipher_suites,
            certificate_pem=held.certificate_pem,
            key_pem=held.key_pem,
            hostname=host.name,
            domain=host.domain,
            authority=host.authority,
            os_version=host.profile.version,
            credssp_version=self._credssp_version(),
            accounts=logon.accounts(host),
            clock_skew=host.settings.clock_skew,
            logons_denied=logon.all_denied(host, held.station),
            credssp_offered=logon.credssp_offered(host),
            credssp_lowest_version=held.credssp_lowest_version,
            delegation_denied=logon.delegation_denied(host),
            max_outstanding=held.max_outstanding,
            outstanding=0 if host.troubles.attack is None else host.troubles.attack.reaching(host, port),
            schannel_alerts=host.troubles.schannel_alerts,
        )

    def _credssp_version(self) -> int:
        """Version 6 with the update for CVE-2018-0886, told by TSpkg.dll; before it 2 up to Server 2012, then 3."""
        version = self._host.profile.version
        entry = self._host.files.find(TSPKG)
        text = entry.version if entry is not None else None
        file_version = tuple(int(part) for part in text.split(".")) if text else version
        if file_version >= TSPKG_WITH_BINDING.get(version, version):
            return 6
        return 2 if version < (6, 3, 0) else 3

    def current_certificate(self) -> tuple[certificates.StoredCertificate | None, bool]:
        """(certificate that the settings of now name, whether it is a bound one)."""
        registry = self._host.registry
        bound = registry.binary(RDP_TCP, "SSLCertificateSHA1Hash")
        if bound:
            return certificates.find(registry, certificates.MY, bound.hex().upper()), True
        return self.self_signed(), False

    def self_signed(self) -> certificates.StoredCertificate | None:
        """The self-signed certificate that WinStations\\SelfSignedCertificate names."""
        registry = self._host.registry
        thumb = registry.binary(WINSTATIONS, "SelfSignedCertificate")
        store = registry.string(WINSTATIONS, "SelfSignedCertStore")
        if not thumb or not store:
            return None
        return certificates.find(registry, store, thumb.hex().upper())

    def _certificate(self) -> tuple[bytes | None, bytes | None]:
        found, _bound = self.current_certificate()
        if found is None:
            return None, None
        return found.pem, self._usable_key(found)

    def key_file(self, container: str, *, cng: bool = False) -> str:
        """Where a key lives. How CNG names its files is not public: the lab uses CAPI's names in CNG's folder."""
        name = certificates.key_file_name(container, self._host.machine_guid)
        return f"{certificates.CNG_KEYS if cng else certificates.MACHINE_KEYS}\\{name}"

    def _usable_key(self, certificate: certificates.StoredCertificate) -> bytes | None:
        """The PEM of the private key when the service's account can read its file and it fits the certificate."""
        if certificate.container is None:
            return None
        entry = self._host.files.find(self.key_file(certificate.container, cng=certificate.cng))
        if entry is None or not entry.content:
            return None
        if not dacl_allows(entry.security, self._token(), FILE_READ_DATA):
            return None
        key = certificates.private_key(entry.content)
        if key.public_key() != certificate.parsed.public_key():
            return None
        return certificates.private_key_pem(entry.content)

    def ensure_certificate(self) -> bool:
        """SessionEnv's work: replace a self-signed certificate that is missing or expired. True when it made one.

        It gives up, as event 1057 and with an expired one 1058 tell, when a service that it needs cannot run, when the
        old key file cannot be removed, or when the folder lets nobody create a file.
        """
        host = self._host
        present = self.self_signed()
        now = host.now()

        def failed(status: str) -> None:
            self.log.renewal_failed(status, replacing=present is not None)

        if present is not None and present.parsed.not_valid_after_utc > now:
            return False
        if not all(host.services.can_run(name) for name in RENEWAL_SERVICES):
            failed("The dependency service or group failed to start.")
            return False
        if host.registry.string(WINSTATIONS, "SelfSignedCertStore") != certificates.REMOTE_DESKTOP:
            failed("The system cannot find the file specified.")
            return False
        path = self.key_file(certificates.RDP_CONTAINER)
        old = host.files.find(path)
        if old is not None and (old.locked or not host.files.can_delete(path, SYSTEM_TOKEN)):
            failed("Object already exists." if present is None else "Access is denied.")
            return False
        folder = host.files.find(certificates.MACHINE_KEYS)
        if folder is None or not access_check(folder.security, SYSTEM_TOKEN, FILE_WRITE_DATA):
            failed("Access is denied.")
            return False
        with host.acting_as(SYSTEM_TOKEN.name):
            self._create(path, present, now, "" if old is None else old.content)
        return True

    def _create(self, path: str, old: certificates.StoredCertificate | None, now: dt.datetime, old_key: str) -> None:
        host = self._host
        key = certificates.KEYS.take(other_than=old_key)
        if host.files.find(path) is not None:
            host.files.remove(path)
        host.files.put(rdp_key_entry(path, key), "file.create")
        der = certificates.self_signed(host.fqdn, key, now)
        if old is not None:
            host.registry.delete_key(certificates.store_path(certificates.REMOTE_DESKTOP, old.thumbprint))
        thumb = certificates.add(host.registry, certificates.REMOTE_DESKTOP, der, certificates.RDP_CONTAINER)
        host.registry.set(WINSTATIONS, "SelfSignedCertificate", REG_BINARY, bytes.fromhex(thumb))
        self.log.certificate_made(host.fqdn, thumb)


def rdp_key_entry(path: str, key: str) -> Entry:
    """The key file of the RDP certificate: NETWORK SERVICE read, SYSTEM full control, nothing inherited (Microsoft's
    internal-error article)."""
    dacl = (Ace(NETWORK_SERVICE, READ), Ace(SYSTEM, FULL))
    return Entry(path, SecurityDescriptor(SYSTEM, dacl), size=2232, content=key)
