# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients and fixtures of these tests, written apart from the listener: X.224 by hand, TLS by Python, pcap files."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import os
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.lab.rdp import Account, ListenerState, RdpServer

T = TypeVar("T")

TIMEOUT = 5.0
PORT = 3389
TLS_VERSIONS = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
PYTHON_VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}

_hosts = itertools.count()


def next_address() -> str:
    """A loopback address that no other test of this process has, and hardly another process."""
    number = next(_hosts)
    return f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{number % 250 + 1}"


@lru_cache(maxsize=4)
def credential(name: str) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=183))
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key_pem


def listener_state(**changes: Any) -> ListenerState:
    """Server 2022 with TLS, without NLA, changed as told."""
    certificate, key = credential("host1")
    state = ListenerState(
        port=PORT,
        security_layer=2,
        user_authentication=0,
        min_encryption_level=3,
        tls_versions=TLS_VERSIONS,
        cipher_suites=None,
        certificate_pem=certificate,
        key_pem=key,
        hostname="HOST1",
        domain=None,
        authority="HOST1",
        os_version=(10, 0, 20348),
        accounts=(
            Account("user", "secret"),
            Account("former", "secret", disabled=True),
            Account("guest", "x", False, False),
        ),
    )
    return replace(state, **changes)


class Lab:
    """An event loop in a thread, so that blocking clients can talk to listeners in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[RdpServer] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT)

    def start(
        self, state: ListenerState | None, *, filtered: bool = False, idle_timeout: float = 30.0
    ) -> tuple[RdpServer, str]:
        address = next_address()
        server = RdpServer(address, idle_timeout=idle_timeout)
        self._servers.append(server)
        self.run(server.apply(state, filtered=filtered))
        return server, address

    def stop(self) -> None:
        for server in self._servers:
            self.run(server.close())
        # Connections that the kernel had accepted but no handler had seen are dropped in the next turns of the loop.
        self.run(asyncio.sleep(0.01))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)
        self._loop.close()


def connection_request(protocols: int | None, *, routing: bytes = b"", flags: int = 0, extra: bytes = b"") -> bytes:
    """A connection request as [MS-RDPBCGR] 2.2.1.1 lays it out."""
    negotiation = b"" if protocols is None else struct.pack("<BBHI", 1, flags, 8, protocols)
    variable = routing + negotiation + extra
    return struct.pack(">BBHBBHHB", 3, 0, 11 + len(variable), 6 + len(variable), 0xE0, 0, 0, 0) + variable


def connect_initial(*, methods: int, selected: int = 0) -> bytes:
    """A Connect Initial with one channel, laid out as the example in [MS-RDPBCGR] 4.1.3."""
    core = struct.pack("<IHHHHII", 0x00080004, 1024, 768, 0xCA01, 0xAA03, 0x409, 2600) + bytes(32)
    core += struct.pack("<III", 4, 0, 12) + bytes(64)
    core += struct.pack("<HHIHHH", 0xCA01, 1, 0, 24, 7, 1) + bytes(64 + 2) + struct.pack("<I", selected)
    blocks = struct.pack("<HH", 0xC001, 4 + len(core)) + core
    blocks += struct.pack("<HHII", 0xC002, 12, methods, 0)
    blocks += struct.pack("<HHI", 0xC003, 20, 1) + b"cliprdr\0" + struct.pack("<I", 0xC0A00000)
    gcc = bytes.fromhex("0008001000 01c000") + b"Duca" + struct.pack(">H", 0x8000 | len(blocks)) + blocks
    user_data = bytes.fromhex("000500147c0001") + struct.pack(">H", 0x8000 | len(gcc)) + gcc
    domain = bytes.fromhex(
        "04010104010101 01ff"
        "3019 020122 020102 020100 020101 020100 020101 0202ffff 020102"
        "3019 020101 020101 020101 020101 020100 020101 02020420 020102"
        "301c 0202ffff 0202fc17 0202ffff 020101 020100 020101 0202ffff 020102"
    )
    body = domain + b"\x04\x82" + struct.pack(">H", len(user_data)) + user_data
    pdu = bytes.fromhex("02f080 7f6582") + struct.pack(">H", len(body)) + body
    return struct.pack(">BBH", 3, 0, 4 + len(pdu)) + pdu


def server_blocks(pdu: bytes) -> dict[int, bytes]:
    """The data blocks of a Connect Response; fails the test for anything else."""
    assert pdu[4:9] == bytes.fromhex("02f0807f66"), pdu.hex()
    at = pdu.index(b"McDn") + 4
    at += 2 if pdu[at] & 0x80 else 1
    found = {}
    while at < len(pdu):
        kind, length = struct.unpack_from("<HH", pdu, at)
        found[kind] = pdu[at + 4 : at + length]
        at += length
    return found


def exchange(address: str, request: bytes) -> tuple[socket.socket, bytes]:
    """Connect, send a request and read the whole confirm; ``b""`` when the connection ended instead."""
    connection = socket.create_connection((address, PORT), TIMEOUT)
    connection.settimeout(TIMEOUT)
    connection.sendall(request)
    return connection, read_tpkt(connection)


def read_tpkt(connection: socket.socket) -> bytes:
    data = b""
    while len(data) < 4 or len(data) < int.from_bytes(data[2:4], "big"):
        try:
            part = connection.recv(4096)
        except ConnectionResetError:
            return b""
        if not part:
            return b""
        data += part
    return data


def ended(connection: socket.socket) -> str:
    """How the peer ended the connection: FIN or RST; fails the test after the timeout or when data comes.

    Reads below TLS, because Python's SSLSocket reports a reset as an end of file.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as below:
        below.settimeout(TIMEOUT)
        try:
            data = below.recv(4096)
        except ConnectionResetError:
            return "RST"
    assert data == b"", data.hex()
    return "FIN"


