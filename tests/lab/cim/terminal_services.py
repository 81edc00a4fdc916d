# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/cimv2/TerminalServices: Win32_TSGeneralSetting and Win32_TerminalServiceSetting.

Properties of the first: a recorded list of a Windows Server 2016 or later; of the second: Microsoft's page, those that
the model knows. PolicySource*: 0 server, 1 Group Policy, 2 default. A write under Group Policy is WMI 0x80041016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.host import Host
from tests.lab.model.registry import HKLM, REG_DWORD
from tests.lab.model.remote_desktop import RDP_TCP, SOURCE_POLICY, TERMINAL_SERVER
from tests.lab.wsman import faults

_NAMESPACE = ("root/cimv2/terminalservices",)
_FAILED, _INVALID_PARAMETER, _INVALID_OPERATION, _OUT_OF_RANGE = 0x80041001, 0x80041008, 0x80041016, 0x8004102B
_LICENSING = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\RCM\\Licensing Core"
_RDP_GROUP = "@FirewallAPI.dll,-28752"
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
_SETTING = {
    **dict.fromkeys(
        "Caption Description LicensingDescription LicensingName Name ServerName Status".split(),
        "string",
    ),
    **dict.fromkeys(
        (
            "ActiveDesktop AllowTSConnections DeleteTempFolders LicensingType LimitedUserSessions Logons "
            "PolicySourceAllowTSConnections PolicySourceLicensingType SessionBrokerDrainMode SingleSession "
            "TerminalServerMode TimeZoneRedirection UserPermission UseTempFolders"
        ).split(),
        "uint32",
    ),
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
        "SSLCertificateSHA1HashType": (3 if bound else 1) if certificate is not None else 0,
        "TerminalName": "RDP-Tcp",
        "TerminalProtocol": host.profile.rdp_protocol,
        "Transport": "tcp",
        "UserAuthenticationRequired": nla,
        "WindowsAuthentication": 0,
    }


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


def _setting_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    registry = host.registry
    deny, source = host.remote_desktop.effective("fDenyTSConnections")
    drain = registry.dword(TERMINAL_SERVER, "TSServerDrainMode") or 0
    licensing = registry.dword(_LICENSING, "LicensingMode")
    yield {
        "ActiveDesktop": 0,
        "AllowTSConnections": int(deny == 0),
        "DeleteTempFolders": 1,
        "LicensingDescription": "",
        "LicensingName": "Not configured" if licensing in (None, 5) else "Configured",
        "LicensingType": 5 if licensing is None else licensing,
        "LimitedUserSessions": 0,
        "Logons": registry.dword(TERMINAL_SERVER, "TSUserEnabled") or 0,
        "PolicySourceAllowTSConnections": source,
        "PolicySourceLicensingType": 0,
        "ServerName": host.name.upper(),
        "SessionBrokerDrainMode": drain,
        "SingleSession": registry.dword(TERMINAL_SERVER, "fSingleSessionPerUser") or 0,
        "TerminalServerMode": 0,
        "TimeZoneRedirection": 0,
        "UserPermission": 0,
        "UseTempFolders": 0,
    }


def _allow(call: Call) -> dict[str, Any]:
    host = call.host
    wanted = call.arguments.get("AllowTSConnections")
    if host.remote_desktop.effective("fDenyTSConnections")[1] == SOURCE_POLICY:
        raise _error(_INVALID_OPERATION, "Invalid operation ")
    if wanted not in (0, 1):
        raise _error(_INVALID_PARAMETER, "Invalid parameter ")
    host.registry.set(TERMINAL_SERVER, "fDenyTSConnections", REG_DWORD, 1 - wanted)
    if call.arguments.get("ModifyFirewallException") == 1:
        set_group_active(host, _RDP_GROUP, bool(wanted))
    return {"ReturnValue": 0}


def set_group_active(host: Host, group: str, active: bool) -> int:
    """Switch every local rule of a group; returns how many rules the group has."""
    rules = [rule for rule in host.firewall.rules() if rule.group == group and not rule.from_policy]
    for rule in rules:
        if rule.active != active:
            host.firewall.write(rule.with_active(active))
    return len(rules)


def _grace(call: Call) -> dict[str, Any]:
    raise _error(_FAILED, "Generic failure ")


_SETTING_METHODS = {
    "SetAllowTSConnections": Method({"AllowTSConnections": "uint32", "ModifyFirewallException": "uint32"}, {}, _allow),
    "GetGracePeriodDays": Method({}, {"DaysLeft": "uint32"}, _grace),
}
CLASSES = (
    CimClass("Win32_TSGeneralSetting", _NAMESPACE, _GENERAL, ("TerminalName",), _general_rows, _GENERAL_METHODS),
    CimClass("Win32_TerminalServiceSetting", _NAMESPACE, _SETTING, ("ServerName",), _setting_rows, _SETTING_METHODS),
)
