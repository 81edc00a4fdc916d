# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WQL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import wql
from tests.lab.object_path import ObjectPath

ROWS: list[dict[str, Any]] = [
    {"name": "TermService", "state": "Running", "processid": 10, "started": True, "note": None},
    {"name": "UmRdpService", "state": "Stopped", "processid": 0, "started": False, "note": "a_b%"},
    {"name": "C:\\Windows\\x's", "state": "Stopped", "processid": 7, "started": False, "note": "axb"},
]


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("Name='termservice'", [0]),
        ("Name = \"TermService\" OR Name='UmRdpService'", [0, 1]),
        ("NOT Name='TermService'", [1, 2]),
        ("ProcessId > 5 AND ProcessId <= 10", [0, 2]),
        ("5 < ProcessId", [0, 2]),
        ("Started = TRUE", [0]),
        ("Note IS NULL", [0]),
        ("Note IS NOT NULL", [1, 2]),
        ("Name LIKE '%service'", [0, 1]),
        ("Note LIKE 'a_b'", [2]),
        ("Note LIKE 'a[_]b%'", [1]),
        ("Name NOT LIKE '%Rdp%'", [0, 2]),
        ("Name='C:\\\\Windows\\\\x\\'s'", [2]),
        ("(State='Stopped' AND ProcessId=0) OR Started=True", [0, 1]),
        ("State <> 'Stopped'", [0]),
        ("State != 'Stopped'", [0]),
    ],
)
def test_where(where: str, wanted: list[int]) -> None:
    query = wql.parse(f"SELECT * FROM Win32_Service WHERE {where}")
    assert isinstance(query, wql.Select) and query.where is not None
    assert [number for number, row in enumerate(ROWS) if query.where(row)] == wanted


def test_projection() -> None:
    query = wql.parse("select Name, state from win32_service")
    assert isinstance(query, wql.Select)
    assert query.properties == ("Name", "state") and query.where is None and query.class_name == "win32_service"


def test_associators() -> None:
    text = "ASSOCIATORS OF {Win32_Service.Name='TermService'} WHERE AssocClass=Win32_DependentService Role=Antecedent"
    query = wql.parse(text)
    assert isinstance(query, wql.Associators)
    assert query.path == ObjectPath("Win32_Service", (("Name", "TermService"),))
    assert dict(query.where) == {"assocclass": "win32_dependentservice", "role": "antecedent"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT",
        "SELECT * FROM",
        "SELECT * Win32_Service",
        "SELECT * FROM A WHERE",
        "SELECT * FROM A WHERE B",
        "SELECT * FROM A WHERE B=",
        "SELECT * FROM A WHERE (B=1",
        "SELECT * FROM A WHERE B=1 C=2",
        "SELECT * FROM A WHERE B LIKE 5",
        "SELECT * FROM A WHERE B='x",
        "SELECT * FROM A; DROP",
        "ASSOCIATORS OF {nonsense}",
    ],
)
def test_errors(text: str) -> None:
    with pytest.raises(wql.WqlError):
        wql.parse(text)
