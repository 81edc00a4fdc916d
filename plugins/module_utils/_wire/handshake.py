# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One TLS handshake over a connection, with OpenSSL working in memory.

In memory, because RDP servers expect the client's last handshake messages in one piece ([MS-RDPBCGR], product
behaviour note 57): all that OpenSSL has written since the last read goes out in one send.
"""

from __future__ import annotations

import ssl
from typing import List, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import net, tls

# A handshake with a long chain has some 20 KiB; a peer that sends this much is playing with us.
LARGEST = 1 << 20


class TooMuch(Exception):
    """The peer sends without end."""


class Handshake:
    """The handshake and what was seen of it. ``received`` holds all bytes of the server, ``offered`` our versions."""

    def __init__(self, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = _wrap(self._incoming, self._outgoing, host)
        self.received = b""
        self.offered: List[str] = []

    @property
    def version(self) -> Optional[str]:
        return tls.version_name(self._tls.version())

    @property
    def cipher(self) -> Optional[str]:
        chosen = self._tls.cipher()
        return chosen[0] if chosen else None

    @property
    def certificate(self) -> Optional[bytes]:
        """The server's own certificate in DER, once the handshake is complete."""
        return self._tls.getpeercert(binary_form=True)

    def run(self, connection: net.Connection) -> None:
        """Returns when the handshake is complete. Raises net.Ended, ssl.SSLError or TooMuch."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush(connection)
                self._feed(connection)
            except ssl.SSLError:
                self._flush_last(connection)
                raise
            else:
                self._flush(connection)
                return

    def say_goodbye(self, connection: net.Connection) -> None:
        """Sends close_notify; the answer to it is not waited for."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the peer's close_notify, which nobody needs
        self._flush_last(connection)

    def _feed(self, connection: net.Connection) -> None:
        data = connection.receive()
        self.received += data
        if len(self.received) > LARGEST:
            raise TooMuch(f"more than {LARGEST} bytes came without an end of the handshake")
        self._incoming.write(data)

    def _flush(self, connection: net.Connection) -> None:
        data = self._outgoing.read()
        if data:
            self.offered = self.offered or tls.offered_versions(data)
            connection.send(data)

    def _flush_last(self, connection: net.Connection) -> None:
        try:
            self._flush(connection)
        except net.Ended:
            pass  # the peer is gone already; what is known about it does not change


def _wrap(incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, host: str) -> ssl.SSLObject:
    context = tls.client_context()
    try:
        return context.wrap_bio(incoming, outgoing, server_hostname=tls.server_name(host))
    except ValueError:
        # A name that resolves but can not stand in the extension, such as one with an empty label.
        return context.wrap_bio(incoming, outgoing)
