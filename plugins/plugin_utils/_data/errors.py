# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the codes mean that a Remote Desktop client shows: error code and extended error code, in hexadecimal.

The error code is the reason of IMsTscAxEvents::OnDisconnected, the extended one is ExtendedDisconnectReasonCode (both
documented by Microsoft). They say where a connection ended, not why.
"""

from __future__ import annotations

from typing import Final

SOCKET_CLOSED: Final = "0x904/0x7"
CONNECT_FAILED: Final = "0x204/0x0"
CONNECT_TIMEOUT: Final = "0x108/0x0"
DNS_FAILED: Final = "0x104/0x0"
HOST_NOT_FOUND: Final = "0x208/0x0"
CERTIFICATE_EXPIRED: Final = "0x1B07/0x0"
GATEWAY_ENDED: Final = "0x3000019/0x0"

# The extended part of codes that the client makes by itself is 0: no server took part.
CLIENT_ERRORS: Final[dict[str, str]] = {
    SOCKET_CLOSED: "The socket was closed after the connection was made and before a session existed.",
    CONNECT_FAILED: "The TCP connection could not be made.",
    CONNECT_TIMEOUT: "The connection timed out.",
    DNS_FAILED: "The name could not be looked up.",
    HOST_NOT_FOUND: "The host was not found.",
    CERTIFICATE_EXPIRED: "The certificate of the host has expired.",
    # Seen by users of RD Gateway when the certificate of the host behind it had expired (Rackspace documentation).
    GATEWAY_ENDED: "The Remote Desktop Gateway ended the connection.",
}
