# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own winrm and psrp connections against a small HTTP server on loopback that speaks Basic."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("winrm")
pytest.importorskip("pypsrp")

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import connect
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    ConnectionNotSupported,
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from tests.unit.wsman.connections import BOTH, PASSWORD, psrp_connection, winrm_connection
from tests.unit.wsman.ntlm_server import NTLMServer
from tests.unit.wsman.samples import action, envelope, fault, message_id, page

IDENTITY = envelope("<i:IdentifyResponse xmlns:i='u'><i:ProductVendor>Lab</i:ProductVendor></i:IdentifyResponse>")
SERVICES = page("Enumerate", ["TermService"], ended=True)

Answer = Callable[[bytes], tuple[int, bytes]]


class Server:
    """WinRM as far as these tests need it: a port, the envelopes that came in, and what to answer."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections: list[tuple[str, int]] = []
        self.refused = 0
        self.answer: Answer = lambda request: (200, IDENTITY if action(request) == "Identify" else SERVICES)
        self.drop_next = False
        self.release = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                expected = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
                if self.headers.get("Authorization") != f"Basic {expected}":
                    outer.refused += 1
                    self.reply(401, b"")
                    return
                if self.client_address not in outer.connections:
                    outer.connections.append(self.client_address)
                outer.requests.append(body)
                if outer.drop_next:
                    outer.drop_next = False
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, answer = outer.answer(body)
                self.reply(status, answer.replace(b"@ID@", message_id(body).encode()))

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
                self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.release.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)

    @property
    def actions(self) -> list[str]:
        return [action(request) for request in self.requests]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    found = Server()
    with found.running():
        yield found


@BOTH
def test_a_query_takes_one_request_and_no_shell(server: Server, build: Callable[..., Any]) -> None:
    connection = build(server.port)
    with connect.open_session(connection, Deadline(10)) as session:
        assert server.requests == []
        (row,) = session.query("root/cimv2", "SELECT Name FROM Win32_Service")
        assert row.text("Name") == "TermService"
        assert server.actions == ["Enumerate"]
        session.query("root/cimv2", "SELECT Name FROM Win32_Service")
        assert len(server.connections) == 1  # kept alive
    assert session.host == "127.0.0.1"
    assert f"http://127.0.0.1:{server.port}/wsman".encode() in server.requests[0]


@BOTH
def test_the_state_of_the_connection_is_left_alone(server: Server, build: Callable[..., Any]) -> None:
    connection = build(server.port)
    watched = {"protocol": "the protocol", "shell_id": "the shell", "runspace": "the runspace"}
    watched = {name: value for name, value in watched.items() if hasattr(connection, name)}
    for name, value in watched.items():
        setattr(connection, name, value)
    connect.open_session(connection, Deadline(10)).identify()
    assert {name: getattr(connection, name) for name in watched} == watched
    assert watched and connection._connected is False
    for name in watched:
        setattr(connection, name, None)


@BOTH
def test_a_fresh_session_is_another_connection_that_has_logged_on(server: Server, build: Callable[..., Any]) -> None:
    connection = build(server.port)
    with connect.open_session(connection, Deadline(10)) as session:
        session.identify()
        with connect.fresh_session(connection, Deadline(10)) as fresh:
            assert fresh.requests == 1
            assert len(server.connections) == 2
        session.identify()
        assert len(server.connections) == 2
    assert server.actions == ["Identify"] * 3


@BOTH
def test_a_dropped_connection_is_opened_again(server: Server, build: Callable[..., Any]) -> None:
    session = connect.open_session(build(server.port), Deadline(10))
    session.identify()
    server.drop_next = True
    assert session.identify().product_vendor == "Lab"
    assert (len(server.requests), len(server.connections)) == (3, 2)
    server.drop_next = True
    with pytest.raises(WSManConnectionError) as caught:
        session.invoke("root/cimv2", "Win32_Service", "StopService", keys={"Name": "A"})
    assert caught.value.dropped
    assert f"port {server.port} closed the connection" in str(caught.value)
    assert len(server.requests) == 4


@BOTH
def test_wrong_credentials(server: Server, build: Callable[..., Any]) -> None:
    session = connect.open_session(build(server.port, ansible_password="wrong-Pass"), Deadline(10))
    with pytest.raises(WSManAuthError) as caught:
        session.query("root/cimv2", "SELECT Name FROM Win32_Service")
    assert str(caught.value) == (
        f"The query of Win32_Service in root/cimv2 on 127.0.0.1 failed: port {server.port} rejects the user admin with "
        "basic over http, as WinRM does by default because nothing is encrypted; use https, or set "
        f"{'ansible_winrm_transport' if build is winrm_connection else 'ansible_psrp_auth'} to ntlm or kerberos, and "
        "check the user and the password."
    )
    assert server.requests == [] and server.refused == 1


@BOTH
def test_a_fault_in_an_http_error(server: Server, build: Callable[..., Any]) -> None:
    server.answer = lambda request: (500, fault(2150859173, "30 concurrent shells"))
    session = connect.open_session(build(server.port), Deadline(0.8))
    with pytest.raises(WSManFault) as caught:
        session.invoke("root/cimv2", "StdRegProv", "EnumKey")
    assert caught.value.is_quota and caught.value.http_status == 500
    assert caught.value.host == "127.0.0.1"
    server.answer = lambda request: (500, fault(5).replace(b"@ID@", b"uuid:0"))
    with pytest.raises(WSManProtocolError, match="another request"):
        session.invoke("root/cimv2", "StdRegProv", "EnumKey")


@BOTH
@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (400, b"", WSManConnectionError, "cannot decrypt"),
        (403, b"", WSManAuthError, "HTTP 403 to the user admin with basic"),
        (404, b"<html>none</html>", WSManConnectionError, "the URL ends with /wsman"),
        (500, b"", WSManConnectionError, "HTTP 500 and no SOAP fault"),
        (500, b"<html>proxy</html>", WSManConnectionError, "HTTP 500 and no SOAP fault"),
        (503, b"", WSManConnectionError, "WinRM is stopped, starting or overloaded"),
        (200, b"<html>hello</html>", WSManProtocolError, "not one of WS-Management"),
        (200, b"", WSManProtocolError, "not well-formed"),
    ],
)
def test_other_answers(
    server: Server, build: Callable[..., Any], status: int, body: bytes, kind: type[WSManError], text: str
) -> None:
    server.answer = lambda request: (status, body)
    session = connect.open_session(build(server.port), Deadline(0.6))
    with pytest.raises(kind) as caught:
        session.invoke("root/cimv2", "Win32_Service", "StopService")
    assert text in str(caught.value)


@BOTH
def test_a_host_that_does_not_answer_in_time(server: Server, build: Callable[..., Any]) -> None:
    def never(request: bytes) -> tuple[int, bytes]:
        server.release.wait(10)
        return 200, IDENTITY

    server.answer = never
    session = connect.open_session(build(server.port), Deadline(0.5))
    with pytest.raises(WSManTimeout) as caught:
        session.identify()
    assert "Identifying the WinRM service on 127.0.0.1 failed" in str(caught.value)
    assert len(server.requests) == 1


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@BOTH
def test_a_closed_port(build: Callable[..., Any]) -> None:
    port = closed_port()
    session = connect.open_session(build(port), Deadline(10))
    with pytest.raises(WSManConnectionError) as caught:
        session.identify()
    assert str(caught.value) == (
        f"Identifying the WinRM service on 127.0.0.1 failed: port {port} refuses connections; check the port and that "
        "WinRM runs."
    )
    assert not caught.value.dropped


@BOTH
def test_a_name_that_does_not_exist(build: Callable[..., Any]) -> None:
    session = connect.open_session(build(5985, ansible_host="no-such-host.invalid"), Deadline(10))
    with pytest.raises(WSManConnectionError, match=r"on no-such-host\.invalid failed: the name cannot be resolved"):
        session.identify()


@BOTH
def test_a_port_that_a_firewall_drops(build: Callable[..., Any]) -> None:
    """A listener whose queue is full answers to no further connection."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = int(listener.getsockname()[1])
        fill = [socket.socket() for _unused in range(4)]
        for client in fill:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        try:
            session = connect.open_session(build(port), Deadline(0.6))
            with pytest.raises(WSManConnectionError, match=f"port {port} does not answer to a connection"):
                session.identify()
        finally:
            for client in fill:
                client.close()


