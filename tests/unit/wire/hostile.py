# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDP servers that hold a good conversation up to some byte, and then do what no good server does.

A conversation is a function of a ``Peer``, the server's end of one connection. TLS is Python's own; the rest is built
here from the documents, apart from the client's reading of them.
"""

from __future__ import annotations

import random
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.unit.wire import servers

CHUNK = 65536


class Over(Exception):
    """The accident has happened: nothing more is said on this connection."""


class Peer:
    """The server's end. What it sends goes well for ``good`` bytes; then comes the ``accident``."""

    def __init__(self, stream: socket.socket, good: int | None = None, accident: Accident | None = None) -> None:
        self.stream = stream
        self.sent = 0
        self._good = good
        self._accident = accident

    def send(self, data: bytes) -> None:
        if self._good is not None and self.sent + len(data) >= self._good:
            assert self._accident is not None
            self.stream.sendall(data[: self._good - self.sent])
            self._accident(self.stream, data[self._good - self.sent :])
            raise Over
        self.stream.sendall(data)
        self.sent += len(data)

    def read(self) -> bytes:
        """What has come. Raises Over at the end."""
        data = self.stream.recv(CHUNK)
        if not data:
            raise Over
        return data

    def read_packet(self) -> bytes:
        """One TPKT packet."""
        head = self._exactly(4)
        return head + self._exactly(struct.unpack(">H", head[2:])[0] - 4)

    def wait(self) -> None:
        servers.until_closed(self.stream)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.stream.recv(count - len(data))
            if not piece:
                raise Over
            data += piece
        return data


Conversation = Callable[[Peer], None]
# What happens to a connection; the second value is what a good server would say next.
Accident = Callable[[socket.socket, bytes], None]


def handler(conversation: Conversation, good: int | None = None, accident: Accident | None = None) -> servers.Handler:
    """A server of ``conversation`` for tests.unit.wire.servers.serving."""

    def handle(stream: socket.socket) -> None:
        try:
            conversation(Peer(stream, good, accident))
        except (Over, ssl.SSLError):
            return

    return handle


# Accidents


def close(stream: socket.socket, _rest: bytes) -> None:
    """FIN, and never RST: all that the client still sends is read."""
    stream.shutdown(socket.SHUT_WR)
    servers.until_closed(stream)


def reset(stream: socket.socket, _rest: bytes) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(stream: socket.socket, _rest: bytes) -> None:
    """Never answers again."""
    servers.until_closed(stream)


def drip(stream: socket.socket, rest: bytes) -> None:
    """One byte a second."""
    for byte in rest or b"\x00":
        time.sleep(1.0)
        stream.sendall(bytes([byte]))
    servers.until_closed(stream)


def trickle(stream: socket.socket, rest: bytes) -> None:
    """A byte every twentieth of a second, and never an end: a wait that begins anew with each byte never ends."""
    end = time.monotonic() + servers.PATIENCE
    for byte in rest + bytes(1000):
        if time.monotonic() > end:
            return
        stream.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(stream: socket.socket, _rest: bytes) -> None:
    flooding(stream, bytes(CHUNK))


def noise(stream: socket.socket, rest: bytes) -> None:
    """Random bytes instead of good ones, and the end."""
    stream.sendall(random.Random(len(rest)).randbytes(4096))  # noqa: S311  (no secret)
    close(stream, rest)


def spoil(stream: socket.socket, rest: bytes) -> None:
    """The next byte of the message is another one."""
    stream.sendall(bytes([rest[0] ^ 0xFF]) + rest[1:] if rest else b"\xff")
    close(stream, rest)


def flooding(stream: socket.socket, data: bytes) -> None:
    """``data`` again and again, until the client goes."""
    end = time.monotonic() + servers.PATIENCE
    while time.monotonic() < end:
        stream.sendall(data)


# TLS by hand


