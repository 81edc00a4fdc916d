# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reply without end takes neither memory nor time; what cannot be a reply of WinRM is one clear error."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError
from tests.unit.wsman.connections import BOTH
from tests.unit.wsman.samples import envelope
from tests.unit.wsman.transport import raw_server
from tests.unit.wsman.transport.conftest import Scheme
from tests.unit.wsman.transport.raw_server import Caller, RawServer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
PIECE = b"<a>" * 5000

FLOODS: dict[str, tuple[bytes, bytes]] = {
    "with a length": (HEAD + b"Content-Length: 1073741824\r\n\r\n", PIECE),
    "without a length": (HEAD + b"\r\n", PIECE),
    "in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2000\r\n" + b"x" * 8192 + b"\r\n"),
    "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a refusal": (b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\n\r\n", PIECE),
    "an error": (b"HTTP/1.1 500 Error\r\n\r\n", PIECE),
    "no charset": (b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\n", bytes(range(256))),
}
LIMIT = reply.MAX_BYTES
# What the sockets of both sides hold beside what is read.
BUFFERED = 16_000_000


@BOTH
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood(build: Callable[..., Any], scheme: Scheme, kind: str) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(FLOODS[kind][0])
        caller.flood(FLOODS[kind][1])

    with RawServer(script, scheme.tls).running() as server:
        transport = connect.open_transport(build(server.port, **scheme.options), Deadline(10))
        with pytest.raises(WSManProtocolError, match=f"port {server.port} sends more than {LIMIT} bytes for one"):
            transport.send(b"<a/>", 5)
        assert server.callers[0].sent < LIMIT + BUFFERED


@BOTH
@pytest.mark.parametrize(
    ("start", "piece"),
    [(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"), (b"", b"x" * 8192), (b"HTTP/1.1 200 OK\r\nX-A: ", b"x" * 8192)],
    ids=["headers", "status line", "header"],
)
def test_a_head_without_end(build: Callable[..., Any], start: bytes, piece: bytes) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(start)
        caller.flood(piece)

    with RawServer(script).running() as server:
        transport = connect.open_transport(build(server.port), Deadline(10))
        with pytest.raises(WSManProtocolError, match="is not HTTP as WinRM speaks it"):
            transport.send(b"<a/>", 5)


@BOTH
def test_a_compressed_bomb(build: Callable[..., Any]) -> None:
    bomb = gzip.compress(b" " * 50_000_000)

    def script(caller: Caller) -> None:
        head, _body = caller.request()
        assert b"accept-encoding: identity" in head.lower()
        caller.send(raw_server.reply(bomb, "200 OK", "Content-Encoding: gzip"))

    with RawServer(script).running() as server:
        transport = connect.open_transport(build(server.port), Deadline(10))
        with pytest.raises(WSManProtocolError, match="sends a compressed reply that nobody asked for"):
            transport.send(b"<a/>", 5)


@BOTH
def test_the_largest_reply_is_read(build: Callable[..., Any]) -> None:
    body = envelope("<a>" + "x" * (LIMIT - 5000) + "</a>")

    def script(caller: Caller) -> None:
        caller.request()
        caller.send(raw_server.reply(body))

    with RawServer(script).running() as server:
        transport = connect.open_transport(build(server.port), Deadline(10))
        assert transport.send(b"<a/>", 5) == body


def _fill(start: str, piece: Callable[[int], str], end: str) -> bytes:
    """As many pieces as a reply may have bytes."""
    parts = [start]
    room = LIMIT - len(envelope("")) - len(start) - len(end)
    number = 0
    while room > 0:
        part = piece(number)
        room -= len(part)
        if room > 0:
            parts.append(part)
        number += 1
    return envelope("".join([*parts, end]))


_ATTRIBUTES = " ".join(f'l:a{number}=""' for number in range(700))
BOMBS: dict[str, Callable[[], bytes]] = {
    "empty elements": lambda: _fill("<r>", lambda _n: "<a/>", "</r>"),
    "elements with an attribute": lambda: _fill("<r>", lambda n: f'<a b{n % 9}=""/>', "</r>"),
    "attributes": lambda: _fill("<r ", lambda n: f'a{n}="" ', "/>"),
    "depth": lambda: envelope("<a>" * 280_000 + "</a>" * 280_000),
    "names": lambda: _fill(f'<r xmlns:l="{"u" * 600_000}">', lambda n: f"<l:a{n}/>", "</r>"),
    "attribute names": lambda: _fill(f'<r xmlns:l="{"u" * 600_000}" ', lambda n: f'l:a{n}="" ', "/>"),
    "more names": lambda: _fill(f'<r xmlns:l="{"u" * 7000}">', lambda _n: f"<a {_ATTRIBUTES}/>", "</r>"),
    "a comment": lambda: _fill("<!--", lambda _n: "x" * 1000, "-->"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_reply_that_grows_in_memory(kind: str) -> None:
    data = BOMBS[kind]()
    assert len(data) <= LIMIT
    with pytest.raises(WSManProtocolError, match="its elements are more, or larger, than WinRM sends"):
        reply.read_body(data)


def _at_the_limit() -> bytes:
    """The most that is taken: a page of as many properties as may be, with as long a text as there is room for."""
    rows = "".join(f"<p:Row>{'<p:A/>' * 97}<p:B{n} c=''/></p:Row>" for n in range(990))
    text = "x" * (LIMIT - len(rows) - 1000)
    items = f'<w:Items xmlns:p="u">{rows}<p:Row><p:T>{text}</p:T></p:Row></w:Items>'
    return envelope(f"<n:EnumerateResponse>{items}<w:EndOfSequence/></n:EnumerateResponse>")


_CHILD = """
import sys
import ansible.executor.task_executor
from ansible_collections.winops.rdp.plugins.action import rdp_diagnose
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError
from tests.unit.wsman.connections import psrp_connection, winrm_connection
build = {"winrm": winrm_connection, "psrp": psrp_connection}[sys.argv[1]]
outcomes = []
for port in map(int, sys.argv[2:]):
    try:
        data = connect.open_transport(build(port), Deadline(10)).send(b"<a/>", 10)
        outcomes.append(len(reply.read_page(reply.read_body(data)).items))
    except WSManError as error:
        outcomes.append(type(error).__name__)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(outcomes, int(peak.split()[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak of the memory from /proc")
@pytest.mark.parametrize("kind", ["winrm", "psrp"])
def test_the_controller_stays_small(kind: str) -> None:
    """A process of its own, with what an Ansible worker has loaded: a flood, each bomb, and the largest good page."""

    def flood(caller: Caller) -> None:
        caller.request()
        caller.send(HEAD + b"Content-Length: 1073741824\r\n\r\n")
        caller.flood(PIECE)

    def answers(data: bytes) -> Callable[[Caller], None]:
        def script(caller: Caller) -> None:
            caller.request()
            caller.send(raw_server.reply(data))

        return script

    scripts = [flood, *(answers(bomb()) for bomb in BOMBS.values()), answers(_at_the_limit())]
    servers = [RawServer(script) for script in scripts]
    running = [server.running() for server in servers]
    try:
        for server in running:
            server.__enter__()
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, kind, *(str(server.port) for server in servers)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    finally:
        for server in running:
            server.__exit__(None, None, None)
    assert done.returncode == 0, done.stderr
    outcomes, _bracket, peak = done.stdout.strip().rpartition("] ")
    assert outcomes == "[" + "'WSManProtocolError', " * (1 + len(BOMBS)) + "991"
    assert int(peak) < 128
