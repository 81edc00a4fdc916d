# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Group Policy of a host: what the GPOs that apply set, and who has which user right.

Policies are ordered: the first one wins, as precedence 1 does in RSoP. What they set below SOFTWARE\\Policies is also
in the registry; a local write there stays until the next refresh (Microsoft's Azure article on RDP: a change that is
reverted comes from a policy). That a refresh writes unchanged policies too is true of `gpupdate /force`; for the
refresh every 90 minutes it is MEM: unverified.

User rights: those of a policy replace the local ones. The local ones are the defaults of Windows (Microsoft, "User
Rights Assignment") and what a scenario adds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.model.registry import HKLM, REG_DWORD, REG_SZ, Registry, Value
from tests.lab.model.security import ADMINISTRATORS, EVERYONE, REMOTE_DESKTOP_USERS, USERS

LOCAL_GPO = "LocalGPO"
ALLOW_REMOTE, DENY_REMOTE = "SeRemoteInteractiveLogonRight", "SeDenyRemoteInteractiveLogonRight"
ALLOW_NETWORK, DENY_NETWORK = "SeNetworkLogonRight", "SeDenyNetworkLogonRight"
HISTORY = (
    HKLM + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\History"
    "\\{35378EAC-683F-11D2-A89A-00C04FBBCFA2}"
)
_DEFAULT_RIGHTS = {
    ALLOW_REMOTE: (ADMINISTRATORS, REMOTE_DESKTOP_USERS),
    ALLOW_NETWORK: (EVERYONE, ADMINISTRATORS, USERS),
}


@dataclass(frozen=True)
class PolicyValue:
    """One value that a policy sets; `key` is a full path."""

    key: str
    value: Value


@dataclass(frozen=True)
class Policy:
    """One GPO that applies. `guid` with braces; `link` the distinguished name of the site, domain or OU, "Local" for
    the host's own; `domain` None for the host's own."""

    name: str
    guid: str
    link: str
    domain: str | None
    values: tuple[PolicyValue, ...] = ()
    rights: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The GPO's directory name as RSoP has it, without LDAP:// (Microsoft, RSOP_PolicySetting.GPOID)."""
        if self.domain is None:
            return LOCAL_GPO
        parts = ",".join(f"DC={part}" for part in self.domain.split("."))
        return f"CN={self.guid},CN=Policies,CN=System,{parts}"

    @property
    def file_path(self) -> str:
        if self.domain is None:
            return "C:\\Windows\\System32\\GroupPolicy"
        return f"\\\\{self.domain}\\SysVol\\{self.domain}\\Policies\\{self.guid}"


class Policies:
    """The policies of one host. `logged` is whether RSoP logging is on: without it the namespace is missing."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.applied: tuple[Policy, ...] = ()
        self.logged = True
        self.local_rights: dict[str, tuple[str, ...]] = dict(_DEFAULT_RIGHTS)
        self.applied_at: dt.datetime | None = None

    def apply(self, policies: tuple[Policy, ...], now: dt.datetime) -> None:
        """These are the policies from now on, the first one wins."""
        self.applied = policies
        self.applied_at = now
        for number, policy in enumerate(policies):
            self._history(number, policy)
        self.refresh()

    def refresh(self) -> int:
        """Write what the policies set and the registry has not; how many values that were."""
        wanted: dict[tuple[str, str], PolicyValue] = {}
        for policy in reversed(self.applied):
            wanted.update({(item.key.lower(), item.value.name.lower()): item for item in policy.values})
        written = 0
        for item in wanted.values():
            found = self._registry.get(item.key, item.value.name)
            if found is None or (found.type, found.data) != (item.value.type, item.value.data):
                self._registry.set(item.key, item.value.name, item.value.type, item.value.data)
                written += 1
        return written

    def right(self, name: str) -> tuple[str, ...]:
        """The SIDs that have a user right: the winning policy's, else the local ones."""
        for policy in self.applied:
            for known, sids in policy.rights.items():
                if known.lower() == name.lower():
                    return sids
        return next((sids for known, sids in self.local_rights.items() if known.lower() == name.lower()), ())

    def _history(self, number: int, policy: Policy) -> None:
        """What the registry extension remembers of a GPO (value names MEM: unverified)."""
        key = f"{HISTORY}\\{number}"
        texts = {
            "DisplayName": policy.name,
            "DSPath": policy.id if policy.domain is None else f"LDAP://{policy.id}",
            "FileSysPath": policy.file_path,
            "GPOName": policy.guid,
            "Link": policy.link,
        }
        for name, text in texts.items():
            self._registry.set(key, name, REG_SZ, text)
        self._registry.set(key, "Version", REG_DWORD, 1)
