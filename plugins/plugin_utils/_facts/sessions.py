# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How many people a restart of TermService would cut off.

Windows 8 and Server 2012 on: established TCP connections (MSFT_NetTCPConnection) to the ports that TermService's
process listens on, and to the configured one: after a change of PortNumber people are still on the old port. Before:
logon sessions of type 10, RemoteInteractive (Microsoft, "Win32_LogonSession"); WMI keeps some that are long over, so
that number is rather too high than too low.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Services, Sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import NAMESPACE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

_LISTEN, _ESTABLISHED = 2, 5  # MSFT_NetTCPConnection.State


def read(host: Host, port: int, services: Services) -> Sessions:
    if not host.has_firewall_classes:
        method = "Win32_LogonSession"
        rows = host.session.query("root/cimv2", f"SELECT LogonId FROM {method} WHERE LogonType = 10")
        return Sessions(status="ok", reason="", connected=len(rows), method=method)
    method = "MSFT_NetTCPConnection"
    ports = {port}
    pid = services["services"]["TermService"]["pid"] if services["status"] == "ok" else None
    if pid:
        listening = host.session.query(
            NAMESPACE, f"SELECT LocalPort FROM {method} WHERE State = {_LISTEN} AND OwningProcess = {pid}"
        )
        ports |= {number for row in listening if (number := row.integer("LocalPort")) is not None}
    where = " OR ".join(f"LocalPort = {number}" for number in sorted(ports))
    rows = host.session.query(
        NAMESPACE, f"SELECT LocalPort, RemoteAddress FROM {method} WHERE State = {_ESTABLISHED} AND ({where})"
    )
    return Sessions(status="ok", reason="", connected=len(rows), method=method)
