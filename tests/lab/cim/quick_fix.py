# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_QuickFixEngineering; columns as in recorded `wmic qfe` tables. InstalledOn is text (M/D/YYYY in those)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model import packages
from tests.lab.model.host import Host

_NAMES = "Caption CSName Description FixComments HotFixID InstalledBy InstalledOn Name ServicePackInEffect Status"
_TYPES = {**dict.fromkeys(_NAMES.split(), "string"), "InstallDate": "datetime"}


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for update in host.updates:
        if not packages.shown(update):
            continue
        yield {
            "Caption": f"http://support.microsoft.com/?kbid={update.id.upper().removeprefix('KB')}",
            "CSName": host.name.upper(),
            "Description": update.description,
            "FixComments": "",
            "HotFixID": update.id,
            "InstalledBy": "NT AUTHORITY\\SYSTEM",
            "InstalledOn": update.installed_on,
            "ServicePackInEffect": "",
        }


CLASSES = (CimClass("Win32_QuickFixEngineering", ("root/cimv2",), _TYPES, ("HotFixID",), _rows),)
