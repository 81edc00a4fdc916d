# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tshark, a dissector that is not ours, reads out of a capture."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.interop.processes import need

SECONDS = 30.0

# A frame: the values of each field that was asked for, as tshark prints them; a field that is not there has none.
Frame = dict[str, list[str]]


def frames(capture: Path, port_is: str, wanted: str, fields: Sequence[str]) -> list[Frame]:
    """The frames that the display filter ``wanted`` leaves, with port 3389 read as ``port_is`` (tpkt, tls)."""
    asked = (part for field in fields for part in ("-e", field))
    found = json.loads(_run(capture, port_is, "-Y", wanted, "-T", "json", *asked))
    return [{field: frame["_source"]["layers"].get(field, []) for field in fields} for frame in found]


def text(capture: Path, port_is: str) -> str:
    """All that tshark prints of a capture."""
    return _run(capture, port_is, "-V")


def write(capture: Path, sent: Sequence[bytes]) -> None:
    """A capture of one connection to port 3389 in which a client sends ``sent``, one segment each, unanswered."""
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    sequence = 1
    for number, payload in enumerate(sent):
        tcp = struct.pack(">HHIIBBHHH", 50000, 3389, sequence, 1, 5 << 4, 0x18, 8192, 0, 0) + payload
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), number, 0, 64, 6, 0) + bytes([192, 0, 2, 1, 192, 0, 2, 2])
        frame = bytes(12) + b"\x08\x00" + ip + tcp
        data += struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame
        sequence += len(payload)
    capture.write_bytes(data)


def _run(capture: Path, port_is: str, *options: str) -> str:
    command = [need("tshark", "tshark"), "-n", "-r", str(capture), "-d", f"tcp.port==3389,{port_is}", *options]
    return subprocess.run(command, capture_output=True, timeout=SECONDS, check=True, text=True).stdout


def number(frame: Frame, field: str) -> int | None:
    """The only value of a field, which tshark prints in decimal or as 0x...; None where it is not there."""
    values = frame[field]
    assert len(values) <= 1
    return int(values[0], 0) if values else None


def octets(frame: Frame, field: str) -> bytes:
    """The only value of a field of bytes."""
    (value,) = frame[field]
    return bytes.fromhex(value.replace(":", ""))
