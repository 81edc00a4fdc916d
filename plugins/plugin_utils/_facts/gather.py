# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Gathers fact areas from one host. An area that fails says why, and the others are read all the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timezone
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICIES
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
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.parallel import connections_for, in_parallel
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import SCHEMA_VERSION, Facts, Status
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.once import Once
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

# Each area, and about how many requests it costs: what decides whether another connection is worth its logon.
_COSTS = {
    "system": 11,
    "services": 2,
    "listener": 16,
    "tls": 7,
    "certificate": 4,
    "machine_keys": 4,
    "updates": 2,
    "firewall": 9,
    "sessions": 2,
}
AREAS = tuple(_COSTS)
# The order to read in when several connections do: what others wait for and what takes long comes first.
_ORDER = ("listener", "services", "firewall", "certificate", "system", "tls", "machine_keys", "sessions", "updates")


def gather(host: Host, areas: Iterable[str] = AREAS, connect: Callable[[], Session] | None = None) -> Facts:
    """The named areas. A host that can not be talked to any more raises; anything else is told in the area.

    ``connect`` makes a session for one more connection to the host. It is called where the round trip is long, from
    this thread, and nothing of it is left when this returns.
    """
    wanted = [name for name in _ORDER if name in set(areas)]
    known = Once()
    first = _Gatherer(host, known)
    cost = sum(_COSTS[name] for name in wanted)
    if connect is not None and len(wanted) > 1 and first.prepared():
        spare = [connect() for _number in range(connections_for(host, cost) - 1)]
        others = [_Gatherer(host.over(session), known, spare=True) for session in spare]
        in_parallel(wanted, first.area, [(each.area, each.session) for each in others], host.session)
    facts = {name: first.area(name) for name in AREAS if name in wanted}
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
    """Reads areas over one connection; areas may ask for others. What is known is shared with other connections."""

    def __init__(self, host: Host, known: Once, *, spare: bool = False) -> None:
        self._host = host
        self._known = known
        host.session.spare = spare
        self._started = datetime.now(timezone.utc)

    @property
    def session(self) -> Session:
        return self._host.session

    def prepared(self) -> bool:
        """Reads what nearly every area asks for, which measures the round trip; whether the host tells its version."""
        self._policies()
        try:
            return self._host.build > 0
        except (WindowsError, WSManFault, WSManProtocolError, WSManTimeout):
            return False  # each area that needs it says so

    def area(self, name: str) -> Any:
        return self._known.get(name, lambda: self._read(name))

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
        return listener.read(self._host, self._release(), self._rdp_tcp(), self._policies())

    def _tls(self) -> Any:
        return tls.read(self._host, self._release(), self._policies())

    def _certificate(self) -> Any:
        return certificate.read(self._host, self._now(), self._rdp_tcp)

    def _machine_keys(self) -> Any:
        return machine_keys.read(self._host, self.area("certificate"))

    def _updates(self) -> Any:
        return updates.read(self._host)

    def _firewall(self) -> Any:
        return firewall.read(self._host, self._port, self._policies())

    def _sessions(self) -> Any:
        return sessions.read(self._host, self._port(), self.area("services"))

    # -- what areas share --------------------------------------------------------------------------------------------

    def _release(self) -> Release | None:
        windows = self._host.operating_system
        return release_of(self._host.build, "client" if windows.integer("ProductType") == 1 else "server")

    def _now(self) -> datetime:
        """The host's time: it decides what is expired there."""
        return self._host.operating_system.datetime("LocalDateTime") or self._started

    def _rdp_tcp(self) -> listener.Values:
        values: listener.Values = self._known.get("the key of the listener", lambda: listener.rdp_tcp(self._host))
        return values

    def _port(self) -> int:
        try:
            return listener.port_of(self._rdp_tcp())
        except (WindowsError, WSManFault, WSManProtocolError, WSManTimeout):
            return 3389

    def _policies(self) -> Collection[str] | None:
        """What Group Policy has for anybody, in lower case: a key that is not there needs no look at what is below."""
        found: Collection[str] | None = self._known.get("the policies", self._read_policies)
        return found

    def _read_policies(self) -> Collection[str] | None:
        try:
            return {name.lower() for name in self._host.registry.subkeys(POLICIES) or ()}
        except (WindowsError, WSManFault, WSManProtocolError, WSManTimeout):
            return None
