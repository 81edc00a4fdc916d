# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The X.224 connection request and confirm of RDP, with their TPKT header and negotiation data.

Pure: bytes in, values out. The layouts and values are those of [MS-RDPBCGR] 2.2.1.1 (request), 2.2.1.1.1 (negotiation
request), 2.2.1.2 (confirm), 2.2.1.2.1 (negotiation response) and 2.2.1.2.2 (negotiation failure).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

# [MS-RDPBCGR] 2.2.1.1.1 and 2.2.1.2.1: requestedProtocols and selectedProtocol.
PROTOCOL_RDP = 0x00
PROTOCOL_SSL = 0x01
PROTOCOL_HYBRID = 0x02
PROTOCOL_RDSTLS = 0x04
PROTOCOL_HYBRID_EX = 0x08
PROTOCOL_RDSAAD = 0x10

# The request that asks for one protocol and no other. 2.2.1.1.1: CredSSP brings TLS, and early user authorization
# brings CredSSP.
SINGLE_REQUESTS: Dict[str, int] = {
    "rdp": PROTOCOL_RDP,
    "tls": PROTOCOL_SSL,
    "credssp": PROTOCOL_SSL | PROTOCOL_HYBRID,
    "credssp_early_auth": PROTOCOL_SSL | PROTOCOL_HYBRID | PROTOCOL_HYBRID_EX,
    "rdstls": PROTOCOL_RDSTLS,
    "entra": PROTOCOL_RDSAAD,
}

# What today's mstsc asks for when no Entra sign-in is wanted.
MODERN_CLIENT = PROTOCOL_SSL | PROTOCOL_HYBRID | PROTOCOL_HYBRID_EX

PROTOCOLS: Dict[int, str] = {
    PROTOCOL_RDP: "rdp",
    PROTOCOL_SSL: "tls",
    PROTOCOL_HYBRID: "credssp",
    PROTOCOL_RDSTLS: "rdstls",
    PROTOCOL_HYBRID_EX: "credssp_early_auth",
    PROTOCOL_RDSAAD: "entra",
}

# [MS-RDPBCGR] 2.2.1.2.1: flags of the negotiation response.
RESPONSE_FLAGS: Dict[int, str] = {
    0x01: "EXTENDED_CLIENT_DATA_SUPPORTED",
    0x02: "DYNVC_GFX_PROTOCOL_SUPPORTED",
    0x04: "NEGRSP_FLAG_RESERVED",
    0x08: "RESTRICTED_ADMIN_MODE_SUPPORTED",
    0x10: "REDIRECTED_AUTHENTICATION_MODE_SUPPORTED",
}


@dataclass(frozen=True)
class Failure:
    """One failureCode: Microsoft's name and what it says, in our words."""

    name: str
    meaning: str


# [MS-RDPBCGR] 2.2.1.2.2: failureCode. Code 7 is in newer revisions of that section only.
FAILURES: Dict[int, Failure] = {
    1: Failure("SSL_REQUIRED_BY_SERVER", "the server takes clients with TLS or CredSSP only"),
    2: Failure(
        "SSL_NOT_ALLOWED_BY_SERVER", "the server is set to standard RDP security and offers neither TLS nor CredSSP"
    ),
    3: Failure("SSL_CERT_NOT_ON_SERVER", "the server has no valid certificate to start TLS with"),
    4: Failure("INCONSISTENT_FLAGS", "the request does not fit the security protocol that is already in use"),
    5: Failure(
        "HYBRID_REQUIRED_BY_SERVER", "the server takes clients with CredSSP (network level authentication) only"
    ),
    6: Failure(
        "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
        "the server takes clients with TLS and a client certificate only (RDP 6.0: Vista, Server 2008)",
    ),
    7: Failure("ENTRA_AUTH_REQUIRED_BY_SERVER", "the server takes clients with Microsoft Entra authentication only"),
}

TPKT_HEADER = 4
# The length indicator of a TPDU is one byte, at most 254, and does not count itself.
LARGEST_CONFIRM = TPKT_HEADER + 1 + 254

_TPKT_VERSION = 3
_CONNECTION_REQUEST = 0xE0
_CONNECTION_CONFIRM = 0xD0
_DISCONNECT_REQUEST = 0x80
_FIXED_PART = 6  # of a TPDU, after its length indicator
_NEGOTIATION = 8
_TYPE_REQUEST, _TYPE_RESPONSE, _TYPE_FAILURE = 1, 2, 3


class BadConfirm(ValueError):
    """The peer's answer is not an X.224 connection confirm of RDP; the text says why, in a part of a sentence."""


