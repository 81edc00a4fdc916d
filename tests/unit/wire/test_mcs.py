# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MCS Connect Initial and Response, against [MS-RDPBCGR] 4.1.3 and 4.1.4, recorded connections and arbitrary bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire import der, mcs
from tests.unit.wire import certificates, pcap, servers

# [MS-RDPBCGR] 4.1.3.
DOCUMENTED_INITIAL = bytes.fromhex(
    "030001a002f0807f658201940401010401010101ff30190201220201020201000201010201000201010202ffff020102"
    "301902010102010102010102010102010002010102020420020102301c0202ffff0202fc170202ffff02010102010002"
    "01010202ffff02010204820133000500147c0001812a000800100001c00044756361811c01c0d8000400080000050004"
    "01ca03aa09040000ce0e000045004c0054004f004e0053002d0044004500560032000000000000000000000004000000"
    "000000000c00000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000001ca01000000000018000700010036003900370031003200"
    "2d003700380033002d0030003300350037003900370034002d0034003200370031003400000000000000000000000000"
    "00000000000000000000000004c00c000d0000000000000002c00c001b0000000000000003c02c000300000072647064"
    "7200000000008080636c6970726472000000a0c0726470736e640000000000c0"
)


def blocks(initial: bytes) -> dict[int, bytes]:
    """The settings blocks of a Connect Initial, whole. They follow the H.221 key "Duca" and a length."""
    at = initial.index(b"Duca") + 6
    found = {}
    while at < len(initial):
        kind, length = struct.unpack_from("<HH", initial, at)
        found[kind] = initial[at : at + length]
        at += length
    assert at == len(initial)
    return found


def without_lengths(initial: bytes) -> bytes:
    """A Connect Initial up to its settings blocks, with zero for each length that depends on them."""
    head = bytearray(initial[: initial.index(b"Duca") + 6])
    user_data = head.index(b"\x00\x05\x00\x14\x7c")
    for at in (2, 10, user_data - 2, user_data + 7, len(head) - 2):
        head[at : at + 2] = b"\0\0"
    return bytes(head)


def test_our_request_is_the_one_of_the_specification_up_to_the_settings() -> None:
    assert without_lengths(mcs.build_connect_initial()) == without_lengths(DOCUMENTED_INITIAL)


def test_our_settings_are_those_of_the_specification() -> None:
    ours = blocks(mcs.build_connect_initial())
    assert list(ours) == [0xC001, 0xC004, 0xC002]
    theirs = blocks(DOCUMENTED_INITIAL)
    core = ours[0xC001]
    assert len(core) == 216
    # But for the size of the desktop, the build and name of the client, and its product id.
    for start, end in ((0, 8), (12, 20), (56, 146), (210, 216)):
        assert core[start:end] == theirs[0xC001][start:end], start
    assert core[24:56].decode("utf-16-le").rstrip("\0") == "rdp-probe"
    assert ours[0xC004] == theirs[0xC004]
    assert ours[0xC002] == theirs[0xC002]


@pytest.mark.parametrize("methods", [0x00, 0x01, 0x02, 0x08, 0x10, 0x1B])
def test_every_request_has_consistent_lengths(methods: int) -> None:
    initial = mcs.build_connect_initial(methods)
    assert mcs.packet_length(initial[:4]) == len(initial)
    assert int.from_bytes(initial[10:12], "big") == len(initial) - 12
    assert blocks(initial)[0xC002] == struct.pack("<HHII", 0xC002, 12, methods, 0)


RECORDED = {
    "RDP-003.pcap": [mcs.Response(0x00080004, "56bit", "client_compatible", 512)],
    "rdp-proprietary-encryption.pcap": [mcs.Response(0x00080004, "128bit", "high", 512)],
    # Its certificate is an X.509 chain.
    "rdp-x509.pcap": [mcs.Response(0x00080004, "128bit", "client_compatible", 512)],
}


def recorded(captures: Path, capture: str, *, server: bool) -> list[bytes]:
    """The second TPKT packet of each connection in one direction."""
    found = []
    for (source, destination), data in pcap.streams(captures / "pcaps" / capture).items():
        rest = data[int.from_bytes(data[2:4], "big") :]
        if (source if server else destination)[1] == 3389 and rest:
            found.append(rest[: mcs.packet_length(rest[:4])])
    return found


@pytest.mark.parametrize("capture", sorted(RECORDED))
def test_recorded_responses(captures: Path, capture: str) -> None:
    assert [mcs.parse_connect_response(pdu) for pdu in recorded(captures, capture, server=True)] == RECORDED[capture]


