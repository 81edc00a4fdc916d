# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS servers of others behind a stub that answers X.224 connection requests as a server with SecurityLayer 2 does."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSError

from tests.interop.identity import HOST, Identity
from tests.interop.processes import free_port, listening, need
from tests.interop.servers import Server
from tests.unit.wire.servers import Handler, read_request, refused, selected, serving

TLS = 1
SSL_REQUIRED = 1
# No connection through the stub lasts longer without a byte.
_IDLE_SECONDS = 10.0
# Without the distribution's limits on versions and ciphers.
_PLAIN = {"OPENSSL_CONF": os.devnull}


def answer(request: bytes) -> bytes | None:
    """The answer to a connection request; None where it is a refusal, after which the server hangs up."""
    head = request[-8:]
    asked = struct.unpack("<I", head[4:])[0] if head[:1] == b"\x01" else 0
    return selected(TLS) if asked & TLS else None


def negotiating(then: Handler) -> Handler:
    """Answers the connection request, and goes on with ``then`` where TLS was selected."""

    def handle(stream: socket.socket) -> None:
        accepted = answer(read_request(stream))
        stream.sendall(accepted or refused(SSL_REQUIRED))
        if accepted:
            then(stream)

    return handle


def piped(port: int) -> Handler:
    """Hands all bytes to the server on ``port`` and back, until both have ended."""

    def handle(stream: socket.socket) -> None:
        with socket.create_connection((HOST, port), timeout=_IDLE_SECONDS) as server:
            other = {stream: server, server: stream}
            while other:
                ready, _writable, _broken = select.select(list(other), [], [], _IDLE_SECONDS)
                if not ready:
                    return
                for side in ready:
                    data = side.recv(65536)
                    target = server if side is stream else stream
                    if data:
                        target.sendall(data)
                    else:
                        target.shutdown(socket.SHUT_WR)
                        del other[side]

    return handle


@contextmanager
def s_server(folder: Path, identity: Identity, *options: str) -> Iterator[Server]:
    """``openssl s_server`` with these options more, behind the stub."""
    port = free_port()
    command = [need("openssl", "openssl"), "s_server", "-accept", f"{HOST}:{port}", "-quiet"]
    command += ["-cert", str(identity.certificate), "-key", str(identity.key), *options]
    with _behind_stub(command, port, folder / "s_server.log") as stub:
        yield Server(stub, identity.certificate)


@contextmanager
def gnutls_server(folder: Path, identity: Identity, priority: str) -> Iterator[Server]:
    """``gnutls-serv`` with a priority string, behind the stub."""
    port = free_port()
    command = [need("gnutls-serv", "gnutls-bin"), "--port", str(port), "--priority", priority, "--quiet", "--echo"]
    command += ["--x509certfile", str(identity.certificate), "--x509keyfile", str(identity.key)]
    command += ["--disable-client-cert", "--nodb", "--noticket"]
    with _behind_stub(command, port, folder / "gnutls.log") as stub:
        yield Server(stub, identity.certificate)


@contextmanager
def _behind_stub(command: Sequence[str], port: int, log: Path) -> Iterator[int]:
    with listening(command, port, log, variables=_PLAIN), serving(negotiating(piped(port)), host=HOST) as stub:
        yield stub.port


def openssl_suites(version: str, ciphers: str) -> list[str]:
    """The IANA names of what an OpenSSL server of this version and cipher list accepts, in its order.

    ``version`` is an option of ``openssl ciphers``: -tls1, -tls1_1, -tls1_2, -tls1_3. For -tls1_3 the list is of
    ``-ciphersuites``.
    """
    chosen = ["-ciphersuites", ciphers, "ALL"] if version == "-tls1_3" else [ciphers]
    command = [need("openssl", "openssl"), "ciphers", "-s", version, "-stdname", *chosen]
    plain = {**os.environ, **_PLAIN}
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=10, env=plain).stdout
    return [line.split()[0] for line in told.splitlines() if line.strip()]


@contextmanager
def tlslite_server(identity: Identity, version: tuple[int, int]) -> Iterator[Server]:
    """A server of tlslite-ng with one version, RSA key exchange, and the ciphers of SSL 3.0's time."""
    chain = X509CertChain()
    chain.parsePemList(identity.certificate.read_text(encoding="ascii"))
    key = parsePEMKey(identity.key.read_text(encoding="ascii"), private=True)
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.versions = [version]
    settings.cipherNames = ["aes256", "aes128", "3des", "rc4"]
    settings.macNames = ["sha", "md5"]
    settings.keyExchangeNames = ["rsa"]
    # It can not compute that with SSL 3.0, where it is not defined either.
    settings.useExtendedMasterSecret = version != (3, 0)

    def handle(stream: socket.socket) -> None:
        connection = TLSConnection(stream)
        try:
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings)
            while connection.read(max=4096):
                pass
        except (TLSError, OSError):
            # A client that refuses or leaves is what the tests send.
            return

    with serving(negotiating(handle), host=HOST) as stub:
        yield Server(stub.port, identity.certificate)
