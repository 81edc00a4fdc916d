# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's hosts as the interop tests use them: several versions of Windows, healthy and broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.fleet import write_scenarios
from tests.lab.runtime import LabThread
from tests.lab.scenario import load_folder

BASE = "127.46.0.0"
RDP_PORT = 3389
USER, PASSWORD = "ansible", "lab-Passw0rd"
_CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
_SERVER = rf"{_CONTROL}\Terminal Server"
_LISTENER = rf"{_SERVER}\WinStations\RDP-Tcp"
_PROTOCOLS = rf"{_CONTROL}\SecurityProviders\SCHANNEL\Protocols"


def _listener(layer: int, nla: int) -> dict[str, Any]:
    return {_LISTENER: {"SecurityLayer": layer, "UserAuthentication": nla}}


def _without(*versions: str) -> dict[str, Any]:
    return {rf"{_PROTOCOLS}\{version}\Server": {"Enabled": 0, "DisabledByDefault": 1} for version in versions}


WINDOWS = ("7sp1", "2008r2", "2012r2", "2016", "2019", "2022", "2025")
LAYERS = {(layer, nla): f"LAYER{layer}-NLA{nla}" for layer in (0, 1, 2) for nla in (0, 1)}
SCENARIOS: dict[str, dict[str, Any]] = {
    **{f"WIN-{version.upper().replace('.', '')}": {"windows": version} for version in WINDOWS},
    **{name: {"registry": _listener(*setting)} for setting, name in LAYERS.items()},
    "EXPIRED": {"certificate": {"self_signed": "expired"}},
    "KEY-MISSING": {"certificate": {"key": "missing"}},
    "KEY-UNREADABLE": {"certificate": {"key": "unreadable"}},
    "NO-TLS": {"windows": "2019", "registry": _without("TLS 1.0", "TLS 1.1", "TLS 1.2")},
    "OLD-TLS-ONLY": {"windows": "2019", "registry": _without("TLS 1.2")},
    "NEW-TLS-ONLY": {"windows": "2019", "registry": _without("TLS 1.0", "TLS 1.1")},
    "RDP-OFF": {"registry": {_SERVER: {"fDenyTSConnections": 1}}},
}


def lab(folder: Path) -> LabThread:
    """All of these hosts; not running yet."""
    return LabThread(
        load_folder(
            write_scenarios(
                folder, [{"hostname": name, "windows": "2022", **found} for name, found in SCENARIOS.items()]
            )
        ),
        base=BASE,
    )
