# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host is to undo by itself after a restart, as command lines, and what becomes of the task that does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import LOCAL_SUITES, POLICY_SUITES, SCHANNEL
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import guard, journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import apply
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Entry, Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restore import chosen
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import reboot, undo_task
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.unit.windows.fake import FakeRegistry

KEY = rf"{SCHANNEL}\Ciphers\RC4 128/128"
PATH = KEY.partition("\\")[2]
NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=timezone.utc)


def back(before: Any, after: Any, key: str = KEY, name: str = "Enabled") -> Change:
    return Change(kind="registry_value", target=key, name=name, before=before, after=after)


def text(kind: str, data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


@pytest.mark.parametrize(
    ("after", "line"),
    [
        (None, f'reg.exe delete "{KEY}" /v "Enabled" /f'),
        (dword(0xFFFFFFFF), f'reg.exe add "{KEY}" /v "Enabled" /t REG_DWORD /d 4294967295 /f'),
        (text("REG_SZ", "A,B"), f'reg.exe add "{KEY}" /v "Enabled" /t REG_SZ /d "A,B" /f'),
        (text("REG_MULTI_SZ", ["A", "B"]), f'reg.exe add "{KEY}" /v "Enabled" /t REG_MULTI_SZ /d "A\\0B" /f'),
    ],
)
def test_a_value_as_a_command_line(after: Any, line: str) -> None:
    assert guard.lines([back(dword(1), after)]) == [line]


@pytest.mark.parametrize(
    "change",
    [
        *(back(None, text("REG_SZ", f"A{each}B")) for each in '%&|<>^!"()\n\\ä'),
        back(None, text("REG_SZ", "")),
        back(None, text("REG_MULTI_SZ", [])),
        back(None, text("REG_MULTI_SZ", ["A", ""])),
        back(None, text("REG_MULTI_SZ", ["A\\0B"])),
        back(None, text("REG_BINARY", "00")),
        back(None, text("REG_EXPAND_SZ", "A")),
        back(None, text("REG_SZ", "A" * 6000)),
        back(dword(1), None, name=""),
        back(dword(1), None, name="%PATH%"),
        back(dword(1), None, key=KEY + " & calc"),
    ],
    ids=lambda each: str(each)[-40:],
)
def test_what_a_command_line_can_not_carry_is_refused(change: Change) -> None:
    with pytest.raises(Refused, match="Windows is not restarted, because the host could not undo"):
        guard.lines([change])


def test_of_each_value_the_oldest_state_comes_back() -> None:
    steps = [back(dword(2), dword(1)), back(dword(1), dword(0)), back(dword(0), dword(1), name="Other")]
    there_and_back = [back(dword(5), dword(4), name="Same"), back(dword(4), dword(5), name="Same")]
    found = guard.outermost([*steps, *there_and_back])
    assert found == [back(dword(2), dword(0)), back(dword(0), dword(1), name="Other")]


@pytest.mark.parametrize(
    ("target", "kind", "counts"),
    [
        (KEY, "registry_value", True),
        (SCHANNEL.upper(), "registry_value", True),
        (POLICY_SUITES, "registry_value", True),
        (LOCAL_SUITES, "registry_value", True),
        (f"{SCHANNEL}2", "registry_value", False),
        (r"HKLM\SOFTWARE\Policies", "registry_value", False),
        (KEY, "licensing", False),
    ],
)
def test_what_is_a_setting_of_schannel(target: str, kind: str, counts: bool) -> None:
    assert guard.is_schannel(Change(kind=kind, target=target, name="V", before=None, after=None)) is counts


@pytest.mark.parametrize(
    ("at", "counts"), [("2026-11-22T12:00:30Z", True), ("2026-11-22T12:00:28Z", False), ("once upon a time", True)]
)
def test_what_was_changed_since_the_start(at: str, counts: bool) -> None:
    entry = Entry("", "", "run", at, "rdp_tls", [], back(None, None))
    assert guard.is_since(entry, NOW) is counts


def test_a_forgotten_task_goes_with_any_run() -> None:
    task = Change(kind="undo_task", target=undo_task.NAME, name="", before=None, after={"commands": []})
    entries = [
        Entry("", "", run, "", "m", [], change)
        for run, change in (("a", back(None, None)), ("dead", task), ("b", back(None, None)))
    ]
    assert [entry.run for entry in chosen(entries, "last")] == ["dead", "b"]
    assert [entry.run for entry in chosen(entries, "a")] == ["a", "dead"]
    assert [entry.run for entry in chosen(entries, "current", "b")] == ["dead", "b"]


# -- the restart -----------------------------------------------------------------------------------------------------


class Task:
    """Takes the place of _windows/undo_task."""

    NAME, MINUTES, LONGEST = undo_task.NAME, undo_task.MINUTES, undo_task.LONGEST

    def __init__(self, journal_of: Callable[[], int], *, deaf: int = 0) -> None:
        self._journal_of = journal_of
        self._deaf = deaf
        self.commands: list[str] = []
        self.noted = 0
        self.is_there = False

    def set_up(self, _host: Any, commands: list[str]) -> None:
        self.commands, self.noted, self.is_there = commands, self._journal_of(), True

    def call_off(self, _host: Any) -> None:
        if self._deaf:
            self._deaf -= 1
            raise WindowsError("Task Scheduler does not answer.")
        self.is_there = False


class World:
    """A host that is reached over HTTPS, with a change of Schannel from a moment ago."""

    host: Any

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, tls: object = "tls", up: timedelta = timedelta(hours=1), deaf: int = 0
    ) -> None:
        self.fake = FakeRegistry({"SOFTWARE": {}, PATH: {}})
        registry = Registry(self.fake.session)  # type: ignore[arg-type]
        session = SimpleNamespace(tls=tls)
        self.host = SimpleNamespace(registry=registry, session=session, deadline=Deadline(0.1), extend=self.extend)
        self.extended = False
        self.notes = Journal(registry, "rdp_update", "now")
        apply(self.host, [back(None, dword(0))], Journal(registry, "rdp_tls", "run"))
        self.task = Task(self.noted, deaf=deaf)
        monkeypatch.setattr(guard, "undo_task", self.task)
        monkeypatch.setattr(guard, "_PAUSE", 0.0)
        monkeypatch.setattr(reboot, "uptime", lambda _host: up)
        monkeypatch.setattr(reboot, "restart", self.reboot)
        self.meanwhile: Callable[[], None] = lambda: None
        self.guarded = False

    def extend(self, _seconds: float) -> None:
        self.extended = True

    def reboot(self, _host: Any, _comment: str, when_back: Callable[[], None]) -> None:
        self.guarded = self.task.is_there
        self.meanwhile()
        when_back()

    def undo(self) -> None:
        self.task.is_there = False
        del self.fake.keys[PATH]["Enabled"]

    def noted(self) -> int:
        return sum(entry.change["kind"] == "undo_task" for entry in journal.read(self.host.registry).entries)

    def restart(self) -> None:
        guard.restart(self.host, "a test", self.notes)


