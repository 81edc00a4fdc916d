# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against live servers on loopback, honest and hostile."""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import net
from ansible_collections.winops.rdp.plugins.module_utils._wire import probe as probing
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.unit.wire import servers, valid

DEADLINE = 1.0
# The probe promises its deadline and a tenth; the rest is for a busy machine that runs the tests.
LATEST = DEADLINE * 1.1 + 0.2

STANDARD = "Only standard RDP security is offered"
OLD = "The server knows no security negotiation"


def run(host: str, port: int, **options: Any) -> Report:
    """Probes with a deadline that is watched, and checks that the report is valid."""
    began = time.monotonic()
    found = probing.probe(host, port, **{"deadline": DEADLINE, **options})
    assert time.monotonic() - began < LATEST
    assert found["timings"]["total"] < LATEST * 1000
    assert valid.faults(found) == []
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


class Overtaken(socket.socket):
    """A socket whose connect looks only after what the server did next has arrived."""

    def connect(self, address: Any) -> None:
        super().connect(address)
        select.select([self], [], [], 0.2)
        error = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))


def test_a_reset_that_overtakes_the_connect_ends_an_open_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", Overtaken)
    with servers.serving(servers.resetting_at_once) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["tcp"]["result"], found["stage"], found["x224"]["result"]) == ("open", "x224", "reset")
    assert (found["connections"], found["pattern"]) == (3, "steady")


def resolve_to(monkeypatch: pytest.MonkeyPatch, port: int, *addresses: str) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answers)


def test_every_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serving(servers.answering(servers.selected(0))) as stub:
        resolve_to(monkeypatch, stub.port, "127.0.0.3", "127.0.0.3", servers.HOST)
        found = run("rds01.example.com", stub.port)
    part = found["tcp"]
    assert (part["result"], part["address"]) == ("open", servers.HOST)
    assert part["addresses"] == ["127.0.0.3", servers.HOST]
    assert [(one["address"], one["result"]) for one in part["tried"]] == [
        ("127.0.0.3", "refused"),
        (servers.HOST, "open"),
    ]
    assert found["connections"] == 2


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
        assert run(servers.HOST, stub.port, source="127.0.0.9", stages=["x224"])["ready"]
    assert seen == ["127.0.0.9"]


@pytest.mark.parametrize(("address", "own"), [("127.0.0.1", True), ("127.0.0.2", False)])
def test_the_target_is_this_machine(address: str, own: bool) -> None:
    with socket.create_server((address, 0)) as listener:
        found = run(address, listener.getsockname()[1], stages=["tcp"])
    assert (found["tcp"]["own_address"], "0x708/0x0" in found["client_errors"]) == (own, own)
    assert any("0x708" in warning for warning in found["warnings"]) is own


def test_own_addresses() -> None:
    assert not net.is_own_address(net.Target(socket.AF_INET, ("127.0.0.2", 3389)))
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
        found = run(servers.HOST, stub.port)
    assert found["stage"] == "x224"
    assert found["x224"]["result"] in result
    # What was cut may get through the next time; anything else would be the same again.
    assert found["connections"] == (3 if found["x224"]["result"] in ("closed", "reset") else 1)
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
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("x224", False, 1)
    assert (found["x224"]["result"], found["x224"]["failure_code"]) == ("failure", code)
    assert found["x224"]["failure"] == failure
    assert (failure or "0x63") in found["reason"]
    assert found["client_errors"] == CLOSED


def standard_of(recorded: bytes) -> servers.Handler:
    """Reads the MCS Connect Initial and answers with a recorded Connect Response."""

    def handle(stream: socket.socket) -> None:
        servers.read_request(stream)
        stream.sendall(recorded)
        servers.until_closed(stream)

    return handle


