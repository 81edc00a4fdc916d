# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MCS Connect Initial and Connect Response with the GCC data in them.

Sources: [MS-RDPBCGR] 2.2.1.3 and 2.2.1.4 (PDUs and data blocks), 3.3.5.3.3 (what a server checks, how it merges the
domain parameters), 4.1.3 and 4.1.4 (examples); T.125 section 7 (Connect-Initial and -Response), T.124 section 8.7 (GCC,
whose fixed octets are taken from the examples). Recorded answers of Windows come out byte by byte.

Decisions:
* A Connect Initial that does not parse, whose domain parameters cannot be merged, or whose serverSelectedProtocol is
  not the protocol that was selected (absent is 0), is answered with nothing and the connection ends.
* The blocks of the answer are core, network and security data. Message channel and multitransport are left out, as by
  a server that does not have them (optional blocks).
* The version in the core data is RDP 5.0 to 8.1 before Windows 10, and the version of the build from there on (the
  pairing of builds with 10.x is MEM: unverified beyond 10.6 for build 17763, which published scans show).
* earlyCapabilityFlags are sent from Windows 8 on, with the three known flags (MEM: unverified); before XP's successor
  there is not even clientRequestedProtocols (recorded: RDP-003.pcap).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tests.lab.rdp import der
from tests.lab.rdp.der import MalformedData
from tests.lab.rdp.standard_security import EncryptionMethod, server_security_data
from tests.lab.rdp.state import ListenerState
from tests.lab.rdp.x224 import TPKT_HEADER_LENGTH, Protocol

DATA_TPDU = bytes.fromhex("02f080")
MAX_PDU_LENGTH = 32768
"""A bound of this lab, not of Windows: the TPKT length field is the client's to choose."""
_CONNECT_INITIAL = 0x7F65
_CONNECT_RESPONSE = 0x7F66
_GCC_OBJECT = bytes.fromhex("000500147c0001")
_CREATE_REQUEST = bytes.fromhex("0008001000 01c000") + b"Duca"
_CREATE_RESPONSE = bytes.fromhex("2a14760a01010001c000") + b"McDn"
_CS_CORE, _CS_SECURITY, _CS_NET = 0xC001, 0xC002, 0xC003
_SC_CORE, _SC_SECURITY, _SC_NET = 0x0C01, 0x0C02, 0x0C03
_CORE_LENGTH = 128
_SELECTED_PROTOCOL_AT = 208
_CHANNEL_LENGTH = 12
_MAX_CHANNELS = 31
_IO_CHANNEL = 1003
_RDP_5 = 0x00080004
_RDP_10 = (
    (26100, 0x00080011),
    (22621, 0x00080010),
    (22000, 0x0008000F),
    (20348, 0x0008000E),
    (19041, 0x0008000D),
    (18362, 0x0008000C),
    (17763, 0x0008000B),
    (17134, 0x0008000A),
    (16299, 0x00080009),
    (15063, 0x00080008),
    (14393, 0x00080007),
    (10586, 0x00080006),
    (10240, 0x00080005),
)
_EARLY_CAPABILITIES = 0x7
_WINDOWS_8 = (6, 2, 0)


@dataclass(frozen=True)
class DomainParameters:
    """T.125 DomainParameters, in their order."""

    max_channel_ids: int
    max_user_ids: int
    max_token_ids: int
    num_priorities: int
    min_throughput: int
    max_height: int
    max_mcs_pdu_size: int
    protocol_version: int

    def encode(self) -> bytes:
        values = (
            self.max_channel_ids,
            self.max_user_ids,
            self.max_token_ids,
            self.num_priorities,
            self.min_throughput,
            self.max_height,
            self.max_mcs_pdu_size,
            self.protocol_version,
        )
        return der.tlv(der.SEQUENCE, *(der.integer(value) for value in values))

    @staticmethod
    def decode(content: bytes) -> DomainParameters:
        members = der.children(content)
        if len(members) != 8 or any(tag != der.INTEGER for tag, _value in members):
            raise MalformedData("no DomainParameters")
        # Clients write 65535 in two octets, so these are read as unsigned.
        return DomainParameters(*(int.from_bytes(value[:8], "big") for _tag, value in members))


@dataclass(frozen=True)
class ConnectInitial:
    """What the server needs of a Connect Initial."""

    parameters: DomainParameters
    """Merged already."""
    selected_protocol: Protocol
    encryption_methods: int
    encryption_methods_french: int
    channels: tuple[bytes, ...]


def pdu_length(start: bytes) -> int:
    """The length of a TPKT from its first four bytes."""
    version, _reserved, length = struct.unpack(">BBH", start)
    if version != 3 or not TPKT_HEADER_LENGTH + len(DATA_TPDU) <= length <= MAX_PDU_LENGTH:
        raise MalformedData(f"no TPKT: version {version}, length {length}")
    return int(length)


def parse_connect_initial(pdu: bytes) -> ConnectInitial:
    """Parse one whole TPKT; MalformedData for what a server drops."""
    payload = pdu[TPKT_HEADER_LENGTH:]
    if not payload.startswith(DATA_TPDU):
        raise MalformedData("no X.224 data")
    members = der.children(der.element(payload[len(DATA_TPDU) :], _CONNECT_INITIAL))
    if [tag for tag, _value in members] != [4, 4, 1, *3 * [der.SEQUENCE], 4]:
        raise MalformedData("no Connect-Initial")
    target, minimum, maximum = (DomainParameters.decode(members[index][1]) for index in (3, 4, 5))
    blocks = _blocks(_gcc_user_data(members[6][1]))
    core, security, net = (blocks.get(kind, b"") for kind in (_CS_CORE, _CS_SECURITY, _CS_NET))
    if len(core) < _CORE_LENGTH or len(security) < 8:
        raise MalformedData("core or security data is missing")
    selected = core[_SELECTED_PROTOCOL_AT : _SELECTED_PROTOCOL_AT + 4]
    methods, french = struct.unpack_from("<II", security)
    return ConnectInitial(
        merge(target, minimum, maximum),
        Protocol(int.from_bytes(selected, "little") if len(selected) == 4 else 0),
        methods,
        french,
        _channels(net),
    )


