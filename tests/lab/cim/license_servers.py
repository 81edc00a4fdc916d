# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licensing methods of Win32_TerminalServiceSetting: mode, grace period, license servers.

Parameters and numbers: Microsoft's pages of the methods and of Win32_TSDiscoveredLicenseServer. A write under Group
Policy is WMI 0x80041016. Mode, grace period and the specified servers need the session host role; their error without
it is MEM: unverified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.lab.cim.base import Call, Embedded, Method
from tests.lab.model.licensing import PER_DEVICE, PER_USER, SOURCE_POLICY, LicenseServer
from tests.lab.wsman import faults

_FAILED, _INVALID_PARAMETER, _INVALID_OPERATION = 0x80041001, 0x80041008, 0x80041016
_NO, _YES, _UNKNOWN = 0, 1, 2
_DISCOVERED = {
    "HowDiscovered": "uint32",
    "IsAdminOnLS": "uint32",
    "IsLSAvailable": "uint32",
    "IssuingCALs": "uint32",
    "LicenseServer": "string",
}


def _error(code: int, text: str) -> faults.Fault:
    return faults.wmi_error(code, text)


def _need_session_host(call: Call) -> None:
    if not call.host.licensing.session_host:
        raise _error(_FAILED, "Generic failure ")


def _grace(call: Call) -> dict[str, Any]:
    _need_session_host(call)
    return {"DaysLeft": call.host.licensing.grace_days, "ReturnValue": 0}


def _change_mode(call: Call) -> dict[str, Any]:
    """Only the modes of a session host can be set on one, and none elsewhere."""
    _need_session_host(call)
    if call.host.licensing.mode()[1] == SOURCE_POLICY:
        raise _error(_INVALID_OPERATION, "Invalid operation ")
    if call.arguments.get("LicensingType") not in (PER_DEVICE, PER_USER):
        raise _error(_INVALID_PARAMETER, "Invalid parameter ")
    call.host.licensing.set_mode(call.arguments["LicensingType"])
    return {"ReturnValue": 0}


def _listing(change: Callable[[tuple[str, ...], Any], tuple[str, ...] | None], parameter: str = "") -> Method:
    """A method that changes the list of specified license servers; None from `change` for a bad parameter."""

    def run(call: Call) -> dict[str, Any]:
        _need_session_host(call)
        names, source = call.host.licensing.servers()
        if source == SOURCE_POLICY:
            raise _error(_INVALID_OPERATION, "Invalid operation ")
        changed = change(names, call.arguments.get(parameter))
        if changed is None:
            raise _error(_INVALID_PARAMETER, "Invalid parameter ")
        call.host.licensing.set_servers(changed)
        return {"ReturnValue": 0}

    types = {} if not parameter else {parameter: "string[]" if parameter.endswith("List") else "string"}
    return Method(types, {}, run)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(known for known in names if known.lower() != name.lower())


def _specified(call: Call) -> dict[str, Any]:
    _need_session_host(call)
    return {"SpecifiedLSList": list(call.host.licensing.servers()[0]), "ReturnValue": 0}


def _registered(call: Call) -> dict[str, Any]:
    return {"RegisteredLSList": list(call.host.licensing.registered), "ReturnValue": 0}


def _connectivity(call: Call) -> dict[str, Any]:
    name = call.arguments.get("ServerName")
    if not name:
        raise _error(_INVALID_PARAMETER, "Invalid parameter ")
    return {"TStoLSConnectivityStatus": call.host.licensing.server(name).status, "ReturnValue": 0}


def _discovered(server: LicenseServer) -> Embedded:
    values = {
        "HowDiscovered": 0,
        "IsAdminOnLS": _YES if server.available else _UNKNOWN,
        "IsLSAvailable": _YES if server.available else _NO,
        "IssuingCALs": _YES if server.issues else _NO,
        "LicenseServer": server.name,
    }
    return Embedded("Win32_TSDiscoveredLicenseServer", values, _DISCOVERED, "root/cimv2/TerminalServices")


def _find_servers(call: Call) -> dict[str, Any]:
    licensing = call.host.licensing
    names = dict.fromkeys((*licensing.servers()[0], *licensing.registered))
    found = [_discovered(licensing.server(name)) for name in names]
    return {"LicenseServersList": found, "Count": len(found), "ReturnValue": 0}


_NAME, _LIST = "LicenseServerName", "SpecifiedLSList"
METHODS = {
    "ChangeMode": Method({"LicensingType": "uint32"}, {}, _change_mode),
    "GetGracePeriodDays": Method({}, {"DaysLeft": "uint32"}, _grace),
    "GetSpecifiedLicenseServerList": Method({}, {_LIST: "string[]"}, _specified),
    "GetRegisteredLicenseServerList": Method({}, {"RegisteredLSList": "string[]"}, _registered),
    "SetSpecifiedLicenseServerList": _listing(lambda names, given: tuple(given) if given else None, _LIST),
    "EmptySpecifiedLicenseServerList": _listing(lambda names, given: ()),
    "AddLSToSpecifiedLicenseServerList": _listing(
        lambda names, given: (*_without(names, given), given) if given else None, _NAME
    ),
    "RemoveLSFromSpecifiedLicenseServerList": _listing(
        lambda names, given: _without(names, given) if given else None, _NAME
    ),
    "SetPrimaryLicenseServer": _listing(
        lambda names, given: (given, *_without(names, given)) if given else None, _NAME
    ),
    "GetTStoLSConnectivityStatus": Method(
        {"ServerName": "string"}, {"TStoLSConnectivityStatus": "uint32"}, _connectivity
    ),
    "FindLicenseServers": Method({}, {"LicenseServersList": "object[]", "Count": "uint32"}, _find_servers),
}
