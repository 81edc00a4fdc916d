# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The first two NTLM messages, [MS-NLMP]: what a client asks for, and what the server's challenge says of the server.

Pure: bytes in, values out. No credentials take part: they would come with the third message, which is not here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Dict, Optional, Tuple

SIGNATURE = b"NTLMSSP\0"

_NEGOTIATE, _CHALLENGE = 1, 2

# [MS-NLMP] 2.2.2.5.
_UNICODE = 0x00000001
_TARGET_INFO = 0x00800000
_VERSION = 0x02000000

# The flags that clients of today send in CredSSP (logs of FreeRDP with Windows servers, nmap's rdp-ntlm-info): Unicode
# and OEM, target, signing and sealing, NTLM, extended session security, version, every key size. Extended session
# security makes the server add its target information, the version flag its version: [MS-NLMP] 3.2.5.1.1.
_ASKED = 0xE20882B7

# [MS-NLMP] 2.2.2.10. Windows 10 1809, which no server looks at; the last byte is NTLMSSP_REVISION_W2K3.
_OUR_VERSION = struct.pack("<BBH3xB", 10, 0, 17763, 15)

# [MS-NLMP] 2.2.2.1: AvId.
_AV_END = 0
_AV_NAMES: Dict[int, str] = {
    1: "netbios_computer",
    2: "netbios_domain",
    3: "dns_computer",
    4: "dns_domain",
    5: "dns_forest",
}
_AV_TIMESTAMP = 7

# The fixed part up to the context. The fields for target information and version came with later Windows.
_FIXED = 32
_TARGET_INFO_FIELDS = 40
_VERSION_FIELD = 48

_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=timezone.utc)


class BadNtlm(ValueError):
    """The bytes are not an NTLM challenge; the text says why, in a part of a sentence."""


@dataclass(frozen=True)
class Challenge:
    """What a CHALLENGE_MESSAGE says of its server. What it does not say is None."""

    flags: int
    target_name: Optional[str] = None  # the domain, or the computer where it is in none
    netbios_computer: Optional[str] = None
    netbios_domain: Optional[str] = None
    dns_computer: Optional[str] = None
    dns_domain: Optional[str] = None
    dns_forest: Optional[str] = None
    version: Optional[Tuple[int, int, int]] = None  # major, minor, build of Windows
    timestamp: Optional[datetime] = None  # aware, UTC: the server's clock when it made the challenge


def build_negotiate() -> bytes:
    """A NEGOTIATE_MESSAGE without names, [MS-NLMP] 2.2.1.1."""
    no_domain = no_workstation = struct.pack("<HHI", 0, 0, 0)
    return SIGNATURE + struct.pack("<II", _NEGOTIATE, _ASKED) + no_domain + no_workstation + _OUR_VERSION


def parse_challenge(data: bytes) -> Challenge:
    """The CHALLENGE_MESSAGE in ``data``, [MS-NLMP] 2.2.1.2. Raises BadNtlm."""
    if not data.startswith(SIGNATURE):
        raise BadNtlm("it does not begin with NTLMSSP")
    if len(data) < _FIXED:
        raise BadNtlm(f"it ends after {len(data)} bytes")
    (kind,) = struct.unpack_from("<I", data, 8)
    if kind != _CHALLENGE:
        raise BadNtlm(f"it is an NTLM message of type {kind} instead of a challenge (type 2)")
    (flags,) = struct.unpack_from("<I", data, 20)
    target_name = _field(data, 12, "target name")
    names: Dict[str, str] = {}
    timestamp = None
    if flags & _TARGET_INFO:
        names, timestamp = _target_info(_field(data, _TARGET_INFO_FIELDS, "target information"))
    return Challenge(
        flags=flags,
        target_name=_text(target_name, "utf-16-le" if flags & _UNICODE else "latin-1"),
        version=_version(data) if flags & _VERSION else None,
        timestamp=timestamp,
        **names,
    )


def _field(data: bytes, at: int, what: str) -> bytes:
    """The payload that the length, allocated length and offset at ``at`` point to."""
    if len(data) < at + 8:
        raise BadNtlm(f"it ends before the place of its {what}")
    length, _allocated, offset = struct.unpack_from("<HHI", data, at)
    if length and offset + length > len(data):
        raise BadNtlm(f"its {what} lies outside of it")
    return data[offset : offset + length]


def _target_info(data: bytes) -> Tuple[Dict[str, str], Optional[datetime]]:
    """The names and the time in a list of AV_PAIRs, [MS-NLMP] 2.2.2.1."""
    names: Dict[str, str] = {}
    timestamp = None
    at = 0
    while True:
        if len(data) < at + 4:
            raise BadNtlm("its target information has no end")
        identifier, length = struct.unpack_from("<HH", data, at)
        at += 4
        value = data[at : at + length]
        if len(value) < length:
            raise BadNtlm("its target information is cut short")
        at += length
        if identifier == _AV_END:
            return names, timestamp
        if identifier in _AV_NAMES:
            text = _text(value, "utf-16-le")  # also where the rest of the message is not in Unicode
            if text is not None:
                names[_AV_NAMES[identifier]] = text
        elif identifier == _AV_TIMESTAMP:
            timestamp = _filetime(value)


def _filetime(value: bytes) -> datetime:
    """A FILETIME: units of 100 ns since 1601. [MS-NLMP] calls it local time, but Windows sends UTC (as every client
    that sends it back in its response takes it)."""
    if len(value) != 8:
        raise BadNtlm(f"its time has {len(value)} bytes instead of 8")
    (ticks,) = struct.unpack("<Q", value)
    try:
        return _FILETIME_EPOCH + timedelta(microseconds=ticks // 10)
    except OverflowError as error:
        raise BadNtlm("its time is out of range") from error


def _version(data: bytes) -> Tuple[int, int, int]:
    if len(data) < _VERSION_FIELD + 8:
        raise BadNtlm("it ends before its version")
    major, minor, build = struct.unpack_from("<BBH", data, _VERSION_FIELD)
    return major, minor, build


def _text(value: bytes, codec: str) -> Optional[str]:
    """The text of a name; what would break a line or a terminal is replaced. None for an empty name."""
    text = value.decode(codec, "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text) or None