def test_standard_security_only_is_asked_for_once_more() -> None:
    requests = []

    def handle(stream: socket.socket) -> None:
        requests.append(servers.read_request(stream))
        if len(requests) == 1:
            stream.sendall(servers.refused(2))
        else:
            stream.sendall(servers.selected(0, flags=1))
            standard_of(servers.CONNECT_RESPONSE)(stream)
        servers.until_closed(stream)

    with servers.serving(handle) as stub:
        found = run(servers.HOST, stub.port)
    assert [request[-4:].hex() for request in requests] == ["0b000000", "00000000"]
    assert (found["stage"], found["connections"]) == ("ready", 2)
    part = found["x224"]
    assert (part["result"], part["requested"], part["selected"]) == ("response", ["rdp"], "rdp")
    assert part["flags"] == ["EXTENDED_CLIENT_DATA_SUPPORTED"]
    # The failure of the first request stays: it tells that the server is set to standard security.
    assert (part["failure_code"], part["failure"]) == (2, "SSL_NOT_ALLOWED_BY_SERVER")
    assert (part["security_layer"], part["nla"]) == ("rdp", "off")
    assert found["standard"]["result"] == "response"
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
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("x224", False, 2)
    assert (found["x224"]["result"], found["x224"]["failure_code"]) == ("failure", 2)
    assert words in found["reason"]
    assert found["client_errors"] == CLOSED


@pytest.mark.parametrize(
    ("confirm", "result", "warning"),
    [(servers.selected(0, flags=0), "response", STANDARD), (servers.BARE_CONFIRM, "no_negotiation", OLD)],
)
def test_standard_security_at_once(confirm: bytes, result: str, warning: str) -> None:
    with servers.serving(servers.answering(confirm, standard_of(servers.CONNECT_RESPONSE))) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["x224"]["result"], found["x224"]["selected"]) == ("ready", result, "rdp")
    assert found["warnings"][0].startswith(warning)
    assert (found["standard"]["method"], found["standard"]["level"]) == ("128bit", "client_compatible")


@pytest.mark.parametrize(
    ("then", "result", "words"),
    [
        (servers.reading_then_closing, "closed", "but the connection was closed at the MCS connection"),
        (servers.resetting, "reset", "but the connection was reset at the MCS connection"),
        (servers.until_closed, "timeout", "did not answer the MCS connection"),
        (servers.after_hello(b"HTTP/1.1 400 Bad Request"), "error", "MCS answer can not be used"),
    ],
)
def test_standard_security_that_goes_no_further(then: servers.Handler, result: str, words: str) -> None:
    with servers.serving(servers.answering(servers.selected(0), then)) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["standard"]["result"]) == ("x224", False, result)
    assert words in found["reason"]


# tls


@pytest.mark.parametrize(
    ("protocol", "name", "connections"), [(1, "tls", 1), (2, "credssp", 2), (8, "credssp_early_auth", 2)]
)
def test_a_healthy_server(identity: Path, protocol: int, name: str, connections: int) -> None:
    server = servers.TlsServer(servers.server_context(identity), servers.challenge() if protocol > 1 else b"")
    # The second connection asks whether TLS without CredSSP would do.
    first, second = servers.answering(servers.selected(protocol), server), servers.answering(servers.refused(5))
    with servers.serving(first, second) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["connections"], found["warnings"]) == ("ready", connections, [])
    assert found["x224"]["selected"] == name
    assert found["x224"]["nla"] == ("off" if protocol == 1 else "required")
    assert found["credssp"]["dns_computer"] == (None if protocol == 1 else "rds01.example.com")
    assert (found["tls"]["offer"], found["tls"]["key_proved"], found["tls"]["name_match"]) == ("modern", True, False)
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
    with servers.serving(servers.answering(servers.selected(1), server)) as stub:
        resolve_to(monkeypatch, stub.port, servers.HOST)
        found = run("rds01.example.com", stub.port)
    assert found["ready"]
    assert found["tls"]["name_match"] is True
    assert server.name == "rds01.example.com"


def test_a_server_that_does_not_let_go(identity: Path) -> None:
    context = servers.server_context(identity)

    def handle(stream: socket.socket) -> None:
        with context.wrap_socket(stream, server_side=True) as secured:
            while True:
                secured.sendall(b"x")
                time.sleep(0.02)

    with servers.serving(servers.answering(servers.selected(1), handle)) as stub:
        found = run(servers.HOST, stub.port)
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
    with servers.serving(servers.answering(servers.selected(1), server)) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["tls"]["result"], found["tls"]["version"]) == ("completed", expected), found["reason"]
    assert found["tls"]["cipher"]
    assert server.goodbye


def record_types(flight: bytes) -> list[int]:
    found = []
    while flight:
        found.append(flight[0])
        flight = flight[5 + int.from_bytes(flight[3:5], "big") :]
    return found


