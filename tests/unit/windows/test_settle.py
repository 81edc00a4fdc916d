# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes whose reply gets lost, before or after the host has done them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryType, RegistryValue
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import Services
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManConnectionError, WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.fake import FakeRegistry, FakeSession, output

KEY = "SOFTWARE\\Test"
PATH = "HKLM\\SOFTWARE\\Test"
SEVEN = RegistryValue(RegistryType.REG_DWORD, 7)


def lost() -> WSManConnectionError:
    error = WSManConnectionError("the connection broke; try again", dropped=True)
    error.in_doubt = True
    return error


def losing(fake: FakeRegistry, method: str, *, done: bool, times: int) -> list[str]:
    """Makes the first replies to a method get lost; the list grows by each call."""
    answer = fake.session.answers[method]
    calls: list[str] = []

    def call(**parameters: Any) -> Instance:
        calls.append(method)
        if len(calls) > times:
            return answer(**parameters)
        if done:
            answer(**parameters)
        raise lost()

    fake.session.answers[method] = call
    return calls


Write = Callable[[Registry], None]
WRITES: dict[str, tuple[str, Write]] = {
    "a new value": ("SetDWORDValue", lambda registry: registry.set_value(PATH, "New", SEVEN)),
    "another value": ("SetDWORDValue", lambda registry: registry.set_value(PATH, "Old", SEVEN)),
    "another type": (
        "SetStringValue",
        lambda registry: registry.set_value(PATH, "Old", RegistryValue(RegistryType.REG_SZ, "7")),
    ),
    "the deletion of a value": ("DeleteValue", lambda registry: registry.delete_value(PATH, "Old")),
    "a key": ("CreateKey", lambda registry: registry.create_key(PATH + "\\New")),
    "the deletion of a key": ("DeleteKey", lambda registry: registry.delete_key(PATH + "\\Below")),
}


def registry_of() -> tuple[Registry, FakeRegistry]:
    fake = FakeRegistry({KEY: {"Old": (4, 1)}, KEY + "\\Below": {}})
    return Registry(fake.session), fake  # type: ignore[arg-type]


def after(write: Write) -> dict[str, dict[str, tuple[int, Any]]]:
    registry, fake = registry_of()
    write(registry)
    return fake.keys


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(("done", "calls"), [(True, 1), (False, 2)])
def test_a_write_whose_reply_is_lost_is_made_exactly_once(name: str, done: bool, calls: int) -> None:
    method, write = WRITES[name]
    registry, fake = registry_of()
    made = losing(fake, method, done=done, times=1)
    write(registry)
    assert fake.keys == after(write)
    assert len(made) == calls
    assert fake.session.closed == 1


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_never_gets_through_is_tried_twice_and_told(name: str) -> None:
    method, write = WRITES[name]
    registry, fake = registry_of()
    made = losing(fake, method, done=False, times=9)
    with pytest.raises(WindowsError, match="on win01 was lost .*as before, after two tries; look at it") as caught:
        write(registry)
    assert fake.keys == registry_of()[1].keys
    assert len(made) == 2
    assert PATH in str(caught.value)


def test_something_else_is_left_alone_and_told() -> None:
    registry, fake = registry_of()

    def other(**_parameters: Any) -> Instance:
        fake.keys[KEY]["Old"] = (4, 99)
        raise lost()

    fake.session.answers["SetDWORDValue"] = other
    with pytest.raises(WindowsError, match="was lost .*it now reads as 99; look at it"):
        registry.set_value(PATH, "Old", SEVEN)


