# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TSRequests, against [MS-CSSP], a recorded answer of FreeRDP, pyspnego's tokens and arbitrary bytes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spnego._spnego import NegState, NegTokenResp

from ansible_collections.winops.rdp.plugins.module_utils._wire import credssp, der, ntlm
from tests.unit.wire.test_ntlm import DOCUMENTED, TIME, WINDOWS

# The answer of freerdp-shadow-cli 3 with /sec:nla to build_request(), from a machine with the name "vm": version 6, a
# challenge that is not wrapped, and a nonce.
FREERDP = bytes.fromhex(
    "30819fa003020106a17430723070a06e046c4e544c4d53535000020000000400040038000000b78288e24869ba419a84"
    "83b90000000000000000300030003c0000000601b11d0000000f56004d000200040056004d000100040056004d000400"
    "040076006d000300040076006d000700080000c6b9d8ac7add0100000000a5220420cdcd1b7202167a4caed57b636ecd"
    "3bce8a1656d1514355f065dfc1c1a175319c"
)


def request(token: bytes | None = None, *more: bytes, version: bytes = b"\6") -> bytes:
    """A TSRequest with ``token`` as its only negoToken, and ``more`` fields."""
    fields = der.build(0xA0, der.build(der.INTEGER, version))
    if token is not None:
        item = der.build(der.SEQUENCE, der.build(0xA0, der.build(der.OCTET_STRING, token)))
        fields += der.build(0xA1, der.build(der.SEQUENCE, item))
    return der.build(der.SEQUENCE, fields + b"".join(more))


def error_code(content: str) -> bytes:
    return der.build(0xA4, der.build(der.INTEGER, bytes.fromhex(content)))


def wrapped(message: bytes | None, state: NegState | None = NegState.accept_incomplete) -> bytes:
    """``message`` in a NegTokenResp that an independent library makes."""
    token = NegTokenResp(neg_state=state, supported_mech="1.3.6.1.4.1.311.2.2.10", response_token=message)
    packed: bytes = token.pack()
    return packed


CHALLENGE = ntlm.parse_challenge(WINDOWS)


def test_our_request() -> None:
    assert credssp.build_request() == request(ntlm.build_negotiate())
    assert credssp.build_request()[:18].hex() == "3037a003020106a130302e302ca02a0428" + "4e"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (request(WINDOWS), credssp.TsRequest(6, CHALLENGE)),
        (request(WINDOWS, version=b"\2"), credssp.TsRequest(2, CHALLENGE)),
        (request(wrapped(WINDOWS)), credssp.TsRequest(6, CHALLENGE)),
        (request(wrapped(DOCUMENTED, None)), credssp.TsRequest(6, ntlm.parse_challenge(DOCUMENTED))),
        (request(wrapped(None, NegState.reject)), credssp.TsRequest(6, rejected=True)),
        (request(None, error_code("c000006d")), credssp.TsRequest(6, error_code=0xC000006D)),
        (request(None, error_code("00c000006d"), version=b"\3"), credssp.TsRequest(3, error_code=0xC000006D)),
        (request(wrapped(None, NegState.reject), error_code("80090302")), credssp.TsRequest(6, None, 0x80090302, True)),
        (request(), credssp.TsRequest(6)),
        # Fields of later steps are passed over.
        (
            request(None, der.build(0xA2, b"\4\1x"), der.build(0xA3, b"\4\1x"), error_code("c000006d")),
            credssp.TsRequest(6, error_code=0xC000006D),
        ),
    ],
)
def test_answers(data: bytes, expected: credssp.TsRequest) -> None:
    assert credssp.request_length(data[: credssp.HEADER]) == len(data)
    assert credssp.parse_request(data) == expected


def test_the_answer_of_freerdp() -> None:
    answer = credssp.parse_request(FREERDP)
    received = datetime(2026, 11, 22, 18, 11, 8, 500000, tzinfo=timezone.utc)
    assert credssp.describe(answer, received, 0.5) == {
        "result": "challenge",
        "version": 6,
        "error_code": None,
        "netbios_computer": "VM",
        "netbios_domain": "VM",
        "dns_computer": "vm",
        "dns_domain": "vm",
        "dns_forest": None,
        "os_version": "6.1.7601",
        "server_time": "2026-11-22T18:11:08Z",
        "clock_skew": -0.25,
        "detail": "",
    }


