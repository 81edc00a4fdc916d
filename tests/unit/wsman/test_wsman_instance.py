# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading properties by the type that the caller knows."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

ROW = Instance(
    "Win32_Thing",
    {
        "Name": " kept ",
        "Empty": "",
        "Null": None,
        "Count": " 4294967295\n",
        "Low": "-1",
        "Yes": "TRUE",
        "No": "0",
        "Several": ["a", "b"],
        "Bytes": ["0", "255"],
        "Mixed": ["1", None, "3"],
        "Inner": Instance("Win32_Inner", {"X": "1"}),
    },
)


def test_names_in_any_case() -> None:
    assert ROW.text("NAME") == ROW.text("name") == " kept "
    assert ROW.names[:2] == ["Name", "Empty"]


def test_null_and_absent_give_the_default() -> None:
    assert ROW.text("Null") is None and ROW.text("Absent", "x") == ROW.text("Null", "x") == "x"
    assert ROW.integer("Null", 7) == ROW.integer("Absent", 7) == 7
    assert ROW.boolean("Null", True) is True and ROW.boolean("Absent") is None
    assert ROW.datetime("Null") is None and ROW.instance("Absent") is None
    assert ROW.texts("Absent") == []
    assert ROW.integers("Null") == []
    assert ROW.instances("Null") == []
    assert ROW.has("null") and not ROW.has("Absent")
    assert ROW.text("Empty", "x") == ""


def test_numbers_booleans_and_arrays() -> None:
    assert (ROW.integer("Count"), ROW.integer("Low")) == (4294967295, -1)
    assert (ROW.boolean("Yes"), ROW.boolean("No")) == (True, False)
    assert ROW.texts("Several") == ["a", "b"]
    assert ROW.texts("Name") == [" kept "]
    assert bytes(ROW.integers("Bytes")) == b"\x00\xff"
    assert ROW.integers("Mixed") == [1, 3]
    inner = ROW.instance("Inner")
    assert inner is not None and inner.integer("x") == 1
    assert ROW.instances("Inner") == [inner]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2013-04-15T16:28:38.376625Z", datetime(2013, 4, 15, 16, 28, 38, 376625, timezone.utc)),
        ("2013-04-15T16:28:39.5Z", datetime(2013, 4, 15, 16, 28, 39, 500000, timezone.utc)),
        ("2013-04-25T21:23:39.000000000Z", datetime(2013, 4, 25, 21, 23, 39, 0, timezone.utc)),
        ("2013-04-15T18:00:00+02:00", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
        ("2013-04-15T10:30:00-05:30", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
        ("2013-04-15T16:00:00", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
        ("20130415162838.376625+000", datetime(2013, 4, 15, 16, 28, 38, 376625, timezone.utc)),
        ("20130415180000.000000+120", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
        ("20130415080000.000000-480", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
        ("20130415160000.******+***", datetime(2013, 4, 15, 16, 0, 0, 0, timezone.utc)),
    ],
)
def test_both_forms_of_a_date(value: str, moment: datetime) -> None:
    found = Instance("C", {"When": value}).datetime("When")
    assert found == moment
    assert found is not None and found.tzinfo is timezone.utc


@pytest.mark.parametrize(
    ("read", "name", "value"),
    [
        ("integer", "Count", "12x"),
        ("integer", "Count", "1_000"),
        ("integer", "Count", "٣"),
        ("integer", "Count", "9" * 400),
        ("boolean", "On", "yes"),
        ("datetime", "When", "20131301000000.000000+000"),
        ("datetime", "When", "yesterday"),
        ("datetime", "When", "0001-01-01T00:00:00+01:00"),
        ("datetime", "When", "00000001000000.000000:000"),
        ("integers", "Bytes", "x"),
        ("instance", "Inner", "text"),
        ("instances", "Inner", "text"),
    ],
)
def test_what_does_not_convert_names_class_property_and_value(read: str, name: str, value: str) -> None:
    row = Instance("Win32_Thing", {name: value})
    with pytest.raises(WSManProtocolError) as caught:
        getattr(row, read)(name.lower())
    text = str(caught.value)
    assert f"The property {name} of Win32_Thing is" in text
    assert value[:10].isascii() is False or value[:10] in text
    assert len(text) < 300


def test_one_value_is_not_made_of_several_nor_text_of_an_object() -> None:
    with pytest.raises(WSManProtocolError, match="'2 values', not one value"):
        ROW.text("Several")
    with pytest.raises(WSManProtocolError, match="object of class Win32_Inner', not text"):
        ROW.text("Inner")
    with pytest.raises(WSManProtocolError, match="not text"):
        ROW.texts("Inner")


def test_a_repr_shows_no_value() -> None:
    assert repr(Instance("C", {"Password": "secret"})) == "Instance(C: Password)"
