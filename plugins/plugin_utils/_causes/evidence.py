# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What causes share: reading facts safely, reading the wire report, and building findings and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import (
    Confidence,
    Evidence,
    Finding,
    Impact,
    Remedy,
    Risk,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import HOST_QUESTIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Certificate,
    Effective,
    EventCount,
    Facts,
    Listener,
    Service,
    Services,
)

_A = TypeVar("_A", bound=Mapping[str, object])

# Providers, as the events name them.
SCHANNEL: Final = "Schannel"
CONNECTION_MANAGER: Final = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
RDP_CORE: Final = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
SERVICE_CONTROL: Final = "Service Control Manager"
_MEANINGS: Final = {
    (question.provider.casefold(), kind.id): kind.meaning for question in HOST_QUESTIONS for kind in question.kinds
}


# ---- facts


def ok(area: _A | None) -> _A | None:
    """The area (or anything else with a status) when it was read, else None."""
    return area if area is not None and area.get("status") == "ok" else None


def setting(facts: Facts, name: str) -> Effective | None:
    """A setting of the listener; None when it was not read or has no known value."""
    listener: Listener | None = ok(facts.get("listener"))
    if listener is None:
        return None
    effective = listener.get("settings", {}).get(name)
    return effective if effective is not None and effective["value"] is not None else None


def value(facts: Facts, name: str) -> Any:
    """The value of a setting of the listener, None when not known."""
    effective = setting(facts, name)
    return None if effective is None else effective["value"]


def service(facts: Facts, name: str) -> Service | None:
    """A service as it was read; one that is not installed has ``present`` False. None: not read."""
    services: Services | None = ok(facts.get("services"))
    return None if services is None else services.get("services", {}).get(name)


def running(facts: Facts, name: str) -> bool | None:
    """Whether a service runs; None when that was not read."""
    found = service(facts, name)
    return None if found is None else found["present"] and found["state"] == "running"


def active_certificate(facts: Facts) -> Certificate | None:
    """The certificate that the listener should serve; None when there is none or it was not read."""
    area = ok(facts.get("certificate"))
    return None if area is None else area.get("active")


def bound_thumbprint(facts: Facts) -> str | None:
    area = ok(facts.get("certificate"))
    return None if area is None else area.get("bound_thumbprint")


def certificate_where(certificate: Certificate) -> str:
    """The registry key of a certificate in a store of the machine."""
    stores = "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates"
    return f"{stores}\\{certificate['store']}\\Certificates\\{certificate['thumbprint']}"


def is_bound(facts: Facts, thumbprint: str) -> bool:
    """Whether an administrator bound this certificate to the listener."""
    return (bound_thumbprint(facts) or "").upper() == thumbprint.upper()


# ---- events


def events(facts: Facts, provider: str, *ids: int, values: Iterable[str] = (), since: str = "") -> list[EventCount]:
    """What the event log has of these ids.

    ``values``: only events of which one has such a value in the field that tells them apart. ``since``: only those
    whose newest is not older than this time; an event from before a thing was made says nothing of it.
    """
    area = ok(facts.get("events"))
    if area is None:
        return []
    wanted = {each.casefold() for each in values}
    return [
        seen
        for seen in area.get("seen", [])
        if seen["provider"].casefold() == provider.casefold()
        and seen["id"] in ids
        and seen["last"] >= since
        and (not wanted or wanted.intersection(value.casefold() for value in seen["by_value"]))
    ]


def event_facts(
    facts: Facts, provider: str, *ids: int, values: Iterable[str] = (), since: str = "", means: str = ""
) -> list[Evidence]:
    """One sentence for each kind of event that events() finds. ``means``: what it says here, a clause.

    Events say what was, so they make a finding likelier, and prove nothing about now.
    """
    return [_event_fact(seen, means) for seen in events(facts, provider, *ids, values=values, since=since)]


def _event_fact(seen: EventCount, means: str) -> Evidence:
    more = "at least " if seen["more"] else ""
    times = "once" if seen["count"] == 1 and not more else f"{more}{seen['count']} times"
    values = f" ({listed(list(seen['by_value'])[:3])})" if seen["by_value"] else ""
    last = f", last on {seen['last']}" if seen["last"] else ""
    meaning = means or _MEANINGS.get((seen["provider"].casefold(), seen["id"]), "")
    said = f": {meaning}" if meaning else ""
    return fact(
        f"The event {seen['id']} of {seen['provider']}{values} was logged {times}{last}{said}.",
        f"event log {seen['log']}",
    )


def corroborated(found: Finding, evidence: Sequence[Evidence]) -> Finding:
    """A finding with events added that speak for it: what was merely possible is likely then.

    A finding that something contradicts keeps its confidence: an event may be from before.
    """
    if not evidence:
        return found
    raised: Confidence = "likely" if found["confidence"] == "possible" else found["confidence"]
    return {
        **found,
        "evidence": [*found["evidence"], *evidence],
        "confidence": found["confidence"] if found["contradicts"] else raised,
    }


# ---- wire


