# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes that a wrong clock makes: Kerberos takes five minutes, certificates have dates."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding, ok, wire_fact
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import NO_AUTHORITY
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

CLOCK = "os.clock"

# MaxClockSkew, [MS-GPSB] 2.2.2: five minutes unless the domain's policy says otherwise.
TOLERANCE: Final = 300.0
# Outside a domain only certificates look at the clock, and they begin and end by days.
_DAY: Final = 86400.0


def clock(facts: Facts, wire: Report | None) -> Finding | None:
    """The host's clock is too far from the controller's."""
    system = ok(facts.get("system"))
    skew = None if system is None else system.get("clock_skew")
    if system is None or skew is None:
        return None
    in_domain = system.get("part_of_domain") is True
    if abs(skew) <= (TOLERANCE if in_domain else _DAY):
        return None
    second = _seen_outside(wire, skew)
    # Both are measured by the controller's clock, which may be the wrong one: nothing here is proved.
    confidence: Confidence = "possible" if second is not None and not second[1] else "likely"
    found = finding(
        CLOCK,
        f"The host's clock is {_length(skew)} {'ahead' if skew > 0 else 'behind'}",
        confidence=confidence,
        impact="degrades",
        evidence=[
            fact(
                f"The host's clock is {_length(skew)} {'ahead of' if skew > 0 else 'behind'} the controller's; "
                + ("Kerberos takes 5 minutes." if in_domain else "certificates are valid by date."),
                "Win32_OperatingSystem.LocalDateTime",
            )
        ],
        explains=[NO_AUTHORITY] if in_domain else [],
        decision="Compare the clocks of host, domain controller and controller; set the wrong one right, and repair "
        "where the host gets its time from (w32tm /query /status).",
    )
    if second is not None:
        found["evidence" if second[1] else "contradicts"].append(second[0])
    return found


def _seen_outside(wire: Report | None, skew: float) -> tuple[Evidence, bool] | None:
    """What NTLM's challenge says of the clock, and whether it agrees; None where it says nothing."""
    seen = None if wire is None else wire["credssp"]["clock_skew"]
    if seen is None:
        return None
    agrees = abs(seen - skew) <= TOLERANCE
    shown = f"{_length(seen)} {'ahead' if seen > 0 else 'behind'}" if abs(seen) >= 1 else "right"
    return wire_fact(f"By the time in the host's NTLM challenge its clock is {shown}."), agrees


def _length(seconds: float) -> str:
    """``7 minutes``, ``3 hours``, ``12 days``."""
    units = ((_DAY, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
    size, unit = next((one for one in units if abs(seconds) >= one[0]), units[-1])
    number = abs(seconds) / size
    shown = f"{number:.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")
    return f"{shown} {unit}" if shown == "1" else f"{shown} {unit}s"
