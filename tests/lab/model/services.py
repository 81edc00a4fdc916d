# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services: state changes that take time, dependencies, and the Win32_Service return codes.

Start mode lives in the registry (`Services\\<name>\\Start`), so a write there and ChangeStartMode are one thing.
Return codes are those of the Win32_Service documentation. StopService on a stopped service gives 5, as the
documentation words it for states 0, 1 and 2 (MEM: unverified against code 6).

How services fail: an account that cannot log on is refused by StartService (15; event 7000), a ServiceDll that cannot
be loaded ends the process after StartService has succeeded (exit code 126 or 5; event 7023), a process that ends by
itself leaves 1067 and event 7031 or 7034; a wedged process answers StopService with 7 and goes on running. The manager
reads accounts at a start of the host, a service reads its ServiceDll when it starts. Sources: Win32_Service
documentation, reports of a lost ServiceDll (batch-optimizer#17, rdpwrap#391: 126 and 5); MEM, unverified: that it is
restarted twice by default, here without the minute that Windows waits.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.lab.model.registry import HKLM, REG_DWORD, REG_SZ, Registry
from tests.lab.model.security import LOCAL_SERVICE_TOKEN, NETWORK_SERVICE_TOKEN, SYSTEM_TOKEN, Token

SERVICES_KEY = HKLM + "\\SYSTEM\\CurrentControlSet\\Services"
STOPPED, START_PENDING, STOP_PENDING, RUNNING = "Stopped", "Start Pending", "Stop Pending", "Running"
START_MODES = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}
START_VALUES = {"boot": 0, "system": 1, "automatic": 2, "auto": 2, "manual": 3, "disabled": 4}

OK, DEPENDENTS_RUNNING, INVALID_CONTROL, CANNOT_ACCEPT, REQUEST_TIMEOUT = 0, 3, 4, 5, 7
ALREADY_RUNNING, DEPENDENCY_FAILURE, DISABLED, LOGON_FAILURE = 10, 13, 14, 15
INVALID_NAME, INVALID_PARAMETER, INVALID_ACCOUNT = 20, 21, 22

ERROR_SERVICE_NEVER_STARTED, ERROR_PROCESS_ABORTED, ERROR_SERVICE_LOGON_FAILED = 1077, 1067, 1069
START_FAILED, STARTED_WITH_ERROR, CRASHED_RESTARTS, CRASHED = 7000, 7023, 7031, 7034
"""Events of the Service Control Manager."""
WEDGED_SILENT, WEDGED_FULL = "silent", "full"
_ACCOUNTS = {
    "localsystem": SYSTEM_TOKEN,
    "nt authority\\system": SYSTEM_TOKEN,
    "nt authority\\networkservice": NETWORK_SERVICE_TOKEN,
    "nt authority\\localservice": LOCAL_SERVICE_TOKEN,
}


@dataclass(frozen=True)
class Crash:
    """A service whose process ends `after` seconds, `times` times (0 for ever), while `dll` is its ServiceDll (empty
    for any). The manager starts it again `restarts` times."""

    after: float
    dll: str = ""
    times: int = 0
    restarts: int = 2


def account_token(account: str) -> Token | None:
    """What a service may do as one of the accounts without a password; None for any other account."""
    return _ACCOUNTS.get(account.lower().replace(" service", "service"))


@dataclass
class Service:
    """One service. `depends_on` are service names; drivers are left out."""

    name: str
    display_name: str
    description: str
    path: str
    account: str
    service_type: str
    depends_on: tuple[str, ...]
    state: str = STOPPED
    pid: int = 0
    exit_code: int = ERROR_SERVICE_NEVER_STARTED
    accept_stop: bool = True
    stuck: bool = False
    wedged: str = ""
    """A running process that serves nobody: `silent` takes connections, `full` does not even that."""
    crash: Crash | None = None
    crashes: int = 0
    """How often it has crashed."""

    @property
    def started(self) -> bool:
        return self.state in (RUNNING, STOP_PENDING)


