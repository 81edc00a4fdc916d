# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against hostile peers: it keeps its deadline, its memory and its connections, and reports all the same."""

from __future__ import annotations

import functools
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.unit.wire import certificates, hostile, servers, valid

DEADLINE = 0.6
# The deadline holds within a tenth; the rest is for the servers, and for whatever else the machine does meanwhile.
BUSY = 0.5
# What all probes of one test may hold at once. Each server sends, or announces, far more in its second.
MEMORY = 64 << 20

Depth = Literal["quick", "full"]


def run(handler: servers.Handler, depth: Depth = "quick", deadline: float = DEADLINE) -> tuple[Report, list[str]]:
    """The report on a server, and all that is wrong with it or with the way it came."""
    with servers.serving(handler) as stub:
        began = time.monotonic()
        found = probe(servers.HOST, stub.port, depth=depth, deadline=deadline)
        seconds = time.monotonic() - began
    faults = valid.faults(found)
    if seconds > deadline * 1.1 + BUSY:
        faults.append(f"the deadline is {deadline} s, but it took {seconds:.2f} s")
    if stub.accepted > found["connections"]:
        faults.append(f"it speaks of {found['connections']} connections, but {stub.accepted} came")
    if depth == "quick" and stub.accepted > valid.QUICK_CONNECTIONS:
        faults.append(f"quick used {stub.accepted} connections")
    return found, faults


def run_all(
    cases: Iterable[tuple[str, servers.Handler]], depth: Depth = "quick", workers: int = 8, deadline: float = DEADLINE
) -> dict[str, Report]:
    """The reports of all cases, some at a time. Fails with every fault of every case."""
    named = list(cases)
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda case: run(case[1], depth, deadline), named))
    wrong = {name: faults for (name, _handler), (_found, faults) in zip(named, results, strict=True) if faults}
    assert not wrong, "\n".join(f"{name}: {fault}" for name, faults in wrong.items() for fault in faults)
    return {name: found for (name, _handler), (found, _faults) in zip(named, results, strict=True)}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An identity with an elliptic curve key, whose handshake is short."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path_factory.mktemp("small") / "identity.pem"
    path.write_bytes(certificates.pem(certificates.make(key), key))
    return path


Conversations = dict[str, hostile.Conversation]


@pytest.fixture
def conversations(identity: Path) -> Conversations:
    """Good conversations, of the same length each time. The messages of TLS 1.3 are encrypted, but for the first."""
    return {
        "credssp over TLS 1.2": hostile.credssp(identity, ssl.TLSVersion.TLSv1_2),
        "credssp over TLS 1.3": hostile.credssp(identity, ssl.TLSVersion.TLSv1_3),
        "standard security": hostile.standard(),
    }


class Recorder(hostile.Peer):
    """Notes where each message of a good conversation ends."""

    ends: list[int]

    def send(self, data: bytes) -> None:
        super().send(data)
        self.ends.append(self.sent)


def record(conversation: hostile.Conversation) -> tuple[Report, list[int]]:
    """The report on a good conversation, and where its messages end, in bytes of the server on its first connection."""
    recorders: list[Recorder] = []

    def handle(stream: Any) -> None:
        recorder = Recorder(stream)
        recorder.ends = [0]
        recorders.append(recorder)
        try:
            conversation(recorder)
        except (hostile.Over, ssl.SSLError):
            return

    found, faults = run(handle, deadline=5.0)
    assert not faults
    return found, recorders[0].ends


def test_the_good_conversations_are_good(conversations: Conversations) -> None:
    """Else the accidents below would not come where they should."""
    for name in ("credssp over TLS 1.2", "credssp over TLS 1.3"):
        found, ends = record(conversations[name])
        assert (found["stage"], found["tls"]["result"], found["credssp"]["result"]) == (
            "ready",
            "completed",
            "challenge",
        )
        assert found["tls"]["version"] == name[-7:]
        assert found["credssp"]["os_version"] == "10.0.17763"
        assert found["credssp"]["netbios_computer"] == "RDS01"
        assert len(ends) >= 4  # X.224, TLS in one flight or two, challenge
    found, ends = record(conversations["standard security"])
    assert (found["standard"]["result"], found["standard"]["method"], found["standard"]["level"]) == (
        "response",
        "128bit",
        "high",
    )
    assert len(ends) == 3


