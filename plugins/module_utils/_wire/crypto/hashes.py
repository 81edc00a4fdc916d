# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The hash functions that TLS uses, and HMAC (RFC 2104), whatever the platform's policy says of MD5 and SHA-1."""

from __future__ import annotations

import hashlib
import sys

NAMES = ("md5", "sha1", "sha256", "sha384", "sha512")


def new(name: str) -> hashlib._Hash:
    """An object of hashlib for one of NAMES. Raises ValueError for another name, or if this Python has not got it."""
    if name not in NAMES:
        raise ValueError(f"the hash {name} is not known")
    if sys.version_info >= (3, 9):
        return hashlib.new(name, usedforsecurity=False)  # tells OpenSSL that FIPS policy does not apply
    return hashlib.new(name)  # where OpenSSL refuses, this goes on to Python's own code


def digest(name: str, data: bytes) -> bytes:
    """The hash of ``data``."""
    state = new(name)
    state.update(data)
    return state.digest()


def hmac(name: str, key: bytes, data: bytes) -> bytes:
    """The keyed hash of RFC 2104. Built by hand, because hmac.new asks OpenSSL, which may refuse MD5."""
    size = new(name).block_size
    if len(key) > size:
        key = digest(name, key)
    key = key.ljust(size, b"\0")
    inner = digest(name, bytes(byte ^ 0x36 for byte in key) + data)
    return digest(name, bytes(byte ^ 0x5C for byte in key) + inner)
