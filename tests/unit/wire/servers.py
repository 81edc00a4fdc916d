# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small servers on loopback that behave as a test wants, well or badly."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Not 127.0.0.1, which a probe takes for the machine that it runs on.
HOST = "127.0.0.2"

# No server outlives this, whatever its client does.
PATIENCE = 1.5

Handler = Callable[[socket.socket], None]


class Stub:
    """A listening server. The n-th connection gets the n-th handler, and the last one all that follow."""

    def __init__(self, handlers: tuple[Handler, ...], host: str) -> None:
        self._handlers = handlers
        self._listener = socket.create_server((host, 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.errors: list[Exception] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        # close() alone does not wake a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(PATIENCE)
        for thread in self._threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive(), "the probe left a connection open"

    def _accept(self) -> None:
        while True:
            try:
                stream, _peer = self._listener.accept()
            except OSError:
                return
            handler = self._handlers[min(self.accepted, len(self._handlers) - 1)]
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(stream, handler), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, stream: socket.socket, handler: Handler) -> None:
        with stream:
            stream.settimeout(PATIENCE)
            try:
                handler(stream)
            except OSError as error:
                self.errors.append(error)


@contextmanager
def serving(*handlers: Handler, host: str = HOST) -> Iterator[Stub]:
    stub = Stub(handlers, host)
    try:
        yield stub
    finally:
        stub.close()


def read_request(stream: socket.socket) -> bytes:
    """The X.224 connection request, whole."""
    head = _exactly(stream, 4)
    return head + _exactly(stream, struct.unpack(">H", head[2:])[0] - 4)


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the client closed")
        data += piece
    return data


def selected(protocol: int, flags: int = 0x1F) -> bytes:
    return bytes.fromhex("030000130ed00000123400") + struct.pack("<BBHI", 2, flags, 8, protocol)


def refused(code: int) -> bytes:
    return bytes.fromhex("030000130ed00000123400") + struct.pack("<BBHI", 3, 0, 8, code)


# The Connect Response of [MS-RDPBCGR] 4.1.4: 128-bit encryption, level client compatible.
CONNECT_RESPONSE = bytes.fromhex(
    "0300015102f0807f668201450a0100020100301a020122020103020100020101020100020101020300fff8020102"
    "0482011f000500147c00012a14760a01010001c0004d63446e8108010c0c000400080000000000030c1000eb0303"
    "00ec03ed03ee030000020cec00020000000200000020000000b80000001011772030610a12e434a11ef2c39f317d"
    "a45f01893496e0ff1108697f1ac3d201000000010000000100000006005c00525341314800000000020000"
    "3f00000001000100cb81feba6d61c35505d55f2e87f87194d6f1a5cbf15f0c3df8700296c4fb9bc83c2d55aee8ff"
    "3275ea6879e5a201fd31a0b11f55a61fc1f6d1838863265612bc0000000000000000080048 00e9e1d628468b4ef5"
    "0adffdee2199acb4e18f5f815782ef9d9652632718 29dbb34afd9ada42adb56921890e1dc04c1aa8aa713e0f54b9"
    "9ae499683f6cd67684610000000000000000"
)

BARE_CONFIRM = bytes.fromhex("0300000b06d00000123400")


def until_closed(stream: socket.socket) -> None:
    while stream.recv(65536):
        pass


def answering(answer: bytes, then: Handler = until_closed) -> Handler:
    """Reads the request, sends ``answer``, and goes on with ``then``."""

    def handle(stream: socket.socket) -> None:
        read_request(stream)
        stream.sendall(answer)
        then(stream)

    return handle


def greeting(data: bytes) -> Handler:
    """Speaks first, as servers of other protocols do, and waits for the client to go."""

    def handle(stream: socket.socket) -> None:
        stream.sendall(data)
        until_closed(stream)

    return handle


def closing(stream: socket.socket) -> None:
    """Closes at once, with FIN."""


def reading_then_closing(stream: socket.socket) -> None:
    """Reads one message, so that the close is a FIN, and closes."""
    stream.recv(65536)


def resetting(stream: socket.socket) -> None:
    """Reads one message and resets."""
    stream.recv(65536)
    resetting_at_once(stream)


def resetting_at_once(stream: socket.socket) -> None:
    """Resets without a look."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def dripping(data: bytes, pause: float) -> Handler:
    """Sends ``data`` again and again, one byte at a time."""

    def handle(stream: socket.socket) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for byte in data:
                stream.sendall(bytes([byte]))
                time.sleep(pause)

    return handle


def flooding(stream: socket.socket) -> None:
    """Reads the ClientHello and sends handshake records that never make a whole message."""
    stream.recv(65536)
    # ServerHello of the largest size that its length field can say, in records of one byte.
    stream.sendall(bytes.fromhex("160303000402000000"))
    while True:
        stream.sendall(bytes.fromhex("1603030000") * 4096)


def after_hello(answer: bytes) -> Handler:
    """Reads the ClientHello, sends ``answer`` and closes."""

    def handle(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.sendall(answer)

    return handle


def server_context(
    identity: Path, *, version: ssl.TLSVersion | None = None, ciphers: str = "DEFAULT:@SECLEVEL=0"
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    context.set_ciphers(ciphers)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    if version is not None:
        context.minimum_version = version
        context.maximum_version = version
    return context


class TlsServer:
    """Completes TLS and notes how the client leaves: ``goodbye`` is True after close_notify and FIN.

    With ``answer`` it reads one message first and sends that; None closes instead.
    """

    def __init__(self, context: ssl.SSLContext, answer: bytes | None = b"") -> None:
        self._context = context
        self._answer = answer
        self.goodbye = False
        self.name: str | None = None
        context.sni_callback = self._note_name

    def __call__(self, stream: socket.socket) -> None:
        with self._context.wrap_socket(stream, server_side=True, suppress_ragged_eofs=False) as secured:
            if self._answer != b"":
                assert secured.recv(65536).startswith(b"0"), "no TSRequest"
                if self._answer is None:
                    return
                secured.sendall(self._answer)
            # b"" is close_notify here; a bare FIN raises SSLEOFError.
            assert secured.recv(1) == b""
            raw = secured.unwrap()
            self.goodbye = raw.recv(1) == b""

    def tolerantly(self, stream: socket.socket) -> None:
        """The same for a client that may leave in the middle of the handshake."""
        try:
            self(stream)
        except (ssl.SSLError, ValueError, AssertionError):
            return

    def _note_name(self, _stream: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        self.name = name


def ts_request(token: bytes = b"", error: int | None = None) -> bytes:
    """A TSRequest ([MS-CSSP] 2.2.1) of version 6 with an NTLM token or an NTSTATUS."""
    content = _der(0xA0, _der(0x02, b"\x06"))
    if token:
        content += _der(0xA1, _der(0x30, _der(0x30, _der(0xA0, _der(0x04, token)))))
    if error is not None:
        content += _der(0xA4, _der(0x02, error.to_bytes(5, "big")))
    return _der(0x30, content)


def challenge() -> bytes:
    """The TSRequest with which rds01.example.com answers an NTLM negotiation."""
    pairs = {1: "RDS01", 2: "EXAMPLE", 3: "rds01.example.com", 4: "example.com", 5: "example.com"}
    info = b"".join(struct.pack("<HH", kind, 2 * len(text)) + text.encode("utf-16-le") for kind, text in pairs.items())
    info += bytes(4)
    # NTLMSSP, type 2, an empty target name, flags (Unicode, target info, version), challenge, target info, version.
    head = b"NTLMSSP\0" + struct.pack("<IHHI", 2, 0, 0, 56) + struct.pack("<I", 0x02800001) + bytes(16)
    head += struct.pack("<HHI", len(info), len(info), 56) + struct.pack("<BBH3xB", 10, 0, 17763, 15)
    return ts_request(head + info)


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + size + content
