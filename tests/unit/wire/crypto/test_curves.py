# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key exchange and ECDSA: the vectors of the RFCs and of NIST, and `cryptography` as the oracle."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import curves
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto.hashes import digest

H = bytes.fromhex
NIST: list[tuple[curves.Weierstrass, ec.EllipticCurve]] = [
    (curves.P256, ec.SECP256R1()),
    (curves.P384, ec.SECP384R1()),
    (curves.P521, ec.SECP521R1()),
]
GROUPS: list[curves.Group] = [curves.X25519, curves.P256, curves.P384, curves.P521]
HASHES: list[tuple[str, hashes.HashAlgorithm]] = [
    ("sha1", hashes.SHA1()),  # noqa: S303 - what old servers sign with
    ("sha256", hashes.SHA256()),
    ("sha384", hashes.SHA384()),
    ("sha512", hashes.SHA512()),
]
# RFC 6979 A.2.5, SHA-256 of "sample"
KEY = H(
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
R = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
S = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
SAMPLE = digest("sha256", b"sample")
SIGNATURE = encode_dss_signature(R, S)


def little(text: str) -> int:
    return int.from_bytes(H(text), "little")


@pytest.mark.parametrize(
    ("scalar", "u", "result"),
    [
        # RFC 7748 5.2; the second one has a set top bit, which does not count
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ),
        # RFC 7748 6.1
        (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
        ),
    ],
)
def test_x25519_of_rfc_7748(scalar: str, u: str, result: str) -> None:
    assert curves.X25519.shared(little(scalar), H(u)).hex() == result


def test_x25519_public_key_of_rfc_7748() -> None:
    public = curves.X25519.public(little("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    assert public.hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"


@pytest.mark.parametrize(
    ("group", "private", "public", "peer", "secret"),
    [
        # The first vectors of NIST's CAVS for the ECC CDH primitive
        (
            curves.P256,
            0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534,
            "04ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230"
            "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
            "04700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
            "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
            "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
        ),
        (
            curves.P384,
            0x3CC3122A68F0D95027AD38C067916BA0EB8C38894D22E1B15618B6818A661774AD463B205DA88CF699AB4D43C9CF98A1,
            "049803807f2f6d2fd966cdd0290bd410c0190352fbec7ff6247de1302df86f25d34fe4a97bef60cff548355c015dbb3e5f"
            "ba26ca69ec2f5b5d9dad20cc9da711383a9dbe34ea3fa5a2af75b46502629ad54dd8b7d73a8abb06a3a3be47d650cc99",
            "04a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066"
            "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
            "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1",
        ),
    ],
)
def test_ecdh_of_nist(group: curves.Group, private: int, public: str, peer: str, secret: str) -> None:
    assert group.public(private).hex() == public
    assert group.shared(private, H(peer)).hex() == secret


@settings(max_examples=20, deadline=None)
@given(ours=st.binary(min_size=32, max_size=32), theirs=st.binary(min_size=32, max_size=32))
def test_x25519_like_the_oracle(ours: bytes, theirs: bytes) -> None:
    private, peer = (x25519.X25519PrivateKey.from_private_bytes(key) for key in (ours, theirs))
    scalar = int.from_bytes(ours, "little")
    assert curves.X25519.public(scalar) == private.public_key().public_bytes_raw()
    assert curves.X25519.shared(scalar, peer.public_key().public_bytes_raw()) == private.exchange(peer.public_key())


@pytest.mark.parametrize(("group", "curve"), NIST)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_ecdh_like_the_oracle(group: curves.Weierstrass, curve: ec.EllipticCurve, data: st.DataObject) -> None:
    # The ends of the range are where a chain of doublings and additions would go wrong.
    scalars = st.sampled_from([1, 2, 3, group.order - 2, group.order - 1]) | st.integers(1, group.order - 1)
    private, peer = (ec.derive_private_key(data.draw(scalars), curve) for _number in range(2))
    scalar = private.private_numbers().private_value
    public, other = (
        key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        for key in (private, peer)
    )
    assert group.public(scalar) == public
    assert group.shared(scalar, other) == private.exchange(ec.ECDH(), peer.public_key())


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_two_new_keys_agree(group: curves.Group) -> None:
    one, other = group.new_private(), group.new_private()
    assert one != other
    assert group.shared(one, group.public(other)) == group.shared(other, group.public(one))


@pytest.mark.parametrize("u", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18])
def test_x25519_refuses_points_of_small_order(u: int) -> None:
    with pytest.raises(ValueError, match="small order"):
        curves.X25519.shared(curves.X25519.new_private(), u.to_bytes(32, "little"))


@pytest.mark.parametrize("group", [curves.P256, curves.P384, curves.P521], ids=lambda group: group.name)
def test_private_keys_out_of_range_are_refused(group: curves.Weierstrass) -> None:
    for private in (-1, 0, group.order):
        with pytest.raises(ValueError, match="private key"):
            group.public(private)


def test_points_off_the_curve_are_refused() -> None:
    size = 32
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    y = int.from_bytes(KEY[33:], "big")
    for point in (
        b"",
        b"\x00",
        b"\x00" + KEY[1:],
        b"\x02" + KEY[1:33],
        KEY[:-1],
        KEY + b"\0",
        b"\x04" + bytes(2 * size),
        b"\x04" + b"\xff" * 2 * size,
        KEY[:33] + (y + 1).to_bytes(size, "big"),
        b"\x04" + KEY[33:] + KEY[1:33],
        # b is a square, so x = 0 is on the curve; as the prime it is the same point, written wrongly
        b"\x04" + prime.to_bytes(size, "big") + _root_of_b().to_bytes(size, "big"),
    ):
        with pytest.raises(ValueError, match="public key"):
            curves.P256.shared(1, point)
        with pytest.raises(ValueError, match="public key"):
            curves.ecdsa_verify(curves.P256, point, SAMPLE, SIGNATURE)
    assert curves.P256.shared(1, b"\x04" + bytes(size) + _root_of_b().to_bytes(size, "big")) == bytes(size)


def _root_of_b() -> int:
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    return pow(0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B, (prime + 1) // 4, prime)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_arbitrary_points_are_used_or_refused(group: curves.Group, data: st.DataObject) -> None:
    size = len(group.public(1))
    points = st.binary(max_size=140) | st.binary(min_size=size - 1, max_size=size - 1).map(lambda rest: b"\x04" + rest)
    point = data.draw(points)
    try:
        assert len(group.shared(1, point)) in (32, 48, 66)
    except ValueError:
        pass


def test_ecdsa_of_rfc_6979() -> None:
    assert curves.ecdsa_verify(curves.P256, KEY, SAMPLE, SIGNATURE)
    assert not curves.ecdsa_verify(curves.P256, KEY, digest("sha256", b"test"), SIGNATURE)


@pytest.mark.parametrize(("group", "curve"), NIST)
@pytest.mark.parametrize(("name", "algorithm"), HASHES)
def test_ecdsa_like_the_oracle(
    group: curves.Weierstrass, curve: ec.EllipticCurve, name: str, algorithm: hashes.HashAlgorithm
) -> None:
    """Digests shorter and longer than the order."""
    private = ec.generate_private_key(curve)
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    value = digest(name, b"server key exchange")
    signature = private.sign(value, ec.ECDSA(Prehashed(algorithm)))
    assert curves.ecdsa_verify(group, point, value, signature)
    assert not curves.ecdsa_verify(group, point, digest(name, b"another"), signature)
    r, s = decode_dss_signature(signature)
    assert curves.ecdsa_verify(group, point, value, encode_dss_signature(r, group.order - s))
    assert not curves.ecdsa_verify(group, point, value, encode_dss_signature(s, r))


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, S), (R, 0), (0, 0), (-R, S), (R + curves.P256.order, S), (R, S + curves.P256.order), (R, curves.P256.order)],
)
def test_ecdsa_numbers_out_of_range_are_false(r: int, s: int) -> None:
    numbers = b"".join(b"\x02\x22" + value.to_bytes(34, "big", signed=True) for value in (r, s))
    assert not curves.ecdsa_verify(curves.P256, KEY, SAMPLE, b"\x30" + bytes([len(numbers)]) + numbers)


