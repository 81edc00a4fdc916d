# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose registry and WMI rows a test writes down; what is not written down is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.unit.windows.fake import FakeRegistry, FakeSession

Keys = Mapping[str, Mapping[str, tuple[int, Any]]]
SZ, DWORD, MULTI_SZ = 1, 4, 7
NO_NAMESPACE = WSManFault(wmi_code=0x8004100E)
NO_CLASS = WSManFault(wmi_code=0x80041010)
DENIED = WSManFault(wmi_code=0x80041003)


def row(class_name: str = "", **values: Any) -> Instance:
    """An instance as it comes: all text, arrays as several, nulls left out."""
    instance = Instance(class_name)
    for name, value in values.items():
        for item in value if isinstance(value, (list, tuple, bytes)) else [value]:
            if item is not None:
                instance.add(name, str(item))
    return instance


def host_of(
    keys: Keys | None = None,
    rows: Mapping[str, list[Instance] | Exception | Callable[[str], list[Instance]]] | None = None,
    answers: Mapping[str, Callable[..., Instance]] | None = None,
    *,
    build: int = 20348,
    product_type: int = 3,
) -> tuple[Host, FakeSession]:
    """``keys`` without HKLM; ``rows`` by class, an exception is raised; ``answers`` by method."""
    session = FakeRegistry({path: dict(values) for path, values in (keys or {}).items()}).session
    session.answers.update(answers or {})
    windows = row(
        "Win32_OperatingSystem",
        BuildNumber=build,
        ProductType=product_type,
        CSName="WIN01",
        WindowsDirectory=r"D:\Windows",
    )
    for name, found in {"Win32_OperatingSystem": [windows], **(rows or {})}.items():
        session.rows[name] = found if callable(found) else _answer(found)
    return Host(cast(Session, session), Deadline(60)), session


def _answer(found: list[Instance] | Exception) -> Callable[[str], list[Instance]]:
    def answer(_wql: str) -> list[Instance]:
        if isinstance(found, Exception):
            raise found
        return found

    return answer
