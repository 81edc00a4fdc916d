# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The basic settings exchange of RDP where standard RDP security is in use: MCS Connect Initial and Connect Response.

Pure: bytes in, values out. [MS-RDPBCGR] 2.2.1.3 and 2.2.1.4: settings blocks (little endian) inside of a GCC conference
(T.124, PER) inside of MCS (T.125, BER) inside of an X.224 data TPDU inside of TPKT.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, x509
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Standard

# [MS-RDPBCGR] 2.2.1.3.3 and 2.2.1.4.3: encryptionMethods, encryptionMethod.
METHODS: Dict[int, str] = {0x00: "none", 0x01: "40bit", 0x02: "128bit", 0x08: "56bit", 0x10: "fips"}
ALL_METHODS = 0x1B

# [MS-RDPBCGR] 2.2.1.4.3: encryptionLevel.
LEVELS: Dict[int, str] = {0: "none", 1: "low", 2: "client_compatible", 3: "high", 4: "fips"}

# T.125 section 7: Result.
RESULTS: Dict[int, str] = {
    0: "rt-successful",
    1: "rt-domain-merging",
    2: "rt-domain-not-hierarchical",
    3: "rt-no-such-channel",
    4: "rt-no-such-domain",
    5: "rt-no-such-user",
    6: "rt-not-admitted",
    7: "rt-other-user-id",
    8: "rt-parameters-unacceptable",
    9: "rt-token-not-available",
    10: "rt-token-not-possessed",
    11: "rt-too-many-channels",
    12: "rt-too-many-tokens",
    13: "rt-too-many-users",
    14: "rt-unspecified-failure",
    15: "rt-user-rejected",
}

# T.124 section 8.7: result of ConferenceCreateResponse.
_CONFERENCE_RESULTS: Dict[int, str] = {
    1: "userRejected",
    2: "resourcesNotAvailable",
    3: "rejectedForSymmetryBreaking",
    4: "lockedConferenceNotSupported",
}

# T.125 section 7: Reason of DisconnectProviderUltimatum.
_REASONS: Dict[int, str] = {
    0: "rn-domain-disconnected",
    1: "rn-provider-initiated",
    2: "rn-token-purged",
    3: "rn-user-requested",
    4: "rn-channel-purged",
}

HEADER = 4  # of TPKT
_TPKT_VERSION = 3
_X224_DATA = b"\x02\xf0\x80"
_DISCONNECT_PROVIDER_ULTIMATUM = 8

# Connect-Initial and Connect-Response have the tags [APPLICATION 101] and [APPLICATION 102], two bytes each.
_CONNECT_INITIAL, _CONNECT_RESPONSE = b"\x7f\x65", b"\x7f\x66"
_ENUMERATED = 0x0A

# ConnectData of T.124 up to its connectPDU: the key "object" with the identifier 0.0.20.124.0.1.
_CONNECT_DATA = bytes.fromhex("0005 0014 7c00 01")
# ConferenceCreateRequest with one set of user data; conference name "1"; H.221 key of clients, "Duca".
_CREATE_REQUEST = bytes.fromhex("0008 0010 0001 c000") + b"Duca"
_SERVER_KEY = b"McDn"

# [MS-RDPBCGR] 2.2.1.3.1: types of settings blocks.
_CS_CORE, _CS_SECURITY, _CS_CLUSTER = 0xC001, 0xC002, 0xC004
_SC_CORE, _SC_SECURITY = 0x0C01, 0x0C02

# [MS-RDPBCGR] 2.2.1.4.3.1: dwVersion; its highest bit marks a temporary certificate.
_PROPRIETARY, _X509 = 1, 2
_KEY_BLOB = 6
_RSA1 = b"RSA1"


class BadMcs(ValueError):
    """The peer's answer is not a usable MCS Connect Response; the text says why, in a part of a sentence."""


@dataclass(frozen=True)
class Response:
    """What a Connect Response says of the server's standard security."""

    version: int  # of SC_CORE: 0x00080004 for RDP 5 to 8, 0x00080005 and more for RDP 10
    method: str  # a value of METHODS
    level: str  # a value of LEVELS
    key_bits: Optional[int] = None  # of the server's RSA key; None without encryption


def build_connect_initial(methods: int = ALL_METHODS) -> bytes:
    """A Connect Initial that offers the encryption ``methods``, a mask, and asks for no virtual channel.

    The values are those of mstsc where recorded connections and the example in [MS-RDPBCGR] 4.1.3 agree.
    """
    settings = (
        _block(_CS_CORE, _core())
        + _block(_CS_CLUSTER, struct.pack("<II", 0x0D, 0))  # redirection, version 4 of it; no session
        + _block(_CS_SECURITY, struct.pack("<II", methods, 0))
    )
    conference = _CREATE_REQUEST + _per_length(len(settings)) + settings
    user_data = _CONNECT_DATA + _per_length(len(conference)) + conference
    selector = der.build(der.OCTET_STRING, b"\x01")
    content = (
        selector  # callingDomainSelector
        + selector  # calledDomainSelector
        + der.build(der.BOOLEAN, b"\xff")  # upwardFlag
        + _domain_parameters(34, 2, 0, 65535)  # target
        + _domain_parameters(1, 1, 1, 1056)  # minimum
        + _domain_parameters(65535, 64535, 65535, 65535)  # maximum
        + der.build(der.OCTET_STRING, user_data)
    )
    # der.build knows tags of one byte: the second byte of this tag stands like one before its length.
    packet = _X224_DATA + _CONNECT_INITIAL[:1] + der.build(_CONNECT_INITIAL[1], content)
    return struct.pack(">BBH", _TPKT_VERSION, 0, HEADER + len(packet)) + packet


