# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes: those of the services, a few of the system, and what Win32_Process.Create starts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Process:
    """One process; `created` None for those that exist since boot without a date (System Idle Process)."""

    pid: int
    parent: int
    name: str
    path: str | None
    command_line: str | None
    created: dt.datetime | None
    session: int = 0


class ProcessTable:
    """Processes that are not services."""

    def __init__(self, boot: dt.datetime) -> None:
        self._processes: dict[int, Process] = {}
        self._next = 6000
        for pid, parent, name, path in (
            (0, 0, "System Idle Process", None),
            (4, 0, "System", None),
            (640, 532, "lsass.exe", "C:\\Windows\\system32\\lsass.exe"),
            (632, 532, "services.exe", None),
        ):
            self._processes[pid] = Process(pid, parent, name, path, path, boot if pid else None)

    def start(self, name: str, path: str, command_line: str, now: dt.datetime) -> int:
        self._next += 4
        self._processes[self._next] = Process(self._next, 632, name, path, command_line, now)
        return self._next

    def end(self, pid: int) -> None:
        self._processes.pop(pid, None)

    def all(self) -> list[Process]:
        return [self._processes[pid] for pid in sorted(self._processes)]
