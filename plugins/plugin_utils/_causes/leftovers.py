# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which tool leaves a host as it is: the table of _data/leftovers.py held against the facts."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence
from ansible_collections.winops.rdp.plugins.plugin_utils._data.leftovers import LEFTOVERS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Facts

_WEAKEST = "vulnerable"


def leftover_facts(facts: Facts, weak: Mapping[str, Effective]) -> list[Evidence]:
    """One sentence where the host's weak settings are exactly those that a known tool leaves; ``weak`` by option."""
    if any(effective["source"] != "local" for effective in weak.values()):
        return []
    return [
        fact(f"This is as {row.tool} leaves it.", f"{row.source} (strength {row.strength})")
        for row in LEFTOVERS
        if set(row.listener) == set(weak)
        and all(is_same(weak[name]["value"], value) for name, value in row.listener.items())
        and row.firewall_off is _firewall_off(facts)
        and row.encryption_oracle == _oracle(facts)
    ]


def _firewall_off(facts: Facts) -> bool:
    """The Windows firewall is off in every profile, as far as that was read."""
    firewall = ok(facts.get("firewall"))
    profiles = {} if firewall is None else firewall.get("profiles", {})
    return bool(profiles) and not any(profile["enabled"] for profile in profiles.values())


def _oracle(facts: Facts) -> str | None:
    logon = ok(facts.get("logon"))
    level = None if logon is None else logon.get("encryption_oracle")
    return level if level == _WEAKEST else None
