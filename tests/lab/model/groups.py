# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts and local groups of a host, by SID.

SIDs and English names: Microsoft, "Security identifiers in Windows". The three RDS groups came with Windows 8 and
Server 2012; on a connection broker NETWORK SERVICE is in RDS Endpoint Servers (Microsoft, "Remote Desktop can't
connect"). On a domain controller the built-in groups are the domain's, and there is no local one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.model.security import (
    ADMINISTRATORS,
    AUTHENTICATED_USERS,
    NETWORK_SERVICE,
    REMOTE_DESKTOP_USERS,
    USERS,
    WELL_KNOWN,
)

if TYPE_CHECKING:
    from tests.lab.model.host import Host

GUESTS = "S-1-5-32-546"
RDS_ENDPOINT_SERVERS = "S-1-5-32-576"
MACHINE_SID = "S-1-5-21-2000478354-1708537768-1957994488"
DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
INTERACTIVE = "S-1-5-4"
SID_USER, SID_GROUP, SID_ALIAS, SID_WELL_KNOWN = 1, 2, 4, 5
_BUILTIN = {
    ADMINISTRATORS: "Administrators",
    USERS: "Users",
    GUESTS: "Guests",
    "S-1-5-32-551": "Backup Operators",
    REMOTE_DESKTOP_USERS: "Remote Desktop Users",
    "S-1-5-32-556": "Network Configuration Operators",
    "S-1-5-32-558": "Performance Monitor Users",
    "S-1-5-32-559": "Performance Log Users",
    "S-1-5-32-562": "Distributed COM Users",
    "S-1-5-32-569": "Cryptographic Operators",
    "S-1-5-32-573": "Event Log Readers",
}
_SINCE_8 = {"S-1-5-32-578": "Hyper-V Administrators", "S-1-5-32-580": "Remote Management Users"}
_SERVER_SINCE_2012 = {
    "S-1-5-32-575": "RDS Remote Access Servers",
    RDS_ENDPOINT_SERVERS: "RDS Endpoint Servers",
    "S-1-5-32-577": "RDS Management Servers",
}
_SYSTEM_ACCOUNTS = {sid: name for sid, (_domain, name) in WELL_KNOWN.items() if not sid.startswith("S-1-5-32-")} | {
    INTERACTIVE: "INTERACTIVE"
}


@dataclass(frozen=True)
class Account:
    """A user, group or well-known account: SID, type (SID_NAME_USE), names, and whether this host keeps it."""

    sid: str
    sid_type: int
    domain: str
    name: str
    local: bool
    disabled: bool = False


class Groups:
    """Who is in which group of one host. `changed` are the member lists of a scenario."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.changed: dict[str, tuple[str, ...]] = {}

    @property
    def _controller(self) -> bool:
        return self._host.profile.product_type == 2

    def accounts(self) -> list[Account]:
        """Every account that WMI lists: users, groups, well-known accounts. Of the domain's groups, those that are
        members here."""
        return [*self.users(), *self.groups(), *self.system_accounts()]

    def users(self) -> list[Account]:
        host = self._host
        own = host.authority if self._controller else host.name.upper()
        machine = DOMAIN_SID if self._controller else MACHINE_SID
        found = [
            Account(f"{machine}-500", SID_USER, own, "Administrator", not self._controller, True),
            Account(f"{machine}-501", SID_USER, own, "Guest", not self._controller, True),
        ]
        local = host.domain is None
        found += [
            Account(user.sid, SID_USER, host.authority, user.name, local, user.disabled) for user in host.users.values()
        ]
        return found

    def groups(self) -> list[Account]:
        host = self._host
        names = dict(_BUILTIN)
        if host.profile.version >= (6, 2, 0):
            names |= _SINCE_8
            if host.profile.is_server:
                names |= _SERVER_SINCE_2012
        domain = host.authority if self._controller else host.name.upper()
        found = [
            Account(sid, SID_ALIAS, domain, host.language.accounts.get(sid, ("", name))[1], not self._controller)
            for sid, name in names.items()
        ]
        if host.domain is not None:
            found += [
                Account(f"{DOMAIN_SID}-512", SID_GROUP, host.authority, "Domain Admins", False),
                Account(f"{DOMAIN_SID}-513", SID_GROUP, host.authority, "Domain Users", False),
            ]
        return found

    def system_accounts(self) -> list[Account]:
        host = self._host
        return [
            Account(sid, SID_WELL_KNOWN, host.name.upper(), host.language.accounts.get(sid, ("", name))[1], True)
            for sid, name in _SYSTEM_ACCOUNTS.items()
        ]

    def find(self, sid: str) -> Account | None:
        return next((account for account in self.accounts() if account.sid == sid), None)

    def members(self, sid: str) -> tuple[str, ...]:
        """SIDs of a group's members; those of a scenario replace the usual ones."""
        if sid in self.changed:
            return self.changed[sid]
        host = self._host
        if sid == ADMINISTRATORS:
            admins = tuple(user.sid for user in host.users.values() if user.admin)
            machine = DOMAIN_SID if self._controller else MACHINE_SID
            return (f"{machine}-500", *admins, *((f"{DOMAIN_SID}-512",) if host.domain is not None else ()))
        if sid == REMOTE_DESKTOP_USERS:
            return tuple(user.sid for user in host.users.values() if user.remote_desktop)
        if sid == USERS:
            domain = (f"{DOMAIN_SID}-513",) if host.domain is not None else ()
            return (INTERACTIVE, AUTHENTICATED_USERS, *domain)
        if sid == RDS_ENDPOINT_SERVERS and "connection_broker" in host.roles:
            return (NETWORK_SERVICE,)
        return ()
