# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The record layer: framing, and the protection of each version.

Framing: RFC 8446 5.1. Protection: RFC 6101 5.2.3 (SSL 3.0), RFC 5246 6.2.3 with its forerunners, RFC 5288 (GCM),
RFC 8446 5.2. Padding and MAC are not compared in constant time: nothing secret is ever sent over this.
"""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Protocol, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import aes, des, hashes
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto.rc4 import Rc4
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import keys
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import u16
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import SSL_3_0, TLS_1_0, TLS_1_2
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import Suite

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23

LARGEST_CONTENT = 1 << 14
# RFC 5246 6.2.3: what protection may add. TLS 1.3 allows 256 only; the rest is caught after decryption.
_LARGEST_RECORD = LARGEST_CONTENT + 2048
_HEADER = 5


class Record(NamedTuple):
    kind: int
    body: bytes


class Protection(Protocol):
    """One direction of an encrypted connection. It counts the records, so each must pass it once and in order."""

    def seal(self, kind: int, content: bytes) -> Record:
        """The record to send for some content."""

    def open(self, record: Record) -> Record:
        """The content of a received record. Raises Broken."""


def frame(record: Record, version: int) -> bytes:
    """The bytes of a record, under a version not beyond TLS 1.2."""
    return bytes([record.kind]) + u16(version) + u16(len(record.body)) + record.body


class Stream:
    """Cuts received bytes into records."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Optional[Record]:
        """The next whole record as it came, None when more bytes are needed. Raises Broken when it can not be one."""
        buffer = self._buffer
        kind_fits = not buffer or CHANGE_CIPHER_SPEC <= buffer[0] <= APPLICATION_DATA
        version_fits = len(buffer) < 2 or buffer[1] == 3
        if not kind_fits or not version_fits:
            raise Broken(f"it sends {bytes(buffer[:4]).hex(' ').upper()} where a TLS record should begin")
        if len(buffer) < _HEADER:
            return None
        size = buffer[3] << 8 | buffer[4]
        if size > _LARGEST_RECORD:
            raise Broken(f"it sends a record of {size} bytes, more than TLS allows")
        if len(buffer) < _HEADER + size:
            return None
        record = Record(buffer[0], bytes(buffer[_HEADER : _HEADER + size]))
        del buffer[: _HEADER + size]
        return record


_KEY_SIZES = {"AES-256-GCM": 32, "AES-128-GCM": 16, "AES-256-CBC": 32, "AES-128-CBC": 16, "3DES-CBC": 24, "RC4-128": 16}
_BLOCK_SIZES = {"AES-256-CBC": 16, "AES-128-CBC": 16, "3DES-CBC": 8}
_GCM_SALT = 4
_TAG = 16


def key_sizes(suite: Suite, version: int) -> Tuple[int, int, int]:
    """The bytes of MAC key, cipher key and initial vector that each direction takes from the key block."""
    if suite.mac == "AEAD":
        return 0, _KEY_SIZES[suite.cipher], _GCM_SALT
    # TLS 1.1 and later send the initial vector in each record.
    vector = _BLOCK_SIZES.get(suite.cipher, 0) if version <= TLS_1_0 else 0
    return hashes.new(suite.mac).digest_size, _KEY_SIZES[suite.cipher], vector


def protection(suite: Suite, version: int, mac_key: bytes, key: bytes, vector: bytes) -> Protection:
    """One direction of a connection before TLS 1.3."""
    if suite.mac == "AEAD":
        return Gcm(key, vector)
    mac = _Mac(suite.mac, mac_key, version)
    if suite.cipher == "RC4-128":
        return RcFour(mac, key)
    return Cbc(mac, suite.cipher, key, vector)


class _Mac:
    """The MAC of a direction, with its count of records."""

    def __init__(self, hash_name: str, key: bytes, version: int) -> None:
        self.size = hashes.new(hash_name).digest_size
        self._hash = hash_name
        self._key = key
        self._version = version
        self._sequence = 0

    def next(self, kind: int, content: bytes) -> bytes:
        start = self._sequence.to_bytes(8, "big") + bytes([kind])
        self._sequence += 1
        if self._version == SSL_3_0:
            return self._ssl3(start + u16(len(content)) + content)
        return hashes.hmac(self._hash, self._key, start + u16(self._version) + u16(len(content)) + content)

    def check(self, kind: int, content_and_mac: bytes) -> bytes:
        """The content without its MAC. Raises Broken when that does not fit."""
        if len(content_and_mac) < self.size:
            raise Broken("it sends a record that is too short for its MAC")
        at = len(content_and_mac) - self.size
        content = content_and_mac[:at]
        if self.next(kind, content) != content_and_mac[at:]:
            raise Broken("it sends a record whose MAC is wrong")
        return content

    def _ssl3(self, data: bytes) -> bytes:
        size = keys.SSL3_PADDING[self._hash]
        inner = hashes.digest(self._hash, self._key + b"\x36" * size + data)
        return hashes.digest(self._hash, self._key + b"\x5c" * size + inner)

    @property
    def version(self) -> int:
        return self._version


