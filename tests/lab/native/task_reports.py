# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What schtasks /query prints: XML, which has no language, and a table, a list or CSV, which have the host's.

Shapes: published listings of `schtasks /query /fo list /v` (a task at system start up: 267011 as its last result, no
start on batteries, 72 hours) and of `/xml`. MEM: unverified: Principals before Settings, the widths of the table.
"""

from __future__ import annotations

import datetime as dt
from xml.sax.saxutils import escape

from tests.lab.model.host import Host
from tests.lab.model.language import ENGLISH
from tests.lab.model.security import SYSTEM
from tests.lab.model.tasks import AT_START, ScheduledTask
from tests.lab.native.result import lines

_NEVER = dt.datetime(1999, 11, 30, tzinfo=dt.timezone.utc)
_NONE = "N/A"
_SHORT = ("TaskName", "Next Run Time", "Status")
_LIST = ("HostName", "TaskName", "Next Run Time", "Status", "Logon Mode")
_LABEL_WIDTH = 38


def report(host: Host, tasks: list[ScheduledTask], form: str, *, verbose: bool, header: bool) -> str:
    rows = [_row(host, task) for task in tasks]
    names = list(rows[0]) if verbose else list(_LIST if form == "list" else _SHORT)
    if form == "csv":
        head = [",".join(f'"{name}"' for name in names)] if header else []
        return lines(*head, *(",".join(f'"{row[name]}"' for name in names) for row in rows))
    found: list[str] = []
    for task, row in zip(tasks, rows, strict=True):
        found += ["", f"Folder: {task.path.rpartition(chr(92))[0] or chr(92)}"]
        if form == "list":
            found += [f"{name + ':':<{_LABEL_WIDTH}}{row[name]}" for name in names]
            continue
        widths = [40, 22, 15, *([22] * len(names))]
        if header:
            found.append(" ".join(f"{name:<{width}}" for name, width in zip(names, widths, strict=False)))
            found.append(" ".join("=" * width for _name, width in zip(names, widths, strict=False)))
        cells = [row[name].rpartition("\\")[2] if name == "TaskName" else row[name] for name in names]
        found.append(" ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False)))
    return lines(*found)


def _row(host: Host, task: ScheduledTask) -> dict[str, str]:
    runs = host.tasks.runs(task.path)
    waits = task.at is not None and task.at > host.now()
    background = task.user == SYSTEM
    return {
        "HostName": host.name.upper(),
        "TaskName": task.path,
        "Next Run Time": _time(host, task.at) if waits and task.at is not None else _NONE,
        "Status": "Running" if runs.running else "Ready",
        "Logon Mode": "Interactive/Background" if background else "Interactive only",
        "Last Run Time": _time(host, runs.last_run or _NEVER),
        "Last Result": str(runs.last_result - (1 << 32) if runs.last_result >= 1 << 31 else runs.last_result),
        "Author": task.author,
        "Task To Run": task.command,
        "Start In": _NONE,
        "Comment": _NONE,
        "Scheduled Task State": "Enabled",
        "Idle Time": "Disabled",
        "Power Management": "Stop On Battery Mode, No Start On Batteries",
        "Run As User": task.user_name,
        "Delete Task If Not Rescheduled": "Disabled",
        "Stop Task If Runs X Hours and X Mins": "72:00:00",
        "Schedule": "Scheduling data is not available in this format.",
        "Schedule Type": "At system start up" if task.schedule == AT_START else "One Time Only",
        "Start Time": _NONE if task.at is None else _time(host, task.at).partition(" ")[2],
        "Start Date": _NONE if task.at is None else _time(host, task.at).partition(" ")[0],
        "End Date": _NONE,
        "Days": _NONE,
        "Months": _NONE,
        "Repeat: Every": _NONE,
        "Repeat: Until: Time": _NONE,
        "Repeat: Until: Duration": _NONE,
        "Repeat: Stop If Still Running": _NONE,
    }


def _time(host: Host, moment: dt.datetime) -> str:
    """As the host's language writes it: M/D/YYYY with AM and PM, or DD.MM.YYYY."""
    if host.settings.language != ENGLISH:
        return f"{moment:%d.%m.%Y %H:%M:%S}"
    return f"{moment.month}/{moment.day}/{moment.year} {(moment.hour + 11) % 12 + 1}:{moment:%M:%S %p}"


def xml(task: ScheduledTask) -> str:
    """The task as Task Scheduler keeps it: the first word of its command line is the program."""
    program, _blank, rest = _split(task.command)
    trigger = "BootTrigger" if task.schedule == AT_START else "TimeTrigger"
    inside = [f"      <Delay>{_duration(task.delay)}</Delay>"] if task.delay else []
    inside += [] if task.at is None else [f"      <StartBoundary>{task.at:%Y-%m-%dT%H:%M:%S}</StartBoundary>"]
    level = ["      <RunLevel>HighestAvailable</RunLevel>"] if task.highest else []
    logon = [] if task.user == SYSTEM else ["      <LogonType>InteractiveToken</LogonType>"]
    return lines(
        '<?xml version="1.0" encoding="UTF-16"?>',
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
        "  <RegistrationInfo>",
        f"    <Date>{task.created:%Y-%m-%dT%H:%M:%S}</Date>",
        f"    <Author>{escape(task.author)}</Author>",
        f"    <URI>{escape(task.path)}</URI>",
        "  </RegistrationInfo>",
        "  <Principals>",
        '    <Principal id="Author">',
        *level,
        f"      <UserId>{escape(task.user)}</UserId>",
        *logon,
        "    </Principal>",
        "  </Principals>",
        "  <Settings>",
        "    <DisallowStartIfOnBatteries>true</DisallowStartIfOnBatteries>",
        "    <StopIfGoingOnBatteries>true</StopIfGoingOnBatteries>",
        "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
        "    <IdleSettings>",
        "      <Duration>PT10M</Duration>",
        "      <WaitTimeout>PT1H</WaitTimeout>",
        "      <StopOnIdleEnd>true</StopOnIdleEnd>",
        "      <RestartOnIdle>false</RestartOnIdle>",
        "    </IdleSettings>",
        "  </Settings>",
        "  <Triggers>",
        *([f"    <{trigger}>", *inside, f"    </{trigger}>"] if inside else [f"    <{trigger} />"]),
        "  </Triggers>",
        '  <Actions Context="Author">',
        "    <Exec>",
        f"      <Command>{escape(program)}</Command>",
        *([f"      <Arguments>{escape(rest)}</Arguments>"] if rest else []),
        "    </Exec>",
        "  </Actions>",
        "</Task>",
    )


def _split(command: str) -> tuple[str, str, str]:
    if command.startswith('"'):
        program, quote, rest = command[1:].partition('"')
        return program, quote, rest.strip()
    return command.partition(" ")


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return "PT" + (f"{minutes}M" if minutes else "") + (f"{rest}S" if rest else "")
