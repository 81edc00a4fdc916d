# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/cimv2/TerminalServices: Win32_TSGeneralSetting.

Properties: a recorded list of a Windows Server 2016 or later. PolicySource*: 0 server, 1 Group Policy, 2 default.
SSLCertificateSHA1HashType: 0 not valid, 1 self-signed, 2 a default that a policy enforces, 3 custom (Microsoft,
Win32_TSGeneralSetting). A write under Group Policy is WMI 0x80041016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.host import Host
from tests.lab.model.registry import REG_DWORD
from tests.lab.model.remote_desktop import POLICY, RDP_TCP, SOURCE_POLICY
from tests.lab.wsman import faults

_NAMESPACE = ("root/cimv2/terminalservices",)
_INVALID_PARAMETER, _INVALID_OPERATION, _OUT_OF_RANGE = 0x80041008, 0x80041016, 0x8004102B
_GENERAL = {
    **dict.fromkeys(
        (
            "Caption CertificateName Comment Description Name SSLCertificateSHA1Hash Status TerminalName "
            "TerminalProtocol Transport"
        ).split(),
        "string",
    ),
    **dict.fromkeys(
        (
            "MinEncryptionLevel PolicySourceMinEncryptionLevel PolicySourceSecurityLayer "
            "PolicySourceUserAuthenticationRequired SecurityLayer SSLCertificateSHA1HashType "
            "UserAuthenticationRequired WindowsAuthentication"
        ).split(),
        "uint32",
    ),
    "Certificates": "uint8[]",
    "InstallDate": "datetime",
}


def _error(code: int, text: str) -> faults.Fault:
    return faults.wmi_error(code, text)


def _general_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    desktop = host.remote_desktop
    level, level_source = desktop.effective("MinEncryptionLevel")
    layer, layer_source = desktop.effective("SecurityLayer")
    nla, nla_source = desktop.effective("UserAuthentication")
    certificate, bound = desktop.current_certificate()
    yield {
        "CertificateName": "" if not bound or certificate is None else certificate.parsed.subject.rfc4514_string()[3:],
        "Certificates": [0, 0, 0, 0],
        "Comment": "",
        "MinEncryptionLevel": level,
        "PolicySourceMinEncryptionLevel": level_source,
        "PolicySourceSecurityLayer": layer_source,
        "PolicySourceUserAuthenticationRequired": nla_source,
        "SecurityLayer": layer,
        "SSLCertificateSHA1Hash": certificate.thumbprint if certificate is not None else "0" * 40,
        "SSLCertificateSHA1HashType": _hash_type(host, bound) if certificate is not None else 0,
        "TerminalName": "RDP-Tcp",
        "TerminalProtocol": host.profile.rdp_protocol,
        "Transport": "tcp",
        "UserAuthenticationRequired": nla,
        "WindowsAuthentication": 0,
    }


def _hash_type(host: Host, bound: bool) -> int:
    """A certificate template that a policy names makes the default one a policy's."""
    if bound:
        return 3
    return 2 if host.registry.string(POLICY, "CertTemplateName") else 1


def _setter(name: str, setting: str, allowed: range) -> Callable[[Call], dict[str, Any]]:
    def run(call: Call) -> dict[str, Any]:
        value = call.arguments.get(name)
        desktop = call.host.remote_desktop
        if desktop.effective(setting)[1] == SOURCE_POLICY:
            raise _error(_INVALID_OPERATION, "Invalid operation ")
        if not isinstance(value, int) or value not in allowed:
            raise _error(_OUT_OF_RANGE, "Value out of range ")
        if setting == "SecurityLayer" and value == 2 and desktop.effective("MinEncryptionLevel")[0] == 1:
            raise _error(_INVALID_PARAMETER, "Invalid parameter ")
        call.host.registry.set(RDP_TCP, setting, REG_DWORD, value)
        return {"ReturnValue": 0}

    return run


_GENERAL_METHODS = {
    "SetEncryptionLevel": Method(
        {"MinEncryptionLevel": "uint32"}, {}, _setter("MinEncryptionLevel", "MinEncryptionLevel", range(1, 5))
    ),
    "SetSecurityLayer": Method({"SecurityLayer": "uint32"}, {}, _setter("SecurityLayer", "SecurityLayer", range(3))),
    "SetUserAuthenticationRequired": Method(
        {"UserAuthenticationRequired": "uint32"},
        {},
        _setter("UserAuthenticationRequired", "UserAuthentication", range(2)),
    ),
}


CLASSES = (
    CimClass("Win32_TSGeneralSetting", _NAMESPACE, _GENERAL, ("TerminalName",), _general_rows, _GENERAL_METHODS),
)
