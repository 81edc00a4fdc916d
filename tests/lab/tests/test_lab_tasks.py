# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""schtasks, and tasks that run after a restart: what they may do, when, and how their end is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from winrm.protocol import Protocol

from tests.lab.model.host import Host
from tests.lab.model.registry import HKLM
from tests.lab.model.tasks import SCHED_S_TASK_HAS_NOT_RUN
from tests.lab.native.arguments import split
from tests.lab.native.result import Result
from tests.lab.native.runner import run_command_line
from tests.lab.native.schtasks import E_FAIL
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.lab_clients import pywinrm

MakeHost = Callable[..., Host]
RunHost = Callable[..., tuple[LabThread, LabHost]]
USERS = [{"name": "ansible", "password": "lab-Passw0rd", "admin": True}, {"name": "helpdesk", "password": "x"}]
GRACE = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\RCM\\GracePeriod"
CREATE = 'schtasks /create /tn winops.rdp\\undo /tr "cmd /c ver" /sc onstart'
_TASKS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def run(host: Host, line: str, user: str = "ansible") -> Result:
    return run_command_line(host, host.users[user].token(host.authority), line)


def remotely(protocol: Protocol, line: str) -> tuple[int, str]:
    """Exit code and output of a command line, over a remote shell."""
    shell = protocol.open_shell()
    try:
        command = protocol.run_command(shell, line)
        out, err, code = protocol.get_command_output(shell, command)
        return code, (out + err).decode()
    finally:
        protocol.close_shell(shell)


def until(met: Callable[[], Any], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(met())


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ('schtasks /tr "cmd /c \\"a b\\" & c"', ["schtasks", "/tr", 'cmd /c "a b" & c']),
        ('x "" "C:\\a b\\\\" d', ["x", "", "C:\\a b\\", "d"]),
        ("x C:\\a\\b", ["x", "C:\\a\\b"]),
    ],
)
def test_arguments_of_a_program_in_c(line: str, arguments: list[str]) -> None:
    assert split(line) == arguments


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        (f"{CREATE} /ru SYSTEM /rl HIGHEST /delay 0005:00 /f", 0, 'task "winops.rdp\\undo" has successfully been'),
        (f'{CREATE} /ru ""', 0, "successfully"),
        (f'{CREATE} /ru "NT AUTHORITY\\SYSTEM"', 0, "successfully"),
        (f"{CREATE} /ru S-1-5-18", 0, "successfully"),
        (f"{CREATE} /ru nobody", 1, "No mapping between account names"),
        (f"{CREATE} /z", 1, "EndBoundary"),
        (f"{CREATE} /delay 5:00", E_FAIL, "/DELAY"),
        (f"{CREATE} /st 10:00", E_FAIL, "/ST"),
        (f"{CREATE} /nonsense", E_FAIL, "Invalid argument/option - '/nonsense'."),
        ("schtasks /create /tn a /tr ver /sc once", E_FAIL, "'st' is missing"),
        ("schtasks /create /tn a /tr ver /sc once /st 23:59 /delay 0001:00", E_FAIL, "/DELAY"),
        ("schtasks /create /tn a /tr ver /sc once /st 00:00", 0, "earlier than current time"),
        ("schtasks /create /tn a /tr ver /sc onidle", 1, "not supported"),
        ("schtasks /create /tn a:b /tr ver /sc onstart", 1, "syntax is incorrect"),
        (f"schtasks /create /tn a /tr {'x' * 261} /sc onstart", 0, "successfully"),
        (f"schtasks /create /tn a /tr {'x' * 262} /sc onstart", E_FAIL, "'/tr' option cannot be more than 261"),
        ("schtasks /query /tn a", 1, "The system cannot find the file specified."),
        ("schtasks /query /tn folder\\a", 1, "The system cannot find the path specified."),
        ("schtasks /delete /tn a /f", 1, 'The specified task name "a" does not exist in the system.'),
    ],
)
def test_schtasks(make_host: MakeHost, line: str, code: int, text: str) -> None:
    host = make_host(users=USERS)
    result = run(host, line)
    assert result.code == code and text in result.stdout + result.stderr
    assert bool(host.tasks.all()) == (code == 0 and "/create" in line)


def test_a_task_is_listed_replaced_and_deleted_and_its_folder_stays(make_host: MakeHost) -> None:
    host = make_host(users=USERS)
    before = host.digest()
    assert run(host, f"{CREATE} /ru SYSTEM /rl HIGHEST /delay 0005:30").code == 0
    assert run(host, CREATE).code == 1, "without /f it asks"
    assert run(host, CREATE.replace("winops", "\\WINOPS") + " /f /ru SYSTEM /delay 0001:00").code == 0
    assert run(host, "schtasks /query /tn WINOPS.RDP\\UNDO /fo csv /nh").stdout == (
        '"\\WINOPS.rdp\\undo","N/A","Ready"\r\n'
    )
    listed = run(host, "schtasks /query /tn winops.rdp\\undo /fo list /v").stdout
    assert f"{'Last Result:':<38}{SCHED_S_TASK_HAS_NOT_RUN}" in listed and "At system start up" in listed
    root = fromstring(run(host, "schtasks /query /tn winops.rdp\\undo /xml").stdout.encode("utf-16"))
    assert isinstance(root, Element)
    values = [root.findtext(f".//{_TASKS}{name}") for name in ("UserId", "Delay", "Command", "Arguments")]
    assert values == ["S-1-5-18", "PT1M", "cmd", "/c ver"]
    assert [run(host, line, "helpdesk").code for line in (CREATE, "schtasks /query /tn winops.rdp\\undo")] == [1, 1]
    assert run(host, "schtasks /delete /tn \\winops.rdp\\undo /f").code == 0
    after = host.digest()
    assert after["tasks"] == {"tasks": [], "folders": ["\\winops.rdp"]}
    assert after["parts"].items() - before["parts"].items() == {("tasks", after["parts"]["tasks"])}
    assert [write.kind for write in host.audit.writes] == ["task.folder", "task.write", "task.write", "task.delete"]


