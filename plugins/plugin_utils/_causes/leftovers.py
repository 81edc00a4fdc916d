# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which tool leaves a host as it is: the table of _data/leftovers.py held against the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, listed, ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence
from ansible_collections.winops.rdp.plugins.plugin_utils._data.leftovers import LEFTOVERS, Leftover
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Facts

_WEAKEST: Final = "vulnerable"
_ORACLE: Final = "client.encryption_oracle"
_PROFILES: Final = tuple(f"firewall.{name}" for name in ("domain", "private", "public"))


def leftover_facts(facts: Facts, weak: Mapping[str, Effective]) -> list[Evidence]:
    """One sentence where the weak settings are exactly those that known tools leave; ``weak``: the listener's."""
    rows = left_by(facts, weak)
    sources = "; ".join(f"{row.source} (strength {row.strength})" for row in rows)
    return [fact(said_of(rows), sources)] if rows else []


def said_of(rows: Sequence[Leftover]) -> str:
    return f"This is as {listed([row.tool for row in rows])} {'leaves' if len(rows) == 1 else 'leave'} it."


def left_by(facts: Facts, weak: Mapping[str, Effective]) -> list[Leftover]:
    """The fewest tools that together leave all of what is weak; none where there is more than one way to say it."""
    if any(effective["source"] != "local" for effective in weak.values()):
        return []
    found = {f"listener.{name}" for name in weak}
    found |= {_ORACLE} if _oracle(facts) else set()
    found |= set(_PROFILES) if _firewall_off(facts) else set()
    fitting = [row for row in LEFTOVERS if settings_of(row) <= found and _same_values(row, weak)]
    for number in range(1, len(fitting) + 1):
        ways = [rows for rows in combinations(fitting, number) if _makes(rows, found)]
        if ways:
            return list(ways[0]) if len(ways) == 1 else []
    return []


def settings_of(row: Leftover) -> set[str]:
    """The settings that a tool leaves weak, as a baseline names them."""
    names = {f"listener.{name}" for name in row.listener}
    names |= set(_PROFILES) if row.firewall_off else set()
    return names | ({_ORACLE} if row.encryption_oracle else set())


def _makes(rows: Sequence[Leftover], found: set[str]) -> bool:
    """Whether each of these settings is left by one of the tools, and by one alone."""
    return sorted(name for row in rows for name in settings_of(row)) == sorted(found)


def _same_values(row: Leftover, weak: Mapping[str, Effective]) -> bool:
    return all(is_same(weak[name]["value"], value) for name, value in row.listener.items())


def _firewall_off(facts: Facts) -> bool:
    """The Windows firewall is off in every profile, as far as that was read, and no policy has it so."""
    firewall = ok(facts.get("firewall"))
    profiles = {} if firewall is None else firewall.get("profiles", {})
    return bool(profiles) and not any(each["enabled"] or each["source"] == "policy" for each in profiles.values())


def _oracle(facts: Facts) -> bool:
    logon = ok(facts.get("logon"))
    return logon is not None and logon.get("encryption_oracle") == _WEAKEST
