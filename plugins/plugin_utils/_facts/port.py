# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Who listens on the listener's port, and where TermService listens.

The listening socket of RDP-Tcp belongs to the process of TermService (MEM for Windows 7 and Server 2008 R2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Port, PortOwner
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tcp import Listener, method

# The program in Win32_Service.PathName: in quotes or not, with arguments or not.
_PROGRAM = re.compile(r'"?([^"]*?\.exe)\b', re.IGNORECASE)


def read(host: Host, number: int, term_service_pid: int | None, listeners: Sequence[Listener]) -> Port:
    """``listeners``: those of :func:`tcp.listeners` for that port and that process."""
    pids = sorted({each.pid for each in listeners if each.port == number})
    known = term_service_pid is not None
    return Port(
        status="ok",
        reason="",
        number=number,
        listening=bool(pids),
        owners=_owners(host, pids) if pids else [],
        term_service_pid=term_service_pid,
        term_service_listens=term_service_pid in pids if known else None,
        term_service_ports=sorted({each.port for each in listeners if known and each.pid == term_service_pid}),
        method=method(host),
    )


def _owners(host: Host, pids: Sequence[int]) -> list[PortOwner]:
    owners = {pid: PortOwner(pid=pid, process="", services=[]) for pid in pids}
    where = " OR ".join(f"ProcessId = {pid}" for pid in pids)
    for row in host.session.query("root/cimv2", f"SELECT Name, ProcessId, PathName FROM Win32_Service WHERE {where}"):
        owner = owners.get(row.integer("ProcessId", -1) or 0)
        if owner is not None:
            owner["services"].append(row.text("Name") or "")
            match = _PROGRAM.match(row.text("PathName") or "")
            owner["process"] = owner["process"] or ("" if match is None else match[1].rpartition("\\")[2])
    nameless = [pid for pid, owner in owners.items() if not owner["process"]]
    if nameless:
        where = " OR ".join(f"ProcessId = {pid}" for pid in nameless)
        for row in host.session.query("root/cimv2", f"SELECT ProcessId, Name FROM Win32_Process WHERE {where}"):
            owner = owners.get(row.integer("ProcessId", -1) or 0)
            if owner is not None:
                owner["process"] = row.text("Name") or ""
    for owner in owners.values():
        owner["services"].sort()
    return list(owners.values())
