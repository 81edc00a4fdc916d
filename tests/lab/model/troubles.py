# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What breaks Remote Desktop from outside of its settings: the path, other programs, attackers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.rdp.occupant import Occupant
from tests.lab.rdp.path import Path

if TYPE_CHECKING:
    from tests.lab.model.host import Host


@dataclass(frozen=True)
class PortOwner:
    """Another program that listens on a port; a `service` of its own gives it its process id while it runs, else `pid`
    does while the process is there. Its installer let it through the firewall."""

    process: str
    port: int
    answers: str
    service: str = ""
    pid: int = 0

    def running_pid(self, host: Host) -> int | None:
        """The id of its process; None when it has ended."""
        if self.service:
            service = host.services.find(self.service)
            return service.pid if service is not None and service.pid else None
        return self.pid if any(process.pid == self.pid for process in host.processes.all()) else None


@dataclass(frozen=True)
class Attack:
    """Strangers who keep connections half-open all the time: how many in all, and from where."""

    outstanding: int
    addresses: tuple[str, ...]

    def reaching(self, host: Host, port: int) -> int:
        """The connections of those whom the firewall lets in, evenly spread over the addresses."""
        firewall = host.firewall if host.services.running("MpsSvc") else None
        allowed = [
            address
            for address in self.addresses
            if firewall is None or firewall.allows(port, "termservice", remote=address)
        ]
        return self.outstanding * len(allowed) // len(self.addresses)


@dataclass
class Troubles:
    """All of it; `path_service` names the service without which what is in the path does nothing."""

    path: Path | None = None
    path_service: str = ""
    port_owner: PortOwner | None = None
    attack: Attack | None = None
    schannel_alerts: bool = True

    def path_now(self, host: Host) -> Path | None:
        return self.path if not self.path_service or host.services.running(self.path_service) else None

    def occupant(self, host: Host) -> Occupant | None:
        """What answers on a port that is not TermService's."""
        owner = self.port_owner
        if owner is None or owner.running_pid(host) is None:
            return None
        return Occupant(owner.port, owner.answers)


@dataclass(frozen=True)
class Listening:
    """One listening TCP port: `wildcards` are its local addresses."""

    port: int
    pid: int
    wildcards: tuple[str, ...] = ("::", "0.0.0.0")


def listening(host: Host) -> list[Listening]:
    """Every listening TCP port of a host with its process, as netstat and MSFT_NetTCPConnection show them."""
    found = []
    if host.services.running("WinRM"):
        found.append(Listening(5985, 4, ("::",)))
    owner = host.troubles.port_owner
    owner_pid = None if owner is None else owner.running_pid(host)
    if owner is not None and owner_pid is not None:
        found.append(Listening(owner.port, owner_pid))
    service = host.services.find("TermService")
    port = host.remote_desktop.port
    if port is not None and service is not None:
        found.append(Listening(port, service.pid))
    return found
