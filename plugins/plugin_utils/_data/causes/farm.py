# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area farm."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="farm.broker",
        title="The connection broker can not hand out sessions",
        stage="session",
        what="In a farm the connection broker says which host has a user's session. Its service Tssdis has to run, and "
        "TermService has to be allowed to ask: NETWORK SERVICE is in the group RDS Endpoint Servers. A broker that was "
        "renamed has lost its database.",
        needs=("system", "services", "logon"),
        proof=(
            "The host has the broker's service, and it does not run.",
            "NETWORK SERVICE (S-1-5-20) is not in RDS Endpoint Servers (S-1-5-32-576).",
        ),
        against=("A connection to the host reaches the logon.",),
        confidence="Proved by the service, likely by the group; one less where a connection reaches the logon.",
        explains=("0x904/0x7",),
        done="Reports it.",
        refused="Certificate and TLS of a broker are not changed unless forced: they belong to the farm.",
        by_hand=(
            "Start Tssdis, and see in the log why it had stopped.",
            "Add NETWORK SERVICE to RDS Endpoint Servers.",
            "Remove the role where the host is no broker any more; set a renamed one up anew.",
        ),
        references=(sources.CANNOT_CONNECT, sources.EVENT_IDS),
        breaks=True,
        ruled_out="The host is no connection broker, or its service and group are in order.",
    ),
)