def test_ecdsa_sums_that_double_and_vanish() -> None:
    """With the base point as the key, the sum to check is (digest + r) / s times it, and can be made anything."""
    group, nonce = curves.P256, 7
    base = group.public(1)
    r = int.from_bytes(group.public(nonce)[1:33], "big")
    s = 2 * r * pow(nonce, -1, group.order) % group.order
    # Two equal summands, which add up to nonce times the base point; and two that cancel out.
    assert curves.ecdsa_verify(group, base, r.to_bytes(32, "big"), encode_dss_signature(r, s))
    opposite = (group.order - r).to_bytes(32, "big")
    assert not curves.ecdsa_verify(group, base, opposite, encode_dss_signature(r, s))
    assert not curves.ecdsa_verify(group, base, opposite, encode_dss_signature(r, group.order - s))


def test_ecdsa_with_a_third_number_is_false() -> None:
    content = SIGNATURE[2:] + b"\x02\x01\x01"
    assert not curves.ecdsa_verify(curves.P256, KEY, SAMPLE, b"\x30" + bytes([len(content)]) + content)


@settings(max_examples=100, deadline=None)
@given(
    signature=st.binary(max_size=80)
    | st.tuples(st.integers(0, len(SIGNATURE) - 1), st.integers(1, 255)).map(
        lambda change: bytes(byte ^ (change[1] if at == change[0] else 0) for at, byte in enumerate(SIGNATURE))
    )
    | st.integers(0, len(SIGNATURE) - 1).map(lambda size: SIGNATURE[:size])
)
def test_malformed_signatures_are_false(signature: bytes) -> None:
    assert curves.ecdsa_verify(curves.P256, KEY, SAMPLE, signature) is False
    assert curves.ecdsa_verify(curves.P256, KEY, SAMPLE, SIGNATURE + b"\0") is False
