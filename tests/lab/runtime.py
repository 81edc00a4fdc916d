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

from tests.lab.kerberos import HostKeys, Realm
from tests.lab.model import faults
from tests.lab.model.host import Host
from tests.lab.model.language import ENGLISH, load_language
from tests.lab.native.scheduler import Scheduler
from tests.lab.pki import Authority, ServerTls
from tests.lab.rdp import RdpServer
from tests.lab.rdp.path import Path
from tests.lab.scenario import Scenario
from tests.lab.wsman import https
from tests.lab.wsman.credentials import Credentials
from tests.lab.wsman.http import HttpServer
from tests.lab.wsman.injection import Injector
from tests.lab.wsman.service import WsManService

WINRM_PORT = 5985
"""HTTPS listens on the port after it."""
DEFAULT_BASE = "127.10.0.0"
_START_SECONDS = 120.0
_MAX_SKEW_SECONDS = 300
"""What Kerberos bears (RFC 4120, Active Directory's default)."""
_RESTART_SECONDS = 0.5
"""A host that was told to restart is away so long."""
_REPLY_SECONDS = 0.05
"""A reboot waits so long for the reply that is on its way."""


class LabError(RuntimeError):
    """The lab cannot run; the message is one sentence."""


class LabHost:
    """One running host: its model, its WinRM server and its RDP listener. `tls` is None without HTTPS."""

    def __init__(
        self,
        scenario: Scenario,
        address: str,
        winrm_port: int,
        authority: Authority | None = None,
        realm: Realm | None = None,
    ) -> None:
        self.scenario = scenario
        self.address = address
        self.winrm_port = winrm_port
        self.model: Host = scenario.build()
        self.injector = Injector(self.model.settings.faults.inject)
        self.tls = self._tls(authority)
        self._service = WsManService(self.model)
        self._http = HttpServer(
            self.model, self._service.handle, Credentials(self.model, self._keys(realm)), self.injector
        )
        self._http.on_fault = self._hit
        self.scheduler = Scheduler(self.model)
        self._away: asyncio.Task[None] | None = None
        self._rdp = RdpServer(address, observer=self.model.remote_desktop.log.notice)
        self._other = RdpServer(address) if self.model.troubles.port_owner is not None else None
        """What another program answers on its port."""
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._down = False
        self._applied: tuple[Any, ...] | None = None
        self.problem = ""

    @property
    def name(self) -> str:
        return self.scenario.hostname

    async def start(self) -> None:
        """Listen; LabError when a port is taken."""
        await self._listen_winrm()
        await self._listen(self.model.remote_desktop.port or 3389, self._apply())
        self.model.on_listener_change = self._changed
        self.model.on_restart = self._restart
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def _listen_winrm(self) -> None:
        await self._listen(self.winrm_port, self._http.start(self.address, self.winrm_port))
        if self.tls is not None:
            port = self.winrm_port + 1
            listener = https.listener(self.tls, self.model.http_tls)
            await self._listen(port, self._http.start(self.address, port, listener))

    def _tls(self, authority: Authority | None) -> ServerTls | None:
        settings = self.model.settings.winrm
        if not settings.https or authority is None:
            return None
        names = list(dict.fromkeys([self.model.fqdn, self.name, self.address]))
        return authority.server(settings.https, names, ask_client=settings.certificate_auth)

    def _keys(self, realm: Realm | None) -> HostKeys | None:
        """Keys of the host's services, when it is in the realm's domain; its users become the realm's. None as well for
        a host whose clock is too far off: it is in the domain, and would refuse every ticket."""
        if realm is None or (self.model.domain or "").upper() != realm.name:
            return None
        for user in self.model.users.values():
            realm.add_user(user.name, user.password)
        names = [self.model.fqdn, self.model.fqdn.lower(), self.name, self.name.lower(), self.address]
        keys = realm.host_keys(names)
        return keys if abs(self.model.settings.clock_skew) <= _MAX_SKEW_SECONDS else None

    def _hit(self, injection: faults.Injection) -> None:
        if injection.fault == "endless_pull":
            self._service.never_end(True)
        elif injection.fault == "reboot":
            self.reboot(injection.seconds)

    def clear_faults(self) -> None:
        """No injected fault is left."""
        self.injector.clear()
        self._service.never_end(False)

    def reboot(self, seconds: float, after: float = _REPLY_SECONDS) -> bool:
        """Soon: end every connection, forget sessions, shells and enumerations, and be away for `seconds`. False when
        that is on its way already."""
        if self._away is not None and not self._away.done():
            return False
        self._away = asyncio.get_running_loop().create_task(self._reboot(seconds, after))
        return True

    def _restart(self, delay: float) -> bool:
        """As the host's own order."""
        return self.reboot(_RESTART_SECONDS, max(delay, _REPLY_SECONDS))

    async def _reboot(self, seconds: float, after: float) -> None:
        await asyncio.sleep(after)
        await self._http.close()
        await self._service.close()
        await self.scheduler.close()
        self._down = True
        await self._apply()
        await asyncio.sleep(seconds)
        self._service = WsManService(self.model)
        self._http.handler = self._service.handle
        self.model.rebooted()
        self.scheduler.booted()
        self._down = False
        await self._apply()
        await self._listen_winrm()

    async def back(self, timeout: float = 30.0) -> None:
        """Wait until a reboot is over."""
        if self._away is not None:
            await asyncio.wait_for(asyncio.shield(self._away), timeout)

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
        for task in (self._task, self._away):
            if task is not None:
                task.cancel()
                await asyncio.wait([task], timeout=2)
        await self._http.close()
        await self._service.close()
        await self.scheduler.close()
        await self._rdp.close()
        if self._other is not None:
            await self._other.close()

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
        model, down = self.model, self._down
        answering = None if down else model.remote_desktop.answering()
        other = None if down else model.troubles.occupant(model)
        filtered, path = model.rdp_filtered(), model.troubles.path_now(model)
        wanted = (answering, other, filtered, path)
        if wanted != self._applied:
            # First, so that a program that has ended gives its port back before anybody else takes it.
            if self._other is not None:
                await self._other.apply(other, path=path)
            await self._rdp.apply(answering, filtered=filtered, path=path)
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
            "events": [
                {"time": event.time, "log": event.type.log, "id": event.id, "text": event.text(load_language(ENGLISH))}
                for event in model.events.all()
            ],
            "listener": listener,
            "https": None if self.tls is None else {"port": self.winrm_port + 1, "trust": str(self.tls.trust)},
            "injected": [list(hit) for hit in self.injector.hits],
            "problem": self.problem,
            "expect": self.scenario.expect,
        }


