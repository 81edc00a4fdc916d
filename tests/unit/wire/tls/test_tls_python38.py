# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS client on the oldest Python that it must run on."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3
from tests.unit.wire.tls import peers

COLLECTIONS = Path(__file__).parents[4] / ".collections"
PROGRAM = """
import socket, sys
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client, suites
made = client.Client(client.Offer(client.ALL_VERSIONS, suites.EVERYTHING, "rds01"))
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as stream:
    stream.sendall(made.start())
    while not made.done:
        stream.sendall(made.receive(stream.recv(65536)))
    stream.sendall(made.write(b"question"))
    data = b""
    while not data:
        made.receive(stream.recv(65536))
        data = made.read()
    stream.sendall(made.close())
assert "ssl" not in sys.modules
print(sys.version_info[:2], client.VERSIONS[made.version], made.key_proved, data.decode())
"""


@pytest.mark.parametrize(
    ("version", "name"), [(TLS_1_0, "TLS 1.0"), (TLS_1_1, "TLS 1.1"), (TLS_1_2, "TLS 1.2"), (TLS_1_3, "TLS 1.3")]
)
def test_a_handshake(version: int, name: str, identities: peers.Identities, oldest_python: str) -> None:
    context = peers.context(identities["ECDSA"], (version,))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(peers.PATIENCE)
        thread = threading.Thread(target=serve, args=(listener, context), daemon=True)
        thread.start()
        done = subprocess.run(
            [oldest_python, "-c", PROGRAM, str(listener.getsockname()[1])],
            check=False,
            capture_output=True,
            text=True,
            timeout=2 * peers.PATIENCE,
            env={"PYTHONPATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        thread.join(peers.PATIENCE)
    assert (done.stdout, done.stderr) == (f"(3, 8) {name} True answer\n", "")


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    stream, _peer = listener.accept()
    stream.settimeout(peers.PATIENCE)
    with context.wrap_socket(stream, server_side=True) as tls:
        if tls.read(8) == b"question":
            tls.write(b"answer")
        assert tls.read(1) == b""
