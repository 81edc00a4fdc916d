# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The registry, through the WMI class StdRegProv: typed, and one request an operation.

Paths are written as ``HKLM\\SYSTEM\\...``. Methods, parameters and hive numbers: Microsoft, "StdRegProv class"
(win32, wmisdk). A method's ReturnValue is a Win32 error code: 0 success, 2 not found, 5 access denied.
MEM: 1 is what some Windows versions return for a value that is missing or of another type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import settle
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

HIVES = {"HKCR": 0x80000000, "HKCU": 0x80000001, "HKLM": 0x80000002, "HKU": 0x80000003, "HKCC": 0x80000005}

_SUCCESS, _NOT_FOUND, _ACCESS_DENIED = 0, 2, 5
# The value is missing, or has another type than the getter is for: MEM, and WBEM_E_TYPE_MISMATCH.
_VARIABLE = re.compile("%[^%]+%")
_NO_SUCH_VALUE = (1, 0x80041005)

_State = TypeVar("_State")

Data = int | str | bytes | tuple[str, ...]


class RegistryType(IntEnum):
    """The numbers of winnt.h, as EnumValues returns them."""

    REG_SZ = 1
    REG_EXPAND_SZ = 2
    REG_BINARY = 3
    REG_DWORD = 4
    REG_MULTI_SZ = 7
    REG_QWORD = 11


@dataclass(frozen=True)
class RegistryValue:
    """A value: str for REG_SZ and REG_EXPAND_SZ, int, bytes, or a tuple of str for REG_MULTI_SZ.

    REG_EXPAND_SZ is unexpanded where the host gives it so, which is not known of Windows: nothing is written back
    from it.
    """

    type: RegistryType
    data: Data


@dataclass(frozen=True)
class RegistryKey:
    """A key with everything directly below it. The default value has the empty name."""

    path: str
    values: Mapping[str, RegistryValue]
    subkeys: tuple[str, ...]


@dataclass(frozen=True)
class _Accessor:
    getter: str
    setter: str
    parameter: str  # the name of the data in both methods


_ACCESSORS = {
    RegistryType.REG_SZ: _Accessor("GetStringValue", "SetStringValue", "sValue"),
    RegistryType.REG_EXPAND_SZ: _Accessor("GetExpandedStringValue", "SetExpandedStringValue", "sValue"),
    RegistryType.REG_BINARY: _Accessor("GetBinaryValue", "SetBinaryValue", "uValue"),
    RegistryType.REG_DWORD: _Accessor("GetDWORDValue", "SetDWORDValue", "uValue"),
    RegistryType.REG_MULTI_SZ: _Accessor("GetMultiStringValue", "SetMultiStringValue", "sValue"),
    RegistryType.REG_QWORD: _Accessor("GetQWORDValue", "SetQWORDValue", "uValue"),
}


def split(path: str) -> tuple[int, str]:
    """``HKLM\\SOFTWARE\\X`` as hive number and subkey; ValueError for an unknown hive."""
    hive, _separator, subkey = path.partition("\\")
    if hive not in HIVES:
        raise ValueError(f"{path!r} does not start with a registry hive such as HKLM")
    return HIVES[hive], subkey


def _data_of(kind: RegistryType, output: Instance) -> Data:
    parameter = _ACCESSORS[kind].parameter
    if kind in (RegistryType.REG_DWORD, RegistryType.REG_QWORD):
        number = output.integer(parameter)
        if number is None:
            raise WindowsError("the host gave a number of the registry without its value; report the Windows version")
        return number
    if kind is RegistryType.REG_BINARY:
        return bytes(output.integers(parameter))
    if kind is RegistryType.REG_MULTI_SZ:
        return tuple(output.texts(parameter))
    return output.text(parameter, "") or ""


