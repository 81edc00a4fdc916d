# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The server's other handshake messages: certificates, ServerKeyExchange, CertificateVerify. Pure.

RFC 8446 4.4, RFC 5246 7.4, RFC 8422 5.4, RFC 6101 5.6.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import Fields
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.hello import extensions_of
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_2

HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET = 0, 1, 2, 4
ENCRYPTED_EXTENSIONS, CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 8, 11, 12, 13
SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED, KEY_UPDATE = 14, 15, 16, 20, 24
MESSAGE_HASH = 254
CHANGE_CIPHER_SPEC = -1  # no handshake message, but it comes at its place among them

NAMES: Dict[int, str] = {
    HELLO_REQUEST: "HelloRequest",
    CLIENT_HELLO: "ClientHello",
    SERVER_HELLO: "ServerHello",
    NEW_SESSION_TICKET: "NewSessionTicket",
    ENCRYPTED_EXTENSIONS: "EncryptedExtensions",
    CERTIFICATE: "Certificate",
    SERVER_KEY_EXCHANGE: "ServerKeyExchange",
    CERTIFICATE_REQUEST: "CertificateRequest",
    SERVER_HELLO_DONE: "ServerHelloDone",
    CERTIFICATE_VERIFY: "CertificateVerify",
    CLIENT_KEY_EXCHANGE: "ClientKeyExchange",
    FINISHED: "Finished",
    KEY_UPDATE: "KeyUpdate",
    CHANGE_CIPHER_SPEC: "ChangeCipherSpec",
}

# RFC 8422 5.1.1, in the order of preference. The first two go out as key shares of TLS 1.3.
GROUPS: Dict[int, curves.Group] = {29: curves.X25519, 23: curves.P256, 24: curves.P384, 25: curves.P521}
SHARED_GROUPS = (29, 23)

_NAMED_CURVE = 3
# Of the largest group of RFC 7919. Beyond it, arithmetic takes long.
_LARGEST_PRIME = 8192


class Exchange(NamedTuple):
    """A ServerKeyExchange. ``params`` are the bytes that ``signature`` is about, after the two randoms."""

    group: int  # of ECDHE; 0 for DHE
    prime: int  # of DHE; 0 for ECDHE
    generator: int
    public: bytes
    params: bytes
    scheme: Optional[int]
    signature: bytes


def certificates(body: bytes) -> List[bytes]:
    """The chain of a Certificate message before TLS 1.3."""
    fields = Fields(body, "Certificate message")
    entries = fields.inner(3)
    fields.end()
    chain: List[bytes] = []
    while not entries.done:
        chain.append(entries.vector(3))
    return _not_empty(chain)


def certificates_1_3(body: bytes) -> List[bytes]:
    """The chain of a Certificate message of TLS 1.3."""
    fields = Fields(body, "Certificate message")
    if fields.vector(1):
        raise Broken("its Certificate message has a context, as if we had asked for it")
    entries = fields.inner(3)
    fields.end()
    chain: List[bytes] = []
    while not entries.done:
        chain.append(entries.vector(3))
        entries.vector(2)  # the extensions: none was asked for that could stand here
    return _not_empty(chain)


def _not_empty(chain: List[bytes]) -> List[bytes]:
    if not chain:
        raise Broken("it sends no certificate")
    return chain


def key_exchange(body: bytes, kind: str, version: int) -> Exchange:
    """The ServerKeyExchange of ``kind`` DHE or ECDHE."""
    fields = Fields(body, "ServerKeyExchange")
    group = prime = generator = 0
    if kind == "ECDHE":
        if fields.integer(1) != _NAMED_CURVE:
            raise Broken("it spells out an elliptic curve instead of naming one")
        group = fields.integer(2)
        public = fields.vector(1)
    else:
        prime = int.from_bytes(fields.vector(2), "big")
        generator = int.from_bytes(fields.vector(2), "big")
        public = fields.vector(2)
    params = fields.read()
    scheme = fields.integer(2) if version >= TLS_1_2 else None
    signature = fields.vector(2)
    fields.end()
    return Exchange(group, prime, generator, public, params, scheme, signature)


def check_prime(exchange: Exchange) -> None:
    """Raises Broken for Diffie-Hellman parameters that no honest server has."""
    prime = exchange.prime
    if prime < 5 or prime % 2 == 0 or prime.bit_length() > _LARGEST_PRIME:
        raise Broken(f"its Diffie-Hellman prime of {prime.bit_length()} bits is none")
    if not 1 < exchange.generator < prime or not 1 < int.from_bytes(exchange.public, "big") < prime - 1:
        raise Broken("its Diffie-Hellman key is out of range")


def group(code: int) -> curves.Group:
    """The group of a code point that the server chose. Raises Broken for one that was not offered."""
    if code not in GROUPS:
        raise Broken(f"it chooses the group {code}, which was not offered")
    return GROUPS[code]


def shared(code: int, private: int, public: bytes) -> bytes:
    """The secret shared with the owner of ``public``. Raises Broken when that is no key of the group."""
    try:
        return group(code).shared(private, public)
    except ValueError as error:
        raise Broken(f"its key for the key exchange can not be used: {error}") from error


class Verify(NamedTuple):
    """A CertificateVerify."""

    scheme: int
    signature: bytes


def certificate_verify(body: bytes) -> Verify:
    fields = Fields(body, "CertificateVerify")
    found = Verify(fields.integer(2), fields.vector(2))
    fields.end()
    return found


def request_context(body: bytes) -> bytes:
    """The context of a CertificateRequest of TLS 1.3, which the answer must repeat."""
    fields = Fields(body, "CertificateRequest")
    context = fields.vector(1)
    extensions_of(fields)
    fields.end()
    return context


def check_encrypted_extensions(body: bytes) -> None:
    """Raises Broken unless an EncryptedExtensions message can be read; it says nothing that is needed here."""
    fields = Fields(body, "EncryptedExtensions")
    extensions_of(fields)
    fields.end()


def update_requested(body: bytes) -> bool:
    """Whether a KeyUpdate asks for one in return."""
    if body not in (b"\0", b"\1"):
        raise Broken("its KeyUpdate can not be read")
    return body == b"\1"
