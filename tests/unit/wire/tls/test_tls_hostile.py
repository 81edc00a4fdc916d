# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS client with servers that mean no good: it raises Broken or Refused, never anything else, and stays small."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client, hello, messages, public_key, suites
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    SSL_3_0,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
)
from tests.unit.wire.tls import peers, trace
from tests.unit.wire.tls.test_tls_hello import message, server_hello

OPENSSL_VERSIONS = (TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3)
OFFERS = [
    client.Offer(client.ALL_VERSIONS, suites.EVERYTHING, "rds01"),
    client.Offer(client.MODERN_VERSIONS, suites.MODERN, None),
    *(client.Offer((version,), suites.EVERYTHING, None) for version in client.ALL_VERSIONS),
]
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MANY = settings(max_examples=100, deadline=None)

Parser = Callable[[bytes], object]
PARSERS: dict[str, Parser] = {
    "server_hello": lambda body: hello.parse(body, OFFERS[0]),
    "certificates": messages.certificates,
    "certificates_1_3": messages.certificates_1_3,
    "ecdhe": lambda body: messages.key_exchange(body, "ECDHE", TLS_1_2),
    "dhe": lambda body: messages.check_prime(messages.key_exchange(body, "DHE", TLS_1_0)),
    "certificate_verify": messages.certificate_verify,
    "certificate_request": messages.request_context,
    "encrypted_extensions": messages.check_encrypted_extensions,
    "key_update": messages.update_requested,
    "public_key": public_key.public_key,
}
SAMPLES: dict[str, bytes] = {
    "server_hello": trace.SERVER_HELLO[4:],
    "certificates": b"\0\0\5\0\0\2ab",
    "certificates_1_3": trace.CERTIFICATE[4:],
    "ecdhe": b"\3\0\x1d\x20" + bytes(range(32)) + b"\x08\x04\0\4abcd",
    "dhe": b"\0\2\1\1\0\1\2\0\1\7\0\4abcd",
    "certificate_verify": trace.CERTIFICATE_VERIFY[4:],
    "certificate_request": bytes.fromhex("0101000a000d000600040804 0403"),
    "encrypted_extensions": trace.ENCRYPTED_EXTENSIONS[4:],
    "key_update": b"\1",
    "public_key": trace.CERTIFICATE[11:-2],
}


@pytest.mark.parametrize("name", PARSERS)
def test_samples_are_good(name: str) -> None:
    PARSERS[name](SAMPLES[name])


@pytest.mark.parametrize("name", PARSERS)
def test_messages_that_end_early(name: str) -> None:
    sample = SAMPLES[name]
    for end in range(len(sample)):
        # What is left is never whole, but for a ServerHello that ends before its extensions.
        try:
            PARSERS[name](sample[:end])
        except client.Broken:
            continue
        assert name == "server_hello"


