# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP server whose every byte a test decides, with or without TLS."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[["Caller"], None]


class Caller:
    """The other end of one connection."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self.sent = 0
        self._rest = b""

    def request(self) -> tuple[bytes, bytes]:
        """Head and body of one request with a Content-Length; ConnectionError at the end of the connection."""
        while b"\r\n\r\n" not in self._rest:
            self._receive()
        head, _separator, self._rest = self._rest.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        length = int(found.group(1)) if found else 0
        while len(self._rest) < length:
            self._receive()
        body, self._rest = self._rest[:length], self._rest[length:]
        return head, body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.sent += len(data)

    def drip(self, data: Iterable[int], pause: float = 0.02) -> None:
        for byte in data:
            self.send(bytes([byte]))
            if self.over.wait(pause):
                return

    def flood(self, piece: bytes) -> None:
        """``piece`` again and again, a gigabyte at most."""
        while self.sent < 1 << 30 and not self.over.is_set():
            self.send(piece)

    def stay(self) -> None:
        self.over.wait(10)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _receive(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the end")
        self._rest += data


class RawServer:
    """Runs the script for each connection, which is closed after it."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.callers: list[Caller] = []
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    @contextmanager
    def running(self) -> Iterator[RawServer]:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for caller in self.callers:
                with suppress(OSError):
                    caller.sock.shutdown(socket.SHUT_RDWR)
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            caller = Caller(sock, self._over)
            self.callers.append(caller)
            with sock:
                self.script(caller)


def reply(
    body: bytes, status: str = "200 OK", *headers: str, kind: str = "application/soap+xml;charset=UTF-8"
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
