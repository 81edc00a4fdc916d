# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Building requests and parsing confirms, against [MS-RDPBCGR], recorded connections and arbitrary bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire import x224
from tests.unit.wire import pcap

# [MS-RDPBCGR] 4.1.1, and 4.1.2 as annotated there (an old print of its dump shows selectedProtocol 1).
DOCUMENTED_REQUEST = bytes.fromhex(
    "0300002c27e00000000000436f6f6b69653a206d73747368617368 3d656c746f6e730d0a 0100080000000000"
)
DOCUMENTED_CONFIRM = bytes.fromhex("030000130ed000001234000200080000000000")


def confirm(negotiation: str, *, kind: str = "d0", length: int | None = None, indicator: int | None = None) -> bytes:
    """A confirm with the given negotiation data in hexadecimal."""
    data = bytes.fromhex(negotiation)
    length = 11 + len(data) if length is None else length
    indicator = 6 + len(data) if indicator is None else indicator
    return b"\x03\x00" + length.to_bytes(2, "big") + bytes([indicator]) + bytes.fromhex(kind + "0000123400") + data


def test_the_request_of_the_specification() -> None:
    """But for the cookie, which carries a user's name, and the lengths that count it."""
    cookie = b"Cookie: mstshash=eltons\r\n"
    request = bytearray(DOCUMENTED_REQUEST.replace(cookie, b""))
    request[3] -= len(cookie)
    request[4] -= len(cookie)
    assert x224.build_request(x224.PROTOCOL_RDP) == bytes(request)


def test_the_request_of_a_modern_client() -> None:
    assert x224.build_request().hex() == "030000130ee000000000000100080" + "00b000000"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DOCUMENTED_CONFIRM, x224.Confirm(selected=0)),
        (confirm(""), x224.Confirm()),
        (confirm("021f080002000000"), x224.Confirm(selected=2, flags=0x1F)),
        (confirm("0200080008000000"), x224.Confirm(selected=8)),
        (confirm("0201080001000000"), x224.Confirm(selected=1, flags=1)),
        (confirm("0300080003000000"), x224.Confirm(failure_code=3)),
        (confirm("0300080009000000"), x224.Confirm(failure_code=9)),
        (confirm("0200080001000000", kind="d5"), x224.Confirm(selected=1)),
    ],
)
def test_confirms(data: bytes, expected: x224.Confirm) -> None:
    assert x224.parse_confirm(data) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends after 0 bytes"),
        (b"\x03\x00\x00", "ends after 3 bytes"),
        (b"HTTP/1.1 400 Bad Request", "an HTTP answer"),
        (b"SSH-2.0-OpenSSH_9.6", "an SSH greeting"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "a TLS record"),
        (b"\x00\x00\x00\x00\x00", "not RDP .*00 00 00 00"),
        (b"\x03\x00\xff\xff" + b"\x00" * 65531, "TPKT length 65535"),
        (b"\x03\x00\x00\x05\x00", "TPKT length 5"),
        (confirm("", length=19), "TPKT length is 19, but 11 bytes came"),
        (confirm("", indicator=14), "X.224 length 14 contradicts"),
        (confirm("0200080001000000", kind="80"), "disconnect request"),
        (confirm("0200080001000000", kind="f0"), "type 0xF0"),
        (confirm("02000800010000"), "7 bytes instead of 8"),
        (confirm("020008000100000000"), "9 bytes instead of 8"),
        (confirm("0200090001000000"), "says that it has 9 bytes"),
        (confirm("0700080001000000"), "unknown type 0x07"),
        (confirm("0200080040000000"), "unknown security protocol 0x40"),
        (confirm("0200080003000000"), "unknown security protocol 0x3"),
    ],
)
def test_what_is_no_confirm_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(x224.BadConfirm, match=why):
        x224.parse_confirm(data)


@given(st.binary(max_size=64))
def test_arbitrary_bytes_give_a_confirm_or_the_typed_error(data: bytes) -> None:
    try:
        parsed = x224.parse_confirm(data)
    except x224.BadConfirm as error:
        assert "\n" not in str(error)
    else:
        assert parsed.selected is None or parsed.failure_code is None


@given(st.binary(min_size=15, max_size=15))
def test_arbitrary_bytes_behind_a_good_header(rest: bytes) -> None:
    try:
        parsed = x224.parse_confirm(b"\x03\x00\x00\x13" + rest)
    except x224.BadConfirm:
        return
    assert (parsed.selected in x224.PROTOCOLS) != (parsed.failure_code is not None)


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0x00, ["rdp"]),
        (0x0B, ["tls", "credssp", "credssp_early_auth"]),
        (0x14, ["rdstls", "entra"]),
    ],
)
def test_names_of_protocols(mask: int, names: list[str]) -> None:
    assert x224.protocol_names(mask) == names


def test_names_of_flags() -> None:
    assert x224.flag_names(0) == []
    assert x224.flag_names(0x09) == ["EXTENDED_CLIENT_DATA_SUPPORTED", "RESTRICTED_ADMIN_MODE_SUPPORTED"]
    assert x224.flag_names(0x80) == ["0x80"]


# Recorded connections: the first packet of each server, by capture and in the order of the connections.
RECORDED = {
    "RDP-003.pcap": [x224.Confirm()],
    "rdp-no-cookie-mstshash.pcap": [x224.Confirm(selected=8, flags=0x1F)],
    "rdp-proprietary-encryption.pcap": [x224.Confirm(failure_code=2), x224.Confirm(selected=0)],
    "rdp-to-ssl.pcap": [x224.Confirm(selected=2, flags=1), x224.Confirm(selected=2, flags=1)],
    "rdp-x509.pcap": [x224.Confirm(selected=0)],
}


@pytest.mark.parametrize("capture", sorted(RECORDED))
def test_recorded_confirms(captures: Path, capture: str) -> None:
    streams = pcap.streams(captures / "pcaps" / capture)
    answers = [data for (source, _destination), data in streams.items() if source[1] == 3389]
    assert [x224.parse_confirm(data[: x224.confirm_length(data[:4])]) for data in answers] == RECORDED[capture]


def test_our_request_is_byte_for_byte_a_recorded_one(captures: Path) -> None:
    streams = pcap.streams(captures / "pcaps" / "rdp-no-cookie-mstshash.pcap")
    request = next(data for (_source, destination), data in streams.items() if destination[1] == 3389)
    assert request.startswith(x224.build_request())
