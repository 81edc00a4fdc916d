# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The key exchange groups of TLS, X25519 (RFC 7748) and the NIST curves (SP 800-186), and ECDSA (FIPS 186-5).

Public keys and shared secrets are bytes as TLS carries them, private keys are integers.
"""

from __future__ import annotations

import secrets
from typing import Protocol, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import der

Point = Tuple[int, int, int]  # Jacobian coordinates: x / z^2, y / z^3; z = 0 is the point at infinity

INFINITY: Point = (1, 1, 0)


class Group(Protocol):
    """A Diffie-Hellman group. Whatever is wrong with a key raises ValueError."""

    @property
    def name(self) -> str: ...

    def new_private(self) -> int:
        """A random private key."""

    def public(self, private: int) -> bytes:
        """The public key to send."""

    def shared(self, private: int, peer: bytes) -> bytes:
        """The secret shared with the owner of the public key ``peer``."""


class Montgomery:
    """X25519. A private key is the little-endian value of RFC 7748's 32 bytes, clamped on use."""

    name = "x25519"
    _prime = 2**255 - 19

    def new_private(self) -> int:
        return secrets.randbits(256)

    def public(self, private: int) -> bytes:
        return self._ladder(private, 9).to_bytes(32, "little")

    def shared(self, private: int, peer: bytes) -> bytes:
        if len(peer) != 32:
            raise ValueError(f"an X25519 public key has 32 bytes, not {len(peer)}")
        secret = self._ladder(private, int.from_bytes(peer, "little") & (1 << 255) - 1)
        if secret == 0:
            raise ValueError("the X25519 public key is a point of small order")
        return secret.to_bytes(32, "little")

    def _ladder(self, scalar: int, u: int) -> int:
        """The u coordinate of a multiple (RFC 7748 5)."""
        prime = self._prime
        scalar = scalar & (1 << 254) - 8 | 1 << 254
        x2, z2, x3, z3 = 1, 0, u, 1
        swapped = 0
        for at in range(254, -1, -1):
            bit = scalar >> at & 1
            if bit != swapped:
                x2, z2, x3, z3 = x3, z3, x2, z2
                swapped = bit
            total, difference = x2 + z2, x2 - z2
            square, other = total * total % prime, difference * difference % prime
            gap = square - other
            left, right = (x3 - z3) * total % prime, (x3 + z3) * difference % prime
            x3, z3 = (left + right) ** 2 % prime, u * (left - right) ** 2 % prime
            x2, z2 = square * other % prime, gap * (square + 121665 * gap) % prime
        if swapped:
            x2, z2 = x3, z3
        return x2 * pow(z2, prime - 2, prime) % prime


