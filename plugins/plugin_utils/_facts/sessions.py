# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How many people a restart of TermService would cut off.

Windows 8 and Server 2012 on: established TCP connections to the listener's port (MSFT_NetTCPConnection), which is
exactly what a restart ends. Before: logon sessions of type 10, RemoteInteractive (Microsoft, "Win32_LogonSession");
WMI keeps some that are long over, so the number is rather too high than too low.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import NAMESPACE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

_ESTABLISHED = 5  # MSFT_NetTCPConnection.State


def read(host: Host, port: int) -> Sessions:
    if host.has_firewall_classes:
        method = "MSFT_NetTCPConnection"
        rows = host.session.query(
            NAMESPACE,
            f"SELECT LocalPort, RemoteAddress FROM {method} WHERE LocalPort = {port} AND State = {_ESTABLISHED}",
        )
    else:
        method = "Win32_LogonSession"
        rows = host.session.query("root/cimv2", f"SELECT LogonId FROM {method} WHERE LogonType = 10")
    return Sessions(status="ok", reason="", connected=len(rows), method=method)
