# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RC4: the vectors of RFC 6229, and `cryptography` as the oracle."""

from __future__ import annotations

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import rc4


@pytest.mark.parametrize(
    ("key", "offset", "stream"),
    [
        (5, 0, "b2396305f03dc027ccc3524a0a1118a8"),
        (5, 16, "6982944f18fc82d589c403a47a0d0919"),
        (5, 240, "28cb1132c96ce286421dcaadb8b69eae"),
        (5, 1536, "d8729db41882259bee4f825325f5a130"),
        (7, 0, "293f02d47f37c9b633f2af5285feb46b"),
        (16, 0, "9ac7cc9a609d1ef7b2932899cde41b97"),
        (24, 0, "0595e57fe5f0bb3c706edac8a4b2db11"),
        (32, 0, "eaa6bd25880bf93d3f5d1e4ca2611d91"),
    ],
)
def test_the_vectors_of_rfc_6229(key: int, offset: int, stream: str) -> None:
    """The keys are 01 02 03 … of the given length."""
    assert rc4.Rc4(bytes(range(1, key + 1))).crypt(bytes(offset + 16))[offset:].hex() == stream


@given(
    key=st.sampled_from([5, 7, 8, 10, 16, 20, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    parts=st.lists(st.binary(max_size=300), max_size=4),
)
def test_like_the_oracle_and_with_its_state_kept(key: bytes, parts: list[bytes]) -> None:
    ours, theirs = rc4.Rc4(key), Cipher(ARC4(key), None).encryptor()
    assert [ours.crypt(part) for part in parts] == [theirs.update(part) for part in parts]


@pytest.mark.parametrize("size", [0, 257])
def test_a_key_of_a_wrong_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        rc4.Rc4(bytes(size))
