# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The way of a connection: where it ends now, and what a fix at another stage of it could prove."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import is_ready, no_certificate_failure

# The stages of the wire report, and what comes after what it sees.
WAY: Final = ("dns", "tcp", "x224", "tls", "credssp", "logon", "session")
# Nothing that the probe sees tells whether a fix there has helped.
_UNPROVED: Final = len(WAY)


def ends_at(wire: Report | None) -> str:
    """The stage at which a connection ends; what the probe can not see where it got through; empty without a probe.

    A negotiation that is refused for want of a certificate is refused by what TLS needs, so it counts as TLS.
    """
    if wire is None:
        return ""
    if is_ready(wire):
        return "logon"
    if no_certificate_failure(wire):
        return "tls"
    return wire["stage"]


def proof_rank(stage: str, ends: str) -> int:
    """How soon a new connection could prove a fix of what ends connections at ``stage``; less is sooner.

    0 at the stage where they end now: a fix lets them get further. Later stages follow in their order, for theirs shows
    only when the earlier ones are passed. What lies before, or at no stage, comes last: connections get past it.
    """
    if ends not in WAY or stage not in WAY:
        return 0 if ends not in WAY else _UNPROVED
    distance = WAY.index(stage) - WAY.index(ends)
    return distance if distance >= 0 else _UNPROVED


def is_later(stage: str, wire: Report | None) -> bool:
    """Whether a connection ends before it gets to a stage, so that what is wrong there does not explain it."""
    return 0 < proof_rank(stage, ends_at(wire)) < _UNPROVED


def is_passed(stage: str, wire: Report | None) -> bool:
    """Whether a connection just got past a stage."""
    ends = ends_at(wire)
    return ends in WAY and stage in WAY and WAY.index(stage) < WAY.index(ends)
