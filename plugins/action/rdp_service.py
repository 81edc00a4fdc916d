# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import service
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.restarts import clear
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus

# Services that a restart of does not cut anybody off have no guard.
_CUTS_PEOPLE_OFF = "TermService"
_MAY_RESTART = ("TermService", "UmRdpService", "SessionEnv", "CertPropSvc")
_HAS_PROGRAM = "TermService"
_SHOWN = {"start_mode": "start_mode", "service_account": "account"}
_CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "name": {
            "type": "str",
            "required": True,
            "choices": ["TermService", "UmRdpService", "SessionEnv", "CertPropSvc", "KeyIso", "CryptSvc"],
        },
        "start_mode": {"type": "str", "choices": ["auto", "manual", service.DEFAULT]},
        "account": {"type": "str", "choices": [service.DEFAULT]},
        "program": {"type": "str", "choices": [service.DEFAULT]},
        "state": {"type": "str", "choices": ["started", "restarted"]},
        "disconnect_users": {"type": "bool", "default": False},
        "end_hung": {"type": "bool", "default": False},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        if all(arguments[option] is None for option in ("start_mode", "account", "program", "state")):
            raise AnsibleActionFail("nothing to do: give start_mode, account, program, state, or several")
        if arguments["program"] is not None and arguments["name"] != _HAS_PROGRAM:
            raise AnsibleActionFail(f"program is for {_HAS_PROGRAM} alone, not for {arguments['name']}")
        if arguments["state"] == "restarted" and arguments["name"] not in _MAY_RESTART:
            raise AnsibleActionFail(
                f"{arguments['name']} is not restarted, because services outside Remote Desktop depend on it; "
                f"state restarted is for {', '.join(_MAY_RESTART)}"
            )
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        name, state = arguments["name"], arguments["state"]
        status = host.services.get(name)
        hangs = status.state.endswith("_pending") and arguments["end_hung"] and state is not None
        dll = _program(host) if arguments["program"] is not None else None
        before = _told(status, dll, arguments)
        changes = service.plan(status, {**arguments, "state": None if hangs else state}, dll)
        if any(change["name"] == service.SERVICE_DLL for change in changes):
            _check_program(host)
        restart = hangs or (state == "restarted" and status.state == "running")
        connected = self._connected(host, name) if restart else 0
        held_back = connected > 0 and not arguments["disconnect_users"]
        started = any(change["kind"] == "service_state" for change in changes)
        waits = [name] if service.needs_start(changes) and not started and status.state == "running" else []
        journal = self.change(host, changes, risky=False, restart=waits)
        restarted: list[str] = []
        if restart and not held_back:
            end_hung = arguments["end_hung"]
            restarted = [name] if self._task.check_mode else self.restart(host, name, end_hung=end_hung)
        if not self._task.check_mode and (restarted or started):
            clear(host.registry, [name])
        after = _wanted(before, changes, state)
        if journal and not self._task.check_mode:
            now = host.services.get(name)
            after = _told(now, _program(host) if arguments["program"] is not None else None, arguments)
        result = self.outcome(changes, before, after, journal=journal, restart_required=[] if restarted else waits)
        result["changed"] = bool(changes or restarted)
        result["restarted"] = restarted
        result["connected"] = connected
        if held_back:
            result["restart_required"] = [name]
            result["msg"] = (
                f"{name} was not restarted: {connected} user(s) are connected by Remote Desktop and would be cut off; "
                "restart it later, or set disconnect_users to true"
            )
        return result

    def _connected(self, host: Host, name: str) -> int:
        if name != _CUTS_PEOPLE_OFF:
            return 0
        return self.read(host, "sessions")["sessions"]["connected"]


def _program(host: Host) -> dict[str, Any] | None:
    """The value ServiceDll of TermService, in the form of a change."""
    found = host.registry.values(service.PARAMETERS, [service.SERVICE_DLL])
    return to_json(found.get(service.SERVICE_DLL))


def _check_program(host: Host) -> None:
    """Refused when Microsoft's own program is gone as well: then the service would not start at all."""
    folder = host.registry.text(_CURRENT_VERSION, "SystemRoot") or r"C:\Windows"
    path = rf"{folder}\System32\termsrv.dll"
    if not host.files.exists(path):
        raise Refused(f"{path} is not there, so TermService could not start with it: repair Windows first (sfc, DISM)")


def _told(status: ServiceStatus, dll: dict[str, Any] | None, arguments: Arguments) -> dict[str, Any]:
    told: dict[str, Any] = {"start_mode": status.start_mode, "state": status.state, "account": status.account}
    if arguments["program"] is not None:
        told["program"] = None if dll is None else dll["data"]
    return told


def _wanted(before: dict[str, Any], changes: list[Change], state: str | None) -> dict[str, Any]:
    """What the service is when the changes are made."""
    wanted = dict(before)
    for change in changes:
        if change["kind"] == "registry_value":
            wanted["program"] = change["after"]["data"]
        elif change["kind"] in _SHOWN:
            wanted[_SHOWN[change["kind"]]] = change["after"]
    return wanted if state is None else {**wanted, "state": "running"}
