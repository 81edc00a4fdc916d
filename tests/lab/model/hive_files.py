# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry key as a hive file keeps it: what `reg save` writes and `reg restore` puts back.

A restore makes the key what the file says: values and subkeys of the file come back with their types, what is not in
the file goes (Microsoft, RegRestoreKey: the key's content is overwritten). Only what differs is written here, value by
value, so that the record of writes shows what a restore has changed. The access lists of keys are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.model.registry import Key, Registry, Value

HIVE_BLOCK = 8192
"""The smallest hive: a base block and one bin, 4096 bytes each."""


@dataclass(frozen=True)
class Hive:
    """One key with all below it; `subkeys` are (name, key)."""

    values: tuple[Value, ...]
    subkeys: tuple[tuple[str, Hive], ...]

    def as_json(self) -> dict[str, object]:
        """A form that JSON can carry, equal for equal hives."""
        return {
            "values": [[value.name, value.as_json()] for value in self.values],
            "subkeys": [[name, key.as_json()] for name, key in self.subkeys],
        }


def save(key: Key) -> Hive:
    """The key as it is now; later writes do not reach the copy."""
    return Hive(
        tuple(value for _name, value in sorted(key.values.items())),
        tuple((child.name, save(child)) for _name, child in sorted(key.subkeys.items())),
    )


def restore(registry: Registry, path: str, hive: Hive) -> None:
    """Make the key at `path`, which exists, what the hive says."""
    key = registry.key(path)
    kept = {name.lower() for name, _key in hive.subkeys}
    for child in [child.name for lower, child in key.subkeys.items() if lower not in kept]:
        registry.delete_tree(f"{path}\\{child}")
    wanted = {value.name.lower(): value for value in hive.values}
    for gone in [value.name for lower, value in key.values.items() if lower not in wanted]:
        registry.delete_value(path, gone)
    for lower, value in wanted.items():
        if registry.key(path).values.get(lower) != value:
            registry.set(path, value.name, value.type, value.data)
    for name, child_hive in hive.subkeys:
        registry.create_key(f"{path}\\{name}")
        restore(registry, f"{path}\\{name}", child_hive)