class Lab:
    """All hosts; `async with Lab(scenarios) as lab`. Addresses count up from `base`. Hosts whose domain is the `realm`
    accept its tickets; `authority` signs certificates while the lab runs."""

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        base: str = DEFAULT_BASE,
        winrm_port: int = WINRM_PORT,
        realm: Realm | None = None,
    ) -> None:
        self._scenarios = list(scenarios)
        self.realm = realm
        self._authority: Authority | None = None
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
                host = LabHost(scenario, address, self._winrm_port, self.authority, self.realm)
                self.hosts[scenario.hostname] = host
                await host.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        for host in self.hosts.values():
            await host.close()
        self.hosts.clear()
        if self._authority is not None:
            self._authority.close()
            self._authority = None

    @property
    def authority(self) -> Authority:
        """The lab's certificate authority, clients trust `authority.path`."""
        if self._authority is None:
            self._authority = Authority()
        return self._authority

    async def reset(self, *names: str) -> None:
        """The named hosts, or all, as their scenarios describe them, at the addresses that they had."""
        for name in names or list(self.hosts):
            old = self.hosts[name]
            await old.close()
            fresh = LabHost(old.scenario, old.address, old.winrm_port, self.authority, self.realm)
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

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        base: str = DEFAULT_BASE,
        winrm_port: int = WINRM_PORT,
        realm: Realm | None = None,
    ) -> None:
        self.lab = Lab(scenarios, base, winrm_port, realm)
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

    def reset(self, *names: str) -> None:
        self._run(self.lab.reset(*names))

    def inject(self, name: str, fault: str, **more: Any) -> None:
        """Arm a fault on a host: `inject("SRV", "drop_done", at="invoke", nth=2)`, see faults.Injection."""
        injection = faults.injection({"fault": fault, **more})

        async def add() -> None:
            self.lab.hosts[name].injector.add(injection)

        self._run(add())

    def clear_faults(self, name: str) -> None:
        async def clear() -> None:
            self.lab.hosts[name].clear_faults()

        self._run(clear())

    def reboot(self, name: str, seconds: float) -> None:
        """Reboot a host; returns at once. `back` waits for it."""

        async def start() -> None:
            self.lab.hosts[name].reboot(seconds)

        self._run(start())

    def refresh_policies(self, name: str) -> int:
        """Let Group Policy set its values again; how many had changed."""

        async def refresh() -> int:
            return self.lab.hosts[name].model.refresh_policies()

        return int(self._run(refresh()))

    def back(self, name: str) -> None:
        self._run(self.lab.hosts[name].back())

    def settle(self, name: str) -> None:
        """Wait until the listener of a host shows the state of its model."""
        self._run(self.lab.hosts[name].settle())

    def path(self, name: str, path: Path | None) -> None:
        """Put something into the path to a host, None for nothing; it meets new connections."""

        async def put() -> None:
            host = self.lab.hosts[name]
            host.model.troubles.path, host.model.troubles.path_service = path, ""
            host.model.on_listener_change()
            await host.settle()

        self._run(put())

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
