# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ASN.1 with definite lengths: DER of CredSSP and SPNEGO, BER of MCS ([X690] 8.1)."""

from __future__ import annotations

SEQUENCE = 0x30
INTEGER = 0x02
OCTET_STRING = 0x04
ENUMERATED = 0x0A
OBJECT_IDENTIFIER = 0x06
_MORE_TAG_BYTES = 0x1F
_MAX_LENGTH_BYTES = 4


class MalformedData(ValueError):
    """Bytes of a client that are not what their place asks for; the connection ends."""


def context(number: int) -> int:
    """The tag of a constructed, context-specific element."""
    return 0xA0 + number


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element around the parts, with the shortest length."""
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x80 | (size.bit_length() + 7) // 8]) + _unsigned(size)
    return _unsigned(tag) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A signed INTEGER, or an ENUMERATED with that tag."""
    bits = (value if value >= 0 else ~value).bit_length()
    return tlv(tag, value.to_bytes(bits // 8 + 1, "big", signed=True))


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def header(data: bytes) -> tuple[int, int, int] | None:
    """(tag, offset of the content, its length) of the element at the start; None when the header is cut short."""
    if not data:
        return None
    tag, at = data[0], 1
    if tag & _MORE_TAG_BYTES == _MORE_TAG_BYTES:
        if len(data) < 2:
            return None
        if data[1] & 0x80:
            raise MalformedData("a tag of more than two bytes")
        tag, at = tag << 8 | data[1], 2
    if len(data) <= at:
        return None
    length, at = data[at], at + 1
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= _MAX_LENGTH_BYTES:
            raise MalformedData(f"a length of {count} bytes")
        if len(data) < at + count:
            return None
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    return tag, at, length


def total_length(data: bytes) -> int | None:
    """The length of the element that begins here, with its header; None while its header is not complete."""
    found = header(data)
    return None if found is None else found[1] + found[2]


def element(data: bytes, tag: int) -> bytes:
    """The content of the one element that the data must be."""
    found = header(data)
    if found is None or found[0] != tag or found[1] + found[2] != len(data):
        raise MalformedData(f"no element with tag 0x{tag:x}")
    return data[found[1] :]


def children(content: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of the elements one after the other."""
    found: list[tuple[int, bytes]] = []
    while content:
        start = header(content)
        if start is None or start[1] + start[2] > len(content):
            raise MalformedData("an element is cut short")
        tag, at, length = start
        found.append((tag, content[at : at + length]))
        content = content[at + length :]
    return found


def fields(content: bytes) -> dict[int, bytes]:
    """The members of a SEQUENCE with context-specific tags, by number; MalformedData for any other member."""
    found: dict[int, bytes] = {}
    for tag, value in children(content):
        if tag & 0xE0 != context(0) or tag - context(0) in found:
            raise MalformedData(f"unexpected element 0x{tag:x}")
        found[tag - context(0)] = value
    return found


def signed(content: bytes) -> int:
    """The value of an INTEGER's content."""
    if not content or len(content) > 8:
        raise MalformedData("an integer without a usable length")
    return int.from_bytes(content, "big", signed=True)
