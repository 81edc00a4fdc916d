# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paging, retries, deadlines and clean-up, against a transport that plays a script."""

from __future__ import annotations

import re
import time

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import session as session_module
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import Patience
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult, run_command
from tests.unit.wsman.samples import TIMED_OUT, ScriptedTransport, Step, envelope, fault, page

WQL = "SELECT Name FROM Win32_Service"
OUTPUT = envelope(
    '<p:EnumKey_OUTPUT xmlns:p="u"><p:sNames>A</p:sNames><p:ReturnValue>0</p:ReturnValue></p:EnumKey_OUTPUT>'
)
CREATED = envelope('<x:ResourceCreated><w:Selector Name="ShellId">S-1</w:Selector></x:ResourceCreated>')
STARTED = envelope("<rsp:CommandResponse><rsp:CommandId>C-1</rsp:CommandId></rsp:CommandResponse>")
NOTHING = envelope("")
DONE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"


def dropped() -> WSManConnectionError:
    return WSManConnectionError("the connection closed; try again", dropped=True)


def refused() -> WSManConnectionError:
    return WSManConnectionError("port 5985 refuses connections; check it")


def received(text: str = "", exit_code: int | None = None) -> bytes:
    state = f'<rsp:CommandState State="{DONE}"><rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>'
    stream = f'<rsp:Stream Name="stdout">{text}</rsp:Stream>' if text else ""
    return envelope(f"<rsp:ReceiveResponse>{stream}{state if exit_code is not None else ''}</rsp:ReceiveResponse>")


