# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab host in this very thread: WS-Management without sockets, log-on and encryption, and time that nobody waits for.

What the collection sends is what the lab reads, from the envelope down and from the reply up; only the road between is
left out. How a connection ends is what requests raises over a socket, and test_crash holds the two side by side.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch

import requests

from ansible_collections.winops.rdp.plugins.plugin_utils import _action
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import deadline as deadlines
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import session as sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.http_errors import Peer, from_status, translated
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.lab.runtime import WINRM_PORT, LabHost
from tests.lab.scenario import Scenario
from tests.lab.wsman.http import Caller

# How a request may end: with its reply, or with the connection before or after the host has done what it says.
WHOLE, UNREAD, DONE = "", "unread", "done"
# On the way to the host and back; what the host has begun goes on meanwhile.
_ROUND_TRIP = 0.002

_T = TypeVar("_T")
Gate = Callable[[bytes], str]


def always_whole(_envelope: bytes) -> str:
    return WHOLE


class _Clock(selectors.PollSelector):
    """Has nothing to listen to, so whoever waits is woken at once, and the clock shows the time that he waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._now = time.monotonic()
        self.waited = 0.0
        self._ahead: float | None = None

    def now(self) -> float:
        return self._now if self._ahead is None else time.monotonic() + self._ahead

    def be_real(self) -> None:
        """From now on there are sockets to listen to, and waiting takes its time."""
        self._ahead = self._now - time.monotonic()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._ahead is not None:
            return super().select(timeout)
        if timeout is None:
            raise RuntimeError("the lab waits for something that never happens")
        self._now += max(timeout, 0)
        self.waited += max(timeout, 0)
        return []


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now()


class InsideHost(LabHost):
    """A host that listens nowhere; ``show`` opens the port of Remote Desktop."""

    async def _listen_winrm(self) -> None:
        return

    async def _apply(self) -> None:
        self._settled.set()

    async def show(self) -> None:
        await super()._apply()

    async def ask(self, envelope: bytes) -> tuple[int, bytes]:
        await asyncio.sleep(_ROUND_TRIP)
        user = self.model.users[self.scenario.admin.name.lower()]
        url = f"http://{self.address}:{self.winrm_port}/wsman"
        return await self._service.handle(envelope, Caller(user, "127.0.0.1", self.address, url))

    @property
    def is_away(self) -> bool:
        return self._down


class Inside:
    """One host and the only way to it. ``gate`` is asked before each request how it shall end."""

    def __init__(self, scenario: Scenario, address: str) -> None:
        self.loop = _Loop()
        self.gate: Gate = always_whole
        self.host = self.run(self._started(scenario, address))
        self.model = self.host.model

    async def _started(self, scenario: Scenario, address: str) -> InsideHost:
        host = InsideHost(scenario, address, WINRM_PORT)
        now = host.model.now
        # A restart that nobody has waited for takes its time by the host's clock.
        host.model.now = lambda: now() + timedelta(seconds=self.loop.clock.waited)  # type: ignore[method-assign]
        await host.start()
        return host

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.loop.run_until_complete(work)

    def sleep(self, seconds: float) -> None:
        """Time passes on the host."""
        self.run(asyncio.sleep(seconds))

    @contextmanager
    def reached(self) -> Iterator[None]:
        """While this holds, every task of this process goes to this host, and waits by its clock."""

        def opened(_connection: object, deadline: Deadline, *, operation_timeout: float = 60.0) -> Session:
            return session_to(self, deadline, operation_timeout)

        def fresh(connection: object, deadline: Deadline) -> Session:
            session = opened(connection, deadline)
            session.identify()
            return session

        clock = SimpleNamespace(monotonic=self.loop.time, sleep=self.sleep)
        with (
            patch.object(_action, "open_session", opened),
            patch.object(_action, "fresh_session", fresh),
            patch.object(deadlines, "time", clock),
            patch.object(sessions, "time", clock),
        ):
            yield

    @contextmanager
    def shown(self) -> Iterator[None]:
        """While this holds, a copy of this process answers on the port of Remote Desktop as the host is now."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._answer(writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as ready:
            ready.read()
        try:
            yield
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _answer(self, ready: int) -> None:
        try:
            self.loop.clock.be_real()
            self.run(self.host.show())
            os.close(ready)
            self.loop.run_forever()
        finally:
            os._exit(1)


class _Road:
    """A Transport to a host inside."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._host = inside.host
        self._peer = Peer(self._host.address, WINRM_PORT, "ntlm", self._host.scenario.admin.name, scheme="http")
        self._open = False

    @property
    def endpoint(self) -> str:
        return f"http://{self._host.address}:{WINRM_PORT}/wsman"

    @property
    def tls(self) -> None:
        """WinRM over HTTP has none."""

    def send(self, envelope: bytes, timeout: float) -> bytes:
        with translated(self._peer, timeout):
            status, answer = self._exchange(envelope)
            if status != 200:
                raise from_status(status, answer, self._peer)
            return answer

    def close(self) -> None:
        self._open = False

    def _exchange(self, envelope: bytes) -> tuple[int, bytes]:
        end = self._inside.gate(envelope)
        if not self._open:
            self._connect()
        elif self._host.is_away:
            raise _reset()
        if end == UNREAD:
            raise _reset()
        answer = self._inside.run(self._host.ask(envelope))
        if end == DONE:
            raise _reset()
        return answer

    def _connect(self) -> None:
        if self._host.is_away:
            raise requests.ConnectionError(ConnectionRefusedError(111, "Connection refused"))
        if not self._host.model.winrm_reachable():
            raise requests.ConnectTimeout("timed out")
        self._open = True


def session_to(inside: Inside, deadline: Deadline, operation_timeout: float = 60.0) -> Session:
    return Session(_Road(inside), inside.host.address, deadline, operation_timeout=operation_timeout)


def _reset() -> Exception:
    return requests.ConnectionError(ConnectionResetError(104, "Connection reset by peer"))
