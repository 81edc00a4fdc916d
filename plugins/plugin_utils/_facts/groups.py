# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Whether NETWORK SERVICE is in a built-in group, by security identifiers: the names of both follow the language.

Only local accounts are asked for, and the members of one group: without such limits Win32_Group and Win32_GroupUser
go through the whole domain (Microsoft, "Win32_Group class" and "Win32_GroupUser class", win32, cimwin32prov).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

ADMINISTRATORS = "S-1-5-32-544"
# Windows Server 2012 on: Microsoft, "Well-known SIDs".
RDS_ENDPOINT_SERVERS = "S-1-5-32-576"
_NETWORK_SERVICE = "S-1-5-20"
_NAMESPACE = "root/cimv2"


def with_network_service(host: Host, sids: Iterable[str]) -> Mapping[str, bool]:
    """For each of the groups that the host has, whether NETWORK SERVICE is in it."""
    where = " OR ".join(f"SID = '{sid}'" for sid in sids)
    groups = host.session.query(
        _NAMESPACE, f"SELECT Domain, Name, SID FROM Win32_Group WHERE LocalAccount = TRUE AND ({where})"
    )
    found = {}
    for group in groups:
        key = f'Win32_Group.Domain="{_quoted(group.text("Domain"))}",Name="{_quoted(group.text("Name"))}"'
        # The class of NETWORK SERVICE alone, so that nobody looks up the members that are of a domain.
        members = host.session.query(
            _NAMESPACE,
            f"ASSOCIATORS OF {{{key}}} WHERE AssocClass = Win32_GroupUser ResultClass = Win32_SystemAccount",
        )
        found[group.text("SID") or ""] = any(member.text("SID") == _NETWORK_SERVICE for member in members)
    return found


def _quoted(name: str | None) -> str:
    return (name or "").replace("\\", "\\\\").replace('"', '\\"')
