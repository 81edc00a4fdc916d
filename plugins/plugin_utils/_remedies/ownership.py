# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Who owns a value that Group Policy could set and that has no other place: refused where it does, or might. Pure.

Some settings of the Remote Desktop client live in keys of policies only, so that a value there need not be a policy's.
The host's Resultant Set of Policy names the Group Policy object of those that are.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Policies, System
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused


def check_free(where: str, policies: Policies, system: System, *, force: bool) -> None:
    """Refused when a Group Policy object sets the value, or nobody can tell. ``where``: key and value name."""
    found = [one for one in policies.get("values", []) if one["where"].casefold() == where.casefold()]
    if found:
        owner = min(found, key=lambda one: one["precedence"])
        raise Refused(f'{where} is set by the Group Policy object "{owner["gpo"]}": change it there')
    if policies.get("rsop") != "ok" and system.get("part_of_domain") and not force:
        raise Refused(
            f"whether Group Policy sets {where} is not known ({policies.get('rsop_reason', '').rstrip('.')}): look at "
            "the policies of the domain, and set force to true when none does"
        )
