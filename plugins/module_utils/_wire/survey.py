# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What full depth asks beyond one walk: every security protocol, TLS version, cipher suite and encryption method.

One connection at a time, each closed before the next begins, with a pause between: a server never sees more than one
of ours half open, which MaxOutstandingConnections counts.
"""

from __future__ import annotations

from contextlib import closing
from typing import List, NamedTuple, Optional, Sequence

from ansible_collections.winops.rdp.plugins.module_utils._wire import exchanges, mcs, negotiation, net, x224
from ansible_collections.winops.rdp.plugins.module_utils._wire.line import PAUSE, Line
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Offer, Standard, TlsVersion
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client as tls
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import suites

_CUT = ("closed", "reset", "timeout")
# What one connection may take, so that one question without an answer does not cost the rest.
_PATIENCE = 4.0


class Interrupted(Exception):
    """No more connections get through, or the time is over; the text says which, in a part of a sentence."""


class _Hello(NamedTuple):
    """The answer to one ClientHello."""

    result: str  # as TlsVersion has it
    alert: Optional[str] = None
    suite: Optional[int] = None


def offer(line: Line, protocol: str) -> Offer:
    """Asks for one security protocol and no other, by its name in the report. Raises Interrupted."""
    connection = _open(line)
    with closing(connection):
        exchange = exchanges.negotiate(line, connection, x224.SINGLE_REQUESTS[protocol])
        connection.finish()
    return negotiation.answer_to(protocol, exchange)


def tls_version(line: Line, host: str, version: int) -> TlsVersion:
    """The suites that the server takes with ``version`` alone, found by leaving out each one that it has chosen.

    Raises Interrupted.
    """
    left = [code for code in suites.EVERYTHING if version in suites.SUITES[code].versions]
    found: List[int] = []
    hello = _Hello("error")
    while left:
        hello = _hello(line, host, version, left)
        if found and hello.result in _CUT:
            # Where a cut and not an alert ends the list, one that came from elsewhere must not shorten it.
            hello = _hello(line, host, version, left)
        if hello.suite is None or hello.suite not in left:
            break
        left.remove(hello.suite)
        found.append(hello.suite)
    preference = None
    if len(found) > 1:
        again = _hello(line, host, version, found[::-1])
        preference = "server" if again.suite == found[0] else "client" if again.suite == found[-1] else None
    return {
        "result": "accepted" if found else hello.result,
        "alert": None if found else hello.alert,
        "ciphers": [suites.SUITES[code].name for code in found],
        "preference": preference,
    }


def confirm(line: Line, host: str, version: str, cipher: str) -> None:
    """Asks again for what the server has chosen once, by the names of the report.

    Raises Interrupted when it is refused now: then the refusals before may have had the same reason.
    """
    codes = {name: code for code, name in tls.VERSIONS.items()}
    suite = next(code for code, known in suites.SUITES.items() if known.name == cipher)
    if _hello(line, host, codes[version], [suite]).suite != suite:
        raise Interrupted("in the end the server refused what it had accepted before, so the lists may be short")


def standard(line: Line) -> Standard:
    """The encryption of standard RDP security: what the server chooses out of all, and each it takes alone.

    Raises Interrupted.
    """
    part = _agree(line, mcs.ALL_METHODS)
    if part["result"] == "response":
        part["methods"] = [
            name for method, name in sorted(mcs.METHODS.items()) if method and _agree(line, method)["method"] == name
        ]
    return part


def _open(line: Line) -> net.Connection:
    """A new connection; one that fails is tried once more after a longer pause, in case we were too quick."""
    line.rest()
    if line.deadline.left() <= 0:
        raise Interrupted("the deadline came first")
    try:
        return line.open(_PATIENCE)
    except net.NotConnected:
        line.pause(PAUSE)
    try:
        return line.open(_PATIENCE)
    except net.NotConnected as error:
        raise Interrupted(f"the server took no more connections: {error}") from error


def _hello(line: Line, host: str, version: int, codes: Sequence[int]) -> _Hello:
    """Offers one version and ``codes``, and reads as far as the ServerHello."""
    found = _hello_once(line, host, version, codes)
    if found is None:
        line.pause(PAUSE)
        found = _hello_once(line, host, version, codes)
    if found is None:
        raise Interrupted("the server answered no more connection requests")
    return found


def _hello_once(line: Line, host: str, version: int, codes: Sequence[int]) -> Optional[_Hello]:
    """None: the connection did not come as far as TLS."""
    connection = _open(line)
    with closing(connection):
        exchange = exchanges.negotiate(line, connection, x224.MODERN_CLIENT)
        if exchange.confirm is None or not exchange.confirm.selected:
            connection.finish()
            return None
        client = tls.Client(tls.Offer((version,), tuple(codes), net.server_name(host)), until_hello=True)
        with line.timed("tls"):
            result, alert, _detail = exchanges.shake(connection, client)
        connection.try_to_send(client.close())
        connection.finish()
    if client.version is not None and client.version != version:
        return _Hello("other")
    if result != "completed" or client.suite is None:
        if line.deadline.left() <= 0:
            raise Interrupted("the deadline came first")
        return _Hello(result, alert)
    return _Hello("accepted", None, client.suite.code)


def _agree(line: Line, methods: int) -> Standard:
    connection = _open(line)
    with closing(connection):
        exchange = exchanges.negotiate(line, connection, x224.PROTOCOL_RDP)
        if exchange.confirm is None or exchange.confirm.failure_code is not None:
            raise Interrupted("the server no longer selected standard RDP security")
        part = exchanges.agree_on_encryption(line, connection, methods)
        connection.finish()
    return part
