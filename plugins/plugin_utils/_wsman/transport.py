# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The road that envelopes take to a host, whoever built it."""

from __future__ import annotations

import ssl
from typing import NamedTuple, Protocol


class TlsSide(NamedTuple):
    """Who is on both ends of a connection over TLS."""

    context: ssl.SSLContext  # of the controller, which its offers come from
    certificate: bytes  # of the host, DER


class Transport(Protocol):
    """One authenticated HTTP connection to WinRM. Not for use by two threads at a time."""

    @property
    def endpoint(self) -> str:
        """The URL that requests are addressed to."""

    @property
    def tls(self) -> TlsSide | None:
        """Of the newest connection over HTTPS; None over HTTP, and before the first request."""

    def send(self, envelope: bytes, timeout: float) -> bytes:
        """Send a request and return the reply, all within ``timeout`` seconds: connection, log-on and every byte of it.

        Raise WSManFault (an HTTP error with a fault in it), WSManAuthError, WSManConnectionError, WSManTimeout or
        WSManProtocolError.
        """

    def close(self) -> None:
        """Close the connection; the next send opens and authenticates a new one. Never raises."""
