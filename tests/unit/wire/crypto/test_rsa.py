# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RSA: `cryptography` signs and decrypts, we encrypt and verify."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import rsa as ours
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto.hashes import digest


def generate(bits: int) -> rsa.RSAPrivateKey:
    """A key with a modulus that begins with two ones: enough room below it to sign encodings with a bit too much."""
    while True:
        key = rsa.generate_private_key(65537, bits)
        if key.public_key().public_numbers().n >> bits - 2 == 3:
            return key


# With 1025 bits the encoded message of PSS is a byte shorter than the modulus, with 1031 it fills it but for 2 bits.
PRIVATE = {bits: generate(bits) for bits in (1024, 1025, 1031, 2048)}
KEYS = {
    bits: (key.public_key().public_numbers().n, key.public_key().public_numbers().e) for bits, key in PRIVATE.items()
}
N, E = KEYS[1024]
HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - what old servers sign with
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# RFC 8017 9.2, note 1: what stands before the digest
PREFIXES = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


def raw_sign(encoded: bytes, bits: int = 1024) -> bytes:
    """The bare private operation."""
    numbers = PRIVATE[bits].private_numbers()
    size = (bits + 7) // 8
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


def padded(content: bytes, size: int = 128) -> bytes:
    return b"\x00\x01" + b"\xff" * (size - 3 - len(content)) + b"\x00" + content


@pytest.mark.parametrize("bits", KEYS)
@settings(max_examples=15, deadline=None)
@given(message=st.binary(max_size=117))
def test_the_oracle_decrypts(bits: int, message: bytes) -> None:
    encrypted = ours.encrypt(*KEYS[bits], message)
    assert len(encrypted) == (bits + 7) // 8
    assert PRIVATE[bits].decrypt(encrypted, padding.PKCS1v15()) == message


def test_encryption_is_padded_at_random_and_without_zeros() -> None:
    assert ours.encrypt(N, E, b"") != ours.encrypt(N, E, b"")
    numbers = PRIVATE[1024].private_numbers()
    for _number in range(20):
        clear = pow(int.from_bytes(ours.encrypt(N, E, b"x" * 48), "big"), numbers.d, N).to_bytes(128, "big")
        assert clear[:2] == b"\x00\x02"
        assert clear.index(0, 2) == 128 - 48 - 1


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("bits", KEYS)
def test_pkcs1_like_the_oracle(bits: int, name: str) -> None:
    value = digest(name, b"server key exchange")
    signature = PRIVATE[bits].sign(value, padding.PKCS1v15(), Prehashed(HASHES[name]))
    assert ours.verify_pkcs1(*KEYS[bits], signature, value, name)
    assert not ours.verify_pkcs1(*KEYS[bits], signature, digest(name, b"another"), name)


@pytest.mark.parametrize("name", PREFIXES)
def test_pkcs1_encoding_of_rfc_8017(name: str) -> None:
    value = digest(name, b"data")
    prefix = bytes.fromhex(PREFIXES[name])
    assert ours.verify_pkcs1(N, E, raw_sign(padded(prefix + value)), value, name)
    # Without the NULL: both lengths are 2 less.
    bare = bytes([prefix[0], prefix[1] - 2, prefix[2], prefix[3] - 2]) + prefix[4:-4] + prefix[-2:]
    assert ours.verify_pkcs1(N, E, raw_sign(padded(bare + value)), value, name)


