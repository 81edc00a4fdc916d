# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP/1.1 server for WinRM: one connection keeps its authentication, so the raw connection is in our hands."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate

from tests.lab.model.faults import Injection
from tests.lab.model.host import Host
from tests.lab.model.users import User
from tests.lab.wsman import envelope
from tests.lab.wsman.auth import Channel, ConnectionAuth, Denied, Identity
from tests.lab.wsman.credentials import Credentials
from tests.lab.wsman.encryption import BadEncryption, is_encrypted
from tests.lab.wsman.https import HttpsListener
from tests.lab.wsman.injection import Injector, fault_of, operation_of, spoil

MAX_HEAD = 65536
IDLE_SECONDS = 120.0
BODY_SECONDS = 60.0
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
_REASONS = {200: "OK", 400: "Bad Request", 401: "", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required"}
_REASONS |= {413: "Request Entity Too Large", 415: "Unsupported Media Type", 500: "Internal Server Error"}
_REASONS |= {503: "Service Unavailable"}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CHUNK = b" " * 65536
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Caller:
    """Who sent a request and from where; `local` is the address that the client used, `url` the service there."""

    user: User | None
    address: str
    local: str
    url: str


@dataclass(frozen=True)
class Head:
    """Request line and headers, names in lower case."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """One HTTP reply. `length` is a Content-Length that is not the body's; `close` ends the connection after it."""

    status: int
    body: bytes = b""
    content_type: str = SOAP_TYPE
    challenges: Sequence[str] = ()
    close: bool = False
    length: int | None = None
    fault: Injection | None = None

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, '')}"]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines.append("Server: Microsoft-HTTPAPI/2.0")
        lines += [f"WWW-Authenticate: {challenge}" for challenge in self.challenges]
        lines.append(f"Date: {formatdate(usegmt=True)}")
        if self.close:
            lines.append("Connection: close")
        lines.append(f"Content-Length: {len(self.body) if self.length is None else self.length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Refused(Exception):
    """The request gets this HTTP status and nothing else."""

    def __init__(self, status: int, close: bool = False) -> None:
        super().__init__(str(status))
        self.status = status
        self.close = close


class Dropped(Exception):
    """The connection is reset."""


Handler = Callable[[bytes, Caller], Awaitable[tuple[int, bytes]]]


class HttpServer:
    """The listeners of one host on one address."""

    def __init__(self, host: Host, handler: Handler, credentials: Credentials, injector: Injector) -> None:
        self._host = host
        self.handler = handler
        self._credentials = credentials
        self._injector = injector
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.on_fault: Callable[[Injection], None] = lambda injection: None

    async def start(self, address: str, port: int, tls: HttpsListener | None = None) -> None:
        """Listen on one more port, with HTTPS when `tls` is given."""

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._accept(reader, writer, tls)

        context = None if tls is None else tls.context
        server = await asyncio.start_server(accepted, address, port, limit=MAX_HEAD, backlog=64, ssl=context)
        self._servers.append(server)

    async def close(self) -> None:
        """Stop listening and reset the open connections."""
        for server in self._servers:
            server.close()
        for task, writer in list(self._connections.items()):
            _reset(writer)
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=2)
        for server in self._servers:
            # From Python 3.12 on this waits for connections too, and those in their TLS handshake are not ours yet.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(server.wait_closed(), 2)
        self._servers.clear()
        self._credentials.close()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: HttpsListener | None
    ) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections[task] = writer
            task.add_done_callback(lambda done: self._connections.pop(done, None))
        try:
            if self._host.winrm_reachable(https=tls is not None):
                self._host.counters.connections += 1
                await self._serve(reader, writer, tls)
        except Dropped:
            _reset(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: HttpsListener | None
    ) -> None:
        secure = writer.get_extra_info("ssl_object")
        if tls is not None and (secure is None or not tls.takes(secure.cipher()[0])):
            # Without a context there is no handshake at all: the client's first message is answered with a reset.
            await asyncio.wait_for(reader.read(1), IDLE_SECONDS)
            raise Dropped
        client = None if secure is None else secure.getpeercert(binary_form=True)
        auth = ConnectionAuth(self._host, self._credentials, Channel(None if tls is None else tls.certificate, client))
        peer, local = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        url = f"{'http' if tls is None else 'https'}://{local[0]}:{local[1]}/wsman"
        while True:
            head = None
            try:
                head = await asyncio.wait_for(_read_head(reader), IDLE_SECONDS)
                if head is None:
                    return
                body = await asyncio.wait_for(self._read_body(reader, head), BODY_SECONDS)
                self._count(head, body)
                await self._delay_or_fail()
                reply = await self._answer(auth, head, body, Caller(None, peer[0], local[0], url))
            except Refused as refused:
                reply = Reply(refused.status, close=refused.close)
            await self._deliver(writer, reply)
            if reply.close or (head is not None and head.headers.get("connection", "").lower() == "close"):
                return

    def _count(self, head: Head, body: bytes) -> None:
        counters = self._host.counters
        counters.requests += 1
        counters.bytes_in += len(body) + sum(len(name) + len(value) + 4 for name, value in head.headers.items())

    async def _delay_or_fail(self) -> None:
        """Faults of the scenario that look at no operation."""
        faults, count = self._host.settings.faults, self._host.counters.requests
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if faults.drop_connection_every and count % faults.drop_connection_every == 0:
            raise Dropped
        if faults.die_after_writes and len(self._host.audit.writes) >= faults.die_after_writes:
            raise Dropped
        if faults.http_500_every and count % faults.http_500_every == 0:
            raise Refused(500)

    async def _read_body(self, reader: asyncio.StreamReader, head: Head) -> bytes:
        if "transfer-encoding" in head.headers:
            raise Refused(411, close=True)
        length = head.headers.get("content-length", "0")
        if not length.isdigit():
            raise Refused(400, close=True)
        if int(length) > self._host.settings.winrm.max_envelope_kb * 1024 + 4096:
            raise Refused(413, close=True)
        return await reader.readexactly(int(length))

    async def _answer(self, auth: ConnectionAuth, head: Head, body: bytes, caller: Caller) -> Reply:
        if head.path.partition("?")[0].rstrip("/").lower() != "/wsman":
            raise Refused(404)
        if head.method != "POST":
            raise Refused(405)
        if self._injector.take_stale():
            raise Refused(400, close=True)
        if head.headers.get("wsmanidentify", "").lower() == "unauthenticated":
            return await self._operate(auth, body, caller, encrypted=False)
        try:
            identity = auth.authenticate(head.headers.get("authorization"))
        except Denied as denied:
            return Reply(401, challenges=denied.challenges, close=denied.fresh)
        granted = [] if identity.token is None else [identity.token]
        content_type = head.headers.get("content-type", "")
        encrypted = bool(body) and is_encrypted(content_type)
        if body and not encrypted:
            if not content_type.lower().startswith("application/soap+xml"):
                raise Refused(415)
            if caller.url.startswith("http:") and not self._host.settings.winrm.allow_unencrypted:
                return _clear_text_refused(auth, identity)
        try:
            message = auth.decrypt(body) if encrypted else body
            reply = await self._operate(auth, message, replace(caller, user=identity.user), encrypted=encrypted)
        except (BadEncryption, envelope.BadRequest) as error:
            raise Refused(400) from error
        return replace(reply, challenges=[*granted, *reply.challenges])

    async def _operate(self, auth: ConnectionAuth, message: bytes, caller: Caller, *, encrypted: bool) -> Reply:
        """The reply to a message in clear text, spoiled by the fault that is aimed at it."""
        operation = operation_of(message)
        fault = self._injector.take(operation)
        kind = "" if fault is None else fault.fault
        if fault is not None:
            self.on_fault(fault)
        if kind == "drop_unread":
            raise Dropped
        if kind == "bad_request":
            raise Refused(400, close=True)
        if kind == "http_status" and fault is not None:
            raise Refused(fault.code or 500)
        if kind == "unauthorized":
            auth.forget()
            return Reply(401, challenges=auth.offers, close=True)
        if not message:
            return Reply(200, fault=fault)
        if kind == "soap_fault" and fault is not None:
            found = envelope.message_id_of(message)
            status, xml = 500, envelope.Writer(self._host).fault(fault_of(fault.code), found, caller.local)
        else:
            status, xml = await self.handler(_to_utf8(message), caller)
        if fault is not None:
            xml = spoil(fault, xml)
        content_type = SOAP_TYPE
        if encrypted:
            content_type, xml = auth.encrypt(xml)
        return _mislabelled(Reply(status, xml, content_type, fault=fault))

    async def _deliver(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        """Send a reply, or what its fault leaves of it."""
        head, fault = reply.head(), reply.fault
        kind = "" if fault is None else fault.fault
        self._host.counters.bytes_out += len(head) + len(reply.body)
        if kind == "drop_done":
            raise Dropped
        if kind == "drop_half":
            whole = head + reply.body
            writer.write(whole[: len(head) + len(reply.body) // 2])
            await writer.drain()
            raise Dropped
        if kind == "slow" and fault is not None:
            await _drip(writer, head + reply.body, fault.seconds)
        elif kind == "huge" and fault is not None:
            await _stream(writer, reply, fault.size_mb * _MEGABYTE)
        else:
            writer.write(head + reply.body)
        await writer.drain()
        if kind in ("drop_idle", "length_short", "length_long"):
            raise ConnectionAbortedError("the fault ends the connection")


def _clear_text_refused(auth: ConnectionAuth, identity: Identity) -> Reply:
    """Without AllowUnencrypted a body in clear text over HTTP is never processed. Statuses MEM: unverified."""
    if identity.basic:
        return Reply(401, challenges=auth.offers, close=True)
    return Reply(500, challenges=[] if identity.token is None else [identity.token])


def _mislabelled(reply: Reply) -> Reply:
    """The reply with the wrong length or label that its fault asks for."""
    kind = "" if reply.fault is None else reply.fault.fault
    if kind == "length_short":
        return replace(reply, length=len(reply.body) // 2)
    if kind == "length_long":
        return replace(reply, length=len(reply.body) + 100)
    if kind == "wrong_type":
        return replace(reply, content_type="text/html; charset=us-ascii")
    if kind == "wrong_boundary":
        protocol = 'protocol="application/HTTP-SPNEGO-session-encrypted"'
        return replace(reply, content_type=f'multipart/encrypted;{protocol};boundary="Another Boundary"')
    return reply


async def _drip(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> None:
    for position in range(len(data)):
        writer.write(data[position : position + 1])
        await writer.drain()
        await asyncio.sleep(seconds)


async def _stream(writer: asyncio.StreamWriter, reply: Reply, size: int) -> None:
    """The first half of the reply, then white space up to `size` bytes; never more in memory than one piece."""
    start = reply.body[: len(reply.body) // 2]
    writer.write(replace(reply, length=size).head() + start)
    left = size - len(start)
    while left > 0:
        piece = _CHUNK[: min(left, len(_CHUNK))]
        writer.write(piece)
        await writer.drain()
        left -= len(piece)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST."""
    connection = None if writer.is_closing() else writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()


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
    if path.lower().startswith(("http://", "https://")):
        path = "/" + path.split("/", 3)[-1]
    return Head(parts[0], path, headers)


def _to_utf8(message: bytes) -> bytes:
    """Clients may send UTF-16 with a byte order mark; the parser gets UTF-8."""
    if message[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return message.decode("utf-16").encode()
    return message