class Weierstrass:
    """A NIST curve y^2 = x^3 - 3x + b over a prime field, with a base point of prime order and cofactor 1."""

    def __init__(self, name: str, prime: int, order: int, b: int, base: Tuple[int, int]) -> None:
        self.name = name
        self.order = order
        self._prime = prime
        self._b = b
        self.base: Point = (*base, 1)
        self._size = (prime.bit_length() + 7) // 8

    def new_private(self) -> int:
        return 1 + secrets.randbelow(self.order - 1)

    def public(self, private: int) -> bytes:
        x, y = self.affine(self.multiply(self._private(private), self.base))
        return b"\x04" + x.to_bytes(self._size, "big") + y.to_bytes(self._size, "big")

    def shared(self, private: int, peer: bytes) -> bytes:
        x, _y = self.affine(self.multiply(self._private(private), self.point(peer)))
        return x.to_bytes(self._size, "big")

    def _private(self, private: int) -> int:
        if not 0 < private < self.order:
            raise ValueError(f"the private key is not in the range of {self.name}")
        return private

    def point(self, encoded: bytes) -> Point:
        """An uncompressed point (SEC 1 2.3.4) that is on the curve."""
        if len(encoded) != 1 + 2 * self._size or encoded[0] != 4:
            raise ValueError(f"the public key is not an uncompressed point of {self.name}")
        x = int.from_bytes(encoded[1 : 1 + self._size], "big")
        y = int.from_bytes(encoded[1 + self._size :], "big")
        if x >= self._prime or y >= self._prime or (y * y - x * x * x + 3 * x - self._b) % self._prime:
            raise ValueError(f"the public key is not on the curve {self.name}")
        return x, y, 1

    def affine(self, point: Point) -> Tuple[int, int]:
        x, y, z = point
        inverse = pow(z, -1, self._prime)
        return x * inverse**2 % self._prime, y * inverse**3 % self._prime

    def multiply(self, scalar: int, point: Point) -> Point:
        total = INFINITY
        for bit in f"{scalar:b}":
            total = self._double(total)
            if bit == "1":
                total = self.add(total, point)
        return total

    def _double(self, point: Point) -> Point:
        """Twice a point, where a = -3 saves two squarings. Infinity stays infinity."""
        x, y, z = point
        prime = self._prime
        zz, yy = z * z % prime, y * y % prime
        slope = 3 * (x - zz) * (x + zz) % prime
        xyy = 4 * x * yy % prime
        x3 = (slope * slope - 2 * xyy) % prime
        return x3, (slope * (xyy - x3) - 8 * yy * yy) % prime, 2 * y * z % prime

    def add(self, one: Point, other: Point) -> Point:
        if not one[2]:
            return other
        if not other[2]:
            return one
        (x1, y1, z1), (x2, y2, z2), prime = one, other, self._prime
        zz1, zz2 = z1 * z1 % prime, z2 * z2 % prime
        u1, s1 = x1 * zz2 % prime, y1 * zz2 * z2 % prime
        across, up = (x2 * zz1 - u1) % prime, (y2 * zz1 * z1 - s1) % prime
        if not across:
            return INFINITY if up else self._double(one)
        square = across * across % prime
        cube, middle = square * across % prime, u1 * square % prime
        x3 = (up * up - cube - 2 * middle) % prime
        return x3, (up * (middle - x3) - s1 * cube) % prime, z1 * z2 * across % prime


def ecdsa_verify(group: Weierstrass, point: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether ``signature``, a DER SEQUENCE of r and s, is one of ``digest`` under the public key ``point``.

    A signature that cannot be read is False. A point that is none of ``group`` raises ValueError.
    """
    key = group.point(point)
    try:
        r, s = _signature(signature)
    except der.BadDer:
        return False
    order = group.order
    if not (0 < r < order and 0 < s < order):
        return False
    # FIPS 186-5 6.4.2: of a digest longer than the order, the leftmost bits count.
    value = int.from_bytes(digest, "big") >> max(8 * len(digest) - order.bit_length(), 0)
    inverse = pow(s, -1, order)
    total = group.add(group.multiply(value * inverse % order, group.base), group.multiply(r * inverse % order, key))
    return total[2] != 0 and group.affine(total)[0] % order == r


def _signature(encoded: bytes) -> Tuple[int, int]:
    outer = der.Reader(encoded)
    pair = outer.enter(der.SEQUENCE)
    outer.end()
    r, s = der.integer(pair.take(der.INTEGER)), der.integer(pair.take(der.INTEGER))
    pair.end()
    return r, s


X25519 = Montgomery()
P256 = Weierstrass(
    "secp256r1",
    prime=2**256 - 2**224 + 2**192 + 2**96 - 1,
    order=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    base=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
)
P384 = Weierstrass(
    "secp384r1",
    prime=2**384 - 2**128 - 2**96 + 2**32 - 1,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    b=0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    base=(
        0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
        0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    ),
)
P521 = Weierstrass(
    "secp521r1",
    prime=2**521 - 1,
    order=int(
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA"
        "51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
    b=int(
        "51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E"
        "156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00",
        16,
    ),
    base=(
        int(
            "C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DB"
            "AA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66",
            16,
        ),
        int(
            "11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E66"
            "2C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650",
            16,
        ),
    ),
)