@dataclass(frozen=True)
class Confirm:
    """A connection confirm. ``selected`` and ``failure_code`` are both None when it has no negotiation data."""

    selected: Optional[int] = None
    flags: int = 0
    failure_code: Optional[int] = None


def protocol_names(mask: int) -> List[str]:
    """The names of the protocols in a requestedProtocols mask, in the order of their bits."""
    if mask == PROTOCOL_RDP:
        return [PROTOCOLS[PROTOCOL_RDP]]
    return [name for bit, name in sorted(PROTOCOLS.items()) if bit and mask & bit]


def failure_name(code: int) -> Optional[str]:
    """Microsoft's name of a failureCode, None for an unknown one."""
    known = FAILURES.get(code)
    return known.name if known else None


def flag_names(flags: int) -> List[str]:
    """Microsoft's names of the response flags that are set; an undefined bit becomes its hexadecimal value."""
    return [RESPONSE_FLAGS.get(1 << n, f"0x{1 << n:02X}") for n in range(8) if flags & (1 << n)]


def build_request(protocols: int = MODERN_CLIENT) -> bytes:
    """A connection request that asks for ``protocols``, without a cookie: that would carry a user's name."""
    negotiation = struct.pack("<BBHI", _TYPE_REQUEST, 0, _NEGOTIATION, protocols)
    # Both references and the class are zero: [MS-RDPBCGR] 3.2.5.3.1.
    tpdu = struct.pack(">BBHHB", _FIXED_PART + _NEGOTIATION, _CONNECTION_REQUEST, 0, 0, 0) + negotiation
    return struct.pack(">BBH", _TPKT_VERSION, 0, TPKT_HEADER + len(tpdu)) + tpdu


def confirm_length(header: bytes) -> int:
    """The length of the whole confirm, from the first four bytes. Raises BadConfirm when it can not be one."""
    if len(header) < TPKT_HEADER:
        raise BadConfirm(f"it ends after {len(header)} bytes")
    version, _reserved, length = struct.unpack(">BBH", header[:TPKT_HEADER])
    if version != _TPKT_VERSION:
        raise BadConfirm(f"it is {_guess(header)}")
    if not TPKT_HEADER + 1 + _FIXED_PART <= length <= LARGEST_CONFIRM:
        raise BadConfirm(f"its TPKT length {length} does not fit a connection confirm")
    return int(length)


def parse_confirm(data: bytes) -> Confirm:
    """The connection confirm in ``data``, which must be exactly one TPKT packet. Raises BadConfirm."""
    length = confirm_length(data)
    if len(data) != length:
        raise BadConfirm(f"its TPKT length is {length}, but {len(data)} bytes came")
    indicator, kind = data[4], data[5] & 0xF0
    if indicator != length - TPKT_HEADER - 1:
        raise BadConfirm(f"its X.224 length {indicator} contradicts its TPKT length {length}")
    if kind == _DISCONNECT_REQUEST:
        raise BadConfirm("it is an X.224 disconnect request")
    if kind != _CONNECTION_CONFIRM:
        raise BadConfirm(f"it is an X.224 TPDU of type 0x{data[5]:02X}")
    negotiation = data[TPKT_HEADER + 1 + _FIXED_PART :]
    if not negotiation:
        return Confirm()
    return _parse_negotiation(negotiation)


def _parse_negotiation(data: bytes) -> Confirm:
    if len(data) != _NEGOTIATION:
        raise BadConfirm(f"its negotiation data has {len(data)} bytes instead of {_NEGOTIATION}")
    kind, flags, length, value = _unpack_negotiation(data)
    if length != _NEGOTIATION:
        raise BadConfirm(f"its negotiation data says that it has {length} bytes instead of {_NEGOTIATION}")
    if kind == _TYPE_FAILURE:
        return Confirm(failure_code=value)
    if kind != _TYPE_RESPONSE:
        raise BadConfirm(f"its negotiation data has the unknown type 0x{kind:02X}")
    if value not in PROTOCOLS:
        raise BadConfirm(f"it selects the unknown security protocol 0x{value:X}")
    return Confirm(selected=value, flags=flags)


def _unpack_negotiation(data: bytes) -> Tuple[int, int, int, int]:
    kind, flags, length, value = struct.unpack("<BBHI", data)
    return int(kind), int(flags), int(length), int(value)


def _guess(start: bytes) -> str:
    """What a peer that does not speak RDP seems to speak, from its first four bytes."""
    if start.startswith(b"HTTP"):
        return "an HTTP answer"
    if start.startswith(b"SSH-"):
        return "an SSH greeting"
    if start[0] in (0x14, 0x15, 0x16) and start[1] == 3:
        return "a TLS record"
    return f"not RDP (it begins with {start[:TPKT_HEADER].hex(' ').upper()})"
