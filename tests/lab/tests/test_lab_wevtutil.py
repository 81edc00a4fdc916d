# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wevtutil and Win32_NTLogEvent: queries, exit codes and output; over a real connection where that matters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from winrm.exceptions import WSManFaultError

from tests.lab.model import event_types as types
from tests.lab.model.host import Host
from tests.lab.native.event_query import InvalidQuery, compile_query
from tests.lab.native.result import Result
from tests.lab.native.runner import run_command_line
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import pywinrm, query, texts

MakeHost = Callable[..., Host]
NS = "{http://schemas.microsoft.com/win/2004/08/events/event}"
EVENTS = [
    {"id": 36870, "ago": 30, "data": {"ErrorCode": "0x8009030d", "ErrorStatus": "10001"}},
    {"id": 36888, "ago": 20, "data": {"AlertDesc": "40", "ErrorState": "1205"}},
    {"id": 1057, "ago": 3000, "data": {"Status": "Keyset does not exist"}},
    {"id": 56, "ago": 10, "binary": "0d0309"},
    {"id": 131, "ago": 5, "count": 2, "address": "192.0.2.1"},
    {"id": 4625, "ago": 5, "address": "192.0.2.9"},
]
USERS = [
    {"name": "ansible", "password": "lab-Passw0rd", "admin": True},
    {"name": "helpdesk", "password": "x"},
]


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    return make_host(windows="2019", events=EVENTS, users=USERS)


def wevtutil(host: Host, line: str, user: str = "ansible") -> Result:
    return run_command_line(host, host.users[user].token(host.authority), f"wevtutil {line}")


def ids(result: Result) -> list[int]:
    found = []
    for line in result.stdout.splitlines():
        event = fromstring(line)
        assert isinstance(event, Element)
        found.append(int(event.findtext(f"{NS}System/{NS}EventID") or 0))
    return found


DAY = "TimeCreated[timediff(@SystemTime) <= 86400000]"


@pytest.mark.parametrize(
    ("xpath", "expected"),
    [
        ("*", [1057, 36870, 36888, 56]),
        ("*[System[EventID=56]]", [56]),
        ("*[System/EventID=56]", [56]),
        ("Event/System[EventID=56]", [56]),
        ("Event[System[EventID=56]]", [56]),
        ("*[System[(EventID=56 or EventID=1057)]]", [1057, 56]),
        ("*[System[Provider[@Name='Schannel']]]", [36870, 36888]),
        ("*[System[Provider[@Name='schannel'] and (EventID = 36870 or EventID=56)]]", [36870]),
        (f"*[System[{DAY}]]", [36870, 36888, 56]),
        ("*[System[TimeCreated[timediff(@SystemTime) <= 1500000]]]", [36888, 56]),
        ("*[System[TimeCreated[@SystemTime>='2000-01-01T00:00:00.000Z']]]", [1057, 36870, 36888, 56]),
        ("*[System[Level=2]]", [1057, 36870, 36888, 56]),
        ("*[System[(Level < 2) or (Level >= 3)]]", []),
        ("*[System[EventID != 56]]", [1057, 36870, 36888]),
        ("*[System[EventRecordID > 2]]", [36888, 56]),
        ("*[System[band(Keywords,36028797018963968)]]", [1057, 56]),
        ("*[EventData[Data[@Name='AlertDesc']='40']]", [36888]),
        ("*[EventData[Data='Keyset does not exist']]", [1057]),
        ("*[EventData/Data[@Name='AlertDesc']=40]", [36888]),
        ("*[EventData/*='40']", [36888]),
        ("*[System[EventID=56] and EventData[Binary]]", [56]),
        ("*[System[(Bogus=1)]]", []),
        ("*[position()=1]", [1057, 36870, 36888, 56]),
    ],
)
def test_queries(host: Host, xpath: str, expected: list[int]) -> None:
    result = wevtutil(host, f'qe System /q:"{xpath}"')
    assert (result.code, result.stderr) == (0, "")
    own = {1057, 36870, 36888, 56}
    assert [number for number in ids(result) if number in own] == expected


