# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The stream cipher RC4 (RFC 7465 names why it is forbidden in TLS; its test vectors are in RFC 6229)."""

from __future__ import annotations


class Rc4:
    """One direction of a connection: the state goes on from one call to the next."""

    def __init__(self, key: bytes) -> None:
        if not 1 <= len(key) <= 256:
            raise ValueError(f"an RC4 key has 1 to 256 bytes, not {len(key)}")
        state = list(range(256))
        j = 0
        for i in range(256):
            j = j + state[i] + key[i % len(key)] & 0xFF
            state[i], state[j] = state[j], state[i]
        self._state = state
        self._i = self._j = 0

    def crypt(self, data: bytes) -> bytes:
        """Encrypts or decrypts, which is the same."""
        state, i, j = self._state, self._i, self._j
        out = bytearray()
        for byte in data:
            i = i + 1 & 0xFF
            j = j + state[i] & 0xFF
            state[i], state[j] = state[j], state[i]
            out.append(byte ^ state[state[i] + state[j] & 0xFF])
        self._i, self._j = i, j
        return bytes(out)
