# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TPKT and X.224 connection request and confirm, with RDP's negotiation structures.

Sources: [MS-RDPBCGR] 2.2.1.1 (request), 2.2.1.1.1 (RDP_NEG_REQ), 2.2.1.1.2 (RDP_NEG_CORRELATION_INFO), 2.2.1.2
(confirm), 2.2.1.2.1 (RDP_NEG_RSP), 2.2.1.2.2 (RDP_NEG_FAILURE), 3.3.5.3.1 (what a server drops), 3.3.5.3.2 (field
values of the confirm: destination reference 0, source reference 0x1234, class 0); recorded packets agree.

What is dropped: 3.3.5.3.1 names a TPKT length that disagrees with the data, a PDU under 11 bytes and a class other
than 0 (it also says that the class field is to be ignored; the list of reasons to drop is followed here). A length
indicator that disagrees with the TPKT length, another TPDU code, another TPKT version, and data in the place of
rdpNegReq that is none are dropped too (MEM: unverified). A routing token and a cookie are ignored, also together.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

TPKT_HEADER_LENGTH = 4
MIN_REQUEST_LENGTH = 11
MAX_REQUEST_LENGTH = 4096
"""A bound of this lab, not of Windows: the TPKT length field is the client's to choose."""

_TPKT_VERSION = 3
_CONNECTION_REQUEST = 0xE0
_CONNECTION_CONFIRM = 0xD0
_SERVER_REFERENCE = 0x1234
_TYPE_RDP_NEG_REQ = 0x01
_TYPE_RDP_NEG_RSP = 0x02
_TYPE_RDP_NEG_FAILURE = 0x03
_TYPE_RDP_CORRELATION_INFO = 0x06
_CORRELATION_INFO_PRESENT = 0x08
_NEGOTIATION_LENGTH = 8
_CORRELATION_LENGTH = 36
_MAX_ROUTING_LINES = 2


class Protocol(IntFlag):
    """``requestedProtocols`` and ``selectedProtocol``."""

    RDP = 0x00
    SSL = 0x01
    HYBRID = 0x02
    RDSTLS = 0x04
    HYBRID_EX = 0x08
    RDSAAD = 0x10


class ResponseFlags(IntFlag):
    """``flags`` of RDP_NEG_RSP."""

    NONE = 0x00
    EXTENDED_CLIENT_DATA_SUPPORTED = 0x01
    DYNVC_GFX_PROTOCOL_SUPPORTED = 0x02
    RESERVED = 0x04
    RESTRICTED_ADMIN_MODE_SUPPORTED = 0x08
    REDIRECTED_AUTHENTICATION_MODE_SUPPORTED = 0x10


class FailureCode(IntEnum):
    """``failureCode`` of RDP_NEG_FAILURE."""

    SSL_REQUIRED_BY_SERVER = 1
    SSL_NOT_ALLOWED_BY_SERVER = 2
    SSL_CERT_NOT_ON_SERVER = 3
    INCONSISTENT_FLAGS = 4
    HYBRID_REQUIRED_BY_SERVER = 5
    SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER = 6


class MalformedRequest(ValueError):
    """The client's first PDU is not a connection request that a server goes on with."""


@dataclass(frozen=True)
class ConnectionRequest:
    """A parsed X.224 connection request."""

    routing: tuple[bytes, ...]
    """Routing token and cookie lines without their CR LF."""
    flags: int | None
    """``flags`` of RDP_NEG_REQ; ``None`` when the client sent no negotiation request."""
    requested_protocols: Protocol | None
    correlation_id: bytes | None


def tpkt_length(header: bytes) -> int:
    """The length of the whole PDU from its first four bytes; raises MalformedRequest when no request is that long."""
    version, _reserved, length = struct.unpack(">BBH", header)
    if version != _TPKT_VERSION:
        raise MalformedRequest(f"TPKT version {version}")
    if not MIN_REQUEST_LENGTH <= length <= MAX_REQUEST_LENGTH:
        raise MalformedRequest(f"TPKT length {length}")
    return int(length)


