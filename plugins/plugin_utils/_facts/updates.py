# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Installed updates, as Win32_QuickFixEngineering lists them.

Microsoft: the class names only what Component Based Servicing installed, and a superseded cumulative update vanishes
from it. That a KB is missing here therefore proves nothing; the build of the system area does.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Update, Updates
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


def read(host: Host) -> Updates:
    rows = host.session.query("root/cimv2", "SELECT HotFixID, Description, InstalledOn FROM Win32_QuickFixEngineering")
    installed = [
        Update(
            kb=(row.text("HotFixID") or "").upper(),
            description=row.text("Description") or "",
            installed_on=row.text("InstalledOn") or "",
        )
        for row in rows
    ]
    return Updates(status="ok", reason="", installed=sorted(installed, key=lambda update: update["kb"]))
