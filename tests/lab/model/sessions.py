# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of users on a host."""

from __future__ import annotations

from dataclasses import dataclass

LOGON_INTERACTIVE, LOGON_REMOTE_INTERACTIVE = 2, 10


@dataclass(frozen=True)
class Session:
    """`state` is Active or Disc; a remote session comes from `client`."""

    id: int
    user: str
    state: str
    remote: bool = True
    client: str = ""

    @property
    def station(self) -> str:
        if not self.remote:
            return "console"
        return f"rdp-tcp#{self.id}" if self.state == "Active" else ""
