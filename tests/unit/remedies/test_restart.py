# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart is noted while it lasts, and leaves no note when all is well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restart import restart
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from tests.unit.windows.fake import FakeRegistry


class Services:
    """TermService, on which UmRdpService depends."""

    def __init__(self, registry: Registry, state: str = "running", *, fails: bool = False) -> None:
        self._registry = registry
        self._state = state
        self._fails = fails
        self.noted: list[str] = []

    def get(self, _name: str) -> Any:
        return SimpleNamespace(state=self._state)

    def chain(self, name: str) -> list[str]:
        return ["UmRdpService", name]

    def restart(self, name: str, _deadline: object, **_options: object) -> list[str]:
        self.noted = [entry.change["target"] for entry in journal.read(self._registry).entries]
        if self._fails:
            raise WindowsError("it did not start")
        return [name, "UmRdpService"]


def host_of(state: str = "running", *, fails: bool = False) -> tuple[Any, FakeRegistry]:
    fake = FakeRegistry({})
    registry = Registry(fake.session)  # type: ignore[arg-type]
    return SimpleNamespace(registry=registry, services=Services(registry, state, fails=fails), deadline=None), fake


def test_what_is_stopped_is_noted_first_and_forgotten_when_it_runs() -> None:
    host, fake = host_of()
    assert restart(host, "TermService", Journal(host.registry, "m", "run")) == ["TermService", "UmRdpService"]
    assert host.services.noted == ["UmRdpService", "TermService"]
    assert not [key for key in fake.keys if "Journal" in key]


def test_the_notes_stay_where_it_does_not_come_up() -> None:
    host, _fake = host_of(fails=True)
    with pytest.raises(WindowsError):
        restart(host, "TermService", Journal(host.registry, "m", "run"))
    changes = [entry.change for entry in journal.read(host.registry).entries]
    assert {(change["before"], change["after"]) for change in changes} == {("running", "stopped")}


def test_what_was_stopped_is_no_loss() -> None:
    host, _fake = host_of("stopped")
    restart(host, "TermService", Journal(host.registry, "m", "run"))
    assert host.services.noted == []
