# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The events that certificate, key and TLS leave when they fail, and those of connections that arrive.

What the ids mean, and from where that is known: _data/events.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    RDP_CORE,
    SCHANNEL,
    SERVICE_CONTROL,
    active_certificate,
    corroborated,
    event_facts,
    events,
    fact,
    ok,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts


class Trace(NamedTuple):
    provider: str
    ids: tuple[int, ...]
    values: tuple[str, ...] = ()  # only with such a value in the field that tells these events apart


def _since_the_certificate(facts: Facts) -> str:
    """The time from which an event can be about the self-signed certificate in use."""
    active = active_certificate(facts)
    return active["not_before"] if active is not None and active["self_signed"] else ""


def _since_the_start(facts: Facts) -> str:
    system = ok(facts.get("system"))
    return "" if system is None else system.get("boot_time") or ""


_UNUSABLE_KEY: Final = Trace(SCHANNEL, (36870,))
_NOT_MADE: Final = Trace(CONNECTION_MANAGER, (1057, 1058))
_TEMPLATE: Final = Trace(CONNECTION_MANAGER, (1064, 1065))
_BINDING: Final = Trace(CONNECTION_MANAGER, (1051, 1054, 1055, 1059))
_ENDS: Final = Trace(CONNECTION_MANAGER, (1052, 1053))
# 10013: the versions that are left do not include one that Schannel may use.
_NO_VERSION: Final = Trace(SCHANNEL, (36871,), ("10013",))
# 70: protocol_version (RFC 5246, 7.2).
_REFUSED: Final = Trace(SCHANNEL, (36888,), ("70",))
_CORRECTED: Final = Trace(CONNECTION_MANAGER, (1050,))
_FAILED: Final = Trace(SERVICE_CONTROL, (7022, 7023, 7031, 7034), ("TermService",))

Since = Callable[[Facts], str]

# What speaks for a cause, and the time from which it does: an event from before a thing was made says nothing of it.
BY_CAUSE: Final[Mapping[str, tuple[tuple[Trace, ...], Since]]] = {
    "machine_keys.acl": ((_UNUSABLE_KEY, _NOT_MADE), _since_the_certificate),
    "machine_keys.missing": ((_UNUSABLE_KEY, _NOT_MADE), _since_the_certificate),
    "certificate.not_created": ((_NOT_MADE, _TEMPLATE), _since_the_certificate),
    "certificate.binding_stale": ((_BINDING, _UNUSABLE_KEY), _since_the_certificate),
    "certificate.expired": ((_ENDS, _NOT_MADE, _TEMPLATE), _since_the_certificate),
    "certificate.store": ((_NOT_MADE,), _since_the_certificate),
    "tls.no_common_version": ((_NO_VERSION, _REFUSED), _since_the_start),
    "listener.contradiction": ((_CORRECTED,), _since_the_start),
    "listener.dead": ((_FAILED,), _since_the_start),
}


def with_traces(facts: Facts, found: Finding) -> Finding:
    """A finding with the events that speak for it; what was merely possible is likely then."""
    traces, since = BY_CAUSE.get(found["id"], ((), _since_the_start))
    told = [
        said
        for trace in traces
        for said in event_facts(facts, trace.provider, *trace.ids, values=trace.values, since=since(facts))
    ]
    return corroborated(found, told)


_RECENT: Final = timedelta(hours=1)


class Arrivals(NamedTuple):
    """What the host has logged of connections that came in: 131 of RdpCoreTS, 261 of the connection manager."""

    none: list[Evidence]  # there was none at all
    recent: list[Evidence]  # one came within the last hour


def arrivals(facts: Facts) -> Arrivals:
    area = ok(facts.get("events"))
    if area is None or any(RDP_CORE.lower() in line.lower() for line in area.get("unread", [])):
        return Arrivals([], [])
    seen = [*events(facts, RDP_CORE, 131), *events(facts, CONNECTION_MANAGER, 261)]
    if not seen:
        text = f"In {area.get('hours', 0)} hours the host has logged no connection: there is no event 131 or 261."
        return Arrivals([fact(text, f"event log {RDP_CORE}/Operational")], [])
    newest = max(seen, key=lambda one: one["last"])
    if not is_recent(facts, newest["last"]):
        return Arrivals([], [])
    text = f"The host has logged a connection on {newest['last']} (event {newest['id']})."
    return Arrivals([], [fact(text, f"event log {newest['log']}")])


def is_recent(facts: Facts, when: str) -> bool:
    """Whether that was within the last hour, by the host's own time, which also dates its events."""
    system = ok(facts.get("system"))
    now = None if system is None else system.get("local_time")
    try:
        return now is not None and _time(now) - _time(when) <= _RECENT
    except (ValueError, TypeError):
        return False


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
