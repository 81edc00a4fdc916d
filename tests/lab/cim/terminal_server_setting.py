# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_TerminalServiceSetting: connections, sessions and licensing of Remote Desktop.

Properties, methods and parameters: Microsoft's pages of the class. Values of what the model does not decide: a recorded
list of a Windows without the session host role (empty LicensingName and Logons, PossibleLicensingTypes 0, the network
scheduling properties empty). A write under Group Policy is WMI 0x80041016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim import license_servers
from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.host import Host
from tests.lab.model.licensing import NOT_CONFIGURED, PER_DEVICE, PER_USER, POLICY, SOURCE_POLICY
from tests.lab.model.registry import REG_DWORD
from tests.lab.model.remote_desktop import TERMINAL_SERVER
from tests.lab.wsman import faults

_NAMESPACE = ("root/cimv2/terminalservices",)
_INVALID_PARAMETER, _INVALID_OPERATION = 0x80041008, 0x80041016
_RDP_GROUP = "@FirewallAPI.dll,-28752"
_PER_DEVICE_BIT, _PER_USER_BIT = 4, 8
_CAPABILITIES = 65536
_LICENSING_NAMES = {PER_DEVICE: "Per Device", PER_USER: "Per User", NOT_CONFIGURED: "Not Configured"}
_TEXTS = (
    "Caption Description DirectConnectLicenseServers HomeDirectory LicensingDescription LicensingName Logons Name "
    "ProfilePath ServerName Status"
)
_NUMBERS = (
    "ActiveDesktop AllowTSConnections DeleteTempFolders DisableForcibleLogoff EnableDFSS EnableRemoteDesktopMSI "
    "FallbackPrintDriverType GetCapabilitiesID LicensingType LimitedUserSessions PolicySourceAllowTSConnections "
    "PolicySourceConfiguredLicenseServers PolicySourceDeleteTempFolders PolicySourceDirectConnectLicenseServers "
    "PolicySourceEnableDFSS PolicySourceEnableRemoteDesktopMSI PolicySourceFallbackPrintDriverType "
    "PolicySourceHomeDirectory PolicySourceLicensingType PolicySourceProfilePath PolicySourceSingleSession "
    "PolicySourceTimeZoneRedirection PolicySourceUseTempFolders PossibleLicensingTypes SessionBrokerDrainMode "
    "SingleSession TerminalServerMode TimeZoneRedirection UserPermission UseTempFolders"
)
_NUMBERS_SINCE_8 = (
    "EnableAutomaticReconnection EnableDiskFSS EnableNetworkFSS NetworkFSSCatchAllWeight NetworkFSSLocalSystemWeight "
    "NetworkFSSUserSessionWeight PolicySourceEnableAutomaticReconnection PolicySourceRedirectSmartCards "
    "PolicySourceUseRDEasyPrintDriver RedirectSmartCards UseRDEasyPrintDriver"
)
_SETTING = {
    **dict.fromkeys(_TEXTS.split(), "string"),
    **dict.fromkeys(_NUMBERS.split(), "uint32"),
    "InstallDate": "datetime",
}
_SETTING_SINCE_8 = {**_SETTING, **dict.fromkeys(_NUMBERS_SINCE_8.split(), "uint32")}
_POLICY_NAMES = {
    "DeleteTempFolders": "DeleteTempDirsOnExit",
    "SingleSession": "fSingleSessionPerUser",
    "TimeZoneRedirection": "fEnableTimeZoneRedirection",
    "UseTempFolders": "PerSessionTempDir",
}
"""Property to the value that decides it, below the policy key and below Terminal Server (TerminalServer.admx)."""


def _error(code: int, text: str) -> faults.Fault:
    return faults.wmi_error(code, text)


