# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Takes back what the journal on a host has, the newest first.

What somebody else has changed since is left alone, unless forced; what Windows has replaced for good is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import (
    Change,
    current,
    describe,
    gone_for_good,
    is_ours,
    reverse,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Entry
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

LAST, ALL, CURRENT = "last", "all", "current"
_SEPARATOR = "\\"


class Unknown(Exception):
    """No run of that name is in the journal."""


class Item(NamedTuple):
    """What becomes of one entry: ``back`` is the change that takes it back, ``kept`` the reason why there is none."""

    entry: Entry
    back: Change | None
    kept: str
    final: bool  # nothing is left to take back, now or later, so the entry can go


def chosen(entries: Sequence[Entry], run: str, current: str = "") -> list[Entry]:
    """The entries of the last run, of all, of the current one, or of the run with that id; Unknown names those that
    there are.

    A task that would undo by itself at the next start of Windows was left by a run that died: it goes with any.
    """
    if not entries or run == ALL:
        return list(entries)
    wanted = {CURRENT: current, LAST: entries[-1].run}.get(run, run)
    if run != CURRENT and not any(entry.run == wanted for entry in entries):
        known = ", ".join(dict.fromkeys(entry.run for entry in entries))
        raise Unknown(f"the journal on the host has no run {run!r}; it has {known}")
    return [entry for entry in entries if entry.run == wanted or entry.change["kind"] == "undo_task"]


def plan(host: Host, entries: Iterable[Entry], *, force: bool) -> list[Item]:
    """What to do about each entry, the newest first. Reads the host and changes nothing."""
    known: dict[tuple[str, str, str], Any] = {}
    items = []
    for entry in sorted(entries, key=lambda each: (each.key, each.name), reverse=True):
        change = entry.change
        thing = (change["kind"], change["target"].lower(), change["name"].lower())
        now = known[thing] if thing in known else current(host, change)
        item = _item(host, entry, now, force=force)
        known[thing] = now if item.back is None else item.back["after"]
        items.append(item)
    return sorted(items, key=_starts)


def _starts(item: Item) -> bool:
    """Whether a service is started, which comes last: it reads, and makes where it misses it, what is put back."""
    return item.back is not None and item.back["kind"] == "service_state" and item.back["after"] == "running"


def _item(host: Host, entry: Entry, now: Any, *, force: bool) -> Item:
    change = entry.change
    if now == change["before"] and not _left_keys(host, change):
        return Item(entry, None, "", final=True)
    gone = gone_for_good(host, change)
    if gone:
        return Item(entry, None, gone, final=True)
    if _hive_is_gone(host, change["target"]):
        return Item(entry, None, "the user is not logged on, so the hive is not loaded", final=False)
    if _unreadable(now):
        return Item(entry, None, f"what it is now could not be read: {now['reason']}", final=False)
    if not force and not is_ours(change, now):
        return Item(
            entry, None, "somebody has changed it since; set force to true to take it back all the same", final=False
        )
    return Item(entry, {**reverse(change), "before": now}, "", final=True)


def _left_keys(host: Host, change: Change) -> bool:
    """Whether keys stand that were made for a value: a task that was cut off got no further."""
    return any(host.registry.exists(key) for key in change.get("creates", ())[:1])


def _unreadable(now: Any) -> bool:
    return isinstance(now, dict) and "status" in now and now["status"] != "ok"


def _hive_is_gone(host: Host, target: str) -> bool:
    """Whether a key is in the hive of somebody who is logged off: Windows keeps those in HKEY_USERS only meanwhile."""
    hive, _separator, rest = target.partition("\\")
    return hive == "HKU" and not host.registry.exists(rf"HKU\{rest.partition(_SEPARATOR)[0]}")


def runs(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The runs of a journal, the newest first: id, time, modules and the changes in one line each."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        run = found.setdefault(entry.run, {"run": entry.run, "at": entry.at, "modules": [], "changes": []})
        if entry.module not in run["modules"]:
            run["modules"].append(entry.module)
        run["changes"].append(describe(entry.change))
    return list(found.values())[::-1]


def check_readable(unreadable: Sequence[str]) -> None:
    """WindowsError when the journal has something that nobody here can read: its order would not be known."""
    if unreadable:
        raise WindowsError(
            f"{unreadable[0]}: it was written by another version of this collection, or by somebody else; take it back "
            "with that version, or by hand"
        )
