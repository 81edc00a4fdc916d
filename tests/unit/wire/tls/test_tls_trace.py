# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS 1.3 engine with the published trace of RFC 8448."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client13, hello, keys, records
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.link import Link, Message
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_3, Offer
from tests.unit.wire.tls import trace

OFFER = Offer((TLS_1_3,), (0x1301, 0x1302), "server")
PRIVATE = int.from_bytes(trace.CLIENT_PRIVATE, "little")
REQUEST = hello.Request(trace.CLIENT_HELLO[6:38], b"", (29,), ())


def test_key_schedule() -> None:
    schedule = keys.Schedule("sha256")
    schedule.share(trace.SHARED)
    transcript = trace.CLIENT_HELLO + trace.SERVER_HELLO
    assert schedule.derive(b"c hs traffic", transcript) == trace.CLIENT_HANDSHAKE_SECRET
    assert schedule.derive(b"s hs traffic", transcript) == trace.SERVER_HANDSHAKE_SECRET
    before_finished = transcript + b"".join(trace.SERVER_FLIGHT[:-1])
    finished = keys.finished_1_3("sha256", trace.SERVER_HANDSHAKE_SECRET, before_finished)
    assert finished == trace.SERVER_VERIFY_DATA
    transcript += b"".join(trace.SERVER_FLIGHT)
    assert keys.finished_1_3("sha256", trace.CLIENT_HANDSHAKE_SECRET, transcript) == trace.CLIENT_VERIFY_DATA
    schedule.finish()
    assert schedule.derive(b"c ap traffic", transcript) == trace.CLIENT_APPLICATION_SECRET
    assert schedule.derive(b"s ap traffic", transcript) == trace.SERVER_APPLICATION_SECRET


@pytest.mark.parametrize(
    ("secret", "key", "vector"),
    [
        (trace.SERVER_HANDSHAKE_SECRET, trace.SERVER_HANDSHAKE_KEY, trace.SERVER_HANDSHAKE_IV),
        (trace.CLIENT_APPLICATION_SECRET, trace.CLIENT_APPLICATION_KEY, trace.CLIENT_APPLICATION_IV),
    ],
)
def test_traffic_keys(secret: bytes, key: bytes, vector: bytes) -> None:
    assert keys.hkdf_expand_label("sha256", secret, b"key", b"", 16) == key
    assert keys.hkdf_expand_label("sha256", secret, b"iv", b"", 12) == vector


def start() -> Link:
    """The state after the ServerHello of the trace."""
    link = Link(OFFER)
    link.transcript = trace.CLIENT_HELLO + trace.SERVER_HELLO
    link.version = TLS_1_3
    return link


def test_the_whole_handshake() -> None:
    link = start()
    steps = client13.handshake(link, REQUEST, {29: PRIVATE}, hello.parse(trace.SERVER_HELLO[4:], OFFER))
    next(steps)
    for message in trace.SERVER_FLIGHT:
        steps.send(Message(message[0], message[4:]))
    assert (link.done, link.key_proved, link.group, len(link.chain)) == (True, True, "x25519", 1)
    assert isinstance(link.reader, records.Gcm13)
    assert isinstance(link.writer, records.Gcm13)
    assert link.reader.secret == trace.SERVER_APPLICATION_SECRET
    assert link.writer.secret == trace.CLIENT_APPLICATION_SECRET
    suite = hello.parse(trace.SERVER_HELLO[4:], OFFER).suite
    sealed = records.Gcm13(suite, trace.CLIENT_HANDSHAKE_SECRET).seal(22, b"\x14\0\0\x20" + trace.CLIENT_VERIFY_DATA)
    assert link.take_output() == b"\x14\x03\x03\0\1\1" + b"\x17\x03\x03\0\x35" + sealed.body


@pytest.mark.parametrize(
    ("index", "at", "value", "text", "proved"),
    [
        (2, -1, 0, "its signature does not fit its certificate", False),
        (2, 4, 9, "with the scheme 0x0904, which was not offered", False),
        (3, -1, 0, "its Finished message does not fit the handshake", True),
    ],
)
def test_a_flaw_in_the_flight(index: int, at: int, value: int, text: str, proved: bool) -> None:
    flight = [bytearray(message) for message in trace.SERVER_FLIGHT]
    flight[index][at] = value
    link = start()
    steps = client13.handshake(link, REQUEST, {29: PRIVATE}, hello.parse(trace.SERVER_HELLO[4:], OFFER))
    next(steps)
    with pytest.raises(Broken, match=text):
        for message in flight:
            steps.send(Message(message[0], bytes(message[4:])))
    assert (link.key_proved, link.done) == (proved, False)
