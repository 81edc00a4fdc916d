# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinStations: the listeners of TermService, and which of them gets the port of RDP-Tcp.

Every subkey of WinStations but Console is a listener with a port and a protocol. Recorded values of
LoadableProtocol_Object: one class on Windows 7, another from 8.1 on, both Microsoft's. A third party's protocol has a
class of its own; a class that is not registered is what its removal leaves behind. MEM: unverified are that the first
enabled station by name gets a port that several name, and that an unregistered class leaves the port closed; that two
stations with one port break Remote Desktop is told by two support collections (Microsoft's MSRD, Alibaba).

The lab listens on one port, that of RDP-Tcp (without it, of the first station): stations on others are not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.model.registry import HKLM, Registry

WINSTATIONS = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations"
RDP_TCP_NAME = "RDP-Tcp"
DEFAULT_PORT = 3389
_CONSOLE = "console"
_MICROSOFT = ("{5828227c-20cf-4408-b73f-73ab70b8849f}", "{18b726bb-6fe6-4fb9-9276-ed57ce7c7cb2}")
_CLASSES = (HKLM + "\\SOFTWARE\\Classes\\CLSID", "HKEY_CLASSES_ROOT\\CLSID")


@dataclass(frozen=True)
class Station:
    """One listener as the registry has it."""

    name: str
    port: int
    enabled: bool
    protocol: str

    @property
    def path(self) -> str:
        return f"{WINSTATIONS}\\{self.name}"

    @property
    def is_microsoft(self) -> bool:
        """Whether Microsoft's RDP answers; a station without the value has it too."""
        return self.protocol.lower() in ("", *_MICROSOFT)

    def is_registered(self, registry: Registry) -> bool:
        return any(registry.find(f"{root}\\{self.protocol}") is not None for root in _CLASSES)


def stations(registry: Registry) -> list[Station]:
    """All listeners in the order of their names."""
    parent = registry.find(WINSTATIONS)
    names = [parent.subkeys[lower].name for lower in sorted(parent.subkeys)] if parent is not None else []
    return [_station(registry, name) for name in names if name.lower() != _CONSOLE]


def winner(registry: Registry) -> Station | None:
    """The station that gets the port of RDP-Tcp; None when there is no station at all."""
    found = stations(registry)
    main = next((station for station in found if station.name.lower() == RDP_TCP_NAME.lower()), None)
    if main is None:
        return found[0] if found else None
    return next((station for station in found if station.enabled and station.port == main.port), main)


def _station(registry: Registry, name: str) -> Station:
    path = f"{WINSTATIONS}\\{name}"
    port = registry.dword(path, "PortNumber")
    return Station(
        name,
        DEFAULT_PORT if port is None else port,
        registry.dword(path, "fEnableWinStation") != 0,
        registry.string(path, "LoadableProtocol_Object") or "",
    )
