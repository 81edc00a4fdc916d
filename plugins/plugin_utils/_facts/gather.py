# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Gathers fact areas from one host. An area that fails says why, and the others are read all the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._data.security_products import SECURITY_SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICIES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release, release_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import (
    certificate,
    endpoint_security,
    events,
    firewall,
    licensing,
    listener,
    logon,
    machine_keys,
    policies,
    port,
    rsop,
    services,
    sessions,
    system,
    terminal_service,
    tls,
    updates,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.parallel import connections_for, in_parallel
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import SCHEMA_VERSION, Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD, told
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import tcp
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.once import Once
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import Readings, ask
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

# Each area, and about how many requests it costs: what decides whether another connection is worth its logon.
_COSTS = {
    "system": 10,
    "services": 3,
    "listener": 16,
    "tls": 6,
    "certificate": 5,
    "machine_keys": 2,
    "updates": 4,
    "firewall": 9,
    "sessions": 3,
    "port": 1,
    "endpoint_security": 2,
    "policies": 5,
    "logon": 8,
    "licensing": 1,
    "events": 6,
}
AREAS = tuple(_COSTS)
# The order to read in when several connections do: what others wait for and what takes long comes first.
_ORDER = (
    "listener",
    "services",
    "events",
    "firewall",
    "policies",
    "certificate",
    "system",
    "tls",
    "logon",
    "machine_keys",
    "sessions",
    "port",
    "licensing",
    "endpoint_security",
    "updates",
)


def gather(host: Host, areas: Iterable[str] = AREAS, connect: Callable[[], Session] | None = None) -> Facts:
    """The named areas. A host that can not be talked to any more raises; anything else is told in the area.

    ``connect`` makes a session for one more connection to the host. It is called where the round trip is long, from
    this thread, and nothing of it is left when this returns.
    """
    wanted = [name for name in _ORDER if name in set(areas)]
    known = Once()
    first = _Gatherer(host, known, wanted)
    cost = sum(_COSTS[name] for name in wanted)
    if connect is not None and len(wanted) > 1 and first.prepared():
        spare = [connect() for _number in range(connections_for(host, cost) - 1)]
        others = [_Gatherer(host.over(session), known, wanted, spare=True) for session in spare]
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
    """Reads areas over one connection; areas may ask for others. What is known is shared with other connections.

    ``wanted``: all areas that will be read, by this one or another one.
    """

    def __init__(self, host: Host, known: Once, wanted: Collection[str], *, spare: bool = False) -> None:
        self._host = host
        self._known = known
        self._wanted = wanted
        host.session.spare = spare
        self._started = datetime.now(timezone.utc)

    @property
    def session(self) -> Session:
        return self._host.session

    def prepared(self) -> bool:
        """Reads what nearly every area asks for, which measures the round trip; whether the host tells its version."""
        self._policy_keys()
        try:
            return self._host.build > 0
        except UNREAD:
            return False  # each area that needs it says so

    def area(self, name: str) -> Any:
        return self._known.get(name, lambda: self._read(name))

    def _read(self, name: str) -> Any:
        reader: Callable[[], Any] = getattr(self, f"_{name}")
        try:
            return reader()
        except UNREAD as error:
            status, reason = told(error)
        return {"status": status, "reason": reason}

    # -- one method an area ------------------------------------------------------------------------------------------

    def _system(self) -> Any:
        return system.read(
            self._host,
            self.area("services"),
            self._started,
            session_host=self._is_session_host(),
            policies=self._policy_keys(),
        )

    def _services(self) -> Any:
        return services.read(self._host, self._windows_services())

    def _listener(self) -> Any:
        return listener.read(self._host, self._release(), self._rdp_tcp(), self._policy_keys())

    def _tls(self) -> Any:
        return tls.read(self._host, self._release(), self._policy_keys())

    def _certificate(self) -> Any:
        return certificate.read(self._host, self._now(), self._rdp_tcp)

    def _machine_keys(self) -> Any:
        return machine_keys.read(self._host, self.area("certificate"), self._readings)

    def _updates(self) -> Any:
        return updates.read(self._host)

    def _firewall(self) -> Any:
        return firewall.read(self._host, self._listener_port, self._policy_keys())

    def _sessions(self) -> Any:
        return sessions.read(self._host, self._listener_port(), self._term_service_pid(), self._tcp_listeners)

    def _port(self) -> Any:
        return port.read(self._host, self._listener_port(), self._term_service_pid(), self._tcp_listeners())

    def _endpoint_security(self) -> Any:
        return endpoint_security.read(self._host, self._windows_services())

    def _policies(self) -> Any:
        return policies.read(self._host, self._gpos(), self._terminal_service)

    def _logon(self) -> Any:
        services_area = self.area("services")
        broker = services_area["status"] == "ok" and services_area["services"]["Tssdis"]["present"]
        return logon.read(self._host, self._gpos(), broker=broker)

    def _licensing(self) -> Any:
        return licensing.read(self._host, self._terminal_service(), self._policy_keys())

    def _events(self) -> Any:
        return events.read(self._host, self._readings())

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

    def _listener_port(self) -> int:
        try:
            return listener.port_of(self._rdp_tcp())
        except UNREAD:
            return 3389

    def _term_service_pid(self) -> int | None:
        found = self.area("services")
        return found["services"]["TermService"]["pid"] if found["status"] == "ok" else None

    def _tcp_listeners(self) -> list[tcp.Listener]:
        """What listens on the listener's port, and where TermService listens."""
        found: list[tcp.Listener] = self._known.get(
            "the TCP listeners",
            lambda: tcp.listeners(self._host, self._listener_port(), self._term_service_pid(), self._readings),
        )
        return found

    def _windows_services(self) -> Mapping[str, ServiceStatus]:
        """Those that areas look at: however many are named, Windows goes through all of them once."""
        names = (*services.NEEDED, *services.ROLES, *(row.service for row in SECURITY_SERVICES))
        found: Mapping[str, ServiceStatus] = self._known.get(
            "services of Windows", lambda: self._host.services.read(names)
        )
        return found

    def _readings(self) -> Readings:
        """What native tools tell the areas that are wanted: one remote shell for all of them."""
        found: Readings = self._known.get("native tools", lambda: ask(self._host, self._commands()))
        return found

    def _commands(self) -> list[str]:
        """What is done soon first; a folder with millions of files takes its time."""
        found = list(tcp.commands(self._host)) if "port" in self._wanted else []
        found += events.commands() if "events" in self._wanted else []
        with suppress(*UNREAD):
            found += machine_keys.commands(self._host) if "machine_keys" in self._wanted else []
        return found

    def _terminal_service(self) -> Instance:
        found: Instance = self._known.get("the terminal service", lambda: terminal_service.read(self._host))
        return found

    def _is_session_host(self) -> bool:
        try:
            return terminal_service.is_session_host(self._terminal_service())
        except UNREAD:
            return False

    def _gpos(self) -> rsop.Gpos:
        found: rsop.Gpos = self._known.get("the group policy objects", lambda: rsop.read(self._host))
        return found

    def _policy_keys(self) -> Collection[str] | None:
        """What Group Policy has for anybody, in lower case: a key that is not there needs no look at what is below."""
        found: Collection[str] | None = self._known.get("the policies", self._read_policies)
        return found

    def _read_policies(self) -> Collection[str] | None:
        try:
            return {name.lower() for name in self._host.registry.subkeys(POLICIES) or ()}
        except UNREAD:
            return None
