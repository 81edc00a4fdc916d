# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy on loopback that wants a password and then lets CONNECT through."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SECONDS = 20


class _Proxy(BaseHTTPRequestHandler):
    expected = ""

    def do_CONNECT(self) -> None:
        if self.headers.get("Proxy-Authorization") != self.expected:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="lab"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, _colon, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), _SECONDS) as there:
            self.send_response(200)
            self.end_headers()
            _tunnel(self.connection, there)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _tunnel(here: socket.socket, there: socket.socket) -> None:
    while True:
        ready, _writable, _failed = select.select([here, there], [], [], _SECONDS)
        if not ready:
            return
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            (there if side is here else here).sendall(data)


@contextmanager
def proxy(user: str, password: str) -> Iterator[int]:
    """Its port."""
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    handler = type("Proxy", (_Proxy,), {"expected": f"Basic {login}"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
