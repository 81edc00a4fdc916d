# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hashes and HMAC: the vectors of the RFCs, Python's hmac as the oracle, and a policy that forbids MD5."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import hashes

ROOT = Path(__file__).parents[4]
# With this, OpenSSL 3 is in FIPS mode, but for the provider: nothing is left for ordinary use.
POLICY = """openssl_conf = init
[init]
providers = providers
alg_section = algorithms
[providers]
default = default_provider
[default_provider]
activate = 1
[algorithms]
default_properties = fips=yes
"""
# Python's own MD5 and SHA-1 are taken away as well; Red Hat builds Python without them (MEM: unverified).
UNDER_POLICY = """
import sys
sys.modules["_md5"] = sys.modules["_sha1"] = None
import hashlib
try:
    hashlib.new("md5")
except ValueError:
    pass
else:
    sys.exit("MD5 is allowed")
from ansible_collections.winops.rdp.plugins.module_utils._wire.crypto import hashes
print(hashes.hmac("md5", b"Jefe", b"what do ya want for nothing?").hex(), hashes.digest("sha1", b"abc").hex())
"""


@pytest.mark.parametrize(
    ("name", "key", "data", "expected"),
    [
        # RFC 2104, appendix
        ("md5", b"\x0b" * 16, b"Hi There", "9294727a3638bb1c13f48ef8158bfc9d"),
        ("md5", b"Jefe", b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"),
        ("md5", b"\xaa" * 16, b"\xdd" * 50, "56be34521d144c88dbb8c733f0e8b3f6"),
        # RFC 2202, test case 6 of both: a key longer than a block
        (
            "md5",
            b"\xaa" * 80,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
        ),
        (
            "sha1",
            b"\xaa" * 80,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "aa4ae5e15272d00e95705637ce8a3b55ed402112",
        ),
        # RFC 4231 4.2
        ("sha256", b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    ],
)
def test_hmac_of_the_rfcs(name: str, key: bytes, data: bytes, expected: str) -> None:
    assert hashes.hmac(name, key, data).hex() == expected


@given(name=st.sampled_from(hashes.NAMES), key=st.binary(max_size=200), data=st.binary(max_size=300))
def test_like_the_standard_library(name: str, key: bytes, data: bytes) -> None:
    assert hashes.hmac(name, key, data) == hmac.digest(key, data, name)
    assert hashes.digest(name, data) == hashlib.new(name, data).digest()


@pytest.mark.parametrize("name", ["", "sha224", "shake_128", "MD5", "md5+sha1"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not known"):
        hashes.new(name)


def test_md5_and_sha1_where_the_policy_forbids_them(tmp_path: Path) -> None:
    policy = tmp_path / "openssl.cnf"
    policy.write_text(POLICY)
    environment = {**os.environ, "OPENSSL_CONF": str(policy), "PYTHONPATH": str(ROOT / ".collections")}
    done = subprocess.run(
        [sys.executable, "-c", UNDER_POLICY], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    if done.stderr.strip() == "MD5 is allowed":
        pytest.skip("this Python's OpenSSL does not take a policy from OPENSSL_CONF")
    assert done.stdout.split() == ["750c783e6ab0b503eaa86e310a5db738", "a9993e364706816aba3e25717850c26c9cd0d89d"], (
        done.stderr
    )
