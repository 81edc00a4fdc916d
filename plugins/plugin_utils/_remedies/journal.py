# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The journal: every change is written on the host before it is made, so that it can be taken back whatever happens
to the controller. One key a task below ``HKLM\\SOFTWARE\\winops.rdp\\Journal``, one REG_SZ value of JSON a change.

The tasks of one run of ansible-playbook carry the same run id, which is what people take back as a whole.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import OWN_KEY
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import KINDS, Change
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
)

ROOT = rf"{OWN_KEY}\Journal"
SCHEMA_VERSION = 2
# Tasks that the journal keeps; older ones are dropped when a new one begins. A run has about five that change things.
KEPT = 100
_ENTRY_KEYS = {"module", "run", "at", "restart", "change"}


class Entry(NamedTuple):
    """One change as the journal has it."""

    key: str  # registry path of the task
    name: str  # value name: 0001, 0002, ...
    run: str
    at: str  # ISO 8601, by the controller's clock
    module: str
    restart: list[str]  # services that take the change up only when they start, or WINDOWS
    change: Change


class Contents(NamedTuple):
    """What the journal of a host has."""

    entries: list[Entry]  # the oldest first
    unreadable: list[str]  # one sentence for each value that is no entry
    empty: list[str]  # keys that a task left without anything in them when it was cut off


class Journal:
    """The journal of one task. Nothing is written before the first change."""

    def __init__(self, registry: Registry, module: str, run: str = "", restart: Sequence[str] = ()) -> None:
        self._registry = registry
        self._module = module
        self._restart = list(restart)
        self._started = datetime.now(timezone.utc)
        # Two tasks can start at the same time: the random part keeps their keys apart.
        suffix = secrets.token_hex(3)
        self._run = run or suffix
        self._key = rf"{ROOT}\{self._started.strftime('%Y%m%dT%H%M%S.%fZ')}-{suffix}"
        self._entries = 0

    @property
    def path(self) -> str:
        """The registry key of this task; empty while nothing is written."""
        return self._key if self._entries else ""

    def write(self, change: Change) -> None:
        """Notes a change that is about to be made."""
        if not self._entries:
            prune(self._registry, KEPT - 1)
            self._registry.create_key(self._key)
        self._entries += 1
        entry = {
            "schema": SCHEMA_VERSION,
            "run": self._run,
            "at": self._started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "module": self._module,
            "restart": self._restart,
            "change": change,
        }
        self._registry.set_value(
            self._key, f"{self._entries:04d}", RegistryValue(RegistryType.REG_SZ, json.dumps(entry, sort_keys=True))
        )

    def retract(self) -> None:
        """Takes back what this task has noted: all of it has come right again."""
        if self._entries:
            self._registry.delete_key(self._key)
            self._registry.delete_unused(ROOT)
            self._entries = 0


def read(registry: Registry) -> Contents:
    found = Contents([], [], [])
    names = registry.subkeys(ROOT)
    if names == [] or (names is None and registry.subkeys(OWN_KEY) == []):
        found.empty.append(ROOT)
    for name in sorted(names or ()):
        key = rf"{ROOT}\{name}"
        values = registry.values(key)
        if not values:
            found.empty.append(key)
        for value_name, value in sorted(values.items()):
            entry = _parse(key, value_name, value.data)
            if entry is None:
                found.unreadable.append(rf"{key}\{value_name} is no entry of a journal of this version")
            else:
                found.entries.append(entry)
    return found


def forget(registry: Registry, entries: Sequence[Entry], empty: Sequence[str]) -> None:
    """Takes entries out of the journal, and then the keys of ours that are empty."""
    for entry in entries:
        registry.delete_value(entry.key, entry.name)
    registry.delete_empty((*sorted({*empty, *(entry.key for entry in entries)}), ROOT, OWN_KEY))


def prune(registry: Registry, keep: int) -> None:
    """Drops the oldest tasks of the journal until ``keep`` are left."""
    names = sorted(registry.subkeys(ROOT) or ())
    for name in names[: max(0, len(names) - keep)]:
        registry.delete_key(rf"{ROOT}\{name}")


def _parse(key: str, name: str, data: object) -> Entry | None:
    try:
        found: Any = json.loads(data) if isinstance(data, str) else None
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA_VERSION or not _ENTRY_KEYS <= found.keys():
        return None
    change = found["change"]
    if not isinstance(change, dict) or change.get("kind") not in KINDS or not Change.__required_keys__ <= change.keys():
        return None
    return Entry(
        key=key,
        name=name,
        run=str(found["run"]),
        at=str(found["at"]),
        module=str(found["module"]),
        restart=[str(each) for each in found["restart"]],
        change=Change(**change),  # type: ignore[typeddict-item]
    )
