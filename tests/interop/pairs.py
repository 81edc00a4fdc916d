# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers with standard RDP security, OpenSSL or tlslite-ng behind X.224, with the versions and suites of a profile."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSError
from tlslite.mathtls import FFDHE2048

from tests.interop.connecting import OPENSSL
from tests.interop.identity import Identity
from tests.unit.wire.servers import Handler, read_request, refused, selected, serving

HOST = "127.61.0.1"


def negotiating(then: Handler, *, tls: bool = True, nla: bool = False) -> Handler:
    """A server with NLA takes CredSSP alone; one without takes the best that is asked; without ``tls``, RDP."""

    def handle(stream: socket.socket) -> None:
        asked = struct.unpack("<I", read_request(stream)[-4:])[0]
        if not tls:
            stream.sendall(selected(0))
            return
        chosen = 2 if asked & 2 else 1 if asked & 1 and not nla else 0
        if not chosen:
            stream.sendall(refused(5 if nla else 1))
            return
        stream.sendall(selected(chosen))
        then(stream)

    return handle


def _dh_parameters(folder: Path) -> Path:
    """The group ffdhe2048 in a file, without which Python's ssl does no DHE."""
    path = folder / "dh.pem"
    if not path.exists():
        generator, prime = FFDHE2048
        numbers = dh.DHParameterNumbers(prime, generator)
        path.write_bytes(numbers.parameters().parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3))
    return path


@contextmanager
def openssl(identity: Identity, versions: Sequence[str], suites: Sequence[str], *, nla: bool) -> Iterator[int]:
    """Python's ssl with these versions and suites in its own order; its port on HOST."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    # The suites of TLS 1.3 have a list of their own, which Python can not set.
    context.load_dh_params(str(_dh_parameters(identity.key.parent)))
    context.set_ciphers((":".join(OPENSSL[name] for name in suites if name in OPENSSL) or "DEFAULT") + ":@SECLEVEL=0")
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    named = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1_1", "TLS 1.2": "TLSv1_2", "TLS 1.3": "TLSv1_3"}
    context.minimum_version = ssl.TLSVersion[named[versions[0]]]
    context.maximum_version = ssl.TLSVersion[named[versions[-1]]]

    def handle(stream: socket.socket) -> None:
        try:
            with context.wrap_socket(stream, server_side=True) as secured:
                while secured.recv(4096):
                    pass
        except ssl.SSLError:
            # A client that is refused is what the tests send.
            return

    with serving(negotiating(handle, nla=nla), host=HOST) as stub:
        yield stub.port


@contextmanager
def tlslite(identity: Identity, version: tuple[int, int], ciphers: Sequence[str], *, nla: bool) -> Iterator[int]:
    """tlslite-ng with one version and RSA key exchange: what OpenSSL has no more, RC4 and 3DES."""
    chain = X509CertChain()
    chain.parsePemList(identity.certificate.read_text(encoding="ascii"))
    key = parsePEMKey(identity.key.read_text(encoding="ascii"), private=True)
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.versions = [version]
    settings.cipherNames = list(ciphers)
    settings.macNames = ["sha", "md5"]
    settings.keyExchangeNames = ["rsa"]

    def handle(stream: socket.socket) -> None:
        connection = TLSConnection(stream)
        try:
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings)
            while connection.read(max=4096):
                pass
        except (TLSError, OSError):
            # A client that is refused is what the tests send.
            return

    with serving(negotiating(handle, nla=nla), host=HOST) as stub:
        yield stub.port


@contextmanager
def without_tls() -> Iterator[int]:
    """A server with standard RDP security alone."""
    with serving(negotiating(lambda _stream: None, tls=False), host=HOST) as stub:
        yield stub.port
