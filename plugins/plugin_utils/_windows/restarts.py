# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What still runs as it did before its settings were changed: services, and Windows itself.

A restart can be held back, because people are connected, or lost, because the controller died. So a change that counts
only after a restart leaves a mark on the host. That of a service is its process id: as long as the service runs under
that id, and this collection has not restarted it, the restart is taken as still due. That of Windows is the moment of
its start, one mark for each run that has changed something, because what a run takes back needs no restart any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import OWN_KEY, RESTART_MARKS, WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus

# Windows works the time of its start out from its clock, which may be set meanwhile.
_SAME_START: Final = timedelta(seconds=10)


def mark(host: Host, names: Iterable[str], run: str) -> None:
    """Notes that running services need a restart, or Windows after changes of ``run``."""
    wanted = list(names)
    if wanted:
        host.restart_marks  # noqa: B018 - what was there before, for unmark()
    for name, status in host.services.read(name for name in wanted if name != WINDOWS).items():
        if status.pid:
            _note(host.registry, name, RegistryValue(RegistryType.REG_DWORD, status.pid))
    started = _started(host) if WINDOWS in wanted else None
    if started is not None:
        _note(host.registry, _of_run(run), RegistryValue(RegistryType.REG_SZ, started.isoformat()))


def unmark(host: Host, names: Iterable[str], run: str) -> None:
    """Takes back what mark() has noted in this task; what was marked before stays."""
    mine = [_of_run(run) if name == WINDOWS else name for name in names]
    clear(host.registry, [name for name in mine if name not in host.restart_marks])


def clear(registry: Registry, names: Iterable[str]) -> None:
    """Takes the marks of services away that have been started anew.

    A process id alone would not do: a service that shares its process with others keeps it over a restart.
    """
    for name in names:
        registry.delete_value(RESTART_MARKS, name)
    registry.delete_empty((RESTART_MARKS, OWN_KEY))


def clear_runs(registry: Registry, runs: Iterable[str]) -> None:
    """Takes the marks of Windows away that runs have left whose changes are taken back."""
    clear(registry, [_of_run(run) for run in runs])


def clear_all(registry: Registry) -> None:
    """Takes every mark away, for Windows has been restarted. The key above goes with the lock."""
    registry.delete_key(RESTART_MARKS)


def pending(host: Host, found: Mapping[str, ServiceStatus]) -> list[str]:
    """The services, out of those that were read, that have not been restarted since they were marked."""
    marks = host.restart_marks
    return sorted(name for name, value in marks.items() if name in found and found[name].pid == value.data)


def runs_pending(host: Host) -> list[str]:
    """The runs that have changed something that counts only after the next restart of Windows."""
    started = _started(host)
    if started is None:
        return []
    marks = {name.partition(" "): value for name, value in host.restart_marks.items()}
    return sorted(
        run for (what, _space, run), value in marks.items() if what == WINDOWS and _is_since(value.data, started)
    )


def _is_since(data: object, started: datetime) -> bool:
    try:
        return abs(started - datetime.fromisoformat(str(data))) <= _SAME_START
    except (ValueError, TypeError):  # written by somebody else, perhaps without a time zone
        return False


def _of_run(run: str) -> str:
    return f"{WINDOWS} {run}"


def _started(host: Host) -> datetime | None:
    return host.operating_system.datetime("LastBootUpTime")


def _note(registry: Registry, name: str, value: RegistryValue) -> None:
    registry.create_key(RESTART_MARKS)
    registry.set_value(RESTART_MARKS, name, value)
