# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event logs through the remote shell, and through WMI where there is none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import CLIENT_QUESTIONS, HOST_QUESTIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import events
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.events import Answers, commands, wql, xpath
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import MAX_COMMAND, ask, command_line
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManTimeout
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult
from tests.unit.windows.eventlog import at, event, host, no_shell, refuse, wevtutil
from tests.unit.wsman.samples import ScriptedTransport, envelope, fault

CREDENTIALS, ALERTS = HOST_QUESTIONS[:2]
RCM = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
KEY = event("System", "Schannel", 36870, Type="server", ErrorCode="0x8009030d", ErrorStatus="10001")
CHANNELS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels"
ACCESS_DENIED = WSManFault(5)


def read(asked: Any, questions: Any, hours: int) -> Answers:
    return events.read(asked, questions, hours, ask(asked, commands(questions, hours)))


# -- the questions ----------------------------------------------------------------------------------------------------


def test_all_questions_fit_into_one_command_line() -> None:
    line = command_line(commands(HOST_QUESTIONS, 72), "#0123456789abcdef")
    assert len(line) < MAX_COMMAND - 500  # there are commands for other areas in the line
    assert line.count("wevtutil.exe qe ") == line.count("&& echo #0123456789abcdef ") == len(HOST_QUESTIONS)
    assert "%" not in line and "\n" not in line


@pytest.mark.parametrize("question", [*HOST_QUESTIONS, *CLIENT_QUESTIONS], ids=lambda each: f"{each.kinds[0].id}")
def test_a_question_stays_within_what_windows_takes(question: Any) -> None:
    """20 expressions of XPath, and no character that ends the quotes of cmd.exe or of XPath."""
    query = xpath(question, 24)
    assert len(re.findall("=|\\[", query)) <= 20
    asked = {int(number) for number in re.findall(r"EventID=(\d+)", query)}
    for low, high in re.findall(r"\(EventID >= (\d+) and EventID <= (\d+)\)", query):
        asked |= set(range(int(low), int(high) + 1))
    assert asked == {kind.id for kind in question.kinds}
    assert "timediff(@SystemTime) <= 86400000" in query
    assert '"' not in query and query.count("'") == 2
    assert len({kind.id for kind in question.kinds}) == len(question.kinds)


@pytest.mark.parametrize(
    "kind", [kind for each in HOST_QUESTIONS for kind in each.kinds], ids=lambda each: f"{each.id}"
)
def test_an_entry_of_the_catalogue_is_whole(kind: Any) -> None:
    assert kind.meaning and kind.source and kind.strength in ("A", "B", "C", "MEM")
    computed = {"status": "Status", "service": "Service", "thumbprint": "Thumbprint"}
    if kind.binary:
        assert kind.value == computed[kind.binary]
    elif kind.names:
        assert kind.value in ("", *kind.names)
    assert not (kind.names and kind.address) or kind.address in kind.names


def test_no_event_is_asked_for_twice() -> None:
    asked = [(each.log, each.provider, kind.id) for each in HOST_QUESTIONS for kind in each.kinds]
    assert len(asked) == len(set(asked))


def test_wmi_is_always_asked_with_time_and_ids() -> None:
    query = wql(ALERTS, at(18))
    assert "Logfile = 'System' AND TimeGenerated >= '20261122180000.000000+000'" in query
    assert "(SourceName = 'Schannel') AND (EventCode = 36887 OR EventCode = 36888)" in query


# -- through the shell ------------------------------------------------------------------------------------------------


def test_events_go_to_their_questions() -> None:
    alert = event("System", "Schannel", 36887, AlertDesc="70")
    other = event("System", "Other", 36887, AlertDesc="70")
    elsewhere = event("Application", "Schannel", 36887, AlertDesc="70")
    found = read(host(wevtutil(KEY, alert, other, elsewhere)), HOST_QUESTIONS, 72)
    assert found.method == "wevtutil" and found.unread == []
    assert [record.id for record in found.records[CREDENTIALS]] == [36870]
    assert [record.data["AlertDesc"] for record in found.records[ALERTS]] == ["70"]
    assert set(found.records) == set(HOST_QUESTIONS)


def test_every_run_has_marks_of_its_own() -> None:
    """So that an event can not hold the mark of a question that failed."""
    seen = host(wevtutil())
    read(seen, HOST_QUESTIONS, 72)
    read(seen, HOST_QUESTIONS, 72)
    assert len(seen.lines) == 2 and seen.lines[0] != seen.lines[1]


def test_a_log_that_this_windows_lacks_is_named_and_the_others_are_read() -> None:
    core, admin = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", f"{RCM}/Admin"
    keys = (rf"{CHANNELS}\{admin}",)
    found = read(host(wevtutil(KEY, failing=(core, admin)), keys=keys), HOST_QUESTIONS, 72)
    assert found.unread == [f"{admin}: wevtutil could not read it", f"{core}: this Windows has no such log"]
    assert [record.id for record in found.records[CREDENTIALS]] == [36870]


def test_logs_that_take_too_long_lose_what_is_behind_them_alone() -> None:
    core = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational"
    found = read(host(wevtutil(KEY, failing=(f"{RCM}/Admin",), late=(core,))), HOST_QUESTIONS, 72)
    assert [record.id for record in found.records[CREDENTIALS]] == [36870]
    assert [line.partition(":")[0] for line in found.unread] == [
        f"{RCM}/Admin",
        core,
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    ]
    assert "90 s" in found.unread[1] and "90 s" not in found.unread[0]


def test_thousands_of_events_are_cut_at_the_limit() -> None:
    many = event("System", "Schannel", 36887, AlertDesc="48") * 3000
    found = read(host(wevtutil(many)), HOST_QUESTIONS, 72)
    assert len(found.records[ALERTS]) == ALERTS.limit


