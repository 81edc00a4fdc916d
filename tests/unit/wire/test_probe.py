# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against live servers on loopback, honest and hostile."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import handshake, net, report, tls
from ansible_collections.winops.rdp.plugins.module_utils._wire import probe as probing
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.unit.wire import servers

DEADLINE = 1.0
# The probe promises its deadline and a tenth; the rest is for a busy machine that runs the tests.
LATEST = DEADLINE * 1.1 + 0.2

STANDARD = "Only standard RDP security is offered"
OLD = "The server knows no security negotiation"


def check_shape(found: Report) -> None:
    """Every key of the contract is there, nothing else, and JSON can carry it."""
    assert set(found) == set(get_type_hints(report.Report))
    assert set(found["tcp"]) == set(get_type_hints(report.Tcp))
    assert set(found["x224"]) == set(get_type_hints(report.X224))
    assert set(found["tls"]) == set(get_type_hints(report.Tls))
    if found["tls"]["certificate"] is not None:
        assert set(found["tls"]["certificate"]) == set(get_type_hints(report.Certificate))
    assert set(found["timings"]) == {"dns", "tcp", "x224", "tls", "total"}
    assert found["stage"] in ("dns", "tcp", "x224", "tls", "ready")
    assert found["ready"] == (found["stage"] == "ready")
    assert found["reason"]
    assert "\n" not in found["reason"]
    assert found["connections"] <= 3
    assert json.loads(json.dumps(found)) == found


def run(host: str, port: int, **options: Any) -> Report:
    """Probes with a deadline that is watched, and checks the shape of the report."""
    began = time.monotonic()
    found = probing.probe(host, port, **{"deadline": DEADLINE, **options})
    assert time.monotonic() - began < LATEST
    assert found["timings"]["total"] < LATEST * 1000
    check_shape(found)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


# dns


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = run("rds01.example.com", 3389)
    assert found["stage"] == "dns"
    assert found["reason"] == "The name rds01.example.com could not be resolved: Name or service not known"
    assert "0x104/0x0" in found["client_errors"]
    assert found["tcp"]["result"] == "not_tried"


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [] if over.wait(servers.PATIENCE) else [])
    found = run("rds01.example.com", 3389, deadline=0.3)
    over.set()
    assert found["stage"] == "dns"
    assert "did not answer in time" in found["reason"]
    assert 250 < found["timings"]["dns"] < 600


def test_a_label_that_no_name_can_have() -> None:
    assert run("x" * 70 + ".example.com", 3389)["stage"] == "dns"


def test_a_source_of_the_other_family() -> None:
    found = run("127.0.0.1", 3389, source="::1") if net.can_bind("::1") else None
    if found is None:
        pytest.skip("this machine has no IPv6 loopback")
    assert found["stage"] == "dns"
    assert "fits the source ::1" in found["reason"]


# tcp


def test_refused() -> None:
    found = run("127.0.0.1", free_port())
    assert (found["stage"], found["tcp"]["result"], found["tcp"]["address"]) == ("tcp", "refused", "127.0.0.1")
    assert found["client_errors"] == ["0x204/0x0"]
    assert "refused" in found["reason"]