@pytest.mark.parametrize("accident", [hostile.close, hostile.reset], ids=["close", "reset"])
@pytest.mark.parametrize("name", ["credssp over TLS 1.2", "credssp over TLS 1.3", "standard security"])
def test_the_end_comes_after_every_byte(conversations: Conversations, name: str, accident: hostile.Accident) -> None:
    """In the inside of a long message every 32nd byte, and near the ends of messages every one."""
    good, ends = record(conversations[name])
    points = [n for n in range(ends[-1] + 1) if n % 32 == 0 or n < 24 or any(abs(n - end) <= 5 for end in ends)]
    found = run_all(
        ((str(n), hostile.handler(conversations[name], n, accident)) for n in points), workers=24, deadline=5.0
    )
    result = {"close": "closed", "reset": "reset"}[accident.__name__]
    wrong = {}
    for n in points:
        report = found[str(n)]
        got = tuple(report[part]["result"] for part in ("x224", "tls", "standard", "credssp"))
        if n < ends[1]:
            wanted = [(result, "not_tried", "not_tried", "not_tried")]
        elif name == "standard security":
            wanted = [("response", "not_tried", result if n < ends[2] else "response", "not_tried")]
        elif n < ends[-2]:
            wanted = [("response", result, "not_tried", "not_tried")]
        else:
            wanted = [("response", "completed", "not_tried", result if n < ends[-1] else "challenge")]
            # A reset there races with the client's Finished.
            wanted += [("response", result, "not_tried", "not_tried")] if n == ends[-2] else []
        if got not in wanted:
            wrong[n] = (got, wanted)
    assert not wrong, f"messages end at {ends}"


def test_a_reset_at_once() -> None:
    """It may come before connect() returns; the server had a connection all the same."""
    run_all([(str(n), lambda stream: hostile.reset(stream, b"")) for n in range(20)], deadline=5.0)


def test_a_wrong_byte_anywhere(conversations: Conversations) -> None:
    """Every 17th byte of what the servers say, certificates included, is another one."""
    cases = []
    for name, conversation in conversations.items():
        _found, ends = record(conversation)
        points = range(0, ends[-1], 17)
        cases += [(f"{name}, {n}", hostile.handler(conversation, n, hostile.spoil)) for n in points]
    run_all(cases, workers=24, deadline=5.0)


