# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP/1.1 server for WinRM: one connection keeps its authentication, so the raw connection is in our hands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.lab.model.host import Host
from tests.lab.model.users import User
from tests.lab.wsman import envelope
from tests.lab.wsman.auth import BadEncryption, ConnectionAuth, Credentials, Denied

MAX_HEAD = 65536
IDLE_SECONDS = 120.0
BODY_SECONDS = 60.0
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_REASONS = {200: "OK", 400: "Bad Request", 401: "", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required"}
_REASONS |= {413: "Request Entity Too Large", 415: "Unsupported Media Type", 500: "Internal Server Error"}


@dataclass(frozen=True)
class Caller:
    """Who sent a request and from where; `local` is the address that the client used."""

    user: User | None
    address: str
    local: str


@dataclass(frozen=True)
class Head:
    """Request line and headers, names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


class Refused(Exception):
    """The request gets this HTTP status and nothing else."""

    def __init__(self, status: int, close: bool = False) -> None:
        super().__init__(str(status))
        self.status = status
        self.close = close


Handler = Callable[[bytes, Caller], Awaitable[tuple[int, bytes]]]


class HttpServer:
    """The listener of one host on one address."""

    def __init__(self, host: Host, handler: Handler) -> None:
        self._host = host
        self._handler = handler
        self._credentials = Credentials(host)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, address: str, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, address, port, limit=MAX_HEAD, backlog=64)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=2)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None
        self._credentials.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            if self._host.winrm_reachable():
                self._host.counters.connections += 1
                await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        auth = ConnectionAuth(self._host, self._credentials)
        peer, local = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        while True:
            try:
                head = await asyncio.wait_for(_read_head(reader), IDLE_SECONDS)
                if head is None:
                    return
                body = await asyncio.wait_for(self._read_body(reader, head), BODY_SECONDS)
                self._count(head, body)
                if await self._inject(writer):
                    return
                await self._answer(writer, auth, head, body, (peer[0], local[0]))
            except Refused as refused:
                self._write(writer, refused.status, close=refused.close)
                if refused.close:
                    return
            await writer.drain()
            if head is not None and head.headers.get("connection", "").lower() == "close":
                return

    def _count(self, head: Head, body: bytes) -> None:
        counters = self._host.counters
        counters.requests += 1
        counters.bytes_in += len(body) + sum(len(name) + len(value) + 4 for name, value in head.headers.items())

    async def _inject(self, writer: asyncio.StreamWriter) -> bool:
        """Faults of the scenario. True: the connection is dropped."""
        faults, count = self._host.settings.faults, self._host.counters.requests
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if faults.drop_connection_every and count % faults.drop_connection_every == 0:
            writer.transport.abort()
            return True
        if faults.die_after_writes and len(self._host.audit.writes) >= faults.die_after_writes:
            writer.transport.abort()
            return True
        if faults.http_500_every and count % faults.http_500_every == 0:
            raise Refused(500)
        return False

    async def _read_body(self, reader: asyncio.StreamReader, head: Head) -> bytes:
        if "transfer-encoding" in head.headers:
            raise Refused(411, close=True)
        length = head.headers.get("content-length", "0")
        if not length.isdigit():
            raise Refused(400, close=True)
        if int(length) > self._host.settings.winrm.max_envelope_kb * 1024 + 4096:
            raise Refused(413, close=True)
        return await reader.readexactly(int(length))

    async def _answer(
        self, writer: asyncio.StreamWriter, auth: ConnectionAuth, head: Head, body: bytes, ends: tuple[str, str]
    ) -> None:
        if head.path.partition("?")[0].rstrip("/").lower() != "/wsman":
            raise Refused(404)
        if head.method != "POST":
            raise Refused(405)
        if head.headers.get("wsmanidentify", "").lower() == "unauthenticated":
            status, reply = await self._handler(body, Caller(None, *ends))
            self._write(writer, status, reply)
            return
        try:
            user, challenge, basic = auth.authenticate(head.headers.get("authorization"))
        except Denied as denied:
            self._write(writer, 401, challenges=denied.challenges)
            return
        granted = [challenge] if challenge is not None else []
        if not body:
            self._write(writer, 200, challenges=granted)
            return
        content_type = head.headers.get("content-type", "").lower()
        encrypted = content_type.startswith("multipart/encrypted")
        if not encrypted and not content_type.startswith("application/soap+xml"):
            raise Refused(415)
        if not encrypted and not self._host.settings.winrm.allow_unencrypted:
            # MEM: unverified which status Windows gives; it never processes the body.
            raise Refused(401 if basic else 500)
        try:
            message = auth.decrypt(body) if encrypted else body
            status, reply = await self._handler(_to_utf8(message), Caller(user, *ends))
        except (BadEncryption, envelope.BadRequest) as error:
            raise Refused(400) from error
        kind = SOAP_TYPE
        if encrypted:
            kind, reply = auth.encrypt(reply)
        self._write(writer, status, reply, kind, granted)

    def _write(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        body: bytes = b"",
        content_type: str = SOAP_TYPE,
        challenges: list[str] | None = None,
        close: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status} {_REASONS[status]}"]
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines.append("Server: Microsoft-HTTPAPI/2.0")
        lines += [f"WWW-Authenticate: {challenge}" for challenge in challenges or []]
        if close:
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self._host.counters.bytes_out += len(head) + len(body)
        writer.write(head + body)


async def _read_head(reader: asyncio.StreamReader) -> Head | None:
    """The head of the next request; None when the client has closed."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Refused(400, close=True) from error
        return None
    except asyncio.LimitOverrunError as error:
        raise Refused(400, close=True) from error
    lines = raw.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Refused(400, close=True)
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    path = parts[1]
    if path.lower().startswith("http://"):
        path = "/" + path.split("/", 3)[-1]
    return Head(parts[0], path, headers)


def _to_utf8(message: bytes) -> bytes:
    """Clients may send UTF-16 with a byte order mark; the parser gets UTF-8."""
    if message[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return message.decode("utf-16").encode()
    return message
