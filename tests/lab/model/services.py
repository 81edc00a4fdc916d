# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services: state changes that take time, dependencies, and the Win32_Service return codes.

Start mode lives in the registry (`Services\\<name>\\Start`), so a write there and ChangeStartMode are one thing.
Return codes are those of the Win32_Service documentation. StopService on a stopped service gives 5, as the
documentation words it for states 0, 1 and 2 (MEM: unverified against code 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.lab.model.registry import HKLM, REG_DWORD, Registry

SERVICES_KEY = HKLM + "\\SYSTEM\\CurrentControlSet\\Services"
STOPPED, START_PENDING, STOP_PENDING, RUNNING = "Stopped", "Start Pending", "Stop Pending", "Running"
START_MODES = {0: "Boot", 1: "System", 2: "Auto", 3: "Manual", 4: "Disabled"}
START_VALUES = {"boot": 0, "system": 1, "automatic": 2, "auto": 2, "manual": 3, "disabled": 4}

OK, DEPENDENTS_RUNNING, INVALID_CONTROL, CANNOT_ACCEPT = 0, 3, 4, 5
ALREADY_RUNNING, DEPENDENCY_FAILURE, DISABLED = 10, 13, 14
INVALID_NAME, INVALID_PARAMETER = 20, 21

ERROR_SERVICE_NEVER_STARTED = 1077


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
            return
        if self.delay <= 0:
            self._arrive(service, to)
        else:
            asyncio.get_running_loop().call_later(self.delay, self._arrive, service, to)

    def _arrive(self, service: Service, to: str) -> None:
        service.state = to
        service.exit_code = 0
        if to == STOPPED:
            service.pid = 0
            self.on_stopped(service.name)
        else:
            self.on_running(service.name)
