# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Triple DES with three keys (SP 800-67, FIPS 46-3) in CBC mode."""

from __future__ import annotations

from typing import List, Sequence, Tuple

BLOCK = 8
KEY = 24

# The tables of FIPS 46-3. Positions count from 1, the leftmost bit.
# fmt: off
_PERMUTATION = (
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
)
_CHOICE_1 = (
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
)
_CHOICE_2 = (
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
)
# fmt: on
_SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
# The initial permutation takes the even columns of the block's bits from bottom to top, then the odd ones.
_INITIAL = tuple(8 * row + column for column in (2, 4, 6, 8, 1, 3, 5, 7) for row in range(7, -1, -1))
_FINAL = tuple(_INITIAL.index(position) + 1 for position in range(1, 65))
# S1 to S8, four rows of 16 digits each.
_BOXES = (
    "e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d",
    "f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9",
    "a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c",
    "7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e",
    "2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453",
    "c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d",
    "4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c",
    "d2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b",
)


def cbc_encrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypts whole blocks; padding is the caller's. Raises ValueError for any length that does not fit."""
    keys = _key_schedule(key)
    previous = _checked(iv, data)
    blocks: List[bytes] = []
    for at in range(0, len(data), BLOCK):
        previous = _rounds(previous ^ int.from_bytes(data[at : at + BLOCK], "big"), keys)
        blocks.append(previous.to_bytes(BLOCK, "big"))
    return b"".join(blocks)


def cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Decrypts whole blocks and leaves the padding on. Raises ValueError for any length that does not fit."""
    keys = _key_schedule(key)[::-1]
    previous = _checked(iv, data)
    blocks: List[bytes] = []
    for at in range(0, len(data), BLOCK):
        block = int.from_bytes(data[at : at + BLOCK], "big")
        blocks.append((previous ^ _rounds(block, keys)).to_bytes(BLOCK, "big"))
        previous = block
    return b"".join(blocks)


def _checked(iv: bytes, data: bytes) -> int:
    """The initialization vector's value."""
    if len(iv) != BLOCK:
        raise ValueError(f"the 3DES initialization vector has {len(iv)} bytes, not {BLOCK}")
    if len(data) % BLOCK:
        raise ValueError(f"{len(data)} bytes are not whole 3DES blocks")
    return int.from_bytes(iv, "big")


def _permute(value: int, width: int, positions: Sequence[int]) -> int:
    """The bits of ``value``, which is ``width`` wide, that stand at ``positions``."""
    result = 0
    for position in positions:
        result = result << 1 | value >> width - position & 1
    return result


def _key_schedule(key: bytes) -> List[Tuple[int, ...]]:
    """The keys of all 48 rounds: encrypt with the first third of ``key``, decrypt, encrypt. Reversed, they decrypt."""
    if len(key) != KEY:
        raise ValueError(f"a 3DES key has {KEY} bytes, not {len(key)}")
    first, second, third = (_single_schedule(key[at : at + 8]) for at in (0, 8, 16))
    return first + second[::-1] + third


def _single_schedule(key: bytes) -> List[Tuple[int, ...]]:
    """The keys of 16 rounds, each as eight values of six bits."""
    chosen = _permute(int.from_bytes(key, "big"), 64, _CHOICE_1)
    left, right = chosen >> 28, chosen & 0xFFFFFFF
    keys: List[Tuple[int, ...]] = []
    for shift in _SHIFTS:
        left = (left << shift | left >> 28 - shift) & 0xFFFFFFF
        right = (right << shift | right >> 28 - shift) & 0xFFFFFFF
        whole = _permute(left << 28 | right, 56, _CHOICE_2)
        keys.append(tuple(whole >> 42 - 6 * box & 63 for box in range(8)))
    return keys


def _rounds(block: int, keys: List[Tuple[int, ...]]) -> int:
    """The three ciphers in one: the permutations between them cancel out, but each swaps the halves at its end."""
    whole = _permute(block, 64, _INITIAL)
    left, right = whole >> 32, whole & 0xFFFFFFFF
    for number, round_key in enumerate(keys):
        if number in (16, 32):
            left, right = right, left
        # The expansion: the half with its last bit before and its first bit behind, in overlapping groups of six.
        wide = (right & 1) << 33 | right << 1 | right >> 31
        mixed = 0
        for box, key in enumerate(round_key):
            mixed |= _MIXED[box][wide >> 28 - 4 * box & 63 ^ key]
        left, right = right, left ^ mixed
    return _permute(right << 32 | left, 64, _FINAL)


def _mixed(box: int) -> List[int]:
    """What one S-box gives for each of its 64 inputs, at its place after the permutation of the round's result."""
    rows = [[int(digit, 16) for digit in row] for row in _BOXES[box].split()]
    values = (rows[value >> 4 & 2 | value & 1][value >> 1 & 15] for value in range(64))
    return [_permute(value << 28 - 4 * box, 32, _PERMUTATION) for value in values]


_MIXED = [_mixed(box) for box in range(8)]
