# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Protocol selection: every SecurityLayer, NLA and request, each with where its answer comes from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.rdp.selection import select
from tests.lab.rdp.tests.client import connection_request, listener_state, recorded_flows
from tests.lab.rdp.x224 import parse_connection_request

NO_DATA = bytes.fromhex("0300000b06d00000123400")
FAIL = bytes.fromhex("030000130ed000001234000300080000000000")

REQUESTS: tuple[int | None, ...] = (None, 0, 1, 2, 3, 4, 8, 9, 0x0B, 0x10, 0x0F)

# The answer to each of REQUESTS: "-" no negotiation data, "=n" protocol n, "!n" failure n.
TABLE = [
    (0, 0, "- =0 !2 !2 !2 !2 !2 !2 !2 !2 !2", "2.2.1.2.2; recorded: rdp-proprietary-encryption.pcap, rdp-x509.pcap"),
    (0, 1, "- =0 !2 !2 !2 !2 !2 !2 !2 !2 !2", "cc770833: no NLA with the RDP Security Layer; unverified"),
    (1, 0, "- =0 =1 =2 =2 =4 =8 =8 =8 !1 =8", "SetSecurityLayer; rdp-to-ssl.pcap, rdp-no-cookie-mstshash.pcap"),
    (1, 1, "- !5 !5 =2 =2 =4 =8 =8 =8 !5 =8", "2.2.1.2.2"),
    (2, 0, "- !1 =1 =2 =2 =4 =8 =8 =8 !1 =8", "2.2.1.2.2"),
    (2, 1, "- !5 !5 =2 =2 =4 =8 =8 =8 !5 =8", "2.2.1.2.2"),
]
ROWS = [
    pytest.param(layer, nla, request, answer, id=f"layer{layer}-nla{nla}-{request}")
    for layer, nla, answers, _source in TABLE
    for request, answer in zip(REQUESTS, answers.split(), strict=True)
]


def answer(pdu: bytes) -> str:
    """The shorthand of the table for a confirm."""
    if pdu == NO_DATA:
        return "-"
    assert len(pdu) == 19
    assert pdu[:11] == FAIL[:11]
    assert pdu[13:15] == b"\x08\x00"
    value = int.from_bytes(pdu[15:], "little")
    if pdu[11] == 3:
        assert pdu[12] == 0
        return f"!{value}"
    assert pdu[11] == 2
    return f"={value}"


def ask(protocols: int | None, **state: Any) -> bytes:
    return select(listener_state(**state), parse_connection_request(connection_request(protocols))).confirm


@pytest.mark.parametrize(("layer", "nla", "protocols", "expected"), ROWS)
def test_table(layer: int, nla: int, protocols: int | None, expected: str) -> None:
    assert answer(ask(protocols, security_layer=layer, user_authentication=nla)) == expected


@pytest.mark.parametrize(("layer", "nla", "protocols", "expected"), ROWS)
def test_without_certificate_only_what_needs_one_changes(
    layer: int, nla: int, protocols: int | None, expected: str
) -> None:
    without = answer(ask(protocols, security_layer=layer, user_authentication=nla, certificate_pem=None, key_pem=None))
    assert without == ("!3" if expected in ("=1", "=2", "=4", "=8") else expected)


@pytest.mark.parametrize(("layer", "nla", "protocols", "expected"), ROWS)
def test_unusable_key_changes_no_answer(layer: int, nla: int, protocols: int | None, expected: str) -> None:
    assert answer(ask(protocols, security_layer=layer, user_authentication=nla, key_pem=None)) == expected


@pytest.mark.parametrize("protocols", REQUESTS)
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_legacy_server_never_negotiates(layer: int, protocols: int | None) -> None:
    assert ask(protocols, security_layer=layer, legacy_no_negotiation=True, os_version=(5, 1, 2600)) == NO_DATA


@pytest.mark.parametrize(
    ("os_version", "protocols", "expected"),
    [
        ((5, 2, 3790), 1, "=1"),
        ((5, 2, 3790), 3, "=1"),
        ((5, 2, 3790), 2, "!1"),
        ((6, 0, 6002), 3, "=2"),
        ((6, 1, 7601), 0x0B, "=2"),
        ((6, 1, 7601), 8, "!1"),
        ((6, 2, 9200), 0x0B, "=8"),
        ((6, 3, 9600), 4, "!1"),
        ((10, 0, 14393), 4, "=4"),
    ],
)
def test_versions_know_different_protocols(os_version: tuple[int, int, int], protocols: int, expected: str) -> None:
    assert answer(ask(protocols, os_version=os_version)) == expected


@pytest.mark.parametrize(
    ("os_version", "layer", "protocols", "flags"),
    [
        ((6, 0, 6002), 2, 1, 0x00),
        ((6, 1, 7601), 2, 1, 0x01),
        ((6, 2, 9200), 2, 1, 0x03),
        ((6, 3, 9600), 2, 1, 0x0F),
        ((10, 0, 10240), 2, 1, 0x0F),
        ((10, 0, 14393), 2, 1, 0x1F),
        ((10, 0, 26100), 2, 11, 0x1F),
        ((10, 0, 26100), 0, 0, 0x07),
    ],
)
def test_response_flags(os_version: tuple[int, int, int], layer: int, protocols: int, flags: int) -> None:
    assert ask(protocols, os_version=os_version, security_layer=layer)[12] == flags


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("RDP-003.pcap", {"security_layer": 1}),
        ("rdp-no-cookie-mstshash.pcap", {"security_layer": 2, "user_authentication": 1}),
        ("rdp-proprietary-encryption.pcap", {"security_layer": 0, "os_version": (6, 0, 6002)}),
        ("rdp-to-ssl.pcap", {"security_layer": 1, "os_version": (6, 1, 7601)}),
        ("rdp-x509.pcap", {"security_layer": 0, "os_version": (6, 0, 6002)}),
    ],
)
def test_recorded_requests_get_the_recorded_bytes(name: str, settings: dict[str, Any]) -> None:
    flows = recorded_flows(name)
    assert flows
    for flow in flows:
        request = parse_connection_request(flow.client[0])
        assert select(listener_state(**settings), request).confirm.hex() == flow.server[0].hex()
