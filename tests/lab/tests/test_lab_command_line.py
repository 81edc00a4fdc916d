# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines as cmd.exe reads them, and the small tools that lines are made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.model.certificates import MACHINE_KEYS
from tests.lab.model.host import Host
from tests.lab.native.result import Result
from tests.lab.native.runner import run_command_line

MakeHost = Callable[..., Host]
TEMP = "C:\\Windows\\Temp"
FILES = {f"{TEMP}\\a.txt": {"text": "one\r\nTwo\r\nthree two\r\n"}, f"{TEMP}\\closed.txt": {"text": "x", "acl": []}}
USERS = [
    {"name": "ansible", "password": "lab-Passw0rd", "admin": True},
    {"name": "helpdesk", "password": "x"},
]
FOLDER_ACL = ["S-1-5-18:F:OI,CI"]


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    return make_host(windows="2019", files=FILES, users=USERS)


def run(host: Host, line: str, user: str = "ansible") -> Result:
    return run_command_line(host, host.users[user].token(host.authority), line)


@pytest.mark.parametrize(
    ("line", "code", "out", "err"),
    [
        ("echo a", 0, "a\r\n", ""),
        ("echo a & echo b", 0, "a \r\nb\r\n", ""),
        ("echo a&& echo b", 0, "a\r\nb\r\n", ""),
        ("cmd /c exit 3 && echo b", 3, "", ""),
        ("cmd /c exit 3 || echo b", 0, "b\r\n", ""),
        ("(exit 3) & echo b", 3, "", ""),
        ("exit 3 | exit 4 & echo b", 0, "b\r\n", ""),
        ("if exist C:\\Windows echo a & echo b", 0, "a \r\nb\r\n", ""),
        ("if not exist C:\\Windows echo a & echo b", 0, "", ""),
        ("if exist C:\\no (echo a) else (echo b) & echo c", 0, "b\r\nc\r\n", ""),
        ("if exist C:\\Windows (if exist C:\\no (echo a) else echo b) else echo c", 0, "b\r\n", ""),
        ("cmd /c exit 3 & if errorlevel 3 (echo a) else (echo b)", 0, "a\r\n", ""),
        ("if exist C:\\Windows\\s*32 echo a", 0, "a\r\n", ""),
        ('echo "a & b" ^& c', 0, '"a & b" & c\r\n', ""),
        ("echo a 1>&2", 0, "", "a \r\n"),
        ("echo a>nul & echo b", 0, "b\r\n", ""),
        ("exit 5 > nul 2>&1", 5, "", ""),
        ("(echo a & echo b) > nul & echo c", 0, "c\r\n", ""),
        ('(echo a & echo b) | find /c /v ""', 0, "2\r\n", ""),
        ('cmd.exe /c "echo a & exit 7"', 7, "a \r\n", ""),
        ('cmd /c "echo ""x"""', 0, '""x""\r\n', ""),
        ("echo %COMPUTERNAME% %nothing%", 0, "LABHOST %nothing%\r\n", ""),
        ("echo.", 0, "\r\n", ""),
        ("echo", 0, "ECHO is on.\r\n", ""),
        ("", 0, "", ""),
        ("echo a &", 0, "a \r\n", ""),
        ("&& echo a", 1, "", "&& was unexpected at this time.\r\n"),
        ("echo a | ", 1, "", "The syntax of the command is incorrect.\r\n"),
        ("(echo a", 1, "", "The syntax of the command is incorrect.\r\n"),
        ("(echo a) b", 1, "", "b was unexpected at this time.\r\n"),
    ],
)  # fmt: skip
def test_lines(host: Host, line: str, code: int, out: str, err: str) -> None:
    result = run(host, line)
    assert (result.code, result.stdout, result.stderr) == (code, out, err)


def test_what_is_not_known_is_not_recognized(host: Host) -> None:
    result = run(host, "systeminfo /fo csv")
    assert result.code == 1 and result.stderr.startswith("'systeminfo' is not recognized as an internal or external")
    assert run(host, "echo a | sort").code == 1, "the last command of a pipe decides"
    assert run(host, 'sort | find "x" & echo b').stdout == "b\r\n"


def test_cmd_takes_8191_characters(host: Host) -> None:
    assert run(host, "echo " + "x" * 8186).code == 0
    result = run(host, "echo " + "x" * 8187)
    assert (result.code, result.stdout, result.stderr) == (1, "", "The command line is too long.\r\n")