@pytest.fixture
def full_listener() -> Iterator[int]:
    """A port whose queue of connections is full: Linux drops what comes then, as a firewall would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _unused in range(4):
            stream = socket.socket()
            stream.setblocking(False)
            stream.connect_ex(("127.0.0.1", port))
            waiting.append(stream)
        yield port
        for stream in waiting:
            stream.close()


def test_filtered(full_listener: int) -> None:
    found = run("127.0.0.1", full_listener, deadline=0.5)
    assert (found["stage"], found["tcp"]["result"]) == ("tcp", "filtered")
    assert found["client_errors"] == ["0x204/0x0"]
    assert "did not answer" in found["reason"]


@pytest.mark.parametrize(
    ("number", "result", "words"),
    [
        (errno.ENETUNREACH, "unreachable", "There is no way to 127.0.0.1 port 3389: Network is unreachable"),
        (errno.EHOSTUNREACH, "unreachable", "There is no way to 127.0.0.1 port 3389: No route to host"),
        (errno.ETIMEDOUT, "filtered", "did not answer"),
        (errno.ECONNRESET, "reset", "failed: Connection reset by peer"),
    ],
)
def test_what_the_kernel_says(monkeypatch: pytest.MonkeyPatch, number: int, result: str, words: str) -> None:
    class Refusing(socket.socket):
        def connect(self, _address: Any) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", Refusing)
    found = run("127.0.0.1", 3389)
    assert found["tcp"]["result"] == result
    assert words in found["reason"]


def resolve_to(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answers)


def test_every_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(servers.answering(servers.selected(0))) as stub:
        resolve_to(monkeypatch, stub.port, "127.0.0.3", "127.0.0.3", "127.0.0.1")
        found = run("rds01.example.com", stub.port)
    assert found["tcp"] == {"result": "open", "address": "127.0.0.1", "addresses": ["127.0.0.3", "127.0.0.1"]}
    assert found["connections"] == 1


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, full_listener: int
) -> None:
    resolve_to(monkeypatch, full_listener, "127.0.0.1", "127.0.0.3")
    found = run("rds01.example.com", full_listener)
    # 127.0.0.3 refuses: somebody said so, which tells more than silence.
    assert (found["tcp"]["result"], found["tcp"]["address"]) == ("refused", "127.0.0.3")
    assert "none of 2 addresses" in found["reason"]


def test_the_source_address_is_used() -> None:
    seen = []

    def handle(stream: socket.socket) -> None:
        seen.append(stream.getpeername()[0])
        servers.answering(servers.selected(0))(stream)

    with servers.serving(handle) as stub:
        assert run("127.0.0.1", stub.port, source="127.0.0.9")["ready"]
    assert seen == ["127.0.0.9"]


def test_a_warning_when_the_target_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "is_own_address", lambda _target: True)
    with servers.serving(servers.answering(servers.selected(0))) as stub:
        assert any("0x708" in warning for warning in run("127.0.0.1", stub.port)["warnings"])


def test_own_addresses() -> None:
    assert not net.is_own_address(net.Target(socket.AF_INET, ("127.0.0.1", 3389)))
    assert not net.is_own_address(net.Target(socket.AF_INET, ("192.0.2.1", 3389)))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        try:
            datagram.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has loopback only")
        own = datagram.getsockname()[0]
    assert net.is_own_address(net.Target(socket.AF_INET, (own, 3389)))


# x224

CLOSED = ["0x904/0x7"]
TIMED_OUT = ["0x108/0x0"]


@pytest.mark.parametrize(
    ("handler", "result", "codes", "words"),
    [
        (servers.closing, ("closed", "reset"), CLOSED, "connection"),
        (servers.reading_then_closing, ("closed",), CLOSED, "closed it before it had answered"),
        (servers.resetting, ("reset",), CLOSED, "was reset after our X.224"),
        (servers.until_closed, ("timeout",), TIMED_OUT, "No answer to our X.224"),
        (servers.answering(b"\x03\x00\x00"), ("timeout",), TIMED_OUT, "Only 3 bytes"),
        (servers.answering(servers.selected(2)[:10], servers.closing), ("closed",), CLOSED, "closed"),
        (servers.dripping(b"\x03\x00\x00\x13\x0e", 0.15), ("timeout",), TIMED_OUT, "Only"),
        (servers.answering(b"\x03\x00\x7f\xff"), ("garbage",), [], "TPKT length 32767"),
        (servers.answering(b"\x7f\xff\xff\xff" * 2), ("garbage",), [], "7F FF FF FF"),
        (servers.answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("garbage",), [], "an HTTP answer"),
        (servers.greeting(b"SSH-2.0-OpenSSH_9.6\r\n"), ("garbage",), [], "an SSH greeting"),
        (servers.answering(servers.selected(0x40)), ("garbage",), [], "unknown security protocol 0x40"),
        (servers.answering(bytes.fromhex("0300000b06800000000000")), ("garbage",), [], "disconnect request"),
    ],
)
def test_no_usable_confirm(handler: servers.Handler, result: tuple[str, ...], codes: list[str], words: str) -> None:
    with servers.serving(handler) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["connections"]) == ("x224", 1)
    assert found["x224"]["result"] in result
    assert found["x224"]["requested"] == ["tls", "credssp", "credssp_early_auth"]
    assert found["client_errors"] == codes
    assert words in found["reason"]
    assert found["tls"]["result"] == "not_tried"


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (1, "SSL_REQUIRED_BY_SERVER"),
        (3, "SSL_CERT_NOT_ON_SERVER"),
        (4, "INCONSISTENT_FLAGS"),
        (5, "HYBRID_REQUIRED_BY_SERVER"),
        (6, "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"),
        (7, "ENTRA_AUTH_REQUIRED_BY_SERVER"),
        (99, None),
    ],
)
def test_negotiation_failures(code: int, failure: str | None) -> None:
    with servers.serving(servers.answering(servers.refused(code))) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("x224", False, 1)
    assert (found["x224"]["result"], found["x224"]["failure_code"]) == ("failure", code)
    assert found["x224"]["failure"] == failure
    assert (failure or "0x63") in found["reason"]
    assert found["client_errors"] == CLOSED


def test_standard_security_only_is_asked_for_once_more() -> None:
    requests = []

    def handle(stream: socket.socket) -> None:
        requests.append(servers.read_request(stream))
        stream.sendall(servers.refused(2) if len(requests) == 1 else servers.selected(0, flags=1))
        servers.until_closed(stream)

    with servers.serving(handle) as stub:
        found = run("127.0.0.1", stub.port)
    assert [request[-4:].hex() for request in requests] == ["0b000000", "00000000"]
    assert (found["stage"], found["connections"]) == ("ready", 2)
    assert found["x224"] == {
        "result": "response",
        "requested": ["rdp"],
        "selected": "rdp",
        "flags": ["EXTENDED_CLIENT_DATA_SUPPORTED"],
        "failure_code": 2,
        "failure": "SSL_NOT_ALLOWED_BY_SERVER",
    }
    assert found["tls"]["result"] == "not_tried"
    assert found["client_errors"] == []
    assert [warning[: len(STANDARD)] for warning in found["warnings"]] == [STANDARD]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (servers.answering(servers.refused(1)), "and standard RDP security as well: SSL_REQUIRED_BY_SERVER"),
        (servers.answering(servers.selected(1)), "but selected tls when asked for standard"),
        (servers.reading_then_closing, "Asked for standard RDP security: The server accepted the TCP connection"),
        (servers.until_closed, "Asked for standard RDP security: No answer"),
    ],
)
def test_a_server_that_refuses_both(second: servers.Handler, words: str) -> None:
    with servers.serving(servers.answering(servers.refused(2)), second) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("x224", False, 2)
    assert (found["x224"]["result"], found["x224"]["failure_code"]) == ("failure", 2)
    assert words in found["reason"]
    assert found["client_errors"] == CLOSED


def test_standard_security_selected_at_once() -> None:
    with servers.serving(servers.answering(servers.selected(0, flags=0))) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["x224"]["result"], found["x224"]["selected"]) == ("ready", "response", "rdp")
    assert [warning[: len(STANDARD)] for warning in found["warnings"]] == [STANDARD]


def test_a_server_without_negotiation() -> None:
    with servers.serving(servers.answering(servers.BARE_CONFIRM)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["x224"]["result"], found["x224"]["selected"]) == ("ready", "no_negotiation", "rdp")
    assert [warning[: len(OLD)] for warning in found["warnings"]][:1] == [OLD]


# tls


@pytest.mark.parametrize("selected", [(1, "tls"), (2, "credssp"), (8, "credssp_early_auth")])
def test_a_healthy_server(identity: Path, selected: tuple[int, str]) -> None:
    server = servers.TlsServer(servers.server_context(identity))
    with servers.serving(servers.answering(servers.selected(selected[0]), server)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["connections"], found["warnings"]) == ("ready", 1, [])
    assert found["x224"]["selected"] == selected[1]
    assert found["tls"]["result"] == "completed"
    certificate = found["tls"]["certificate"]
    assert certificate is not None
    assert certificate["subject"] == "CN=rds01.example.com"
    assert (certificate["key_algorithm"], certificate["key_bits"]) == ("RSA", 2048)
    assert found["client_errors"] == []
    assert server.name is None  # an address is no name
    assert server.goodbye, "the probe must leave with close_notify and FIN"
    assert stub.errors == []


def test_a_name_goes_into_the_client_hello(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = servers.TlsServer(servers.server_context(identity))
    with servers.serving(servers.answering(servers.selected(2), server)) as stub:
        resolve_to(monkeypatch, stub.port, "127.0.0.1")
        assert run("rds01.example.com", stub.port)["ready"]
    assert server.name == "rds01.example.com"


def test_a_server_that_does_not_let_go(identity: Path) -> None:
    context = servers.server_context(identity)

    def handle(stream: socket.socket) -> None:
        with context.wrap_socket(stream, server_side=True) as secured:
            while True:
                secured.sendall(b"x")
                time.sleep(0.02)

    with servers.serving(servers.answering(servers.selected(2), handle)) as stub:
        found = run("127.0.0.1", stub.port)
    assert found["ready"]
    assert found["timings"]["total"] < (net.LINGER + 0.3) * 1000


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (ssl.TLSVersion.TLSv1, "TLS 1.0"),
        (ssl.TLSVersion.TLSv1_1, "TLS 1.1"),
        (ssl.TLSVersion.TLSv1_2, "TLS 1.2"),
        (ssl.TLSVersion.TLSv1_3, "TLS 1.3"),
    ],
)
def test_every_version_of_tls(identity: Path, version: ssl.TLSVersion, expected: str) -> None:
    server = servers.TlsServer(servers.server_context(identity, version=version))
    with servers.serving(servers.answering(servers.selected(8), server)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["tls"]["result"], found["tls"]["version"]) == ("completed", expected), found["reason"]
    assert found["tls"]["cipher"]
    assert server.goodbye


def test_the_last_flight_of_the_client_is_one_piece(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    send = net.Connection.send

    def record(self: net.Connection, data: bytes) -> None:
        sent.append(data)
        send(self, data)

    monkeypatch.setattr(net.Connection, "send", record)
    context = servers.server_context(identity, version=ssl.TLSVersion.TLSv1_2)
    with servers.serving(servers.answering(servers.selected(2), servers.TlsServer(context))) as stub:
        assert run("127.0.0.1", stub.port)["ready"]
    # ClientKeyExchange, ChangeCipherSpec and the encrypted Finished.
    assert [kind for kind, _content in tls.records(sent[2])] == [22, 20, 22]


@pytest.mark.parametrize(
    ("handler", "result", "alert", "codes", "words"),
    [
        (
            servers.reading_then_closing, "closed", None, CLOSED,
            "The server closed the connection after our TLS ClientHello: it can not use its certificate's private key, "
            "or shares no TLS version with this client",
        ),
        (servers.resetting, "reset", None, CLOSED, "was reset after our TLS ClientHello"),
        (servers.until_closed, "timeout", None, TIMED_OUT, "stopped answering after our TLS ClientHello"),
        (servers.after_hello(bytes.fromhex("15030300020228")), "alert", "handshake_failure", CLOSED, "cipher suite"),
        (servers.after_hello(bytes.fromhex("15030100020246")), "alert", "protocol_version", CLOSED, "TLS version"),
        (servers.after_hello(bytes.fromhex("15030300020250")), "alert", "internal_error", CLOSED, "private key"),
        (servers.after_hello(bytes.fromhex("15030300020231")), "alert", "access_denied", CLOSED, "access_denied"),
        (servers.after_hello(bytes.fromhex("15030300020100")), "closed", None, CLOSED, "closed the connection"),
        (servers.after_hello(bytes.fromhex("1603030004")), "closed", None, CLOSED, "in the middle"),
        (servers.after_hello(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "error", None, [], "could not go on: "),
        (servers.dripping(bytes.fromhex("1603033fff"), 0.1), "timeout", None, TIMED_OUT, "in the middle"),
        (servers.flooding, "error", None, [], "could not go on: "),
    ],
)  # fmt: skip
def test_a_handshake_that_does_not_complete(
    handler: servers.Handler, result: str, alert: str | None, codes: list[str], words: str
) -> None:
    with servers.serving(servers.answering(servers.selected(8), handler)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("tls", False, 1)
    assert (found["tls"]["result"], found["tls"]["alert"]) == (result, alert), found["reason"]
    assert found["client_errors"] == codes
    assert words in found["reason"]
    assert found["tls"]["certificate"] is None


def test_a_peer_that_sends_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "LARGEST", 1000)

    def handle(stream: socket.socket) -> None:
        stream.recv(65536)
        # One handshake message that is announced with 16000 bytes and comes in small records.
        stream.sendall(bytes.fromhex("160303000402003e80") + (bytes.fromhex("160303000400000000") * 200))
        servers.until_closed(stream)

    with servers.serving(servers.answering(servers.selected(1), handle)) as stub:
        found = run("127.0.0.1", stub.port)
    assert found["tls"]["result"] == "error"
    assert "1000 bytes" in found["reason"]


def test_no_cipher_suite_in_common(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
        return context

    monkeypatch.setattr(tls, "client_context", narrow)
    server = servers.TlsServer(servers.server_context(identity, ciphers="ECDHE-RSA-AES256-GCM-SHA384"))
    with servers.serving(servers.answering(servers.selected(2), server)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["tls"]["result"], found["tls"]["alert"]) == ("alert", "handshake_failure")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_a_machine_that_can_not_speak_old_tls_says_so(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client_context = tls.client_context

    def modern() -> ssl.SSLContext:
        context = client_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setattr(tls, "client_context", modern)
    server = servers.TlsServer(servers.server_context(identity, version=ssl.TLSVersion.TLSv1))
    with servers.serving(servers.answering(servers.selected(2), server)) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["stage"], found["tls"]["alert"]) == ("tls", "protocol_version")
    assert any("TLS 1.2, TLS 1.3 only" in warning for warning in found["warnings"])


def test_a_server_choice_that_this_machine_can_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    # A ServerHello of SSL 3.0, which no OpenSSL of today speaks: it is our limit, not the server's fault.
    hello = bytes.fromhex("0300") + bytes(32) + bytes.fromhex("00002f00")
    message = b"\x02" + len(hello).to_bytes(3, "big") + hello
    record = b"\x16\x03\x00" + len(message).to_bytes(2, "big") + message
    with servers.serving(servers.answering(servers.selected(1), servers.after_hello(record))) as stub:
        found = run("127.0.0.1", stub.port)
    assert (found["tls"]["result"], found["tls"]["detail"]) == ("error", "unsupported protocol")
    assert any("says nothing against the server" in warning for warning in found["warnings"])
    assert found["client_errors"] == []


@pytest.mark.parametrize("protocol", [4, 16])
def test_a_protocol_that_was_not_asked_for(identity: Path, protocol: int) -> None:
    server = servers.TlsServer(servers.server_context(identity))
    with servers.serving(servers.answering(servers.selected(protocol), server)) as stub:
        found = run("127.0.0.1", stub.port)
    assert found["ready"]
    assert any("was not asked for" in warning for warning in found["warnings"])


@pytest.mark.parametrize("seed", range(12))
def test_random_answers(seed: int) -> None:
    numbers = random.Random(seed)  # noqa: S311 - reproducible noise, not a secret
    noise = numbers.randbytes(numbers.randrange(1, 400))
    if seed % 2:
        handler = servers.answering(servers.selected(1), servers.after_hello(noise))
    else:
        handler = servers.answering(noise, servers.closing)
    with servers.serving(handler) as stub:
        found = run("127.0.0.1", stub.port)
    assert not found["ready"]


# input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": ""}, "The host must be"),
        ({"host": "a b"}, "The host must be"),
        ({"host": "a\x00b"}, "The host must be"),
        ({"port": 0}, "from 1 to 65535, not 0"),
        ({"port": 65536}, "not 65536"),
        ({"deadline": 0}, "more than 0 and at most 300 seconds, not 0"),
        ({"deadline": -1.5}, "not -1.5"),
        ({"deadline": 301}, "not 301"),
        ({"deadline": float("nan")}, "not nan"),
        ({"deadline": float("inf")}, "not inf"),
        ({"source": "eth0"}, "must be an IP address, not 'eth0'"),
        ({"source": "192.0.2.77"}, "192.0.2.77 is not an address of this machine"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(probing.BadInput, match=words):
        probing.probe(**{"host": "127.0.0.1", **options})
