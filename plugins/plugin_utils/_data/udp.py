# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Clients of Windows 11 24H2 whose UDP transport fails with old servers, and the value that keeps them to TCP.

The builds and updates are those of the row in ``updates.py``, for clients of any edition: MEM: that Server 2025, which
shares the builds, is concerned as a client.
fClientDisableUDP: Microsoft, "Turn Off UDP On Client" of the policy TerminalServer.admx.
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICY
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import UDP_24H2, covers

CLIENT_POLICY: Final = rf"{POLICY}\Client"
DISABLE_UDP: Final = "fClientDisableUDP"
FIXED_BY: Final = UDP_24H2.fix_kb
# Windows 10 1607 and Server 2016, the newest whose listener is concerned.
NEWEST_SERVER: Final = 14393


def drops_udp(full_build: str) -> bool:
    """Whether a client of this build loses UDP sessions to old servers."""
    return covers(UDP_24H2, full_build)
