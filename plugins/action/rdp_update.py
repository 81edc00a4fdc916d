# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import number_of, split_build
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import packages
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import guard
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.update import Found, guidance, matching, plan
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

# Programs leave renames for the next start all the time: that alone asks for no restart.
_RENAMES = "PendingFileRenameOperations"
_COMMENT = "winops.rdp: a change is to be finished that counts only after a restart"
# What is kept of the task's time for reading the host after Windows has worked on its packages.
_RESERVE_SECONDS = 30.0
_POLL_SECONDS = 5.0


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "kb": {"type": "str"},
        "build": {"type": "str"},
        "allow_weaker": {"type": "bool", "default": False},
        "reboot": {"type": "bool", "default": False},
        "disconnect_users": {"type": "bool", "default": False},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        given = dict(super().validated())
        given["kb"], given["build"] = given["kb"] or "", given["build"] or ""
        if given["kb"] and given["build"]:
            raise AnsibleActionFail("kb and build are two names of one update: give one of them")
        if given["kb"]:
            number = number_of(given["kb"])
            if number is None:
                raise AnsibleActionFail(f"kb: {given['kb']!r} is no number of an update; write it as KB5055523")
            given["kb"] = number
        if given["build"] and split_build(given["build"]) is None:
            raise AnsibleActionFail(
                f"build: {given['build']!r} is no build with a revision; write it as '20348.2113', in quotes"
            )
        return given

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.read(host, "system", "updates")
        kb, build = arguments["kb"], arguments["build"]
        found = _find(host, kb, build)
        advice = guidance(facts["system"], kb, build)
        installed = {update["kb"] for update in facts["updates"]["installed"]}
        steps = plan(
            found,
            installed,
            kb,
            build,
            allow_weaker=arguments["allow_weaker"],
            instead=advice[0] if advice else "",
        )
        before = _state(facts, found)
        journal = self.change(host, steps.changes, risky=False)
        going = {change["target"] for change in steps.changes}
        after = {
            **before,
            "packages": [
                {**each, "state": "uninstall_pending"} if each["identity"] in going else each
                for each in before["packages"]
            ],
            "reboot_pending": before["reboot_pending"] or bool(going),
        }
        connected = 0
        wanted = arguments["reboot"] and after["reboot_pending"]
        if wanted:
            connected = self.read(host, "sessions")["sessions"]["connected"]
        held_back = connected > 0 and not arguments["disconnect_users"]
        rebooted = wanted and not held_back
        if not self._task.check_mode:
            if rebooted:
                host = self._restart(host)
            if journal or rebooted:
                after = _state(self.read(host, "system", "updates"), _again(host, found))
        elif rebooted:
            after["reboot_pending"] = False
        result = self.outcome(steps.changes, before, after, journal=journal)
        result["changed"] = bool(steps.changes or rebooted)
        result["rebooted"] = rebooted
        result["reboot_required"] = bool(after["reboot_pending"])
        result["connected"] = connected
        result["guidance"] = [*steps.notes, *advice]
        if held_back:
            result["msg"] = (
                f"Windows was not restarted: {connected} user(s) are connected by Remote Desktop and would lose their "
                "sessions; restart it later, or set disconnect_users to true"
            )
        return result

    def _restart(self, host: Host) -> Host:
        """Restarts Windows and waits until its packages are done; the host as it is then."""
        self.hold(host)
        guard.restart(host, _COMMENT, self.journal(host))
        while host.packages.pending() and host.deadline.remaining > _RESERVE_SECONDS:
            host.deadline.sleep(_POLL_SECONDS)
        return Host(host.session, host.deadline, wait_seconds=host.wait_seconds)


def _find(host: Host, kb: str, build: str) -> list[Found]:
    """The packages of the wanted update, and whether those that are in use are permanent."""
    known = packages.identities(host.registry) if kb or build else []
    found = _states(host, matching(known, kb, build))
    return [
        one._replace(permanent=host.packages.is_permanent(one.identity, host.deadline))
        if one.state == "installed"
        else one
        for one in found
    ]


def _again(host: Host, found: Sequence[Found]) -> list[Found]:
    return _states(host, [one.identity for one in found])


def _states(host: Host, identities: Sequence[str]) -> list[Found]:
    return [Found(identity, host.packages.state(identity), None) for identity in identities]


def _state(facts: Facts, found: Sequence[Found]) -> dict[str, Any]:
    system = facts["system"]
    return {
        "build": system["full_build"],
        "packages": [{"identity": one.identity, "state": one.state} for one in found],
        "reboot_pending": any(not path.endswith(_RENAMES) for path in system["pending_reboot"]),
    }
