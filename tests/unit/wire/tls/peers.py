# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS servers that are not ours: Python's ssl (OpenSSL) in memory, and tlslite-ng behind a socket."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection
from tlslite.utils.keyfactory import parsePEMKey
from tlslite.x509certchain import X509CertChain

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3

Identities = dict[str, Path]

PATIENCE = 5.0
CHUNK = 65536

# RFC 7919 A.1.
FFDHE_2048 = int(
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8"
    "F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935984F0C70E0E68B77E2A689DAF3EFE872"
    "1DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB19"
    "0B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F619172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005"
    "C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF",
    16,
)

_OPENSSL = {
    TLS_1_0: ssl.TLSVersion.TLSv1,
    TLS_1_1: ssl.TLSVersion.TLSv1_1,
    TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TLS_1_3: ssl.TLSVersion.TLSv1_3,
}


def context(identity: Path, versions: tuple[int, ...]) -> ssl.SSLContext:
    """A server's context that takes all that this OpenSSL can do, in a range of versions."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    made.load_cert_chain(identity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is tested here
        made.minimum_version = _OPENSSL[min(versions)]
        made.maximum_version = _OPENSSL[max(versions)]
    return made


def load_dh(made: ssl.SSLContext, folder: Path) -> None:
    """Gives the context the parameters without which it does no DHE."""
    prime = FFDHE_2048.to_bytes(257, "big")
    integers = b"\x02\x82" + len(prime).to_bytes(2, "big") + prime + b"\x02\x01\x02"
    der = b"\x30\x82" + len(integers).to_bytes(2, "big") + integers
    text = base64.encodebytes(der).decode("ascii")
    path = folder / "dh.pem"
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n", "ascii")
    made.load_dh_params(str(path))


class OpenSsl:
    """A server in memory. ``seen`` is the name that the client asked for, ``error`` why the handshake failed."""

    def __init__(self, made: ssl.SSLContext) -> None:
        self.seen: str | None = None
        self.error: str | None = None
        made.sni_callback = self._name
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self.tls = made.wrap_bio(self._in, self._out, server_side=True)

    def answer(self, data: bytes) -> bytes:
        """Goes on with the handshake."""
        self._in.write(data)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error.reason
        return self._out.read()

    def write(self, data: bytes) -> bytes:
        self.tls.write(data)
        return self._out.read()

    def read(self, data: bytes, size: int) -> bytes:
        """The plain text of ``size`` bytes in ``data``; empty after a close_notify."""
        self._in.write(data)
        found = b""
        while len(found) < size:
            piece = self.tls.read(size - len(found))
            if not piece:
                break
            found += piece
        return found

    def close(self) -> bytes:
        """Answers the client's close_notify."""
        self.tls.unwrap()
        return self._out.read()

    def _name(self, _tls: object, name: str | None, _context: object) -> None:
        self.seen = name


def shake(made: client.Client, server: OpenSsl) -> None:
    """The whole handshake, or until the client raises."""
    data = made.start()
    for _turn in range(4):
        data = made.receive(server.answer(data))
        if made.done:
            assert made.receive(server.answer(data)) == b""  # tickets of TLS 1.3
            return
    raise AssertionError("the handshake does not come to an end")


def talk(made: client.Client, server: OpenSsl) -> None:
    """Data in both directions, more than fits into one record, and the end of TLS."""
    made.receive(server.write(b"s" * 17000))
    assert made.read() == b"s" * 17000
    assert server.read(made.write(b"c" * 17000), 17000) == b"c" * 17000
    assert server.read(made.close(), 1) == b""
    assert not made.closed
    assert made.receive(server.close()) == b""
    assert made.closed


def settings(version: int) -> HandshakeSettings:
    """tlslite-ng's settings for one version and all ciphers."""
    made = HandshakeSettings()
    made.minVersion = made.maxVersion = (3, version - 0x0300)
    made.versions = [made.maxVersion]
    made.cipherNames = ["aes256gcm", "aes128gcm", "aes256", "aes128", "3des", "rc4"]
    made.macNames = ["sha", "sha256", "sha384", "aead", "md5"]
    made.eccCurves = ["x25519", "secp256r1", "secp384r1", "secp521r1"]
    made.keyExchangeNames = ["rsa", "dhe_rsa", "ecdhe_rsa", "ecdhe_ecdsa"]
    return made


class TlsLite:
    """A tlslite-ng server: it shakes hands, doubles what it reads, and ends TLS when told so."""

    def __init__(self, stream: socket.socket, identity: Path, made: HandshakeSettings, ask: bool) -> None:
        self.errors: list[BaseException] = []
        self._arguments = (stream, identity.read_text("ascii"), made, ask)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        stream, pem, made, ask = self._arguments
        chain = X509CertChain()
        chain.parsePemList(pem)
        connection = TLSConnection(stream)
        connection.closeSocket = False  # close() then waits for the client's close_notify
        try:
            connection.handshakeServer(
                certChain=chain, privateKey=parsePEMKey(pem, private=True), settings=made, reqCert=ask
            )
            while True:
                data = connection.read(max=CHUNK)
                if data == b"update":
                    for _answer in connection.send_keyupdate_request(1):
                        pass
                elif data == b"close":
                    connection.close()
                    return
                elif not data:
                    return
                connection.write(data + data)
        except Exception as error:  # noqa: BLE001 - it is shown by the test
            self.errors.append(error)
        finally:
            stream.close()


@contextmanager
def tls_lite(identity: Path, made: HandshakeSettings, ask: bool = False) -> Iterator[tuple[socket.socket, TlsLite]]:
    """The client's end of a connection to a tlslite-ng server, and the server."""
    ours, its = socket.socketpair()
    with ours, its:
        ours.settimeout(PATIENCE)
        its.settimeout(PATIENCE)
        server = TlsLite(its, identity, made, ask)
        try:
            yield ours, server
        finally:
            ours.close()
            server.thread.join(PATIENCE)
        assert not server.thread.is_alive()


def receive(made: client.Client, stream: socket.socket) -> None:
    """One read, and what the client answers to it."""
    data = stream.recv(CHUNK)
    assert data, "the server closed the connection"
    answer = made.receive(data)
    if answer:
        stream.sendall(answer)


def echo(made: client.Client, stream: socket.socket, data: bytes) -> None:
    """Sends ``data`` and expects it twice."""
    stream.sendall(made.write(data))
    found = b""
    while len(found) < 2 * len(data):
        receive(made, stream)
        found += made.read()
    assert found == data + data


def end(made: client.Client, stream: socket.socket) -> None:
    """Lets the server end TLS, and answers its close_notify."""
    stream.sendall(made.write(b"close"))
    while not made.closed:
        receive(made, stream)
    stream.sendall(made.close())
