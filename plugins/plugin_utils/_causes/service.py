# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area service: the Windows services that Remote Desktop consists of."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import restart_hung, start
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    is_ready,
    listed,
    ok,
    remedy,
    running,
    service,
    value,
    weigh_against_ready,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding, Impact
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import ends_at
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    SOCKET_CLOSED,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RESTART_MARKS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Service

STOPPED = "service.stopped"
RESTART_PENDING = "service.restart_pending"

_MAIN = "TermService"
_WHERE = "Win32_Service"


def _sentence(name: str, found: Service) -> Evidence:
    own = SERVICES[name]
    usual = "" if found["start_mode"] == own.start_mode else f" (Windows' own: {own.start_mode})"
    state = found["state"] or "in no known state"
    return fact(
        f"The service {name}, which {own.purpose}, is {state}, start mode {found['start_mode']}{usual}.", _WHERE
    )


def _disabled_helpers(facts: Facts) -> list[str]:
    """A manual service that is merely stopped is started by Windows when needed: only disabled ones count."""
    names = []
    for name in SERVICES:
        found = service(facts, name)
        if name != _MAIN and found is not None and found["present"] and found["start_mode"] == "disabled":
            names.append(name)
    return names


def _main_problem(facts: Facts, main: Service) -> tuple[str, Impact, Confidence] | None:
    """What is wrong with TermService: title, impact, confidence."""
    if not main["present"]:
        return "Remote Desktop Services is not installed", "breaks", "proved"
    if main["state"] == "running":
        if main["start_mode"] == "disabled":
            return "Remote Desktop Services runs, but will not start again", "degrades", "proved"
        return None
    if main["state"].endswith("_pending"):
        return f"Remote Desktop Services hangs in the state {main['state']}", "breaks", "likely"
    if main["start_mode"] == "disabled":
        return "Remote Desktop Services is disabled", "breaks", "proved"
    enabled = value(facts, "enabled")
    if enabled is False:
        return None  # Windows starts the manual service when Remote Desktop is switched on
    return "Remote Desktop Services does not run", "breaks", "proved" if enabled else "likely"


def stopped(facts: Facts, wire: Report | None) -> Finding | None:
    """TermService does not run, or a service that Remote Desktop needs is disabled."""
    main = service(facts, _MAIN)
    problem = _main_problem(facts, main) if main is not None else None
    helpers = _disabled_helpers(facts)
    if problem is None and not helpers:
        return None
    evidence: list[Evidence] = []
    remedies = [start(facts, name) for name in helpers]
    title = f"{listed(helpers)} {'is' if len(helpers) == 1 else 'are'} disabled"
    impact: Impact = "degrades"
    confidence: Confidence = "proved"
    decision = ""
    explains = [CONNECT_FAILED] if problem is not None and problem[1] == "breaks" else []
    if main is not None and problem is not None:
        title, impact, confidence = problem
        if not main["present"]:
            evidence.append(fact("There is no service TermService.", _WHERE))
            decision = "Install Remote Desktop Services, or repair Windows: the service TermService is gone."
        else:
            evidence.append(_sentence(_MAIN, main))
            if main["state"].endswith("_pending"):
                # TCP still connects, and nobody goes on from there.
                explains.append(CONNECT_TIMEOUT)
                # What a hanging service does with its helpers is not to be foreseen. It gets time to go on by itself.
                remedies = [restart_hung(_MAIN)]
                decision = (
                    "If TermService can not be ended, because other services run in its process, restart Windows."
                )
            else:
                remedies.append(start(facts, _MAIN))
    for name in helpers:
        found = service(facts, name)
        if found is not None:
            evidence.append(_sentence(name, found))
    return weigh_against_ready(
        finding(
            STOPPED,
            title,
            confidence=confidence,
            impact=impact,
            evidence=evidence,
            explains=explains,
            remedies=remedies,
            decision=decision,
        ),
        wire,
    )


def restart_pending(facts: Facts, wire: Report | None) -> Finding | None:
    """TermService still runs as it did before its settings were changed by this collection."""
    services = ok(facts.get("services"))
    if services is None or not running(facts, _MAIN) or _MAIN not in services.get("restart_pending", []):
        return None
    failing = wire is not None and not is_ready(wire)
    return finding(
        RESTART_PENDING,
        "Remote Desktop Services has not been restarted since its settings were changed",
        confidence="proved",
        impact="breaks" if failing else "degrades",
        evidence=[fact(f"{_MAIN} still runs under the process id that it had at the change.", RESTART_MARKS)],
        explains=[SOCKET_CLOSED],
        remedies=[remedy("rdp_service", {"name": _MAIN, "state": "restarted"}, risk="medium")],
        # Which setting waits is not known: it may be any that ends connections where they end.
        stage=ends_at(wire) if failing else None,
    )