@pytest.mark.parametrize("offset", [-3600.0, 0.0, 0.25, 86400.0])
def test_clock_skew(offset: float) -> None:
    received = TIME + timedelta(seconds=0.1) - timedelta(seconds=offset)
    described = credssp.describe(credssp.parse_request(request(WINDOWS)), received, 0.2)
    assert described["clock_skew"] == offset
    assert described["server_time"] == "2026-11-22T12:00:00Z"
    assert described["os_version"] == "10.0.17763"


@pytest.mark.parametrize(
    ("answer", "result", "code", "detail"),
    [
        (credssp.TsRequest(6, error_code=0xC000006D), "refused", "0xC000006D", "STATUS_LOGON_FAILURE"),
        (credssp.TsRequest(3, error_code=0xC), "refused", "0x0000000C", ""),
        (credssp.TsRequest(6, rejected=True), "refused", None, "the server rejects NTLM"),
        (credssp.TsRequest(6), "error", None, "the answer holds neither a challenge nor an error code"),
    ],
)
def test_answers_without_a_challenge(answer: credssp.TsRequest, result: str, code: str | None, detail: str) -> None:
    described = credssp.describe(answer, TIME, 0)
    assert (described["result"], described["error_code"], described["detail"]) == (result, code, detail)
    assert (described["clock_skew"], described["server_time"], described["os_version"]) == (None, None, None)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3005a0030201", 7),
        ("307fa0030201", 129),
        ("30819fa00302", 162),
        ("3082fffca003", 65536),
        ("308400000100", 262),  # longer than needed, as Windows' own encoders like it
    ],
)
def test_lengths(header: str, expected: int) -> None:
    assert credssp.request_length(bytes.fromhex(header)) == expected


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "ends after 0 bytes"),
        ("3005a00302", "ends after 5 bytes"),
        ("0300000902f0", "begins with 03 00 00 09 02 F0"),
        ("485454502f31", "begins with 48 54"),
        ("3004a0030201", "length of 6 bytes"),
        ("3082fffda003", "length of 65537 bytes"),
        ("30847fffffff", "length of 2147483653 bytes"),
        ("3080a0030201", "indefinite"),
        ("3085a0030201", "oversized"),
    ],
)
def test_lengths_that_are_refused(header: str, why: str) -> None:
    with pytest.raises(credssp.BadTsRequest, match=why):
        credssp.request_length(bytes.fromhex(header))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "missing"),
        (request(WINDOWS)[:-1], "cut short"),
        (request(WINDOWS) + b"\0", "1 bytes follow"),
        (request(WINDOWS[:-1]), "NTLM challenge is malformed: its target information"),
        (request(wrapped(b"NTLMSSP\0")), "NTLM challenge is malformed: it ends after 8 bytes"),
        (request(wrapped(b"kerberos")), "NTLM challenge is malformed: it does not begin with NTLMSSP"),
        (request(b"`garbage"), "it is malformed: "),
        (request(b"\x30\x00"), "tag 0xA1 is expected"),
        (request(version=b""), "no content"),
        (request(version=b"\1" * 6), "number of 6 bytes"),
        (request(None, error_code("000000000001")), "number of 6 bytes"),
    ],
)
def test_what_is_no_tsrequest_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(credssp.BadTsRequest, match=why):
        credssp.parse_request(data)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(credssp.BadTsRequest):
        credssp.parse_request(data)


@given(st.binary(min_size=credssp.HEADER, max_size=credssp.HEADER))
def test_arbitrary_headers_have_a_bounded_length_or_the_typed_error(header: bytes) -> None:
    for start in (header, b"\x30" + header[1:]):
        try:
            assert credssp.HEADER < credssp.request_length(start) <= credssp.LARGEST
        except credssp.BadTsRequest as error:
            assert "\n" not in str(error)


SEEDS = (request(WINDOWS), request(wrapped(WINDOWS)), FREERDP, request(None, error_code("c000006d")))


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4), st.data())
def test_changed_and_cut_answers(seed: bytes, changes: list[tuple[int, int]], data: st.DataObject) -> None:
    changed = bytearray(seed)
    for at, value in changes:
        changed[at % len(seed)] = value
    end = data.draw(st.integers(0, len(seed)))
    for candidate in (bytes(changed), seed[:end]):
        try:
            described = credssp.describe(credssp.parse_request(candidate), TIME, 0.1)
        except credssp.BadTsRequest as error:
            assert "\n" not in str(error)
        else:
            assert described["result"] in ("challenge", "refused", "error")
