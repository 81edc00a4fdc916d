# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events counted by id, address and telling value, the same in every language."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import CLIENT_QUESTIONS, HOST_QUESTIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import events as area
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.events import address, commands
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import EventCount, Events
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import ask
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.eventlog import event, host, no_shell, wevtutil

CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
SCM = "Service Control Manager"
TERM_SERVICE = "TermService\0".encode("utf-16-le").hex()


def read(asked: Any, questions: Any = HOST_QUESTIONS) -> Events:
    return area.read(asked, ask(asked, commands(questions)), questions)


def seen(*events: str, **options: Any) -> dict[int, EventCount]:
    found = read(host(wevtutil(*events), **options))
    assert (found["status"], found["hours"], found["method"], found["unread"]) == ("ok", 72, "wevtutil", [])
    return {each["id"]: each for each in found["seen"]}


def test_nothing_happened() -> None:
    assert seen() == {}


def test_a_key_that_can_not_be_read() -> None:
    (count,) = seen(
        event("System", "Schannel", 36870, time="2026-11-22T18:00:00Z", Type="server", ErrorCode="0x8009030d"),
        event("System", "Schannel", 36870, time="2026-11-21T06:00:00Z", Type="server", ErrorCode="0x8009030D"),
        event("System", "Schannel", 36870, time="2026-11-20T06:00:00Z", Type="client", ErrorCode="2148073494"),
    ).values()
    assert (count["log"], count["provider"], count["count"], count["more"]) == ("System", "Schannel", 3, False)
    assert (count["first"], count["last"]) == ("2026-11-20T06:00:00Z", "2026-11-22T18:00:00Z")
    assert count["by_value"] == {"0x8009030D": 2, "0x80090016": 1}
    assert count["fields"] == {"Type": "server", "ErrorCode": "0x8009030D"}


def test_connections_are_counted_by_address_without_port() -> None:
    def accepted(client: str) -> str:
        return event(f"{CORE}/Operational", CORE, 131, ConnType="TCP", ClientIP=client)

    clients = ["192.0.2.1:54321", "192.0.2.1:54322", "[2001:db8::1]:4", "[fe80::1%12]:5", "198.51.100.9", "LOCAL", ""]
    count = seen(*map(accepted, clients))[131]
    assert count["by_address"] == {"192.0.2.1": 2, "198.51.100.9": 1, "2001:db8::1": 1, "fe80::1": 1}
    assert list(count["by_address"])[0] == "192.0.2.1"
    assert (count["count"], count["by_value"]) == (7, {"TCP": 7})


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("192.0.2.1:54321", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[::1]:3389", "::1"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%4", "fe80::1"),
        ("host.example.com:1", ""),
        ("[", ""),
        ("", ""),
    ],
)
def test_addresses(text: str, bare: str) -> None:
    assert address(text) == bare


def test_a_flood_is_cut_and_said_to_be_more() -> None:
    def failed(number: int) -> str:
        return event(f"{CORE}/Operational", CORE, 140, IPString=f"192.0.2.{number % 40}")

    count = seen(*(failed(number) for number in range(1000)))[140]
    assert (count["count"], count["more"]) == (200, True)
    assert len(count["by_address"]) == 20


def test_the_status_of_a_connection_that_was_cut_is_in_its_binary_data() -> None:
    """The newest byte last: 30 03 09 80 is 0x80090330 (recorded, and explained by Microsoft's staff)."""
    binary = "00050600010000000000000038000AC00000000039000AC00000000000000000000000000000000030030980"
    count = seen(event("System", "TermDD", 56, r"\Device\Termdd", "192.0.2.7", binary=binary))[56]
    assert count["by_value"] == {"0x80090330": 1}
    assert count["by_address"] == {"192.0.2.7": 1}
    assert count["fields"]["Device"] == r"\Device\Termdd"
    short = seen(event("System", "TermDD", 56, r"\Device\Termdd", binary="00"))[56]
    assert (short["by_value"], short["by_address"]) == ({}, {})


