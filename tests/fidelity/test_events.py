# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded events of Windows 7 to Server 2022 through the reader of events, and the catalogue beside what they hold."""

from __future__ import annotations

import re

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import HOST_QUESTIONS, Kind, Question
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.events import fields
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.event_xml import Record, parse
from tests.fidelity import samples

EVENTS = samples.matching(r"evtx-extracted-xml/.*\.xml") + samples.matching(r"text-samples/schannel_.*\.xml")
KINDS = {(each.provider, kind.id): (each, kind) for each in HOST_QUESTIONS for kind in each.kinds}


def text(path: str) -> str:
    return samples.sample(path).decode("utf-8-sig")


def read(path: str) -> Record:
    (record,), damaged = parse(text(path))
    assert damaged == 0
    return record


def nobody(_record: Record) -> str:
    """No service."""
    return ""


def catalogued(record: Record) -> tuple[Question, Kind] | None:
    return KINDS.get((record.provider, record.id))


@pytest.mark.parametrize("path", EVENTS)
def test_a_recorded_event_is_read_as_another_reader_reads_it(path: str) -> None:
    record, root = read(path), samples.parsed(samples.sample(path))
    by_name = {samples.local(element): element for element in root.iter()}
    assert record.log == by_name["Channel"].text
    assert record.provider == by_name["Provider"].get("Name")
    assert str(record.id) == by_name["EventID"].text
    assert record.time is not None
    assert record.time.strftime("%Y-%m-%dT%H:%M:%S") == str(by_name["TimeCreated"].get("SystemTime"))[:19]
    data = [element for element in root.iter() if samples.local(element) == "Data"]
    named = {str(element.get("Name")): samples.squeezed(element.text) for element in data if element.get("Name")}
    if "EventXML" in by_name:
        named |= {samples.local(element): samples.squeezed(element.text) for element in by_name["EventXML"]}
    assert {name: samples.squeezed(value) for name, value in record.data.items()} == named
    unnamed = [samples.squeezed(element.text) for element in data if not element.get("Name")]
    assert [samples.squeezed(value) for value in record.strings] == unnamed
    assert (
        record.binary.hex().upper() == samples.squeezed(by_name["Binary"].text if "Binary" in by_name else "").upper()
    )


def test_all_of_them_in_one_text_without_a_root() -> None:
    """As wevtutil prints them: one after the other, single quotes around attributes, whatever the shell adds."""
    whole = [text(path).partition("?>")[2] or text(path) for path in EVENTS]
    records, damaged = parse("\ufeff" + "#mark 0. \r\n".join(whole) + whole[0][: len(whole[0]) // 2])
    assert [(each.provider, each.id) for each in records] == [(each.provider, each.id) for each in map(read, EVENTS)]
    assert damaged == 1
    quoted, _damaged = parse(text(EVENTS[0]).replace('"', "'"))
    assert quoted == [read(EVENTS[0])]


def test_catalogued_events_have_the_fields_that_tell_them_apart() -> None:
    found = set()
    for record in map(read, EVENTS):
        known = catalogued(record)
        if known is None:
            continue
        question, kind = known
        assert record.log == question.log
        shown = fields(record, kind, nobody)
        assert kind.value == "" or shown.get(kind.value), (record, kind)
        assert len(record.strings) <= len(kind.names)
        found.add(record.id)
    assert found == {36870, 36887, 36888, 1056, 258, 261}


def test_the_service_control_manager_names_a_service_in_utf_16_up_to_a_slash() -> None:
    """7036 is not asked for, but the others have the same binary data."""
    recorded = [read(path) for path in EVENTS if "Service-Control-Manager" in path]
    assert recorded
    for record in recorded:
        name, _slash, rest = record.binary.decode("utf-16-le").partition("/")
        assert re.fullmatch(r"\w+", name) and rest.endswith("\0")


def test_data_of_schannel_stands_in_the_order_of_the_templates() -> None:
    """Win32_NTLogEvent gives insertion strings without names."""
    lines = samples.sample("text-samples/schannel_provider_message_templates.tsv").decode().splitlines()[1:]
    templates = {int(line.split("\t")[1]): re.findall(r"\{(\w+)\}", line) for line in lines}
    compared = 0
    for (provider, number), (_question, kind) in KINDS.items():
        if provider == "Schannel" and number in templates:
            shown = templates[number]
            assert [name for name in kind.names if name in shown] == shown, kind
            compared += 1
    assert compared == 6


@pytest.mark.parametrize("path", samples.matching(r"text-samples/schannel_\d+_event\.txt"))
def test_an_event_as_text_says_what_the_same_one_says_as_xml(path: str) -> None:
    record, shown = read(path.replace(".txt", ".xml")), samples.sample(path).decode()
    known = catalogued(record)
    assert known is not None
    assert f"Event ID:      {record.id}" in shown
    values = {name: value for name, value in fields(record, known[1], nobody).items() if name != "Type"}
    assert values and all(re.search(rf"\b{value}\b", shown, re.IGNORECASE) for value in values.values())


def test_published_failures_are_all_asked_for() -> None:
    """Microsoft's and others' texts of what a listener without a usable certificate logs."""
    shown = samples.sample("text-samples/rdp_cert_events_1057_1058_and_schannel_36870_36871.txt").decode()
    numbers = {int(number) for number in re.findall(r"Event ID:? +(\d+)", shown)}
    assert numbers == {36870, 36871, 1057, 1058}
    assert numbers <= {number for _provider, number in KINDS}


def test_the_old_interface_names_remote_connection_manager_otherwise() -> None:
    shown = samples.sample("text-samples/psloglist_1056_TermService_win10_19041.txt").decode()
    (source,) = re.findall(r"\] (\S+)\s+Type:.*\s+Computer:.*\s+Time:.*ID:\s+1056", shown)
    question, _kind = KINDS["Microsoft-Windows-TerminalServices-RemoteConnectionManager", 1056]
    assert source in question.sources
