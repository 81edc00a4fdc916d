# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AES: the vectors of NIST, and `cryptography` as the oracle."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import aes

H = bytes.fromhex
KEYS = st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
BLOCK = st.binary(min_size=16, max_size=16)
NONCE = st.binary(min_size=12, max_size=12)
BLOCKS = st.integers(0, 8).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count))
# SP 800-38A appendix F and the GCM specification of McGrew and Viega, appendix B.
TEXT = H(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
IV = bytes(range(16))
GCM_TEXT = H(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
GCM_KEY, GCM_NONCE = H("feffe9928665731c6d6a8f9467308308"), H("cafebabefacedbaddecaf888")
GCM_AAD = H("feedfacedeadbeeffeedfacedeadbeefabaddad2")


@pytest.mark.parametrize(
    ("key", "iv", "text", "ciphertext"),
    [
        # FIPS 197 appendix C: one block, so CBC with a zero vector is the bare cipher.
        (16, None, "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (24, None, "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (32, None, "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"),
        # SP 800-38A F.2.1 and F.2.5
        (
            "2b7e151628aed2a6abf7158809cf4f3c",
            IV,
            TEXT.hex(),
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
            "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
        ),
        (
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            IV,
            TEXT.hex(),
            "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
            "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
        ),
    ],
)
def test_cbc_of_nist(key: int | str, iv: bytes | None, text: str, ciphertext: str) -> None:
    secret = bytes(range(key)) if isinstance(key, int) else H(key)
    assert aes.cbc_encrypt(secret, iv or bytes(16), H(text)).hex() == ciphertext
    assert aes.cbc_decrypt(secret, iv or bytes(16), H(ciphertext)).hex() == text


@pytest.mark.parametrize(
    ("key", "nonce", "text", "aad", "sealed"),
    [
        (bytes(16), bytes(12), b"", b"", "58e2fccefa7e3061367f1d57a4e7455a"),  # test case 1
        (
            bytes(16),
            bytes(12),
            bytes(16),
            b"",
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
        ),  # test case 2
        (
            GCM_KEY,
            GCM_NONCE,
            GCM_TEXT,
            GCM_AAD,
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        ),  # test case 4
        (
            GCM_KEY * 2,
            GCM_NONCE,
            GCM_TEXT,
            GCM_AAD,
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        ),  # test case 16
    ],
)
def test_gcm_of_its_specification(key: bytes, nonce: bytes, text: bytes, aad: bytes, sealed: str) -> None:
    assert aes.gcm_encrypt(key, nonce, text, aad).hex() == sealed
    assert aes.gcm_decrypt(key, nonce, H(sealed), aad) == text


@settings(max_examples=50, deadline=None)
@given(key=KEYS, iv=BLOCK, data=BLOCKS)
def test_cbc_like_the_oracle(key: bytes, iv: bytes, data: bytes) -> None:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(data) + encryptor.finalize()
    assert aes.cbc_encrypt(key, iv, data) == ciphertext
    assert aes.cbc_decrypt(key, iv, ciphertext) == data


@settings(max_examples=50, deadline=None)
@given(key=KEYS, nonce=NONCE, data=st.binary(max_size=200), aad=st.binary(max_size=60))
def test_gcm_like_the_oracle(key: bytes, nonce: bytes, data: bytes, aad: bytes) -> None:
    sealed = AESGCM(key).encrypt(nonce, data, aad)
    assert aes.gcm_encrypt(key, nonce, data, aad) == sealed
    assert aes.gcm_decrypt(key, nonce, sealed, aad) == data


def test_gcm_refuses_every_changed_byte() -> None:
    sealed = aes.gcm_encrypt(GCM_KEY, GCM_NONCE, GCM_TEXT, GCM_AAD)
    for at in range(len(sealed)):
        with pytest.raises(aes.BadTag):
            aes.gcm_decrypt(GCM_KEY, GCM_NONCE, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], GCM_AAD)
    for nonce, aad in ((bytes(12), GCM_AAD), (GCM_NONCE, GCM_AAD + b"\0")):
        with pytest.raises(aes.BadTag):
            aes.gcm_decrypt(GCM_KEY, nonce, sealed, aad)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=80), aad=st.binary(max_size=20))
def test_gcm_refuses_arbitrary_bytes(data: bytes, aad: bytes) -> None:
    with pytest.raises(aes.BadTag):
        aes.gcm_decrypt(GCM_KEY, GCM_NONCE, data, aad)


@pytest.mark.parametrize("call", [aes.cbc_encrypt, aes.cbc_decrypt])
@pytest.mark.parametrize(
    ("key", "iv", "data"), [(0, 16, 16), (15, 16, 0), (33, 16, 16), (16, 15, 16), (16, 17, 0), (16, 16, 15)]
)
def test_cbc_refuses_wrong_lengths(call: Callable[[bytes, bytes, bytes], bytes], key: int, iv: int, data: int) -> None:
    with pytest.raises(ValueError, match=r"bytes"):
        call(bytes(key), bytes(iv), bytes(data))


@pytest.mark.parametrize("call", [aes.gcm_encrypt, aes.gcm_decrypt])
@pytest.mark.parametrize(("key", "nonce"), [(0, 12), (20, 12), (16, 0), (16, 11), (16, 13)])
def test_gcm_refuses_wrong_lengths(call: Callable[[bytes, bytes, bytes, bytes], bytes], key: int, nonce: int) -> None:
    with pytest.raises(ValueError, match=r"bytes") as caught:
        call(bytes(key), bytes(nonce), bytes(32), b"")
    assert not isinstance(caught.value, aes.BadTag)