def test_a_certificate_is_named_by_its_thumbprint() -> None:
    log = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
    count = seen(event("System", log, 1056, "win01", binary="59eff2e3b509c83137e81085e02a1ac63a7e61aa"))[1056]
    assert count["fields"] == {"Name": "win01", "Thumbprint": "59EFF2E3B509C83137E81085E02A1AC63A7E61AA"}
    assert list(count["by_value"]) == ["59EFF2E3B509C83137E81085E02A1AC63A7E61AA"]


# -- services ---------------------------------------------------------------------------------------------------------


def services(_wql: str) -> list[Instance]:
    return [Instance("Win32_Service", {"Name": "TermService", "DisplayName": "Remotedesktopdienste"})]


def test_a_service_is_known_by_the_key_name_in_the_binary_data() -> None:
    spooler = event("System", SCM, 7031, param1="Druckwarteschlange", binary="530070006F006F006C00650072000000")
    ours = event("System", SCM, 7031, param1="Remotedesktopdienste", param2="1", binary=TERM_SERVICE)
    lower = event("System", SCM, 7023, param1="x", param2="%%126", binary="termservice".encode("utf-16-le").hex())
    found = seen(spooler, ours, lower)
    assert found[7031]["by_value"] == {"TermService": 1}
    assert found[7031]["fields"] == {"param1": "Remotedesktopdienste", "param2": "1", "Service": "TermService"}
    assert found[7023]["by_value"] == {"TermService": 1}
    assert found[7023]["fields"]["Error"] == "126"


def test_without_binary_data_the_hosts_own_display_names_decide() -> None:
    asked = host(
        wevtutil(
            event("System", SCM, 7022, param1="Remotedesktopdienste"),
            event("System", SCM, 7011, param1="30000", param2="TermService"),
            event("System", SCM, 7022, param1="Druckwarteschlange"),
        ),
        {"Win32_Service": services},
    )
    found = {each["id"]: each["by_value"] for each in read(asked)["seen"]}
    assert found == {7022: {"TermService": 1}, 7011: {"TermService": 1}}
    assert len(asked.session.queries) == 1


def test_display_names_are_not_asked_for_in_vain() -> None:
    asked = host(wevtutil(event("System", SCM, 7031, param1="x", binary=TERM_SERVICE)))
    assert read(asked)["seen"] and asked.session.queries == []


# -- other ways -------------------------------------------------------------------------------------------------------


def test_insertion_strings_get_the_names_of_the_templates() -> None:
    def rows(wql: str) -> list[Instance]:
        if "36888" not in wql:
            return []
        strings = ["40", "1205", "", "four"]
        values = {"EventCode": "36888", "TimeGenerated": "20261122100000.000000+060", "InsertionStrings": strings}
        return [Instance("Win32_NTLogEvent", values)]

    found = read(host(no_shell, {"Win32_NTLogEvent": rows}))
    (count,) = found["seen"]
    assert count["fields"] == {"AlertDesc": "40", "ErrorState": "1205", "TargetName": "", "param4": "four"}
    assert (count["by_value"], count["last"]) == ({"40": 1}, "2026-11-22T09:00:00Z")
    assert found["method"] == "Win32_NTLogEvent" and len(found["unread"]) == 4


def test_a_client_counts_the_reasons_that_its_own_connections_ended_for() -> None:
    log = "Microsoft-Windows-TerminalServices-RDPClient/Operational"
    provider = "Microsoft-Windows-TerminalServices-ClientActiveXCore"
    ended = event(log, provider, 1026, Name="Disconnect Reason", Value="2308", CustomLevel="Info")
    found = read(host(wevtutil(ended, ended)), CLIENT_QUESTIONS)
    assert [each["by_value"] for each in found["seen"]] == [{"2308": 2}]
