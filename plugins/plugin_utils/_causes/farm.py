# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cause farm.broker: a connection broker that can not do its part in a connection.

A client is sent to its session by the broker. Microsoft's page names two things to look at on it: the service Tssdis
runs, and NETWORK SERVICE is in the group "RDS Endpoint Servers" (S-1-5-32-576).
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    ok,
    service,
    weigh_against_ready,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

BROKER = "farm.broker"

_SERVICE: Final = "Tssdis"


def broker(facts: Facts, wire: Report | None) -> Finding | None:
    """The broker's service does not run, or TermService may not talk to it."""
    system = ok(facts.get("system"))
    if system is None or "connection_broker" not in system.get("rds_roles", []):
        return None
    evidence: list[Evidence] = []
    steps: list[str] = []
    confidence: Confidence = "likely"
    found = service(facts, _SERVICE)
    if found is not None and found["present"] and found["state"] != "running":
        text = f"The service {_SERVICE} is {found['state'] or 'in no known state'}, start mode {found['start_mode']}."
        evidence.append(fact(text, "Win32_Service"))
        steps.append(f"start the service {_SERVICE}")
        confidence = "proved"
    logon = ok(facts.get("logon"))
    if logon is not None and logon.get("endpoint_servers_ok") is False:
        evidence.append(
            fact("NETWORK SERVICE (S-1-5-20) is not in RDS Endpoint Servers (S-1-5-32-576).", "Win32_GroupUser")
        )
        steps.append("add NETWORK SERVICE to the group RDS Endpoint Servers (S-1-5-32-576)")
    if not evidence:
        return None
    # Whether a connection through the broker works, a probe of the broker's own port does not tell in full.
    return weigh_against_ready(
        finding(
            BROKER,
            "The connection broker on this host can not hand out sessions",
            confidence=confidence,
            impact="breaks",
            evidence=evidence,
            explains=[SOCKET_CLOSED],
            decision=f"On the broker {' and '.join(steps)}; where the host is no broker any more, remove the role. "
            "A broker that was renamed has to be set up anew.",
        ),
        wire,
    )
