# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StdRegProv in root/cimv2 and root/default.

Recorded: EnumKey. Parameter names: the class's MOF. Return values are Win32 codes: 2 for a missing key; 1 for a missing
value or one of another type (MEM: unverified); 5 where the system keeps administrators out, and for DeleteKey on a key
with subkeys. A string of type REG_EXPAND_SZ comes back expanded from both string methods.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method
from tests.lab.model.host import Host
from tests.lab.model.registry import (
    HKLM,
    REG_BINARY,
    REG_DWORD,
    REG_EXPAND_SZ,
    REG_MULTI_SZ,
    REG_QWORD,
    REG_SZ,
    Data,
    RegistryError,
    Value,
)

HIVES = {
    2147483648: "HKEY_CLASSES_ROOT",
    2147483649: "HKEY_CURRENT_USER",
    2147483650: HKLM,
    2147483651: "HKEY_USERS",
    2147483653: "HKEY_CURRENT_CONFIG",
}
OK, WRONG, NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER = 0, 1, 2, 5, 87
_KEY = {"hDefKey": "uint32", "sSubKeyName": "string"}
_VALUE = {**_KEY, "sValueName": "string"}
_ENVIRONMENT = {
    "systemroot": "C:\\Windows",
    "windir": "C:\\Windows",
    "systemdrive": "C:",
    "programdata": "C:\\ProgramData",
    "programfiles": "C:\\Program Files",
    "temp": "C:\\Windows\\TEMP",
}


def expand(text: str) -> str:
    """Environment variables of the system; an unknown one stays as it is."""
    return re.sub(r"%([^%]+)%", lambda match: _ENVIRONMENT.get(match.group(1).lower(), match.group(0)), text)


def _path(call: Call) -> str | None:
    hive = HIVES.get(call.arguments.get("hDefKey", 2147483650))
    if hive is None:
        return None
    sub = call.arguments.get("sSubKeyName") or ""
    return f"{hive}\\{sub}" if sub else hive


def _result(code: int, **values: Any) -> dict[str, Any]:
    return {**values, "ReturnValue": code}


def _with_key(action: Callable[[Host, str, Call], dict[str, Any]]) -> Callable[[Call], dict[str, Any]]:
    """Run with the key's path; Win32 codes for a bad hive, a key that is kept from administrators, a missing key."""

    def run(call: Call) -> dict[str, Any]:
        path = _path(call)
        if path is None:
            return _result(6)
        if not call.host.may_touch_key(path):
            return _result(ACCESS_DENIED)
        try:
            return action(call.host, path, call)
        except RegistryError as error:
            return _result(error.code)

    return run


def _enum_key(host: Host, path: str, call: Call) -> dict[str, Any]:
    key = host.registry.key(path)
    return _result(OK, sNames=[key.subkeys[name].name for name in sorted(key.subkeys)])


def _enum_values(host: Host, path: str, call: Call) -> dict[str, Any]:
    values = [value for _key, value in sorted(host.registry.key(path).values.items())]
    return _result(OK, sNames=[value.name for value in values], Types=[value.type for value in values])


def _getter(types: tuple[int, ...], out: str, read: Callable[[Value], Any]) -> Callable[[Call], dict[str, Any]]:
    def get(host: Host, path: str, call: Call) -> dict[str, Any]:
        value = host.registry.key(path).values.get((call.arguments.get("sValueName") or "").lower())
        if value is None or value.type not in types:
            return _result(WRONG)
        return _result(OK, **{out: read(value)})

    return _with_key(get)


def _setter(type_: int, name: str, build: Callable[[Any], Data]) -> Callable[[Call], dict[str, Any]]:
    def put(host: Host, path: str, call: Call) -> dict[str, Any]:
        if name not in call.arguments or call.arguments[name] is None:
            return _result(INVALID_PARAMETER)
        value_name = call.arguments.get("sValueName") or ""
        host.registry.set(path, value_name, type_, build(call.arguments[name]), create=False)
        return _result(OK)

    return _with_key(put)


