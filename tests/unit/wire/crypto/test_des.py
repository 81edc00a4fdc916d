# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Triple DES: the vectors of SP 800-67, and `cryptography` as the oracle."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import des

BLOCKS = st.integers(0, 8).flatmap(lambda count: st.binary(min_size=8 * count, max_size=8 * count))


def test_the_example_of_sp_800_67() -> None:
    """Appendix B.1: three blocks without chaining, so each one is CBC with a zero vector."""
    key = bytes.fromhex("0123456789abcdef23456789abcdef01456789abcdef0123")
    text = b"The qufck brown fox jump"
    ciphertext = bytes.fromhex("a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900")
    for at in range(0, 24, 8):
        assert des.cbc_encrypt(key, bytes(8), text[at : at + 8]) == ciphertext[at : at + 8]
        assert des.cbc_decrypt(key, bytes(8), ciphertext[at : at + 8]) == text[at : at + 8]


def test_equal_keys_are_single_des() -> None:
    """The example of a key and block that FIPS 46-3's literature works through: 133457799BBCDFF1."""
    key = bytes.fromhex("133457799bbcdff1") * 3
    assert des.cbc_encrypt(key, bytes(8), bytes.fromhex("0123456789abcdef")).hex() == "85e813540f0ab405"


@settings(max_examples=50, deadline=None)
@given(key=st.binary(min_size=24, max_size=24), iv=st.binary(min_size=8, max_size=8), data=BLOCKS)
def test_like_the_oracle(key: bytes, iv: bytes, data: bytes) -> None:
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(data) + encryptor.finalize()
    assert des.cbc_encrypt(key, iv, data) == ciphertext
    assert des.cbc_decrypt(key, iv, ciphertext) == data


@pytest.mark.parametrize("call", [des.cbc_encrypt, des.cbc_decrypt])
@pytest.mark.parametrize(("key", "iv", "data"), [(16, 8, 8), (25, 8, 0), (24, 7, 8), (24, 9, 0), (24, 8, 7)])
def test_wrong_lengths_are_refused(call: Callable[[bytes, bytes, bytes], bytes], key: int, iv: int, data: int) -> None:
    with pytest.raises(ValueError, match=r"bytes"):
        call(bytes(key), bytes(iv), bytes(data))
