# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab in one process: hosts on loopback addresses, each with WinRM on 5985 and the RDP listener."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any

from tests.lab.model.host import Host
from tests.lab.rdp import ListenerState, RdpServer
from tests.lab.scenario import Scenario
from tests.lab.wsman.http import HttpServer
from tests.lab.wsman.service import WsManService

WINRM_PORT = 5985
DEFAULT_BASE = "127.10.0.0"
_START_SECONDS = 120.0


class LabError(RuntimeError):
    """The lab cannot run; the message is one sentence."""


class LabHost:
    """One running host: its model, its WinRM server and its RDP listener."""

    def __init__(self, scenario: Scenario, address: str, winrm_port: int) -> None:
        self.scenario = scenario
        self.address = address
        self.winrm_port = winrm_port
        self.model: Host = scenario.build()
        self._service = WsManService(self.model)
        self._http = HttpServer(self.model, self._service.handle)
        self._rdp = RdpServer(address)
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._applied: tuple[ListenerState | None, bool] | None = None
        self.problem = ""

    @property
    def name(self) -> str:
        return self.scenario.hostname

    async def start(self) -> None:
        """Listen; LabError when a port is taken."""
        await self._listen(self.winrm_port, self._http.start(self.address, self.winrm_port))
        await self._listen(self.model.remote_desktop.port or 3389, self._apply())
        self.model.on_listener_change = self._changed
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def _listen(self, port: int, opening: Any) -> None:
        try:
            await opening
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                raise LabError(
                    f"Port {port} on {self.address} cannot be used for host {self.name}: {error.strerror}."
                ) from error
            raise

    async def close(self) -> None:
        self.model.on_listener_change = lambda: None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2)
        await self._http.close()
        await self._service.close()
        await self._rdp.close()

    async def settle(self, timeout: float = 5.0) -> None:
        """Wait until the RDP listener shows the state of the model."""
        await asyncio.wait_for(self._settled.wait(), timeout)

    def _changed(self) -> None:
        self._settled.clear()
        self._wake.set()

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._apply()
                self.problem = ""
            except OSError as error:
                self.problem = f"the listener cannot use its port: {error.strerror}"
            if not self._wake.is_set():
                self._settled.set()

    async def _apply(self) -> None:
        wanted = (self.model.remote_desktop.listener(), self.model.rdp_filtered())
        if wanted != self._applied:
            await self._rdp.apply(wanted[0], filtered=wanted[1])
            self._applied = wanted
        self._settled.set()

    def status(self) -> dict[str, Any]:
        """What the control endpoint tells of the host."""
        model, counters = self.model, self.model.counters
        state = model.remote_desktop.listener()
        listener: dict[str, Any] | None = None
        if state is not None:
            listener = {
                "port": state.port,
                "security_layer": state.security_layer,
                "user_authentication": state.user_authentication,
                "min_encryption_level": state.min_encryption_level,
                "tls_versions": list(state.tls_versions),
                "cipher_suites": None if state.cipher_suites is None else list(state.cipher_suites),
                "certificate": state.certificate_pem is not None,
                "key": state.key_pem is not None,
                "filtered": model.rdp_filtered(),
                "connections": self._rdp.connections,
            }
        return {
            "address": self.address,
            "windows": model.profile.id,
            "requests": counters.requests,
            "connections": counters.connections,
            "bytes_in": counters.bytes_in,
            "bytes_out": counters.bytes_out,
            "shells_opened": counters.shells_opened,
            "writes": [write.as_json() for write in model.audit.writes],
            "events": [{"time": time, "id": number, "text": text} for time, number, text in model.events],
            "listener": listener,
            "problem": self.problem,
            "expect": self.scenario.expect,
        }


class Lab:
    """All hosts; `async with Lab(scenarios) as lab`. Addresses count up from `base`."""

    def __init__(self, scenarios: Sequence[Scenario], base: str = DEFAULT_BASE, winrm_port: int = WINRM_PORT) -> None:
        self._scenarios = list(scenarios)
        self._base = base
        self._winrm_port = winrm_port
        self.hosts: dict[str, LabHost] = {}

    async def __aenter__(self) -> Lab:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Build and listen, all hosts; on an error everything that listens is closed again."""
        try:
            for scenario, address in zip(self._scenarios, addresses(self._base, len(self._scenarios)), strict=True):
                host = LabHost(scenario, address, self._winrm_port)
                self.hosts[scenario.hostname] = host
                await host.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        for host in self.hosts.values():
            await host.close()
        self.hosts.clear()

    async def reset(self) -> None:
        """Every host as its scenario describes it, at the address that it had."""
        for name, old in list(self.hosts.items()):
            await old.close()
            fresh = LabHost(old.scenario, old.address, old.winrm_port)
            self.hosts[name] = fresh
            await fresh.start()


def addresses(base: str, count: int) -> list[str]:
    """`count` loopback addresses after `base`, none ending in 0 or 255."""
    try:
        start = ipaddress.IPv4Address(base)
    except ValueError as error:
        raise LabError(f"{base!r} is not an IPv4 address.") from error
    found: list[str] = []
    offset = 1
    while len(found) < count:
        address = start + offset
        offset += 1
        if not address.is_loopback:
            raise LabError(f"There are not {count} loopback addresses after {base}.")
        if int(address) & 0xFF not in (0, 255):
            found.append(str(address))
    return found


class LabThread:
    """The lab on an event loop of its own thread, for tests that block; a context manager that gives itself."""

    def __init__(self, scenarios: Sequence[Scenario], base: str = DEFAULT_BASE, winrm_port: int = WINRM_PORT) -> None:
        self.lab = Lab(scenarios, base, winrm_port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lab", daemon=True)

    def __enter__(self) -> LabThread:
        self._thread.start()
        try:
            self._run(self.lab.start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self.lab.close())
        self._stop()

    @property
    def hosts(self) -> dict[str, LabHost]:
        return self.lab.hosts

    def reset(self) -> None:
        self._run(self.lab.reset())

    def settle(self, name: str) -> None:
        """Wait until the listener of a host shows the state of its model."""
        self._run(self.lab.hosts[name].settle())

    def digest(self, name: str) -> dict[str, Any]:
        """The digest of a host's model, taken on the lab's own thread."""

        async def take() -> dict[str, Any]:
            return self.lab.hosts[name].model.digest()

        found: dict[str, Any] = self._run(take())
        return found

    def _run(self, work: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result(_START_SECONDS)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
