# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""AES (FIPS 197) in the modes CBC (SP 800-38A) and GCM (SP 800-38D).

Why this folder exists: the probe must speak to servers that the controller's own TLS library refuses. Its policy may
forbid TLS 1.0, SHA-1, MD5, RC4 and 3DES (FIPS mode, RHEL and its execution environments), and a vantage may have
Python and nothing else. So the few algorithms that a TLS handshake with Windows needs are here, on the standard
library alone.

What it is not: a general library. Nothing runs in constant time and keys are not wiped. That does no harm here, since
the probe sends no secret: every key lives for one handshake that protects nothing. Do not use it for anything else.
It is also slow, some 5 ms for 4 KB of AES; a handshake has less.
"""

from __future__ import annotations

import struct
from typing import Callable, List, Sequence

BLOCK = 16
TAG = 16
NONCE = 12

_BLOCK = struct.Struct(">4I")
_GHASH_POLYNOMIAL = 0xE1 << 120  # SP 800-38D 6.3


class BadTag(ValueError):
    """The tag does not match: key, nonce, data or additional data are not those of the sender."""


def cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypts whole blocks; padding is the caller's. Raises ValueError for any length that does not fit."""
    _check_cbc(iv, data)
    encrypt = _encryptor(key)
    blocks: List[bytes] = []
    previous = iv
    for at in range(0, len(data), BLOCK):
        previous = encrypt(_xor(previous, data[at : at + BLOCK]))
        blocks.append(previous)
    return b"".join(blocks)


def cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Decrypts whole blocks and leaves the padding on. Raises ValueError for any length that does not fit."""
    _check_cbc(iv, data)
    decrypt = _decryptor(key)
    chain = iv + data
    return b"".join(_xor(chain[at : at + BLOCK], decrypt(data[at : at + BLOCK])) for at in range(0, len(data), BLOCK))


def gcm_encrypt(key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
    """The ciphertext, as long as ``data``, and the tag of 16 bytes. ``nonce`` has 12 bytes, else ValueError."""
    _check_nonce(nonce)
    encrypt = _encryptor(key)
    ciphertext = _gcm_stream(encrypt, nonce, data)
    return ciphertext + _gcm_tag(encrypt, nonce, ciphertext, aad)


def gcm_decrypt(key: bytes, nonce: bytes, data: bytes, aad: bytes) -> bytes:
    """The plaintext of a ciphertext with its tag. Raises BadTag; ValueError for a key or nonce of a wrong length."""
    _check_nonce(nonce)
    encrypt = _encryptor(key)
    ciphertext, tag = data[:-TAG], data[-TAG:]
    if _gcm_tag(encrypt, nonce, ciphertext, aad) != tag:
        raise BadTag("the tag of an AES-GCM message does not match")
    return _gcm_stream(encrypt, nonce, ciphertext)


def _check_cbc(iv: bytes, data: bytes) -> None:
    if len(iv) != BLOCK:
        raise ValueError(f"the AES-CBC initialization vector has {len(iv)} bytes, not {BLOCK}")
    if len(data) % BLOCK:
        raise ValueError(f"{len(data)} bytes are not whole AES blocks")


def _check_nonce(nonce: bytes) -> None:
    if len(nonce) != NONCE:
        raise ValueError(f"the AES-GCM nonce has {len(nonce)} bytes, not {NONCE}")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other))


def _gcm_stream(encrypt: Callable[[bytes], bytes], nonce: bytes, data: bytes) -> bytes:
    """``data`` combined with the key stream. The counter starts at 2: 1 is for the tag."""
    stream = (encrypt(nonce + struct.pack(">I", 2 + at)) for at in range((len(data) + BLOCK - 1) // BLOCK))
    return _xor(data, b"".join(stream))


def _gcm_tag(encrypt: Callable[[bytes], bytes], nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    lengths = struct.pack(">2Q", 8 * len(aad), 8 * len(ciphertext))
    hashed = _ghash(encrypt(bytes(BLOCK)), _padded(aad) + _padded(ciphertext) + lengths)
    return _xor(hashed, encrypt(nonce + struct.pack(">I", 1)))


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def _ghash(subkey: bytes, data: bytes) -> bytes:
    """GHASH of SP 800-38D 6.4. Bit 0 of a block is its leftmost, so a multiplication by x is a shift to the right."""
    power = int.from_bytes(subkey, "big")
    powers: List[int] = []
    for _unused in range(128):
        powers.append(power)
        power = power >> 1 ^ (_GHASH_POLYNOMIAL if power & 1 else 0)
    state = 0
    for at in range(0, len(data), BLOCK):
        state ^= int.from_bytes(data[at : at + BLOCK], "big")
        product = 0
        for bit, shifted in zip(f"{state:0128b}", powers):
            if bit == "1":
                product ^= shifted
        state = product
    return state.to_bytes(BLOCK, "big")


def _key_schedule(key: bytes) -> List[List[int]]:
    """The round keys, four words each (FIPS 197 5.2)."""
    size = len(key) // 4
    if len(key) not in (16, 24, 32):
        raise ValueError(f"an AES key of {len(key)} bytes does not exist")
    words = list(struct.unpack(f">{size}I", key))
    constant = 1
    for at in range(size, 4 * (size + 7)):
        word = words[-1]
        if at % size == 0:
            word = _substitute(word << 8 & 0xFFFFFFFF | word >> 24) ^ constant << 24
            constant = _times(2, constant)
        elif size == 8 and at % size == 4:
            word = _substitute(word)
        words.append(words[at - size] ^ word)
    return [words[at : at + 4] for at in range(0, len(words), 4)]


def _substitute(word: int) -> int:
    return int.from_bytes(word.to_bytes(4, "big").translate(_SBOX), "big")


def _encryptor(key: bytes) -> Callable[[bytes], bytes]:
    """The cipher of one block under ``key``."""
    keys = _key_schedule(key)
    return lambda block: _rounds(block, keys, _MIXED, _SBOX, 1)


def _decryptor(key: bytes) -> Callable[[bytes], bytes]:
    """The inverse cipher of one block under ``key``, in the form of FIPS 197 5.3.5: the same steps, other keys."""
    keys = _key_schedule(key)[::-1]
    for at in range(1, len(keys) - 1):
        keys[at] = [_unmix(word) for word in keys[at]]
    return lambda block: _rounds(block, keys, _UNMIXED, _INVERSE_SBOX, -1)


def _unmix(word: int) -> int:
    """InvMixColumns of one column. The tables undo the S-box as well, so that goes first."""
    first, second, third, fourth = word.to_bytes(4, "big").translate(_SBOX)
    return _UNMIXED[0][first] ^ _UNMIXED[1][second] ^ _UNMIXED[2][third] ^ _UNMIXED[3][fourth]


def _rounds(block: bytes, keys: List[List[int]], tables: List[List[int]], box: bytes, shift: int) -> bytes:
    """All rounds over one block. ``shift``: ShiftRows takes the next row from a column to the right (1), left (-1)."""
    table0, table1, table2, table3 = tables
    order = [(at, (at + shift) % 4, (at + 2) % 4, (at - shift) % 4) for at in range(4)]
    state = [word ^ key for word, key in zip(_BLOCK.unpack(block), keys[0])]
    for round_key in keys[1:-1]:
        state = [
            table0[state[a] >> 24]
            ^ table1[state[b] >> 16 & 255]
            ^ table2[state[c] >> 8 & 255]
            ^ table3[state[d] & 255]
            ^ key
            for (a, b, c, d), key in zip(order, round_key)
        ]
    return _BLOCK.pack(
        *(
            (
                box[state[a] >> 24] << 24
                | box[state[b] >> 16 & 255] << 16
                | box[state[c] >> 8 & 255] << 8
                | box[state[d] & 255]
            )
            ^ key
            for (a, b, c, d), key in zip(order, keys[-1])
        )
    )


def _powers() -> List[int]:
    """The powers 0 to 254 of 3, which are all values of the field but 0 (FIPS 197 4.2)."""
    powers = [1]
    while len(powers) < 255:
        power = powers[-1]
        powers.append(power ^ power << 1 ^ (0x11B if power & 0x80 else 0))
    return powers


_POWERS = _powers()
_LOGARITHMS = {power: at for at, power in enumerate(_POWERS)}


def _times(one: int, other: int) -> int:
    """The product in the field."""
    return _POWERS[(_LOGARITHMS[one] + _LOGARITHMS[other]) % 255] if one and other else 0


def _substitution(value: int) -> int:
    """FIPS 197 5.1.1: the inverse in the field, plus its rotations by 1 to 4 bits, plus a constant."""
    inverse = _POWERS[-_LOGARITHMS[value] % 255] if value else 0
    wide = inverse ^ inverse << 1 ^ inverse << 2 ^ inverse << 3 ^ inverse << 4
    return (wide ^ wide >> 8) & 0xFF ^ 0x63


def _tables(box: Sequence[int], column: Sequence[int]) -> List[List[int]]:
    """Substitution and column mix in one look-up; one table for each row of the state."""
    first = [int.from_bytes(bytes(_times(value, factor) for factor in column), "big") for value in box]
    return [[word >> 8 * row | word << 32 - 8 * row & 0xFFFFFFFF for word in first] for row in range(4)]


_SBOX = bytes(_substitution(value) for value in range(256))
_INVERSE_SBOX = bytes(_SBOX.index(value) for value in range(256))
_MIXED = _tables(_SBOX, (2, 1, 1, 3))
_UNMIXED = _tables(_INVERSE_SBOX, (14, 9, 13, 11))