@BOTH
def test_plain_http_where_tls_is_expected(server: Server, build: Callable[..., Any]) -> None:
    over_tls = {"ansible_winrm_scheme": "https", "ansible_psrp_protocol": "https"}
    session = connect.open_session(build(server.port, **over_tls), Deadline(10))
    with pytest.raises(WSManConnectionError) as caught:
        session.identify()
    assert "TLS" in str(caught.value)
    assert not caught.value.dropped


@pytest.fixture
def ntlm_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NTLMServer]:
    users = tmp_path / "users"
    users.write_text(f"LAB:admin:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))

    def answer(request: bytes) -> tuple[int, bytes]:
        denied = action(request) == "StopService"
        body = fault(5, "denied") if denied else IDENTITY if action(request) == "Identify" else SERVICES
        return 500 if denied else 200, body.replace(b"@ID@", message_id(request).encode())

    found = NTLMServer(answer)
    with found.running():
        yield found


WITH_NTLM = {
    "ansible_user": "LAB\\admin",
    "ansible_winrm_transport": ["ntlm"],
    "ansible_psrp_auth": "ntlm",
    "ansible_psrp_message_encryption": "always",
}


@BOTH
def test_encrypted_messages_over_ntlm(ntlm_server: NTLMServer, build: Callable[..., Any]) -> None:
    session = connect.open_session(build(ntlm_server.port, **WITH_NTLM), Deadline(10))
    (row,) = session.query("root/cimv2", "SELECT Name FROM Win32_Service")
    assert row.text("Name") == "TermService"
    with pytest.raises(WSManFault) as caught:
        session.invoke("root/cimv2", "Win32_Service", "StopService", keys={"Name": "A"})
    assert caught.value.is_access_denied and caught.value.http_status == 500
    assert [action(request) for request in ntlm_server.requests] == ["Enumerate", "StopService"]


@BOTH
def test_an_encrypted_connection_that_was_dropped_is_opened_again(
    ntlm_server: NTLMServer, build: Callable[..., Any]
) -> None:
    """The encryption belongs to the connection that is gone: what is sent next gets HTTP 400 until all is new."""
    session = connect.open_session(build(ntlm_server.port, **WITH_NTLM), Deadline(10))
    ntlm_server.hang_up = True
    assert session.identify().product_vendor == "Lab"
    assert session.identify().product_vendor == "Lab"
    assert session.identify().product_vendor == "Lab"
    assert len(ntlm_server.requests) == 3
    assert ntlm_server.statuses.count(400) == 0  # nothing was sent that only the connection before could read


@BOTH
def test_a_wrong_password_over_ntlm(ntlm_server: NTLMServer, build: Callable[..., Any]) -> None:
    options = {**WITH_NTLM, "ansible_password": "wrong-Pass"}
    session = connect.open_session(build(ntlm_server.port, **options), Deadline(10))
    with pytest.raises(WSManAuthError, match=r"rejects the user LAB\\admin with ntlm") as caught:
        session.identify()
    assert "wrong-Pass" not in str(caught.value)
    assert ntlm_server.requests == []


def test_the_next_transport_is_tried_when_the_host_refuses_one(server: Server) -> None:
    connection = winrm_connection(server.port, ansible_winrm_transport=["ntlm", "basic"])
    session = connect.open_session(connection, Deadline(10))
    assert session.identify().product_vendor == "Lab"
    assert connection._winrm_transport == ["ntlm", "basic"]
    before = len(server.requests)
    assert connect.fresh_session(connection, Deadline(10)).requests == 1
    assert len(server.requests) == before + 1  # the method that was accepted comes first then


def test_where_no_transport_is_accepted_the_first_refusal_is_told(ntlm_server: NTLMServer) -> None:
    options = {**WITH_NTLM, "ansible_winrm_transport": ["ntlm", "credssp"], "ansible_password": "wrong-Pass"}
    session = connect.open_session(winrm_connection(ntlm_server.port, **options), Deadline(10))
    with pytest.raises(WSManAuthError, match=r"rejects .* with ntlm, and no other .* \(credssp\); check the user"):
        session.identify()


def test_a_transport_that_is_not_installed(server: Server) -> None:
    with pytest.raises(WSManAuthError) as caught:
        connect.open_session(winrm_connection(server.port, ansible_winrm_transport=["nosuch"]), Deadline(10))
    assert "127.0.0.1" in str(caught.value) and "nosuch" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_transport_without_a_password(server: Server) -> None:
    with pytest.raises(WSManAuthError, match="the user admin with basic cannot log on .*requires a password"):
        connect.open_session(winrm_connection(server.port, ansible_password=None), Deadline(10))
    session = connect.open_session(psrp_connection(server.port, ansible_password=None), Deadline(10))
    with pytest.raises(WSManAuthError, match="the user admin with basic cannot log on .*password must be specified"):
        session.identify()


def test_options_of_psrp_that_do_not_fit() -> None:
    options = {"ansible_psrp_message_encryption": "always"}
    with pytest.raises(WSManAuthError, match="Cannot use message encryption with auth 'basic'"):
        connect.open_session(psrp_connection(5985, **options), Deadline(10))


def test_another_connection_is_refused() -> None:
    local = connection_loader.get("local", PlayContext(), "/dev/null")
    with pytest.raises(ConnectionNotSupported) as caught:
        connect.open_session(local, Deadline(10))
    assert str(caught.value) == (
        "The connection local does not lead to WinRM; set ansible_connection to winrm or psrp for this host."
    )


@pytest.mark.parametrize(("build", "name"), [(winrm_connection, "winrm"), (psrp_connection, "WSMan")])
def test_a_missing_package(monkeypatch: pytest.MonkeyPatch, build: Callable[..., Any], name: str) -> None:
    connection = build(5985)
    monkeypatch.setattr(connect, name, None)
    with pytest.raises(ConnectionNotSupported, match="is not installed on the controller; install it"):
        connect.open_session(connection, Deadline(10))
