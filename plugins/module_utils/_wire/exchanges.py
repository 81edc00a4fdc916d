# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The exchanges of a walk, each over an open connection: what is sent, what comes back, and how it ended.

Whatever the peer does, they return; only what can go wrong before a connection is open is an exception.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import blank, credssp, mcs, net, reasons, x224
from ansible_collections.winops.rdp.plugins.module_utils._wire.line import Line
from ansible_collections.winops.rdp.plugins.module_utils._wire.negotiation import Exchange
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Credssp, Standard
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client as tls


def negotiate(line: Line, connection: net.Connection, protocols: int) -> Exchange:
    """Sends one connection request and reads the confirm: four bytes first, which tell its length."""
    answer = b""
    with line.timed("x224"):
        try:
            connection.send(x224.build_request(protocols))
            answer = connection.receive_exactly(x224.TPKT_HEADER)
            answer += connection.receive_exactly(x224.confirm_length(answer) - len(answer))
            return Exchange(x224.parse_confirm(answer), "response", "")
        except x224.BadConfirm as error:
            why = f"The answer on port {line.port} is no RDP connection confirm: {error}"
            return Exchange(None, "garbage", why)
        except net.Ended as error:
            received = len(answer) + len(error.received)
            return Exchange(None, error.result, reasons.x224_ended(error.result, received, connection.patience))


def shake(connection: net.Connection, client: tls.Client) -> Tuple[str, Optional[str], str]:
    """Runs the client until it is done. Returns result, alert and detail as the report has them."""
    try:
        connection.send(client.start())
        while not client.done:
            connection.send(client.receive(connection.receive()))
    except tls.Refused as error:
        # close_notify is how some servers say goodbye; it refuses nothing in particular.
        return ("closed", None, "") if error.alert == "close_notify" else ("alert", error.alert, "")
    except tls.Broken as error:
        return "error", None, str(error)
    except net.Ended as error:
        return error.result, None, ""
    return "completed", None, ""


def ask_for_challenge(line: Line, connection: net.Connection, client: tls.Client) -> Credssp:
    """The first step of a CredSSP logon: an NTLM negotiation, which names nobody, and the server's challenge."""
    part = blank.credssp()
    with line.timed("credssp"):
        try:
            connection.send(client.write(credssp.build_request()))
            sent = time.monotonic()
            answer = _read_secured(connection, client, b"", credssp.HEADER)
            length = credssp.request_length(answer)
            answer = _read_secured(connection, client, answer, length)[:length]
            round_trip = time.monotonic() - sent
            return credssp.describe(credssp.parse_request(answer), datetime.now(timezone.utc), round_trip)
        except credssp.BadTsRequest as error:
            part["result"], part["detail"] = "error", str(error)
        except tls.Refused as error:
            part["result"], part["detail"] = "alert", error.alert
        except tls.Broken as error:
            part["result"], part["detail"] = "error", str(error)
        except net.Ended as error:
            part["result"] = error.result
    return part


def _read_secured(connection: net.Connection, client: tls.Client, answer: bytes, count: int) -> bytes:
    """``answer`` with what the server sends after it, until it has ``count`` bytes or more."""
    while True:
        answer += client.read()
        if len(answer) >= count:
            return answer
        if client.closed:
            raise net.Ended("closed")
        connection.try_to_send(client.receive(connection.receive()))


def agree_on_encryption(line: Line, connection: net.Connection, methods: int) -> Standard:
    """Standard RDP security after the X.224 confirm: offers the encryption ``methods`` and reads the choice."""
    part = blank.standard()
    with line.timed("standard"):
        try:
            connection.send(mcs.build_connect_initial(methods))
            header = connection.receive_exactly(x224.TPKT_HEADER)
            rest = connection.receive_exactly(mcs.packet_length(header) - len(header))
            return mcs.describe(mcs.parse_connect_response(header + rest))
        except mcs.BadMcs as error:
            part["result"], part["detail"] = "error", str(error)
        except net.Ended as error:
            part["result"] = error.result
    return part
