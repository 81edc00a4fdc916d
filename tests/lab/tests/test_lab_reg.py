# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reg save, restore and delete, and the commands for files that go with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.model.host import Host
from tests.lab.model.registry import REG_DWORD, REG_EXPAND_SZ, REG_SZ
from tests.lab.native.result import Result
from tests.lab.native.runner import run_command_line

MakeHost = Callable[..., Host]
USERS = [{"name": "ansible", "password": "lab-Passw0rd", "admin": True}, {"name": "helpdesk", "password": "x"}]
KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Lab"
FILE = "C:\\Windows\\Temp\\lab.hiv"
GRACE = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\RCM\\GracePeriod"
VALUES = {"": "default", "Text": "plain", "Path": "expand:%SystemRoot%", "Raw": "hex:01,02", "List": ["a", "b"], "N": 1}


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    registry = {KEY: VALUES, f"{KEY}\\Sub": {"A": 1}, f"{KEY}\\Empty": {}, GRACE: {"Lab": 1}}
    note = {"C:\\Windows\\Temp\\note.txt": {"text": "no hive"}}
    return make_host(users=USERS, registry=registry, files=note)


def run(host: Host, line: str, user: str = "ansible") -> Result:
    return run_command_line(host, host.users[user].token(host.authority), line)


def test_a_restore_brings_back_exactly_what_was_saved(host: Host) -> None:
    before = host.digest()["parts"]["registry"]
    assert run(host, f"reg save hklm\\software\\lab {FILE} /y").code == 0
    host.audit.writes.clear()
    assert run(host, f"reg restore HKLM\\SOFTWARE\\Lab {FILE}").code == 0
    assert host.audit.writes == [], "nothing differed"
    host.registry.set(KEY, "N", REG_SZ, "1")
    host.registry.set(KEY, "New", REG_DWORD, 1)
    host.registry.set(f"{KEY}\\Added\\Below", "A", REG_DWORD, 1)
    host.registry.delete_tree(f"{KEY}\\Sub")
    host.registry.delete_value(KEY, "Raw")
    host.audit.writes.clear()
    assert host.digest()["parts"]["registry"] != before
    assert run(host, f"reg restore HKLM\\SOFTWARE\\Lab {FILE}").code == 0
    assert host.digest()["parts"]["registry"] == before
    assert {(write.kind, write.target.removeprefix(KEY)) for write in host.audit.writes} == {
        ("registry.key.delete", "\\Added\\Below"),
        ("registry.key.delete", "\\Added"),
        ("registry.value.delete", "\\New"),
        ("registry.value.set", "\\N"),
        ("registry.value.set", "\\Raw"),
        ("registry.key.create", "\\Sub"),
        ("registry.value.set", "\\Sub\\A"),
    }


@pytest.mark.parametrize(
    ("line", "user", "code", "text"),
    [
        ("reg save HKLM\\SOFTWARE\\No C:\\Windows\\Temp\\a.hiv /y", "ansible", 1, "unable to find"),
        (f"reg save {KEY} C:\\No\\a.hiv /y", "ansible", 1, "cannot find the path"),
        (f"reg save {KEY} C:\\Windows\\Temp\\a.hiv /y", "helpdesk", 1, "privilege is not held"),
        (f"reg save {KEY} C:\\Windows\\Temp\\note.txt", "ansible", 1, "already exists. Overwrite"),
        (f"reg save {KEY}", "ansible", 1, "Invalid syntax"),
        ("reg save HKXX\\a C:\\Windows\\Temp\\a.hiv", "ansible", 1, "Invalid key name"),
        ("reg restore HKLM\\SOFTWARE\\No C:\\Windows\\Temp\\note.txt", "ansible", 1, "unable to find"),
        (f"reg restore {KEY} C:\\Windows\\Temp\\no.hiv", "ansible", 1, "cannot find the file"),
        (f"reg restore {KEY} C:\\Windows\\Temp\\note.txt", "ansible", 1, "format of a hive"),
        (f'reg restore "{GRACE}" C:\\Windows\\Temp\\note.txt', "ansible", 1, "Access is denied"),
        (f"reg delete {KEY} /f", "helpdesk", 1, "Access is denied"),
        (f"reg delete {KEY}", "ansible", 1, "canceled"),
        (f"reg delete {KEY} /v No /f", "ansible", 1, "unable to find"),
        ("reg import C:\\Windows\\Temp\\no.reg", "ansible", 1, "cannot find the file"),
        ("reg import C:\\Windows\\Temp\\note.txt", "ansible", 1, "not a registry script"),
        (f"reg add {KEY} /v N /t REG_DWORD /d 2", "ansible", 1, "canceled"),
        (f"reg add {KEY} /v N /t REG_DWORD /d two /f", "ansible", 1, "Invalid syntax"),
        (f"reg add {KEY} /v N /f", "helpdesk", 1, "Access is denied"),
        ("del C:\\Windows\\Temp\\no.txt", "ansible", 0, "Could Not Find"),
        ("del C:\\Windows\\Temp\\note.txt", "helpdesk", 0, "Access is denied"),
        ("rd C:\\Windows\\servicing", "ansible", 145, "not empty"),
        ("rd C:\\No", "ansible", 2, "cannot find"),
    ],
)
def test_refused(host: Host, line: str, user: str, code: int, text: str) -> None:
    before = host.digest()
    result = run(host, line, user)
    assert result.code == code and text in result.stdout + result.stderr
    assert host.digest() == before


