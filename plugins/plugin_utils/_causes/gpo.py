# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Who has written a value below SOFTWARE\\Policies, as far as the host can tell.

A Group Policy object leaves a record of its values (Resultant Set of Policy, root/rsop/computer). Hardening roles and
scripts write to the same keys and leave none, so a value that is there need not be a policy's.
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, PolicyValue

# The rules of a firewall policy are not asked for (a Group Policy object may have hundreds), so that none is recorded
# says nothing of them.
_NOT_ASKED_FOR: Final = "\\WindowsFirewall\\FirewallRules\\"


def gpo_of(facts: Facts, where: str) -> PolicyValue | None:
    """The Group Policy object's value that wins at this registry path and value name; None when none is recorded."""
    policies = ok(facts.get("policies"))
    values = [] if policies is None else policies.get("values", [])
    # Registry paths know no case, and Windows' own records differ in it.
    same = [one for one in values if one["where"].casefold() == where.casefold()]
    return min(same, key=lambda one: one["precedence"], default=None)


def author(facts: Facts, where: str, option: str = "") -> str:
    """One sentence on who sets the value; empty when nothing is known. ``option`` names a setting of the listener."""
    policies = ok(facts.get("policies"))
    if policies is None:
        return ""
    known = gpo_of(facts, where)
    if known is not None:
        linked = f", linked at {known['link']}," if known["link"] else ""
        return f'The Group Policy object "{known["gpo"]}"{linked} sets it.'
    if owned_by_nobody(facts, where):
        return "No Group Policy object is recorded for it, so a script or a hardening role may have written it."
    if policies.get("sources", {}).get(option) == "policy":
        return "Windows counts it as Group Policy; which object sets it is not recorded on this host."
    return "Nobody is known as its author: a Group Policy object, a script or a hardening role may have written it."


def owned_by_nobody(facts: Facts, where: str) -> bool:
    """Whether the host keeps a record of what Group Policy sets, and this value is not in it."""
    policies = ok(facts.get("policies"))
    if policies is None or policies.get("rsop") != "ok" or _NOT_ASKED_FOR.casefold() in where.casefold():
        return False
    return gpo_of(facts, where) is None