def test_the_last_flight_of_the_client_is_one_piece(identity: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    send = net.Connection.send

    def record(self: net.Connection, data: bytes) -> None:
        sent.append(data)
        send(self, data)

    monkeypatch.setattr(net.Connection, "send", record)
    context = servers.server_context(identity, version=ssl.TLSVersion.TLSv1_2)
    with servers.serving(servers.answering(servers.selected(1), servers.TlsServer(context))) as stub:
        assert run(servers.HOST, stub.port)["ready"]
    # ClientKeyExchange, ChangeCipherSpec and the encrypted Finished.
    assert record_types(sent[2]) == [22, 20, 22]


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
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"]) == ("tls", False)
    assert (found["tls"]["result"], found["tls"]["alert"]) == (result, alert), found["reason"]
    # Refused, all that Windows ever had is offered next; cut, there is one more try.
    connections = {"closed": 3, "reset": 3, "timeout": 1}.get(result, 2)
    assert (found["connections"], found["tls"]["offer"]) == (
        connections,
        "modern" if connections == 1 else "everything",
    )
    assert found["client_errors"] == codes
    assert words in found["reason"]
    assert found["tls"]["certificate"] is None


def test_a_peer_that_sends_without_end() -> None:
    def handle(stream: socket.socket) -> None:
        stream.recv(65536)
        # One handshake message that is announced with 16 MB and comes in small records.
        stream.sendall(bytes.fromhex("160303000402ffffff"))
        while True:
            stream.sendall(bytes.fromhex("160303000400000000") * 4096)

    with servers.serving(servers.answering(servers.selected(1), handle)) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["tls"]["result"]) == ("tls", "error")


def test_a_server_for_old_clients_only(identity: Path) -> None:
    """A current client is refused; that the server can use its key at all, the larger offer shows."""
    context = servers.server_context(identity, version=ssl.TLSVersion.TLSv1_2, ciphers="DHE-RSA-AES256-SHA@SECLEVEL=0")
    context.load_dh_params(str(Path("tests/lab/rdp/ffdhe2048.pem")))
    with servers.serving(servers.answering(servers.selected(1), servers.TlsServer(context))) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("tls", False, 2)
    part = found["tls"]
    assert (part["result"], part["offer"], part["key_proved"]) == ("completed", "everything", True)
    assert (part["version"], part["cipher"]) == ("TLS 1.2", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA")
    assert [(one["offer"], one["stage"], one["result"]) for one in found["attempts"]] == [
        ("modern", "tls", "alert"),
        ("everything", "ready", "ready"),
    ]
    assert found["pattern"] is None
    assert "which current clients do not offer" in found["reason"]
    assert found["client_errors"] == CLOSED


@pytest.mark.parametrize(("protocol", "name"), [(4, "rdstls"), (16, "entra")])
def test_a_protocol_that_was_not_asked_for(protocol: int, name: str) -> None:
    with servers.serving(servers.answering(servers.selected(protocol))) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["x224"]["selected"]) == ("x224", False, name)
    assert "which was not asked for" in found["reason"]
    assert (found["x224"]["nla"], found["suspects"]) == (None, [])


@pytest.mark.parametrize("seed", range(12))
def test_random_answers(seed: int) -> None:
    numbers = random.Random(seed)  # noqa: S311 - reproducible noise, not a secret
    noise = numbers.randbytes(numbers.randrange(1, 400))
    if seed % 2:
        handler = servers.answering(servers.selected(1), servers.after_hello(noise))
    else:
        handler = servers.answering(noise, servers.closing)
    with servers.serving(handler) as stub:
        found = run(servers.HOST, stub.port)
    assert not found["ready"]


# credssp


@pytest.mark.parametrize(
    ("answer", "result", "ready", "words"),
    [
        (servers.ts_request(error=0xC0000418), "refused", True, "refuses NTLM (STATUS_NTLM_BLOCKED)"),
        (servers.ts_request(error=0xC000005E), "refused", False, "with STATUS_NO_LOGON_SERVERS 0xC000005E"),
        (b"", "closed", False, "the connection was closed when CredSSP began"),
        (b"HTTP/1.1 400 Bad Request", "error", False, "its answer to CredSSP can not be used"),
        (bytes.fromhex("3084ffffffff"), "error", False, "its answer to CredSSP can not be used"),
    ],
)
def test_credssp_without_a_challenge(identity: Path, answer: bytes, result: str, ready: bool, words: str) -> None:
    server = servers.TlsServer(servers.server_context(identity), answer or None)
    with servers.serving(servers.answering(servers.selected(2), server)) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"]) == ("ready" if ready else "credssp", ready)
    assert found["credssp"]["result"] == result
    assert words in found["reason"]
    assert found["tls"]["key_proved"]


