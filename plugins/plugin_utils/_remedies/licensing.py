# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans the licensing mode and the license servers of a session host. Pure.

Never touched: the key GracePeriod, whose deletion would be a way around licensing. Per User CALs do not work in a
workgroup (Microsoft, "Cannot connect to RDS because no RD Licensing servers are available").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import (
    CONFIGURED,
    LOCAL_MODE,
    LOCAL_MODE_KEY,
    LOCAL_SERVERS,
    LOCAL_SERVERS_KEY,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Licensing, System
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType

Value = dict[str, Any] | None  # of the registry, as a change has it


def plan(
    facts: Licensing,
    system: System,
    *,
    mode: str | None,
    servers: Sequence[str] | None,
    mode_now: Value,
    servers_now: Value,
) -> list[Change]:
    """The changes for a wanted mode and list; None: as it is. Refused names what must not be done."""
    if not facts.get("terminal_server"):
        raise Refused(
            "this host has not the role Remote Desktop Session Host: it needs no licenses, two administrators may "
            "connect without"
        )
    changes = []
    if mode is not None and facts.get("mode") != mode:
        if facts.get("mode_source") == "policy":
            raise Refused("the licensing mode is set by Group Policy (LicensingMode): change it there")
        if mode == "per_user" and not system.get("part_of_domain"):
            raise Refused("Per User licenses do not work in a workgroup: use per_device, or join the host to a domain")
        changes.append(_change(LOCAL_MODE_KEY, LOCAL_MODE, mode_now, dword(CONFIGURED[mode])))
    if servers is not None and [name.lower() for name in names_of(facts)] != [name.lower() for name in servers]:
        if any(server["source"] == "policy" for server in facts.get("servers", [])):
            raise Refused("the license servers are set by Group Policy (LicenseServers): change them there")
        after = {"type": RegistryType.REG_MULTI_SZ.name, "data": list(servers)}
        changes.append(_change(LOCAL_SERVERS_KEY, LOCAL_SERVERS, servers_now, after))
    return changes


def names_of(facts: Licensing) -> list[str]:
    return [server["name"] for server in facts.get("servers", [])]


def _change(key: str, name: str, before: Value, after: Value) -> Change:
    return Change(kind="licensing", target=key, name=name, before=before, after=after)
