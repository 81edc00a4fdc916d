# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area listener: numbers that Microsoft gives no meaning to."""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    listed,
    ok,
    registry_text,
    remedy,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import Wrong, policy_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import LISTENER
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Facts

UNKNOWN_VALUE = "listener.unknown_value"


def _without_meaning(facts: Facts) -> dict[str, Effective]:
    """The settings whose number is none of those that Microsoft documents, by option."""
    listener = ok(facts.get("listener"))
    found = {}
    for name, effective in ({} if listener is None else listener.get("settings", {})).items():
        meanings = BY_OPTION[name].meanings if name in BY_OPTION else None
        shown = effective["value"]
        if meanings is not None and shown is not None and not any(is_same(shown, one) for one in meanings.values()):
            found[name] = effective
    return found


def _right(name: str, effective: Effective) -> Any:
    """What the setting should be; None where that is a person's decision, as it is for NLA where Windows has it off."""
    if name == "enabled":
        return True
    own = effective["default"] if effective["default"] is not None else LISTENER.get(name)
    return None if name == "nla" and own is not True else own


def unknown_value(facts: Facts, wire: Report | None) -> Finding | None:
    """A setting has a number that no source explains, and nobody knows what Windows makes of it.

    It becomes what this Windows does by itself, and on where it is a switch for all of Remote Desktop.
    """
    odd = _without_meaning(facts)
    if not odd:
        return None
    choices = []
    for name in odd:
        known = BY_OPTION[name]
        choices.append(f"{known.value} ({', '.join(str(number) for number in known.meanings or ())})")
    wrong = [Wrong(name, one, _right(name, one)) for name, one in odd.items()]
    known_values = {one.name: one.expected for one in wrong if one.expected is not None}
    blocked = policy_block(facts, wrong)
    return finding(
        UNKNOWN_VALUE,
        "Settings of the listener have values without a meaning",
        confidence="proved",
        impact="degrades",
        evidence=[
            fact(f"{registry_text(name, one['value'])}; Microsoft documents no such value.", one["where"])
            for name, one in odd.items()
        ],
        remedies=[remedy("rdp_listener", known_values, risk="medium")] if known_values else [],
        blocked_by=blocked,
        decision=""
        if len(known_values) == len(odd) and not blocked
        else f"Set these to a documented value, with rdp_listener or where a policy sets them: {listed(choices)}.",
    )
