# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Installed updates, as Win32_QuickFixEngineering and the packages of Component Based Servicing tell of them.

Microsoft: the class names only what Component Based Servicing installed, and a superseded cumulative update vanishes
from it. That a KB is missing there therefore proves nothing; the build of the system area does. Whether the correction
of CVE-2018-0886 is there, the version of TSpkg.dll tells (see _data/credssp.py).
"""

from __future__ import annotations

from contextlib import suppress

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import BORN_FIXED, is_fixed
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import KNOWN_KBS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import packages
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Package, Update, Updates
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD
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
    found, reason = _packages(host)
    build = host.build
    version = credssp_version(host) if build < BORN_FIXED else None
    return Updates(
        status="ok",
        reason="",
        installed=sorted(installed, key=lambda update: update["kb"]),
        packages=found,
        packages_reason=reason,
        credssp_version=version,
        credssp_fixed=is_fixed(version or "", build),
    )


def credssp_version(host: Host) -> str | None:
    """The file version of TSpkg.dll; None where it can not be read. One request."""
    with suppress(*UNREAD):
        return host.files.version(rf"{host.system_folder}\TSpkg.dll") or None
    return None


def _packages(host: Host) -> tuple[list[Package], str]:
    """The names come in one reply, which an old host with very many packages may refuse to send for its size."""
    try:
        return packages.read(host.registry, KNOWN_KBS), ""
    except UNREAD as error:
        return [], str(error)