# attempts


def test_cut_at_first_and_then_let_through(identity: Path) -> None:
    healthy = servers.answering(servers.selected(1), servers.TlsServer(servers.server_context(identity)))
    with servers.serving(servers.reading_then_closing, healthy) as stub:
        found = run(servers.HOST, stub.port)
    assert (found["stage"], found["ready"], found["connections"]) == ("ready", True, 2)
    assert found["pattern"] == "intermittent"
    assert [one["cause"] for one in found["suspects"]][0] == "capacity.throttled"
    assert any("1 of 2 attempts did not get through" in warning for warning in found["warnings"])


@pytest.mark.parametrize(
    ("handlers", "stages", "pattern"),
    [
        (("good", "good", "good", "good"), ["ready"] * 4, "steady"),
        (("good", "cut", "good", "cut"), ["ready", "x224", "ready", "x224"], "intermittent"),
        (("cut", "cut", "cut", "cut"), ["x224"] * 4, "steady"),
    ],
)
def test_as_many_attempts_as_asked_for(
    identity: Path, handlers: tuple[str, ...], stages: list[str], pattern: str
) -> None:
    good = servers.answering(servers.selected(1), servers.TlsServer(servers.server_context(identity)))
    kinds = {"good": good, "cut": servers.reading_then_closing}
    with servers.serving(*(kinds[name] for name in handlers)) as stub:
        found = run(servers.HOST, stub.port, attempts=4, deadline=3.0)
    assert [one["stage"] for one in found["attempts"]] == stages
    assert (found["pattern"], found["connections"]) == (pattern, 4)


def test_an_attempt_that_hangs_leaves_time_for_the_next(identity: Path) -> None:
    good = servers.answering(servers.selected(1), servers.TlsServer(servers.server_context(identity)))
    with servers.serving(servers.until_closed, good) as stub:
        found = run(servers.HOST, stub.port, attempts=2, deadline=2.0)
    assert [one["result"] for one in found["attempts"]] == ["timeout", "ready"]
    assert (found["ready"], found["pattern"]) == (True, "intermittent")


def test_quick_keeps_to_three_connections_whatever_is_asked_next() -> None:
    refusing = servers.answering(servers.refused(2))
    for handlers in (
        (servers.reading_then_closing, servers.reading_then_closing, refusing),
        (refusing, servers.answering(servers.selected(0), servers.reading_then_closing)),
    ):
        with servers.serving(*handlers) as stub:
            found = run(servers.HOST, stub.port)
        assert stub.accepted == found["connections"] <= 3
        assert found["x224"]["failure_code"] in (None, 2)


def test_a_share_of_the_deadline_for_each_attempt_however_it_ends(identity: Path) -> None:
    hanging = servers.answering(servers.selected(1))
    with servers.serving(hanging) as stub:
        found = run(servers.HOST, stub.port, attempts=2)
    assert sum(one["offer"] == "modern" for one in found["attempts"]) == 2


# stages


@pytest.mark.parametrize(
    ("stages", "reached"),
    [
        (["tcp"], []),
        (["x224"], ["x224"]),
        (["tls"], ["x224", "tls"]),
        (["credssp"], ["x224", "tls", "credssp"]),
        (["tcp", "tls", "x224"], ["x224", "tls"]),
    ],
)
def test_no_further_than_asked(identity: Path, stages: list[str], reached: list[str]) -> None:
    server = servers.TlsServer(servers.server_context(identity), servers.challenge())

    def handle(stream: socket.socket) -> None:
        if reached:
            stream.sendall(servers.selected(2)) if servers.read_request(stream)[-4] != 1 else None
        if len(reached) > 1:
            server.tolerantly(stream)

    with servers.serving(handle) as stub:
        found = run(servers.HOST, stub.port, stages=stages)
    tried = [name for name in ("x224", "tls", "credssp") if found[name]["result"] != "not_tried"]
    assert (found["stage"], tried) == ("ready", reached)


