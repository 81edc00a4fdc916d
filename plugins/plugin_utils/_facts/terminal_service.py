# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The settings object of Remote Desktop Services, which several areas read one thing each of.

Microsoft, "Win32_TerminalServiceSetting class" (win32, termserv): one instance, key ServerName. All of it is asked for,
since what properties there are differs between Windows versions, and a query that names a missing one fails.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

NAMESPACE = "root/cimv2/TerminalServices"
CLASS = "Win32_TerminalServiceSetting"
_APPLICATION_SERVER = 1  # TerminalServerMode; 0 is remote administration


def read(host: Host) -> Instance:
    rows = host.session.query(NAMESPACE, f"SELECT * FROM {CLASS}")
    if not rows:
        raise WindowsError(f"the host returned no {CLASS}")
    return rows[0]


def is_session_host(setting: Instance) -> bool:
    """Whether the role Remote Desktop Session Host is installed."""
    return setting.integer("TerminalServerMode") == _APPLICATION_SERVER