@pytest.mark.parametrize("depth", ["quick", "full"])
def test_a_peer_that_does_not_come_to_an_end(conversations: Conversations, depth: Depth) -> None:
    """At the beginning and in the middle of every message."""
    cases = []
    for name, conversation in conversations.items():
        _found, ends = record(conversation)
        points = {*ends[:-1], *((one + other) // 2 for one, other in zip(ends, ends[1:], strict=False))}
        for accident in (hostile.stall, hostile.drip, hostile.trickle, hostile.noise):
            cases += [
                (f"{accident.__name__}, {name}, {n}", hostile.handler(conversation, n, accident))
                for n in sorted(points)
            ]
    found = run_all(cases, depth, workers=24)
    assert found["stall, standard security, 0"]["x224"]["result"] == "timeout"
    assert found["stall, credssp over TLS 1.2, 19"]["tls"]["result"] == "timeout"
    # In full depth there is always more to ask; in quick depth the larger offer after a first without success.
    for name, report in found.items():
        if name.startswith("stall") and (depth == "full" or report["tls"]["result"] == "timeout"):
            assert not report["complete"], name


def saying(data: bytes, then: hostile.Accident) -> hostile.Conversation:
    """Answers the X.224 request with ``data``."""

    def converse(peer: hostile.Peer) -> None:
        peer.read_packet()
        peer.send(data)
        then(peer.stream, b"")

    return converse


def in_place_of_tls(*pieces: bytes, again: bytes = b"", protocol: int | None = None) -> hostile.Conversation:
    """Answers the first message after X.224 with ``pieces``, and then with ``again`` without end."""

    def converse(peer: hostile.Peer) -> None:
        if not hostile.select(peer, protocol):
            peer.read_packet()
        else:
            peer.read()
        for piece in pieces:
            peer.send(piece)
        if again:
            hostile.flooding(peer.stream, again)
        peer.wait()

    return converse


def in_place_of_challenge(
    identity: Path, data: bytes, again: bytes = b"", version: ssl.TLSVersion | None = None
) -> hostile.Conversation:
    """Answers the client's CredSSP with ``data``, and then with ``again`` without end, inside TLS."""

    def answer(tls: hostile.Tls, peer: hostile.Peer) -> None:
        tls.send(data)
        end = time.monotonic() + servers.PATIENCE
        while again and time.monotonic() < end:
            tls.send(again)
        peer.wait()

    return hostile.credssp(identity, version, answer)


# [MS-RDPBCGR] 2.2.1.4: the beginning of a connect response up to the length of its user data.
_TO_USER_DATA = bytes.fromhex("0a0100020100301a020122020103020100020101020100020101020300fff8020102")
_GCC = bytes.fromhex("000500147c00012a14760a01010001c0004d63446e")
_TWO_GB = b"\x84\x7f\xff\xff\xff"
_RSA, _DHE, _ECDHE = 0x009D, 0x009F, 0xC030


def filled(identity: Path) -> Conversations:
    """Lengths of 2 GB, or the most that the field can say, or none, at every layer, and filled without end."""
    handshake = hostile.record(22, bytes(16384))
    mcs = functools.partial(in_place_of_tls, protocol=0)
    say = functools.partial(in_place_of_challenge, identity)
    return {
        "TPKT, filled": saying(b"\x03\x00\xff\xff", hostile.flood),
        "TLS record": in_place_of_tls(b"\x16\x03\x03\xff\xff", again=bytes(65536)),
        "TLS empty records": in_place_of_tls(again=hostile.record(22, b"") * 4096),
        "TLS warnings": in_place_of_tls(again=hostile.record(21, b"\x01\x00") * 4096),
        "TLS change of cipher": in_place_of_tls(again=hostile.record(20, b"\x01") * 4096),
        "TLS HelloRequest": in_place_of_tls(again=hostile.record(22, hostile.message(0, b"") * 4096)),
        "TLS ServerHello": in_place_of_tls(again=hostile.records(hostile.server_hello(_RSA) * 200)),
        "handshake message": in_place_of_tls(hostile.record(22, b"\x02\xff\xff\xff"), again=handshake),
        "handshake message, byte by byte": in_place_of_tls(
            hostile.record(22, b"\x02\xff\xff\xff"), again=hostile.record(22, b"\x00") * 4096
        ),
        "certificate message": in_place_of_tls(
            hostile.records(hostile.server_hello(_ECDHE) + b"\x0b\xff\xff\xff\xff\xff\xfc\xff\xff\xf9"), again=handshake
        ),
        "MCS TPKT": mcs(b"\x03\x00\xff\xff", again=bytes(65536)),
        "MCS connect response": mcs(hostile.packet(b"\x7f\x66" + _TWO_GB), again=bytes(65536)),
        "MCS indefinite": mcs(hostile.packet(b"\x7f\x66\x80\x30\x80"), again=bytes(65536)),
        "TSRequest": say(b"\x30" + _TWO_GB, again=bytes(16384)),
        "TSRequest, byte by byte": say(b"\x30" + _TWO_GB, again=b"\x00"),
        "TSRequest of 64 KiB": say(b"\x30\x82\xff\xff", again=bytes(16384)),
        "TSRequest indefinite": say(b"\x30\x80", again=bytes(16384)),
        "TSRequest with a length of 127 bytes": say(b"\x30\xff", again=b"\xff" * 16384),
    }


def announced(identity: Path) -> Conversations:
    """The same lengths and others, and nothing that follows."""
    mcs = functools.partial(in_place_of_tls, protocol=0)
    say = functools.partial(in_place_of_challenge, identity)
    token = hostile.ts_request(hostile.challenge())
    return {
        "TPKT": saying(b"\x03\x00\xff\xff", hostile.stall),
        "X.224": saying(b"\x03\x00\x00\x13\xfe\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x02\x00\x00\x00", hostile.stall),
        "negotiation": saying(bytes.fromhex("030000130ed000001234 00021fffff02000000"), hostile.stall),
        "list of certificates": in_place_of_tls(
            hostile.records(hostile.server_hello(_ECDHE) + hostile.message(11, b"\xff\xff\xff\xff\xff\xff0\x00"))
        ),
        "many certificates": in_place_of_tls(
            hostile.records(hostile.server_hello(_ECDHE) + hostile.certificates(*[b"\x30\x00"] * 20000))
        ),
        "MCS user data": mcs(hostile.packet(b"\x7f" + hostile.der(0x66, _TO_USER_DATA + b"\x04" + _TWO_GB))),
        "MCS nested": mcs(hostile.packet(b"\x7f" + hostile.der(0x66, hostile.nested(0x30, 5000)))),
        "GCC": mcs(
            hostile.packet(
                b"\x7f" + hostile.der(0x66, _TO_USER_DATA + hostile.der(4, _GCC + b"\xff\xff")),
            )
        ),
        "GCC block of no length": mcs(hostile.mcs_response(hostile.gcc_block(0x0C01, b"", 0) * 8)),
        "GCC block beyond the end": mcs(hostile.mcs_response(hostile.gcc_block(0x0C02, b"", 0xFFFF))),
        "RDP random": mcs(hostile.mcs_response(hostile.security_block(b"", random_length=0x7FFFFFFF))),
        "RDP certificate": mcs(hostile.mcs_response(hostile.security_block(b"", length=0x7FFFFFFF))),
        "RDP key": mcs(
            hostile.mcs_response(
                hostile.security_block(hostile.proprietary_certificate(key_length=0x7FFFFFFF, bits=0xFFFFFFF8))
            )
        ),
        "RDP certificate chain": mcs(
            hostile.mcs_response(hostile.security_block(struct.pack("<III", 2, 0xFFFFFFFF, 0x7FFFFFFF)))
        ),
        "TSRequest, not filled": say(b"\x30" + _TWO_GB),
        "TSRequest nested": say(hostile.nested(0x30, 5000)),
        "TSRequest version": say(hostile.der(0x30, hostile.der(0xA0, hostile.der(2, b"\x7f" * 20000)))),
        "TSRequest error": say(
            hostile.der(
                0x30, hostile.der(0xA0, hostile.der(2, b"\x06")) + hostile.der(0xA4, hostile.der(2, b"\xff" * 999))
            )
        ),
        "token": say(hostile.der(0x30, hostile.der(0xA1, b"\x30" + _TWO_GB))),
        "NTLM pairs beyond the end": say(hostile.ts_request(hostile.challenge(length=0xFFFF))),
        "NTLM pairs elsewhere": say(hostile.ts_request(hostile.challenge(offset=0x7FFFFFFF))),
        "NTLM pairs over the header": say(hostile.ts_request(hostile.challenge(offset=0))),
        "NTLM pair beyond the end": say(hostile.ts_request(hostile.challenge(hostile.av_pair(1, b"", 0xFFFF)))),
        "NTLM pairs without end": say(hostile.ts_request(hostile.challenge(hostile.av_pair(99, b"") * 9000))),
        "NTLM half a character": say(hostile.ts_request(hostile.challenge(hostile.av_pair(3, b"\x00\xd8\x0a")))),
        "NTLM control characters": say(
            hostile.ts_request(hostile.challenge(hostile.av_pair(2, "\x1b[2J\r\n\u202e".encode("utf-16-le"))))
        ),
        "NTLM time at the end of time": say(hostile.ts_request(hostile.challenge(hostile.av_pair(7, b"\xff" * 8)))),
        "NTLM short time": say(hostile.ts_request(hostile.challenge(hostile.av_pair(7, b"\xff")))),
        "NTLM long names": say(
            hostile.ts_request(hostile.challenge(hostile.av_pair(3, "x".encode("utf-16-le") * 16000)))
        ),
        "NTLM twice": say(token * 2),
    }


# What hours of arithmetic would be needed for: no deadline can interrupt one multiplication of Python.
SLOW = 65536


def arithmetic(identity: Path) -> Conversations:
    """Numbers that a client with big integers can be made to calculate with for hours."""
    certificate = hostile.certificates(hostile.slow_certificate(SLOW))
    done = hostile.message(14, b"")
    return {
        "RSA key exchange": in_place_of_tls(hostile.records(hostile.server_hello(_RSA) + certificate + done)),
        "RSA signature": in_place_of_tls(
            hostile.records(
                hostile.server_hello(_ECDHE)
                + certificate
                # P-256 and a point that is not on it, and then the point of x25519 that gives zero.
                + hostile.message(12, b"\x03\x00\x17\x41\x04" + b"\x01" * 64 + b"\x04\x01\x20\x00" + b"\x7f" * 8192)
                + done
            )
        ),
        "x25519 of nothing": in_place_of_tls(
            hostile.records(
                hostile.server_hello(_ECDHE)
                + certificate
                + hostile.message(12, b"\x03\x00\x1d\x20" + bytes(32) + b"\x04\x01\x20\x00" + b"\x7f" * 8192)
                + done
            )
        ),
        **{f"DHE group of {size} bytes": hostile.dhe(identity, size) for size in (2048, 60000)},
        "DHE group of zero": in_place_of_tls(
            hostile.records(
                hostile.server_hello(_DHE)
                + certificate
                + hostile.message(12, b"\x00\x01\x00\x00\x01\x00\x00\x01\x00\x04\x01\x00\x01\x00")
                + done
            )
        ),
        "certificate nested": in_place_of_tls(
            hostile.records(hostile.server_hello(_RSA) + hostile.certificates(hostile.nested(0x30, 3000)) + done)
        ),
        "RDP certificate chain": in_place_of_tls(
            hostile.mcs_response(hostile.security_block(_chain(hostile.slow_certificate(SLOW)))), protocol=0
        ),
    }


def _chain(certificate: bytes) -> bytes:
    """[MS-RDPBCGR] 2.2.1.4.2: an X.509 certificate chain of two."""
    return struct.pack("<II", 2, 2) + (struct.pack("<I", len(certificate)) + certificate) * 2


def as_cases(conversations: Conversations) -> list[tuple[str, servers.Handler]]:
    return [(name, hostile.handler(conversation)) for name, conversation in conversations.items()]


@contextmanager
def flat_memory() -> Iterator[None]:
    """Fails when this process needs MEMORY more at any moment of the block, servers included."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not forget.exists():
        pytest.skip("only Linux tells the most memory that a process needed meanwhile")

    def most() -> int:
        return int(status.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) << 10

    forget.write_text("5", encoding="ascii")  # proc(5): sets the high-water mark to what is needed now
    before = most()
    yield
    assert most() - before < MEMORY


@pytest.mark.parametrize("depth", ["quick", "full"])
def test_lengths_that_no_message_has(small: Path, depth: Depth) -> None:
    """The servers fill what they announce as long as they are read."""
    with flat_memory():
        run_all(as_cases(announced(small)), depth, workers=12)
        run_all(as_cases(filled(small)), depth, workers=3)


def test_floods(conversations: Conversations) -> None:
    """Bytes without end from every stage on."""
    cases = []
    for name, conversation in conversations.items():
        _found, ends = record(conversation)
        cases += [(f"{name}, {n}", hostile.handler(conversation, n, hostile.flood)) for n in ends]
    with flat_memory():
        run_all(cases, workers=2)


@pytest.mark.parametrize("depth", ["quick", "full"])
def test_numbers_that_take_hours(identity: Path, depth: Depth) -> None:
    run_all(as_cases(arithmetic(identity)), depth, workers=1)


BANNERS = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request",
    "SSH": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "SMTP": b"220 mail.example.com ESMTP Postfix\r\n",
    "FTP": b"220 (vsFTPd 3.0.3)\r\n",
    "VNC": b"RFB 003.008\n",
    "telnet": b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27",
    "MySQL": b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes(65),
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x0a",
    "one byte": b"\x03",
    "nothing but zeros": bytes(64),
}


def test_other_protocols(small: Path) -> None:
    """Before the request, in its place, in place of TLS, of MCS and of CredSSP."""
    cases: list[tuple[str, servers.Handler]] = []
    for name, banner in BANNERS.items():
        cases += [
            (f"{name} at once", servers.greeting(banner)),
            (f"{name} as the answer", hostile.handler(saying(banner, hostile.close))),
            (f"{name} in place of TLS", hostile.handler(in_place_of_tls(banner))),
            (f"{name} in place of MCS", hostile.handler(in_place_of_tls(banner, protocol=0))),
            (f"{name} in place of CredSSP", hostile.handler(in_place_of_challenge(small, banner))),
        ]
    found = run_all(cases, workers=20)
    for name in BANNERS:
        assert found[f"{name} at once"]["stage"] == "x224"
        assert found[f"{name} as the answer"]["stage"] == "x224"
        assert found[f"{name} in place of TLS"]["tls"]["result"] in ("error", "alert", "timeout")
        assert found[f"{name} in place of MCS"]["standard"]["result"] in ("error", "timeout")
        assert found[f"{name} in place of CredSSP"]["credssp"]["result"] in ("error", "timeout")
    assert "HTTP" in found["HTTP as the answer"]["reason"]
    assert "SSH" in found["SSH as the answer"]["reason"]


Step = tuple[str, bytes]

random_bytes = st.one_of(
    st.binary(max_size=64),
    # The beginnings of real messages, with anything behind them.
    st.builds(lambda rest: b"\x03\x00\x00" + bytes([min(255, 4 + len(rest))]) + rest, st.binary(max_size=64)),
    st.builds(hostile.record, st.sampled_from([20, 21, 22, 23]), st.binary(max_size=64)),
    st.builds(
        lambda kind, body: hostile.record(22, hostile.message(kind, body)),
        st.sampled_from([0, 2, 4, 8, 11, 12, 13, 14, 20, 22]),
        st.binary(max_size=64),
    ),
    st.builds(lambda content: hostile.der(0x30, content), st.binary(max_size=64)),
    st.builds(hostile.mcs_response, st.binary(max_size=64)),
    st.builds(
        lambda suite, rest: hostile.records(hostile.server_hello(suite, extensions=rest)),
        st.sampled_from([0x002F, _RSA, _DHE, _ECDHE, 0x1301]),
        st.binary(max_size=32),
    ),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), random_bytes),
        st.tuples(st.just("read"), st.just(b"")),
    ),
    max_size=6,
)
STARTS = ("connect", "request", "confirm rdp", "confirm tls", "confirm credssp", "confirm entra", "tls", "credssp")


def scripted(start: str, script: list[Step], ending: hostile.Accident, identity: Path) -> hostile.Conversation:
    """Good up to ``start``, and then as the script says."""

    def rest(send: Callable[[bytes], None], read: Callable[[], bytes], peer: hostile.Peer) -> None:
        for step, data in script:
            if step == "send":
                send(data)
            else:
                read()
        ending(peer.stream, b"")
        raise hostile.Over

    def converse(peer: hostile.Peer) -> None:
        if start == "connect":
            rest(peer.send, peer.read, peer)
        if start == "request":
            peer.read_packet()
            rest(peer.send, peer.read, peer)
        selected = {"confirm rdp": 0, "confirm tls": 1, "tls": 1, "confirm entra": 16}.get(start, 2)
        hostile.select(peer, selected)
        if start.startswith("confirm"):
            rest(peer.send, peer.read, peer)
        tls = hostile.Tls(peer, identity)
        tls.accept()
        rest(tls.send, tls.read, peer)

    return converse


scripts = st.tuples(st.sampled_from(STARTS), steps, st.sampled_from([hostile.close, hostile.reset]))


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(st.lists(scripts, min_size=16, max_size=16))
def test_any_script(small: Path, many: list[tuple[str, list[Step], hostile.Accident]]) -> None:
    """Some scripts at a time, because most of the time of each is waiting."""
    run_all([(repr(one), hostile.handler(scripted(*one, small))) for one in many], workers=16)