# full depth


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_full_depth_lists_versions_and_suites(identity: Path) -> None:
    context = servers.server_context(identity, ciphers="AES256-SHA:AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE

    def handle(stream: socket.socket) -> None:
        if servers.read_request(stream)[-4:-3] in (b"\x01", b"\x0b"):
            stream.sendall(servers.selected(1))
            servers.TlsServer(context).tolerantly(stream)
        else:
            stream.sendall(servers.refused(1))

    with servers.serving(handle) as stub:
        found = run(servers.HOST, stub.port, depth="full", deadline=10.0)
    assert found["complete"] and found["ready"], found["warnings"]
    assert {name: part["result"] for name, part in found["tls"]["versions"].items()} == {
        "SSL 3.0": "alert",
        "TLS 1.0": "alert",
        "TLS 1.1": "accepted",
        "TLS 1.2": "accepted",
        "TLS 1.3": "alert",
    }
    old = ["TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]
    assert found["tls"]["versions"]["TLS 1.1"]["ciphers"] == old
    new = found["tls"]["versions"]["TLS 1.2"]
    assert (new["ciphers"], new["preference"]) == ([*old, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "server")
    assert {name: part["result"] for name, part in found["x224"]["protocols"].items()} == {
        "rdp": "failure",
        "tls": "accepted",
        "credssp": "failure",
        "credssp_early_auth": "other",
        "rdstls": "failure",
        "entra": "failure",
    }
    assert (found["x224"]["security_layer"], found["x224"]["nla"]) == ("tls", "off")


@pytest.mark.parametrize(("cut", "complete"), [({7}, True), (set(range(7, 99)), False)])
def test_a_cut_does_not_shorten_a_list(identity: Path, cut: set[int], complete: bool) -> None:
    context = servers.server_context(identity, ciphers="AES256-SHA:AES128-SHA:AES256-SHA256:AES128-SHA256@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = 0

    def handle(stream: socket.socket) -> None:
        nonlocal seen
        seen += 1
        servers.read_request(stream)
        stream.sendall(servers.selected(1))
        if seen in cut:
            servers.resetting(stream)
        else:
            servers.TlsServer(context).tolerantly(stream)

    with servers.serving(handle) as stub:
        found = run(servers.HOST, stub.port, depth="full", stages=["tls"], deadline=20.0)
    assert found["complete"] is complete
    assert (len(found["tls"]["versions"]["TLS 1.2"]["ciphers"]) == 4) is complete
    assert any("the lists may be short" in warning for warning in found["warnings"]) is not complete


def test_full_depth_says_when_time_was_too_short(identity: Path) -> None:
    context = servers.server_context(identity)

    def handle(stream: socket.socket) -> None:
        servers.read_request(stream)
        time.sleep(0.2)
        stream.sendall(servers.selected(1))
        servers.TlsServer(context).tolerantly(stream)

    with servers.serving(handle) as stub:
        found = run(servers.HOST, stub.port, depth="full")
    assert (found["ready"], found["complete"]) == (True, False)
    assert any(warning.startswith("Not everything could be asked: ") for warning in found["warnings"])


# input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": ""}, "The host must be"),
        ({"host": "a b"}, "The host must be"),
        ({"host": "[::1]"}, "without spaces and brackets"),
        ({"host": "127.0.0.1", "source": "::1"}, "not both IPv4 or both IPv6"),
        ({"host": "a\x00b"}, "The host must be"),
        ({"port": 0}, "from 1 to 65535, not 0"),
        ({"port": 65536}, "not 65536"),
        ({"deadline": 0}, "more than 0 and at most 300 seconds, not 0"),
        ({"deadline": -1.5}, "not -1.5"),
        ({"deadline": 301}, "not 301"),
        ({"deadline": float("nan")}, "not nan"),
        ({"deadline": float("inf")}, "not inf"),
        ({"depth": "deep"}, "one of quick, full, not deep"),
        ({"stages": []}, "one or more of tcp, x224, tls, credssp"),
        ({"stages": ["tls", "dns"]}, "one or more of"),
        ({"attempts": 0}, "from 1 to 10, not 0"),
        ({"attempts": 11}, "not 11"),
        ({"source": "eth0"}, "must be an IP address, not 'eth0'"),
        ({"source": "192.0.2.77"}, "192.0.2.77 is not an address of this machine"),
    ],
)
def test_bad_input(options: dict[str, Any], words: str) -> None:
    with pytest.raises(probing.BadInput, match=words):
        probing.probe(**{"host": "127.0.0.1", **options})