class Registry:
    """The registry of one host."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- reading -----------------------------------------------------------------------------------------------------

    def value(self, path: str, name: str, kind: RegistryType = RegistryType.REG_DWORD) -> RegistryValue | None:
        """One value, expected to be of a type; None when value or key is absent. Another type is read as what it is."""
        output = self._call(_ACCESSORS[kind].getter, path, name, tolerate=_NO_SUCH_VALUE)
        code = output.return_value
        if code == _SUCCESS:
            return RegistryValue(kind, self._stored(kind, path, name, output))
        if code == _NOT_FOUND:
            return None
        found = self.values(path, [name])
        return next(iter(found.values()), None)

    def dword(self, path: str, name: str) -> int | None:
        """A number; None when absent or not a number. One request in every case."""
        output = self._call("GetDWORDValue", path, name, tolerate=_NO_SUCH_VALUE)
        data = _data_of(RegistryType.REG_DWORD, output) if output.return_value == _SUCCESS else None
        return data if isinstance(data, int) else None

    def text(self, path: str, name: str) -> str | None:
        """A string; None when absent or not a string."""
        value = self.value(path, name, RegistryType.REG_SZ)
        return value.data if value is not None and isinstance(value.data, str) else None

    def expanded(self, path: str, name: str) -> str | None:
        """A string with its environment variables expanded by the host; None when absent or not a string."""
        output = self._call("GetExpandedStringValue", path, name, tolerate=_NO_SUCH_VALUE)
        return output.text("sValue") if output.return_value == _SUCCESS else None

    def names(self, path: str) -> list[str]:
        """The names of a key's values; empty for an absent key."""
        return self._call("EnumValues", path).texts("sNames")

    def values(
        self, path: str, names: Iterable[str] | None = None, *, matching: Callable[[str], bool] | None = None
    ) -> dict[str, RegistryValue]:
        """The named values that are there (all by default), by the names asked for; empty for an absent key.

        ``matching`` chooses by the name instead. One request for the names and types, and one a value: where most of
        the values are there and their types are sure, :meth:`value` for each is cheaper.
        """
        output = self._call("EnumValues", path)
        if output.return_value == _NOT_FOUND:
            return {}
        types = dict(zip(output.texts("sNames"), output.integers("Types"), strict=False))
        if names is None:
            wanted = {name: name for name in types if matching is None or matching(name)}
        else:
            wanted = _present(types, names)
        found = {}
        for asked, actual in wanted.items():
            try:
                kind = RegistryType(types[actual])
            except ValueError:  # REG_NONE, REG_LINK, ...: StdRegProv has no getter for them
                continue
            value = self._call(_ACCESSORS[kind].getter, path, actual, tolerate=_NO_SUCH_VALUE)
            if value.return_value == _SUCCESS:
                found[asked] = RegistryValue(kind, self._stored(kind, path, actual, value))
        return found

    def subkeys(self, path: str) -> list[str] | None:
        """The names of the keys directly below; None for an absent key."""
        output = self._call("EnumKey", path)
        return None if output.return_value == _NOT_FOUND else output.texts("sNames")

    def key(self, path: str) -> RegistryKey | None:
        """A key with its values and the names of its subkeys; None when it is absent."""
        subkeys = self.subkeys(path)
        return None if subkeys is None else RegistryKey(path, self.values(path), tuple(subkeys))

    def exists(self, path: str) -> bool:
        return self.subkeys(path) is not None

    # -- writing -----------------------------------------------------------------------------------------------------

    def create_key(self, path: str) -> None:
        """Creates a key and what is missing above it; one that exists stays as it is."""
        if not self.exists(path):
            self._settle(
                f"the creation of {path}",
                read=lambda: self.exists(path),
                write=lambda: self._write("CreateKey", path, {}),
                wanted=bool,
            )

    def set_value(self, path: str, name: str, value: RegistryValue) -> None:
        """Writes a value into an existing key."""
        accessor = _ACCESSORS[value.type]
        arguments = {"sValueName": name, accessor.parameter: value.data}
        self._settle(
            rf"the writing of {path}\{name}",
            read=lambda: self.value(path, name, value.type),
            write=lambda: self._write(accessor.setter, path, arguments),
            wanted=lambda found: found is not None and _reads_as(found, value),
        )

    def delete_value(self, path: str, name: str) -> None:
        """Deletes a value; one that is absent is no error."""

        def is_there() -> bool:
            return name.lower() in (each.lower() for each in self.names(path))

        if is_there():
            self._settle(
                rf"the deletion of {path}\{name}",
                read=is_there,
                write=lambda: self._write("DeleteValue", path, {"sValueName": name}, tolerate=(_NOT_FOUND,)),
                wanted=lambda found: not found,
            )

    def delete_key(self, path: str) -> None:
        """Deletes a key without subkeys; one that is absent is no error."""
        if self.exists(path):
            self._settle(
                f"the deletion of {path}",
                read=lambda: self.exists(path),
                write=lambda: self._write("DeleteKey", path, {}, tolerate=(_NOT_FOUND,)),
                wanted=lambda found: not found,
            )

    def delete_empty(self, paths: Iterable[str]) -> None:
        """Deletes those of the keys, in that order, that have neither values nor subkeys."""
        for path in paths:
            found = self.key(path)
            if found is not None and not found.values and not found.subkeys:
                self.delete_key(path)

    def add_subkey(self, path: str, name: str) -> list[str]:
        """Creates a key below another one, and what is missing above; the names of all that are there then."""
        return self._switch_subkey("creation", path, name, lambda: self._write("CreateKey", rf"{path}\{name}", {}))

    def remove_subkey(self, path: str, name: str) -> list[str]:
        """Deletes a key without subkeys below another one; the names of all that are left there."""

        def write() -> None:
            self._write("DeleteKey", rf"{path}\{name}", {}, tolerate=(_NOT_FOUND,))

        return self._switch_subkey("deletion", path, name, write)

    def delete_unused(self, path: str) -> None:
        """Deletes a key that has neither values nor subkeys. One that is given a subkey at that moment stays: Windows
        refuses to delete it (MS-RRP 3.1.5.8)."""
        if self.subkeys(path) == [] and not self.names(path):
            self._settle(
                f"the deletion of {path}",
                read=lambda: self.subkeys(path),
                write=lambda: self._write("DeleteKey", path, {}, tolerate=(_NOT_FOUND, _ACCESS_DENIED)),
                wanted=lambda found: found != [],
            )

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _switch_subkey(self, what: str, path: str, name: str, write: Callable[[], None]) -> list[str]:
        found: list[list[str]] = []

        def read() -> bool:
            found.append(self.subkeys(path) or [])
            return name.lower() in (each.lower() for each in found[-1])

        there = what == "creation"
        self._settle(rf"the {what} of {path}\{name}", read=read, write=write, wanted=lambda found: found is there)
        return found[-1]

    def _stored(self, kind: RegistryType, path: str, name: str, output: Instance) -> Data:
        """The data as stored. GetExpandedStringValue expands it; GetStringValue reads such a value as it is stored
        (MEM), so it is asked as well, and what it says is taken when it says something."""
        data = _data_of(kind, output)
        if kind is RegistryType.REG_EXPAND_SZ:
            stored = self._call("GetStringValue", path, name, tolerate=_NO_SUCH_VALUE)
            if stored.return_value == _SUCCESS:
                return stored.text("sValue", "") or ""
        return data

    def _call(self, method: str, path: str, name: str | None = None, tolerate: tuple[int, ...] = ()) -> Instance:
        """A reading method: safe to repeat after a lost reply. "Not found" is always an answer, not an error."""
        hive, subkey = split(path)
        parameters: dict[str, str | int] = {"hDefKey": hive, "sSubKeyName": subkey}
        if name is not None:
            parameters["sValueName"] = name
        output = self._session.invoke("root/cimv2", "StdRegProv", method, parameters, idempotent=True)
        _check(output, method, path, name, (_NOT_FOUND, *tolerate))
        return output

    def _settle(
        self, what: str, *, read: Callable[[], _State], write: Callable[[], None], wanted: Callable[[_State], bool]
    ) -> None:
        settle(self._session, what, read=read, write=write, wanted=wanted, show=_shown)

    def _write(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, Data],
        tolerate: tuple[int, ...] = (),
    ) -> None:
        """A writing method, called once."""
        hive, subkey = split(path)
        parameters = {"hDefKey": hive, "sSubKeyName": subkey, **arguments}
        output = self._session.invoke("root/cimv2", "StdRegProv", method, parameters)
        name = arguments.get("sValueName")
        _check(output, method, path, name if isinstance(name, str) else None, tolerate)


