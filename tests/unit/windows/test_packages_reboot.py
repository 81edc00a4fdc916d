# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages, their removal, and a restart of Windows that is waited for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._windows import reboot
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.packages import PACKAGES, Packages
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManConnectionError, WSManTimeout
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.fake import FakeRegistry

NAME = "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6"
KEY = f"{PACKAGES.partition(chr(92))[2]}\\{NAME}"
DWORD = 4


class Dism:
    """The tools of a host: DISM, which leaves a state behind."""

    def __init__(self, keys: dict[str, Any], code: int | None = 3010, leaves: int = 5, mum: str | None = None) -> None:
        self.keys, self.code, self.leaves, self.mum = keys, code, leaves, mum
        self.commands: list[str] = []

    def run(self, command_line: str, deadline: Deadline) -> int | None:
        del deadline
        self.commands.append(command_line)
        self.keys[KEY]["CurrentState"] = (DWORD, self.leaves)
        return self.code

    def output(self, command_line: str, deadline: Deadline) -> Any:
        del deadline
        self.commands.append(command_line)
        return None if self.mum is None else SimpleNamespace(stdout=self.mum)


def packages_of(state: int | None = 0x70, **dism: Any) -> tuple[Packages, Dism]:
    fake = FakeRegistry({} if state is None else {KEY: {"CurrentState": (DWORD, state)}})
    fake.session.rows["Win32_Process"] = lambda _wql: []
    tools = Dism(fake.keys, **dism)
    registry = Registry(fake.session)  # type: ignore[arg-type]
    return Packages(cast(Any, fake.session), registry, cast(Any, tools)), tools


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (None, "absent"),
        (0x05, "uninstall_pending"),
        (0x40, "absent"),
        (0x50, "superseded"),
        (0x70, "installed"),
        (0x80, "permanent"),
        (0x33, "other"),
    ],
)
def test_states(number: int | None, state: str) -> None:
    assert packages_of(number)[0].state(NAME) == state


@pytest.mark.parametrize("code", [0, 3010, None])
def test_a_removal_is_one_quiet_command_without_a_restart(code: int | None) -> None:
    packages, dism = packages_of(code=code)
    packages.remove(NAME, Deadline(5))
    assert dism.commands == [f"dism.exe /online /remove-package /packagename:{NAME} /norestart /quiet"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (0x800F0825, "permanent"),
        (0x800F0825 - 2**32, "0x800F0825"),  # as a signed number
        (87, "does not know the command"),
        (1726, "dism.log"),
    ],
)
def test_what_dism_refuses_is_told(code: int, why: str) -> None:
    with pytest.raises(WindowsError, match=why):
        packages_of(code=code, leaves=0x70)[0].remove(NAME, Deadline(5))


def test_an_account_without_full_rights() -> None:
    with pytest.raises(AccessDenied):
        packages_of(code=740, leaves=0x70)[0].remove(NAME, Deadline(5))


def test_a_success_that_leaves_the_package_is_none() -> None:
    with pytest.raises(WindowsError, match="reads back as installed"):
        packages_of(code=0, leaves=0x70)[0].remove(NAME, Deadline(5))


def test_nothing_but_a_name_gets_into_a_command_line() -> None:
    packages, dism = packages_of()
    with pytest.raises(WindowsError, match="no name of a package"):
        packages.remove(f"{NAME} & shutdown /s", Deadline(5))
    assert dism.commands == []


@pytest.mark.parametrize(
    ("mum", "permanent"),
    [
        ('<package identifier="KB1" permanency="permanent">', True),
        ('<package identifier="KB1" permanency="removable">', False),
        ("<package>", None),
        (None, None),
    ],
)
def test_permanency(mum: str | None, permanent: bool | None) -> None:
    assert packages_of(mum=mum)[0].is_permanent(NAME, Deadline(5)) is permanent


# -- restarts --------------------------------------------------------------------------------------------------------

BEFORE, NOW, AFTER = "2026-11-01T08:00:00Z", "2026-11-22T11:58:00Z", "2026-11-22T12:00:00Z"


class Restarting:
    """A host that answers with its start times in turn, the last one for ever; None: it is away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, starts: list[str | None], code: Any = 0) -> None:
        monkeypatch.setattr(reboot, "_POLL_SECONDS", 0.0)
        self.starts, self.code = starts, code
        self.commands: list[str] = []
        self.states = ["running", "stopped", "start_pending", "running"]
        self.session = self
        self.tools = self
        self.services = self
        self.deadline = Deadline(0.2)
        self.wait_seconds = 5.0

    def close(self) -> None:
        pass

    def query(self, _namespace: str, _wql: str) -> list[Instance]:
        start = self.starts.pop(0) if len(self.starts) > 1 else self.starts[0]
        if start is None:
            raise WSManConnectionError("connection refused")
        return [Instance("Win32_OperatingSystem", {"LastBootUpTime": start, "LocalDateTime": NOW})]

    def run(self, command_line: str, _deadline: Deadline) -> int | None:
        self.commands.append(command_line)
        code: Any = self.code.pop(0) if isinstance(self.code, list) else self.code
        if isinstance(code, Exception):
            raise code
        found: int | None = code
        return found

    def get(self, _name: str) -> Any:
        return SimpleNamespace(state=self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def restart(self) -> None:
        reboot.restart(cast(Host, self), "winops.rdp: a test", lambda: None)


def test_a_restart_is_over_when_windows_started_after_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Restarting(monkeypatch, [BEFORE, BEFORE, None, None, AFTER])
    host.restart()
    assert host.commands == ['shutdown.exe /r /t 2 /d p:2:17 /c "winops.rdp: a test"']
    assert host.states == ["running"]


def test_a_clock_that_was_set_is_no_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WindowsError, match="has not come back"):
        Restarting(monkeypatch, [BEFORE, "2026-11-01T09:00:00Z"]).restart()


@pytest.mark.parametrize("code", [None, 1115, 1190])
def test_a_restart_that_is_on_its_way_is_waited_for(monkeypatch: pytest.MonkeyPatch, code: int | None) -> None:
    Restarting(monkeypatch, [BEFORE, AFTER], code).restart()


def test_an_order_whose_reply_is_lost_may_have_been_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = WSManTimeout("the command", 1.0)
    lost.in_doubt = True
    Restarting(monkeypatch, [BEFORE, AFTER], lost).restart()
    with pytest.raises(WSManTimeout):
        Restarting(monkeypatch, [BEFORE, AFTER], WSManTimeout("the command", 1.0)).restart()


def test_an_order_that_may_be_lost_is_given_again_to_a_host_that_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = WSManTimeout("the command", 1.0)
    lost.in_doubt = True
    host = Restarting(monkeypatch, [BEFORE, None, BEFORE, BEFORE, BEFORE, AFTER], [lost, lost, 0])
    host.restart()
    assert len(host.commands) == 3


@pytest.mark.parametrize(("code", "why"), [(5, "may not restart"), (87, "returned 87")])
def test_an_order_that_is_refused(monkeypatch: pytest.MonkeyPatch, code: int, why: str) -> None:
    with pytest.raises(WindowsError, match=why):
        Restarting(monkeypatch, [BEFORE], code).restart()


def test_a_host_that_does_not_say_when_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Restarting(monkeypatch, [BEFORE])
    monkeypatch.setattr(host, "query", lambda *_given: [])
    with pytest.raises(WindowsError, match="when it was started"):
        host.restart()
    assert host.commands == []
