# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The listener on real sockets: handshakes, refusals, restarts, filters and deadlines."""

from __future__ import annotations

import os
import socket
import ssl
import time
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.lab.rdp import RdpServer
from tests.lab.rdp.tests.client import (
    PORT,
    TIMEOUT,
    TLS_VERSIONS,
    Lab,
    connection_request,
    credential,
    ended,
    exchange,
    listener_state,
    next_address,
    tls_client,
)

TSREQUEST = bytes.fromhex("3003a0010a")
MCS_CONNECT_INITIAL = bytes.fromhex("0300000c02f0807f65020401")


def secured(address: str, protocols: int = 3, version: str | None = None, ciphers: str = "ALL") -> ssl.SSLSocket:
    connection, confirm = exchange(address, connection_request(protocols))
    assert confirm[11] == 2, confirm.hex()
    return tls_client(connection, version, ciphers)


def peer_name(connection: ssl.SSLSocket) -> bytes:
    certificate = connection.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


@pytest.mark.parametrize(("server", "client"), list(product([*TLS_VERSIONS, "all"], TLS_VERSIONS)))
def test_exactly_the_enabled_versions(lab: Lab, server: str, client: str) -> None:
    versions = TLS_VERSIONS if server == "all" else (server,)
    _listener, address = lab.start(listener_state(tls_versions=versions))
    if client in versions:
        with secured(address, version=client) as connection:
            assert connection.version() == {"TLS 1.0": "TLSv1"}.get(client, client.replace("TLS ", "TLSv"))
    elif client == "TLS 1.3" or client < server:
        with pytest.raises(ConnectionResetError):
            secured(address, version=client)
    else:
        # The listener answers with its own, lower version and the client has to refuse that.
        with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
            secured(address, version=client)


def test_versions_with_a_gap(lab: Lab) -> None:
    _listener, address = lab.start(listener_state(tls_versions=("TLS 1.0", "TLS 1.2")))
    secured(address, version="TLS 1.0").close()
    secured(address, version="TLS 1.2").close()
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        secured(address, version="TLS 1.1")


@pytest.mark.parametrize(
    ("suites", "client", "expected"),
    [
        (("TLS_RSA_WITH_AES_256_CBC_SHA",), "ALL", "AES256-SHA"),
        (("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"), "AES256-SHA:AES128-SHA", "AES128-SHA"),
        (("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",), "ALL", "DHE-RSA-AES256-GCM-SHA384"),
        (("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",), "AES256-SHA", None),
        (("TLS_RSA_WITH_AES_256_CBC_SHA",), "ECDHE", None),
    ],
)
def test_exactly_the_enabled_suites(lab: Lab, suites: tuple[str, ...], client: str, expected: str | None) -> None:
    _listener, address = lab.start(listener_state(tls_versions=("TLS 1.2",), cipher_suites=suites))
    if expected is None:
        with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
            secured(address, ciphers=client)
    else:
        with secured(address, ciphers=client) as connection:
            chosen = connection.cipher()
            assert chosen is not None
            assert chosen[0] == expected


def test_tls13_suite_that_is_not_allowed(lab: Lab) -> None:
    state = listener_state(tls_versions=("TLS 1.3",), cipher_suites=("TLS_AES_128_GCM_SHA256",))
    _listener, address = lab.start(state)
    with pytest.raises(ConnectionResetError):
        secured(address, version="TLS 1.3")


@pytest.mark.parametrize("protocols", [1, 3, 11])
@pytest.mark.parametrize(
    "changes",
    [{"key_pem": None}, {"tls_versions": ()}, {"cipher_suites": ()}, {"key_pem": b"no key"}],
    ids=["no-key", "no-version", "no-suite", "broken-key"],
)
def test_client_hello_is_read_and_the_connection_reset(lab: Lab, changes: dict[str, Any], protocols: int) -> None:
    _listener, address = lab.start(listener_state(**changes))
    connection, confirm = exchange(address, connection_request(protocols))
    with connection:
        assert confirm[11] == 2
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(TIMEOUT)
        with pytest.raises(ConnectionResetError):
            tls_client(connection)