@pytest.mark.parametrize("capture", sorted(RECORDED))
def test_our_request_is_a_recorded_one_up_to_the_settings(captures: Path, capture: str) -> None:
    (theirs,) = recorded(captures, capture, server=False)
    assert without_lengths(mcs.build_connect_initial()) == without_lengths(theirs)
    assert set(blocks(mcs.build_connect_initial())) < set(blocks(theirs))


def test_the_response_of_the_specification() -> None:
    found = mcs.parse_connect_response(servers.CONNECT_RESPONSE)
    assert found == mcs.Response(0x00080004, "128bit", "client_compatible", 512)
    assert mcs.describe(found) == {
        "result": "response",
        "method": "128bit",
        "level": "client_compatible",
        "methods": [],
        "key_bits": 512,
        "detail": "",
    }


def response(
    settings: bytes, *, result: int = 0, conference: bytes = b"\x14\x76\x0a\x01\x01\x00\x01\xc0\x00McDn"
) -> bytes:
    """A Connect Response by hand."""
    length = struct.pack(">H", 0x8000 | len(settings)) if len(settings) > 127 else bytes([len(settings)])
    user_data = b"\x00\x05\x00\x14\x7c\x00\x01\x2a" + conference + length + settings
    content = (
        der.build(0x0A, bytes([result]))
        + der.build(der.INTEGER, b"\0")
        + der.build(der.SEQUENCE, der.build(der.INTEGER, b"\x22"))
        + der.build(der.OCTET_STRING, user_data)
    )
    pdu = b"\x02\xf0\x80\x7f" + der.build(0x66, content)
    return struct.pack(">BBH", 3, 0, 4 + len(pdu)) + pdu


def tpkt(payload: bytes) -> bytes:
    return struct.pack(">BBH", 3, 0, 4 + len(payload)) + payload


def block(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, 4 + len(content)) + content


CORE = block(0x0C01, struct.pack("<I", 0x0008000F))


def security(method: int, level: int, certificate: bytes | None = None, random: bytes = bytes(32)) -> bytes:
    content = struct.pack("<II", method, level)
    if certificate is not None:
        content += struct.pack("<II", len(random), len(certificate)) + random + certificate
    return block(0x0C02, content)


def proprietary(bits: int, *, version: int = 1, magic: bytes = b"RSA1", key_length: int | None = None) -> bytes:
    key = magic + struct.pack("<IIII", key_length or bits // 8 + 8, bits, bits // 8 - 1, 65537) + bytes(bits // 8 + 8)
    return struct.pack("<IIIHH", version, 1, 1, 6, len(key)) + key + struct.pack("<HH", 8, 72) + bytes(72)


def chain(*parts: bytes) -> bytes:
    body = b"".join(struct.pack("<I", len(part)) + part for part in parts)
    return struct.pack("<II", 0x80000002, len(parts)) + body + bytes(8 + 4 * len(parts))


CA, LEAF = (certificates.der(certificates.make(rsa.generate_private_key(65537, size))) for size in (2048, 1024))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (CORE + security(0, 0), mcs.Response(0x0008000F, "none", "none")),
        (security(0x10, 4, proprietary(2048)) + CORE, mcs.Response(0x0008000F, "fips", "fips", 2048)),
        (CORE + security(1, 1, proprietary(512), bytes(8)), mcs.Response(0x0008000F, "40bit", "low", 512)),
        (
            CORE + block(0x0C03, b"\xeb\3\0\0") + security(8, 2, chain(CA, LEAF)) + block(0x0C08, b"\0" * 4),
            mcs.Response(0x0008000F, "56bit", "client_compatible", 1024),
        ),
    ],
)
def test_responses(settings: bytes, expected: mcs.Response) -> None:
    assert mcs.parse_connect_response(response(settings)) == expected


