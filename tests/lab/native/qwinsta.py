# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""qwinsta: the recorded column layout; over WinRM the mark `>` stands at `services`."""

from __future__ import annotations

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines

LISTENER_ID = 65536


def _line(mark: str, station: str, user: str, session: int, state: str) -> str:
    return f"{mark}{station:<18}{user:<22}{session:>5}  {state:<8}".ljust(72)


def run(host: Host, token: Token, words: list[str]) -> Result:
    rows = [" SESSIONNAME       USERNAME                 ID  STATE   TYPE        DEVICE "]
    rows.append(_line(">", "services", "", 0, "Disc"))
    for session in host.sessions:
        user = session.user.rpartition("\\")[2]
        rows.append(_line(" ", session.station, user, session.id, session.state))
    if all(session.remote for session in host.sessions):
        rows.append(_line(" ", "console", "", 1, "Conn"))
    if host.remote_desktop.port is not None:
        rows.append(_line(" ", "rdp-tcp", "", LISTENER_ID, "Listen"))
    return Result(0, lines(*rows))