def _create_key(host: Host, path: str, call: Call) -> dict[str, Any]:
    host.registry.create_key(path)
    return _result(OK)


def _delete_key(host: Host, path: str, call: Call) -> dict[str, Any]:
    host.registry.delete_key(path)
    return _result(OK)


def _delete_value(host: Host, path: str, call: Call) -> dict[str, Any]:
    host.registry.delete_value(path, call.arguments.get("sValueName") or "")
    return _result(OK)


def _check_access(call: Call) -> dict[str, Any]:
    path = _path(call)
    if path is None:
        return _result(6)
    if call.host.registry.find(path) is None:
        return _result(NOT_FOUND, bGranted=False)
    granted = call.host.may_touch_key(path)
    return _result(OK if granted else ACCESS_DENIED, bGranted=granted)


def _string(value: Value) -> str:
    return expand(str(value.data)) if value.type == REG_EXPAND_SZ else str(value.data)


def _identity(data: Any) -> Any:
    return data


_STRINGS = (REG_SZ, REG_EXPAND_SZ)
_METHODS = {
    "EnumKey": Method(_KEY, {"sNames": "string[]"}, _with_key(_enum_key), static=True),
    "EnumValues": Method(_KEY, {"sNames": "string[]", "Types": "sint32[]"}, _with_key(_enum_values), static=True),
    "GetDWORDValue": Method(
        _VALUE, {"uValue": "uint32"}, _getter((REG_DWORD,), "uValue", lambda v: v.data), static=True
    ),
    "GetQWORDValue": Method(
        _VALUE, {"uValue": "uint64"}, _getter((REG_QWORD,), "uValue", lambda v: v.data), static=True
    ),
    "GetStringValue": Method(_VALUE, {"sValue": "string"}, _getter(_STRINGS, "sValue", _string), static=True),
    "GetExpandedStringValue": Method(_VALUE, {"sValue": "string"}, _getter(_STRINGS, "sValue", _string), static=True),
    "GetMultiStringValue": Method(
        _VALUE, {"sValue": "string[]"}, _getter((REG_MULTI_SZ,), "sValue", lambda v: v.data), static=True
    ),
    "GetBinaryValue": Method(
        _VALUE, {"uValue": "uint8[]"}, _getter((REG_BINARY,), "uValue", lambda v: v.data), static=True
    ),
    "SetDWORDValue": Method({**_VALUE, "uValue": "uint32"}, {}, _setter(REG_DWORD, "uValue", _identity), static=True),
    "SetQWORDValue": Method({**_VALUE, "uValue": "uint64"}, {}, _setter(REG_QWORD, "uValue", _identity), static=True),
    "SetStringValue": Method({**_VALUE, "sValue": "string"}, {}, _setter(REG_SZ, "sValue", _identity), static=True),
    "SetExpandedStringValue": Method(
        {**_VALUE, "sValue": "string"}, {}, _setter(REG_EXPAND_SZ, "sValue", _identity), static=True
    ),
    "SetMultiStringValue": Method(
        {**_VALUE, "sValue": "string[]"}, {}, _setter(REG_MULTI_SZ, "sValue", tuple), static=True
    ),
    "SetBinaryValue": Method({**_VALUE, "uValue": "uint8[]"}, {}, _setter(REG_BINARY, "uValue", bytes), static=True),
    "CreateKey": Method(_KEY, {}, _with_key(_create_key), static=True),
    "DeleteKey": Method(_KEY, {}, _with_key(_delete_key), static=True),
    "DeleteValue": Method(_VALUE, {}, _with_key(_delete_value), static=True),
    "CheckAccess": Method({**_KEY, "uRequired": "uint32"}, {"bGranted": "boolean"}, _check_access, static=True),
}
CLASSES = (CimClass("StdRegProv", ("root/cimv2", "root/default"), {}, methods=_METHODS),)
