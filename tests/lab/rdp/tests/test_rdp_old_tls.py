# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSL 3.0, RC4 and 3DES of old hosts: the listener against tlslite-ng's client and a recorded ClientHello."""

from __future__ import annotations

from typing import Any

import pytest
from tlslite.errors import BaseTLSException
from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection

from tests.lab.rdp.old_tls import old_tls_server
from tests.lab.rdp.tests.client import (
    TIMEOUT,
    Lab,
    connect_initial,
    connection_request,
    exchange,
    listener_state,
    recorded_flows,
    server_blocks,
)

SSL_3, TLS_1, TLS_12 = (3, 0), (3, 1), (3, 3)
TRIPLE_DES, RC4_SHA, RC4_MD5 = "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_RC4_128_MD5"


def handshake(lab: Lab, version: tuple[int, int], cipher: str, **changes: Any) -> TLSConnection:
    """A TLS connection with one version and one cipher; raises what tlslite-ng raises."""
    _listener, address = lab.start(listener_state(**changes))
    connection, _confirm = exchange(address, connection_request(1))
    connection.settimeout(TIMEOUT)
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.cipherNames = [cipher]
    settings.macNames = ["sha", "md5"]
    client = TLSConnection(connection)
    client.handshakeClientCert(settings=settings)
    return client


@pytest.mark.parametrize(
    ("version", "cipher", "changes"),
    [
        (TLS_1, "rc4", {"cipher_suites": (RC4_SHA,)}),
        (TLS_1, "rc4", {"cipher_suites": (RC4_MD5,), "min_encryption_level": 2}),
        (TLS_12, "3des", {"cipher_suites": (TRIPLE_DES,)}),
        (SSL_3, "aes128", {"tls_versions": ("SSL 3.0", "TLS 1.2")}),
        (SSL_3, "rc4", {"tls_versions": ("SSL 3.0",), "cipher_suites": (RC4_SHA,)}),
    ],
)
def test_old_suites_reach_mcs(lab: Lab, version: tuple[int, int], cipher: str, changes: dict[str, Any]) -> None:
    client = handshake(lab, version, cipher, **changes)
    assert client.version == version
    client.sendall(connect_initial(methods=0, selected=1))
    start = bytes(client.read(min=4, max=4))
    rest = int.from_bytes(start[2:], "big") - 4
    assert 0x0C01 in server_blocks(start + bytes(client.read(min=rest, max=rest)))
    client.sock.close()


@pytest.mark.parametrize(
    ("version", "cipher", "changes"),
    [
        (TLS_12, "3des", {}),
        (TLS_12, "rc4", {"cipher_suites": (TRIPLE_DES,)}),
        (TLS_12, "rc4", {"cipher_suites": (RC4_SHA,), "min_encryption_level": 4}),
        (TLS_12, "rc4", {"cipher_suites": ("TLS_RSA_WITH_AES_128_CBC_SHA",)}),
        (TLS_1, "3des", {"tls_versions": ("SSL 3.0", "TLS 1.2"), "cipher_suites": ()}),
        (SSL_3, "aes128", {}),
        (TLS_12, "3des", {"cipher_suites": (TRIPLE_DES,), "key_pem": None}),
    ],
)
def test_old_suites_that_are_not_there(
    lab: Lab, version: tuple[int, int], cipher: str, changes: dict[str, Any]
) -> None:
    with pytest.raises((BaseTLSException, ConnectionResetError)):
        handshake(lab, version, cipher, **changes)


def test_recorded_client_hello_gets_the_only_old_suite() -> None:
    tls = old_tls_server(listener_state(tls_versions=("TLS 1.0", "TLS 1.2"), cipher_suites=(TRIPLE_DES,)))
    assert tls is not None
    flight = tls.receive(recorded_flows("rdp-no-cookie-mstshash.pcap")[0].client[1])
    assert flight[9:11] == b"\x03\x03"
    assert flight[44 + flight[43] :][:2] == b"\x00\x0a"
