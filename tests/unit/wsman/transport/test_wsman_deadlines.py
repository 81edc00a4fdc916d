# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every wait of an exchange ends with its deadline, whatever a host, a proxy, a name server or a KDC does."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManConnectionError,
    WSManError,
    WSManTimeout,
)
from tests.unit.wsman.connections import BOTH, winrm_connection
from tests.unit.wsman.samples import envelope
from tests.unit.wsman.transport.conftest import Scheme
from tests.unit.wsman.transport.raw_server import Caller, RawServer, Script, reply

SECONDS = 0.6
# Beside the tenth that is allowed: what a busy machine needs to run two threads and a server.
SLACK = 1.5
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"


@contextmanager
def on_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SECONDS * 1.1 + SLACK


def refused_in_time(connection: Any, request: bytes = b"<a/>") -> WSManError:
    with on_time():
        transport = connect.open_transport(connection, Deadline(SECONDS))
        with pytest.raises((WSManTimeout, WSManConnectionError)) as caught:
            transport.send(request, SECONDS)
    return caught.value


def after_request(answer: Callable[[Caller], None]) -> Script:
    def script(caller: Caller) -> None:
        caller.request()
        answer(caller)

    return script


def chunks(caller: Caller) -> None:
    caller.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    caller.drip(b"1\r\nx\r\n" * 1000)


def with_length(caller: Caller) -> None:
    caller.send(HEAD + b"Content-Length: 1000\r\n\r\n")
    caller.drip(b"x" * 1000)


def until_close(caller: Caller) -> None:
    caller.send(HEAD + b"\r\n")
    caller.drip(b"x" * 1000)


def too_long(caller: Caller) -> None:
    body = envelope("")
    caller.send(HEAD + f"Content-Length: {len(body) + 1}\r\n\r\n".encode() + body)
    caller.stay()


SLOW: dict[str, Callable[[Caller], None]] = {
    "silence": Caller.stay,
    "status line": lambda caller: caller.drip(HEAD),
    "headers": lambda caller: caller.drip(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 90),
    "continues": lambda caller: caller.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "chunks": chunks,
    "body with length": with_length,
    "body until close": until_close,
    "a wrong length": too_long,
    "refusal": lambda caller: caller.drip(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n" + b"x" * 500),
}


@BOTH
@pytest.mark.parametrize("place", SLOW)
def test_a_host_that_drips(build: Callable[..., Any], scheme: Scheme, place: str) -> None:
    with RawServer(after_request(SLOW[place]), scheme.tls).running() as server:
        error = refused_in_time(build(server.port, **scheme.options))
    assert isinstance(error, WSManTimeout)
    assert f"port {server.port} gave no complete answer within 0." in str(error)


@BOTH
def test_a_host_that_drips_in_the_log_on(build: Callable[..., Any], scheme: Scheme) -> None:
    def script(caller: Caller) -> None:
        caller.request()
        caller.send(reply(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate"))
        caller.request()
        caller.drip(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate TlRM")

    options = {
        "ansible_winrm_transport": ["ntlm"],
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_message_encryption": "auto",
    }
    with RawServer(script, scheme.tls).running() as server:
        error = refused_in_time(build(server.port, **options, **scheme.options))
    assert isinstance(error, WSManTimeout)


@BOTH
def test_a_host_that_reads_nothing(build: Callable[..., Any], scheme: Scheme) -> None:
    with RawServer(Caller.stay, scheme.tls).running() as server:
        error = refused_in_time(build(server.port, **scheme.options), b"x" * 30_000_000)
    assert isinstance(error, WSManTimeout)


@BOTH
@pytest.mark.parametrize("answer", [Caller.stay, lambda caller: caller.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 500)])
def test_a_handshake_that_does_not_end(build: Callable[..., Any], https: Scheme, answer: Script) -> None:
    with RawServer(answer).running() as server:
        error = refused_in_time(build(server.port, **https.options))
    assert isinstance(error, WSManConnectionError) and not error.dropped  # no doubt that nothing was run
    assert f"port {server.port} took the connection, but the TLS handshake" in str(error)


@BOTH
def test_a_listener_that_never_accepts(build: Callable[..., Any], scheme: Scheme) -> None:
    """The kernel takes the connection into the queue, so that only TLS or the answer shows that nobody is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refused_in_time(build(listener.getsockname()[1], **scheme.options))


@BOTH
def test_a_proxy_of_the_environment_that_drips(
    build: Callable[..., Any], scheme: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(after_request(lambda caller: caller.drip(HEAD))).running() as proxy:
        monkeypatch.setenv("https_proxy" if scheme.tls else "http_proxy", f"http://127.0.0.1:{proxy.port}")
        error = refused_in_time(build(5985, ansible_host="win01.invalid", **scheme.options))
        assert len(proxy.callers) == 1
    assert isinstance(error, WSManConnectionError if scheme.tls else WSManTimeout)


@BOTH
def test_a_name_server_that_does_not_answer(build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_arguments: Any, **_options: Any) -> None:
        time.sleep(2)
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    connection = build(5985, ansible_host="win01.invalid")
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert "check the DNS" in str(refused_in_time(connection))


def test_a_kinit_that_hangs(tmp_path: Path) -> None:
    pytest.importorskip("kerberos")
    kinit = tmp_path / "kinit"
    kinit.write_text("#!/bin/sh\nexec sleep 2\n")
    kinit.chmod(0o755)
    connection = winrm_connection(
        5985, ansible_user="ana@LAB.TEST", ansible_winrm_transport=["kerberos"], ansible_winrm_kinit_cmd=str(kinit)
    )
    with on_time(), pytest.raises(WSManTimeout, match="the domain controllers"):
        connect.open_transport(connection, Deadline(SECONDS))


def test_a_domain_controller_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gssapi")
    from tests.unit.wsman.connections import psrp_connection

    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
        RawServer(
            after_request(lambda caller: caller.send(reply(b"", "401 Unauthorized", "WWW-Authenticate: Negotiate")))
        ).running() as server,
    ):
        silent.bind(("127.0.0.1", 0))
        settings = tmp_path / "krb5.conf"
        settings.write_text(
            "[libdefaults]\ndefault_realm = LAB.TEST\ndns_lookup_kdc = false\nudp_preference_limit = 65535\n"
            f"[realms]\nLAB.TEST = {{\nkdc = 127.0.0.1:{silent.getsockname()[1]}\n}}\n"
        )
        monkeypatch.setenv("KRB5_CONFIG", str(settings))
        options = {
            "ansible_user": "ana@LAB.TEST",
            "ansible_psrp_auth": "kerberos",
            "ansible_psrp_message_encryption": "auto",
        }
        error = refused_in_time(psrp_connection(server.port, **options))
    assert "the domain controllers" in str(error)
