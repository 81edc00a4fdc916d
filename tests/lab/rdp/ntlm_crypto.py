# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The primitives that NTLM needs and neither hashlib nor cryptography still has everywhere: MD4 and RC4.

MD4: RFC 1320. RC4: the algorithm as [MS-NLMP] uses it, with a state that goes on from message to message.
"""

from __future__ import annotations

import struct
from itertools import product

_MASK = 0xFFFFFFFF
_ORDER_2 = [4 * column + row for row, column in product(range(4), range(4))]
_ORDER_3 = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)


def md4(data: bytes) -> bytes:
    """The MD4 digest, 16 bytes."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack("<Q", 8 * len(data))
    for start in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, start)
        a, b, c, d = state
        for step, word in enumerate((*range(16), *_ORDER_2, *_ORDER_3)):
            if step < 16:
                mixed, constant, shifts = (b & c) | (~b & d), 0, (3, 7, 11, 19)
            elif step < 32:
                mixed, constant, shifts = (b & c) | (b & d) | (c & d), 0x5A827999, (3, 5, 9, 13)
            else:
                mixed, constant, shifts = b ^ c ^ d, 0x6ED9EBA1, (3, 9, 11, 15)
            total = (a + mixed + words[word] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, (total << shift | total >> (32 - shift)) & _MASK, b, c
        state = [(old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


class Rc4:
    """A key stream that goes on with every call."""

    def __init__(self, key: bytes) -> None:
        self._box = list(range(256))
        self._i = self._j = 0
        other = 0
        for index in range(256):
            other = (other + self._box[index] + key[index % len(key)]) & 0xFF
            self._box[index], self._box[other] = self._box[other], self._box[index]

    def apply(self, data: bytes) -> bytes:
        """Encrypt or decrypt."""
        box, out = self._box, bytearray()
        for byte in data:
            self._i = (self._i + 1) & 0xFF
            self._j = (self._j + box[self._i]) & 0xFF
            box[self._i], box[self._j] = box[self._j], box[self._i]
            out.append(byte ^ box[(box[self._i] + box[self._j]) & 0xFF])
        return bytes(out)