def record(kind: int, data: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BHH", kind, version, len(data)) + data


def message(kind: int, body: bytes, length: int | None = None) -> bytes:
    return bytes([kind]) + (len(body) if length is None else length).to_bytes(3, "big") + body


def records(data: bytes) -> bytes:
    """Handshake messages in as many records as they need."""
    return b"".join(record(22, data[n : n + 16384]) for n in range(0, len(data), 16384))


def server_hello(suite: int, version: int = 0x0303, extensions: bytes = b"") -> bytes:
    body = struct.pack(">H32sBHB", version, bytes(32), 0, suite, 0)
    return message(2, body + (struct.pack(">H", len(extensions)) + extensions if extensions else b""))


def certificates(*chain: bytes) -> bytes:
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in chain)
    return message(11, len(listed).to_bytes(3, "big") + listed)


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def nested(tag: int, depth: int) -> bytes:
    """``depth`` elements, each in the other."""
    data = b""
    for _unused in range(depth):
        data = der(tag, data)
    return data


def slow_certificate(bits: int) -> bytes:
    """Signed "by itself" with an RSA key whose modulus and exponent have ``bits`` bits: hours of work to check."""
    number = der(2, b"\x00" + b"\xff" * (bits // 8))
    rsa_key = bytes.fromhex("300d06092a864886f70d0101010500")
    signed_with = bytes.fromhex("300d06092a864886f70d01010b0500")
    name = bytes.fromhex("300e310c300a06035504030c0372646d")
    validity = der(0x30, der(0x17, b"260101000000Z") + der(0x17, b"361231000000Z"))
    key = der(0x30, rsa_key + der(3, b"\x00" + der(0x30, number + number)))
    tbs = der(0x30, bytes.fromhex("a003020102020101") + signed_with + name + validity + name + key)
    return der(0x30, tbs + signed_with + der(3, b"\x00" + b"\x7f" * (bits // 8)))


# Conversations


def select(peer: Peer, protocol: int | None = None) -> int:
    """X.224: answers with ``protocol``, or with the best that is asked for."""
    asked = struct.unpack("<I", peer.read_packet()[-4:])[0]
    if protocol is None:
        protocol = next((bit for bit in (8, 2, 1) if asked & bit), 0)
    peer.send(servers.selected(protocol))
    return protocol


class Tls:
    """TLS of Python's ssl module over a peer, whose bytes go out one flight at a time."""

    def __init__(self, peer: Peer, identity: Path, version: ssl.TLSVersion | None = None, tickets: int = 0) -> None:
        self._peer = peer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = servers.server_context(identity, version=version)
        context.num_tickets = tickets
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def accept(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._peer.read())
            except ssl.SSLError:
                self._flush()
                raise
            else:
                self._flush()
                return

    def read(self) -> bytes:
        while True:
            try:
                data = self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                self._incoming.write(self._peer.read())
            else:
                if not data:
                    raise Over
                return data

    def wrap(self, data: bytes) -> bytes:
        """The records that carry ``data``."""
        self._tls.write(data)
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        self._peer.send(self.wrap(data))

    def goodbye(self) -> bytes:
        """close_notify."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the client's as well
        return self._outgoing.read()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._peer.send(data)


def credssp(
    identity: Path, version: ssl.TLSVersion | None = None, answer: Callable[[Tls, Peer], None] | None = None
) -> Conversation:
    """X.224, TLS and CredSSP up to the NTLM challenge; ``answer`` takes the place of the challenge."""

    def converse(peer: Peer) -> None:
        selected = select(peer)
        if not selected:
            peer.read_packet()
            peer.send(mcs_response())
            peer.wait()
            return
        tls = Tls(peer, identity, version)
        tls.accept()
        if selected == 1:
            peer.wait()
            return
        tls.read()
        if answer is None:
            tls.send(ts_request(challenge()))
        else:
            answer(tls, peer)
        peer.wait()

    return converse


def dhe(identity: Path, prime_bytes: int) -> Conversation:
    """TLS 1.2 with a Diffie-Hellman group of that size, honestly signed; ``identity`` has an RSA key."""
    pem = identity.read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)

    def converse(peer: Peer) -> None:
        select(peer)
        client_random = peer.read()[11:43]
        number, public = b"\xff" * prime_bytes, b"\x7f" * prime_bytes
        group = b"".join(struct.pack(">H", len(part)) + part for part in (number, b"\x02", public))
        signature = key.sign(client_random + bytes(32) + group, padding.PKCS1v15(), hashes.SHA256())
        exchange = message(12, group + struct.pack(">HH", 0x0401, len(signature)) + signature)
        peer.send(records(server_hello(0x009F) + certificates(certificate) + exchange + message(14, b"")))
        peer.wait()

    return converse


def standard(response: bytes | None = None) -> Conversation:
    """X.224 and MCS of a server with standard security."""

    def converse(peer: Peer) -> None:
        select(peer, 0)
        peer.read_packet()
        peer.send(mcs_response() if response is None else response)
        peer.wait()

    return converse


def ts_request(token: bytes, version: int = 6) -> bytes:
    """[MS-CSSP] 2.2.1 with one token."""
    tokens = der(0xA1, der(0x30, der(0x30, der(0xA0, der(4, token)))))
    return der(0x30, der(0xA0, der(2, bytes([version]))) + tokens)


def challenge(pairs: bytes | None = None, *, offset: int = 56, length: int | None = None) -> bytes:
    """[MS-NLMP] 2.2.1.2 of a Windows Server 2019; ``offset`` and ``length`` are those that it states of its pairs."""
    if pairs is None:
        pairs = av_pair(1, "RDS01".encode("utf-16-le")) + av_pair(7, struct.pack("<Q", 134_000_000_000_000_000))
        pairs += av_pair(0, b"")
    length = len(pairs) if length is None else length
    head = struct.pack("<8sIHHI", b"NTLMSSP\x00", 2, 0, 0, 56) + struct.pack("<I8s8x", 0xE2898215, bytes(range(8)))
    version = struct.pack("<BBHI", 10, 0, 17763, 0x0F000000)
    return head + struct.pack("<HHI", length, length, offset) + version + pairs


def av_pair(identifier: int, value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HH", identifier, len(value) if length is None else length) + value


def mcs_response(blocks: bytes | None = None) -> bytes:
    """[MS-RDPBCGR] 2.2.1.4: Connect Response with the GCC blocks core, network and security, 128 bit, high."""
    if blocks is None:
        blocks = gcc_block(0x0C01, struct.pack("<I", 0x00080004)) + gcc_block(0x0C03, struct.pack("<HH", 1003, 0))
        blocks += security_block(proprietary_certificate())
    # The length of the ConnectPDU is 0x2A there whatever it is, and clients do not look at it.
    gcc = bytes.fromhex("000500147c00012a14760a01010001c0004d63446e") + struct.pack(">H", 0x8000 | len(blocks)) + blocks
    parameters = bytes.fromhex("301a020122020103020100020101020100020101020300fff8020102")
    response = der(0x0A, b"\x00") + der(2, b"\x00") + parameters + der(4, gcc)
    return packet(b"\x7f" + der(0x66, response))


def packet(pdu: bytes, length: int | None = None) -> bytes:
    """A TPKT packet with an X.224 data TPDU."""
    return struct.pack(">BBH", 3, 0, 7 + len(pdu) if length is None else length) + b"\x02\xf0\x80" + pdu


def gcc_block(kind: int, content: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HH", kind, 4 + len(content) if length is None else length) + content


def security_block(certificate: bytes, *, length: int | None = None, random_length: int = 32) -> bytes:
    stated = len(certificate) if length is None else length
    return gcc_block(0x0C02, struct.pack("<IIII", 2, 3, random_length, stated) + bytes(32) + certificate)


def proprietary_certificate(*, key_length: int = 72, bits: int = 512) -> bytes:
    """[MS-RDPBCGR] 2.2.1.4.3.1.1: a 512-bit key; the key's lengths are those that it states."""
    key = struct.pack("<4sIIII", b"RSA1", key_length, bits, 63, 65537) + b"\x81" * 64 + bytes(8)
    head = struct.pack("<III", 1, 1, 1)
    return head + struct.pack("<HH", 6, len(key)) + key + struct.pack("<HH", 8, 72) + bytes(72)