def _effective(host: Host, name: str, default: int) -> tuple[int, int]:
    """(value, 1 when a policy sets it) of a setting of the server."""
    value_name = _POLICY_NAMES[name]
    policy = host.registry.dword(POLICY, value_name)
    if policy is not None:
        return policy, SOURCE_POLICY
    local = host.registry.dword(TERMINAL_SERVER, value_name)
    return (default if local is None else local), 0


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    registry = host.registry
    deny, source = host.remote_desktop.effective("fDenyTSConnections")
    licensing = host.licensing
    mode, mode_source = licensing.mode()
    settings: dict[str, int] = {}
    for name, default in (
        ("DeleteTempFolders", 1),
        ("SingleSession", 1),
        ("TimeZoneRedirection", 0),
        ("UseTempFolders", 0),
    ):
        settings[name], settings[f"PolicySource{name}"] = _effective(host, name, default)
    logons = registry.dword(TERMINAL_SERVER, "TSUserEnabled") or 0
    yield {
        **dict.fromkeys((name for name in _SETTING_SINCE_8 if name.startswith("PolicySource")), 0),
        **settings,
        "ActiveDesktop": 0,
        "AllowTSConnections": int(deny == 0),
        "DirectConnectLicenseServers": "",
        "DisableForcibleLogoff": 1,
        "EnableAutomaticReconnection": 1,
        "EnableDFSS": 0,
        "EnableDiskFSS": 0,
        "EnableRemoteDesktopMSI": 1,
        "FallbackPrintDriverType": 0,
        "GetCapabilitiesID": _CAPABILITIES,
        "HomeDirectory": "",
        "LicensingDescription": "",
        "LicensingName": _LICENSING_NAMES.get(mode, ""),
        "LicensingType": mode,
        "LimitedUserSessions": 0,
        "Logons": str(logons) if licensing.session_host or logons else "",
        "PolicySourceAllowTSConnections": int(source == SOURCE_POLICY),
        "PolicySourceConfiguredLicenseServers": licensing.servers()[1],
        "PolicySourceLicensingType": mode_source,
        "PossibleLicensingTypes": _PER_DEVICE_BIT | _PER_USER_BIT if licensing.session_host else 0,
        "ProfilePath": "",
        "RedirectSmartCards": 1,
        "ServerName": host.name.upper(),
        "SessionBrokerDrainMode": registry.dword(TERMINAL_SERVER, "TSServerDrainMode") or 0,
        "TerminalServerMode": int(licensing.session_host),
        "UseRDEasyPrintDriver": 1,
        "UserPermission": 0,
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


def _switch(name: str) -> Callable[[Call], dict[str, Any]]:
    """A method that sets a 0 or 1 setting named like its property."""

    def run(call: Call) -> dict[str, Any]:
        wanted = call.arguments.get(name)
        if _effective(call.host, name, 0)[1] == SOURCE_POLICY:
            raise _error(_INVALID_OPERATION, "Invalid operation ")
        if wanted not in (0, 1):
            raise _error(_INVALID_PARAMETER, "Invalid parameter ")
        call.host.registry.set(TERMINAL_SERVER, _POLICY_NAMES[name], REG_DWORD, wanted)
        return {"ReturnValue": 0}

    return run


def _policy_property(call: Call) -> dict[str, Any]:
    """SetPolicyPropertyName: DeleteTempFolders or UseTempFolders, named in a parameter."""
    name, value = call.arguments.get("PropertyName"), call.arguments.get("Value")
    if name not in ("DeleteTempFolders", "UseTempFolders"):
        raise _error(_INVALID_PARAMETER, "Invalid parameter ")
    wanted = None if value is None else int(value)
    return _switch(name)(Call(call.host, call.selectors, {name: wanted}, call.token))


def _domain(call: Call) -> dict[str, Any]:
    return {"Domain": call.host.domain or call.host.settings.workgroup, "ReturnValue": 0}


_METHODS = {
    "SetAllowTSConnections": Method({"AllowTSConnections": "uint32", "ModifyFirewallException": "uint32"}, {}, _allow),
    "SetSingleSession": Method({"SingleSession": "uint32"}, {}, _switch("SingleSession")),
    "SetTimeZoneRedirection": Method({"TimeZoneRedirection": "uint32"}, {}, _switch("TimeZoneRedirection")),
    "SetPolicyPropertyName": Method({"PropertyName": "string", "Value": "boolean"}, {}, _policy_property),
    "GetDomain": Method({}, {"Domain": "string"}, _domain),
    **license_servers.METHODS,
}


def _since_8(host: Host) -> bool:
    return host.profile.version >= (6, 2, 0)


CLASSES = (
    CimClass("Win32_TerminalServiceSetting", _NAMESPACE, _SETTING_SINCE_8, ("ServerName",), _rows, _METHODS, _since_8),
    CimClass("Win32_TerminalServiceSetting", _NAMESPACE, _SETTING, ("ServerName",), _rows, _METHODS),
)
