# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of Task Scheduler: what is registered, in which folders, and how each ran last.

A task's path begins with a backslash and may go through folders, which are made with the first task in them and stay
when it goes: deleting a task and deleting a folder are two calls ([MS-TSCH] 3.2.5.4.14 SchRpcDelete), and no tool of
the command line makes the second. Paths have no case. The files below System32\\Tasks and the keys below TaskCache are
not modelled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SCHED_S_TASK_HAS_NOT_RUN, SCHED_S_TASK_RUNNING, SCHED_S_TASK_TERMINATED = 0x41303, 0x41301, 0x41306
ERROR_FILE_NOT_FOUND = 0x80070002
AT_START, ONCE = "ONSTART", "ONCE"
_FORBIDDEN = frozenset('/:*?"<>|')


@dataclass(frozen=True)
class ScheduledTask:
    """One task. `command` is its program with arguments, `delay` seconds after a start of Windows, `at` the moment of
    ONCE, `user` the SID that it runs as; an account other than the system's has to be logged on."""

    path: str
    command: str
    schedule: str
    user: str
    user_name: str
    author: str
    created: dt.datetime
    delay: int = 0
    at: dt.datetime | None = None
    highest: bool = False

    def as_json(self) -> dict[str, Any]:
        """What the task is, without when it was made and by whom."""
        return {
            "path": self.path,
            "command": self.command,
            "schedule": self.schedule,
            "delay": self.delay,
            "at": None if self.at is None else self.at.isoformat(),
            "user": self.user,
            "highest": self.highest,
        }


@dataclass
class Runs:
    """How a task fared: `last_result` is its program's exit code, or what Task Scheduler says instead."""

    last_run: dt.datetime | None = None
    last_result: int = SCHED_S_TASK_HAS_NOT_RUN
    running: bool = False


@dataclass
class _Registered:
    task: ScheduledTask
    runs: Runs = field(default_factory=Runs)


class TaskStore:
    """The tasks of one host; `on_change` gets (kind, path, before, after)."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Registered] = {}
        self._folders: dict[str, str] = {}
        self.on_change: Callable[[str, str, Any, Any], None] = lambda kind, path, before, after: None
        self.on_run: Callable[[ScheduledTask], None] = lambda task: None
        """Starts a task now."""
        self.on_end: Callable[[ScheduledTask], None] = lambda task: None
        self.on_registered: Callable[[ScheduledTask], None] = lambda task: None

    def find(self, path: str) -> ScheduledTask | None:
        found = self._tasks.get(path.lower())
        return None if found is None else found.task

    def runs(self, path: str) -> Runs:
        """How a task that exists ran last."""
        return self._tasks[path.lower()].runs

    def all(self) -> list[ScheduledTask]:
        return [self._tasks[path].task for path in sorted(self._tasks)]

    def folders(self) -> list[str]:
        """The folders that were made, without the root."""
        return [self._folders[folder] for folder in sorted(self._folders)]

    def has_folder(self, path: str) -> bool:
        return path in ("", "\\") or path.lower() in self._folders

    def register(self, task: ScheduledTask) -> None:
        """Create or replace, with the folders on the way."""
        parts = task.path.strip("\\").split("\\")
        for number in range(1, len(parts)):
            folder = "\\" + "\\".join(parts[:number])
            if folder.lower() not in self._folders:
                self._folders[folder.lower()] = folder
                self.on_change("task.folder", folder, None, None)
        before = self.find(task.path)
        self._tasks[task.path.lower()] = _Registered(task)
        self.on_change("task.write", task.path, None if before is None else before.as_json(), task.as_json())
        self.on_registered(task)

    def delete(self, path: str) -> None:
        """Delete a task that exists; one that runs goes on."""
        before = self._tasks.pop(path.lower()).task
        self.on_change("task.delete", before.path, before.as_json(), None)

    def as_json(self) -> dict[str, Any]:
        return {"tasks": [task.as_json() for task in self.all()], "folders": self.folders()}


def full_path(name: str) -> str | None:
    """The path of a task by a name with or without its first backslash; None for one that cannot be."""
    parts = name.removeprefix("\\").split("\\")
    if not all(part.strip() and not _FORBIDDEN & set(part) for part in parts):
        return None
    return "\\" + "\\".join(parts)