def packet_length(header: bytes) -> int:
    """The length of the whole TPKT packet (at most 65535), from its first four bytes. Raises BadMcs."""
    if len(header) < HEADER:
        raise BadMcs(f"it ends after {len(header)} bytes")
    version, _reserved, length = struct.unpack(">BBH", header[:HEADER])
    if version != _TPKT_VERSION:
        raise BadMcs(f"it is no TPKT packet (it begins with {header[:HEADER].hex(' ').upper()})")
    if length < HEADER + len(_X224_DATA):
        raise BadMcs(f"its TPKT length {length} is too short")
    return int(length)


def parse_connect_response(data: bytes) -> Response:
    """The Connect Response in ``data``, which must be exactly one TPKT packet. Raises BadMcs."""
    length = packet_length(data)
    if len(data) != length:
        raise BadMcs(f"its TPKT length is {length}, but {len(data)} bytes came")
    mcs = data[HEADER:]
    if not mcs.startswith(_X224_DATA):
        raise BadMcs(f"it is no X.224 data (it begins with {mcs[:3].hex(' ').upper()})")
    mcs = mcs[len(_X224_DATA) :]
    if not mcs.startswith(_CONNECT_RESPONSE):
        raise BadMcs(_other_pdu(mcs))
    try:
        return _response(_blocks(_conference(_user_data(mcs))))
    except der.BadDer as error:
        raise BadMcs(f"its MCS part is malformed: {error}") from error
    except struct.error as error:
        raise BadMcs("a settings block of it is too short") from error
    except x509.BadCertificate as error:
        raise BadMcs(f"its certificate can not be read: {error}") from error


def describe(response: Response) -> Standard:
    """The response as the report shows it; ``methods`` is for the caller to fill."""
    return {
        "result": "response",
        "method": response.method,
        "level": response.level,
        "methods": [],
        "key_bits": response.key_bits,
        "detail": "",
    }


def _core() -> bytes:
    """CS_CORE, [MS-RDPBCGR] 2.2.1.3.2, up to serverSelectedProtocol, which is standard RDP security."""
    client_name = "rdp-probe".encode("utf-16-le")
    return (
        struct.pack("<IHHHHII", 0x00080004, 1024, 768, 0xCA01, 0xAA03, 0x409, 2600)
        + client_name.ljust(32, b"\0")
        + struct.pack("<III", 4, 0, 12)  # keyboard: 101 or 102 keys
        + bytes(64)  # imeFileName
        + struct.pack("<HHIHHH", 0xCA01, 1, 0, 24, 7, 1)  # postBeta2ColorDepth .. earlyCapabilityFlags
        + bytes(64)  # clientDigProductId
        + struct.pack("<BBI", 0, 0, 0)  # connectionType, padding, serverSelectedProtocol
    )


def _block(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, 4 + len(content)) + content


def _per_length(length: int) -> bytes:
    """A length determinant of PER in its two-byte form, which holds 128 to 16383."""
    return struct.pack(">H", 0x8000 | length)


def _domain_parameters(channels: int, users: int, tokens: int, pdu_size: int) -> bytes:
    numbers = (channels, users, tokens, 1, 0, 1, pdu_size, 2)
    return der.build(der.SEQUENCE, b"".join(_unsigned(number) for number in numbers))


def _unsigned(number: int) -> bytes:
    """An INTEGER as mstsc writes it: 65535 as FF FF, which by the letter of BER were -1."""
    return der.build(der.INTEGER, number.to_bytes(2 if number > 0xFF else 1, "big"))


def _other_pdu(mcs: bytes) -> str:
    if len(mcs) >= 2 and mcs[0] >> 2 == _DISCONNECT_PROVIDER_ULTIMATUM:
        reason = (mcs[0] & 3) << 1 | mcs[1] >> 7
        return f"it is an MCS Disconnect Provider Ultimatum ({_REASONS.get(reason, reason)})"
    return f"it is no MCS Connect Response (it begins with {mcs[:4].hex(' ').upper()})"