@pytest.mark.parametrize("name", PARSERS)
@MANY
@given(data=st.data())
def test_messages_with_other_bytes(name: str, data: st.DataObject) -> None:
    sample = bytearray(SAMPLES[name])
    for _change in range(data.draw(st.integers(1, 3))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    body = data.draw(st.one_of(st.just(bytes(sample)), st.binary(max_size=200)))
    try:
        PARSERS[name](body)
    except client.Broken as error:
        assert str(error).startswith("it")


@pytest.mark.parametrize("offer", OFFERS)
@settings(max_examples=25, deadline=None)
@given(data=st.binary(max_size=300), framed=st.booleans(), size=st.integers(1, 50))
def test_arbitrary_bytes(offer: client.Offer, data: bytes, framed: bool, size: int) -> None:
    made = client.Client(offer)
    made.start()
    if framed and data:
        data = bytes([20 + data[0] % 4, 3, 1]) + len(data[1:]).to_bytes(2, "big") + data[1:]
    try:
        for at in range(0, len(data), size):
            made.receive(data[at : at + size])
    except (client.Broken, client.Refused) as failure:
        assert str(failure)
        assert failure.args
    assert not made.done


def changed(flight: bytes, at: int, value: int, kind: int) -> bytes:
    """A flight with a byte changed, left out, or put in."""
    at %= len(flight)
    return flight[:at] + (b"" if kind == 1 else bytes([value])) + flight[at + (kind != 2) :]


@pytest.mark.parametrize("version", OPENSSL_VERSIONS)
@FEW
@given(bad=st.integers(0, 1), at=st.integers(0, 5000), value=st.integers(0, 255), kind=st.integers(0, 2))
def test_changed_flights(version: int, bad: int, at: int, value: int, kind: int, identities: peers.Identities) -> None:
    """Real handshakes with one byte off. Then they fail, or the byte was of no account and all is well."""
    server = peers.OpenSsl(peers.context(identities["ECDSA"], (version,)))
    made = client.Client(client.Offer((version,), suites.MODERN, None))
    out = made.start()
    try:
        for turn in range(3):
            flight = server.answer(out)
            if not flight:
                return  # the client has seen the end of neither message nor record, and waits
            out = made.receive(changed(flight, at, value, kind) if turn == bad else flight)
            if made.done:
                return
    except (client.Broken, client.Refused):
        assert not made.done


@pytest.mark.parametrize("version", OPENSSL_VERSIONS)
def test_flights_that_end_early(version: int, identities: peers.Identities) -> None:
    """A client that has part of a flight waits for the rest, wherever the cut is."""
    context = peers.context(identities["ECDSA"], (version,))
    server = peers.OpenSsl(context)
    made = client.Client(client.Offer((version,), suites.MODERN, None))
    flight = server.answer(made.start())
    cuts = sorted({*range(0, len(flight), 41), *range(12), len(flight) - 1})
    for cut in cuts:
        other = client.Client(made.offer)
        other._request, other._privates = made._request, made._privates
        other.start()
        assert other.receive(flight[:cut]) == b""
        assert not other.done
    answers = [made.receive(flight[a:b]) for a, b in zip([0, *cuts], [*cuts, len(flight)], strict=True)]
    assert sum(1 for answer in answers if answer) == 1


NOISE = {
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n", "it sends 48 54 54 50 where a TLS record should begin"),
    "X.224": (bytes.fromhex("0300001302f080"), "it sends 03 00 00 13"),
    "SSL 2.0": (bytes.fromhex("803104000100"), "it sends 80 31 04 00"),
    "one byte": (b"S", "it sends 53 where"),
    "a long record": (b"\x16\3\3\xff\xff", "it sends a record of 65535 bytes"),
    "too much content": (b"\x16\3\3\x40\x01" + bytes(16385), "it sends a record with more content than TLS allows"),
    "a long message": (b"\x16\3\3\0\4\x02\xff\xff\xff", "it sends a handshake message of 16777215 bytes"),
    "data": (b"\x17\3\3\0\1x", "a record of type 23 at the wrong time"),
    "an early ChangeCipherSpec": (b"\x14\3\3\0\1\1", "it sends ChangeCipherSpec where ServerHello should come"),
    "an odd ChangeCipherSpec": (b"\x14\3\3\0\1\2", "a record of type 20 at the wrong time"),
    "a Finished": (message(20, bytes(12)), "it sends Finished where ServerHello should come"),
    "an unknown message": (message(77, b""), "it sends handshake message 77 where ServerHello should come"),
    "an alert of one byte": (b"\x15\3\3\0\1\2", "it sends an alert that can not be read"),
    "a message in pieces": (b"\x16\3\3\0\2\2\0\x14\3\3\0\1\1", "it breaks off in the middle of a handshake message"),
}


@pytest.mark.parametrize(("data", "text"), NOISE.values(), ids=NOISE)
def test_what_is_no_tls(data: bytes, text: str) -> None:
    made = client.Client(OFFERS[0])
    made.start()
    with pytest.raises(client.Broken, match=text):
        made.receive(data)
    with pytest.raises(client.Broken, match=text):
        made.receive(b"")


@pytest.mark.parametrize(
    ("alert", "name"),
    [
        (b"\2\x28", "handshake_failure"),
        (b"\2\x46", "protocol_version"),
        (b"\2\xee", "alert_238"),
        (b"\1\0", "close_notify"),
        (b"\2\0", "close_notify"),
        (b"\7\x50", "internal_error"),
    ],
)
def test_alerts(alert: bytes, name: str) -> None:
    made = client.Client(OFFERS[0])
    made.start()
    with pytest.raises(client.Refused) as refused:
        made.receive(b"\x15\3\1\0\2" + alert)
    assert (refused.value.alert, str(refused.value)) == (name, f"the TLS alert {name}")


def test_a_warning_ends_nothing(identities: peers.Identities) -> None:
    """Servers that do not know the name they are asked for may say so and go on (RFC 6066 3)."""
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_2,)))
    made = client.Client(OFFERS[1])
    out = made.start()
    assert made.receive(b"\x15\3\3\0\2\1\x70") == b""
    made.receive(server.answer(made.receive(server.answer(out))))
    assert made.done


