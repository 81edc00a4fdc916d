# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services: states are waited for, dependents stop first and start last, every wait ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import Services
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManTimeout
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.fake import FakeSession, output


class FakeServices(FakeSession):
    """TermService with UmRdpService on top of it. ``lag``: reads that still show the pending state."""

    def __init__(self, lag: int = 0) -> None:
        super().__init__(rows={"Win32_Service": self._rows, "ASSOCIATORS OF": self._dependents})
        self.states = {"TermService": "Running", "UmRdpService": "Running"}
        self.lag = lag
        self.order: list[str] = []
        self._pending: dict[str, int] = {}

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        keys: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> Instance:
        name = (keys or {})["Name"]
        if method == "StopService":
            if name == "TermService" and self.states["UmRdpService"] == "Running":
                return output(3)
            self.states[name] = "Stopped"
        elif method == "StartService":
            self.states[name] = "Running"
        self._pending[name] = self.lag
        self.order.append(f"{method} {name}")
        return output(0)

    def _rows(self, wql: str) -> list[Instance]:
        return [self._row(name) for name in self.states if f"'{name}'" in wql]

    def _row(self, name: str) -> Instance:
        state = self.states[name]
        if self._pending.get(name, 0) > 0:
            self._pending[name] -= 1
            state = "Start Pending" if state == "Running" else "Stop Pending"
        return Instance("Win32_Service", {"Name": name, "State": state, "StartMode": "Manual", "ProcessId": "4"})

    def _dependents(self, wql: str) -> list[Instance]:
        return [self._row("UmRdpService")] if "'TermService'" in wql else []


def test_restart_stops_dependents_first_and_starts_them_last() -> None:
    session = FakeServices(lag=1)
    started = Services(session).restart("TermService", Deadline(20))  # type: ignore[arg-type]
    assert started == ["TermService", "UmRdpService"]
    assert session.order == [
        "StopService UmRdpService",
        "StopService TermService",
        "StartService TermService",
        "StartService UmRdpService",
    ]


def test_a_restart_that_fails_brings_back_what_it_stopped() -> None:
    """The first start of TermService is refused: both services run in the end, and the error says so."""
    session = FakeServices()
    refuse = [True]
    invoke = session.invoke

    def once_refused(*arguments: Any, **named: Any) -> Instance:
        if arguments[2] == "StartService" and refuse:
            refuse.clear()
            return output(8)
        return invoke(*arguments, **named)

    session.invoke = once_refused  # type: ignore[method-assign]
    with pytest.raises(WindowsError, match="the start failed.*runs again"):
        Services(session).restart("TermService", Deadline(20))  # type: ignore[arg-type]
    assert session.states == {"TermService": "Running", "UmRdpService": "Running"}


def test_what_can_not_be_brought_back_is_named() -> None:
    session = FakeServices()
    invoke = session.invoke

    def refused(*arguments: Any, **named: Any) -> Instance:
        return output(8) if arguments[2] == "StartService" else invoke(*arguments, **named)

    session.invoke = refused  # type: ignore[method-assign]
    with pytest.raises(WindowsError, match="Not running now: TermService, UmRdpService"):
        Services(session).restart("TermService", Deadline(20))  # type: ignore[arg-type]


@pytest.mark.parametrize(("wait_seconds", "deadline"), [(120.0, 0.3), (0.3, 120.0)])
def test_a_wait_ends(wait_seconds: float, deadline: float) -> None:
    session = FakeServices(lag=1000)
    with pytest.raises(WSManTimeout, match="UmRdpService.* 0.3 s"):
        Services(session, wait_seconds).stop("UmRdpService", Deadline(deadline))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [(2, AccessDenied, "administrator"), (14, WindowsError, "disabled"), (99, WindowsError, "99")],
)
def test_refusals_are_one_sentence(code: int, error: type[WindowsError], words: str) -> None:
    answer: Callable[..., Instance] = lambda **_: output(code)  # noqa: E731
    stopped = Instance("Win32_Service", {"Name": "TermService", "State": "Stopped"})
    services = Services(FakeSession({"StartService": answer}, {"Win32_Service": lambda _wql: [stopped]}))  # type: ignore[arg-type]
    with pytest.raises(error, match=words):
        services.start("TermService", Deadline(1))


def test_an_unknown_service_is_named() -> None:
    services = Services(FakeSession(rows={"Win32_Service": lambda _wql: []}))  # type: ignore[arg-type]
    assert services.read(["Nope"]) == {}
    with pytest.raises(WindowsError, match="no service Nope"):
        services.get("Nope")


class HungServices(FakeServices):
    """TermService refuses to stop. ``shared``: another service runs in its process."""

    def __init__(self, code: int = 7, *, shared: bool = False) -> None:
        super().__init__()
        self.code, self.shared = code, shared
        self.pid = 4

    def invoke(self, *arguments: Any, **named: Any) -> Instance:
        method, keys = arguments[2], arguments[4]
        if method == "Terminate":
            self.order.append(f"Terminate {keys['Handle']}")
            self.states["TermService"], self.pid = "Stopped", 0
            return output(0)
        if method == "StopService" and keys["Name"] == "TermService":
            return output(self.code)
        return super().invoke(*arguments, **named)

    def _rows(self, wql: str) -> list[Instance]:
        if "ProcessId =" in wql:
            return [self._row("TermService"), *([self._row("UmRdpService")] if self.shared else [])]
        return super()._rows(wql)

    def _row(self, name: str) -> Instance:
        values = {"Name": name, "State": self.states[name], "StartMode": "Manual", "ProcessId": str(self.pid)}
        return Instance("Win32_Service", values)


def test_a_service_that_hangs_is_ended_and_started() -> None:
    session = HungServices()
    started = Services(session).restart("TermService", Deadline(20), end_hung=True)  # type: ignore[arg-type]
    assert started == ["TermService", "UmRdpService"]
    assert session.order == [
        "StopService UmRdpService",
        "Terminate 4",
        "StartService TermService",
        "StartService UmRdpService",
    ]


@pytest.mark.parametrize(
    ("session", "end_hung", "says"),
    [
        (HungServices(), False, "did not answer in time"),
        (HungServices(code=8), True, "returned 8"),
        (HungServices(shared=True), True, "UmRdpService run in it as well: restart Windows"),
    ],
    ids=["not asked for", "no time-out", "shared process"],
)
def test_no_process_is_ended_otherwise(session: HungServices, end_hung: bool, says: str) -> None:
    with pytest.raises(WindowsError, match=says):
        Services(session).restart("TermService", Deadline(20), end_hung=end_hung)  # type: ignore[arg-type]
    assert not [each for each in session.order if each.startswith("Terminate")]
