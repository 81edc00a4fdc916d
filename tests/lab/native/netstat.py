# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netstat -ano: the connections of MSFT_NetTCPConnection, IPv4 first, in the columns that every version prints. The
words of the states are the language's (German: published outputs). Filters such as `-p tcp` are left out but for that
one; names of ports (without -n) and UDP are not modelled.
"""

from __future__ import annotations

from tests.lab.cim.net import tcp_connections
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines

_STATES = {2: "LISTENING", 5: "ESTABLISHED"}


def run(host: Host, token: Token, words: list[str]) -> Result:
    letters = "".join(word[1:].lower() for word in words if word[:1] in "-/" and word.lower() not in ("-p", "/p"))
    rest = [word.lower() for word in words if word[:1] not in "-/"]
    if not set(letters) <= set("ano") or rest not in ([], ["tcp"]) or "n" not in letters:
        return Result(1, "", lines("", "Displays protocol statistics and current TCP/IP network connections."))
    found = ["", "Active Connections", "", "  Proto  Local Address          Foreign Address        State           PID"]
    for row in sorted(tcp_connections(host), key=lambda row: ":" in row["LocalAddress"]):
        if row["State"] not in _STATES or ("a" not in letters and row["State"] == 2):
            continue
        local = _address(row["LocalAddress"], row["LocalPort"])
        remote = _address(row["RemoteAddress"], row["RemotePort"])
        state = _STATES[row["State"]]
        owner = str(row["OwningProcess"]) if "o" in letters else ""
        found.append(f"  TCP    {local:<22} {remote:<22} {state:<15} {owner}".rstrip())
    return Result(0, lines(*found))


def _address(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
