# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that are limited to what a profile has, and how far they really get: X.224, TLS, the versions of CredSSP.

Two engines shake hands: ours with the profile's versions and suites in its order, and OpenSSL, for as much of that as
OpenSSL has. Nothing of the prediction is used here.
"""

from __future__ import annotations

import functools
import socket
import ssl
import struct
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Protocol

from ansible_collections.winops.rdp.plugins.module_utils._wire.credssp import build_request
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.client import Client, Refused
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.hello import OtherVersion
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import VERSIONS, Offer
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import SUITES
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty

_SECONDS = 5.0
_CODES = {name: code for code, name in VERSIONS.items()}
_SUITES = {suite.name: suite.code for suite in SUITES.values()}
# Bits of requestedProtocols, [MS-RDPBCGR] 2.2.1.1.1.
_ASKED = {"rdp": 0, "tls": 1, "credssp": 2}
_NEGOTIATION, _RESPONSE = 1, 2
_NOT_ALLOWED = 2
# The version of CredSSP before the correction of CVE-2018-0886 and with it ([MS-CSSP] 2.2.1 and note 10), and the first
# one that binds the server's key by a hash.
_OLD, _CORRECTED, _BINDING = 2, 6, 5
# In a TSRequest: the tag of the version, and the INTEGER of one byte that follows.
_VERSION_FIELD = b"\xa0\x03\x02\x01"

# What OpenSSL calls the suites of its default build, and its names of the versions.
OPENSSL = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256": "AES128-SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256": "AES256-SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
    **{
        f"TLS_{exchange}_WITH_AES_{bits}_{mode}": f"{exchange.replace('_', '-')}-AES{bits}-{short}"
        for exchange in ("ECDHE_RSA", "ECDHE_ECDSA", "DHE_RSA", "DHE_DSS")
        for bits in (128, 256)
        for mode, short in (
            ("CBC_SHA", "SHA"),
            ("CBC_SHA256", "SHA256"),
            ("CBC_SHA384", "SHA384"),
            ("GCM_SHA256", "GCM-SHA256"),
            ("GCM_SHA384", "GCM-SHA384"),
        )
    },
}
_WINDOWS_NAME = {short: name for name, short in OPENSSL.items()}
_OPENSSL_VERSIONS = {
    "TLS 1.0": ssl.TLSVersion.TLSv1,
    "TLS 1.1": ssl.TLSVersion.TLSv1_1,
    "TLS 1.2": ssl.TLSVersion.TLSv1_2,
    "TLS 1.3": ssl.TLSVersion.TLSv1_3,
}
_VERSION_NAMES = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}


@dataclass(frozen=True)
class Outcome:
    """``stage``: x224, tls or credssp, where it ended, or ready. ``how`` it ended, in the words of the report."""

    stage: str
    protocol: str | None = None
    version: str | None = None
    suite: str | None = None
    how: str = ""


class Secured(Protocol):
    """A TLS connection that stands."""

    version: str
    suite: str

    def exchange(self, data: bytes) -> bytes:
        """The first answer to ``data``, empty where the server closes."""

    def close(self) -> None: ...


# Raises _Ended where the handshake does not complete.
Handshake = Callable[[socket.socket, ClientParty], Secured]


class _Ended(Exception):
    """The server ended the handshake, or the client has nothing to offer; the text is ``how``."""


def openssl_knows(suites: Sequence[str]) -> list[str]:
    """Those of the suites that OpenSSL of today has: no RC4, no 3DES, no export."""
    return [name for name in suites if name in OPENSSL or "_WITH_" not in name]


def connect(
    client: ClientParty, host: str, port: int, handshake: Handshake | None = None, *, credssp: bool = False
) -> Outcome:
    """One connection as the client would make it, until TLS stands; with ``credssp`` until its versions are agreed.

    Told that the server allows no TLS ([MS-RDPBCGR] 2.2.1.2.2, SSL_NOT_ALLOWED_BY_SERVER), it asks again without.
    """
    shake = handshake or ours
    asked = list(client["protocols"])
    outcome = _connect(client, asked, host, port, shake, credssp=credssp)
    if outcome is None:
        outcome = _connect(client, ["rdp"], host, port, shake, credssp=credssp) if "rdp" in asked else None
    return outcome or Outcome("x224", how="failure")


def _connect(
    client: ClientParty, asked: Sequence[str], host: str, port: int, handshake: Handshake, *, credssp: bool
) -> Outcome | None:
    """None: the server allows no TLS."""
    with socket.create_connection((host, port), timeout=_SECONDS) as stream:
        protocol = _negotiated(stream, asked)
        if protocol is None:
            return None
        if protocol == "":
            return Outcome("x224", how="failure")
        if protocol == "rdp":
            return Outcome("ready", "rdp") if "rdp" in client["protocols"] else Outcome("x224", "rdp", how="standard")
        try:
            secured = handshake(stream, client)
        except _Ended as ended:
            return Outcome("tls", protocol, how=str(ended))
        with closing(secured):
            outcome = Outcome("ready", protocol, secured.version, secured.suite)
            return replace(outcome, **_credssp(secured, client)) if credssp and protocol == "credssp" else outcome


def _negotiated(stream: socket.socket, protocols: Sequence[str]) -> str | None:
    """What the server selects; empty where it refuses, None where it refuses TLS as such."""
    asked = sum(_ASKED[protocol] for protocol in protocols)
    request = struct.pack("<BBHI", _NEGOTIATION, 0, 8, asked)
    body = bytes([6 + len(request), 0xE0, 0, 0, 0, 0, 0]) + request
    stream.sendall(struct.pack(">BBH", 3, 0, 4 + len(body)) + body)
    head = _exactly(stream, 4)
    answer = _exactly(stream, struct.unpack(">H", head[2:])[0] - 4)
    if len(answer) < 15:
        return "rdp"
    kind, _flags, _length, value = struct.unpack("<BBHI", answer[7:15])
    if kind != _RESPONSE:
        return None if value == _NOT_ALLOWED else ""
    return {0: "rdp", 1: "tls", 2: "credssp", 8: "credssp"}[value]


def _exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the server closed")
        data += piece
    return data


def _credssp(secured: Secured, client: ClientParty) -> dict[str, str]:
    """The first TSRequest and its answer. A corrected client goes no further with an old server unless it is told to
    be vulnerable (Microsoft's KB4093492, "Mitigated")."""
    version = _CORRECTED if client["credssp_fixed"] else _OLD
    answer = secured.exchange(build_request().replace(_VERSION_FIELD + b"\6", _VERSION_FIELD + bytes([version]), 1))
    if not answer:
        return {"stage": "credssp", "how": "closed"}
    theirs = answer[answer.index(_VERSION_FIELD) + len(_VERSION_FIELD)]
    refuses = version == _CORRECTED and client["encryption_oracle"] != "vulnerable"
    return {"stage": "credssp", "how": "left"} if refuses and theirs < _BINDING else {}


# -- our engine -------------------------------------------------------------------------------------------------------


class _Ours:
    def __init__(self, stream: socket.socket, engine: Client) -> None:
        self._stream = stream
        self._engine = engine
        assert engine.version is not None and engine.suite is not None
        self.version, self.suite = VERSIONS[engine.version], engine.suite.name

    def exchange(self, data: bytes) -> bytes:
        self._stream.sendall(self._engine.write(data))
        answer = self._engine.read()
        while not answer and not self._engine.closed:
            received = _received(self._stream)
            if not received:
                break
            self._engine.receive(received)
            answer = self._engine.read()
        return answer

    def close(self) -> None:
        """The stream is the caller's."""


def ours(stream: socket.socket, client: ClientParty) -> Secured:
    """A client offers no version for which it has no suite."""
    versions = tuple(_CODES[name] for name in client["tls_versions"] or [])
    suites = tuple(_SUITES[name] for name in client["suites"] or [])
    offered = tuple(code for code in versions if any(code in SUITES[suite].versions for suite in suites))
    if not offered:
        raise _Ended("alert")
    engine = Client(Offer(offered, suites, None))
    try:
        stream.sendall(engine.start())
        while not engine.done:
            data = stream.recv(65536)
            if not data:
                raise _Ended("closed")
            answer = engine.receive(data)
            if answer:
                stream.sendall(answer)
    except (Refused, OtherVersion):
        # Of the two, the second one is the client's to send.
        raise _Ended("alert") from None
    except ConnectionError:
        raise _Ended("reset") from None
    return _Ours(stream, engine)


def _received(stream: socket.socket) -> bytes:
    try:
        return stream.recv(65536)
    except ConnectionError:
        return b""


# -- OpenSSL ----------------------------------------------------------------------------------------------------------


class _OpenSsl:
    def __init__(self, stream: ssl.SSLSocket) -> None:
        self._stream = stream
        cipher = stream.cipher()
        assert cipher is not None
        self.version = _VERSION_NAMES[cipher[1] if cipher[1] == "TLSv1.3" else stream.version() or ""]
        self.suite = _WINDOWS_NAME.get(cipher[0], cipher[0])

    def exchange(self, data: bytes) -> bytes:
        try:
            self._stream.sendall(data)
            return self._stream.recv(65536)
        except (ssl.SSLError, ConnectionError):
            return b""

    def close(self) -> None:
        self._stream.close()


def openssl(stream: socket.socket, client: ClientParty) -> Secured:
    context = _context(tuple(client["tls_versions"] or ()), tuple(client["suites"] or ()))
    if context is None:
        raise _Ended("alert")
    try:
        return _OpenSsl(context.wrap_socket(stream))
    except ssl.SSLEOFError:
        raise _Ended("closed") from None
    except ssl.SSLError:
        raise _Ended("alert") from None
    except ConnectionError:
        raise _Ended("reset") from None


@functools.cache
def _context(versions: tuple[str, ...], suites: tuple[str, ...]) -> ssl.SSLContext | None:
    """None: OpenSSL has none of the suites for none of the versions."""
    older = [OPENSSL[name] for name in suites if name in OPENSSL]
    offered = [name for name in versions if older or name == "TLS 1.3"]
    if not offered:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(":".join(older or ["DEFAULT"]) + ":@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python calls TLS 1.0 and 1.1 deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _OPENSSL_VERSIONS[offered[0]]
        context.maximum_version = _OPENSSL_VERSIONS[offered[-1]]
    return context