def test_streams_of_a_pipe(host: Host) -> None:
    result = run(host, 'wevtutil qe NoSuchLog | find /c /v ""')
    assert (result.code, result.stdout) == (1, "0\r\n") and "channel" in result.stderr
    assert run(host, 'wevtutil qe NoSuchLog 2>&1 | find /c /v ""').stdout == "4\r\n"
    assert run(host, 'wevtutil qe NoSuchLog 2>nul | find /c /v ""').stderr == ""


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ('find "two"', 0, "three two\r\n"),
        ('find /i "two"', 0, "Two\r\nthree two\r\n"),
        ('find /v "two"', 0, "one\r\nTwo\r\n"),
        ('find /i /c "two"', 0, "2\r\n"),
        ('find /n "one"', 0, "[1]one\r\n"),
        ('find "four"', 1, ""),
        ('find ""', 1, ""),
        ("find two", 2, ""),
        ("findstr two", 0, "three two\r\n"),
        ("findstr /i two", 0, "Two\r\nthree two\r\n"),
        ('findstr "one three"', 0, "one\r\nthree two\r\n"),
        ('findstr /c:"three two"', 0, "three two\r\n"),
        ("findstr /b /i t", 0, "Two\r\nthree two\r\n"),
        ("findstr /x one", 0, "one\r\n"),
        ("findstr /n /v two", 0, "1:one\r\n2:Two\r\n"),
        ("findstr ^^t", 0, "three two\r\n"),
        ("findstr four", 1, ""),
        ("findstr", 2, ""),
        ("findstr /q two", 2, ""),
    ],
)
def test_filters(host: Host, line: str, code: int, out: str) -> None:
    result = run(host, f"type {TEMP}\\a.txt | {line}")
    assert (result.code, result.stdout) == (code, out)


def test_files(host: Host) -> None:
    assert run(host, f"type {TEMP}\\none.txt").stderr == "The system cannot find the file specified.\r\n"
    assert run(host, f"type {TEMP}\\closed.txt", user="helpdesk").stderr == "Access is denied.\r\n"
    assert run(host, f'find /c "o" {TEMP}\\a.txt').stdout.splitlines()[-1].endswith("A.TXT: 3")
    assert run(host, f"echo x>{TEMP}\\new.txt& echo y>>{TEMP}\\new.txt& type {TEMP}\\new.txt").stdout == "x\r\ny\r\n"
    assert run(host, f"findstr y < {TEMP}\\new.txt").stdout == "y\r\n"
    assert run(host, f"echo x > {TEMP}\\new.txt", user="helpdesk").stderr == "Access is denied.\r\n"
    assert run(host, "echo x > C:\\none\\new.txt").stderr == "The system cannot find the path specified.\r\n"
    assert run(host, "findstr y < C:\\none.txt").code == 1
    write = host.audit.writes[-1]
    assert (write.kind, write.target) == ("file.write", f"{TEMP}\\new.txt"), "a redirection is a write"


def test_folders(make_host: MakeHost) -> None:
    host = make_host(files={**FILES, "MachineKeys": {"stale_keys": 1000}}, users=USERS)
    assert run(host, f"dir /b /a-d {TEMP}").stdout == "a.txt\r\nclosed.txt\r\n"
    assert run(host, "dir /b /s /a-d C:\\Windows\\Temp\\a*").stdout == f"{TEMP}\\a.txt\r\n"
    assert "Temp" in run(host, "dir /b /ad C:\\Windows").stdout.splitlines()
    assert (
        run(host, 'dir /b /a-d %ProgramData%\\Microsoft\\Crypto\\RSA\\MachineKeys | find /c /v ""').stdout == "1001\r\n"
    )
    (key,) = run(host, f"dir /b {MACHINE_KEYS}\\f686*").stdout.splitlines()
    assert key.startswith("f686aace6942fb7f7ceb231212eef4a4_")
    nothing = run(host, f"dir /b {TEMP}\\none*")
    assert (nothing.code, nothing.stderr) == (1, "File Not Found\r\n")
    assert run(host, "dir /b C:\\none\\x").stderr == "The system cannot find the path specified.\r\n"
    assert run(host, "dir /b /q C:\\").code == 1
    closed = make_host(files={"MachineKeys": {"acl": FOLDER_ACL}}, users=USERS)
    assert run(closed, f"dir /b {MACHINE_KEYS}", user="helpdesk").stderr == "File Not Found\r\n"


def test_netstat(make_host: MakeHost) -> None:
    host = make_host(windows="7sp1")
    service = host.services.find("TermService")
    assert service is not None
    lines = run(host, "netstat -ano").stdout.splitlines()
    assert f"  TCP    0.0.0.0:3389           0.0.0.0:0              LISTENING       {service.pid}" in lines
    assert f"  TCP    [::]:3389              [::]:0                 LISTENING       {service.pid}" in lines
    assert run(host, 'netstat -ano | findstr "LISTENING" | find /c ":3389"').stdout == "2\r\n"
    assert run(host, "netstat -b").code == 1
    german = make_host(language=1031)
    said = run(german, "netstat -ano -p tcp").stdout
    assert "Aktive Verbindungen" in said and "ABHÖREN        " in said and "LISTENING" not in said


def test_texts_that_are_handed_on_are_not_translated(make_host: MakeHost) -> None:
    german = make_host(language=1031)
    assert run(german, "echo Access is denied.").stdout == "Access is denied.\r\n"
    assert run(german, "type C:\\none.txt").stderr == "Das System kann die angegebene Datei nicht finden.\r\n"