@pytest.mark.parametrize(
    "xpath",
    ["*[System[", "*[System]]", "[1]", "*[not(EventID=1)]", "*[contains(System,'x')]", "*[System[EventID=]]",
     "*[System[EventID==1]]", "*[System[EventID=1 xor EventID=2]]", "//EventID", "*[System[EventID='1]]", "",
     "<QueryList/>", "*[System[" + " or ".join(f"EventID={number}" for number in range(21)) + "]]"],
)  # fmt: skip
def test_what_is_no_query(xpath: str) -> None:
    with pytest.raises(InvalidQuery):
        compile_query(xpath)


def test_twenty_expressions_are_taken() -> None:
    compile_query("*[System[" + " or ".join(f"EventID={number}" for number in range(20)) + "]]")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("qe NoSuchLog /c:1 /f:text", 15007, "The specified channel could not be found."),
        ("gl NoSuchLog", 15007, "Failed to read configuration for log NoSuchLog."),
        ("qe System /c:1 /f:json", 87, "Invalid value for option f."),
        ("qe", 87, "Required argument(s) is/are not specified."),
        ("qe System /c:0", 87, "Invalid value for property count."),
        ("qe System /c:-5", 87, "Invalid value for property count."),
        ("qe System /zz:true", 87, "Invalid option zz. Option is not valid."),
        ("qe System /q *[System[(Level=1)]]", 87, "Too many arguments are specified."),
        ("qe System /c:1 /f:text /q:*[System[", 15001, "A syntax error occurred at position 9"),
        ("qe System /rd:perhaps", 87, "Invalid option rd. Option is not Boolean."),
        ("cl System", 87, "The parameter is incorrect."),
    ],
)
def test_measured_exit_codes(host: Host, line: str, code: int, said: str) -> None:
    result = wevtutil(host, line)
    assert (result.code, result.stdout) == (code, "")
    assert said in result.stderr.splitlines()


def test_those_who_are_no_administrators_read_nothing(host: Host) -> None:
    result = wevtutil(host, "qe Security /c:1", user="helpdesk")
    assert result.code == 5 and result.stderr.startswith("Access is denied.\r\n")


def test_count_direction_and_forms(host: Host) -> None:
    assert ids(wevtutil(host, 'qe System /c:2 /rd:true /q:"*[System[Level=2]]"')) == [56, 36888]
    rendered = wevtutil(host, 'query-events System /count:1 /f:RenderedXml /q:"*[System[EventID=36888]]"').stdout
    assert "<RenderingInfo Culture='en-US'><Message>A fatal alert was generated" in rendered and rendered.endswith(
        "\r\n"
    )
    text = wevtutil(host, 'qe System /f:text /q:"*[System[EventID=36870]]"').stdout.splitlines()
    assert text[:3] == ["Event[0]:", "  Log Name: System", "  Source: Schannel"] and "  Level: Error" in text
    assert "  User Name: NT AUTHORITY\\SYSTEM" in text
    wrapped = wevtutil(host, "qe System /c:1 /e:root").stdout.splitlines()
    assert (wrapped[0], wrapped[-1]) == ("<root>", "</root>")
    xml = wevtutil(host, f"qe {types.CORE_TS_OPERATIONAL} /c:1").stdout
    assert xml.startswith(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='"
    )
    assert '"' not in xml and xml.count("\r\n") == 1


def test_digits_of_times(make_host: MakeHost) -> None:
    for windows, digits in (("2019", 9), ("2025", 7)):
        host = make_host(windows=windows, events=EVENTS)
        event = fromstring(wevtutil(host, "qe System /c:1").stdout)
        assert isinstance(event, Element)
        created = event.find(f"{NS}System/{NS}TimeCreated")
        assert created is not None
        assert len(created.attrib["SystemTime"].rstrip("Z").partition(".")[2]) == digits


