# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab host is at one moment, and in what it differs later: every key of the registry, file and service, and
what the listener of Remote Desktop has taken of all that.

The registry of the lab shares what nobody has written, so a picture costs nothing and a comparison looks only at that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.lab.model.host import Host
from tests.lab.model.registry import HKLM, Key, Registry

OWN = rf"{HKLM}\SOFTWARE\winops.rdp"
JOURNAL = rf"{OWN}\Journal"
LISTENER = "the listener"
# What stands there, by path; None where there is nothing.
Differences = dict[str, Any]


class Picture:
    """One moment of a host."""

    def __init__(self, host: Host) -> None:
        self._registry = Registry(host.registry)
        self._files = {entry.path: entry for entry in host.files.all()}
        self._services = _services(host)
        self._listener = host.remote_desktop.listener()

    def differences(self, host: Host) -> Differences:
        """What is another than in the picture: key, file, service or the listener, to what it is now."""
        found: Differences = {}
        for root in (HKLM, "HKEY_USERS"):
            found.update(_keys(root, self._registry.find(root), host.registry.find(root)))
        files = {entry.path: entry for entry in host.files.all()}
        for path in {*files, *self._files}:
            if files.get(path) != self._files.get(path):
                found[path] = repr(files.get(path))
        for name, state in _services(host).items():
            if state != self._services[name]:
                found[name] = state
        listener = host.remote_desktop.listener()
        if listener != self._listener:
            found[LISTENER] = listener
        return found


def without_times(differences: Differences) -> Differences:
    """Differences as any run of the same tasks leaves them: of the journal its changes, of the marks of a restart,
    which are process ids, the names."""
    found: Differences = {}
    changes = []
    for path, what in differences.items():
        if not path.startswith(OWN):
            found[path] = what
        elif not path.startswith(JOURNAL):
            found[path] = None if what is None else sorted(what)
        elif what:
            entries = [json.loads(value.data) for value in what.values()]
            changes += [(entry["module"], json.dumps(entry["change"], sort_keys=True)) for entry in entries]
    return {**found, JOURNAL: sorted(changes)}


def apart_from_ours(differences: Differences) -> Differences:
    return {path: what for path, what in differences.items() if not path.startswith(OWN)}


def _services(host: Host) -> dict[str, tuple[str, str]]:
    return {service.name: (service.state, service.account) for service in host.services.all()}


def _keys(path: str, before: Key | None, now: Key | None) -> Iterator[tuple[str, Any]]:
    if before is now:
        return
    values = None if now is None else now.values
    if before is None or values is None or before.values != values:
        yield path, values
    subkeys = [] if before is None else list(before.subkeys)
    for lower in dict.fromkeys([*subkeys, *(() if now is None else now.subkeys)]):
        older = None if before is None else before.subkeys.get(lower)
        newer = None if now is None else now.subkeys.get(lower)
        either = newer or older
        if either is not None:
            yield from _keys(rf"{path}\{either.name}", older, newer)
