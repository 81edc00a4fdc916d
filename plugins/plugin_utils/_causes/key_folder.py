# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area machine_keys: the folder as a whole."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    event_facts,
    fact,
    finding,
    ok,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import CROWDED_KEYS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

CROWDED = "machine_keys.crowded"


def crowded(facts: Facts, wire: Report | None) -> Finding | None:
    """The folder holds so many keys that somebody will clean it up, and take the listener's key with it.

    How many are too many for Windows no source says, so it never breaks anything by itself.
    """
    keys = ok(facts.get("machine_keys"))
    entries = None if keys is None else keys.get("entries")
    if keys is None or entries is None or entries < CROWDED_KEYS:
        return None
    path = keys.get("path", "MachineKeys")
    lost = any(not key["exists"] for key in keys.get("keys", []))
    failures = event_facts(facts, CONNECTION_MANAGER, 1057, 1058)
    return finding(
        CROWDED,
        "The MachineKeys folder is crowded",
        confidence="possible" if lost or failures else "proved",
        impact="degrades" if lost or failures else "informs",
        evidence=[fact(f"{entries} files are in {path}.", path), *failures],
        decision="Find out which program leaves its keys there. Clean up by age and by program, and leave the "
        "well-known files alone: f686aace6942fb7f7ceb231212eef4a4_* is Remote Desktop's.",
    )
