# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Gathers fact areas from one host. An area that fails says why, and the others are read all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release, release_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import (
    certificate,
    firewall,
    listener,
    machine_keys,
    services,
    sessions,
    system,
    tls,
    updates,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import SCHEMA_VERSION, Facts, Status
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)

AREAS = (
    "system",
    "services",
    "listener",
    "tls",
    "certificate",
    "machine_keys",
    "updates",
    "firewall",
    "sessions",
)


def gather(host: Host, areas: Iterable[str] = AREAS) -> Facts:
    """The named areas. A host that can not be talked to any more raises; anything else is told in the area."""
    gatherer = _Gatherer(host)
    wanted = set(areas)
    facts = {name: gatherer.area(name) for name in AREAS if name in wanted}
    return cast(Facts, {"schema": SCHEMA_VERSION, **facts})


def subset(names: Iterable[str]) -> list[str]:
    """gather_subset as areas: "all", "min" (system alone), names, and names with "!" in front to leave one out.

    ValueError names a word that is none of these.
    """
    wanted: set[str] = set()
    unwanted: set[str] = set()
    given = list(names)
    for name in given:
        target, bare = (unwanted, name[1:]) if name.startswith("!") else (wanted, name)
        if bare == "all":
            target.update(AREAS)
        elif bare == "min":
            target.add("system")
        elif bare in AREAS:
            target.add(bare)
        else:
            raise ValueError(f"{name!r} is no subset of facts; choose from all, min, {', '.join(AREAS)}, or !<name>")
    if all(name.startswith("!") for name in given):
        wanted.update(AREAS)
    return [name for name in AREAS if name in wanted - unwanted]


class _Gatherer:
    """Reads each area at most once; areas may ask for others."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._areas: dict[str, Any] = {}
        self._started = datetime.now(timezone.utc)

    def area(self, name: str) -> Any:
        if name not in self._areas:
            self._areas[name] = self._read(name)
        return self._areas[name]

    def _read(self, name: str) -> Any:
        reader: Callable[[], Any] = getattr(self, f"_{name}")
        status: Status
        try:
            return reader()
        except AccessDenied as error:
            status, reason = "denied", str(error)
        except WSManFault as fault:
            status = "denied" if fault.is_access_denied else "absent" if fault.is_not_found else "error"
            reason = str(fault)
        except (WindowsError, WSManProtocolError, WSManTimeout) as error:
            status, reason = "error", str(error)
        return {"status": status, "reason": reason}

    # -- one method an area ------------------------------------------------------------------------------------------

    def _system(self) -> Any:
        return system.read(self._host, self.area("services"), self._started)

    def _services(self) -> Any:
        return services.read(self._host)

    def _listener(self) -> Any:
        return listener.read(self._host, self._release())

    def _tls(self) -> Any:
        return tls.read(self._host, self._release())

    def _certificate(self) -> Any:
        return certificate.read(self._host, self._now())

    def _machine_keys(self) -> Any:
        return machine_keys.read(self._host, self.area("certificate"))

    def _updates(self) -> Any:
        return updates.read(self._host)

    def _firewall(self) -> Any:
        return firewall.read(self._host, self._port())

    def _sessions(self) -> Any:
        return sessions.read(self._host, self._port(), self.area("services"))

    # -- what areas share --------------------------------------------------------------------------------------------

    def _release(self) -> Release | None:
        windows = self._host.operating_system
        return release_of(self._host.build, "client" if windows.integer("ProductType") == 1 else "server")

    def _now(self) -> datetime:
        """The host's time: it decides what is expired there."""
        return self._host.operating_system.datetime("LocalDateTime") or self._started

    def _port(self) -> int:
        found = self.area("listener")
        port = found["settings"]["port"]["value"] if found["status"] == "ok" else None
        return port if isinstance(port, int) else 3389
