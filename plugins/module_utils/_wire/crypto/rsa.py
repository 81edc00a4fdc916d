# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""RSA with public keys (RFC 8017): encryption for the key exchange, and both kinds of signatures."""

from __future__ import annotations

import secrets

from ansible_collections.winops.rdp.plugins.module_utils._wire import der
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import hashes

# A hostile key must not cost time; the largest takes some 50 ms. CNG makes keys of up to 16384 bits (documentation of
# BCryptGenerateKeyPair), and OpenSSL has the same two limits for large keys (openssl/rsa.h).
LARGEST_MODULUS = 16384  # bits
LARGEST_EXPONENT = 64  # bits

# The OIDs of RFC 8017 appendix B.1 as DER.
_OIDS = {
    "md5": bytes.fromhex("06082a864886f70d0205"),
    "sha1": bytes.fromhex("06052b0e03021a"),
    "sha256": bytes.fromhex("0609608648016503040201"),
    "sha384": bytes.fromhex("0609608648016503040202"),
    "sha512": bytes.fromhex("0609608648016503040203"),
}
_DER_NULL = b"\x05\x00"


def encrypt(n: int, e: int, message: bytes) -> bytes:
    """RSAES-PKCS1-v1_5 (7.2.1). Raises ValueError for a message too long for the key and for an unusable key."""
    size = _size(n, e)
    if len(message) > size - 11:
        raise ValueError(f"an RSA key of {size} bytes cannot encrypt {len(message)} bytes")
    padding = bytes(1 + secrets.randbelow(255) for _unused in range(size - 3 - len(message)))
    return _power(n, e, b"\x00\x02" + padding + b"\x00" + message)


def verify_pkcs1(n: int, e: int, signature: bytes, digest: bytes, hash_name: str) -> bool:
    """RSASSA-PKCS1-v1_5 (8.2.2), with or without the NULL after the hash's OID, as RFC 5246 4.7 demands.

    ``hash_name`` "md5+sha1" is the bare pair of digests that TLS 1.0 and 1.1 sign (RFC 4346 7.4.3). A signature that
    does not fit is False. An unusable key or digest raises ValueError.
    """
    size = _size(n, e)
    if hash_name == "md5+sha1":
        _check_digest(digest, 36)
        contents = [digest]
    else:
        _check_digest(digest, hashes.new(hash_name).digest_size)
        oid = _OIDS[hash_name]
        contents = [_digest_info(oid + null, digest) for null in (_DER_NULL, b"")]
    if len(signature) != size or int.from_bytes(signature, "big") >= n:
        return False
    encoded = _power(n, e, signature)
    return any(
        len(content) <= size - 11 and encoded == b"\x00\x01" + b"\xff" * (size - 3 - len(content)) + b"\x00" + content
        for content in contents
    )


def verify_pss(n: int, e: int, signature: bytes, digest: bytes, hash_name: str) -> bool:
    """RSASSA-PSS (8.1.2, 9.1.2) as TLS 1.3 has it: MGF1 with the same hash, and a salt as long as the hash.

    A signature that does not fit is False. An unusable key or digest raises ValueError.
    """
    size = _size(n, e)
    hash_size = hashes.new(hash_name).digest_size
    _check_digest(digest, hash_size)
    if len(signature) != size or int.from_bytes(signature, "big") >= n:
        return False
    # The encoded message has one bit less than the modulus; that may make it a byte shorter than the signature.
    bits = n.bit_length() - 1
    length = (bits + 7) // 8
    unused = 8 * length - bits
    padded = _power(n, e, signature)
    encoded = padded[size - length :]
    if any(padded[: size - length]) or length < 2 * hash_size + 2 or encoded[-1] != 0xBC or encoded[0] >> 8 - unused:
        return False
    masked, hashed = encoded[: -hash_size - 1], encoded[-hash_size - 1 : -1]
    block = bytearray(byte ^ mask for byte, mask in zip(masked, _mgf1(hashed, len(masked), hash_name)))
    block[0] &= 0xFF >> unused
    padding, salt = block[:-hash_size], block[-hash_size:]
    if padding != bytes(len(padding) - 1) + b"\x01":
        return False
    return hashes.digest(hash_name, bytes(8) + digest + salt) == hashed


def _size(n: int, e: int) -> int:
    """The bytes of the modulus. Raises ValueError for a key that cannot be used."""
    if n <= 1 or e <= 1 or n.bit_length() > LARGEST_MODULUS or e.bit_length() > LARGEST_EXPONENT:
        raise ValueError(f"an RSA key of {n.bit_length()} bits with an exponent of {e.bit_length()} bits is unusable")
    return (n.bit_length() + 7) // 8


def _power(n: int, e: int, data: bytes) -> bytes:
    return pow(int.from_bytes(data, "big"), e, n).to_bytes(_size(n, e), "big")


def _check_digest(digest: bytes, length: int) -> None:
    if len(digest) != length:
        raise ValueError(f"the digest to verify has {len(digest)} bytes, not {length}")


def _digest_info(algorithm: bytes, digest: bytes) -> bytes:
    """DigestInfo of 9.2."""
    return der.build(der.SEQUENCE, der.build(der.SEQUENCE, algorithm) + der.build(der.OCTET_STRING, digest))


def _mgf1(seed: bytes, length: int, hash_name: str) -> bytes:
    """The mask of appendix B.2.1."""
    mask = b""
    counter = 0
    while len(mask) < length:
        mask += hashes.digest(hash_name, seed + counter.to_bytes(4, "big"))
        counter += 1
    return mask[:length]
