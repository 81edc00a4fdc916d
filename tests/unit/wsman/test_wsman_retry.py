# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each kind of error at each kind of operation: how often it is tried, and what a write leaves in doubt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import (
    AWAY,
    BUSY,
    DROPPED,
    ONCE_MORE,
    QUOTA,
    TIMED_OUT,
    Patience,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.unit.wsman.samples import ScriptedTransport, Step, envelope, page

OUTPUT = envelope('<p:EnumKey_OUTPUT xmlns:p="u"><p:ReturnValue>0</p:ReturnValue></p:EnumKey_OUTPUT>')
GOT = envelope('<p:Win32_Service xmlns:p="u"><p:Name>A</p:Name></p:Win32_Service>')
IDENTIFIED = envelope("<i:IdentifyResponse xmlns:i='u'><i:ProductVendor>V</i:ProductVendor></i:IdentifyResponse>")

Call = Callable[[Session], object]
READS: dict[str, tuple[Call, bytes]] = {
    "identify": (lambda session: session.identify(), IDENTIFIED),
    "get": (lambda session: session.get("root/cimv2", "Win32_Service", {"Name": "A"}), GOT),
    "query": (
        lambda session: session.query("root/cimv2", "SELECT Name FROM Win32_Service"),
        page("Enumerate", ["A"], ended=True),
    ),
    "invoke": (lambda session: session.invoke("root/cimv2", "StdRegProv", "EnumKey", idempotent=True), OUTPUT),
}


def connection(status: int | None = None, *, dropped: bool = False) -> Callable[[], WSManError]:
    return lambda: WSManConnectionError("it broke; mend it", dropped=dropped, http_status=status)


def fault(code: int, wmi: int | None = None) -> Callable[[], WSManError]:
    return lambda: WSManFault(code, wmi_code=wmi)


# The error; how a read goes on when the host has answered before; whether it does so otherwise; whether a write that
# ends so is repeated at once, because it can not have been carried out.
CASES: dict[str, tuple[Callable[[], Step], Patience | None, bool, bool]] = {
    "dropped": (connection(dropped=True), DROPPED, True, False),
    "HTTP 400": (connection(400, dropped=True), DROPPED, True, False),
    "HTTP 500": (connection(500), DROPPED, True, False),
    "HTTP 502": (connection(502), DROPPED, True, False),
    "HTTP 503": (connection(503), AWAY, True, True),
    "HTTP 404": (connection(404), AWAY, False, True),
    "refused": (connection(), AWAY, False, True),
    "401": (lambda: WSManAuthError("no; check"), ONCE_MORE, False, True),
    "silence": (lambda: WSManTimeout("", 1, "no answer; try later"), ONCE_MORE, False, False),
    "garbage": (lambda: b"<html/>", ONCE_MORE, True, False),
    "unreadable": (lambda: WSManProtocolError("cannot be decrypted; look"), ONCE_MORE, True, False),
    "quota": (fault(2150859174), QUOTA, True, True),
    "quota of a user": (fault(0x803381E8), QUOTA, True, True),
    "quota of WMI": (fault(0x80338003, 0x8004106C), QUOTA, True, True),
    "operation timeout": (fault(2150858793), TIMED_OUT, True, False),
    "busy": (fault(170), BUSY, True, False),
    "shutting down": (fault(0x80338003, 0x80041033), BUSY, True, False),
    "RPC server unavailable": (fault(0x800706BA), BUSY, True, False),
    "denied": (fault(5), None, False, False),
    "not found": (fault(0x80338000), None, False, False),
    "bad input": (fault(0x80041008), None, False, False),
    "WMI failed": (fault(0x80041001), None, False, False),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "delay", lambda *_arguments: 0.0)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


def opened(*steps: Step, answered: bool) -> tuple[Session, ScriptedTransport]:
    transport = ScriptedTransport(*[IDENTIFIED] * answered, *steps)
    session = Session(transport, "win01", Deadline(600))
    if answered:
        session.identify()
        transport.sent.clear()
    return session, transport


def tries(patience: Patience | None, kind: str, error: Step) -> int:
    # A query asks again by itself while OperationTimeout passes.
    if kind == "query" and isinstance(error, WSManFault) and error.is_timeout:
        return 5
    return 1 if patience is None else patience.tries


@pytest.mark.parametrize("kind", READS)
@pytest.mark.parametrize("case", CASES)
def test_a_read_is_repeated_while_the_error_may_pass(case: str, kind: str) -> None:
    make, patience, _before, _write = CASES[case]
    call, answer = READS[kind]
    most = tries(patience, kind, make())
    session, transport = opened(*[make() for _number in range(most - 1)], answer, answered=True)
    if patience is not None:
        assert call(session)
        assert len(transport.sent) == most
    session, transport = opened(*[make() for _number in range(most)], answered=True)
    with pytest.raises(WSManError) as caught:
        call(session)
    assert len(transport.sent) == most
    text = str(caught.value)
    assert " on win01 failed: " in text
    assert (f"(after {most} tries" in text) is (most > 1)
    assert "not known" not in text


@pytest.mark.parametrize("case", CASES)
def test_a_host_that_never_answered_is_asked_again_only_when_it_is_there(case: str) -> None:
    make, patience, before, _write = CASES[case]
    session, transport = opened(*[make() for _number in range(10)], answered=False)
    with pytest.raises(WSManError):
        session.identify()
    assert len(transport.sent) == (patience.tries if before and patience else 1)


@pytest.mark.parametrize("case", CASES)
def test_a_write_is_repeated_only_when_it_was_not_carried_out(case: str) -> None:
    make, patience, _before, again = CASES[case]
    session, transport = opened(*[make() for _number in range(10)], answered=True)
    with pytest.raises(WSManError) as caught:
        session.invoke("root/cimv2", "StdRegProv", "SetDWORDValue")
    assert len(transport.sent) == (patience.tries if again and patience else 1)
    assert caught.value.in_doubt is (patience is not None and not again)
    assert ("not known whether the host did it" in str(caught.value)) is caught.value.in_doubt


def test_nothing_is_tried_when_the_wait_would_be_longer_than_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "delay", lambda *_arguments: 700.0)
    session, transport = opened(connection(dropped=True)(), answered=True)
    with pytest.raises(WSManConnectionError):
        session.identify()
    assert len(transport.sent) == 1


def test_a_spare_connection_without_room_gives_way_at_once() -> None:
    """As one that broke: what several connections wait for must not be a fault that only this one had."""
    session, transport = opened(fault(2150859174)(), answered=True)
    session.spare = True
    with pytest.raises(WSManConnectionError):
        session.identify()
    assert len(transport.sent) == 1
    assert session.quota_faults == 1


@pytest.mark.parametrize("patience", [DROPPED, AWAY, QUOTA, BUSY, TIMED_OUT, ONCE_MORE])
def test_waits_grow_are_spread_and_have_a_limit(patience: Patience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    longest = [patience.delay(tried, 1.0) for tried in range(1, patience.tries)]
    shortest = [patience.delay(tried, 0.0) for tried in range(1, patience.tries)]
    assert longest == sorted(longest)
    assert longest[0] == patience.first
    assert max(longest) <= patience.longest
    assert all(low == patience.least * high for low, high in zip(shortest, longest, strict=True))
    assert sum(longest) <= 120
    assert QUOTA.delay(1, 0.0) > DROPPED.delay(1, 1.0)
