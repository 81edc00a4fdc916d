# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area capacity: more connections wait for their logon than the host lets wait.

The limit is MaxOutstandingConnections. Microsoft names it once, for Windows Server 2008: from 50 pending connections on
the host takes itself to be under attack and stops listening until they are fewer (KB954398); event 1006 says so.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes import station
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    RDP_CORE,
    event_facts,
    events,
    fact,
    finding,
    is_ready,
    listed,
    ok,
    ready_fact,
    remedy,
    setting,
    setting_fact,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.own_fault import own_fault
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import is_recent
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.unstable import attempts_fact, attempts_vary
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_FAILED, SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Facts

THROTTLED = "capacity.throttled"

_LIMIT: Final = "max_outstanding_connections"
_TOO_MANY: Final = 1006
_ACCEPTED, _BAD_LOGON = 131, 140
# What Windows Server 2008 lets wait (KB954398); what other releases do without the value is not documented.
DOCUMENTED: Final = 50
# The value that users report as a cure: hexadecimal 10000. In decimal the same digits are a sixth of it.
RAISED: Final = 0x10000
_MISREAD: Final = 10000
# So many failed logons in the time that is looked at are no forgotten passwords.
_GUESSING: Final = 100
_SHOWN: Final = 5
# The host's limit cuts connections before TLS.
_EARLY: Final = ("tcp", "x224")
_CUT: Final = ("closed", "reset", "refused", "filtered")


def throttled(facts: Facts, wire: Report | None) -> Finding | None:
    """The host turns connections away because too many wait for their logon."""
    floods = events(facts, CONNECTION_MANAGER, _TOO_MANY)
    now = any(is_recent(facts, seen["last"]) for seen in floods)
    # A host that takes itself to be under attack stops listening, which looks like listener.dead.
    varies, cut = _varies_early(wire), _cut_early(wire) and not own_fault(facts, wire, besides=station.DEAD)
    if not floods and (not varies or _was_read(facts)):
        return _guessing(facts)  # the host says so when it does that
    low = _low_limit(facts)
    breaks = varies or (cut and now)
    found = finding(
        THROTTLED,
        "The host turns connections away because too many wait for their logon",
        confidence=_confidence(flooded=bool(floods), now=now, cut=varies or cut),
        impact="breaks" if breaks and not is_ready(wire) else "degrades",
        evidence=[
            *event_facts(facts, CONNECTION_MANAGER, _TOO_MANY),
            *_attempts(wire, varies=varies, cut=cut and now),
            *([low] if low is not None else _limit_facts(facts)),
            *_sources(facts),
        ],
        contradicts=_against(facts, wire, varies=varies),
        explains=[CONNECT_FAILED, SOCKET_CLOSED],
        remedies=[remedy("rdp_listener", {_LIMIT: RAISED}, risk="medium", restart=["TermService"])] if low else [],
        decision=_decision(facts),
        stage=wire["stage"] if wire is not None and breaks and not is_ready(wire) else None,
    )
    return found


def _confidence(*, flooded: bool, now: bool, cut: bool) -> Confidence:
    if not flooded:
        return "possible"
    return "proved" if now and cut else "likely"


def _varies_early(wire: Report | None) -> bool:
    return (
        wire is not None
        and attempts_vary(wire)
        and any(attempt["stage"] in _EARLY and attempt["result"] in _CUT for attempt in wire["attempts"])
    )


def _cut_early(wire: Report | None) -> bool:
    if wire is None or is_ready(wire):
        return False
    return (wire["stage"] == "tcp" and wire["tcp"]["result"] in _CUT) or (
        wire["stage"] == "x224" and wire["x224"]["result"] in _CUT
    )


def _attempts(wire: Report | None, *, varies: bool, cut: bool) -> list[Evidence]:
    if wire is None:
        return []
    if varies:
        return [attempts_fact(wire)]
    return [wire_fact(f"The connection was cut at {wire['stage']}, before TLS.")] if cut else []


def _limit(facts: Facts) -> tuple[Effective, int] | None:
    effective = setting(facts, _LIMIT)
    return None if effective is None or not isinstance(effective["value"], int) else (effective, effective["value"])


def _low_limit(facts: Facts) -> Evidence | None:
    """The limit, where somebody has set it below what Windows is known to do by itself."""
    known = _limit(facts)
    if known is None or known[1] >= DOCUMENTED or known[0]["source"] != "local":
        return None
    return fact(
        f"MaxOutstandingConnections is {known[1]}, set on the host; Windows Server 2008 lets {DOCUMENTED} wait by "
        "itself.",
        known[0]["where"],
    )


def _limit_facts(facts: Facts) -> list[Evidence]:
    known = _limit(facts)
    if known is None:
        return []
    effective, limit = known
    if limit == _MISREAD:
        text = (
            f"MaxOutstandingConnections is {limit} in decimal; guides that say 10000 mean 0x10000, which is {RAISED}."
        )
        return [fact(text, effective["where"])]
    return [] if limit >= RAISED else [setting_fact(_LIMIT, effective)]


def _against(facts: Facts, wire: Report | None, *, varies: bool) -> list[Evidence]:
    against = []
    if wire is not None and is_ready(wire) and not varies:
        against.append(ready_fact(wire))
    known = _limit(facts)
    if known is not None and known[1] >= RAISED:
        against.append(setting_fact(_LIMIT, known[0]))
    return against


def _was_read(facts: Facts) -> bool:
    """Whether the log was read in which the host says that it turns connections away."""
    log = ok(facts.get("events"))
    return log is not None and not any(CONNECTION_MANAGER in line for line in log.get("unread", []))


def _addresses(facts: Facts, *ids: int) -> Counter[str]:
    """Connections by the client's address."""
    counted: Counter[str] = Counter()
    for seen in events(facts, RDP_CORE, *ids):
        counted.update(seen["by_address"])
    return counted


def _most(counted: Counter[str]) -> str:
    return listed([f"{address} ({count})" for address, count in counted.most_common(_SHOWN)])


def _sources(facts: Facts) -> list[Evidence]:
    """Who connects the most, and who fails to log on the most."""
    told = []
    for event, what in ((_ACCEPTED, "connections"), (_BAD_LOGON, "failed logons")):
        counted = _addresses(facts, event)
        if counted:
            told.append(fact(f"Most {what} came from {_most(counted)}.", f"event log {RDP_CORE}/Operational"))
    return told


def _keep_out(facts: Facts) -> str:
    """Who fails to log on is told from who merely connects, where that is logged."""
    counted = _addresses(facts, _BAD_LOGON) or _addresses(facts, _ACCEPTED)
    who = f"; most came from {_most(counted)}" if counted else ""
    return (
        "Keep out whoever should not connect, by a gateway, a VPN, or a firewall rule that names the sources that may"
        f"{who}."
    )


def _decision(facts: Facts) -> str:
    return (
        f"{_keep_out(facts)} Only where they are your own users, raise the limit, which protects the host from floods "
        f"(rdp_listener, {_LIMIT}: {RAISED})."
    )


def _guessing(facts: Facts) -> Finding | None:
    """Nothing is turned away, and somebody tries passwords: the next flood has the same sources."""
    failed = events(facts, RDP_CORE, _BAD_LOGON)
    if sum(seen["count"] for seen in failed) < _GUESSING:
        return None
    return finding(
        THROTTLED,
        "Many logons fail at this host, as when somebody tries passwords",
        confidence="likely",
        impact="informs",
        evidence=[
            *event_facts(facts, RDP_CORE, _BAD_LOGON),
            *_sources(facts),
        ],
        decision=_keep_out(facts),
        stage="",
    )
