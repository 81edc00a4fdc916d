# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One run at a time changes a host: each task that changes something holds a lock on the host while it does.

StdRegProv has no operation that creates a thing only if it is not there, so each task that wants the lock makes a key
of its own name below ``HKLM\\SOFTWARE\\winops.rdp\\Lock``, reads the names of all, and holds the lock once it is alone
there. That is right because the registry does one operation after the other, and nobody deletes the key of another:
if two tasks both held the lock, each would have read before the other wrote, and written before it read itself, which
no order of the four operations allows. Of several that meet, the first by name stays and waits until it is alone, and
the others take their names away, so one of them gets on.

The name says all (time, run, account and controller, module), so taking the lock is one write. The key above is
deleted with the last name: DeleteKey refuses a key that has subkeys (MS-RRP 3.1.5.8, ERROR_ACCESS_DENIED), so a name
that comes in between is never lost. That is why names are keys: values would go with their key.

The lock is let go at the end of the task, not of the run, for Ansible tells no plugin when a run ends. What a task
planned before it held the lock is compared with the host once more (``apply``). A task that dies leaves its name: the
same run passes it and takes it away with its own, another run is refused until somebody breaks it. Age alone never
breaks it, because no clock of a controller says that the other one is dead.
"""

from __future__ import annotations

import getpass
import re
import socket
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import OWN_KEY
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry

LOCK = rf"{OWN_KEY}\Lock"
# A task ends after its own timeout, 300 s if not said otherwise, and a little more where something has to be put right.
_STALE_SECONDS = 1800
_TRIES = 5
_WAIT_SECONDS = 0.5
_TIME = "%Y-%m-%dT%H:%M:%SZ"
# Names of keys have up to 255 characters, and no backslash.
_LONGEST_PART = 48
_UNSAFE = re.compile(r"[^\w.:@+-]", re.ASCII)


class Holder(NamedTuple):
    """Who holds a lock, and since when, by the clock of its controller."""

    at: str
    run: str
    owner: str  # account@controller
    module: str

    @property
    def name(self) -> str:
        return " ".join(_UNSAFE.sub("_", part)[:_LONGEST_PART] for part in self)


def holder(run: str, module: str) -> Holder:
    """This task."""
    return Holder(datetime.now(timezone.utc).strftime(_TIME), run, f"{_account()}@{socket.gethostname()}", module)


def parse(name: str) -> Holder:
    """What a name says; a name that is none of ours is an owner of which nothing else is known."""
    parts = name.split(" ")
    return Holder(*parts) if len(parts) == len(Holder._fields) else Holder("", "", name, "")


def describe(who: Holder, now: datetime) -> str:
    """The holder for people, with the age of its lock where that is known."""
    if not who.at:
        return who.owner
    text = f"{who.module} of {who.owner}, run {who.run}, since {who.at}"
    try:
        since = datetime.strptime(who.at, _TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return text
    age = (now - since).total_seconds()
    if age < _STALE_SECONDS:
        return text
    return f"{text}, {age / 60:.0f} minutes ago, which is longer than a task takes: it is most likely dead"


class Lock:
    """The lock of one task on one host."""

    def __init__(self, registry: Registry, me: Holder, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._registry = registry
        self._me = me
        self._wait = wait
        self._mine: set[str] = set()

    def take(self, *, break_others: bool) -> list[str]:
        """Takes the lock; who was pushed aside for it. Refused names the run that holds it.

        Nothing is written while another run holds it.
        """
        broken: list[str] = []
        others = self._others(self._registry.subkeys(LOCK) or [])
        if others and not break_others:
            raise Refused(self._refusal(others[0]))
        if others:
            broken = [self._told(name) for name in others]
            self._remove(others)
        self._mine.add(self._me.name)
        names = self._registry.add_subkey(LOCK, self._me.name)
        for _try in range(_TRIES):
            others = self._others(names)
            if not others:
                self._mine.update(names)
                return broken
            if others[0] < self._me.name:
                break
            self._wait(_WAIT_SECONDS)
            names = self._registry.subkeys(LOCK) or []
        self.release()
        raise Refused(self._refusal(others[0]))

    def release(self) -> None:
        """Lets the lock go, with what dead tasks of the same run have left. Nothing of ours stays behind."""
        self._remove(sorted(self._mine))
        self._mine.clear()

    def _remove(self, names: Iterable[str]) -> None:
        left: list[str] = []
        for name in names:
            left = self._registry.remove_subkey(LOCK, name)
        if not left:
            self._registry.delete_unused(LOCK)
            self._registry.delete_unused(OWN_KEY)

    def _others(self, names: Iterable[str]) -> list[str]:
        return sorted(name for name in names if parse(name).run != parse(self._me.name).run)

    def _told(self, name: str) -> str:
        return describe(parse(name), datetime.now(timezone.utc))

    def _refusal(self, name: str) -> str:
        return (
            f"another run is changing this host ({self._told(name)}): run this again when it is done; if it is dead, "
            "set break_lock, or the variable rdp_break_lock, to true, and look with rdp_restore what it has left"
        )


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without an entry, as containers have
        return "unknown"
