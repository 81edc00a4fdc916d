# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A TLS client for a probe, without I/O and without this machine's TLS library: SSL 3.0 to TLS 1.3.

It accepts every certificate and sends no secret, so what is weak is no danger here, and refusing it would hide the
server's state. It neither resumes sessions nor renegotiates nor compresses.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Dict, Optional, Tuple, Union

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import (
    alerts,
    client12,
    client13,
    hello,
    messages,
    records,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken, Refused, Unable
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.link import Link, Message, Steps, expect
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    ALL_VERSIONS,
    MODERN_GROUPS,
    MODERN_VERSIONS,
    TLS_1_3,
    VERSIONS,
    Offer,
)

__all__ = [
    "ALL_VERSIONS",
    "LARGEST",
    "MODERN_GROUPS",
    "MODERN_VERSIONS",
    "VERSIONS",
    "Broken",
    "Client",
    "Offer",
    "Refused",
    "Unable",
]

# A handshake with a long chain has some 70 KB; a peer that sends this much is playing with us. Also the most that is
# kept for a caller who does not read.
LARGEST = 1 << 20
# A certificate chain is the longest message there is.
_LARGEST_MESSAGE = 1 << 17
_MESSAGE_HEADER = 4


class Client(Link):
    """One TLS connection: what ``start``, ``receive``, ``write`` and ``close`` return must be sent at once.

    ``done``: the handshake is complete, or with ``until_hello`` the server has answered (then version and suite are
    known, and what else comes is ignored). ``version`` and ``suite`` are the server's choice, ``chain`` has its
    certificates in DER with its own first, ``group`` is that of the key exchange. ``key_proved``: the server has shown
    that it can use the private key of its certificate. ``closed``: it has ended TLS with close_notify after the
    handshake.
    """

    def __init__(self, offer: Offer, until_hello: bool = False) -> None:
        super().__init__(offer)
        self.hello_seen = False
        self.closed = False
        self.bytes_received = 0
        self._until_hello = until_hello
        self._request, self._privates = _request(offer)
        self._stream = records.Stream()
        self._messages = bytearray()
        self._data = bytearray()
        self._failure: Optional[Union[Broken, Refused]] = None
        self._steps = self._handshake()
        next(self._steps)

    def start(self) -> bytes:
        """The ClientHello."""
        self.send_message(messages.CLIENT_HELLO, hello.build(self.offer, self._request))
        return self.take_output()

    def receive(self, data: bytes) -> bytes:
        """Takes what the server sent, in any pieces; gives what must be sent now, in one piece ([MS-RDPBCGR] note 57).

        Raises Refused or Broken, and the same again if it is called after that.
        """
        if self._failure is not None:
            raise self._failure
        self.bytes_received += len(data)
        try:
            self._receive(data)
        except (Broken, Refused) as failure:
            self._failure = failure
            raise
        return self.take_output()

    def write(self, data: bytes) -> bytes:
        """The records that carry ``data``, once the handshake is complete."""
        if not self.done or self.writer is None:
            raise RuntimeError("data can not be sent before the TLS handshake is complete")
        self.send(records.APPLICATION_DATA, data)
        return self.take_output()

    def read(self) -> bytes:
        """The data that has come since the last call."""
        data = bytes(self._data)
        self._data.clear()
        return data

    def close(self) -> bytes:
        """The close_notify that ends TLS; it is encrypted as soon as we send encrypted records."""
        self.send(records.ALERT, bytes((alerts.WARNING, alerts.CLOSE_NOTIFY)))
        return self.take_output()

    def _receive(self, data: bytes) -> None:
        if not self._deaf:
            self._stream.feed(data)
        while not self._deaf:
            record = self._stream.next()
            if record is None:
                break
            self._take(record)
        if not self.done and self.bytes_received > LARGEST:
            raise Broken(f"it sends more than {LARGEST} bytes without an end of the handshake")
        if len(self._data) > LARGEST:
            raise Broken(f"it sends more than {LARGEST} bytes of data that nobody asked for")

    @property
    def _deaf(self) -> bool:
        """Whether nothing that still comes matters."""
        return self.closed or self._until_hello and self.done

    def _take(self, record: records.Record) -> None:
        if record.kind == records.CHANGE_CIPHER_SPEC and self.version == TLS_1_3:
            return  # RFC 8446 D.4: it only comforts middleboxes, and is not encrypted
        if self.reader is not None:
            record = self.reader.open(record)
        if len(record.body) > records.LARGEST_CONTENT:
            raise Broken("it sends a record with more content than TLS allows")
        if record.kind == records.HANDSHAKE:
            self._messages += record.body
            self._take_messages()
        elif record.kind == records.ALERT:
            self._take_alert(record.body)
        elif self._messages:
            raise Broken("it breaks off in the middle of a handshake message")
        elif record.kind == records.APPLICATION_DATA and self.done:
            self._data += record.body
        elif record.kind == records.CHANGE_CIPHER_SPEC and record.body == b"\1":
            self._steps.send(Message(messages.CHANGE_CIPHER_SPEC, record.body))
        else:
            raise Broken(f"it sends a record of type {record.kind} at the wrong time")

    def _take_messages(self) -> None:
        buffer = self._messages
        while len(buffer) >= _MESSAGE_HEADER:
            size = int.from_bytes(buffer[1:_MESSAGE_HEADER], "big")
            if size > _LARGEST_MESSAGE:
                raise Broken(f"it sends a handshake message of {size} bytes")
            end = _MESSAGE_HEADER + size
            if len(buffer) < end:
                return
            message = Message(buffer[0], bytes(buffer[_MESSAGE_HEADER:end]))
            del buffer[:end]
            if message.kind == messages.HELLO_REQUEST and self.version != TLS_1_3:
                continue  # RFC 5246 7.4.1.1: a client may ignore it, and it is in no transcript
            reader = self.reader
            self._steps.send(message)
            if self._deaf:
                return
            if self.reader is not reader and buffer:
                raise Broken("it changes keys in the middle of a record")

    def _take_alert(self, body: bytes) -> None:
        if len(body) != 2:
            raise Broken("it sends an alert that can not be read")
        level, code = body
        if code == alerts.CLOSE_NOTIFY and self.done:
            self.closed = True
        elif code == alerts.CLOSE_NOTIFY or level != alerts.WARNING or self._fatal_anyway(code):
            raise Refused(alerts.alert_name(code))

    def _fatal_anyway(self, code: int) -> bool:
        """RFC 8446 6: in TLS 1.3 the level says nothing."""
        return self.version == TLS_1_3 and code != alerts.USER_CANCELED

    def _handshake(self) -> Steps:
        message = yield from expect(self, messages.SERVER_HELLO)
        self.hello_seen = True
        try:
            answer = hello.parse(message.body, self.offer)
        except hello.OtherVersion as other:
            self.version = other.version if other.version in VERSIONS else None
            raise
        self.version, self.suite = answer.version, answer.suite
        if self._until_hello:
            self.done = True
            yield
        elif answer.version == TLS_1_3:
            yield from client13.handshake(self, self._request, self._privates, answer)
        else:
            yield from client12.handshake(self, self._request, answer)


def _request(offer: Offer) -> Tuple[hello.Request, Dict[int, int]]:
    """The rest of a ClientHello for ``offer``, and the private keys behind its shares, by group."""
    if TLS_1_3 not in offer.versions:
        return hello.Request(os.urandom(32), b"", offer.groups, []), {}
    pairs = {code: _pair(code) for code in messages.SHARED_GROUPS}
    shares = [hello.Share(code, public) for code, (_private, public) in pairs.items()]
    # RFC 8446 D.4: a session id, for middleboxes.
    request = hello.Request(os.urandom(32), os.urandom(32), offer.groups, shares)
    return request, {code: private for code, (private, _public) in pairs.items()}


@lru_cache(maxsize=None)
def _pair(code: int) -> Tuple[int, bytes]:
    """A key pair of a group: one for all connections of a process, since a survey makes many and none has secrets."""
    group = messages.GROUPS[code]
    private = group.new_private()
    return private, group.public(private)
