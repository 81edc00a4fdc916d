# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parser of connection requests: recorded requests, the layout of the specification, and what is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.rdp.tests.client import connection_request, recorded_flows
from tests.lab.rdp.x224 import MAX_REQUEST_LENGTH, MalformedRequest, Protocol, parse_connection_request, tpkt_length

CORRELATION = b"\x06\x00\x24\x00" + bytes(range(1, 17)) + bytes(16)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RDP-003.pcap", {((b"Cookie: mstshash=A70067",), None)}),
        ("rdp-no-cookie-mstshash.pcap", {((), 0x0B)}),
        (
            "rdp-proprietary-encryption.pcap",
            {((b"Cookie: mstshash=FTBCO\\A70",), 1), ((b"Cookie: mstshash=FTBCO\\A70",), 0)},
        ),
        ("rdp-to-ssl.pcap", {((b"Cookie: mstshash=AWAKECODI",), 3)}),
        ("rdp-x509.pcap", {((b"Cookie: mstshash=JOHN-PC  ",), 0)}),
    ],
)
def test_recorded_requests(name: str, expected: set[tuple[tuple[bytes, ...], int | None]]) -> None:
    requests = [parse_connection_request(flow.client[0]) for flow in recorded_flows(name)]
    assert {(request.routing, request.requested_protocols) for request in requests} == expected


@pytest.mark.parametrize(
    ("pdu", "routing", "protocols", "correlated"),
    [
        (connection_request(None), (), None, False),
        (connection_request(0x0B), (), 0x0B, False),
        (connection_request(3, routing=b"Cookie: msts=1.2.3\r\n"), (b"Cookie: msts=1.2.3",), 3, False),
        (
            connection_request(3, routing=b"tsv://token\r\nCookie: mstshash=a\r\n"),
            (b"tsv://token", b"Cookie: mstshash=a"),
            3,
            False,
        ),
        (connection_request(None, routing=b"Cookie: mstshash=a\r\n"), (b"Cookie: mstshash=a",), None, False),
        (connection_request(0x0A0D), (), 0x0A0D, False),
        (connection_request(0x0B, flags=8, extra=CORRELATION), (), 0x0B, True),
    ],
    ids=["bare", "negotiation", "token", "token-and-cookie", "cookie", "crlf-in-protocols", "correlation"],
)
def test_layouts(pdu: bytes, routing: tuple[bytes, ...], protocols: int | None, correlated: bool) -> None:
    request = parse_connection_request(pdu)
    assert request.routing == routing
    assert request.requested_protocols == protocols
    assert (request.correlation_id == CORRELATION[4:20]) is correlated


@pytest.mark.parametrize(
    "pdu",
    [
        b"\x03\x00\x00\x0a\x05\xe0\x00\x00\x00\x00",
        b"\x02" + connection_request(3)[1:],
        connection_request(3)[:-1],
        connection_request(3) + b"\x00",
        connection_request(3)[:4] + b"\x0d" + connection_request(3)[5:],
        connection_request(3)[:5] + b"\xd0" + connection_request(3)[6:],
        connection_request(3)[:10] + b"\x40" + connection_request(3)[11:],
        connection_request(None, routing=b"Cookie: mstshash=a"),
        connection_request(None, extra=b"\x01\x00\x08"),
        connection_request(None, extra=b"\x01\x00\x09\x00\x03\x00\x00\x00"),
        connection_request(None, extra=b"\x02\x00\x08\x00\x03\x00\x00\x00"),
        connection_request(3, flags=8),
        connection_request(3, flags=8, extra=b"\x07" + CORRELATION[1:]),
    ],
    ids=[
        "ten-bytes",
        "tpkt-version",
        "shorter-than-tpkt-says",
        "longer-than-tpkt-says",
        "length-indicator",
        "not-a-request",
        "class-4",
        "cookie-without-end",
        "negotiation-cut",
        "negotiation-length",
        "negotiation-type",
        "correlation-missing",
        "correlation-type",
    ],
)
def test_dropped(pdu: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_connection_request(pdu)


def test_length_is_bounded() -> None:
    assert tpkt_length(b"\x03\x00" + MAX_REQUEST_LENGTH.to_bytes(2, "big")) == MAX_REQUEST_LENGTH
    with pytest.raises(MalformedRequest):
        tpkt_length(b"\x03\x00\xff\xff")


@given(st.binary(max_size=80))
def test_anything_parses_or_is_dropped(variable: bytes) -> None:
    pdu = connection_request(None, extra=variable)
    try:
        request = parse_connection_request(pdu)
    except MalformedRequest:
        return
    assert request.requested_protocols is None or isinstance(request.requested_protocols, Protocol)
    assert b"".join(line + b"\r\n" for line in request.routing) == variable[: sum(len(x) + 2 for x in request.routing)]
