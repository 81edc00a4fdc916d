# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Service and its derived class Win32_TerminalService; properties as in recorded `select *` replies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.host import Host
from tests.lab.model.services import RUNNING, Service

_NOT_SUPPORTED = 1
_TYPES = {
    **dict.fromkeys("AcceptPause AcceptStop DesktopInteract Started".split(), "boolean"),
    **dict.fromkeys("CheckPoint ExitCode ProcessId ServiceSpecificExitCode TagId WaitHint".split(), "uint32"),
    **dict.fromkeys(
        (
            "Caption CreationClassName Description DisplayName ErrorControl Name PathName ServiceType StartMode "
            "StartName State Status SystemCreationClassName SystemName"
        ).split(),
        "string",
    ),
    "InstallDate": "datetime",
}
_TERMINAL = {"DisconnectedSessions": "uint32", "TotalSessions": "uint32"}
_TEN = {**_TYPES, "DelayedAutoStart": "boolean"}


def _row(host: Host, service: Service) -> dict[str, Any]:
    running = service.state == RUNNING
    row: dict[str, Any] = {
        "AcceptPause": False,
        "AcceptStop": running and service.accept_stop,
        "Caption": service.display_name,
        "CheckPoint": 0,
        "CreationClassName": "Win32_Service",
        "DelayedAutoStart": False,
        "Description": service.description,
        "DesktopInteract": False,
        "DisplayName": service.display_name,
        "ErrorControl": "Normal",
        "ExitCode": service.exit_code,
        "Name": service.name,
        "PathName": service.path,
        "ProcessId": service.pid,
        "ServiceSpecificExitCode": 0,
        "ServiceType": service.service_type,
        "Started": service.started,
        "StartMode": host.services.start_mode(service.name),
        "StartName": service.account,
        "State": service.state,
        "Status": "OK",
        "SystemCreationClassName": "Win32_ComputerSystem",
        "SystemName": host.name.upper(),
        "TagId": 0,
        "WaitHint": 0,
    }
    if service.name == "TermService" and host.profile.terminal_service_class:
        remote = [session for session in host.sessions if session.remote]
        row["DisconnectedSessions"] = sum(session.state == "Disc" for session in remote) + 1
        row["TotalSessions"] = len(host.sessions) + 1 + (len(remote) == len(host.sessions))
        row["__derived"] = ("Win32_TerminalService", _TERMINAL)
    return row


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for service in host.services.all():
        yield _row(host, service)


def _terminal_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    service = host.services.find("TermService")
    if service is not None:
        yield _row(host, service)


def _start(call: Call) -> dict[str, Any]:
    return {"ReturnValue": call.host.services.start(call.selectors["Name"])}


def _stop(call: Call) -> dict[str, Any]:
    return {"ReturnValue": call.host.services.stop(call.selectors["Name"])}


def _change_start_mode(call: Call) -> dict[str, Any]:
    mode = call.arguments.get("StartMode") or ""
    return {"ReturnValue": call.host.services.change_start_mode(call.selectors["Name"], mode)}


def _change(call: Call) -> dict[str, Any]:
    """The start mode and the account are modelled: any other argument gives 1 (not supported)."""
    given = {name: value for name, value in call.arguments.items() if value not in (None, [], "")}
    if not given or set(given) - {"StartMode", "StartName"}:
        return {"ReturnValue": _NOT_SUPPORTED}
    code = 0
    if "StartName" in given:
        code = call.host.services.change_account(call.selectors["Name"], given["StartName"])
    if code == 0 and "StartMode" in given:
        return _change_start_mode(call)
    return {"ReturnValue": code}


_CHANGE_INPUT = {
    "DisplayName": "string",
    "PathName": "string",
    "ServiceType": "uint8",
    "ErrorControl": "uint8",
    "StartMode": "string",
    "DesktopInteract": "boolean",
    "StartName": "string",
    "StartPassword": "string",
    "LoadOrderGroup": "string",
    "LoadOrderGroupDependencies": "string[]",
    "ServiceDependencies": "string[]",
}
_METHODS = {
    "StartService": Method({}, {}, _start),
    "StopService": Method({}, {}, _stop),
    "ChangeStartMode": Method({"StartMode": "string"}, {}, _change_start_mode),
    "Change": Method(_CHANGE_INPUT, {}, _change),
}


def _is_ten(host: Host) -> bool:
    return host.profile.version[0] >= 10


def _has_terminal(host: Host) -> bool:
    return host.profile.terminal_service_class


_CIMV2 = ("root/cimv2",)
CLASSES = (
    CimClass("Win32_Service", _CIMV2, _TEN, ("Name",), _rows, _METHODS, _is_ten),
    CimClass("Win32_Service", _CIMV2, _TYPES, ("Name",), _rows, _METHODS),
    CimClass(
        "Win32_TerminalService", _CIMV2, {**_TYPES, **_TERMINAL}, ("Name",), _terminal_rows, _METHODS, _has_terminal
    ),
)
