# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts of a host: name, password, SID, and whether the account is an administrator."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.lab.model.security import (
    ADMINISTRATORS,
    AUTHENTICATED_USERS,
    EVERYONE,
    NETWORK,
    REMOTE_DESKTOP_USERS,
    SE_BACKUP,
    SE_RESTORE,
    SE_TAKE_OWNERSHIP,
    USERS,
    Token,
)


@dataclass(frozen=True)
class User:
    """One account; the password stays out of every text form."""

    name: str
    sid: str
    admin: bool
    password: str = field(repr=False, default="")
    remote_desktop: bool = False
    """A member of Remote Desktop Users; administrators need not be."""
    disabled: bool = False

    def token(self, domain: str) -> Token:
        """What the account may do over the network: an administrator comes with a full token."""
        groups: tuple[str, ...] = (EVERYONE, AUTHENTICATED_USERS, NETWORK, USERS)
        if self.remote_desktop:
            groups = (*groups, REMOTE_DESKTOP_USERS)
        name = f"{domain}\\{self.name}"
        if self.admin:
            privileges = frozenset({SE_TAKE_OWNERSHIP, SE_RESTORE, SE_BACKUP})
            return Token(name, (self.sid, ADMINISTRATORS, *groups), privileges)
        return Token(name, (self.sid, *groups))