def tls_client(connection: socket.socket, version: str | None = None, ciphers: str = "ALL") -> ssl.SSLSocket:
    """A TLS handshake with one version (or all) on a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = PYTHON_VERSIONS[version] if version else ssl.TLSVersion.TLSv1
        context.maximum_version = PYTHON_VERSIONS[version] if version else ssl.TLSVersion.TLSv1_3
    return context.wrap_socket(connection)


@dataclass
class RecordedFlow:
    """The payloads of one recorded TCP connection to port 3389, retransmissions left out."""

    client: list[bytes] = field(default_factory=list)
    server: list[bytes] = field(default_factory=list)


def recorded_flows(name: str) -> list[RecordedFlow]:
    """The RDP connections of a recorded pcap; skips the test when there are no recordings here."""
    folder = os.environ.get("RDP_CAPTURES")
    if not folder:
        pytest.skip("RDP_CAPTURES does not name the folder of recordings")
    flows: dict[tuple[bytes, int], RecordedFlow] = {}
    seen: set[bytes] = set()
    for frame in _frames(Path(folder, "pcaps", name)):
        packet = frame[14:]
        header = (packet[0] & 15) * 4
        segment = packet[header : int.from_bytes(packet[2:4], "big")]
        source, destination, sequence = struct.unpack_from(">HHI", segment)
        payload = segment[(segment[12] >> 4) * 4 :]
        if frame[12:14] != b"\x08\x00" or packet[9] != 6 or not payload or 3389 not in (source, destination):
            continue
        mark = struct.pack(">HHI", source, destination, sequence)
        if mark in seen:
            continue
        seen.add(mark)
        if destination == 3389:
            flows.setdefault((packet[12:16], source), RecordedFlow()).client.append(payload)
        else:
            flows.setdefault((packet[16:20], destination), RecordedFlow()).server.append(payload)
    return list(flows.values())


def _frames(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    assert data[:4] == bytes.fromhex("d4c3b2a1")
    assert int.from_bytes(data[20:24], "little") == 1
    offset = 24
    while offset < len(data):
        captured = int.from_bytes(data[offset + 8 : offset + 12], "little")
        yield data[offset + 16 : offset + 16 + captured]
        offset += 16 + captured
