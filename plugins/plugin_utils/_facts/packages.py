# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Packages of Component Based Servicing: unlike Win32_QuickFixEngineering they tell what is superseded or pending.

The identity of a roll-up has the build in place of a KB number, Package_for_RollupFix~...~~17763.1577.1.5; older
updates are Package_for_KBnnnnnnn~... (C: lists of dism /Get-Packages). CurrentState: Microsoft, "CBS Servicing States
Chart" (Tip of the Day, 2015-10-12). Whether an installed package can be removed is in its .mum file (permanency), which
no class of WMI reads; a permanent one (state 0x80) and a superseded one can not.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Package
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.packages import PACKAGES
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry

# A host has thousands of packages, and each state is a request.
MOST = 10

_ROLL_UP = re.compile(r"Package_for_RollupFix~[^~]*~[^~]*~[^~]*~(\d+)\.(\d+)\.(\d+)\.(\d+)", re.IGNORECASE | re.ASCII)
_SINGLE = re.compile(r"Package_for_(KB\d{6,8})~", re.IGNORECASE | re.ASCII)

_INSTALLED, _SUPERSEDED, _PERMANENT = 0x70, 0x50, 0x80
_STATES = {
    _INSTALLED: "installed",
    _PERMANENT: "installed",
    _SUPERSEDED: "superseded",
    0x05: "pending",  # uninstall pending
    0x60: "pending",  # install pending
    0x65: "pending",  # partially installed
}


def identities(registry: Registry) -> list[tuple[str, str, str]]:
    """Identity, KB number and build of every roll-up and single update; one of the latter two is empty."""
    found = []
    for identity in registry.subkeys(PACKAGES) or ():
        roll_up, single = _ROLL_UP.fullmatch(identity), _SINGLE.match(identity)
        if roll_up is not None:
            found.append((identity, "", f"{roll_up.group(1)}.{roll_up.group(2)}"))
        elif single is not None:
            found.append((identity, single.group(1).upper(), ""))
    return found


def read(registry: Registry, kbs: Collection[str]) -> list[Package]:
    """The newest roll-ups, and the packages of the updates ``kbs``; none where there is no such key."""
    found: list[tuple[tuple[int, ...], str, str, str]] = []
    for identity in registry.subkeys(PACKAGES) or ():
        roll_up, single = _ROLL_UP.fullmatch(identity), _SINGLE.match(identity)
        if roll_up is not None:
            version = tuple(int(part) for part in roll_up.groups())
            found.append((version, identity, "", f"{version[0]}.{version[1]}"))
        elif single is not None and single.group(1).upper() in kbs:
            found.append(((), identity, single.group(1).upper(), ""))
    found.sort(reverse=True)
    singles = [each for each in found if each[2]][:MOST]
    newest = [each for each in found if not each[2]][: MOST - len(singles)]
    return [_package(registry, identity, kb, build) for _version, identity, kb, build in (*newest, *singles)]


def _package(registry: Registry, identity: str, kb: str, build: str) -> Package:
    state = registry.dword(rf"{PACKAGES}\{identity}", "CurrentState")
    return Package(
        identity=identity,
        kb=kb,
        build=build,
        state="other" if state is None else _STATES.get(state, "other"),
        removable=False if state in (_SUPERSEDED, _PERMANENT) else None,
    )
