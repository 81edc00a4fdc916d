# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area licensing: a Remote Desktop Session Host without a license server lets in administrators only.

A host without that role needs no licenses. A probe without credentials ends before they are asked for.
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    event_facts,
    fact,
    finding,
    listed,
    ok,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import NO_LICENSE_SERVER
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, LicenseServer, Licensing

EXPIRED = "licensing.expired"
UNCONFIGURED = "licensing.unconfigured"

# TsToLsConnectivityStatus of Win32_TerminalServiceSetting.GetTStoLSConnectivityStatus: the server can be used; it can
# not. Else it is not known: 8 says that our account has no rights there, which the host's own need not have.
_USABLE: Final = frozenset({1, 2, 9, 11})
_USELESS: Final = frozenset({3, 4, 5, 6})
_NOT_CONFIGURED: Final = "not_configured"
# RemoteConnectionManager. MEM: the texts of 1128 to 1130.
_EVENTS: Final = (1068, 1069, 1128, 1129, 1130)
# Without the role's licenses two administrators may be connected at a time.
_ADMINISTRATORS: Final = 2

_SETTING: Final = "Win32_TerminalServiceSetting"
_BY_HAND: Final = (
    "Set the licensing mode that was bought and name a license server (Group Policy: Remote Desktop Session Host, "
    "Licensing; or winops.rdp.rdp_licensing), or remove the role Remote Desktop Session Host where two administrators "
    "at a time are enough. "
    "Until then mstsc /admin lets administrators in."
)


def _session_host(facts: Facts) -> Licensing | None:
    area = ok(facts.get("licensing"))
    return area if area is not None and area.get("terminal_server") is True else None


def _mode_facts(area: Licensing) -> list[Evidence]:
    """Only what Windows calls not configured is a gap; a mode that could not be read is none."""
    if area.get("mode") != _NOT_CONFIGURED:
        return []
    return [fact("The licensing mode is not configured.", f"{_SETTING}.LicensingType")]


def _server_facts(servers: list[LicenseServer]) -> list[Evidence]:
    if not servers:
        return [fact("No license server is named.", f"{_SETTING}.GetSpecifiedLicenseServerList")]
    return [
        fact(
            f"The license server {server['name']} ({server['source']}) is {server['status'].replace('_', ' ')}.",
            f"{_SETTING}.GetTStoLSConnectivityStatus",
        )
        for server in _asked(servers)
        if server["status_code"] not in _USABLE
    ]


def _asked(servers: list[LicenseServer]) -> list[LicenseServer]:
    """Of many servers only the first are asked; the others say nothing."""
    return [server for server in servers if server["status"] != "not_asked"]


def _gaps(area: Licensing) -> tuple[list[Evidence], Confidence] | None:
    """What licensing lacks, and how sure that is; None when a license server can be used."""
    servers = area.get("servers", [])
    mode = _mode_facts(area)
    codes = [server["status_code"] for server in _asked(servers)]
    if not mode and any(code in _USABLE for code in codes):
        return None
    evidence = [*mode, *_server_facts(servers)]
    if mode or not servers:
        return evidence, "proved"
    return evidence, "likely" if all(code in _USELESS for code in codes) else "possible"


def expired(facts: Facts, wire: Report | None) -> Finding | None:
    """The 120 days are over in which a session host needs no license server, and it has none that can be used."""
    area = _session_host(facts)
    gaps = None if area is None else _gaps(area)
    if area is None or gaps is None or area.get("grace_days") != 0:
        return None
    evidence, confidence = gaps
    over = fact("The grace period of the session host is over (0 days left).", f"{_SETTING}.GetGracePeriodDays")
    found = finding(
        EXPIRED,
        "The session host has no licenses to give, and its grace period is over",
        confidence=confidence,
        impact="breaks",
        evidence=[
            over,
            *evidence,
            *event_facts(facts, CONNECTION_MANAGER, *_EVENTS),
        ],
        explains=[NO_LICENSE_SERVER],
        decision=_BY_HAND,
    )
    sessions = ok(facts.get("sessions"))
    connected = 0 if sessions is None else sessions.get("connected", 0)
    if connected > _ADMINISTRATORS:
        found["confidence"] = "likely" if confidence == "proved" else "possible"
        found["impact"] = "degrades"
        text = f"{connected} people are connected, more than the two administrators who need no license."
        found["contradicts"] = [fact(text, sessions.get("method", "") if sessions else "")]
    return found


def unconfigured(facts: Facts, wire: Report | None) -> Finding | None:
    """A session host lives on its grace period; with its end users are refused."""
    area = _session_host(facts)
    gaps = None if area is None else _gaps(area)
    if area is None or gaps is None:
        return None
    left = area.get("grace_days")
    if left == 0:
        return None
    evidence, confidence = gaps
    ends = "when its grace period of 120 days ends" if left is None else f"in {left} day{'' if left == 1 else 's'}"
    known = [] if left is None else [fact(f"{left} days of grace are left.", f"{_SETTING}.GetGracePeriodDays")]
    servers = [server["name"] for server in area.get("servers", [])]
    why = f"{listed(servers)} can not be used" if servers else "no license server is named"
    if area.get("mode") == _NOT_CONFIGURED:
        why = "no licensing mode is set"
    return finding(
        UNCONFIGURED,
        f"The session host refuses users {ends}: {why}",
        confidence=confidence,
        impact="informs" if confidence == "possible" else "degrades",
        evidence=[
            *evidence,
            *known,
            *event_facts(facts, CONNECTION_MANAGER, *_EVENTS),
        ],
        explains=[NO_LICENSE_SERVER],
        decision=_BY_HAND,
    )