def test_a_write_that_cannot_be_read_back_is_told() -> None:
    registry, fake = registry_of()
    losing(fake, "SetDWORDValue", done=True, times=1)
    get = fake.session.answers["GetDWORDValue"]
    answers: list[Callable[..., Instance]] = [get, lambda **_: output(5)]

    def next_answer(**parameters: object) -> Instance:
        return answers.pop(0)(**parameters)

    fake.session.answers["GetDWORDValue"] = next_answer
    with pytest.raises(WindowsError, match="was lost .*cannot be read: access to .* was denied.*; look at it"):
        registry.set_value(PATH, "Old", SEVEN)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_without_effect_is_told(name: str) -> None:
    method, write = WRITES[name]
    registry, fake = registry_of()
    fake.session.answers[method] = lambda **_: output()
    with pytest.raises(WindowsError, match="had no effect.*reads back as"):
        write(registry)


@pytest.mark.parametrize(("error", "kind"), [(WSManFault(5), WSManFault), (None, AccessDenied)])
def test_a_refusal_is_not_in_doubt(error: Exception | None, kind: type[Exception]) -> None:
    registry, fake = registry_of()

    def refuse(**_parameters: Any) -> Instance:
        if error is not None:
            raise error
        return output(5)

    fake.session.answers["SetDWORDValue"] = refuse
    with pytest.raises(kind):
        registry.set_value(PATH, "Old", SEVEN)
    assert fake.session.closed == 0


@pytest.mark.parametrize("done", [True, False])
def test_a_journal_entry_is_written_whatever_gets_lost(done: bool) -> None:
    fake = FakeRegistry({"SOFTWARE": {}})
    for method in ("CreateKey", "SetStringValue"):
        losing(fake, method, done=done, times=1)
    journal = Journal(Registry(fake.session), "rdp_listener")  # type: ignore[arg-type]
    journal.write(Change(kind="registry_value", target=PATH, name="x", before=None, after=dword(1)))
    assert list(fake.keys[journal.path.partition("\\")[2]]) == ["0001"]


class LosingServices(FakeSession):
    """One service; the replies to the first calls of its methods are lost."""

    def __init__(self, state: str, *, done: bool, times: int = 1) -> None:
        super().__init__(
            {method: self._call(method) for method in ("StartService", "StopService", "ChangeStartMode")},
            {"Win32_Service": lambda _wql: [self._row()], "ASSOCIATORS OF": lambda _wql: []},
        )
        self.state, self.mode = state, "Manual"
        self._done, self._times = done, times
        self.made: list[str] = []

    def _row(self) -> Instance:
        return Instance("Win32_Service", {"Name": "TermService", "State": self.state, "StartMode": self.mode})

    def _call(self, method: str) -> Callable[..., Instance]:
        def call(StartMode: str = "") -> Instance:
            self.made.append(method)
            if len(self.made) > self._times or self._done:
                self.state = {"StartService": "Running", "StopService": "Stopped"}.get(method, self.state)
                self.mode = {"Automatic": "Auto"}.get(StartMode, StartMode) or self.mode
            if len(self.made) <= self._times:
                raise lost()
            return output()

        return call


@pytest.mark.parametrize(("done", "calls"), [(True, 1), (False, 2)])
def test_services_are_started_stopped_and_set_exactly_once(done: bool, calls: int) -> None:
    session = LosingServices("Stopped", done=done)
    Services(session).start("TermService", Deadline(5))  # type: ignore[arg-type]
    assert (session.state, session.made) == ("Running", ["StartService"] * calls)
    session = LosingServices("Running", done=done)
    assert Services(session).stop("TermService", Deadline(5)) == ["TermService"]  # type: ignore[arg-type]
    assert (session.state, session.made) == ("Stopped", ["StopService"] * calls)
    session = LosingServices("Stopped", done=done)
    Services(session).set_start_mode("TermService", "auto")  # type: ignore[arg-type]
    assert (session.mode, session.made) == ("Auto", ["ChangeStartMode"] * calls)


def test_a_restart_whose_stop_gets_lost_twice_brings_the_service_back() -> None:
    session = LosingServices("Running", done=False, times=2)
    with pytest.raises(WindowsError, match="StopService of TermService on win01 was lost.*What was stopped runs again"):
        Services(session).restart("TermService", Deadline(5))  # type: ignore[arg-type]
    assert session.state == "Running"