@pytest.mark.parametrize(
    ("changes", "protocols", "code"),
    [
        ({}, 0, 1),
        ({"security_layer": 0}, 3, 2),
        ({"certificate_pem": None, "key_pem": None}, 3, 3),
        ({"user_authentication": 1}, 1, 5),
    ],
)
def test_failure_is_sent_and_the_connection_closed(
    lab: Lab, changes: dict[str, Any], protocols: int, code: int
) -> None:
    _listener, address = lab.start(listener_state(**changes))
    connection, confirm = exchange(address, connection_request(protocols))
    with connection:
        assert (confirm[11], confirm[15]) == (3, code)
        assert ended(connection) == "FIN"


@pytest.mark.parametrize("protocols", [3, 11])
@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
def test_credssp_waits_for_a_tsrequest(lab: Lab, protocols: int, version: str) -> None:
    _listener, address = lab.start(listener_state(user_authentication=1))
    with secured(address, protocols, version) as connection:
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(TIMEOUT)
        connection.sendall(TSREQUEST)
        assert ended(connection) == "FIN"


def test_tls_waits_for_the_connect_initial(lab: Lab) -> None:
    _listener, address = lab.start(listener_state())
    with secured(address, protocols=1) as connection:
        connection.sendall(MCS_CONNECT_INITIAL)
        assert ended(connection) == "RST"


@pytest.mark.parametrize("protocols", [None, 0])
def test_standard_rdp_security(lab: Lab, protocols: int | None) -> None:
    _listener, address = lab.start(listener_state(security_layer=0))
    connection, confirm = exchange(address, connection_request(protocols))
    with connection:
        assert len(confirm) == (11 if protocols is None else 19)
        connection.sendall(MCS_CONNECT_INITIAL)
        assert ended(connection) == "RST"


def test_direct_approach(lab: Lab) -> None:
    _listener, address = lab.start(listener_state())
    with tls_client(socket.create_connection((address, PORT), TIMEOUT)) as connection:
        assert connection.version() == "TLSv1.3"


def test_direct_approach_needs_a_security_layer(lab: Lab) -> None:
    _listener, address = lab.start(listener_state(security_layer=0))
    with pytest.raises(ConnectionResetError):
        tls_client(socket.create_connection((address, PORT), TIMEOUT))


@pytest.mark.parametrize(
    "data",
    [
        b"\x03\x00\x00\x0a\x05\xe0\x00\x00\x00\x00",
        b"\x03\x00\xff\xff" + bytes(8),
        b"GET / HTTP/1.1\r\n\r\n",
        connection_request(None, routing=b"Cookie: mstshash=a"),
    ],
    ids=["short", "huge", "http", "cookie-without-end"],
)
def test_malformed_request_is_dropped(lab: Lab, data: bytes) -> None:
    _listener, address = lab.start(listener_state())
    with socket.create_connection((address, PORT), TIMEOUT) as connection:
        connection.sendall(data)
        assert ended(connection) == "RST"


