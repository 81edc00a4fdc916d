# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's RDP listener: answers as TermService would for the settings, certificate and key that a host has."""

from __future__ import annotations

from tests.lab.rdp.server import RdpServer
from tests.lab.rdp.state import Account, ListenerState

__all__ = ["Account", "ListenerState", "RdpServer"]
