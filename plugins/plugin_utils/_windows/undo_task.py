# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A task of Task Scheduler that runs commands some minutes after the next start of Windows, once, unless called off.

The commands are lines of a file in the folder of Windows, ``winops.rdp.undo.cmd``. Its first line deletes the task, so
that it never runs twice; its last ones restart Windows and delete the file. The file goes only where the task is gone,
and stays only where it could be made, so a look at the file tells of both. The task is in the root of Task Scheduler:
a folder of its own would stay behind (MS-TSCH, SchRpcDelete; schtasks has no option for folders).

Microsoft, "schtasks create": /delay is mmmm:ss for ONSTART, /tr has 261 characters, and the codes say too little
(0, 1, 0x80004005), so a query tells. Such tasks do not start on batteries (ITaskSettings, the default).
MEM: a task that is deleted by what it runs is not ended by that; schtasks /query of a name ends with 0 only where the
task is there; CIM_DataFile has the size of a file that was just written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import settle
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

NAME = "winops.rdp.undo"
MINUTES = 10
_IS_THERE = f"schtasks.exe /query /tn {NAME}"
# So that the file is deleted before Windows ends its programs.
_RESTART_SECONDS = 5
# A command line of cmd.exe has up to 8191 characters (Microsoft, "Command prompt line string limitation"). One line of
# the file has room in it together with what writes it.
LONGEST = 6000
_LINE_END = 2


def is_set(host: Host) -> bool:
    return host.files.exists(_path(host))


def set_up(host: Host, commands: Sequence[str]) -> None:
    """Makes the task; WindowsError when Task Scheduler does not take it.

    ``commands``: lines for cmd.exe of at most LONGEST characters, in ASCII, without a character that it interprets
    outside of quotes, and with an even number of quotes.
    """
    path = _path(host)
    call_off(host)
    size = 0
    for part in _parts(_lines(path, commands)):
        size += sum(len(line) + _LINE_END for line in part)
        _append(host, path, part, size)
    create = f"/create /tn {NAME} /sc onstart /delay {MINUTES:04d}:00 /ru SYSTEM /rl HIGHEST /tr {path} /f"
    _repeatable(host, f"{_IS_THERE} || schtasks.exe {create} & {_IS_THERE} || del /f {path}")
    if not is_set(host):
        raise WindowsError(
            f"Task Scheduler does not take the task {NAME}; look whether its service runs and what its log says"
        )


def call_off(host: Host) -> None:
    """Deletes the task and its file; WindowsError when it stays."""
    path = _path(host)
    if not is_set(host):
        return
    _repeatable(host, f"schtasks.exe /delete /tn {NAME} /f & {_IS_THERE} || del /f {path}")
    if is_set(host):
        raise WindowsError(f"Task Scheduler does not delete the task {NAME}; delete it, and then {path}, by hand")


def _path(host: Host) -> str:
    folder = host.system_folder.rpartition("\\")[0]
    return rf"{folder}\{NAME}.cmd"


def _lines(path: str, commands: Sequence[str]) -> list[str]:
    return [
        f"schtasks.exe /delete /tn {NAME} /f",
        *commands,
        f"shutdown.exe /r /t {_RESTART_SECONDS}",
        f"del /f {path}",
    ]


def _parts(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines in parts that one command line can write."""
    part: list[str] = []
    for line in lines:
        if part and sum(map(len, part)) + len(line) > LONGEST:
            yield part
            part = []
        part.append(line)
    yield part


def _append(host: Host, path: str, part: Sequence[str], size: int) -> None:
    """Appends lines to the file, which has ``size`` bytes then."""
    echoes = "&".join(f"echo {line}" for line in part)
    settle(
        host.session,
        f"a part of {path}",
        read=lambda: host.files.size(path),
        write=lambda: host.tools.run(_in_cmd(f"({echoes})>>{path}"), host.deadline),
        wanted=lambda found: found == size,
        show=lambda found: "no file" if found is None else f"{found} bytes",
    )


def _repeatable(host: Host, line: str) -> None:
    """Runs what may run twice, and does so where the reply to the first was lost."""
    try:
        host.tools.run(_in_cmd(line), host.deadline)
    except WSManError as error:
        if not error.in_doubt:
            raise
        host.session.close()
        host.tools.run(_in_cmd(line), host.deadline)


def _in_cmd(line: str) -> str:
    """The remote shell reads a line in cmd.exe, Win32_Process.Create does not: so cmd.exe is named either way.

    The outer one sees everything between the first quote and the last as quoted but for what is between the pairs
    inside, and the inner one takes the first and the last away (Microsoft, "cmd").
    """
    return f'cmd.exe /d /c "{line}"'
