# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated TermService listener of one host: sockets, phases and deadlines.

Phases of a connection ([MS-RDPBCGR] 1.3.1.1): X.224 request and confirm, then either TLS or the MCS connect-initial.
What follows those is not modelled, so the listener waits for the next message of the client (TSRequest with CredSSP,
MCS connect-initial otherwise) and closes when it comes or when the deadline passes.

Decisions:
* A malformed request is answered with nothing and the connection is dropped ([MS-RDPBCGR] 3.3.5.3.1); here with a
  reset (MEM: unverified whether FIN or RST).
* After a negotiation failure the server closes ([MS-RDPBCGR] 3.3.5.3.2), with FIN.
* Without a usable key, version or suite the ClientHello is read and the connection reset without a ServerHello, as
  Microsoft describes a host whose RDP key cannot be read; an alert is never sent, see tls.py.
* A first byte of 0x16 is the Direct Approach (5.4.2.2): TLS at once and then CredSSP, wherever TLS is possible; with
  SecurityLayer 0 it is a malformed request (scanners report no TLS there: testssl/testssl.sh#1096).
* The service is restarted for every change but that of the certificate: the listening socket and all connections go,
  with a reset, as the sockets of an ended process do (MEM: unverified). A failing bind leaves nothing listening.
* A filtered port is a listening socket whose queue of one is full and never accepted, so that Linux drops every SYN.
  Connections that were open before a filter was set go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct

from tests.lab.rdp.selection import Refused, allows_external_security, select
from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.suites import allowed_suites
from tests.lab.rdp.tls import TLS_HANDSHAKE_RECORD, HandshakeRefused, TlsServer, server_context
from tests.lab.rdp.x224 import (
    TPKT_HEADER_LENGTH,
    MalformedRequest,
    Protocol,
    parse_connection_request,
    tpkt_length,
)

_LOG = logging.getLogger(__name__)

DEFAULT_IDLE_TIMEOUT = 30.0
"""Seconds for each phase of a connection."""

_DEFAULT_PORT = 3389
_BACKLOG = 100
_READ_SIZE = 16384
_RECORD_HEADER_LENGTH = 5
_MAX_RECORD_LENGTH = 16384 + 2048
_TURNS_FROM_ACCEPT_TO_HANDLER = 4
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class RdpServer:
    """The RDP listener at one address; a thousand of them share one event loop."""

    def __init__(self, address: str, *, idle_timeout: float = DEFAULT_IDLE_TIMEOUT) -> None:
        self._address = address
        self._idle_timeout = idle_timeout
        self._state: ListenerState | None = None
        self._server: asyncio.base_events.Server | None = None
        self._filter: _FilteredPort | None = None
        self._port = _DEFAULT_PORT
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._applying = asyncio.Lock()
        self.connections = 0
        """Connections accepted so far."""

    async def apply(self, state: ListenerState | None, *, filtered: bool = False) -> None:
        """Take over a state: restart, rebind or just use another certificate, as the change asks for.

        ``None`` means that nothing listens; with ``filtered`` SYNs get no answer whatever listens. Raises OSError
        when the port cannot be bound.
        """
        async with self._applying:
            if self._needs_restart(state):
                await self._stop()
            if state is not None:
                self._port = state.port
            self._state = state
            await self._set_filter(filtered)
            if state is not None and not filtered and self._server is None:
                self._server = await asyncio.start_server(
                    self._accepted, self._address, state.port, backlog=_BACKLOG, reuse_address=True
                )

    async def close(self) -> None:
        """Stop listening, reset the open connections and give every socket back."""
        async with self._applying:
            await self._stop()
            self._state = None
            await self._set_filter(False)

    def _needs_restart(self, state: ListenerState | None) -> bool:
        if self._state is None or state is None:
            return self._state is not state
        return self._state.without_certificate() != state.without_certificate()

    async def _stop(self) -> None:
        await self._close_listener()
        # A reset transport ends its reads and writes, and with them the task.
        for writer in self._open.values():
            _reset(writer)
        if self._open:
            await asyncio.wait(set(self._open), timeout=self._idle_timeout)

    async def _close_listener(self) -> None:
        if self._server is None:
            return
        # asyncio loses a connection that it accepted in the turn in which its server is closed: accept no more, and let
        # those that were accepted reach their handlers first.
        loop = asyncio.get_running_loop()
        for listening in self._server.sockets:
            loop.remove_reader(listening.fileno())
        for _turn in range(_TURNS_FROM_ACCEPT_TO_HANDLER):
            await asyncio.sleep(0)
        self._server.close()
        self._server = None

    async def _set_filter(self, filtered: bool) -> None:
        if self._filter is not None and (not filtered or self._filter.port != self._port):
            self._filter.close()
            self._filter = None
        if filtered and self._filter is None:
            await self._close_listener()
            self._filter = _FilteredPort(self._address, self._port)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        state = self._state
        if task is None or state is None:
            _reset(writer)
            return
        self._open[task] = writer
        try:
            await _Connection(state, reader, writer, self._idle_timeout).run()
        except (MalformedRequest, HandshakeRefused) as refusal:
            _LOG.debug("%s:%d dropped a connection: %s", self._address, state.port, refusal)
            _reset(writer)
        except (asyncio.TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            _LOG.debug("%s:%d lost a connection: %s", self._address, state.port, type(error).__name__)
        finally:
            del self._open[task]
            writer.close()


class _Connection:
    """One client from its first byte to the close."""

    def __init__(
        self, state: ListenerState, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float
    ) -> None:
        self._state = state
        self._reader = reader
        self._writer = writer
        self._timeout = timeout

    async def run(self) -> None:
        start = await asyncio.wait_for(self._reader.readexactly(TPKT_HEADER_LENGTH), self._timeout)
        if start[0] == TLS_HANDSHAKE_RECORD and allows_external_security(self._state):
            await self._secured(start)
            return
        rest = self._reader.readexactly(tpkt_length(start) - TPKT_HEADER_LENGTH)
        request = parse_connection_request(start + await asyncio.wait_for(rest, self._timeout))
        answer = select(self._state, request)
        await self._send(answer.confirm)
        if isinstance(answer, Refused):
            return
        if answer.protocol == Protocol.RDP:
            await self._read()
        else:
            await self._secured(b"")

    async def _secured(self, received: bytes) -> None:
        """TLS, then the client's first message in it; ``received`` is what was read of the ClientHello."""
        context = server_context(self._state)
        if context is None:
            await asyncio.wait_for(self._read_record(received), self._timeout)
            raise HandshakeRefused("no usable credential")
        allowed = allowed_suites(self._state.cipher_suites, self._state.min_encryption_level)
        tls = TlsServer(context, allowed)
        await asyncio.wait_for(self._handshake(tls, received), self._timeout)
        await asyncio.wait_for(self._first_message(tls), self._timeout)

    async def _handshake(self, tls: TlsServer, received: bytes) -> None:
        data = received or await self._read()
        while data:
            await self._send(tls.receive(data))
            if tls.established:
                return
            data = await self._read()
        raise ConnectionAbortedError("the client left the handshake")

    async def _first_message(self, tls: TlsServer) -> None:
        while not tls.application_data():
            data = await self._read()
            if not data:
                return
            await self._send(tls.receive(data))

    async def _read_record(self, received: bytes) -> None:
        header = received + await self._reader.readexactly(_RECORD_HEADER_LENGTH - len(received))
        length = int.from_bytes(header[3:], "big")
        if length > _MAX_RECORD_LENGTH:
            raise HandshakeRefused("record too long")
        await self._reader.readexactly(length)

    async def _read(self) -> bytes:
        return await asyncio.wait_for(self._reader.read(_READ_SIZE), self._timeout)

    async def _send(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), self._timeout)


class _FilteredPort:
    """A port whose SYNs are dropped: one connection fills the queue of ``listen(0)`` and is never accepted."""

    def __init__(self, address: str, port: int) -> None:
        self.port = port
        with contextlib.ExitStack() as sockets:
            listener = sockets.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(0)
            filler = sockets.enter_context(socket.socket())
            filler.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            filler.settimeout(1.0)
            filler.connect((address, port))
            self._sockets = sockets.pop_all()

    def close(self) -> None:
        """Let the port answer again."""
        self._sockets.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a dropped connection of Windows ends."""
    if writer.is_closing():
        return
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