def is_ready(wire: Report | None) -> bool:
    """A client got as far as the logon.

    A connection that ends in CredSSP has: whether the logon itself works there, our probe without credentials can not
    tell (a host that takes Kerberos only ends it in the same way).
    """
    return wire is not None and (wire["ready"] or wire["stage"] == "credssp")


def tcp_closed(wire: Report | None) -> bool:
    """The port does not answer although the name resolves and there is a route."""
    return wire is not None and wire["tcp"]["result"] in ("filtered", "refused")


def tls_dropped(wire: Report | None) -> bool:
    """The host took the ClientHello and closed: what Schannel does when it can not use the private key."""
    return wire is not None and wire["tls"]["result"] in ("closed", "reset")


def no_certificate_failure(wire: Report | None) -> bool:
    """The negotiation failed with SSL_CERT_NOT_ON_SERVER, [MS-RDPBCGR] 2.2.1.2.2."""
    return wire is not None and wire["x224"]["failure"] == "SSL_CERT_NOT_ON_SERVER"


def key_works(wire: Report | None) -> bool:
    """The host proved in a handshake that it can use a private key."""
    return wire is not None and wire["tls"]["key_proved"]


def wire_fact(text: str) -> Evidence:
    return {"text": text, "where": "wire"}


def ready_fact(wire: Report) -> Evidence:
    version = wire["tls"]["version"]
    how = f" over {version}" if version else ""
    return wire_fact(f"A new connection to port {wire['port']} reached the logon{how}.")


def drop_facts(wire: Report | None) -> list[Evidence]:
    """The signs on the wire that the host has no certificate or can not use its key."""
    if wire is None:
        return []
    if no_certificate_failure(wire):
        return [wire_fact("The host refused TLS with SSL_CERT_NOT_ON_SERVER: it has no usable certificate.")]
    if tls_dropped(wire):
        how = "reset" if wire["tls"]["result"] == "reset" else "closed"
        return [wire_fact(f"The host {how} the connection after the ClientHello, without a ServerHello.")]
    return []


# ---- sentences


def fact(text: str, where: str) -> Evidence:
    return {"text": text, "where": where}


def registry_text(name: str, shown: Any) -> str:
    """``fDenyTSConnections is 1`` for the listener setting ``enabled`` and its value False."""
    known = BY_OPTION.get(name)
    if known is None:
        return f"{name} is {shown}"
    number = shown
    if isinstance(shown, (bool, str)) and known.meanings is not None and shown in known.meanings.values():
        number = known.encode(shown)
    label = f" ({shown})" if isinstance(shown, str) else ""
    return f"{known.value} is {number}{label}"


_SOURCES = {"policy": "set by policy", "local": "set on the host", "default": "the default of this Windows version"}


def setting_fact(name: str, effective: Effective) -> Evidence:
    """One sentence on a listener setting: registry value, what it is and what decides it."""
    source = _SOURCES.get(effective["source"], effective["source"])
    return fact(f"{registry_text(name, effective['value'])}, {source}.", effective["where"])


def days(number: float) -> str:
    """``3 days``; a tenth below ten days."""
    shown = f"{abs(number):.0f}" if abs(number) >= 10 else f"{abs(number):.1f}".removesuffix(".0")
    return f"{shown} day" if shown == "1" else f"{shown} days"


def listed(items: Sequence[str]) -> str:
    """``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


# ---- findings


def remedy(module: str, options: dict[str, Any], *, risk: Risk = "low", restart: Iterable[str] = ()) -> Remedy:
    return {"module": module, "options": options, "risk": risk, "restart": list(restart)}


def finding(
    cause: str,
    title: str,
    *,
    confidence: Confidence,
    impact: Impact,
    evidence: Sequence[Evidence],
    contradicts: Sequence[Evidence] = (),
    explains: Sequence[str] = (),
    remedies: Sequence[Remedy] = (),
    blocked_by: str = "",
    decision: str = "",
    stage: str | None = None,
) -> Finding:
    """``stage`` None: the one where the cause, as docs/causes says, ends a connection."""
    known = BY_ID.get(cause)
    source = known.references[0] if known is not None and known.references else None
    return {
        "id": cause,
        "title": title,
        "confidence": confidence,
        "impact": impact,
        "evidence": list(evidence),
        "contradicts": list(contradicts),
        "explains": list(explains),
        "remedies": list(remedies),
        "blocked_by": blocked_by,
        "decision": decision,
        "stage": stage if stage is not None else known.stage if known is not None else "",
        "reference": "" if source is None else str(source),
    }


def weigh_against_ready(found: Finding, wire: Report | None) -> Finding:
    """Lower a finding that says nobody can connect when a client just could.

    What was read on the host stays true and strikes with the next start of the service, so it still degrades; that it
    breaks anything now is contradicted.
    """
    if wire is None or not is_ready(wire) or found["impact"] != "breaks":
        return found
    weighed = found.copy()
    weighed["impact"] = "degrades"
    weighed["confidence"] = "likely" if found["confidence"] == "proved" else "possible"
    weighed["contradicts"] = [*found["contradicts"], ready_fact(wire)]
    return weighed
