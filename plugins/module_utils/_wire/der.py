# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The part of DER that certificates and CredSSP use: a reader, and a builder of single elements.

Definite lengths and single-byte tags only. Longer length forms than needed are let pass: some old Windows
certificates are not quite DER. Every error is BadDer, whatever the bytes are.
"""

from __future__ import annotations

from typing import Tuple

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OID = 0x06
SEQUENCE = 0x30
SET = 0x31
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18


class BadDer(ValueError):
    """The bytes are not the DER that was expected; the text says where and why."""


class Reader:
    """Reads the elements of ``data`` one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._data)

    def peek(self) -> int:
        """The next tag. Raises BadDer at the end."""
        if self.done:
            raise BadDer("an element is missing at the end")
        return self._data[self._at]

    def element(self) -> Tuple[int, bytes, bytes]:
        """The next element: its tag, its content, and all of its bytes."""
        start = self._at
        tag = self.peek()
        if tag & 0x1F == 0x1F:
            raise BadDer("a tag of more than one byte is not expected")
        length, begin = self._length(start + 1)
        end = begin + length
        if end > len(self._data):
            raise BadDer(f"an element of {length} bytes is cut short")
        self._at = end
        return tag, self._data[begin:end], self._data[start:end]

    def take(self, tag: int) -> bytes:
        """The content of the next element, which must have ``tag``."""
        found, content, _whole = self.element()
        if found != tag:
            raise BadDer(f"tag 0x{tag:02X} is expected, not 0x{found:02X}")
        return content

    def enter(self, tag: int) -> Reader:
        """A reader for the content of the next element, which must have ``tag``."""
        return Reader(self.take(tag))

    def skip(self, tag: int) -> None:
        """Passes the next element when it has ``tag``."""
        if not self.done and self.peek() == tag:
            self.element()

    def end(self) -> None:
        """Raises BadDer when something follows."""
        if not self.done:
            raise BadDer(f"{len(self._data) - self._at} bytes follow the last element")

    def _length(self, at: int) -> Tuple[int, int]:
        if at >= len(self._data):
            raise BadDer("a length is missing at the end")
        first = self._data[at]
        if first < 0x80:
            return first, at + 1
        size = first & 0x7F
        if not 1 <= size <= 4:
            raise BadDer("an indefinite or oversized length is not DER")
        if at + 1 + size > len(self._data):
            raise BadDer("a length is cut short")
        return int.from_bytes(self._data[at + 1 : at + 1 + size], "big"), at + 1 + size


def integer(content: bytes) -> int:
    """The value of an INTEGER's content."""
    if not content:
        raise BadDer("an INTEGER has no content")
    return int.from_bytes(content, "big", signed=True)


def oid(content: bytes) -> str:
    """The dotted text of an OBJECT IDENTIFIER's content."""
    if not content or content[-1] & 0x80:
        raise BadDer("an OBJECT IDENTIFIER is cut short")
    if len(content) > 64:
        raise BadDer("an OBJECT IDENTIFIER is too long")
    arcs = []
    value = 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [top, arcs[0] - 40 * top] + arcs[1:])


def bits(content: bytes) -> bytes:
    """The bytes of a BIT STRING's content that has no unused bits."""
    if not content or content[0] != 0:
        raise BadDer("a BIT STRING of whole bytes is expected")
    return content[1:]


def build(tag: int, content: bytes) -> bytes:
    """An element with a single-byte tag and the shortest length form."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def whole_length(start: bytes) -> int:
    """The length of the element that begins with ``start``, which must hold its tag and length."""
    length, begin = Reader(start)._length(1)
    return begin + length
