# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which services still run as they did before their settings were changed.

A restart can be held back, because people are connected, or lost, because the controller died. So a change that a
service takes up only when it starts leaves a mark on the host: the service's process id. As long as the service runs
under that id, and this collection has not restarted it, the restart is taken as still due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import OWN_KEY, RESTART_MARKS
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import Services, ServiceStatus


def mark(registry: Registry, services: Services, names: Iterable[str]) -> None:
    """Notes that running services need a restart."""
    for name, status in services.read(names).items():
        if status.pid:
            registry.create_key(RESTART_MARKS)
            registry.set_value(RESTART_MARKS, name, RegistryValue(RegistryType.REG_DWORD, status.pid))


def clear(registry: Registry, names: Iterable[str]) -> None:
    """Takes the marks of services away that have been started anew.

    A process id alone would not do: a service that shares its process with others keeps it over a restart.
    """
    for name in names:
        registry.delete_value(RESTART_MARKS, name)
    registry.delete_empty((RESTART_MARKS, OWN_KEY))


def pending(registry: Registry, found: Mapping[str, ServiceStatus]) -> list[str]:
    """The services, out of those that were read, that have not been restarted since they were marked."""
    marks = registry.values(RESTART_MARKS)
    return sorted(name for name, value in marks.items() if name in found and found[name].pid == value.data)