class RcFour:
    """RC4 over content and MAC."""

    def __init__(self, mac: _Mac, key: bytes) -> None:
        self._mac = mac
        self._cipher = Rc4(key)

    def seal(self, kind: int, content: bytes) -> Record:
        return Record(kind, self._cipher.crypt(content + self._mac.next(kind, content)))

    def open(self, record: Record) -> Record:
        return Record(record.kind, self._mac.check(record.kind, self._cipher.crypt(record.body)))


class Cbc:
    """A block cipher over content, MAC and padding."""

    def __init__(self, mac: _Mac, cipher: str, key: bytes, vector: bytes) -> None:
        self._mac = mac
        self._block = _BLOCK_SIZES[cipher]
        self._encrypt = des.cbc_encrypt if cipher == "3DES-CBC" else aes.cbc_encrypt
        self._decrypt = des.cbc_decrypt if cipher == "3DES-CBC" else aes.cbc_decrypt
        self._key = key
        self._vector = vector  # of the next record; before TLS 1.1 only
        self._chained = mac.version <= TLS_1_0

    def seal(self, kind: int, content: bytes) -> Record:
        data = content + self._mac.next(kind, content)
        padding = self._block - 1 - len(data) % self._block
        data += bytes([padding]) * (padding + 1)
        if not self._chained:
            vector = os.urandom(self._block)
            return Record(kind, vector + self._encrypt(self._key, vector, data))
        body = self._encrypt(self._key, self._vector, data)
        self._vector = body[-self._block :]
        return Record(kind, body)

    def open(self, record: Record) -> Record:
        vector, body = self._vector, record.body
        if not self._chained:
            vector, body = body[: self._block], body[self._block :]
        if not body or len(body) % self._block:
            raise Broken("it sends a record that is not of whole cipher blocks")
        self._vector = body[-self._block :]
        data = self._unpadded(self._decrypt(self._key, vector, body))
        return Record(record.kind, self._mac.check(record.kind, data))

    def _unpadded(self, data: bytes) -> bytes:
        size = data[-1] + 1
        if self._mac.version == SSL_3_0:  # the padding's content is free, but it is never more than a block
            fits = size <= self._block
        else:
            fits = size <= len(data) and data[-size:] == bytes([size - 1]) * size
        if not fits:
            raise Broken("it sends a record whose padding is wrong")
        return data[:-size]


class Gcm:
    """AES-GCM of TLS 1.2: half of the nonce is in the record."""

    _EXPLICIT = 8

    def __init__(self, key: bytes, salt: bytes) -> None:
        self._key = key
        self._salt = salt
        self._sequence = 0

    def seal(self, kind: int, content: bytes) -> Record:
        explicit = self._sequence.to_bytes(self._EXPLICIT, "big")
        data = aes.gcm_encrypt(self._key, self._salt + explicit, content, self._additional(kind, len(content)))
        return Record(kind, explicit + data)

    def open(self, record: Record) -> Record:
        explicit, data = record.body[: self._EXPLICIT], record.body[self._EXPLICIT :]
        if len(data) < _TAG:
            raise Broken("it sends a record that is too short for its tag")
        additional = self._additional(record.kind, len(data) - _TAG)
        try:
            return Record(record.kind, aes.gcm_decrypt(self._key, self._salt + explicit, data, additional))
        except aes.BadTag as error:
            raise Broken("it sends a record that does not decrypt") from error

    def _additional(self, kind: int, size: int) -> bytes:
        start = self._sequence.to_bytes(8, "big") + bytes([kind])
        self._sequence += 1
        return start + u16(TLS_1_2) + u16(size)


class Gcm13:
    """AES-GCM of TLS 1.3: the kind of the content is encrypted too."""

    def __init__(self, suite: Suite, secret: bytes) -> None:
        self.secret = secret
        self._key = keys.hkdf_expand_label(suite.hash_name, secret, b"key", b"", _KEY_SIZES[suite.cipher])
        self._vector = int.from_bytes(keys.hkdf_expand_label(suite.hash_name, secret, b"iv", b"", aes.NONCE), "big")
        self._sequence = 0

    def seal(self, kind: int, content: bytes) -> Record:
        inner = content + bytes([kind])
        header = self._header(len(inner) + _TAG)
        return Record(APPLICATION_DATA, aes.gcm_encrypt(self._key, self._nonce(), inner, header))

    def open(self, record: Record) -> Record:
        if record.kind != APPLICATION_DATA or len(record.body) < _TAG:
            raise Broken("it sends an unencrypted record where TLS 1.3 encrypts")
        try:
            inner = aes.gcm_decrypt(self._key, self._nonce(), record.body, self._header(len(record.body)))
        except aes.BadTag as error:
            raise Broken("it sends a record that does not decrypt") from error
        content = inner.rstrip(b"\0")
        if not content:
            raise Broken("it sends a record of nothing but padding")
        return Record(content[-1], content[:-1])

    def _header(self, size: int) -> bytes:
        return bytes([APPLICATION_DATA]) + u16(TLS_1_2) + u16(size)

    def _nonce(self) -> bytes:
        nonce = (self._vector ^ self._sequence).to_bytes(aes.NONCE, "big")
        self._sequence += 1
        return nonce