def test_pkcs1_of_old_tls() -> None:
    value = digest("md5", b"data") + digest("sha1", b"data")
    signature = raw_sign(padded(value))
    assert ours.verify_pkcs1(N, E, signature, value, "md5+sha1")
    assert not ours.verify_pkcs1(N, E, signature, bytes(36), "md5+sha1")


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(lambda good: b"\x00\x02" + good[2:], id="block type"),
        pytest.param(lambda good: good[:5] + b"\xfe" + good[6:], id="padding"),
        pytest.param(lambda good: good[:2] + good[12:] + bytes(10), id="data behind the digest"),
        pytest.param(lambda good: good[:-1] + bytes([good[-1] ^ 1]), id="digest"),
    ],
)
def test_pkcs1_refuses_other_encodings(encoded: object) -> None:
    value = digest("sha256", b"data")
    good = padded(bytes.fromhex(PREFIXES["sha256"]) + value)
    assert callable(encoded)
    assert not ours.verify_pkcs1(N, E, raw_sign(encoded(good)), value, "sha256")


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("bits", KEYS)
def test_pss_like_the_oracle(bits: int, name: str) -> None:
    value = digest(name, b"certificate verify")
    algorithm = HASHES[name]
    if (bits - 1 + 7) // 8 < 2 * algorithm.digest_size + 2:
        assert not ours.verify_pss(*KEYS[bits], bytes((bits + 7) // 8), value, name)  # the key is too small for it
        return
    for _number in range(8):  # other salts, so that leading zeros and masked bits vary
        signature = PRIVATE[bits].sign(
            value, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), Prehashed(algorithm)
        )
        assert ours.verify_pss(*KEYS[bits], signature, value, name)
        assert not ours.verify_pss(*KEYS[bits], signature, digest(name, b"another"), name)
    shorter = PRIVATE[bits].sign(
        value, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size - 1), Prehashed(algorithm)
    )
    assert not ours.verify_pss(*KEYS[bits], shorter, value, name)


def pss_encoding(value: bytes, bits: int, salt: bytes, padding_start: int, before_salt: int, trailer: int) -> bytes:
    """EMSA-PSS of RFC 8017 9.1.1 with SHA-256, for a modulus of ``bits``; the last three are 0, 1 and 0xBC."""
    size = (bits - 1 + 7) // 8
    hashed = digest("sha256", bytes(8) + value + salt)
    data = bytes([padding_start]) + bytes(size - 32 - 32 - 3) + bytes([before_salt]) + salt
    mask = b"".join(digest("sha256", hashed + counter.to_bytes(4, "big")) for counter in range(8))
    masked = bytearray(one ^ other for one, other in zip(data, mask, strict=False))
    masked[0] &= 0xFF >> 8 * size - (bits - 1)
    return bytes(masked) + hashed + bytes([trailer])


@pytest.mark.parametrize(
    ("bits", "padding_start", "before_salt", "trailer", "above", "valid"),
    [
        pytest.param(1024, 0, 1, 0xBC, 0, True, id="good, 1024 bits"),
        pytest.param(1025, 0, 1, 0xBC, 0, True, id="good, 1025 bits"),
        pytest.param(1024, 1, 1, 0xBC, 0, False, id="padding that is not zero"),
        pytest.param(1024, 0, 0, 0xBC, 0, False, id="no one before the salt"),
        pytest.param(1024, 0, 1, 0xCC, 0, False, id="another trailer"),
        pytest.param(1024, 0, 1, 0xBC, 1 << 1023, False, id="an unused bit is set"),
        pytest.param(1025, 0, 1, 0xBC, 1 << 1024, False, id="the byte in front is not zero"),
    ],
)
def test_pss_checks_every_part(
    bits: int, padding_start: int, before_salt: int, trailer: int, above: int, valid: bool
) -> None:
    n, e = KEYS[bits]
    value = digest("sha256", b"data")
    # Other salts until the encoding is below the modulus, which is every second one at least.
    for number in range(128):
        encoding = pss_encoding(value, bits, digest("sha256", bytes([number])), padding_start, before_salt, trailer)
        integer = int.from_bytes(encoding, "big") | above
        if integer < n:
            break
    size = (bits + 7) // 8
    assert integer < n
    assert ours.verify_pss(n, e, raw_sign(integer.to_bytes(size, "big"), bits), value, "sha256") is valid


def test_pss_with_a_hash_too_long_for_the_key() -> None:
    assert not ours.verify_pss(N, E, raw_sign(b"\0" * 127 + b"\xbc"), digest("sha512", b"data"), "sha512")


def test_pkcs1_with_too_little_padding() -> None:
    """A prime as the modulus: 76 bytes, which leave 6 of padding before SHA-384's 67; 8 are the least."""
    prime, e = 2**607 - 1, 65537
    value = digest("sha384", b"data")
    encoded = padded(bytes.fromhex(PREFIXES["sha384"]) + value, 76)
    signature = pow(int.from_bytes(encoded, "big"), pow(e, -1, prime - 1), prime).to_bytes(76, "big")
    assert pow(int.from_bytes(signature, "big"), e, prime) == int.from_bytes(encoded, "big")
    assert not ours.verify_pkcs1(prime, e, signature, value, "sha384")


