# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security products of a host, as the Security Center lists them.

Recorded: Windows Defender, on and up to date, with productState 397568 (0x061100), and 393472 (0x060100) when off.
Microsoft does not document productState. Common reading: the third byte has the bits of WSC_SECURITY_PROVIDER (firewall
1, antivirus 4, antispyware 8), the second 0x10 for on, 0x00 for off and 0x01 for snoozed, the lowest 0x10 for out of
date.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

KINDS = ("antivirus", "firewall", "antispyware")
STATES = {"active": 0x10, "inactive": 0x00, "snoozed": 0x01}
_PROVIDER = {"antivirus": 0x04, "firewall": 0x01, "antispyware": 0x08}
_NAMESPACE = uuid.UUID("5f0a2f4e-6a86-5c0e-9f5d-2f1d3c1b7a10")
DEFENDER_NAME = "Windows Defender"
DEFENDER_GUID = "{D68DDC3A-831F-4FAE-9E44-DA132C1ACF46}"
DEFENDER_STATE_ON, DEFENDER_STATE_OFF = 0x061100, 0x060100


@dataclass(frozen=True)
class SecurityProduct:
    """One registration; `state` is productState."""

    kind: str
    name: str
    guid: str
    path: str
    reporting: str
    state: int

    @property
    def active(self) -> bool:
        return bool(self.state >> 8 & STATES["active"])


def product(kind: str, name: str, state: str, up_to_date: bool, path: str) -> SecurityProduct:
    """A product of somebody else."""
    number = _PROVIDER[kind] << 16 | STATES[state] << 8 | (0x00 if up_to_date else 0x10)
    guid = "{" + str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}")).upper() + "}"
    return SecurityProduct(kind, name, guid, path, path, number)


def defender(kind: str, on: bool) -> SecurityProduct:
    """Windows Defender as it registers itself from Windows 8 on."""
    return SecurityProduct(
        kind,
        DEFENDER_NAME,
        DEFENDER_GUID,
        "windowsdefender://",
        "%ProgramFiles%\\Windows Defender\\MsMpeng.exe",
        DEFENDER_STATE_ON if on else DEFENDER_STATE_OFF,
    )
