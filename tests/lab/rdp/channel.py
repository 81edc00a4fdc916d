# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a phase of a connection reads from and writes to: the socket itself, or TLS on it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tests.lab.rdp.old_tls import OldTlsServer
from tests.lab.rdp.tls import TlsServer

_READ_SIZE = 16384


class Channel(Protocol):
    """A byte stream with a deadline for every call (TimeoutError); IncompleteReadError when the client leaves."""

    async def read_record(self) -> bytes:
        """What has arrived: one record under TLS; ``b""`` at the end."""

    async def read_exactly(self, count: int) -> bytes: ...

    async def write(self, data: bytes) -> None: ...


class SocketChannel:
    """The connection as it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float) -> None:
        self._reader = reader
        self._writer = writer
        self._timeout = timeout

    async def read_record(self) -> bytes:
        return await asyncio.wait_for(self._reader.read(_READ_SIZE), self._timeout)

    async def read_exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(count), self._timeout)

    async def write(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), self._timeout)


class TlsChannel:
    """An established TLS connection."""

    def __init__(self, socket: SocketChannel, tls: TlsServer | OldTlsServer, timeout: float) -> None:
        self._socket = socket
        self._tls = tls
        self._timeout = timeout
        self._pending = b""

    async def read_record(self) -> bytes:
        if self._pending:
            data, self._pending = self._pending, b""
            return data
        return await asyncio.wait_for(self._record(), self._timeout)

    async def read_exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self._exactly(count), self._timeout)

    async def write(self, data: bytes) -> None:
        if data:
            await self._socket.write(self._tls.encrypt(data))

    async def _exactly(self, count: int) -> bytes:
        while len(self._pending) < count:
            more = await self._record()
            if not more:
                raise asyncio.IncompleteReadError(self._pending, count)
            self._pending += more
        data, self._pending = self._pending[:count], self._pending[count:]
        return data

    async def _record(self) -> bytes:
        while not (data := self._tls.application_data()):
            received = await self._socket.read_record()
            if not received:
                return b""
            await self._socket.write(self._tls.receive(received))
        return data