def test_delete_and_the_commands_for_files(host: Host) -> None:
    before = host.digest()
    assert run(host, "md C:\\ProgramData\\w\\x").code == 0
    assert run(host, f"reg save {KEY} C:\\ProgramData\\w\\x\\a.hiv").code == 0
    assert run(host, f"echo y| reg save {KEY} C:\\ProgramData\\w\\x\\a.hiv").code == 0
    assert run(host, "echo text> C:\\ProgramData\\w\\x\\a.hiv").code == 0
    assert run(host, f"reg restore {KEY} C:\\ProgramData\\w\\x\\a.hiv").code == 1, "it is no hive any more"
    assert (
        run(host, "del /q C:\\ProgramData\\w\\x\\*.hiv & rd C:\\ProgramData\\w\\x & rd /s /q C:\\ProgramData\\w").code
        == 0
    )
    assert host.digest() == before
    assert run(host, f"reg delete {KEY} /v N /f & reg delete {KEY} /ve /f & reg delete {KEY}\\Sub /va /f").code == 0
    assert sorted(host.registry.key(KEY).values) == ["list", "path", "raw", "text"]
    assert not host.registry.key(f"{KEY}\\Sub").values
    assert run(host, f"echo y | reg delete {KEY}").code == 0
    assert host.registry.find(KEY) is None


def test_add_and_import_write_values_of_every_type(host: Host) -> None:
    before = host.digest()["parts"]["registry"]
    script = (
        "Windows Registry Editor Version 5.00\r\n\r\n"
        f'[{KEY}]\r\n@="default"\r\n"N"=dword:00000001\r\n[-{KEY}\\Sub\\New]\r\n[{KEY}\\Sub]\r\n"A"=dword:1\r\n'
    )
    host.put_system_file("C:\\Windows\\Temp\\undo.reg", text=script)
    assert run(host, f"reg delete {KEY} /ve /f & reg add {KEY} /v N /t REG_DWORD /d 0x10 /f").code == 0
    assert run(host, f"reg add {KEY}\\Sub\\New & reg add {KEY}\\Sub /v A /d text /f").code == 0
    for name, more in (
        ("Path", "REG_EXPAND_SZ /d new"),
        ("Raw", "REG_BINARY /d 03"),
        ("List", "REG_MULTI_SZ /d c\\0d"),
    ):
        assert run(host, f"reg add {KEY} /v {name} /t {more} /f").code == 0
    values = host.registry.key(KEY).values
    assert [values[name].data for name in ("n", "path", "raw", "list")] == [16, "new", b"\x03", ("c", "d")]
    assert run(host, "reg import C:\\Windows\\Temp\\undo.reg").code == 0
    host.registry.set(KEY, "Path", REG_EXPAND_SZ, "%SystemRoot%")
    for more in ("Raw /t REG_BINARY /d 0102", 'List /t REG_MULTI_SZ /d "a\\0b"'):
        assert run(host, f"reg add {KEY} /v {more} /f").code == 0
    assert host.digest()["parts"]["registry"] == before


def test_a_key_that_windows_has_open_is_not_restored(make_host: MakeHost) -> None:
    host = make_host(registry={f"{KEY}\\Sub": {"A": 1}}, open_keys=["HKLM\\SOFTWARE\\Lab\\Sub"])
    assert run(host, f"reg save {KEY} {FILE}").code == 0
    host.registry.set(f"{KEY}\\Sub", "A", REG_DWORD, 2)
    result = run(host, f"reg restore {KEY} {FILE}")
    assert (result.code, host.registry.dword(f"{KEY}\\Sub", "A")) == (1, 2) and "denied" in result.stderr