def test_what_is_damaged_is_said() -> None:
    found = read(host(wevtutil(KEY, KEY[:90])), (CREDENTIALS,), 72)
    assert found.unread == ["1 events: what wevtutil wrote of them is not readable"]
    assert len(found.records[CREDENTIALS]) == 1


# -- through WMI ------------------------------------------------------------------------------------------------------


def logged(hour: int, code: int, *strings: str, data: tuple[int, ...] = ()) -> Instance:
    values = {"EventCode": str(code), "TimeGenerated": f"20261122{hour:02}0000.000000-000"}
    return Instance(
        "Win32_NTLogEvent", {**values, "InsertionStrings": list(strings), "Data": [str(each) for each in data]}
    )


def rows(wql: str) -> list[Instance]:
    if "36870" in wql:
        return [
            logged(9, 36870, "server", "0x8009030D", "10001"),
            logged(11, 36870, "server", "0x80090016", "10001"),
            logged(12, 1),
        ]
    if "EventCode = 56" in wql:
        return [logged(10, 56, r"\Device\Termdd", "192.0.2.7", data=(0, 0, 48, 3, 9, 128))]
    return []


@pytest.mark.parametrize("shell", [no_shell, lambda _line: CommandResult("", "'wevtutil.exe' is not recognized", 1)])
def test_without_wevtutil_the_classic_logs_are_read(shell: Any) -> None:
    asked = host(shell, {"Win32_NTLogEvent": rows})
    found = read(asked, HOST_QUESTIONS, 24)
    assert found.method == "Win32_NTLogEvent"
    newest, oldest = found.records[CREDENTIALS]
    assert (newest.time, newest.strings) == (at(11), ("server", "0x80090016", "10001"))
    assert oldest.time == at(9)
    (cut,) = found.records[HOST_QUESTIONS[3]]
    assert cut.binary == bytes.fromhex("000030030980")
    assert len(asked.session.queries) == 5
    assert all("TimeGenerated >= '20261121200000.000000+000'" in query for query in asked.session.queries)
    logs = [line.partition(":")[0] for line in found.unread]
    assert logs == list(dict.fromkeys(each.log for each in HOST_QUESTIONS if each.log != "System"))


def test_one_question_that_fails_leaves_the_others() -> None:
    def some(wql: str) -> list[Instance]:
        if "1057" in wql:
            raise ACCESS_DENIED
        return rows(wql)

    found = read(host(no_shell, {"Win32_NTLogEvent": some}), HOST_QUESTIONS, 24)
    assert found.unread[0].startswith(f"System, {RCM}: ")
    assert len(found.records) == 4


def test_a_host_that_shows_no_log_says_why() -> None:
    with pytest.raises(WSManFault) as raised:
        read(host(no_shell, {"Win32_NTLogEvent": refuse(ACCESS_DENIED)}), HOST_QUESTIONS, 24)
    assert raised.value.is_access_denied
    with pytest.raises(WindowsError, match="remote shell"):
        read(host(no_shell), CLIENT_QUESTIONS, 24)


# -- the shell itself -------------------------------------------------------------------------------------------------


def test_a_refused_shell_is_asked_for_once() -> None:
    transport = ScriptedTransport(fault(5, "Access is denied.", "w:AccessDenied"))
    tools = Tools(Session(transport, "win01", Deadline(60)))
    assert tools.output("netstat.exe -ano", Deadline(60)) is None
    assert tools.output("netstat.exe -ano", Deadline(60)) is None
    assert len(transport.sent) == 1


def test_what_a_command_writes_comes_back() -> None:
    shell = envelope('<rsp:Shell><rsp:ShellId>S1</rsp:ShellId></rsp:Shell><w:Selector Name="ShellId">S1</w:Selector>')
    command = envelope("<rsp:CommandResponse><rsp:CommandId>C1</rsp:CommandId></rsp:CommandResponse>")
    done = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"
    received = envelope(
        '<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="C1">NDINCg==</rsp:Stream>'
        f'<rsp:CommandState CommandId="C1" State="{done}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>'
        "</rsp:ReceiveResponse>"
    )
    transport = ScriptedTransport(shell, command, received, envelope(""), envelope(""))
    found = Tools(Session(transport, "win01", Deadline(60))).output("dir /b | find.exe /c /v x", Deadline(60))
    assert found == CommandResult("42\r\n", "", 0)


def test_what_was_written_before_the_time_was_over_comes_back() -> None:
    """For a command that reads; one that writes is in doubt."""
    shell = envelope('<rsp:Shell><rsp:ShellId>S1</rsp:ShellId></rsp:Shell><w:Selector Name="ShellId">S1</w:Selector>')
    command = envelope("<rsp:CommandResponse><rsp:CommandId>C1</rsp:CommandId></rsp:CommandResponse>")
    received = envelope(
        '<rsp:ReceiveResponse><rsp:Stream Name="stdout" CommandId="C1">NDINCg==</rsp:Stream></rsp:ReceiveResponse>'
    )
    over = WSManTimeout("the command dir", 30)
    transport = ScriptedTransport(shell, command, received, over, envelope(""), envelope(""))
    found = Tools(Session(transport, "win01", Deadline(60))).output("dir /b /s", Deadline(60))
    assert found == CommandResult("42\r\n", "", None)
    transport = ScriptedTransport(shell, command, received, over, envelope(""), envelope(""))
    with pytest.raises(WSManTimeout) as raised:
        Tools(Session(transport, "win01", Deadline(60))).run("dir /b /s", Deadline(60))
    assert raised.value.in_doubt
