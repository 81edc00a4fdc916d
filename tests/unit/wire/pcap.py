# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TCP payloads in a classic pcap file of IPv4 over Ethernet: as much as the recorded RDP connections need."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ETHERNET = 1
_IPV4 = 0x0800
_VLAN = 0x8100
_TCP = 6


class Payload(NamedTuple):
    source: tuple[bytes, int]
    destination: tuple[bytes, int]
    sequence: int
    data: bytes


def payloads(path: Path) -> Iterator[Payload]:
    """Every TCP segment with data, in the order of the file."""
    raw = path.read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}[raw[:4]]
    assert struct.unpack_from(order + "I", raw, 20)[0] == _ETHERNET
    at = 24
    while at + 16 <= len(raw):
        (captured,) = struct.unpack_from(order + "I", raw, at + 8)
        frame = raw[at + 16 : at + 16 + captured]
        at += 16 + captured
        found = _payload(frame)
        if found is not None:
            yield found


def streams(path: Path) -> dict[tuple[tuple[bytes, int], tuple[bytes, int]], bytes]:
    """The bytes of each direction of each connection, put together by sequence number; gaps are closed up."""
    segments: dict[tuple[tuple[bytes, int], tuple[bytes, int]], dict[int, bytes]] = {}
    for payload in payloads(path):
        segments.setdefault((payload.source, payload.destination), {}).setdefault(payload.sequence, payload.data)
    return {key: b"".join(data for _sequence, data in sorted(parts.items())) for key, parts in segments.items()}


def _payload(frame: bytes) -> Payload | None:
    (kind,) = struct.unpack_from(">H", frame, 12)
    at = 14
    if kind == _VLAN:
        (kind,) = struct.unpack_from(">H", frame, 16)
        at = 18
    if kind != _IPV4 or frame[at + 9] != _TCP:
        return None
    total = struct.unpack_from(">H", frame, at + 2)[0]
    header = (frame[at] & 15) * 4
    source, destination = frame[at + 12 : at + 16], frame[at + 16 : at + 20]
    segment = frame[at + header : at + total]
    source_port, destination_port, sequence = struct.unpack_from(">HHI", segment)
    data = segment[(segment[12] >> 4) * 4 :]
    if not data:
        return None
    return Payload((source, source_port), (destination, destination_port), sequence, data)
