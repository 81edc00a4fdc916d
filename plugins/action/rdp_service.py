# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.restarts import clear

# Services that a restart of does not cut anybody off have no guard.
_CUTS_PEOPLE_OFF = "TermService"
_MAY_RESTART = ("TermService", "UmRdpService", "SessionEnv", "CertPropSvc")


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "name": {
            "type": "str",
            "required": True,
            "choices": ["TermService", "UmRdpService", "SessionEnv", "CertPropSvc", "KeyIso", "CryptSvc"],
        },
        "start_mode": {"type": "str", "choices": ["auto", "manual"]},
        "state": {"type": "str", "choices": ["started", "restarted"]},
        "disconnect_users": {"type": "bool", "default": False},
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        if arguments["start_mode"] is None and arguments["state"] is None:
            raise AnsibleActionFail("nothing to do: give start_mode, state, or both")
        if arguments["state"] == "restarted" and arguments["name"] not in _MAY_RESTART:
            raise AnsibleActionFail(
                f"{arguments['name']} is not restarted, because services outside Remote Desktop depend on it; "
                f"state restarted is for {', '.join(_MAY_RESTART)}"
            )
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        name, state = arguments["name"], arguments["state"]
        status = host.services.get(name)
        before = {"start_mode": status.start_mode, "state": status.state}
        changes: list[Change] = []
        if arguments["start_mode"] not in (None, status.start_mode):
            changes.append(_change("start_mode", name, status.start_mode, arguments["start_mode"]))
        if state is not None and status.state != "running":
            changes.append(_change("service_state", name, "stopped", "running"))
        restart = state == "restarted" and status.state == "running"
        connected = self._connected(host, name) if restart else 0
        held_back = connected > 0 and not arguments["disconnect_users"]
        journal = self.change(host, changes, risky=False)
        restarted: list[str] = []
        if restart and not held_back:
            restarted = [name] if self._task.check_mode else host.services.restart(name, host.deadline)
        if not self._task.check_mode and (restarted or any(change["kind"] == "service_state" for change in changes)):
            clear(host.registry, [name])
        after = {
            "start_mode": arguments["start_mode"] or status.start_mode,
            "state": status.state if state is None else "running",
        }
        if journal:
            now = host.services.get(name)
            after = {"start_mode": now.start_mode, "state": now.state}
        result = self.outcome(changes, before, after, journal=journal)
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


def _change(kind: str, name: str, before: str, after: str) -> Change:
    return Change(kind=kind, target=name, name="", before=before, after=after)
