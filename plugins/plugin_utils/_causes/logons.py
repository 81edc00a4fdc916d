# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area listener: the host answers and lets nobody log on, which no probe without credentials sees."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    ok,
    remedy,
    setting,
    setting_fact,
    value,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import Wrong, policy_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

_UNLIMITED = 0xFFFFFFFF

DRAIN = "listener.drain"
LOGON_DISABLED = "listener.logon_disabled"


def drain(facts: Facts, wire: Report | None) -> Finding | None:
    """The host is being drained: whoever has a session may go back to it, nobody gets a new one."""
    mode = setting(facts, "drain_mode")
    if mode is None or mode["value"] not in ("until_restart", "on"):
        return None
    until = " It ends with the next restart." if mode["value"] == "until_restart" else ""
    return finding(
        DRAIN,
        "The host lets no new logons in",
        confidence="proved",
        impact="breaks",
        evidence=[setting_fact("drain_mode", mode)],
        explains=[SOCKET_CLOSED],
        decision=f"Somebody may have closed the host for maintenance: decide whether to open it (drain_mode).{until}",
    )


def logon_disabled(facts: Facts, wire: Report | None) -> Finding | None:
    """A switch of the listener refuses logons, or its limit of connections is used up."""
    evidence: list[Evidence] = []
    names: list[str] = []
    wrong: list[Wrong] = []
    for name in ("logons_allowed", "user_logons_allowed"):
        switch = setting(facts, name)
        if switch is not None and switch["value"] is False:
            evidence.append(setting_fact(name, switch))
            names.append(name)
            wrong.append(Wrong(name, switch, True))
    confidence: Confidence = "proved"
    limit = setting(facts, "max_instances")
    connected = _connected(facts)
    if limit is not None and _is_reached(limit["value"], connected):
        if not names and limit["value"]:
            confidence = "likely"  # who is connected changes by the minute
        evidence.append(setting_fact("max_instances", limit))
        if limit["value"] and connected:
            evidence.append(fact(f"{connected} people are connected.", "sessions"))
        names.append("max_instances")
        if limit["value"] == 0:
            wrong.append(Wrong("max_instances", limit, _UNLIMITED))
    if not evidence:
        return None
    return finding(
        LOGON_DISABLED,
        "The listener refuses logons"
        if names != ["max_instances"] or not value(facts, "max_instances")
        else "As many people are connected as the listener takes",
        confidence=confidence,
        impact="breaks",
        evidence=evidence,
        explains=[SOCKET_CLOSED],
        # Whoever sets how many may connect means it; that nobody may log on is no setting to leave a host with.
        remedies=[remedy("rdp_listener", {one.name: one.expected for one in wrong}, risk="medium")] if wrong else [],
        blocked_by=policy_block(facts, wrong),
        decision=""
        if len(wrong) == len(names)
        else "Decide whether more people may connect at once, and set it so (rdp_listener, max_instances).",
    )


def _connected(facts: Facts) -> int | None:
    sessions = ok(facts.get("sessions"))
    return None if sessions is None else sessions.get("connected")


def _is_reached(limit: object, connected: int | None) -> bool:
    return isinstance(limit, int) and (limit == 0 or (connected is not None and connected >= limit))
