# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What a client offers: protocol versions, cipher suites, and the name it asks for."""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple

SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304

VERSIONS: Dict[int, str] = {
    SSL_3_0: "SSL 3.0",
    TLS_1_0: "TLS 1.0",
    TLS_1_1: "TLS 1.1",
    TLS_1_2: "TLS 1.2",
    TLS_1_3: "TLS 1.3",
}

# What Schannel offers by default on Windows 11 and Server 2025 (Microsoft, "Protocols in TLS/SSL (Schannel SSP)").
MODERN_VERSIONS: Tuple[int, ...] = (TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3)
ALL_VERSIONS: Tuple[int, ...] = tuple(VERSIONS)


# Code points of x25519, secp256r1, secp384r1 and secp521r1 (RFC 8422 5.1.1). Schannel has the last one switched off
# until an administrator adds it (Microsoft, "TLS Elliptic Curves in Windows 10 version 1607 and later").
ALL_GROUPS: Tuple[int, ...] = (29, 23, 24, 25)
MODERN_GROUPS: Tuple[int, ...] = (29, 23, 24)


class Offer(NamedTuple):
    """``suites`` are code points in the order of preference; ``server_name`` is None for an address (RFC 6066 3)."""

    versions: Tuple[int, ...]
    suites: Tuple[int, ...]
    server_name: Optional[str]
    groups: Tuple[int, ...] = ALL_GROUPS


def version_name(version: int) -> str:
    return VERSIONS.get(version, f"the unknown version 0x{version:04X}")
