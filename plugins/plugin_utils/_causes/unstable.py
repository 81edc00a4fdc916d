# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cause network.unstable: the way to the host loses connections, or packets of a size."""

from __future__ import annotations

from collections import Counter

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    event_facts,
    finding,
    is_ready,
    listed,
    ok,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.own_fault import own_fault
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_TIMEOUT, SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

UNSTABLE = "network.unstable"

_TOO_MANY = 1006


def unstable(facts: Facts, wire: Report | None) -> Finding | None:
    """Connections from one machine, made one after the other, end differently; or only small packets come through."""
    if wire is None or own_fault(facts, wire):
        return None
    varies = attempts_vary(wire)
    # The connection request has 47 bytes at most; the ClientHello of a current client has several hundred.
    lost = wire["x224"]["result"] == "response" and wire["tls"]["result"] == "timeout"
    if not varies and not lost:
        return None
    floods = event_facts(
        facts, CONNECTION_MANAGER, _TOO_MANY, means="the host itself turns connections away when too many wait"
    )
    # Without the host's event log its own limit explains the same.
    confidence: Confidence = "likely" if varies and not floods and ok(facts.get("events")) is not None else "possible"
    evidence = [attempts_fact(wire)] if varies else []
    if lost:
        evidence.append(
            wire_fact("The host answered the small connection request, and nothing came back after the ClientHello.")
        )
    return finding(
        UNSTABLE,
        "Connections to the host end differently from one to the next"
        if varies
        else "Only small packets seem to come through to the host",
        confidence=confidence,
        impact="degrades" if is_ready(wire) else "breaks",
        evidence=evidence,
        contradicts=floods,
        explains=[SOCKET_CLOSED, CONNECT_TIMEOUT],
        decision=_decision(lost=lost),
        stage=wire["stage"] if not is_ready(wire) else "",
    )


def attempts_vary(wire: Report | None) -> bool:
    """The probe's own repetitions did not end alike."""
    return wire is not None and wire["pattern"] == "intermittent"


def attempts_fact(wire: Report) -> Evidence:
    """``Of 3 connections 1 reached the logon and 2 ended at x224 (closed).``"""
    ends = Counter(
        "reached the logon" if attempt["stage"] == "ready" else f"ended at {attempt['stage']} ({attempt['result']})"
        for attempt in wire["attempts"]
    )
    return wire_fact(
        f"Of {len(wire['attempts'])} connections {listed([f'{count} {end}' for end, count in ends.items()])}."
    )


def _decision(*, lost: bool) -> str:
    first = "Probe from a machine beside the host, and from where people connect: the way between them is what differs."
    if lost:
        return f"{first} Look at the MTU of tunnels and VPNs in it, and at devices that drop fragments."
    return f"{first} Look for a load balancer, a VPN or a device in it that drops connections."