def test_german_words(make_host: MakeHost) -> None:
    host = make_host(language=1031)
    assert run(host, CREATE).stdout.startswith('ERFOLGREICH: Die geplante Aufgabe "winops.rdp\\undo"')
    assert run(host, "schtasks /delete /tn x /f").stderr.startswith('FEHLER: Der angegebene Aufgabenname "x" ist')
    assert "\r\nLetztes Ergebnis:" in run(host, "schtasks /query /fo list /v").stdout


def test_a_task_runs_as_the_system_after_a_restart_and_tells_its_result(run_host: RunHost) -> None:
    lab, host = run_host(task_minute=0.2, registry={GRACE: {"Lab": 1}})
    protocol = pywinrm(host.address)
    line = f'reg delete \\"{GRACE}\\" /v Lab /f & echo a>C:\\Windows\\Temp\\ran.txt & exit 7'
    assert remotely(protocol, f'reg delete "{GRACE}" /v Lab /f')[0] == 1, "administrators may not"
    # cmd.exe counts every quote, with a backslash or not, so `&` and `>` stand in quotes here too.
    outer = f'schtasks /create /tn w\\undo /tr "cmd /c {line}" /sc onstart /ru SYSTEM /delay 0002:00 /f'
    code, text = remotely(protocol, outer)
    assert code == 0, text
    assert (
        remotely(protocol, 'schtasks /create /tn mine /tr "cmd /c echo b>C:\\Windows\\Temp\\b.txt" /sc onstart')[0] == 0
    )
    assert host.model.tasks.runs("\\w\\undo").last_run is None
    lab.reboot(host.name, 0.05)
    lab.back(host.name)
    runs = host.model.tasks.runs("\\w\\undo")
    assert not runs.running and runs.last_run is None, "it waits for its delay"
    assert until(lambda: runs.last_result == 7)
    assert host.model.registry.get(GRACE, "Lab") is None
    written = [write for write in host.model.audit.writes if write.target.endswith(("\\Lab", "ran.txt"))]
    assert [write.by for write in written] == ["NT AUTHORITY\\SYSTEM"] * 2
    code, text = remotely(pywinrm(host.address), "schtasks /query /tn w\\undo /fo csv /v /nh")
    assert code == 0 and ',"7",' in text
    assert host.model.files.find("C:\\Windows\\Temp\\b.txt") is None, "nobody who could run it is logged on"


def test_a_task_that_is_deleted_or_whose_program_is_missing_does_nothing(run_host: RunHost) -> None:
    lab, host = run_host(task_minute=0.2)
    protocol = pywinrm(host.address)
    flag = "C:\\Windows\\Temp\\ran.txt"
    for name, command, more in (
        ("gone", f"cmd /c echo a>{flag}", "/delay 0005:00"),
        ("lost", "C:\\lost.exe", ""),
        ("bare", f"hostname & echo a>{flag}", ""),
    ):
        assert remotely(protocol, f'schtasks /create /tn {name} /tr "{command}" /sc onstart /ru SYSTEM {more}')[0] == 0
    lab.reboot(host.name, 0.05)
    lab.back(host.name)
    protocol = pywinrm(host.address)
    assert remotely(protocol, "schtasks /delete /tn gone /f")[0] == 0
    assert until(lambda: host.model.tasks.runs("\\lost").last_result == 0x80070002)
    assert remotely(protocol, "schtasks /run /tn lost")[0] == 0
    assert host.model.tasks.runs("\\bare").last_result == 0
    assert until(lambda: not host.scheduler.waiting)
    assert host.model.files.find(flag) is None


def test_a_batch_file_runs_as_a_task_and_undoes(run_host: RunHost) -> None:
    lab, host = run_host(
        task_minute=0,
        registry={"HKLM\\SOFTWARE\\Lab": {"A": 1}},
        files={
            "C:\\Windows\\Temp\\undo.cmd": {
                "text": "@echo off\r\nrem the journal\r\nif not exist C:\\Windows\\Temp\\lab.hiv exit /b 3\r\n"
                "reg restore HKLM\\SOFTWARE\\Lab C:\\Windows\\Temp\\lab.hiv || exit 4\r\n"
                "del C:\\Windows\\Temp\\lab.hiv\r\nschtasks /delete /tn undo /f\r\n"
            }
        },
    )
    protocol = pywinrm(host.address)
    steps = (
        "reg save HKLM\\SOFTWARE\\Lab C:\\Windows\\Temp\\lab.hiv /y",
        "schtasks /create /tn undo /tr C:\\Windows\\Temp\\undo.cmd /sc onstart /ru SYSTEM /rl highest",
        "reg delete HKLM\\SOFTWARE\\Lab /v A /f",
        "shutdown /r /t 0",
    )
    assert [remotely(protocol, step)[0] for step in steps] == [0, 0, 0, 0]
    assert until(lambda: host.model.tasks.find("\\undo") is None)
    assert host.model.registry.dword("HKLM\\SOFTWARE\\Lab", "A") == 1
    assert host.model.files.find("C:\\Windows\\Temp\\lab.hiv") is None
    lab.back(host.name)
