# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry: case-insensitive keys and typed values, shared copy-on-write between hosts.

Keys are nodes of a persistent tree. A node belongs to one `Registry` (its `owner`); a write copies the nodes on its
path that belong to somebody else, so hosts of one Windows profile share everything they have not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_MULTI_SZ, REG_QWORD = 1, 2, 3, 4, 7, 11
TYPE_NAMES = {
    REG_SZ: "REG_SZ",
    REG_EXPAND_SZ: "REG_EXPAND_SZ",
    REG_BINARY: "REG_BINARY",
    REG_DWORD: "REG_DWORD",
    REG_MULTI_SZ: "REG_MULTI_SZ",
    REG_QWORD: "REG_QWORD",
}

HKLM = "HKEY_LOCAL_MACHINE"
ROOTS = {
    "hkey_classes_root": "HKEY_CLASSES_ROOT",
    "hkcr": "HKEY_CLASSES_ROOT",
    "hkey_current_user": "HKEY_CURRENT_USER",
    "hkcu": "HKEY_CURRENT_USER",
    "hkey_local_machine": HKLM,
    "hklm": HKLM,
    "hkey_users": "HKEY_USERS",
    "hku": "HKEY_USERS",
    "hkey_current_config": "HKEY_CURRENT_CONFIG",
    "hkcc": "HKEY_CURRENT_CONFIG",
}

Data: TypeAlias = str | int | bytes | tuple[str, ...]
Change: TypeAlias = Callable[[str, str, str | None, "Value | None", "Value | None"], None]


class RegistryError(Exception):
    """A registry call that Windows would refuse; `code` is the Win32 error."""

    code = 1


class KeyNotFound(RegistryError):
    code = 2


class ValueNotFound(RegistryError):
    code = 2


class KeyHasSubkeys(RegistryError):
    code = 5


@dataclass(frozen=True)
class Value:
    """One registry value; `data` is str, int, bytes or a tuple of str, by `type`."""

    name: str
    type: int
    data: Data

    def as_json(self) -> dict[str, object]:
        """The value in a form that JSON can carry: binary as hex."""
        data: object = self.data
        if isinstance(data, bytes):
            data = data.hex()
        elif isinstance(data, tuple):
            data = list(data)
        return {"type": TYPE_NAMES.get(self.type, str(self.type)), "data": data}


class Key:
    """One node. `values` and `subkeys` are keyed by the lower-case name."""

    __slots__ = ("name", "owner", "subkeys", "values")

    def __init__(self, name: str, owner: object) -> None:
        self.name = name
        self.owner = owner
        self.values: dict[str, Value] = {}
        self.subkeys: dict[str, Key] = {}

    def copy(self, owner: object) -> Key:
        """A shallow copy that belongs to `owner`."""
        other = Key(self.name, owner)
        other.values = dict(self.values)
        other.subkeys = dict(self.subkeys)
        return other


def split_path(path: str) -> list[str]:
    """Path parts with the root spelled out and `ControlSet001` folded into `CurrentControlSet` (a link on Windows)."""
    parts = [part for part in path.split("\\") if part]
    if not parts or parts[0].lower() not in ROOTS:
        raise KeyNotFound(path)
    parts[0] = ROOTS[parts[0].lower()]
    if len(parts) > 2 and parts[1].lower() == "system" and parts[2].lower() == "controlset001":
        parts[2] = "CurrentControlSet"
    return parts


class Registry:
    """One host's registry, on top of a shared tree."""

    def __init__(self, base: Registry | None = None) -> None:
        self._owner = object()
        self._root: Key = base._root if base is not None else Key("", self._owner)
        if base is not None:
            base._owner = object()  # what both now share belongs to neither
        self.on_change: Change | None = None

    def find(self, path: str) -> Key | None:
        """The key, or None when there is none."""
        try:
            parts = split_path(path)
        except KeyNotFound:
            return None
        node: Key | None = self._root
        for part in parts:
            if node is None:
                return None
            node = node.subkeys.get(part.lower())
        return node

    def key(self, path: str) -> Key:
        """The key; KeyNotFound when there is none."""
        node = self.find(path)
        if node is None:
            raise KeyNotFound(path)
        return node

    def get(self, path: str, name: str) -> Value | None:
        """The value, or None when the key or the value is missing."""
        node = self.find(path)
        return None if node is None else node.values.get(name.lower())

    def dword(self, path: str, name: str) -> int | None:
        """The value as a number, or None when it is missing or not a number."""
        value = self.get(path, name)
        return value.data if value is not None and isinstance(value.data, int) else None

    def string(self, path: str, name: str) -> str | None:
        """The value as a string, or None when it is missing or not a string."""
        value = self.get(path, name)
        return value.data if value is not None and isinstance(value.data, str) else None

    def binary(self, path: str, name: str) -> bytes | None:
        """The value as bytes, or None when it is missing or not binary."""
        value = self.get(path, name)
        return value.data if value is not None and isinstance(value.data, bytes) else None

    def _own(self, node: Key) -> Key:
        return node if node.owner is self._owner else node.copy(self._owner)

    def _writable(self, path: str, create: bool) -> Key:
        parts = split_path(path)
        if not create and self.find(path) is None:
            raise KeyNotFound(path)
        self._root = node = self._own(self._root)
        for part in parts:
            child = node.subkeys.get(part.lower())
            owned = Key(part, self._owner) if child is None else self._own(child)
            node.subkeys[part.lower()] = owned
            node = owned
        return node

    def create_key(self, path: str) -> None:
        """Create the key and its parents; an existing key is left alone."""
        if self.find(path) is None:
            self._writable(path, create=True)
            self._changed("key.create", path, None, None, None)

    def set(self, path: str, name: str, type_: int, data: Data, *, create: bool = True) -> None:
        """Set a value. With `create` false a missing key is KeyNotFound, as for RegSetValueEx on it."""
        node = self._writable(path, create)
        before = node.values.get(name.lower())
        after = Value(before.name if before is not None else name, type_, data)
        node.values[name.lower()] = after
        self._changed("value.set", path, name, before, after)

    def delete_value(self, path: str, name: str) -> None:
        """Delete a value; KeyNotFound or ValueNotFound when it is not there."""
        before = self.key(path).values.get(name.lower())
        if before is None:
            raise ValueNotFound(f"{path}\\{name}")
        del self._writable(path, create=False).values[name.lower()]
        self._changed("value.delete", path, name, before, None)

    def delete_key(self, path: str) -> None:
        """Delete a key. Refused on a key that has subkeys, as RegDeleteKey on Windows."""
        if self.key(path).subkeys:
            raise KeyHasSubkeys(path)
        parts = split_path(path)
        parent = self._writable("\\".join(parts[:-1]), create=False)
        del parent.subkeys[parts[-1].lower()]
        self._changed("key.delete", path, None, None, None)

    def delete_tree(self, path: str) -> None:
        """Delete a key and everything below it (what scenario files and reg.exe do, StdRegProv never)."""
        for child in list(self.key(path).subkeys.values()):
            self.delete_tree(f"{path}\\{child.name}")
        self.delete_key(path)

    def walk(self, path: str = HKLM) -> Iterator[tuple[str, Key]]:
        """Every key below `path` with its full path, in name order."""
        node = self.find(path)
        if node is None:
            return
        yield path, node
        for lower in sorted(node.subkeys):
            yield from self.walk(f"{path}\\{node.subkeys[lower].name}")

    def _changed(self, kind: str, path: str, name: str | None, before: Value | None, after: Value | None) -> None:
        if self.on_change is not None:
            self.on_change(kind, "\\".join(split_path(path)), name, before, after)