def _user_data(mcs: bytes) -> bytes:
    """The user data of a successful Connect Response."""
    # The second byte of the tag stands like a tag of one byte before its length.
    response = der.Reader(mcs[1:]).enter(_CONNECT_RESPONSE[1])
    result = der.integer(response.take(_ENUMERATED))
    if result != 0:
        raise BadMcs(f"the server refuses the MCS connection: {RESULTS.get(result, 'an unknown result')}")
    response.take(der.INTEGER)  # calledConnectId
    response.take(der.SEQUENCE)  # domainParameters
    return response.take(der.OCTET_STRING)


def _conference(user_data: bytes) -> bytes:
    """The settings blocks in the GCC Conference Create Response.

    The length of its connectPDU is passed over: Windows always writes 2A, and [MS-RDPBCGR] 3.2.5.3.4 has clients
    ignore it.
    """
    if not user_data.startswith(_CONNECT_DATA):
        raise BadMcs("its user data is no GCC conference")
    _ignored, at = _read_per_length(user_data, len(_CONNECT_DATA))
    # Choice, node (2 bytes), tag (length and number), result, count of user data, its key.
    create = user_data[at:]
    if len(create) < 5 or create[0] & 0xF0 != 0x10:
        raise BadMcs("its GCC part is no Conference Create Response")
    at = 4 + create[3]
    if len(create) < at + 8:
        raise BadMcs("its Conference Create Response is cut short")
    result = create[at] >> 4
    if result != 0:
        name = _CONFERENCE_RESULTS.get(result, "an unknown result")
        raise BadMcs(f"the server refuses the GCC conference: {name}")
    if create[at + 4 : at + 8] != _SERVER_KEY:
        raise BadMcs("its Conference Create Response holds no settings of RDP")
    length, at = _read_per_length(create, at + 8)
    settings = create[at : at + length]
    if len(settings) < length:
        raise BadMcs("its settings are cut short")
    return settings


def _read_per_length(data: bytes, at: int) -> Tuple[int, int]:
    """A length determinant of PER and where the data behind it begins."""
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    if len(data) < at + 2:
        raise BadMcs("a length of its GCC part is cut short")
    return (data[at] & 0x3F) << 8 | data[at + 1], at + 2


def _blocks(settings: bytes) -> Iterator[Tuple[int, bytes]]:
    """Type and content of each settings block."""
    at = 0
    while at < len(settings):
        kind, length = struct.unpack_from("<HH", settings, at)
        if not 4 <= length <= len(settings) - at:
            raise BadMcs(f"the length {length} of its settings block 0x{kind:04X} does not fit")
        yield kind, settings[at + 4 : at + length]
        at += length


def _response(blocks: Iterator[Tuple[int, bytes]]) -> Response:
    found = dict(blocks)
    if _SC_CORE not in found or _SC_SECURITY not in found:
        raise BadMcs("it holds no core or no security settings")
    (version,) = struct.unpack_from("<I", found[_SC_CORE])
    security = found[_SC_SECURITY]
    method, level = struct.unpack_from("<II", security)
    if method not in METHODS or level not in LEVELS:
        raise BadMcs(f"it chooses the unknown encryption method 0x{method:X} or level {level}")
    if method == 0 and level == 0:
        return Response(version, METHODS[method], LEVELS[level])
    random_length, certificate_length = struct.unpack_from("<II", security, 8)
    certificate = security[16 + random_length :]
    if len(certificate) < certificate_length:
        raise BadMcs("its server certificate is cut short")
    return Response(version, METHODS[method], LEVELS[level], _key_bits(certificate[:certificate_length]))


def _key_bits(certificate: bytes) -> Optional[int]:
    """The size of the RSA key in a SERVER_CERTIFICATE, [MS-RDPBCGR] 2.2.1.4.3.1."""
    (version,) = struct.unpack_from("<I", certificate)
    version &= 0x7FFFFFFF
    if version == _PROPRIETARY:
        return _proprietary_bits(certificate)
    if version == _X509:
        return _x509_bits(certificate)
    raise BadMcs(f"its server certificate has the unknown version {version}")


def _proprietary_bits(certificate: bytes) -> int:
    """PROPRIETARYSERVERCERTIFICATE, [MS-RDPBCGR] 2.2.1.4.3.1.1: the key is at a fixed place."""
    kind, _length, magic, key_length, bits = struct.unpack_from("<HH4sII", certificate, 12)
    if kind != _KEY_BLOB or magic != _RSA1:
        raise BadMcs("its server certificate holds no RSA key")
    if key_length != bits // 8 + 8 or len(certificate) < 32 + key_length:
        raise BadMcs("the RSA key of its server certificate does not fit its length")
    return int(bits)


def _x509_bits(certificate: bytes) -> Optional[int]:
    """X509_CERTIFICATE_CHAIN, [MS-RDPELE] 2.2.1.4.2: the server's own certificate is the last one."""
    (count,) = struct.unpack_from("<I", certificate, 4)
    at, own = 8, b""
    for _number in range(min(count, len(certificate))):
        (length,) = struct.unpack_from("<I", certificate, at)
        own = certificate[at + 4 : at + 4 + length]
        at += 4 + length
    return x509.parse(own).key_bits
