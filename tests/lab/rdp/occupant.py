# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers on the port in place of TermService: another program, or a TermService that no longer works.

`nothing` takes connections and never answers, as a wedged service or another vendor's protocol does for which a
connection request is not the whole first message. `close` ends each connection at once. `http` is a web server; its
answer to what is no HTTP request has the status line and headers that http.sys sends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

ANSWERS = ("http", "nothing", "close")
_READ_SIZE = 4096
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=us-ascii\r\nServer: Microsoft-HTTPAPI/2.0\r\n"
    b"Connection: close\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(frozen=True)
class Occupant:
    """The program that listens on `port`; `answers` is one of ANSWERS."""

    port: int
    answers: str


async def serve(occupant: Occupant, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float) -> None:
    """One connection; the caller closes it. TimeoutError when the client stays silent."""
    if occupant.answers == "close":
        return
    while await asyncio.wait_for(reader.read(_READ_SIZE), timeout):
        if occupant.answers == "http":
            writer.write(_BAD_REQUEST)
            await asyncio.wait_for(writer.drain(), timeout)
            return