def test_logs_and_their_configuration(host: Host) -> None:
    assert types.RCM_ADMIN in wevtutil(host, "el").stdout.splitlines()
    said = wevtutil(host, f"gl {types.RCM_OPERATIONAL}").stdout.splitlines()
    assert said[:3] == [f"name: {types.RCM_OPERATIONAL}", "enabled: true", "type: Operational"]
    assert f"owningPublisher: {types.RCM}" in said
    assert any(line.endswith("RemoteConnectionManager%4Operational.evtx") for line in said)


def test_a_german_host_says_it_in_german(make_host: MakeHost) -> None:
    host = make_host(language=1031)
    result = wevtutil(host, "qe NoSuchLog")
    assert result.code == 15007 and "Der angegebene Kanal konnte nicht gefunden werden." in result.stderr


@pytest.fixture
def running() -> Iterator[LabHost]:
    with LabThread([scenario(events=EVENTS)], base="127.62.250.0") as lab:
        (host,) = lab.hosts.values()
        yield host


def test_over_winrm(running: LabHost) -> None:
    protocol = pywinrm(running.address)
    shell = protocol.open_shell()
    command = f"wevtutil qe System /q:\"*[System[Provider[@Name='Schannel'] and {DAY}]]\" /c:50 /rd:true /f:xml"
    line = f'{command} & echo --- & wevtutil qe NoSuchLog 2>nul | find /c /v ""'
    command_id = protocol.run_command(shell, line, skip_cmd_shell=False)
    out, err, code = protocol.get_command_output(shell, command_id)
    events, _mark, count = out.decode().partition("--- \r\n")
    assert [int(fromstring(one)[0][1].text or 0) for one in events.splitlines()] == [36888, 36870]
    assert (count, err, code) == ("0\r\n", b"", 1)


def test_a_command_line_has_an_end(running: LabHost) -> None:
    protocol = pywinrm(running.address)
    shell = protocol.open_shell()
    with pytest.raises(WSManFaultError) as error:
        protocol.run_command(shell, "echo " + "x" * 32768)
    assert error.value.wsman_fault_code == 2147942606


def moment(minutes: int) -> str:
    time = dt.datetime.now(dt.timezone.utc) - dt.timedelta(minutes=minutes)
    return time.strftime("%Y%m%d%H%M%S.%f+000")


def test_win32_ntlogevent(running: LabHost) -> None:
    protocol = pywinrm(running.address)
    wanted = (
        "SELECT * FROM Win32_NTLogEvent WHERE Logfile='System' AND (EventCode=36888 OR EventCode=1057 OR EventCode=56)"
    )
    found = query(protocol, f"{wanted} AND TimeGenerated >= '{moment(60)}'")
    assert [texts(item)["EventCode"] for item in found] == ["56", "36888"]
    alert = texts(found[1])
    assert [alert[name] for name in ("SourceName", "EventType", "Type", "Logfile", "EventIdentifier", "User")] == [
        "Schannel", "1", "Error", "System", "36888", "NT AUTHORITY\\SYSTEM",
    ]  # fmt: skip
    strings = [child.text for child in found[1] if child.tag.endswith("InsertionStrings")]
    assert strings == ["40", "1205"]
    assert [child.text for child in found[0] if child.tag.endswith("}Data")] == ["13", "3", "9"]
    (old,) = (texts(item) for item in query(protocol, wanted) if texts(item)["EventCode"] == "1057")
    assert (old["SourceName"], int(old["EventIdentifier"] or 0)) == ("TermService", 49152 << 16 | 1057)
    offset = dt.timezone(dt.timedelta(minutes=-480))
    local = (dt.datetime.now(offset) - dt.timedelta(minutes=60)).strftime("%Y%m%d%H%M%S.%f-480")
    assert len(query(protocol, f"{wanted} AND TimeGenerated >= '{local}'")) == 2
    assert not query(protocol, "SELECT * FROM Win32_NTLogEvent WHERE EventCode=131"), "no classic log"
    audits = query(protocol, "SELECT EventCode, EventType FROM Win32_NTLogEvent WHERE Logfile='Security'")
    assert [texts(item) for item in audits] == [{"EventCode": "4625", "EventType": "5"}]