def is_expansion(found: str, written: str) -> bool:
    """Whether a text may be what Windows gives for one with variables: as it was written, or with them expanded."""
    pattern = ".+".join(re.escape(part) for part in _VARIABLE.split(written))
    return re.fullmatch(pattern, found, re.IGNORECASE) is not None


def _reads_as(found: RegistryValue, written: RegistryValue) -> bool:
    """Whether a value reads back as it was written. A text with variables may come back expanded."""
    if found == written:
        return True
    return (
        found.type is written.type is RegistryType.REG_EXPAND_SZ
        and isinstance(found.data, str)
        and isinstance(written.data, str)
        and "%" in written.data
        and is_expansion(found.data, written.data)
    )


def _shown(state: object) -> str:
    if isinstance(state, RegistryValue):
        return str(state.data)[:80]
    return "there" if state is True else "absent"


def _present(types: Mapping[str, int], names: Iterable[str]) -> dict[str, str]:
    """Names asked for, to the names as the host spells them: value names have no case in Windows."""
    spelled = {name.lower(): name for name in types}
    return {name: spelled[name.lower()] for name in names if name.lower() in spelled}


def _check(output: Instance, method: str, path: str, name: str | None, tolerate: tuple[int, ...]) -> None:
    code = output.return_value
    if code == _SUCCESS or code in tolerate:
        return
    where = path if name is None else f"{path}\\{name}"
    if code == _ACCESS_DENIED:
        raise AccessDenied(
            f"access to {where} was denied ({method}): the connection's account must be a local administrator", code
        )
    raise WindowsError(f"{method} on {where} failed with Win32 error {code}", code)