GOOD = CORE + security(2, 3, proprietary(512))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends after 0 bytes"),
        (b"HTTP/1.1", "no TPKT packet .*48 54 54 50"),
        (tpkt(b"\x02\xf0"), "length 6 is too short"),
        (tpkt(b"\x02\xf0\x80")[:-1], "length is 7, but 6 bytes came"),
        (tpkt(b"\x06\xd0\x00\x00\x12\x34\x00"), "no X.224 data .*06 D0 00"),
        (tpkt(b"\x02\xf0\x80\x21\x80"), r"Disconnect Provider Ultimatum \(rn-user-requested\)"),
        (tpkt(b"\x02\xf0\x80\x20\x80"), r"Disconnect Provider Ultimatum \(rn-provider-initiated\)"),
        (tpkt(b"\x02\xf0\x80\x7f\x65\x00"), "no MCS Connect Response .*7F 65 00"),
        (tpkt(b"\x02\xf0\x80\x7f\x66\x05"), "MCS part is malformed"),
        (response(GOOD, result=15), "refuses the MCS connection: rt-user-rejected"),
        (response(GOOD, result=8), "refuses the MCS connection: rt-parameters-unacceptable"),
        (response(GOOD, result=99), "refuses the MCS connection: an unknown result"),
        (response(GOOD, conference=b"\x14\x76\x0a\x01\x01\x10\x01\xc0\x00McDn"), "GCC conference: userRejected"),
        (response(GOOD, conference=b"\x14\x76\x0a\x01\x01\x00\x01\xc0\x00Duca"), "no settings of RDP"),
        (response(GOOD, conference=b"\x04\x76\x0a\x01\x01\x00\x01\xc0\x00McDn"), "no Conference Create Response"),
        (response(GOOD, conference=b"\x14\x76\x0a\xff\x01\x00\x01\xc0\x00McDn"), "is cut short"),
        (response(GOOD, conference=b"\x14\x76\x0a\x01\x01\x00\x01\xc0\x00McDn\xbf"), "settings are cut short"),
        (response(b""), "no core or no security"),
        (response(CORE), "no core or no security"),
        (response(security(0, 0)), "no core or no security"),
        (response(CORE + b"\x02\x0c\x04"), "settings block of it is too short"),
        (response(CORE + b"\x02\x0c\x03\x00"), "length 3 of its settings block 0x0C02"),
        (response(CORE + b"\x02\x0c\xff\x00"), "length 255 of its settings block 0x0C02"),
        (response(CORE + block(0x0C02, b"\2\0\0\0")), "settings block of it is too short"),
        (response(CORE + security(4, 2)), "method 0x4 or level 2"),
        (response(CORE + security(2, 5)), "method 0x2 or level 5"),
        (response(CORE + security(2, 2)), "settings block of it is too short"),
        (response(CORE + security(2, 2, b"")), "settings block of it is too short"),
        (response(CORE + security(2, 2, proprietary(512)[:40])), "does not fit its length"),
        (response(CORE + security(2, 2, proprietary(512, magic=b"RSA2"))), "holds no RSA key"),
        (response(CORE + security(2, 2, proprietary(512, key_length=1 << 31))), "does not fit its length"),
        (response(CORE + security(2, 2, proprietary(512, version=3))), "unknown version 3"),
        (response(CORE + security(2, 2, chain())), "certificate can not be read"),
        (response(CORE + security(2, 2, chain(CA, b"x"))), "certificate can not be read"),
        (response(CORE + security(2, 2, chain(CA)[:300])), "certificate can not be read"),
        (response(CORE + security(2, 2, struct.pack("<II", 2, 1 << 31))), "settings block of it is too short"),
    ],
)  # fmt: skip
def test_what_is_no_response_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(mcs.BadMcs, match=why):
        mcs.parse_connect_response(data)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    for candidate in (data, tpkt(b"\x02\xf0\x80" + data), tpkt(b"\x02\xf0\x80\x7f\x66" + data)):
        with pytest.raises(mcs.BadMcs):
            mcs.parse_connect_response(candidate)


@given(st.binary(max_size=100))
def test_arbitrary_settings_are_refused(settings: bytes) -> None:
    for candidate in (settings, CORE + settings):
        with pytest.raises(mcs.BadMcs):
            mcs.parse_connect_response(response(candidate))


SEEDS = (servers.CONNECT_RESPONSE, response(CORE + security(8, 2, chain(CA, LEAF))), response(CORE + security(0, 0)))


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4), st.data())
def test_changed_and_cut_responses(seed: bytes, changes: list[tuple[int, int]], data: st.DataObject) -> None:
    changed = bytearray(seed)
    for at, value in changes:
        changed[at % len(seed)] = value
    payload = seed[4 : data.draw(st.integers(4, len(seed)))]
    for candidate in (bytes(changed), tpkt(payload)):
        try:
            found = mcs.parse_connect_response(candidate)
        except mcs.BadMcs as error:
            assert "\n" not in str(error)
        else:
            assert found.method in mcs.METHODS.values()
            assert found.level in mcs.LEVELS.values()
