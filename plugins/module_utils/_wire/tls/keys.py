# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Where keys come from: SSL 3.0's derivation (RFC 6101 6), the PRFs of TLS 1.0 to 1.2, and TLS 1.3's schedule. Pure."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import hashes
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import u16, vector
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import SSL_3_0, TLS_1_2

_MASTER = 48
_VERIFY_DATA = 12
# SSL 3.0's padding before the outer and inner hash: enough bytes to fill a block beside a secret as long as the hash.
SSL3_PADDING = {"md5": 48, "sha1": 40}
_SSL3_SENDERS = {"client": b"CLNT", "server": b"SRVR"}


class Prf(NamedTuple):
    """What turns secrets into keys in a version: ``hash_name`` counts in TLS 1.2 only."""

    version: int
    hash_name: str

    def expand(self, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
        """RFC 5246 5, RFC 4346 5; SSL 3.0 has no labels (RFC 6101 6.1, 6.2.2)."""
        if self.version == SSL_3_0:
            return _ssl3(secret, seed, length)
        if self.version == TLS_1_2:
            return _p_hash(self.hash_name, secret, label + seed, length)
        half = (len(secret) + 1) // 2
        one = _p_hash("md5", secret[:half], label + seed, length)
        other = _p_hash("sha1", secret[len(secret) - half :], label + seed, length)
        return bytes(a ^ b for a, b in zip(one, other))

    def transcript_hash(self, transcript: bytes) -> bytes:
        if self.version == TLS_1_2:
            return hashes.digest(self.hash_name, transcript)
        return hashes.digest("md5", transcript) + hashes.digest("sha1", transcript)

    def master(self, premaster: bytes, randoms: bytes, transcript: Optional[bytes]) -> bytes:
        """The master secret. ``randoms``: the client's, then the server's.

        ``transcript`` is given for the extended master secret of RFC 7627 only: all up to the ClientKeyExchange.
        """
        if transcript is not None:
            return self.expand(premaster, b"extended master secret", self.transcript_hash(transcript), _MASTER)
        return self.expand(premaster, b"master secret", randoms, _MASTER)

    def key_block(self, master: bytes, randoms: bytes, length: int) -> bytes:
        """``randoms`` as for ``master``."""
        return self.expand(master, b"key expansion", randoms[32:] + randoms[:32], length)

    def finished(self, master: bytes, sender: str, transcript: bytes) -> bytes:
        """The verify_data of the ``sender``, client or server, over all messages before its Finished."""
        if self.version == SSL_3_0:
            content = transcript + _SSL3_SENDERS[sender] + master
            return _ssl3_nested("md5", master, content) + _ssl3_nested("sha1", master, content)
        label = sender.encode("ascii") + b" finished"
        return self.expand(master, label, self.transcript_hash(transcript), _VERIFY_DATA)


def _p_hash(name: str, secret: bytes, seed: bytes, length: int) -> bytes:
    found = b""
    step = seed
    while len(found) < length:
        step = hashes.hmac(name, secret, step)
        found += hashes.hmac(name, secret, step + seed)
    return found[:length]


def _ssl3(secret: bytes, seed: bytes, length: int) -> bytes:
    found = b""
    count = 0
    while len(found) < length:
        count += 1
        salt = bytes([ord("A") + count - 1]) * count
        found += hashes.digest("md5", secret + hashes.digest("sha1", salt + secret + seed))
    return found[:length]


def _ssl3_nested(name: str, secret: bytes, content: bytes) -> bytes:
    """RFC 6101 5.6.9: the hash over the content, the secret and padding, and once more over the result."""
    size = SSL3_PADDING[name]
    inner = hashes.digest(name, content + b"\x36" * size)
    return hashes.digest(name, secret + b"\x5c" * size + inner)


# TLS 1.3: RFC 8446 7.1 to 7.3, on HKDF (RFC 5869).


def hkdf_extract(hash_name: str, salt: bytes, secret: bytes) -> bytes:
    return hashes.hmac(hash_name, salt, secret)


def hkdf_expand_label(hash_name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    info = u16(length) + vector(1, b"tls13 " + label) + vector(1, context)
    found = step = b""
    count = 0
    while len(found) < length:
        count += 1
        step = hashes.hmac(hash_name, secret, step + info + bytes([count]))
        found += step
    return found[:length]


def derive_secret(hash_name: str, secret: bytes, label: bytes, transcript: bytes) -> bytes:
    digest = hashes.digest(hash_name, transcript)
    return hkdf_expand_label(hash_name, secret, label, digest, len(digest))


class Schedule:
    """TLS 1.3's key schedule without a pre-shared key: first ``share``, then ``finish``, after them the secrets."""

    def __init__(self, hash_name: str) -> None:
        self.hash_name = hash_name
        self._zeros = bytes(hashes.new(hash_name).digest_size)
        self._secret = hkdf_extract(hash_name, self._zeros, self._zeros)  # the early secret

    def share(self, shared: bytes) -> None:
        """On to the handshake secret, with the result of the key exchange."""
        self._next(shared)

    def finish(self) -> None:
        """On to the master secret."""
        self._next(self._zeros)

    def derive(self, label: bytes, transcript: bytes) -> bytes:
        return derive_secret(self.hash_name, self._secret, label, transcript)

    def _next(self, material: bytes) -> None:
        self._secret = hkdf_extract(self.hash_name, self.derive(b"derived", b""), material)


def finished_1_3(hash_name: str, secret: bytes, transcript: bytes) -> bytes:
    """The verify_data under a traffic secret, over all messages before the Finished (RFC 8446 4.4.4)."""
    key = hkdf_expand_label(hash_name, secret, b"finished", b"", len(secret))
    return hashes.hmac(hash_name, key, hashes.digest(hash_name, transcript))


def next_secret(hash_name: str, secret: bytes) -> bytes:
    """The traffic secret after a KeyUpdate (RFC 8446 7.2)."""
    return hkdf_expand_label(hash_name, secret, b"traffic upd", b"", len(secret))
