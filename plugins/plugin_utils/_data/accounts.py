# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Well-known accounts in user rights: who is meant, by SID. Names are localized and decide nothing.

SIDs: [MS-DTYP] 2.4.2.4; S-1-5-113 and S-1-5-114: Microsoft, "Special identities" (Windows 8.1, Server 2012 R2 and
later). RIDs of a domain's own groups: [MS-DTYP] 2.4.2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    ADMINISTRATORS,
    AUTHENTICATED_USERS,
    EVERYONE,
    USERS,
)

# everybody: whoever logs on. local_accounts: those of the host itself. expected: kept out of any sound host.
Scope = Literal[
    "everybody", "administrators", "remote_desktop_users", "local_accounts", "local_administrators", "expected", "other"
]


@dataclass(frozen=True)
class Group:
    name: str
    scope: Scope

    @property
    def is_expected(self) -> bool:
        return self.scope == "expected"


GROUPS: Final[dict[str, Group]] = {
    EVERYONE: Group("Everyone", "everybody"),
    AUTHENTICATED_USERS: Group("Authenticated Users", "everybody"),
    USERS: Group("Users", "everybody"),
    "S-1-5-14": Group("REMOTE INTERACTIVE LOGON", "everybody"),
    ADMINISTRATORS: Group("Administrators", "administrators"),
    "S-1-5-32-555": Group("Remote Desktop Users", "remote_desktop_users"),
    "S-1-5-113": Group("Local account", "local_accounts"),
    "S-1-5-114": Group("Local account and member of Administrators group", "local_administrators"),
    "S-1-5-32-546": Group("Guests", "expected"),
    "S-1-5-7": Group("ANONYMOUS LOGON", "expected"),
}

# By the last part of a SID S-1-5-21-...: groups and accounts that each domain and each host has.
_DOMAIN: Final = "S-1-5-21-"
_BY_RID: Final[dict[str, Group]] = {
    "501": Group("Guest", "expected"),
    "512": Group("Domain Admins", "other"),
    "513": Group("Domain Users", "everybody"),
    "514": Group("Domain Guests", "expected"),
    "519": Group("Enterprise Admins", "other"),
}


def group_of(account: str) -> Group | None:
    """Who a SID stands for; None for a single account, a group of somebody's own, and a name."""
    sid = account.upper()
    if sid.startswith(_DOMAIN):
        return _BY_RID.get(sid.rpartition("-")[2])
    return GROUPS.get(sid)