def test_request_in_single_bytes(lab: Lab) -> None:
    _listener, address = lab.start(listener_state())
    with socket.create_connection((address, PORT), TIMEOUT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in connection_request(1):
            connection.sendall(bytes([byte]))
        assert connection.recv(64)[11] == 2


@pytest.mark.parametrize("phase", ["request", "hello", "first message", "mcs"])
def test_idle_connections_end(lab: Lab, phase: str) -> None:
    layer = 0 if phase == "mcs" else 2
    _listener, address = lab.start(listener_state(security_layer=layer), idle_timeout=0.3)
    started = time.monotonic()
    if phase == "first message":
        with secured(address) as secure:
            assert ended(secure) == "FIN"
    else:
        with socket.create_connection((address, PORT), TIMEOUT) as connection:
            if phase == "request":
                connection.sendall(b"\x03")
            else:
                connection.sendall(connection_request(None if phase == "mcs" else 1))
                assert connection.recv(64)
            assert ended(connection) == "FIN"
    assert 0.2 < time.monotonic() - started < 2


def test_certificate_change_keeps_connections(lab: Lab) -> None:
    state = listener_state()
    listener, address = lab.start(state)
    certificate, key = credential("renewed")
    with secured(address) as before:
        lab.run(listener.apply(replace(state, certificate_pem=certificate, key_pem=key)))
        with secured(address) as after:
            assert peer_name(after) == ssl.PEM_cert_to_DER_cert(certificate.decode())
            assert peer_name(before) != peer_name(after)
        before.sendall(TSREQUEST)
        assert ended(before) == "FIN"


@pytest.mark.parametrize("change", [{"user_authentication": 1}, {"tls_versions": ("TLS 1.2",)}, None])
def test_other_changes_restart_the_service(lab: Lab, change: dict[str, Any] | None) -> None:
    state = listener_state()
    listener, address = lab.start(state)
    with secured(address) as before:
        lab.run(listener.apply(None if change is None else replace(state, **change)))
        assert ended(before) == "RST"
    if change is None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, PORT), TIMEOUT)
    else:
        secured(address, version="TLS 1.2").close()
    lab.run(listener.apply(state))
    secured(address).close()


def test_port_change(lab: Lab) -> None:
    listener, address = lab.start(listener_state())
    lab.run(listener.apply(listener_state(port=3390)))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, PORT), TIMEOUT)
    socket.create_connection((address, 3390), TIMEOUT).close()


def test_filter_and_back(lab: Lab) -> None:
    state = listener_state()
    listener, address = lab.start(state, filtered=True)
    for _attempt in range(2):
        with pytest.raises(TimeoutError):
            socket.create_connection((address, PORT), 0.3)
    assert listener.connections == 0
    lab.run(listener.apply(state))
    secured(address).close()
    lab.run(listener.apply(state, filtered=True))
    with pytest.raises(TimeoutError):
        socket.create_connection((address, PORT), 0.3)
    lab.run(listener.apply(None))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, PORT), 0.3)


def test_filter_without_a_listener(lab: Lab) -> None:
    _listener, address = lab.start(None, filtered=True)
    with pytest.raises(TimeoutError):
        socket.create_connection((address, PORT), 0.3)


def test_filter_follows_the_port(lab: Lab) -> None:
    listener, address = lab.start(listener_state(), filtered=True)
    lab.run(listener.apply(listener_state(port=3390), filtered=True))
    with pytest.raises(TimeoutError):
        socket.create_connection((address, 3390), 0.3)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, PORT), 0.3)


def test_port_in_use_is_an_error_and_can_be_retried(lab: Lab) -> None:
    listener, address = lab.start(None)
    with socket.create_server((address, PORT)), pytest.raises(OSError, match="in use"):
        lab.run(listener.apply(listener_state()))
    lab.run(listener.apply(listener_state()))
    secured(address).close()


def test_connections_are_counted(lab: Lab) -> None:
    listener, address = lab.start(listener_state())
    for _unused in range(3):
        exchange(address, connection_request(0))[0].close()
    assert listener.connections == 3


def test_hundreds_of_hosts_leave_no_descriptor(lab: Lab) -> None:
    before = len(os.listdir("/proc/self/fd"))
    state = listener_state()
    listeners = [RdpServer(next_address()) for _unused in range(200)]
    started = time.monotonic()
    for number, listener in enumerate(listeners):
        lab.run(listener.apply(replace(state, hostname=f"HOST{number}"), filtered=number % 10 == 0))
    assert time.monotonic() - started < 5
    for listener in listeners:
        lab.run(listener.close())
    time.sleep(0.1)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