FLOODS = {
    "warnings": b"\x15\3\3\0\2\1\x70",
    "HelloRequest": message(0, b""),
    "empty handshake records": b"\x16\3\3\0\0",
}


@pytest.mark.parametrize("piece", FLOODS.values(), ids=FLOODS)
def test_floods_in_the_handshake(piece: bytes) -> None:
    made = client.Client(OFFERS[0])
    made.start()
    chunk = piece * (65536 // len(piece))
    with pytest.raises(client.Broken, match="more than 1048576 bytes without an end of the handshake"):
        for _turn in range(20):
            made.receive(chunk)
    assert made.bytes_received < client.LARGEST + 2 * len(chunk)
    assert sys.getsizeof(made._stream._buffer) + sys.getsizeof(made._messages) < 2 * len(chunk)


def test_a_certificate_message_without_end() -> None:
    made = client.Client(OFFERS[0])
    made.start()
    made.receive(message(2, server_hello()))
    record = b"\x16\3\3\x40\0" + b"\x0b\1\xff\xff" + bytes(16380)
    made.receive(record)
    with pytest.raises(client.Broken):
        for _turn in range(100):
            made.receive(b"\x16\3\3\x40\0" + bytes(16384))
    assert made.bytes_received < 200000


def test_data_that_nobody_asked_for(identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_0,)))
    made = client.Client(client.Offer((TLS_1_0,), (0x002F,), None))
    peers.shake(made, server)
    made._data += bytes(client.LARGEST)
    with pytest.raises(client.Broken, match="data that nobody asked for"):
        made.receive(server.write(b"more"))


@pytest.mark.parametrize(
    ("record", "content", "text"),
    [
        (22, b"\0\0\0\0", None),  # HelloRequest
        (22, b"\1\0\0\0", "it sends ClientHello where HelloRequest should come"),
        (20, b"\1", "it sends ChangeCipherSpec where HelloRequest should come"),
        (21, b"\2\x50", "internal_error"),
        (21, b"\1\x64", None),
        (23, b"", None),
        (24, b"", "it sends a record of type 24 at the wrong time"),
    ],
)
def test_after_the_handshake(record: int, content: bytes, text: str | None, identities: peers.Identities) -> None:
    server = peers.OpenSsl(peers.context(identities["RSA"], (TLS_1_2,)))
    made = client.Client(OFFERS[1])
    peers.shake(made, server)
    assert made.reader is not None
    sealed = copy.deepcopy(made.reader).seal(record, content)  # as the server would do it next
    data = bytes([sealed.kind, 3, 3]) + len(sealed.body).to_bytes(2, "big") + sealed.body
    if record == 24:
        with pytest.raises(client.Broken):
            made.receive(data)
    elif text:
        with pytest.raises((client.Broken, client.Refused), match=text):
            made.receive(data)
    else:
        assert made.receive(data) == b""
        assert (made.done, made.closed, made.read()) == (True, False, b"")


@pytest.mark.parametrize("version", [SSL_3_0, *OPENSSL_VERSIONS])
def test_write_before_the_end_of_the_handshake(version: int) -> None:
    made = client.Client(client.Offer((version,), suites.EVERYTHING, None))
    made.start()
    with pytest.raises(RuntimeError):
        made.write(b"data")
