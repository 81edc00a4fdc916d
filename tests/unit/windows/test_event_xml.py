# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events in XML: what a shell cuts, mixes and damages never raises, and never hides the events around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.event_xml import parse
from tests.unit.windows.eventlog import event

ONE = event("System", "Schannel", 36870, Type="server", ErrorCode="0x8009030d", ErrorStatus="10001")
TWO = event("System", "TermDD", 56, r"\Device\Termdd", "192.0.2.7", binary="0000000030030980")


def test_named_and_unnamed_data_and_binary_are_read() -> None:
    (first, second), damaged = parse(ONE + TWO)
    assert damaged == 0
    assert (first.log, first.provider, first.id) == ("System", "Schannel", 36870)
    assert first.time is not None and first.time.isoformat() == "2026-11-22T18:30:00+00:00"
    assert first.data == {"Type": "server", "ErrorCode": "0x8009030d", "ErrorStatus": "10001"}
    assert second.strings == (r"\Device\Termdd", "192.0.2.7")
    assert second.binary[-4:] == bytes.fromhex("30030980")


def test_user_data_has_named_children() -> None:
    text = ONE.replace("EventData>", "UserData>").replace(
        ONE.partition("<EventData>")[2].partition("</EventData>")[0],
        "<EventXML xmlns='Event_NS'><Session>2</Session><Reason>5</Reason></EventXML>",
    )
    ((record,), _damaged) = parse(text)
    assert record.data == {"Session": "2", "Reason": "5"}


@pytest.mark.parametrize(
    ("text", "ids", "damaged"),
    [
        ("", [], 0),
        ("Der Befehl wurde ausgef\ufffdhrt.", [], 0),
        ("\ufeff" + ONE + "#1234 0. \r\n" + TWO, [36870, 56], 0),
        (ONE + TWO[: len(TWO) // 2], [36870], 1),
        (ONE[:40], [], 1),
        (ONE[: len(ONE) // 2] + TWO, [56], 1),
        (ONE.replace("<Level>", "<Level"), [], 1),
        (ONE.replace("server", "ser\x01ver\ufffd"), [36870], 0),
        ("\0".join(ONE), [36870], 0),
        (ONE.replace("36870", "many"), [], 1),
        (ONE.replace("0x8009030d", "x" * 300_000) + TWO, [56], 1),
        ("<!DOCTYPE e [<!ENTITY x 'y'>]>" + ONE, [36870], 0),
        (ONE.replace("<System>", "<System>&undefined;") + TWO, [56], 1),
        (ONE.replace("2026-11-22T18:30:00.1234567Z", "never"), [36870], 0),
        (TWO.replace("30030980", "3003098"), [56], 0),
    ],
)
def test_what_is_damaged_is_counted_and_the_rest_is_read(text: str, ids: list[int], damaged: int) -> None:
    records, bad = parse(text)
    assert ([record.id for record in records], bad) == (ids, damaged)


@given(st.text(alphabet=st.sampled_from("<>/Event =' System&;\0\x01"), max_size=400))
def test_nothing_raises(text: str) -> None:
    parse(text)
    parse(ONE + text + TWO)


def test_a_flood_takes_no_more_than_its_length() -> None:
    records, _damaged = parse(ONE * 2000)
    assert len(records) == 2000
    assert parse("<Event " * 200_000)[1] == 1
    assert parse("<Event " * 200_000 + "</Event>")[1] == 200_000