class ServiceManager:
    """The services of one host. `delay` is the time in seconds that a state change takes."""

    def __init__(self, registry: Registry, delay: float = 0.05) -> None:
        self._registry = registry
        self._services: dict[str, Service] = {}
        self.delay = delay
        self._next_pid = 1000
        self.on_running: Callable[[str], None] = lambda name: None
        self.on_stopped: Callable[[str], None] = lambda name: None
        self.on_starting: Callable[[Service], int] = lambda service: 0
        """Asked when a service's process has started: the Win32 error that it ends with, 0 for none."""
        self.on_failed: Callable[[Service, int, int], None] = lambda service, event, error: None
        """Called with an event number of the manager and the Win32 error, or how often the service has crashed."""
        self.on_stuck: Callable[[str], None] = lambda name: None
        """Called with a service that hangs on starting."""
        self.on_write: Callable[[str, str, Any, Any], None] = lambda kind, target, before, after: None

    def add(self, service: Service) -> None:
        self._services[service.name.lower()] = service
        if service.state == RUNNING:
            service.pid = self._pid()
            service.exit_code = 0

    def remove(self, name: str) -> None:
        self._services.pop(name.lower(), None)

    def find(self, name: str) -> Service | None:
        return self._services.get(name.lower())

    def all(self) -> list[Service]:
        return [self._services[key] for key in sorted(self._services)]

    def running(self, name: str) -> bool:
        service = self.find(name)
        return service is not None and service.state == RUNNING

    def start_value(self, name: str) -> int:
        value = self._registry.dword(f"{SERVICES_KEY}\\{name}", "Start")
        return 3 if value is None else value

    def start_mode(self, name: str) -> str:
        return START_MODES.get(self.start_value(name), "Unknown")

    def can_run(self, name: str) -> bool:
        """Running, or startable together with all that it depends on."""
        service = self.find(name)
        if service is None:
            return False
        if service.state in (RUNNING, START_PENDING):
            return True
        return self.start_value(name) != 4 and all(self.can_run(other) for other in service.depends_on)

    def dependents(self, name: str) -> list[Service]:
        """Services that depend on `name` directly."""
        return [other for other in self.all() if name.lower() in (part.lower() for part in other.depends_on)]

    def start(self, name: str) -> int:
        """StartService: also starts what the service depends on, never its dependents. Returns before it runs."""
        service = self.find(name)
        if service is None:
            return INVALID_NAME
        if service.state in (RUNNING, START_PENDING):
            return ALREADY_RUNNING
        if service.state == STOP_PENDING:
            return CANNOT_ACCEPT
        if self.start_value(name) == 4:
            return DISABLED
        if not all(self.can_run(other) for other in service.depends_on):
            return DEPENDENCY_FAILURE
        if account_token(service.account) is None:
            self.on_failed(service, START_FAILED, ERROR_SERVICE_LOGON_FAILED)
            return LOGON_FAILURE
        for other in service.depends_on:
            self.start(other)
        self._move(service, START_PENDING, RUNNING)
        return OK

    def stop(self, name: str) -> int:
        """StopService: refused while a dependent service runs. Returns before it has stopped."""
        service = self.find(name)
        if service is None:
            return INVALID_NAME
        if service.state != RUNNING:
            return CANNOT_ACCEPT
        if not service.accept_stop:
            return INVALID_CONTROL
        if any(other.state != STOPPED for other in self.dependents(name)):
            return DEPENDENTS_RUNNING
        if service.wedged:
            return REQUEST_TIMEOUT
        self._move(service, STOP_PENDING, STOPPED)
        return OK

    def change_start_mode(self, name: str, mode: str) -> int:
        """ChangeStartMode with Automatic, Manual, Disabled, Boot or System."""
        if self.find(name) is None:
            return INVALID_NAME
        value = START_VALUES.get(mode.lower())
        if value is None or mode.lower() == "auto":
            return INVALID_PARAMETER
        self._registry.set(f"{SERVICES_KEY}\\{name}", "Start", REG_DWORD, value)
        return OK

    def change_account(self, name: str, account: str) -> int:
        """Change with StartName: an account without a password; the lab's others must not log on as a service."""
        service = self.find(name)
        if service is None:
            return INVALID_NAME
        if account_token(account) is None:
            return INVALID_ACCOUNT
        service.account = account
        self._registry.set(f"{SERVICES_KEY}\\{name}", "ObjectName", REG_SZ, account)
        return OK

    def terminate(self, pid: int) -> bool:
        """End a process; whether a service runs in it."""
        ended = [service for service in self.all() if pid and service.pid == pid]
        for service in ended:
            self._ended(service, restart=False)
        return bool(ended)

    def boot(self) -> None:
        """What the manager reads from the registry at a start of the host, and what cannot run then."""
        for service in self.all():
            account = self._registry.string(f"{SERVICES_KEY}\\{service.name}", "ObjectName")
            service.account = account or service.account
            if service.state != RUNNING:
                continue
            error = ERROR_SERVICE_LOGON_FAILED if account_token(service.account) is None else self.on_starting(service)
            if error:
                self._fail(service, error, START_FAILED if error == ERROR_SERVICE_LOGON_FAILED else STARTED_WITH_ERROR)

    def reboot(self) -> None:
        """The host has started again: nothing hangs any more, and what hung runs when it may."""
        for service in self.all():
            hung = service.stuck or service.wedged or service.state in (START_PENDING, STOP_PENDING)
            service.stuck, service.wedged, service.crashes = False, "", 0
            if hung:
                self.set_state(service.name, self.start_value(service.name) != START_VALUES["disabled"])
        self.boot()

    def service_dll(self, name: str) -> str | None:
        """ServiceDll with the system's folder in place of %SystemRoot%."""
        value = self._registry.get(f"{SERVICES_KEY}\\{name}\\Parameters", "ServiceDll")
        if value is None or not isinstance(value.data, str):
            return None
        return re.sub(r"%(systemroot|windir)%", lambda match: "C:\\Windows", value.data, flags=re.I)

    def set_state(self, name: str, running: bool) -> None:
        """What a scenario does: the state without the way to it."""
        service = self._services[name.lower()]
        service.state = RUNNING if running else STOPPED
        service.pid = self._pid() if running else 0
        service.exit_code = 0 if running else ERROR_SERVICE_NEVER_STARTED

    def _pid(self) -> int:
        self._next_pid += 4
        return self._next_pid

    def _move(self, service: Service, through: str, to: str) -> None:
        self.on_write("service.state", service.name, service.state, to)
        service.state = through
        if through == START_PENDING:
            service.pid = self._pid()
        if service.stuck:
            if to == RUNNING:
                self.on_stuck(service.name)
            return
        if self.delay <= 0:
            self._arrive(service, to)
        else:
            asyncio.get_running_loop().call_later(self.delay, self._arrive, service, to)

    def _arrive(self, service: Service, to: str) -> None:
        if to == RUNNING and (error := self.on_starting(service)):
            self._fail(service, error, STARTED_WITH_ERROR)
            return
        service.state = to
        service.exit_code = 0
        if to == STOPPED:
            service.pid = 0
            self.on_stopped(service.name)
        else:
            self.on_running(service.name)
            self._await_crash(service)

    def _fail(self, service: Service, error: int, event: int) -> None:
        service.state, service.pid, service.exit_code = STOPPED, 0, error
        self.on_failed(service, event, error)

    def _await_crash(self, service: Service) -> None:
        crash = service.crash
        if crash is None or (crash.times and service.crashes >= crash.times):
            return
        if crash.dll and crash.dll.lower() != (self.service_dll(service.name) or "").lower():
            return
        pid = service.pid
        if self.delay <= 0:
            self._crash(service, pid)
        else:
            asyncio.get_running_loop().call_later(crash.after, self._crash, service, pid)

    def _crash(self, service: Service, pid: int) -> None:
        if service.pid == pid and service.state == RUNNING:
            self._ended(service, restart=service.crash is not None and service.crashes < service.crash.restarts)

    def _ended(self, service: Service, *, restart: bool) -> None:
        """The process has gone without a word."""
        service.crashes += 1
        service.stuck, service.wedged = False, ""
        service.state, service.pid, service.exit_code = STOPPED, 0, ERROR_PROCESS_ABORTED
        self.on_failed(service, CRASHED_RESTARTS if restart else CRASHED, service.crashes)
        self.on_stopped(service.name)
        if restart:
            self.start(service.name)
