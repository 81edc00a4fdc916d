# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM over HTTP with NTLM and message encryption ([MS-WSMV] 2.2.9.1.1.2.1), for tests on loopback.

The security context belongs to one TCP connection: a message that is encrypted for another one is a bad request.
"""

from __future__ import annotations

import base64
import re
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
_BOUNDARY = b"--Encrypted Boundary"


class NTLMServer:
    """``answer`` turns an envelope into a status and a reply; users come from NTLM_USER_FILE.

    With ``tls`` messages are not encrypted, and a log-on must carry ``bindings``.
    """

    def __init__(
        self,
        answer: Callable[[bytes], tuple[int, bytes]],
        tls: ssl.SSLContext | None = None,
        bindings: GssChannelBindings | None = None,
    ) -> None:
        self.requests: list[bytes] = []
        self.statuses: list[int] = []
        self.hang_up = False
        self.log_off = False  # the next request meets a connection that is no longer logged on
        self.plain = False  # the next reply is not encrypted
        self.damaged = False  # the next reply has a wrong byte in what is encrypted
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            context: Any = None

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.log_off:
                    outer.log_off = False
                    self.context = None
                token = (self.headers.get("Authorization") or "").partition(" ")[2]
                if token:
                    self.log_on(base64.b64decode(token), body)
                elif self.context is None or not self.context.complete:
                    self.refuse()
                else:
                    self.serve(body)

            def log_on(self, token: bytes, body: bytes) -> None:
                if self.context is None or self.context.complete:
                    self.context = spnego.server(protocol="ntlm", channel_bindings=bindings)
                try:
                    challenge = self.context.step(token)
                except SpnegoError:
                    self.context = None
                    self.refuse()
                    return
                if self.context.complete:
                    self.serve(body)
                else:
                    self.refuse(b"Negotiate " + base64.b64encode(challenge))

            def serve(self, body: bytes) -> None:
                if not body:
                    self.reply(200, b"", "text/plain")
                    return
                try:
                    request = body if tls else self.decrypted(body)
                except (SpnegoError, ValueError):
                    self.reply(400, b"", "text/plain")
                    return
                outer.requests.append(request)
                status, answer = outer.answer(request)
                if outer.plain or tls:
                    outer.plain = False
                    self.reply(status, answer, "application/soap+xml;charset=UTF-8")
                    return
                kind = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'
                self.reply(status, self.encrypted(answer), kind)
                if outer.hang_up:
                    outer.hang_up = False
                    self.close_connection = True

            def decrypted(self, body: bytes) -> bytes:
                parts = body.split(b"\tContent-Type: application/octet-stream\r\n", 1)
                if len(parts) != 2 or not re.search(rb"Length=\d+", parts[0]):
                    raise ValueError("not encrypted")
                data = parts[1].removesuffix(_BOUNDARY + b"--\r\n")
                (length,) = struct.unpack("<I", data[:4])
                return bytes(self.context.unwrap_winrm(data[4 : 4 + length], data[4 + length :]))

            def encrypted(self, answer: bytes) -> bytes:
                sealed = self.context.wrap_winrm(answer)
                data = bytearray(sealed.data)
                data[len(data) // 2] ^= outer.damaged
                outer.damaged = False
                head = f"\tContent-Type: {_PROTOCOL}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
                return b"".join(
                    [
                        _BOUNDARY + b"\r\n" + head.encode() + f"Length={len(answer)}\r\n".encode(),
                        _BOUNDARY + b"\r\n\tContent-Type: application/octet-stream\r\n",
                        struct.pack("<I", len(sealed.header)) + sealed.header + data,
                        _BOUNDARY + b"--\r\n",
                    ]
                )

            def refuse(self, challenge: bytes = b"Negotiate") -> None:
                self.reply(401, b"", "text/plain", challenge.decode())

            def reply(self, status: int, body: bytes, kind: str, challenge: str = "") -> None:
                outer.statuses.append(status)
                self.send_response(status)
                if challenge:
                    self.send_header("WWW-Authenticate", challenge)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)
