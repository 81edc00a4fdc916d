# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import VALUES, Change, describe, perform
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restore import (
    ALL,
    LAST,
    Item,
    Unknown,
    check_readable,
    chosen,
    plan,
    runs,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.restarts import clear_runs, mark, runs_pending


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "run": {"type": "str", "default": LAST},
        "force": {"type": "bool", "default": False},
        **CHANGES,
    }

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        entries, unreadable, empty = journal.read(host.registry)
        if arguments["run"] in (LAST, ALL):
            check_readable(unreadable)
        try:
            wanted = chosen(entries, arguments["run"], self.run_id)
        except Unknown as error:
            raise Refused(str(error)) from None
        items = plan(host, wanted, force=arguments["force"])
        changes = [item.back for item in items if item.back is not None]
        restart = sorted({name for item in items if item.back is not None for name in item.entry.restart} - {WINDOWS})
        # What Windows has not taken up yet needs no restart to be taken back, nor do keys that are left of a value.
        after_reboot = [item for item in items if WINDOWS in item.entry.restart]
        waiting = set(runs_pending(host)) if after_reboot else set()
        reboot = any(
            item.back is not None and item.back["before"] != item.back["after"] and item.entry.run not in waiting
            for item in after_reboot
        )
        final = [item.entry for item in items if item.final]
        if not self._task.check_mode and (final or empty):
            self.hold(host)
            self._take_back(host, changes, [*restart, WINDOWS] if reboot else restart)
            clear_runs(host.registry, waiting & _finished(items))
            # Last, so that a run that is cut off before finds it all in the journal again.
            journal.forget(host.registry, final, empty)
        result = self.outcome(changes, _states(changes, "before"), _states(changes, "after"), restart_required=restart)
        result["reboot_required"] = reboot
        result["runs"] = runs(entries)
        result["kept"] = _kept(items)
        if result["kept"]:
            result["msg"] = f"{len(result['kept'])} change(s) were not taken back: {result['kept'][0]['reason']}."
        return result

    def _take_back(self, host: Host, changes: Sequence[Change], restart: Sequence[str]) -> None:
        if changes:
            # First, since a task that dies after the changes can not.
            mark(host, restart, self.run_id)
        for change in changes:
            perform(host, change)
            self.made.append(change)
        if changes:
            self.prove(host)


def _finished(items: Sequence[Item]) -> set[str]:
    """The runs of which nothing is left to take back."""
    return {item.entry.run for item in items} - {item.entry.run for item in items if not item.final}


def _kept(items: Sequence[Item]) -> list[dict[str, str]]:
    return [{"change": describe(item.entry.change), "reason": item.kept} for item in items if item.kept]


def _states(changes: Sequence[Change], side: str) -> dict[str, Any]:
    """What each thing is before or after, by its name; of one that is taken back in steps the outermost counts."""
    states: dict[str, Any] = {}
    for change in changes:
        name = rf"{change['target']}\{change['name']}" if change["kind"] in VALUES else change["target"]
        thing = f"{change['kind']} {name}"
        if side == "after" or thing not in states:
            states[thing] = change[side]  # type: ignore[literal-required]
    return states