def opened(*steps: Step, seconds: float = 5.0, operation_timeout: float = 60.0) -> tuple[Session, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return Session(transport, "win01", Deadline(seconds), operation_timeout=operation_timeout), transport


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(Patience, "delay", lambda *_arguments: 0.001)


def test_a_query_in_one_reply() -> None:
    session, transport = opened(page("Enumerate", ["A", "B"], ended=True))
    assert [row.text("Name") for row in session.query("root/cimv2", WQL)] == ["A", "B"]
    assert transport.actions == ["Enumerate"]
    assert session.requests == 1
    assert session.bytes_sent == len(transport.sent[0])
    assert session.bytes_received > 0


def test_a_query_over_several_replies_follows_the_changing_context() -> None:
    session, transport = opened(
        page("Enumerate", ["A"], context="uuid:1"),
        page("Pull", [], context="uuid:2"),
        page("Pull", ["B"]),
        page("Pull", ["C"], ended=True),
    )
    assert [row.text("Name") for row in session.query("root/cimv2", WQL)] == ["A", "B", "C"]
    assert transport.actions == ["Enumerate", "Pull", "Pull", "Pull"]
    contexts = [request.partition(b"EnumerationContext>")[2].partition(b"<")[0] for request in transport.sent[1:]]
    assert contexts == [b"uuid:1", b"uuid:2", b"uuid:2"]


def test_an_enumeration_without_end_and_context_is_refused() -> None:
    session, transport = opened(page("Enumerate", ["A"]))
    with pytest.raises(WSManProtocolError, match="The query of Win32_Service in root/cimv2 on win01 failed"):
        session.query("root/cimv2", WQL)
    assert transport.actions == ["Enumerate"]


def test_an_enumeration_that_never_ends_is_given_up_and_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_MAX_PULLS", 3)
    pulls = [page("Pull", ["A"], context=f"uuid:{number}") for number in range(2, 5)]
    session, transport = opened(page("Enumerate", [], context="uuid:1"), *pulls, NOTHING)
    with pytest.raises(WSManProtocolError, match="never ends"):
        session.query("root/cimv2", WQL)
    assert transport.actions == ["Enumerate", "Pull", "Pull", "Pull", "Release"]
    assert b"uuid:4" in transport.sent[-1]


@pytest.mark.parametrize(
    ("answer", "released", "again"),
    [
        (fault(5, "denied"), True, False),
        (b"<html/>", True, True),
        (fault(2150858779, "gone"), False, True),
        (dropped(), False, True),
    ],
)
def test_an_enumeration_that_fails_is_released_where_it_is_still_there(
    answer: Step, released: bool, again: bool
) -> None:
    steps: list[Step] = [page("Enumerate", ["A"], context="uuid:1"), answer]
    steps += [fault(5, "no release")] * released
    session, transport = opened(*steps, fault(5, "the second try"))
    with pytest.raises(WSManFault) as caught:
        session.query("root/cimv2", WQL)
    assert transport.actions == ["Enumerate", "Pull"] + ["Release"] * released + ["Enumerate"] * again
    assert "no release" not in str(caught.value)


def test_what_a_broken_connection_left_open_is_released_when_there_is_no_room() -> None:
    session, transport = opened(
        page("Enumerate", ["A"], context="uuid:1"),
        dropped(),
        fault(2150859174, "too many operations"),
        NOTHING,
        page("Enumerate", ["A"], ended=True),
    )
    assert len(session.query("root/cimv2", WQL)) == 1
    assert transport.actions == ["Enumerate", "Pull", "Enumerate", "Release", "Enumerate"]
    assert b"uuid:1" in transport.sent[3]
    assert session.quota_faults == 1


def test_operation_timeouts_are_asked_again() -> None:
    session, transport = opened(
        TIMED_OUT, page("Enumerate", ["A"], context="uuid:1"), TIMED_OUT, TIMED_OUT, page("Pull", ["B"], ended=True)
    )
    assert [row.text("Name") for row in session.query("root/cimv2", WQL)] == ["A", "B"]
    assert transport.actions == ["Enumerate", "Enumerate", "Pull", "Pull", "Pull"]


def test_operation_timeouts_have_an_end_before_the_deadline() -> None:
    session, transport = opened(*[TIMED_OUT] * 50, seconds=600.0)
    with pytest.raises(WSManFault, match=r"win01 failed: the host did not finish .*\(after 5 tries\)"):
        session.query("root/cimv2", WQL)
    assert len(transport.sent) == 5


def test_operation_timeouts_end_with_the_deadline() -> None:
    def slow(_request: bytes) -> bytes:
        time.sleep(0.08)
        return TIMED_OUT

    session, transport = opened(*[slow] * 50, seconds=0.3)
    before = time.monotonic()
    with pytest.raises((WSManTimeout, WSManFault)):
        session.query("root/cimv2", WQL)
    assert time.monotonic() - before < 2
    assert 1 < len(transport.sent) <= 5


def test_waits_come_from_the_deadline() -> None:
    session, transport = opened(OUTPUT, seconds=3.0, operation_timeout=60.0)
    session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert 2 < transport.timeouts[0] <= 3.0
    assert re.search(rb"PT(2\.9\d\d|3\.000)S", transport.sent[0])
    session, transport = opened(OUTPUT, seconds=500.0, operation_timeout=20.0)
    session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert transport.timeouts == [30.0]
    assert b"PT20.000S" in transport.sent[0]


def test_nothing_is_sent_after_the_deadline() -> None:
    session, transport = opened(OUTPUT, seconds=0.0)
    with pytest.raises(WSManTimeout) as caught:
        session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert transport.sent == []
    assert "not known" not in str(caught.value)
    assert session.requests == 0


def test_a_dropped_connection_is_reopened_for_a_read() -> None:
    session, transport = opened(dropped(), page("Enumerate", ["A"], ended=True))
    assert len(session.query("root/cimv2", WQL)) == 1
    assert transport.closed == 1
    session, transport = opened(*[dropped() for _number in range(4)])
    with pytest.raises(WSManConnectionError, match=r"on win01 failed: .* \(after 4 tries in 0 s\)\.$"):
        session.get("root/cimv2", "Win32_Service", {"Name": "A"})
    assert len(transport.sent) == 4


def test_an_enumeration_starts_again_from_its_beginning() -> None:
    session, transport = opened(
        page("Enumerate", ["A"], context="uuid:1"), dropped(), page("Enumerate", ["A", "B"], ended=True)
    )
    assert [row.text("Name") for row in session.query("root/cimv2", WQL)] == ["A", "B"]
    assert transport.actions == ["Enumerate", "Pull", "Enumerate"]


@pytest.mark.parametrize("error", [refused(), WSManAuthError("no; check"), WSManTimeout("", 1)])
def test_a_host_that_never_answered_is_not_asked_again(error: Exception) -> None:
    session, transport = opened(error)
    with pytest.raises(type(error)):
        session.query("root/cimv2", WQL)
    assert len(transport.sent) == 1


def test_a_method_call_is_never_sent_twice() -> None:
    for error in (dropped(), WSManTimeout("", 1), TIMED_OUT, b"<html/>"):
        session, transport = opened(error)
        with pytest.raises((WSManConnectionError, WSManTimeout, WSManFault, WSManProtocolError)) as caught:
            session.invoke("root/cimv2", "Win32_Service", "StopService", keys={"Name": "A"})
        assert len(transport.sent) == 1
        assert caught.value.in_doubt
        assert "The call of Win32_Service.StopService on win01 failed" in str(caught.value)
        assert "not known whether the host did it" in str(caught.value)


@pytest.mark.parametrize("answer", [refused(), fault(5), WSManAuthError("no; check")])
def test_a_method_call_that_did_not_arrive_is_not_in_doubt(answer: Step) -> None:
    session, _transport = opened(answer)
    with pytest.raises((WSManConnectionError, WSManFault, WSManAuthError)) as caught:
        session.invoke("root/cimv2", "Win32_Service", "StopService")
    assert "not known" not in str(caught.value)


def test_a_method_call_that_does_no_harm_twice_is_sent_again() -> None:
    session, transport = opened(dropped(), OUTPUT)
    output = session.invoke("root/cimv2", "StdRegProv", "EnumKey", {"hDefKey": 1}, idempotent=True)
    assert output.texts("sNames") == ["A"]
    assert len(transport.sent) == 2 and transport.sent[0] != transport.sent[1]


def test_an_idle_connection_is_opened_anew_before_windows_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    session, transport = opened(OUTPUT, OUTPUT, OUTPUT)
    session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert transport.closed == 0
    monkeypatch.setattr(session_module, "_IDLE_SECONDS", -1.0)
    session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert transport.closed == 1


def test_the_reply_to_another_request_is_refused() -> None:
    foreign = OUTPUT.replace(b"@ID@", b"uuid:0")
    session, _transport = opened(foreign)
    with pytest.raises(WSManProtocolError, match="belongs to another request"):
        session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    session, transport = opened(foreign, OUTPUT)
    assert session.invoke("root/cimv2", "StdRegProv", "EnumKey", idempotent=True).texts("sNames") == ["A"]
    assert transport.closed == 1
    session, _transport = opened(*[WSManFault(5, relates_to="uuid:0") for _number in range(2)])
    with pytest.raises(WSManProtocolError, match="belongs to another request"):
        session.get("root/cimv2", "C", {})


def test_a_fault_from_the_transport_is_located() -> None:
    session, _transport = opened(WSManFault(2150858752, http_status=500))
    with pytest.raises(WSManFault) as caught:
        session.get("root/cimv2", "Win32_Service", {"Name": "A"})
    assert (caught.value.host, caught.value.operation) == ("win01", "reading Win32_Service in root/cimv2")
    assert caught.value.http_status == 500


def test_a_request_that_cannot_be_built_is_not_sent() -> None:
    session, transport = opened()
    with pytest.raises(WSManProtocolError, match=r"The call of StdRegProv\.SetStringValue on win01 failed:"):
        session.invoke("root/cimv2", "StdRegProv", "SetStringValue", {"sValue": "\x00"})
    assert transport.sent == []


def test_identify_get_and_close() -> None:
    answer = envelope("<i:IdentifyResponse xmlns:i='u'><i:ProductVendor>V</i:ProductVendor></i:IdentifyResponse>")
    with Session(ScriptedTransport(answer), "win01", Deadline(5)) as session:
        assert session.identify().product_vendor == "V"
    found, transport = opened(envelope('<p:Win32_Service xmlns:p="u"><p:Name>A</p:Name></p:Win32_Service>'))
    assert found.get("root/cimv2", "Win32_Service", {"Name": "A"}).text("Name") == "A"
    found.close()
    assert transport.closed == 1


def test_a_command() -> None:
    session, transport = opened(
        CREATED, STARTED, received("aGkNCg=="), TIMED_OUT, received("w7w=", exit_code=3), NOTHING, NOTHING
    )
    assert run_command(session, "icacls C:\\x", 3.0) == CommandResult("hi\r\nü", "", 3)
    assert transport.actions == ["Create", "Command", "Receive", "Receive", "Receive", "Signal", "Delete"]
    assert all(b'Name="ShellId">S-1<' in request for request in transport.sent[1:])


def test_a_command_that_does_not_end_is_stopped_and_its_shell_deleted() -> None:
    def slow(request: bytes) -> bytes:
        time.sleep(0.05)
        return TIMED_OUT if b"/Receive<" in request else NOTHING

    session, transport = opened(CREATED, STARTED, *[slow] * 100, seconds=4.0)
    with pytest.raises(WSManTimeout, match="The command sfc on win01 failed: the time limit of 0.3 s is over"):
        run_command(session, "sfc /scannow", 0.3)
    assert transport.actions[-2:] == ["Signal", "Delete"]


def test_a_failing_clean_up_hides_nothing() -> None:
    session, transport = opened(CREATED, STARTED, received(exit_code=0), fault(2150858843), refused())
    assert run_command(session, "x", 3.0).exit_code == 0
    session, transport = opened(CREATED, fault(2147942606, "too long"), refused())
    with pytest.raises(WSManFault, match="too long"):
        run_command(session, "x", 3.0)
    assert transport.actions == ["Create", "Command", "Delete"]


def test_a_shell_that_is_not_allowed() -> None:
    session, transport = opened(fault(2150859180, "not allowed"))
    with pytest.raises(WSManFault) as caught:
        run_command(session, "x", 3.0)
    assert caught.value.is_access_denied
    assert transport.actions == ["Create"]


@pytest.mark.parametrize(
    ("steps", "in_doubt"),
    [
        ([fault(2150858843, "no shell")], False),
        ([CREATED, fault(2147942606, "too long"), NOTHING], False),
        ([CREATED, dropped(), NOTHING], True),
        ([CREATED, STARTED, dropped(), NOTHING, NOTHING], True),
        ([CREATED, STARTED, fault(5), NOTHING, NOTHING], True),
    ],
)
def test_whether_a_command_may_have_run_is_told(steps: list[Step], in_doubt: bool) -> None:
    session, _transport = opened(*steps)
    with pytest.raises((WSManFault, WSManConnectionError)) as caught:
        run_command(session, "icacls x", 3.0)
    assert caught.value.in_doubt is in_doubt


def test_an_output_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply

    monkeypatch.setattr(reply, "MAX_BYTES", 2000)
    block = received("QUFB" * 300)
    session, transport = opened(CREATED, STARTED, block, block, block, NOTHING, NOTHING)
    with pytest.raises(WSManProtocolError, match="The command x on win01 failed: the command writes more"):
        run_command(session, "x", 3.0)
    assert transport.actions[-2:] == ["Signal", "Delete"]


def test_deadline() -> None:
    deadline = Deadline(0.2)
    assert 0 < deadline.remaining <= 0.2
    assert deadline.sub(100).remaining <= 0.2
    assert deadline.sub(0.01).remaining <= 0.01
    before = time.monotonic()
    deadline.sleep(30)
    assert 0.1 < time.monotonic() - before < 2
    assert deadline.remaining == 0
    with pytest.raises(WSManTimeout) as caught:
        deadline.check("reading")
    assert (caught.value.operation, caught.value.seconds) == ("reading", 0.2)


NO_RETURN_VALUE = envelope('<p:SetDWORDValue_OUTPUT xmlns:p="u"></p:SetDWORDValue_OUTPUT>')
FOREIGN_FAULT = fault(5).replace(b"@ID@", b"uuid:11111111-0000-0000-0000-000000000000")


@pytest.mark.parametrize("answer", [NO_RETURN_VALUE, FOREIGN_FAULT], ids=["no ReturnValue", "a fault for another"])
def test_a_write_whose_reply_says_nothing_of_it_is_in_doubt(answer: bytes) -> None:
    session, transport = opened(answer)
    with pytest.raises(WSManProtocolError) as caught:
        session.invoke("root/cimv2", "StdRegProv", "SetDWORDValue", {"uValue": 1})
    assert caught.value.in_doubt
    assert len(transport.sent) == 1


def test_a_read_whose_reply_has_no_return_value_is_repeated() -> None:
    session, transport = opened(NO_RETURN_VALUE.replace(b"SetDWORDValue", b"EnumKey"), OUTPUT)
    assert session.invoke("root/cimv2", "StdRegProv", "EnumKey", idempotent=True).return_value == 0
    assert len(transport.sent) == 2
