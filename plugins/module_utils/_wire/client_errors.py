# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What a user of mstsc sees when a connection ends at a given point.

mstsc shows the reason of IMsTscAxEvents::OnDisconnected and, after it, the ExtendedDisconnectReasonCode, both in
hexadecimal (Microsoft's Terminal Services reference has both lists). Only pairs with a source are here: where none was
found, the point is absent and the report lists nothing.

- 0x104 (260) and 0x508 (1288) "DNS name lookup failure", 0x208 (520) "host not found", 0x604 (1540) "gethostbyname
  failed", 0x204 (516) "socket connect failed", 0x108 (264) "connection timed out", 0x904 (2308) "socket closed":
  OnDisconnected.
- Extended 0x7, "the server denied the connection", next to 0x904: ExtendedDisconnectReasonCode. Public reports
  (dockur/windows#345, natfrp/wiki discussion 683) show that pair whenever the socket closes before a session exists,
  also when no Windows server sent it.
- 0x708 is in no list; mstsc shows it when it reaches its own machine (stascorp/rdpwrap#4289, dockur/windows#1256).
- A negotiation failure ends in a closed socket: [MS-RDPBCGR] 3.3.5.3.2 has the server close the connection.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

_NAME_NOT_FOUND = ("0x104/0x0", "0x208/0x0", "0x508/0x0", "0x604/0x0")
_NOT_CONNECTED = ("0x204/0x0",)
_TIMED_OUT = ("0x108/0x0",)
_SOCKET_CLOSED = ("0x904/0x7",)
_ITSELF = ("0x708/0x0",)

# By stage and result, as the report has them. "error" in the TLS stage and "garbage" have no known code.
CLIENT_ERRORS: Dict[Tuple[str, str], Tuple[str, ...]] = {
    ("dns", "failed"): _NAME_NOT_FOUND,
    ("tcp", "refused"): _NOT_CONNECTED,
    ("tcp", "filtered"): _NOT_CONNECTED,
    ("tcp", "unreachable"): _NOT_CONNECTED,
    ("x224", "failure"): _SOCKET_CLOSED,
    ("x224", "closed"): _SOCKET_CLOSED,
    ("x224", "reset"): _SOCKET_CLOSED,
    ("x224", "timeout"): _TIMED_OUT,
    ("tls", "closed"): _SOCKET_CLOSED,
    ("tls", "reset"): _SOCKET_CLOSED,
    ("tls", "alert"): _SOCKET_CLOSED,
    ("tls", "old"): _SOCKET_CLOSED,
    ("x224", "standard"): _SOCKET_CLOSED,
    ("tls", "timeout"): _TIMED_OUT,
}


def client_errors(stage: str, result: str, own_address: bool) -> List[str]:
    """The codes for a connection that ended in ``stage`` with ``result``; empty when none is known.

    ``own_address``: the client would run on the machine that it connects to.
    """
    codes = CLIENT_ERRORS.get((stage, result), ())
    return [*(_ITSELF if own_address else ()), *codes]
