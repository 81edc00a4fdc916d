# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remote Desktop licensing of a host: role, mode, license servers, grace period.

Recorded: `RCM\\Licensing Core\\LicensingMode` is 1 on Windows 7, 8.1, 10 and on a Server 2019. Microsoft, "RD licensing
configuration on Windows Server": policy values LicensingMode and LicenseServers win; the local list is
`TermService\\Parameters\\LicenseServers\\SpecifiedLicenseServers`. Mode 2 is Per Device, 4 Per User, 5 not configured
(Microsoft's ChangeMode page; the LicensingType page says 3 and 4 instead, tools see 4 and 5). The grace period lasts
120 days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.model.registry import HKLM, REG_DWORD, REG_MULTI_SZ, Registry

CORE = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\RCM\\Licensing Core"
SERVERS_KEY = HKLM + "\\SYSTEM\\CurrentControlSet\\Services\\TermService\\Parameters\\LicenseServers"
POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
ADMINISTRATION, PER_DEVICE, PER_USER, NOT_CONFIGURED = 1, 2, 4, 5
MODES = {"per_device": PER_DEVICE, "per_user": PER_USER, "not_configured": NOT_CONFIGURED}
GRACE_DAYS = 120
SOURCE_SERVER, SOURCE_POLICY = 0, 1
STATUSES = {
    "unknown": 0,
    "valid_2008r2": 1,
    "valid_2008": 2,
    "beta_mismatch": 3,
    "lower_version": 4,
    "not_in_group": 5,
    "not_connectable": 6,
    "unknown_validity": 7,
    "access_denied": 8,
    "valid_vdi": 9,
    "not_supported": 10,
    "valid": 11,
}
"""TStoLSConnectivityStatus by what a scenario calls it (Microsoft, GetTStoLSConnectivityStatus)."""
_ANSWERS = frozenset(STATUSES.values()) - {STATUSES["unknown"], STATUSES["not_connectable"]}
_ISSUES = frozenset({1, 2, 9, 11})


@dataclass(frozen=True)
class LicenseServer:
    """A license server as this host reaches it."""

    name: str
    status: int

    @property
    def available(self) -> bool:
        return self.status in _ANSWERS

    @property
    def issues(self) -> bool:
        return self.status in _ISSUES


@dataclass
class Licensing:
    """`known` are the license servers of the network by lower-case name; `registered` those that are in the domain's
    Terminal Server License Servers group."""

    registry: Registry
    session_host: bool = False
    grace_days: int = GRACE_DAYS
    known: Mapping[str, LicenseServer] = field(default_factory=dict)
    registered: tuple[str, ...] = ()

    def mode(self) -> tuple[int, int]:
        """(licensing type, 1 when a policy sets it): without the session host role always administration."""
        if not self.session_host:
            return ADMINISTRATION, SOURCE_SERVER
        policy = self.registry.dword(POLICY, "LicensingMode")
        if policy is not None:
            return policy, SOURCE_POLICY
        local = self.registry.dword(CORE, "LicensingMode")
        return (local if local in (PER_DEVICE, PER_USER) else NOT_CONFIGURED), SOURCE_SERVER

    def servers(self) -> tuple[tuple[str, ...], int]:
        """(specified license servers, 1 when a policy names them)."""
        policy = self.registry.string(POLICY, "LicenseServers")
        if policy is not None:
            return tuple(part.strip() for part in policy.split(",") if part.strip()), SOURCE_POLICY
        value = self.registry.get(SERVERS_KEY, "SpecifiedLicenseServers")
        return (value.data if value is not None and isinstance(value.data, tuple) else ()), SOURCE_SERVER

    def set_mode(self, mode: int) -> None:
        self.registry.set(CORE, "LicensingMode", REG_DWORD, mode)

    def set_servers(self, names: tuple[str, ...]) -> None:
        self.registry.set(SERVERS_KEY, "SpecifiedLicenseServers", REG_MULTI_SZ, names)

    def server(self, name: str) -> LicenseServer:
        """The server of that name; one that nobody knows cannot be reached."""
        return self.known.get(name.lower(), LicenseServer(name, STATUSES["not_connectable"]))
