# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dism removes packages, shutdown restarts, and a restart finishes what waited for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.model import packages
from tests.lab.model.host import Host
from tests.lab.native.result import Result
from tests.lab.native.runner import run_command_line

MakeHost = Callable[..., Host]
USERS = [{"name": "ansible", "password": "lab-Passw0rd", "admin": True}, {"name": "helpdesk", "password": "x"}]
UPDATES = [{"id": "KB2", "ubr": 405}, {"id": "KB1", "ubr": 380, "state": "superseded"}, "KB5012170"]
NEW, OLD, SINGLE = (
    "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6",
    "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.380.1.1",
    "Package_for_KB5012170~31bf3856ad364e35~amd64~~10.0.1.0",
)
NAMES = {number: name for name, number in packages.STATES.items()}


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    return make_host(windows="2022", ubr=405, updates=UPDATES, users=USERS)


def run(host: Host, line: str, user: str = "ansible") -> Result:
    return run_command_line(host, host.users[user].token(host.authority), line)


def remove(host: Host, identity: str, user: str = "ansible") -> int:
    line = f"dism.exe /online /remove-package /packagename:{identity} /norestart /quiet"
    return run(host, line, user).code


def state(host: Host, identity: str) -> str:
    number = packages.state_of(host, identity)
    return "" if number is None else NAMES[number]


def test_a_roll_up_goes_with_the_restart_and_the_one_before_comes_back(host: Host) -> None:
    assert remove(host, NEW) == 3010
    assert (state(host, NEW), state(host, OLD)) == ("uninstall_pending", "install_pending")
    assert host.registry.find(packages.SERVICING + "\\RebootPending") is not None
    assert host.registry.dword(packages.WINDOWS, "UBR") == 405
    host.rebooted()
    assert (state(host, NEW), state(host, OLD)) == ("", "installed")
    assert host.registry.find(packages.SERVICING + "\\RebootPending") is None
    assert host.registry.dword(packages.WINDOWS, "UBR") == 380
    assert [update.id for update in host.updates] == ["KB1", "KB5012170"]
    assert host.files.find(f"{packages.FOLDER}\\{NEW}.mum") is None


def test_a_single_update_takes_nothing_else_along(host: Host) -> None:
    assert remove(host, SINGLE) == 3010
    host.rebooted()
    assert (state(host, SINGLE), state(host, NEW)) == ("", "installed")
    assert not host.has_update("KB5012170")
    assert host.registry.dword(packages.WINDOWS, "UBR") == 405


def test_a_restart_finishes_what_waits_without_a_package(make_host: MakeHost) -> None:
    pending = packages.SERVICING + "\\RebootPending"
    host = make_host(windows="2022", registry={pending: {}})
    host.rebooted()
    assert host.registry.find(pending) is None


def test_a_restart_without_anything_pending_changes_no_package(host: Host) -> None:
    before = host.digest()["parts"]["registry"]
    host.rebooted()
    assert host.digest()["parts"]["registry"] == before


@pytest.mark.parametrize(
    ("identity", "user", "code"),
    [
        (OLD, "ansible", 0x800F0825),
        ("Package_for_KB9~x", "ansible", 0x800F0805),
        (NEW, "helpdesk", 740),
        (f"{NEW} /nonsense", "ansible", 87),
    ],
)
def test_dism_refuses(host: Host, identity: str, user: str, code: int) -> None:
    before = host.digest()
    assert remove(host, identity, user) == code
    assert host.digest() == before


def test_roll_ups_since_26100_are_permanent(make_host: MakeHost) -> None:
    host = make_host(windows="2025", ubr=3194)
    identity = packages.Servicing(host.profile.version).rollup(3194)
    assert state(host, identity) == "installed"
    assert packages.is_permanent(host, identity)
    assert not packages.is_permanent(make_host(windows="2022", ubr=405), NEW)


@pytest.mark.parametrize(
    ("line", "user", "code", "delays"),
    [
        ('shutdown.exe /r /t 2 /d p:2:17 /c "a text"', "ansible", 0, [2.0]),
        ("shutdown /r", "ansible", 0, [30.0]),
        ("shutdown /r /t 2", "helpdesk", 5, []),
        ("shutdown /s /t 2", "ansible", 87, []),
        ("shutdown /r /t", "ansible", 87, []),
        ("shutdown /r /d p:300:1", "ansible", 87, []),
    ],
)
def test_shutdown(host: Host, line: str, user: str, code: int, delays: list[float]) -> None:
    told: list[float] = []
    host.on_restart = lambda delay: not told.append(delay)  # type: ignore[func-returns-value]
    assert run(host, line, user).code == code
    assert told == delays


def test_one_restart_at_a_time(host: Host) -> None:
    host.on_restart = lambda _delay: False
    assert run(host, "shutdown /r").code == 1190
