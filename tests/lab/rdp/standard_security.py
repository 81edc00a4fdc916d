# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Standard RDP Security up to the server's security data: encryption method, server random, proprietary certificate.

Sources: [MS-RDPBCGR] 5.3.1 and 5.3.2 (levels and methods), 2.2.1.4.3 (TS_UD_SC_SEC1), 2.2.1.4.3.1.1
(PROPRIETARYSERVERCERTIFICATE), 5.3.3.1.1 (the Terminal Services signing key, which Microsoft publishes for this), and
5.3.3.1.2 (how it signs). The certificates in recorded answers of Windows come out byte by byte.

Decisions:
* Low, client compatible and high take the strongest method that both have, in the order 128-bit RC4, FIPS, 56-bit and
  40-bit RC4. Recorded with 128-bit on offer: method 2. High asks for at least 128 bits, FIPS level for FIPS.
* Nothing that fits, also no method at all, ends the connection without an answer; a client of the French locale names
  its methods in extEncryptionMethods (2.2.1.3.3).
* The key has 2048 bits and is made once for the process. Recorded certificates, all older than Windows 7, have 512.
* No host has an X.509 certificate of a licensing server.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from enum import IntFlag
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

SERVER_RANDOM_LENGTH = 32
LEVEL_NONE, LEVEL_LOW, LEVEL_CLIENT_COMPATIBLE, LEVEL_HIGH, LEVEL_FIPS = range(5)
_KEY_BITS = 2048
_CERT_CHAIN_VERSION_1 = 1
_SIGNATURE_ALG_RSA = _KEY_EXCHANGE_ALG_RSA = 1
_BB_RSA_KEY_BLOB, _BB_RSA_SIGNATURE_BLOB = 6, 8
_ZERO_PADDING = bytes(8)
_SIGNING_MODULUS = bytes.fromhex(
    "3d3a5ebd72433ec94dbbc11e4aba5fcb3e882087eff5c1e2d7b76b9af2524595"
    "ce63656b583afeef7ce7bffe3df65c7d6c5e06091af561bb2093095f056dea87"
)
_SIGNING_EXPONENT = bytes.fromhex(
    "87a71932da11875558001616256568f8243ee6fae9674994cf92cc3399e80860"
    "179a129f24ddb12499c73ab80a7b0ddd350779170b519bb3c7100113e73ff35f"
)


class EncryptionMethod(IntFlag):
    """``encryptionMethods`` of the client's and ``encryptionMethod`` of the server's security data."""

    NONE = 0x00
    RC4_40 = 0x01
    RC4_128 = 0x02
    RC4_56 = 0x08
    FIPS = 0x10


_BY_STRENGTH = (EncryptionMethod.RC4_128, EncryptionMethod.FIPS, EncryptionMethod.RC4_56, EncryptionMethod.RC4_40)
_ALLOWED = {
    LEVEL_LOW: _BY_STRENGTH,
    LEVEL_CLIENT_COMPATIBLE: _BY_STRENGTH,
    LEVEL_HIGH: _BY_STRENGTH[:2],
    LEVEL_FIPS: (EncryptionMethod.FIPS,),
}


def choose_method(level: int, offered: int, offered_french: int) -> EncryptionMethod | None:
    """The method of a session under MinEncryptionLevel; None when the client has none that fits."""
    methods = offered or offered_french
    return next((method for method in _ALLOWED.get(level, _BY_STRENGTH) if methods & method), None)


def server_security_data(level: int, method: EncryptionMethod) -> bytes:
    """The fields of TS_UD_SC_SEC1 after its header; without a method there is neither random nor certificate."""
    if method == EncryptionMethod.NONE:
        return struct.pack("<II", EncryptionMethod.NONE, LEVEL_NONE)
    certificate = proprietary_certificate(_key().public_key().public_numbers())
    sizes = struct.pack("<IIII", method, level, SERVER_RANDOM_LENGTH, len(certificate))
    return sizes + secrets.token_bytes(SERVER_RANDOM_LENGTH) + certificate


def proprietary_certificate(key: rsa.RSAPublicNumbers) -> bytes:
    """A PROPRIETARYSERVERCERTIFICATE for a public key, signed with the Terminal Services signing key."""
    length = (key.n.bit_length() + 7) // 8
    blob = struct.pack("<4sIIII", b"RSA1", length + len(_ZERO_PADDING), 8 * length, length - 1, key.e)
    blob += key.n.to_bytes(length, "little") + _ZERO_PADDING
    versions = struct.pack("<III", _CERT_CHAIN_VERSION_1, _SIGNATURE_ALG_RSA, _KEY_EXCHANGE_ALG_RSA)
    signed = versions + struct.pack("<HH", _BB_RSA_KEY_BLOB, len(blob)) + blob
    signature = _sign(signed) + _ZERO_PADDING
    return signed + struct.pack("<HH", _BB_RSA_SIGNATURE_BLOB, len(signature)) + signature


def _sign(data: bytes) -> bytes:
    padded = hashlib.md5(data, usedforsecurity=False).digest() + b"\x00" + b"\xff" * 45 + b"\x01"
    modulus, exponent = (int.from_bytes(number, "little") for number in (_SIGNING_MODULUS, _SIGNING_EXPONENT))
    return pow(int.from_bytes(padded, "little"), exponent, modulus).to_bytes(len(_SIGNING_MODULUS), "little")


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
