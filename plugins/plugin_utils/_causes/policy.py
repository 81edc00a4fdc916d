# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area policy: values under SOFTWARE\\Policies that decide against Remote Desktop."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    listed,
    registry_text,
    weigh_against_ready,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, gpo_of, owned_by_nobody
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import (
    Wrong,
    contradictions,
    off_switches,
    weak_values,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_FAILED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

OVERRIDE = "policy.override"


def override(facts: Facts, wire: Report | None) -> Finding | None:
    """A policy sets a listener value that is part of a problem; a local change would not count, or not last."""
    problems: dict[str, Wrong] = {}
    for one in (*off_switches(facts), *weak_values(facts), *contradictions(facts)[1]):
        if one.effective["source"] == "policy":
            problems.setdefault(one.name, one)
    if not problems:
        return None
    breaks = any(one.expected is True and name in ("enabled", "station_enabled") for name, one in problems.items())
    wanted = [registry_text(one.name, one.expected) for one in problems.values()]
    return weigh_against_ready(
        finding(
            OVERRIDE,
            "A policy sets Remote Desktop values that cause a problem",
            confidence="proved",
            impact="breaks" if breaks else "degrades",
            evidence=[
                fact(
                    f"{registry_text(one.name, one.effective['value'])} by policy; "
                    f"expected: {registry_text(one.name, one.expected)}. "
                    f"{author(facts, one.effective['where'], one.name)}".rstrip(),
                    one.effective["where"],
                )
                for one in problems.values()
            ],
            explains=[CONNECT_FAILED] if breaks else [],
            decision=f"{_who(facts, list(problems.values()))} so that {listed(wanted)}, or leave these unset.",
        ),
        wire,
    )


def _who(facts: Facts, problems: list[Wrong]) -> str:
    """What has to be changed, as far as it is known.

    Scripts and hardening roles write below SOFTWARE\\Policies too, so it need not be a domain's Group Policy.
    """
    places = [one.effective["where"] for one in problems]
    objects = list(dict.fromkeys(known["gpo"] for where in places if (known := gpo_of(facts, where)) is not None))
    if objects and all(gpo_of(facts, where) for where in places):
        return f"Change the Group Policy {listed(objects)},"
    if all(owned_by_nobody(facts, where) for where in places):
        return "No Group Policy object sets these values: change what writes below SOFTWARE\\Policies,"
    return "Change the Group Policy, or what else writes below SOFTWARE\\Policies,"
