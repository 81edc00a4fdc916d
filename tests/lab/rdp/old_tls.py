# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OpenSSL no longer speaks and old Windows does: SSL 3.0, RC4 and 3DES, by tlslite-ng.

It steps in when OpenSSL has refused a ClientHello, so its suites always come after all others; a server whose order
prefers RC4 or 3DES is not shown faithfully. Key exchange is RSA; DHE is left out. A ClientHello whose server name is an
address is refused here, since tlslite-ng holds it for malformed (Windows takes it).
"""

from __future__ import annotations

import errno
import functools
from collections.abc import Iterator

from tlslite.constants import AlertDescription
from tlslite.errors import BaseTLSException, TLSLocalAlert
from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection
from tlslite.utils.keyfactory import parsePEMKey
from tlslite.x509certchain import X509CertChain

from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.suites import allowed_suites
from tests.lab.rdp.tls import NO_SUITE, NO_VERSION, HandshakeRefused

_VERSIONS = {"SSL 3.0": (3, 0), "TLS 1.0": (3, 1), "TLS 1.1": (3, 2), "TLS 1.2": (3, 3)}
_CIPHERS = {"RC4-SHA": ("rc4", "sha"), "RC4-MD5": ("rc4", "md5"), "DES-CBC3-SHA": ("3des", "sha")}
_ONLY_IN_SSL_3 = {"AES128-SHA": ("aes128", "sha"), "AES256-SHA": ("aes256", "sha")}
_CLIENT_VERSION = slice(9, 11)


class OldTlsServer:
    """One TLS connection over byte strings, with the interface of TlsServer."""

    def __init__(self, state: ListenerState) -> None:
        self._state = state
        self._socket = _Bytes()
        self._tls = TLSConnection(self._socket)
        self._tls.ignoreAbruptClose = True
        self._handshake: Iterator[int] | None = None
        self.established = False

    def receive(self, data: bytes) -> bytes:
        """Feed bytes from the client and return the bytes to send; raises HandshakeRefused."""
        self._socket.incoming += data
        if not self.established and len(self._socket.incoming) >= _CLIENT_VERSION.stop:
            try:
                self._step()
            except TLSLocalAlert as alert:
                sent = self._socket.take_outgoing()
                if alert.description == AlertDescription.handshake_failure:
                    raise HandshakeRefused(NO_SUITE, sent) from alert
                raise HandshakeRefused(str(alert)) from alert
            except (BaseTLSException, ValueError) as error:
                raise HandshakeRefused(str(error) or type(error).__name__) from error
        return self._socket.take_outgoing()

    def _step(self) -> None:
        if self._handshake is None:
            chain, key = _credential(self._state.certificate_pem or b"", self._state.key_pem or b"")
            settings = _settings(self._state, tuple(self._socket.incoming[_CLIENT_VERSION]))
            self._handshake = self._tls.handshakeServerAsync(certChain=chain, privateKey=key, settings=settings)
        for waiting in self._handshake:
            if waiting == 0:
                return
        self.established = True

    def encrypt(self, data: bytes) -> bytes:
        """The bytes to send for application data of ours."""
        for _waiting in self._tls.writeAsync(bytearray(data)):
            pass
        return self._socket.take_outgoing()

    def application_data(self) -> bytes:
        """Decrypted bytes that have arrived, ``b""`` for none yet; errors as TlsServer's."""
        try:
            for result in self._tls.readAsync(min=1):
                if result == 0:
                    return b""
                if not isinstance(result, int):
                    if not result:
                        raise ConnectionAbortedError("the client closed TLS")
                    return bytes(result)
        except BaseTLSException as error:
            raise HandshakeRefused(str(error)) from error
        return b""


def old_tls_server(state: ListenerState) -> OldTlsServer | None:
    """A connection for the suites and versions that OpenSSL lacks; None when the listener has none of them."""
    if state.certificate_pem is None or state.key_pem is None:
        return None
    usable = [version for version in state.tls_versions if version in _VERSIONS]
    return OldTlsServer(state) if usable and (_ciphers(state) or "SSL 3.0" in usable) else None


def _ciphers(state: ListenerState) -> list[str]:
    """The RC4 and 3DES suites of the listener, by the names of OpenSSL."""
    return [
        suite.openssl
        for suite in allowed_suites(state.cipher_suites or (), state.min_encryption_level)
        if suite.openssl in _CIPHERS
    ]


def _settings(state: ListenerState, client_version: tuple[int, ...]) -> HandshakeSettings:
    versions = [_VERSIONS[name] for name in state.tls_versions if name in _VERSIONS]
    version = max((version for version in versions if version <= client_version), default=None)
    if version is None:
        raise HandshakeRefused(NO_VERSION)
    ciphers = [_CIPHERS[name] for name in _ciphers(state)]
    if version == _VERSIONS["SSL 3.0"]:
        allowed = allowed_suites(state.cipher_suites, state.min_encryption_level)
        ciphers += [_ONLY_IN_SSL_3[suite.openssl] for suite in allowed if suite.openssl in _ONLY_IN_SSL_3]
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    # Else it takes what the client's supported_versions name, whatever the limits are.
    settings.versions = [version]
    settings.cipherNames = list(dict.fromkeys(cipher for cipher, _mac in ciphers))
    settings.macNames = list(dict.fromkeys(mac for _cipher, mac in ciphers))
    settings.keyExchangeNames = ["rsa"]
    settings.minKeySize = 512
    if not settings.cipherNames:
        raise HandshakeRefused(NO_SUITE)
    return settings


@functools.lru_cache(maxsize=64)
def _credential(certificate_pem: bytes, key_pem: bytes) -> tuple[X509CertChain, object]:
    chain = X509CertChain()
    chain.parsePemList(certificate_pem.decode())
    return chain, parsePEMKey(key_pem.decode(), private=True)


class _Bytes:
    """A socket without a network: what arrived, what is to be sent."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self._outgoing = bytearray()

    def recv(self, size: int) -> bytes:
        if not self.incoming:
            raise BlockingIOError(errno.EAGAIN, "nothing has arrived")
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def send(self, data: bytes) -> int:
        self._outgoing += data
        return len(data)

    def sendall(self, data: bytes) -> None:
        self._outgoing += data

    def close(self) -> None:
        """Nothing to close."""

    def take_outgoing(self) -> bytes:
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data
