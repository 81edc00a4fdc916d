# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted session: method calls and queries answered from tables, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance


class FakeSession:
    """``answers`` are functions by method name; ``rows`` are rows by the class that a query names."""

    def __init__(
        self,
        answers: Mapping[str, Callable[..., Instance]] | None = None,
        rows: Mapping[str, Callable[[str], list[Instance]]] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.rows = dict(rows or {})
        self.calls: list[tuple[str, str, dict[str, Any], dict[str, str]]] = []
        self.queries: list[str] = []
        self.requests = 0
        self.host = "win01"
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        keys: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> Instance:
        self.calls.append((class_name, method, dict(parameters or {}), dict(keys or {})))
        return self.answers[method](**(parameters or {}))

    def query(self, namespace: str, wql: str, operation: str = "") -> list[Instance]:
        self.queries.append(wql)
        name = wql.split(" FROM ")[1].split()[0] if " FROM " in wql else wql.split("{")[0].strip()
        return self.rows[name](wql)


def output(code: int = 0, **values: Any) -> Instance:
    """The output of a method."""
    texts = {
        name: [str(item) for item in value] if isinstance(value, (list, tuple, bytes)) else str(value)
        for name, value in values.items()
    }
    return Instance("OUTPUT", {**texts, "ReturnValue": str(code)})


class FakeRegistry:
    """StdRegProv over a dictionary: path -> {name: (type number, data)}. Keys above a key need not be listed."""

    def __init__(self, keys: dict[str, dict[str, tuple[int, Any]]]) -> None:
        self.keys = keys
        getters = ("GetDWORDValue", "GetQWORDValue", "GetStringValue", "GetExpandedStringValue", "GetMultiStringValue")
        self.session = FakeSession(
            {
                "EnumValues": self._names,
                "EnumKey": self._subkeys,
                **{name: self._getter(name) for name in (*getters, "GetBinaryValue")},
                "CreateKey": self._create,
                "DeleteValue": self._delete_value,
                "DeleteKey": self._delete_key,
                **{f"Set{kind}Value": self._setter(number) for kind, number in _KINDS.items()},
            }
        )

    def _names(self, hDefKey: int, sSubKeyName: str) -> Instance:
        values = self.keys.get(sSubKeyName)
        if values is None:
            return output(2)
        return output(sNames=list(values), Types=[number for number, _data in values.values()])

    def _subkeys(self, hDefKey: int, sSubKeyName: str) -> Instance:
        below = {key[len(sSubKeyName) + 1 :].split("\\")[0] for key in self.keys if key.startswith(sSubKeyName + "\\")}
        if not below and sSubKeyName not in self.keys:
            return output(2)
        return output(sNames=sorted(below))

    def _getter(self, method: str) -> Callable[..., Instance]:
        number = _KINDS[method[3:-5]]

        def get(hDefKey: int, sSubKeyName: str, sValueName: str) -> Instance:
            values = self.keys.get(sSubKeyName, {})
            found = {name.lower(): value for name, value in values.items()}.get(sValueName.lower())
            if found is None:
                return output(2 if sSubKeyName not in self.keys else 1)
            if found[0] != number and {found[0], number} != {1, 2}:
                return output(1)
            data = found[1].replace("%SystemDrive%", "C:") if method == "GetExpandedStringValue" else found[1]
            return output(**{"uValue" if number in (3, 4, 11) else "sValue": data})

        return get

    def _setter(self, number: int) -> Callable[..., Instance]:
        def put(hDefKey: int, sSubKeyName: str, sValueName: str, uValue: Any = None, sValue: Any = None) -> Instance:
            if sSubKeyName not in self.keys:
                return output(2)
            self.keys[sSubKeyName][sValueName] = (number, uValue if uValue is not None else sValue)
            return output()

        return put

    def _create(self, hDefKey: int, sSubKeyName: str) -> Instance:
        self.keys.setdefault(sSubKeyName, {})
        return output()

    def _delete_value(self, hDefKey: int, sSubKeyName: str, sValueName: str) -> Instance:
        return output(0 if self.keys.get(sSubKeyName, {}).pop(sValueName, None) else 2)

    def _delete_key(self, hDefKey: int, sSubKeyName: str) -> Instance:
        return output(0 if self.keys.pop(sSubKeyName, None) is not None else 2)


_KINDS = {"String": 1, "ExpandedString": 2, "Binary": 3, "DWORD": 4, "MultiString": 7, "QWORD": 11}
