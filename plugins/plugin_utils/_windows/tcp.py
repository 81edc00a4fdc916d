# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Who listens on a TCP port of a host.

Windows 8 and Server 2012 on: MSFT_NetTCPConnection (Microsoft, nettcpipprov), where State 2 is a listener. Before:
``netstat -ano``, whose words are translated; a listener is the TCP row without a foreign address, its last column the
process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import NAMESPACE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import Readings

CLASS = "MSFT_NetTCPConnection"
NETSTAT = "netstat"
_COMMAND = "netstat.exe -ano"

_LISTEN = 2  # MSFT_NetTCPConnection.State
_ROW = re.compile(r"\s*TCP\s+\S*:([0-9]{1,5})\s+(?:0\.0\.0\.0|\[::\]|\*):[0*]\s.*?([0-9]{1,10})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Listener:
    port: int
    pid: int


def commands(host: Host) -> list[str]:
    """What :func:`listeners` needs the output of."""
    return [] if host.has_firewall_classes else [_COMMAND]


def listeners(host: Host, port: int, pid: int | None, readings: Callable[[], Readings]) -> list[Listener]:
    """Everything that listens on ``port``, and everything that the process ``pid`` listens on, each once."""
    found = _by_class(host, port, pid) if host.has_firewall_classes else netstat(_netstat_output(readings()))
    return sorted(
        {each for each in found if each.port == port or each.pid == pid}, key=lambda each: (each.port, each.pid)
    )


def method(host: Host) -> str:
    return CLASS if host.has_firewall_classes else NETSTAT


def netstat(text: str) -> list[Listener]:
    """The listeners in the output of ``netstat -ano``, in any language."""
    matches = (_ROW.fullmatch(line) for line in text.splitlines())
    return [Listener(int(match[1]), int(match[2])) for match in matches if match]


def _by_class(host: Host, port: int, pid: int | None) -> Iterable[Listener]:
    which = f"LocalPort = {port}" + (f" OR OwningProcess = {pid}" if pid else "")
    rows = host.session.query(
        NAMESPACE, f"SELECT LocalPort, OwningProcess FROM {CLASS} WHERE State = {_LISTEN} AND ({which})"
    )
    return [Listener(row.integer("LocalPort", 0) or 0, row.integer("OwningProcess", 0) or 0) for row in rows]


def _netstat_output(readings: Readings) -> str:
    if readings.refused:
        raise AccessDenied("the host gives no remote shell, and this Windows tells who listens only to netstat")
    if _COMMAND not in readings.texts:
        how = "failed" if _COMMAND in readings.failed else "was not done in time"
        raise WindowsError(f"netstat {how}, which tells who listens; run netstat -ano on the host")
    return readings.texts[_COMMAND]