@settings(max_examples=100, deadline=None)
@given(
    signature=st.binary(max_size=140) | st.binary(min_size=128, max_size=128),
    name=st.sampled_from(sorted(HASHES)),
    bits=st.sampled_from(sorted(KEYS)),
)
def test_malformed_signatures_are_false(signature: bytes, name: str, bits: int) -> None:
    value = digest(name, b"data")
    assert ours.verify_pkcs1(*KEYS[bits], signature, value, name) is False
    assert ours.verify_pss(*KEYS[bits], signature, value, name) is False


@settings(max_examples=50, deadline=None)
@given(encoded=st.binary(min_size=127, max_size=127), tail=st.sampled_from([b"", b"\xbc"]))
def test_pss_refuses_arbitrary_encodings(encoded: bytes, tail: bytes) -> None:
    """Behind the private operation, where a parser of the encoding would meet bytes that a server chose."""
    block = (b"\0" + encoded + tail)[-128:]
    block = bytes([block[0] & 0x7F]) + block[1:]
    if int.from_bytes(block, "big") < N:
        assert ours.verify_pss(N, E, raw_sign(block), digest("sha256", b"data"), "sha256") is False


def test_a_signature_beyond_the_modulus_is_false() -> None:
    """A good signature plus the modulus, which fits into 129 bytes."""
    n, e = KEYS[1025]
    value = digest("sha256", b"data")
    pkcs1 = raw_sign(padded(bytes.fromhex(PREFIXES["sha256"]) + value, 129), 1025)
    pss = raw_sign(b"\0" + pss_encoding(value, 1025, bytes(32), 0, 1, 0xBC), 1025)
    for verify, signature in ((ours.verify_pkcs1, pkcs1), (ours.verify_pss, pss)):
        assert verify(n, e, signature, value, "sha256")
        assert not verify(n, e, (int.from_bytes(signature, "big") + n).to_bytes(129, "big"), value, "sha256")


@settings(max_examples=100, deadline=None)
@given(n=st.integers(-5, 2**600), e=st.integers(-5, 2**66))
def test_arbitrary_keys_are_used_or_refused(n: int, e: int) -> None:
    value = digest("sha256", b"data")
    size = (max(n, 1).bit_length() + 7) // 8
    usable = n > 1 and 1 < e < 2**64
    if usable:
        assert not ours.verify_pkcs1(n, e, bytes(size), value, "sha256")
        assert not ours.verify_pss(n, e, bytes(size), value, "sha256")
        if size >= 11:
            assert len(ours.encrypt(n, e, b"")) == size
    else:
        with pytest.raises(ValueError, match="unusable"):
            ours.encrypt(n, e, b"")
        with pytest.raises(ValueError, match="unusable"):
            ours.verify_pkcs1(n, e, bytes(size), value, "sha256")
        with pytest.raises(ValueError, match="unusable"):
            ours.verify_pss(n, e, bytes(size), value, "sha256")


def test_keys_that_cost_time_are_refused() -> None:
    for n, e in ((2**16384 + 1, 3), (2**16384 - 1, 2**64 + 1)):
        with pytest.raises(ValueError, match="unusable"):
            ours.encrypt(n, e, b"")
    assert len(ours.encrypt(2**16384 - 1, 2**64 - 1, b"")) == 2048


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot encrypt"):
        ours.encrypt(N, E, bytes(118))
    for name, size in (("sha256", 20), ("md5+sha1", 16), ("sha1", 0)):
        with pytest.raises(ValueError, match="digest"):
            ours.verify_pkcs1(N, E, bytes(128), bytes(size), name)
    with pytest.raises(ValueError, match="digest"):
        ours.verify_pss(N, E, bytes(128), bytes(20), "sha256")
    for verify in (ours.verify_pkcs1, ours.verify_pss):
        with pytest.raises(ValueError, match="not known"):
            verify(N, E, bytes(128), bytes(28), "sha224")
