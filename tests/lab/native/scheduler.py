# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task Scheduler at work: tasks that wait for a start of Windows or for their hour, and what they run.

Time that a task waits passes faster here: a minute of it takes `task_minute` seconds. A task runs with the rights of
the system when it is the system's; one of another account runs only while that is logged on, here never, since nobody
is at the console (schtasks without a password makes such tasks: Microsoft, "schtasks create"). The program is started
without cmd.exe, so `&` joins commands only behind `cmd /c`. A task waits and runs as long as its service does.
"""

from __future__ import annotations

import asyncio

from tests.lab.model.host import Host
from tests.lab.model.security import SYSTEM, SYSTEM_TOKEN
from tests.lab.model.tasks import (
    AT_START,
    ERROR_FILE_NOT_FOUND,
    ONCE,
    SCHED_S_TASK_RUNNING,
    SCHED_S_TASK_TERMINATED,
    ScheduledTask,
)
from tests.lab.native.runner import start_program

SERVICE = "Schedule"


class Scheduler:
    """The tasks of one running host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._running: dict[asyncio.Task[None], ScheduledTask] = {}
        host.tasks.on_run = self._launch
        host.tasks.on_end = self._end
        host.tasks.on_registered = self._registered

    @property
    def waiting(self) -> int:
        """How many tasks wait or run."""
        return len(self._running)

    def booted(self) -> None:
        """Windows has started."""
        for task in self._host.tasks.all():
            if task.schedule == AT_START:
                self._launch(task, task.delay)
            else:
                self._registered(task)

    async def close(self) -> None:
        """The host goes down: what waits is forgotten, what runs is cut off."""
        running = list(self._running)
        for job in running:
            job.cancel()
        if running:
            await asyncio.wait(running, timeout=2)

    def _registered(self, task: ScheduledTask) -> None:
        if task.schedule == ONCE and task.at is not None:
            wait = (task.at - self._host.now()).total_seconds()
            if wait > 0:
                self._launch(task, wait)

    def _launch(self, task: ScheduledTask, wait: float = 0) -> None:
        job = asyncio.get_running_loop().create_task(self._run(task, wait))
        self._running[job] = task
        job.add_done_callback(lambda done: self._running.pop(done, None))

    def _end(self, task: ScheduledTask) -> None:
        for job, other in list(self._running.items()):
            if other is task and self._host.tasks.runs(task.path).running:
                job.cancel()

    async def _run(self, task: ScheduledTask, wait: float) -> None:
        """Wait, look whether the task is still there as it was, and run it to its end."""
        host = self._host
        await asyncio.sleep(wait * host.settings.task_minute / 60)
        if host.tasks.find(task.path) is not task or not host.services.running(SERVICE):
            return
        runs = host.tasks.runs(task.path)
        if runs.running or task.user != SYSTEM:
            return
        runs.running, runs.last_run, runs.last_result = True, host.now(), SCHED_S_TASK_RUNNING
        try:
            runs.last_result = await self._program(task)
        except asyncio.CancelledError:
            runs.last_result = SCHED_S_TASK_TERMINATED
            raise
        finally:
            runs.running = False

    async def _program(self, task: ScheduledTask) -> int:
        steps = start_program(self._host, SYSTEM_TOKEN, task.command)
        if steps is None:
            return ERROR_FILE_NOT_FOUND
        code = 0
        while True:
            with self._host.acting_as(SYSTEM_TOKEN.name):
                step = next(steps, None)
            if step is None:
                return code
            code = step.code
            await asyncio.sleep(step.seconds)
