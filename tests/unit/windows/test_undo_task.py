# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduled task that undoes: the lines of its file, and what is made of a Task Scheduler that does not obey."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._windows import undo_task
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManTimeout

FILE = r"C:\WinNT\winops.rdp.undo.cmd"
_LINE = re.compile(r'cmd\.exe /d /c "(.*)"')


class Windows:
    """cmd.exe with one file, and a Task Scheduler. ``takes``, ``drops``: whether it makes and deletes tasks."""

    def __init__(self, *, takes: bool = True, drops: bool = True) -> None:
        self.file: list[str] | None = None
        self.task = False
        self.takes, self.drops = takes, drops
        self.commands: list[str] = []
        self.lost = 0
        self.system_folder = r"C:\WinNT\System32"
        self.deadline = Deadline(5)
        self.session = SimpleNamespace(host="win01", close=lambda: None)
        self.files = self.tools = self

    def exists(self, path: str) -> bool:
        return self.size(path) is not None

    def size(self, path: str) -> int | None:
        assert path == FILE
        return None if self.file is None else sum(len(line) + 2 for line in self.file)

    def run(self, command_line: str, _deadline: Deadline) -> int:
        self.commands.append(command_line)
        found = _LINE.fullmatch(command_line)
        assert found is not None and len(command_line) < 8191
        if found.group(1).startswith("("):
            echoes, path = found.group(1)[1:].split(")>>")
            assert path == FILE
            self.file = [*(self.file or []), *(each.removeprefix("echo ") for each in echoes.split("&"))]
        else:
            order, asked = found.group(1).split(" & ")
            assert asked == rf"schtasks.exe /query /tn winops.rdp.undo || del /f {FILE}"
            self.task = self.takes if " /create " in order else self.task and not self.drops
            self.file = self.file if self.task else None
        if self.lost:
            self.lost -= 1
            error = WSManTimeout("the command", 1.0)
            error.in_doubt = True
            raise error
        return 0


@pytest.mark.parametrize("lost", [0, 1])
def test_the_file_deletes_the_task_first_and_itself_last(lost: int) -> None:
    windows: Any = Windows()
    commands = [f'reg.exe delete "HKLM\\Key {number}" /v "{"V" * 100}" /f' for number in range(100)]
    windows.lost = lost
    undo_task.set_up(windows, commands)
    assert undo_task.is_set(windows) and windows.task
    assert windows.file == [
        "schtasks.exe /delete /tn winops.rdp.undo /f",
        *commands,
        "shutdown.exe /r /t 5",
        rf"del /f {FILE}",
    ]
    assert len(windows.commands) > 3
    assert windows.commands[-1].startswith(
        'cmd.exe /d /c "schtasks.exe /query /tn winops.rdp.undo || schtasks.exe /create /tn winops.rdp.undo '
        "/sc onstart /delay 0010:00 /ru SYSTEM /rl HIGHEST "
        rf"/tr {FILE} /f & "
    )
    windows.lost = lost
    undo_task.call_off(windows)
    assert not windows.task and not undo_task.is_set(windows)


def test_a_file_that_was_left_behind_is_not_added_to() -> None:
    windows: Any = Windows()
    windows.file = ["something else"]
    undo_task.set_up(windows, [])
    assert windows.file[0].startswith("schtasks.exe /delete")


def test_a_task_scheduler_that_takes_nothing() -> None:
    windows: Any = Windows(takes=False)
    with pytest.raises(WindowsError, match=r"does not take the task winops\.rdp\.undo"):
        undo_task.set_up(windows, [])
    assert windows.file is None


def test_a_task_that_stays_keeps_its_file() -> None:
    windows: Any = Windows(drops=False)
    undo_task.set_up(windows, [])
    with pytest.raises(WindowsError, match=r"does not delete the task winops\.rdp\.undo"):
        undo_task.call_off(windows)
    assert windows.task and windows.file
