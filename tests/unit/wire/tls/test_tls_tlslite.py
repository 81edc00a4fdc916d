# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS client against tlslite-ng, which still speaks SSL 3.0, RC4 and 3DES."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client, suites
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    ALL_VERSIONS,
    SSL_3_0,
    TLS_1_0,
    TLS_1_2,
    TLS_1_3,
)
from tests.unit.wire.tls import peers

_OLD = [
    suite
    for suite in (suites.SUITES[code] for code in suites.COMPLETABLE)
    if SSL_3_0 in suite.versions or suite.key_exchange == "DHE" or suite.cipher in ("RC4-128", "3DES-CBC")
]
# What OpenSSL does not do, and one of each kind that it does.
CASES = sorted(
    {(version, suite) for suite in _OLD for version in suite.versions}
    | {(TLS_1_2, suites.SUITES[code]) for code in (0xC030, 0xC02B, 0xC027, 0xC023)}
    | {(TLS_1_3, suites.SUITES[code]) for code in (0x1301, 0x1302)}
)


def shake(made: client.Client, stream: socket.socket) -> None:
    stream.sendall(made.start())
    while not made.done:
        peers.receive(made, stream)


@pytest.mark.parametrize(("version", "suite"), CASES, ids=[f"{v:x}-{s.name}" for v, s in CASES])
def test_version_and_suite(version: int, suite: suites.Suite, identities: peers.Identities) -> None:
    with peers.tls_lite(identities[suite.authentication], peers.settings(version)) as (stream, server):
        made = client.Client(client.Offer((version,), (suite.code,), None))
        shake(made, stream)
        assert (made.version, made.suite, made.key_proved) == (version, suite, True)
        assert (made.group is None) == (suite.key_exchange == "RSA")
        peers.echo(made, stream, b"0123456789" * 30)
        peers.echo(made, stream, b"x")
        peers.end(made, stream)
    assert server.errors == []


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_server_that_asks_for_a_certificate(version: int, identities: peers.Identities) -> None:
    with peers.tls_lite(identities["RSA"], peers.settings(version), ask=True) as (stream, server):
        made = client.Client(client.Offer((version,), suites.EVERYTHING, "rds01"))
        shake(made, stream)
        peers.echo(made, stream, b"data")
        peers.end(made, stream)
    assert server.errors == []


def test_the_answer_to_a_request_in_ssl_3(identities: peers.Identities) -> None:
    """RFC 6101 5.6.6: an alert, and no empty Certificate."""
    with peers.tls_lite(identities["RSA"], peers.settings(SSL_3_0), ask=True) as (stream, _server):
        made = client.Client(client.Offer((SSL_3_0,), (0x002F,), None))
        stream.sendall(made.start())
        answer = b""
        while not answer:
            answer = made.receive(stream.recv(peers.CHUNK))
    assert answer[:7] == b"\x15\3\0\0\2\1\x29"
    assert (answer[7], answer[12]) == (22, 16)


def test_without_extended_master_secret(identities: peers.Identities) -> None:
    settings = peers.settings(TLS_1_2)
    settings.useExtendedMasterSecret = False
    with peers.tls_lite(identities["RSA"], settings) as (stream, _server):
        made = client.Client(client.Offer((TLS_1_2,), suites.MODERN, None))
        shake(made, stream)
        peers.echo(made, stream, b"data")


def test_a_small_dh_group(identities: peers.Identities) -> None:
    settings = peers.settings(TLS_1_0)
    # RFC 2409 6.2, the group of many old servers.
    prime = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B"
        "302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE6"
        "49286651ECE65381FFFFFFFFFFFFFFFF",
        16,
    )
    settings.dhParams = (2, prime)
    with peers.tls_lite(identities["RSA"], settings) as (stream, _server):
        made = client.Client(client.Offer((TLS_1_0,), (0x0033,), None))
        shake(made, stream)
        assert (made.group, made.key_proved) == ("DH 1024", True)


@pytest.mark.parametrize("times", [1, 3])
def test_key_updates(times: int, identities: peers.Identities) -> None:
    with peers.tls_lite(identities["RSA"], peers.settings(TLS_1_3)) as (stream, server):
        made = client.Client(client.Offer((TLS_1_3,), suites.MODERN, None))
        shake(made, stream)
        for _time in range(times):
            before = made.reader, made.writer
            peers.echo(made, stream, b"update")
            assert made.reader is not before[0]
            assert made.writer is not before[1]
            peers.echo(made, stream, b"data")
        peers.end(made, stream)
    assert server.errors == []


def test_a_hello_retry_request(identities: peers.Identities) -> None:
    settings = peers.settings(TLS_1_3)
    settings.eccCurves = ["secp521r1"]
    settings.keyShares = ["secp521r1"]
    with peers.tls_lite(identities["RSA"], settings) as (stream, server):
        made = client.Client(client.Offer((TLS_1_3,), suites.MODERN, None))
        shake(made, stream)
        assert made.group == "secp521r1"
        peers.echo(made, stream, b"data")
        peers.end(made, stream)
    assert server.errors == []


def test_a_refusal_in_ssl_3(identities: peers.Identities) -> None:
    with peers.tls_lite(identities["RSA"], peers.settings(SSL_3_0)) as (stream, _server):
        made = client.Client(client.Offer((SSL_3_0,), (0x0009,), None))
        with pytest.raises(client.Refused) as refused:
            shake(made, stream)
    assert refused.value.alert == "handshake_failure"
    assert made.close() == bytes((21, 3, 0, 0, 2, 1, 0))