def parse_connection_request(pdu: bytes) -> ConnectionRequest:
    """Parse one whole TPKT; raises MalformedRequest for what a server drops."""
    if len(pdu) < MIN_REQUEST_LENGTH:
        raise MalformedRequest(f"{len(pdu)} bytes")
    if tpkt_length(pdu[:TPKT_HEADER_LENGTH]) != len(pdu):
        raise MalformedRequest("TPKT length disagrees with the data")
    indicator, code, _destination, _source, options = struct.unpack_from(">BBHHB", pdu, TPKT_HEADER_LENGTH)
    if indicator != len(pdu) - TPKT_HEADER_LENGTH - 1:
        raise MalformedRequest("X.224 length indicator disagrees with the data")
    if code != _CONNECTION_REQUEST:
        raise MalformedRequest(f"TPDU code 0x{code:02x}")
    if options >> 4:
        raise MalformedRequest(f"X.224 class {options >> 4}")
    return _parse_variable_part(pdu[MIN_REQUEST_LENGTH:])


def _parse_variable_part(data: bytes) -> ConnectionRequest:
    routing: list[bytes] = []
    # A line is looked for only where no negotiation request begins: its four protocol bytes may hold CR LF.
    while data and data[0] != _TYPE_RDP_NEG_REQ and len(routing) < _MAX_ROUTING_LINES:
        line, separator, rest = data.partition(b"\r\n")
        if not separator:
            raise MalformedRequest("routing token or cookie without an end")
        routing.append(line)
        data = rest
    if not data:
        return ConnectionRequest(tuple(routing), None, None, None)
    if len(data) < _NEGOTIATION_LENGTH:
        raise MalformedRequest("RDP_NEG_REQ cut short")
    kind, flags, length, protocols = struct.unpack_from("<BBHI", data)
    if kind != _TYPE_RDP_NEG_REQ or length != _NEGOTIATION_LENGTH:
        raise MalformedRequest(f"no RDP_NEG_REQ: type {kind}, length {length}")
    correlation_id = None
    if flags & _CORRELATION_INFO_PRESENT:
        correlation_id = _parse_correlation_info(data[_NEGOTIATION_LENGTH:])
    return ConnectionRequest(tuple(routing), flags, Protocol(protocols), correlation_id)


def _parse_correlation_info(data: bytes) -> bytes:
    if len(data) < _CORRELATION_LENGTH:
        raise MalformedRequest("RDP_NEG_CORRELATION_INFO cut short")
    kind, _flags, length = struct.unpack_from("<BBH", data)
    if kind != _TYPE_RDP_CORRELATION_INFO or length != _CORRELATION_LENGTH:
        raise MalformedRequest(f"no RDP_NEG_CORRELATION_INFO: type {kind}, length {length}")
    return data[4:20]


def negotiation_response(flags: ResponseFlags, selected: Protocol) -> bytes:
    """RDP_NEG_RSP."""
    return struct.pack("<BBHI", _TYPE_RDP_NEG_RSP, flags, _NEGOTIATION_LENGTH, selected)


def negotiation_failure(code: FailureCode) -> bytes:
    """RDP_NEG_FAILURE."""
    return struct.pack("<BBHI", _TYPE_RDP_NEG_FAILURE, 0, _NEGOTIATION_LENGTH, code)


def connection_confirm(negotiation: bytes = b"") -> bytes:
    """TPKT and X.224 connection confirm around RDP_NEG_RSP, RDP_NEG_FAILURE or nothing."""
    length = MIN_REQUEST_LENGTH + len(negotiation)
    indicator = length - TPKT_HEADER_LENGTH - 1
    header = struct.pack(">BBHBBHHB", _TPKT_VERSION, 0, length, indicator, _CONNECTION_CONFIRM, 0, _SERVER_REFERENCE, 0)
    return header + negotiation
