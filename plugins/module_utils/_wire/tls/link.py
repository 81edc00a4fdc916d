# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What both handshakes work on: the way to the peer, the transcript, and what is known of the peer so far."""

from __future__ import annotations

from typing import Generator, List, NamedTuple, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import messages, records
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.errors import Broken
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.fields import vector
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import TLS_1_0, TLS_1_2, Offer
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import Suite


class Message(NamedTuple):
    """A handshake message of the peer, or its ChangeCipherSpec."""

    kind: int
    body: bytes


# A handshake as a coroutine: it is sent one message after the other.
Steps = Generator[None, Message, None]


class Link:
    """One connection, as seen by the handshake."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.version: Optional[int] = None
        self.suite: Optional[Suite] = None
        self.chain: List[bytes] = []
        self.key_proved = False
        self.group: Optional[str] = None
        self.done = False
        self.transcript = b""
        self.reader: Optional[records.Protection] = None
        self.writer: Optional[records.Protection] = None
        self._output = bytearray()

    def send(self, kind: int, content: bytes) -> None:
        """Adds records to what goes out next."""
        version = self.version or min(max(self.offer.versions), TLS_1_0)
        for at in range(0, max(len(content), 1), records.LARGEST_CONTENT):
            piece = content[at : at + records.LARGEST_CONTENT]
            record = self.writer.seal(kind, piece) if self.writer else records.Record(kind, piece)
            self._output += records.frame(record, min(version, TLS_1_2))

    def send_message(self, kind: int, body: bytes) -> None:
        """Adds a handshake message to what goes out next, and to the transcript."""
        message = encode(kind, body)
        self.transcript += message
        self.send(records.HANDSHAKE, message)

    def take_output(self) -> bytes:
        """What must be sent now, in one piece."""
        taken = bytes(self._output)
        self._output.clear()
        return taken


def encode(kind: int, body: bytes) -> bytes:
    """The bytes of a handshake message."""
    return bytes([kind]) + vector(3, body)


def expect(link: Link, *kinds: int) -> Generator[None, Message, Message]:
    """The next message, which must be of one of ``kinds``. It joins the transcript."""
    message = yield
    if message.kind not in kinds:
        name = messages.NAMES.get(message.kind, f"handshake message {message.kind}")
        raise Broken(f"it sends {name} where {messages.NAMES[kinds[0]]} should come")
    if message.kind != messages.CHANGE_CIPHER_SPEC:
        link.transcript += encode(*message)
    return message