def _gcc_user_data(data: bytes) -> bytes:
    if not data.startswith(_GCC_OBJECT):
        raise MalformedData("no GCC connect data")
    connect_pdu = _sized(data[len(_GCC_OBJECT) :])
    if not connect_pdu.startswith(_CREATE_REQUEST):
        raise MalformedData("no GCC Conference Create Request")
    return _sized(connect_pdu[len(_CREATE_REQUEST) :])


def _sized(data: bytes) -> bytes:
    """What a PER length determinant stands before; it must reach to the end."""
    if len(data) < 2:
        raise MalformedData("a PER length is missing")
    length, at = (int.from_bytes(data[:2], "big") & 0x3FFF, 2) if data[0] & 0x80 else (data[0], 1)
    if len(data) != at + length:
        raise MalformedData("a PER length disagrees with the data")
    return data[at:]


def _blocks(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while data:
        if len(data) < 4:
            raise MalformedData("a data block is cut short")
        kind, length = struct.unpack_from("<HH", data)
        if not 4 <= length <= len(data):
            raise MalformedData(f"block 0x{kind:04x} of {length} bytes")
        found.setdefault(kind, data[4:length])
        data = data[length:]
    return found


def _channels(net: bytes) -> tuple[bytes, ...]:
    if not net:
        return ()
    count = int.from_bytes(net[:4], "little")
    if count > _MAX_CHANNELS or len(net) < 4 + count * _CHANNEL_LENGTH:
        raise MalformedData(f"{count} channels")
    return tuple(net[4 + index * _CHANNEL_LENGTH :][:8] for index in range(count))


def merge(target: DomainParameters, minimum: DomainParameters, maximum: DomainParameters) -> DomainParameters:
    """The domain parameters of the session; MalformedData when there are none (3.3.5.3.3)."""
    channels = _at_least(4, target.max_channel_ids, maximum.max_channel_ids)
    users = _at_least(3, target.max_user_ids, maximum.max_user_ids)
    if target.max_mcs_pdu_size >= 1024:
        size = min(target.max_mcs_pdu_size, 65528)
        fits = target.max_mcs_pdu_size <= 65528 or 124 <= minimum.max_mcs_pdu_size <= 65528
    else:
        size, fits = maximum.max_mcs_pdu_size, maximum.max_mcs_pdu_size >= 124
    version_2 = target.protocol_version == 2 or minimum.protocol_version <= 2 <= maximum.protocol_version
    height_1 = target.max_height == 1 or minimum.max_height <= 1
    if channels is None or users is None or minimum.num_priorities > 1 or not (fits and version_2 and height_1):
        raise MalformedData("the domain parameters cannot be merged")
    return DomainParameters(channels, users, target.max_token_ids, 1, target.min_throughput, 1, size, 2)


def _at_least(needed: int, target: int, maximum: int) -> int | None:
    if target >= needed:
        return target
    return needed if maximum >= needed else None


def connect_response(
    state: ListenerState, initial: ConnectInitial, requested: Protocol, method: EncryptionMethod
) -> bytes:
    """The Connect Response PDU; ``requested`` is what the X.224 request asked for."""
    security = server_security_data(state.min_encryption_level, method)
    channels = range(_IO_CHANNEL + 1, _IO_CHANNEL + 1 + len(initial.channels))
    net = struct.pack(f"<HH{len(channels)}H", _IO_CHANNEL, len(channels), *channels)
    blocks = (
        _block(_SC_CORE, _core(state, requested))
        + _block(_SC_NET, net + bytes(len(net) % 4))
        + _block(_SC_SECURITY, security)
    )
    return wrap_blocks(initial.parameters, blocks)


def wrap_blocks(parameters: DomainParameters, blocks: bytes) -> bytes:
    """TPKT, X.224, MCS and GCC around the server's data blocks."""
    size = len(blocks)
    per_length = struct.pack(">H", 0x8000 | size) if size >= 0x80 else bytes([size])
    body = der.tlv(
        _CONNECT_RESPONSE,
        der.integer(0, der.ENUMERATED),
        der.integer(0),
        parameters.encode(),
        der.tlv(der.OCTET_STRING, _GCC_OBJECT, _CREATE_RESPONSE, per_length, blocks),
    )
    return struct.pack(">BBH", 3, 0, TPKT_HEADER_LENGTH + len(DATA_TPDU) + len(body)) + DATA_TPDU + body


def _block(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, 4 + len(data)) + data


def _core(state: ListenerState, requested: Protocol) -> bytes:
    major, _minor, build = state.os_version
    version = next((number for first, number in _RDP_10 if build >= first), _RDP_5) if major >= 10 else _RDP_5
    if state.legacy_no_negotiation:
        return struct.pack("<I", version)
    core = struct.pack("<II", version, requested)
    return core + struct.pack("<I", _EARLY_CAPABILITIES) if state.os_version >= _WINDOWS_8 else core
