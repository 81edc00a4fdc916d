# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How many people a restart of TermService would cut off, and how many sessions there are.

Windows 8 and Server 2012 on: established TCP connections (MSFT_NetTCPConnection) to the ports that TermService's
process listens on, and to the configured one: after a change of PortNumber people are still on the old port. Before:
logon sessions of type 10, RemoteInteractive (Microsoft, "Win32_LogonSession"); WMI keeps some that are long over, so
that number is rather too high than too low.

Sessions: Win32_TerminalService (Microsoft, win32 termserv; TotalSessions and DisconnectedSessions recorded on Server
2008 R2, MEM that later versions fill them). It counts sessions as Windows does, the console and, MEM, session 0 of the
services as a disconnected one among them, so these numbers are never those of people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import NAMESPACE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tcp import CLASS, Listener
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManProtocolError

_ESTABLISHED = 5  # MSFT_NetTCPConnection.State


def read(host: Host, port: int, term_service_pid: int | None, listeners: Callable[[], Sequence[Listener]]) -> Sessions:
    """``listeners`` gives those of :func:`tcp.listeners`; it is asked only where connections are counted."""
    if host.has_firewall_classes:
        connected, method = _connections(host, port, term_service_pid, listeners()), CLASS
    else:
        method = "Win32_LogonSession"
        connected = len(host.session.query("root/cimv2", f"SELECT LogonId FROM {method} WHERE LogonType = 10"))
    active, disconnected = _sessions(host)
    return Sessions(
        status="ok", reason="", connected=connected, active=active, disconnected=disconnected, method=method
    )


def _connections(host: Host, port: int, pid: int | None, listeners: Sequence[Listener]) -> int:
    ports = {port, *(each.port for each in listeners if pid is not None and each.pid == pid)}
    where = " OR ".join(f"LocalPort = {number}" for number in sorted(ports))
    return len(
        host.session.query(
            NAMESPACE, f"SELECT LocalPort, RemoteAddress FROM {CLASS} WHERE State = {_ESTABLISHED} AND ({where})"
        )
    )


def _sessions(host: Host) -> tuple[int | None, int | None]:
    """Active and disconnected ones; None where Windows does not say. That never loses the people who are connected."""
    try:
        rows = host.session.query("root/cimv2", "SELECT TotalSessions, DisconnectedSessions FROM Win32_TerminalService")
        total = rows[0].integer("TotalSessions") if rows else None
        disconnected = rows[0].integer("DisconnectedSessions") if rows else None
    except (WSManFault, WSManProtocolError):
        return None, None
    if total is None or disconnected is None or total < disconnected:
        return None, None
    return total - disconnected, disconnected
