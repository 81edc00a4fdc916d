# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure part of TLS: records before encryption, alerts, and what our own ClientHello offers."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire import tls
from tests.unit.wire import pcap

HANDSHAKE = bytes.fromhex("16030300020e00")
CHANGE = bytes.fromhex("140303000101")


def client_hello(*, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED, name: str | None = "rds01") -> bytes:
    context = tls.client_context()
    context.maximum_version = newest
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    ("stream", "alert"),
    [
        (b"", None),
        (bytes.fromhex("15030100020228"), "handshake_failure"),
        (bytes.fromhex("15030300020246"), "protocol_version"),
        (bytes.fromhex("15030300020250"), "internal_error"),
        (bytes.fromhex("150303000202c8"), "alert_200"),
        (bytes.fromhex("150303000202"), None),
        (HANDSHAKE * 2 + bytes.fromhex("1503030002022a"), "bad_certificate"),
        # Behind a ChangeCipherSpec, an alert record is encrypted.
        (HANDSHAKE + CHANGE + bytes.fromhex("15030300020228"), None),
        (HANDSHAKE + bytes.fromhex("1503030020") + b"\x02" * 32, None),
        (b"HTTP/1.1 400 Bad Request", None),
    ],
)
def test_alerts_in_the_open(stream: bytes, alert: str | None) -> None:
    assert tls.plain_alert(stream) == alert


@pytest.mark.parametrize(
    ("reason", "alert"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", "protocol_version"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "handshake_failure"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate_required"),
        ("TLSV1_UNRECOGNIZED_NAME", "unrecognized_name"),
        ("UNSUPPORTED_PROTOCOL", None),
        ("TLSV1_ALERT_OF_TOMORROW", None),
        (None, None),
    ],
)
def test_alerts_by_the_reason_of_openssl(reason: str | None, alert: str | None) -> None:
    assert tls.alert_of(reason) == alert


def test_our_client_offers_tls_1_2_at_least() -> None:
    offered = tls.offered_versions(client_hello())
    assert "TLS 1.2" in offered
    assert offered == sorted(offered)


def test_without_the_extension_only_the_highest_version_is_known() -> None:
    assert tls.offered_versions(client_hello(newest=ssl.TLSVersion.TLSv1_2)) == ["TLS 1.2"]


def test_versions_of_a_recorded_client(captures: Path) -> None:
    streams = pcap.streams(captures / "pcaps" / "rdp-no-cookie-mstshash.pcap")
    sent = next(data for (_source, destination), data in streams.items() if destination[1] == 3389)
    assert tls.offered_versions(sent[19:]) == ["TLS 1.2"]


@given(st.binary(max_size=120))
def test_arbitrary_bytes(stream: bytes) -> None:
    alert = tls.plain_alert(stream)
    assert alert is None or alert in tls.ALERTS.values() or alert.startswith("alert_")
    assert set(tls.offered_versions(stream)) <= set(tls.VERSIONS.values())


HELLO = client_hello()


@given(st.integers(0, len(HELLO)), st.binary(max_size=6))
def test_a_damaged_client_hello(at: int, piece: bytes) -> None:
    damaged = HELLO[:at] + piece + HELLO[at + len(piece) :]
    assert set(tls.offered_versions(damaged)) <= set(tls.VERSIONS.values())
    assert set(tls.offered_versions(HELLO[:at])) <= set(tls.VERSIONS.values())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("rds01.example.com", "rds01.example.com"),
        ("rds01.example.com.", "rds01.example.com"),
        ("192.0.2.7", None),
        ("2001:db8::7", None),
        ("fe80::7%eth0", None),
        (".", None),
    ],
)
def test_only_names_go_into_the_hello(host: str, expected: str | None) -> None:
    assert tls.server_name(host) == expected
    assert (b"rds01.example.com" in client_hello(name=tls.server_name(host))) == (expected is not None)


def test_versions_by_their_report_name() -> None:
    assert [tls.version_name(name) for name in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", None)] == [
        "TLS 1.0",
        "TLS 1.1",
        "TLS 1.2",
        "TLS 1.3",
        None,
    ]


@pytest.mark.parametrize(
    ("reason", "local"), [("DH_KEY_TOO_SMALL", True), ("WRONG_VERSION_NUMBER", False), (None, False)]
)
def test_what_is_our_own_limit(reason: str | None, local: bool) -> None:
    assert tls.is_local(reason) is local