def test_the_task_is_noted_first_and_called_off_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.restart()
    assert world.guarded and world.task.commands == [f'reg.exe delete "{KEY}" /v "Enabled" /f']
    assert (world.task.noted, world.noted(), world.task.is_there) == (1, 0, False)
    assert world.extended


@pytest.mark.parametrize("given", [{"tls": None}, {"up": timedelta(seconds=-5)}])
def test_no_task_over_http_or_where_windows_started_after_the_change(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    world = World(monkeypatch, **given)
    world.restart()
    assert not world.guarded and world.task.commands == []


def test_what_was_undone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.meanwhile = world.undo
    with pytest.raises(WindowsError, match="has taken back its settings of Schannel"):
        world.restart()
    assert world.noted() == 0


def fails(error: Exception) -> Callable[[], None]:
    def meanwhile() -> None:
        raise error

    return meanwhile


def test_a_restart_that_is_refused_leaves_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    world.meanwhile = fails(AccessDenied("the account may not", 5))
    with pytest.raises(AccessDenied):
        world.restart()
    assert (world.guarded, world.task.is_there, world.noted()) == (True, False, 0)


@pytest.mark.parametrize(("tls", "told"), [("tls", True), (None, False)])
def test_a_host_that_does_not_come_back_will_by_itself(
    monkeypatch: pytest.MonkeyPatch, tls: object, told: bool
) -> None:
    world = World(monkeypatch, tls=tls)
    world.meanwhile = fails(reboot.NotBack("it has not come back; look at it"))
    with pytest.raises(WindowsError, match="come back; look at it") as error:
        world.restart()
    assert ("10 minutes after its start and restarts once more, by itself" in str(error.value)) is told
    assert (world.task.is_there, world.noted()) == (told, int(told))


def test_a_task_that_can_not_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, deaf=2)
    world.restart()
    assert not world.task.is_there
    world = World(monkeypatch, deaf=9)
    with pytest.raises(WindowsError, match=r"does not answer\); delete it on the host at once: schtasks /delete /f"):
        world.restart()
    assert world.noted() == 1
