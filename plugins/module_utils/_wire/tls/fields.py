# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Reads and writes the integers and vectors of TLS messages (RFC 8446 3)."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken


class Fields:
    """Reads the fields of ``data`` one after the other. Every error is Broken; ``where`` names the message in it."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._at = 0
        self._where = where

    @property
    def done(self) -> bool:
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Broken(f"its {self._where} is cut short")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def integer(self, size: int) -> int:
        """An unsigned integer of ``size`` bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """The content of a vector whose length stands before it in ``size`` bytes."""
        return self.take(self.integer(size))

    def inner(self, size: int) -> Fields:
        """A reader for the content of such a vector."""
        return Fields(self.vector(size), self._where)

    def read(self) -> bytes:
        """What has been read so far."""
        return self._data[: self._at]

    def end(self) -> None:
        """Raises Broken when something follows."""
        if not self.done:
            raise Broken(f"its {self._where} has {len(self._data) - self._at} bytes too many")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def vector(size: int, content: bytes) -> bytes:
    """``content`` with its length before it in ``size`` bytes."""
    return len(content).to_bytes(size, "big") + content
