# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What still runs as it did before a change: marks of services, and of Windows for each run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RESTART_MARKS, WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import restarts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.fake import FakeRegistry

STARTED = "2026-11-22T08:00:00Z"
MARKS = RESTART_MARKS.removeprefix("HKLM\\")


class Host:
    """As much of a host as marks need; ``started``: what it says of its start."""

    def __init__(self, started: str | None = STARTED, keys: dict[str, Any] | None = None) -> None:
        self.keys: dict[str, Any] = {} if keys is None else keys
        self.registry = Registry(FakeRegistry(self.keys).session)  # type: ignore[arg-type]
        self.operating_system = Instance("Win32_OperatingSystem", {"LastBootUpTime": started})
        self.services = self

    @property
    def restart_marks(self) -> Any:
        return self.registry.values(RESTART_MARKS)

    def read(self, names: Any) -> dict[str, Any]:
        return {name: SimpleNamespace(pid=812) for name in names}

    def later(self, started: str | None) -> Any:
        return Host(started, self.keys)


def marked(*names: str, run: str = "run1") -> Any:
    host: Any = Host()
    restarts.mark(host, names, run)
    return host


def test_a_service_waits_until_it_has_another_process() -> None:
    host = marked("TermService")
    assert restarts.pending(host, {"TermService": SimpleNamespace(pid=812)}) == ["TermService"]  # type: ignore[dict-item]
    assert restarts.pending(host, {"TermService": SimpleNamespace(pid=900)}) == []  # type: ignore[dict-item]
    assert restarts.runs_pending(host) == []
    restarts.clear(host.registry, ["TermService"])
    assert MARKS not in host.keys


@pytest.mark.parametrize(
    ("started", "waits"),
    [
        (STARTED, True),
        ("2026-11-22T08:00:04Z", True),  # its clock was set a little
        ("2026-11-22T09:00:00Z", False),
        (None, False),
    ],
)
def test_windows_waits_until_it_is_started_anew(started: str | None, waits: bool) -> None:
    host = marked(WINDOWS, "TermService")
    assert restarts.runs_pending(host.later(started)) == (["run1"] if waits else [])


def test_each_run_has_a_mark_of_its_own() -> None:
    host = marked(WINDOWS)
    restarts.mark(host, [WINDOWS], "run2")
    assert restarts.runs_pending(host) == ["run1", "run2"]
    restarts.clear_runs(host.registry, ["run1"])
    assert restarts.runs_pending(host) == ["run2"]
    restarts.clear_all(host.registry)
    assert MARKS not in host.keys


@pytest.mark.parametrize("value", [(1, "long ago"), (1, "2026-11-22T08:00:00"), (4, 7)])
def test_what_somebody_else_has_written_there_is_no_mark(value: tuple[int, Any]) -> None:
    host: Any = Host(keys={MARKS: {f"{WINDOWS} run1": value}})
    assert restarts.runs_pending(host) == []
