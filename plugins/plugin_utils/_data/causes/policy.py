# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area policy."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="policy.override",
        title="A policy sets Remote Desktop values that cause a problem",
        stage="",
        what="A value below SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services wins over the local one. It "
        "switches Remote Desktop off, weakens it, or contradicts another setting, and a local change would not count.",
        needs=("listener",),
        proof=(
            "The value below SOFTWARE\\Policies is part of a problem that another finding names.",
            "The Resultant Set of Policy names the Group Policy object that sets it, or has none for it.",
        ),
        against=("A new connection reached the logon.",),
        confidence="Proved: the value is read where Windows reads it. Whose policy it is, the registry does not say; "
        "hardening roles and scripts write there as well.",
        explains=("0x204/0x0",),
        done="Nothing: the policy's owner decides. The finding names the value, and the policy where it could be read.",
        refused="A value under a policy is never changed: it comes back with the next refresh.",
        by_hand=(
            "gpresult /h report.html names the policy.",
            "Change the policy, or delete the value where no policy is behind it, and run gpupdate.",
        ),
        references=(sources.CANNOT_CONNECT, sources.CANNOT_CONNECT_AZURE),
        breaks=True,
        ruled_out="No policy value of the listener stands in the way.",
    ),
)
