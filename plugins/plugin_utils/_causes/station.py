# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area listener: whether the WinStation RDP-Tcp is there, whose it is, and whether it listens."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import restart_hung
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    events,
    fact,
    finding,
    is_ready,
    listed,
    ok,
    remedy,
    running,
    value,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import is_recent
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    SOCKET_CLOSED,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import MICROSOFT_PROTOCOLS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RDP_TCP, WINSTATIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Port, PortOwner, WinStation

MISSING = "listener.missing"
PORT_CONFLICT = "listener.port_conflict"
DEAD = "listener.dead"
THIRD_PARTY = "listener.third_party"

_MAIN = "TermService"
_STATION = "RDP-Tcp"
_UNTIL_THE_ANSWER = ("dns", "tcp", "x224")
# A connection request that gets such an answer was not answered by a listener that works.
_UNANSWERED = ("closed", "reset", "timeout", "garbage")


# ---- listener.missing


def missing(facts: Facts, wire: Report | None) -> Finding | None:
    """The registry key of the listener is gone."""
    listener = ok(facts.get("listener"))
    if listener is None or listener.get("present") is not False:
        return None
    others = [station["name"] for station in listener.get("winstations", [])]
    evidence = [fact("There is no key RDP-Tcp, so Windows makes no listener.", RDP_TCP)]
    if others:
        evidence.append(fact(f"The other listeners are {listed(others)}.", WINSTATIONS))
    return weigh_against_ready(
        finding(
            MISSING,
            "The listener RDP-Tcp does not exist",
            confidence="proved",
            impact="breaks",
            evidence=evidence,
            explains=[CONNECT_FAILED],
            decision="Export the key RDP-Tcp from a host of the same Windows version, import it here, and restart "
            "TermService.",
        ),
        wire,
    )


# ---- listener.port_conflict


def _foreign_owners(port: Port) -> list[PortOwner]:
    """Those who listen on the listener's port in place of TermService; none when that is not known."""
    if not port.get("listening") or port.get("term_service_listens"):
        return []
    main = port.get("term_service_pid")
    owners = port.get("owners", [])
    if any(one["pid"] == main or _MAIN in one["services"] for one in owners):
        return []
    return owners


def _owner_text(owner: PortOwner) -> str:
    services = f" with {listed(owner['services'])}" if owner["services"] else ""
    return f"{owner['process'] or 'a process that is gone'} ({owner['pid']}{services})"


def _same_port(facts: Facts) -> list[WinStation]:
    """Other listeners that are on and share the port of RDP-Tcp."""
    listener = ok(facts.get("listener"))
    port = value(facts, "port")
    if listener is None or port is None:
        return []
    return [
        station
        for station in listener.get("winstations", [])
        if station["name"].lower() != _STATION.lower() and station["enabled"] and station["port"] == port
    ]


def port_conflict(facts: Facts, wire: Report | None) -> Finding | None:
    """The listener's port belongs to something else."""
    port = ok(facts.get("port"))
    owners = [] if port is None else _foreign_owners(port)
    stations = _same_port(facts)
    if not owners and not stations:
        return None
    number = value(facts, "port")
    evidence: list[Evidence] = []
    confidence: Confidence = "likely"
    decision = "Switch the other listener off, or give it another port, and restart TermService."
    if owners and port is not None:
        confidence = "proved" if port.get("term_service_listens") is False else "likely"
        shown = listed([_owner_text(one) for one in owners])
        evidence.append(fact(f"Port {port['number']} belongs to {shown}.", port.get("method", "")))
        decision = (
            f"Find out what {shown} is for: stop it or give it another port, and restart TermService; or move the "
            "listener (rdp_listener, port)."
        )
    for station in stations:
        where = f"{WINSTATIONS}\\{station['name']}\\PortNumber"
        evidence.append(fact(f"The listener {station['name']} is on and has port {number} as well.", where))
    found = finding(
        PORT_CONFLICT,
        "Another process has the port of Remote Desktop" if owners else "Two listeners share one port",
        confidence=confidence,
        impact="breaks",
        evidence=evidence,
        explains=[SOCKET_CLOSED, CONNECT_FAILED],
        decision=decision,
    )
    if not owners and port is not None and port.get("term_service_listens"):
        found["confidence"], found["impact"] = "possible", "degrades"
        found["contradicts"].append(fact(f"TermService listens on port {port['number']}.", port.get("method", "")))
    return weigh_against_ready(found, wire)


# ---- listener.dead


def dead(facts: Facts, wire: Report | None) -> Finding | None:
    """TermService runs, Remote Desktop is on, and nobody is served all the same."""
    services = ok(facts.get("services"))
    if value(facts, "enabled") is not True or value(facts, "station_enabled") is False:
        return None
    if services is None or not running(facts, _MAIN) or _MAIN in services.get("restart_pending", []):
        return None  # a restart that is due explains it
    listener, port, system = ok(facts.get("listener")), ok(facts.get("port")), ok(facts.get("system"))
    if (listener is not None and listener.get("present") is False) or (port is not None and _foreign_owners(port)):
        return None
    if (system is not None and system.get("setup_in_progress")) or _taken_over(facts):
        return None  # Remote Desktop waits for the end of the setup; another vendor's protocol answers in its own way
    found = None if port is None else _not_listening(port)
    found = found or _unanswered(facts, port, wire)
    return None if found is None else weigh_against_ready(found, wire)


def _not_listening(port: Port) -> Finding | None:
    """By the host's own account TermService does not listen on the port that is set."""
    where = port.get("method", "")
    elsewhere = [number for number in port.get("term_service_ports", []) if number != port.get("number")]
    if port.get("listening") is False:
        text = f"Nothing on the host listens on port {port['number']}."
    elif port.get("term_service_listens") is False and elsewhere:
        text = f"TermService does not listen on port {port['number']}."
    else:
        return None
    evidence = [fact("The service TermService runs and Remote Desktop is switched on.", "Win32_Service")]
    evidence.insert(0, fact(text, where))
    if elsewhere:
        evidence.append(fact(f"TermService listens on {listed([str(each) for each in elsewhere])}.", where))
    return finding(
        DEAD,
        "Remote Desktop Services listens on another port than it is set to"
        if elsewhere
        else "Remote Desktop Services runs and does not listen",
        confidence="proved",
        impact="breaks",
        evidence=evidence,
        explains=[CONNECT_FAILED],
        remedies=[remedy("rdp_service", {"name": _MAIN, "state": "restarted"}, risk="medium")],
    )


def _unanswered(facts: Facts, port: Port | None, wire: Report | None) -> Finding | None:
    """TCP connects, and the connection request is not answered."""
    if wire is None or wire["tcp"]["result"] != "open" or wire["x224"]["result"] not in _UNANSWERED:
        return None
    if wire["port"] != value(facts, "port") or (wire["x224"]["result"] != "timeout" and _turns_away(facts)):
        return None
    if any(one["stage"] not in _UNTIL_THE_ANSWER or one["result"] == "failure" for one in wire["attempts"]):
        return None  # it did answer another attempt
    owns = port is not None and port.get("term_service_listens") is True
    evidence = [wire_fact(f"The port takes connections and answers no request: {wire['x224']['result']}.")]
    if owns and port is not None:
        evidence.append(fact(f"The port {port['number']} is TermService's.", port.get("method", "")))
    return finding(
        DEAD,
        "Remote Desktop Services takes connections and does not answer",
        # That a device in the path closes it, or that the host throttles, looks the same from outside. What hangs in
        # silence on the service's own port is the service.
        confidence="likely" if owns and wire["x224"]["result"] == "timeout" else "possible",
        impact="breaks",
        evidence=evidence,
        explains=[SOCKET_CLOSED, CONNECT_TIMEOUT],
        remedies=[restart_hung(_MAIN)],
        stage="x224",
    )


def _turns_away(facts: Facts) -> bool:
    """The host has just said itself that it cuts connections, since too many wait for their logon (event 1006)."""
    return any(is_recent(facts, seen["last"]) for seen in events(facts, CONNECTION_MANAGER, 1006))


# ---- listener.third_party


def _taken_over(facts: Facts) -> list[Evidence]:
    """That RDP-Tcp runs a protocol which is not Microsoft's; empty where it does not, or nobody knows."""
    listener = ok(facts.get("listener"))
    stations = [] if listener is None else listener.get("winstations", [])
    own = next((one for one in stations if one["name"].lower() == _STATION.lower()), None)
    if own is None:
        return []
    evidence: list[Evidence] = []
    protocol = own["loadable_protocol"]
    if protocol and protocol.strip("{} ").lower() not in MICROSOFT_PROTOCOLS:
        text = f"LoadableProtocol_Object is {protocol}, which is no protocol of Microsoft's."
        evidence.append(fact(text, f"{RDP_TCP}\\LoadableProtocol_Object"))
    if own["wd_name"] and "microsoft" not in own["wd_name"].lower() and own["wd_name"].lower() != "rdpwd":
        evidence.append(fact(f"WdName is {own['wd_name']}.", f"{RDP_TCP}\\WdName"))
    return evidence


def third_party(facts: Facts, wire: Report | None) -> Finding | None:
    """Another vendor's protocol sits on RDP-Tcp, or has left values there. It is reported only."""
    listener = ok(facts.get("listener"))
    if listener is None:
        return None
    evidence = _taken_over(facts)
    taken_over = bool(evidence)
    for path in listener.get("citrix", []):
        name = path.rpartition("\\")[2]
        evidence.append(fact(f"A Citrix agent has set {name}.", path))
    if not evidence:
        return None
    failing = taken_over and wire is not None and not is_ready(wire)
    return finding(
        THIRD_PARTY,
        "Another vendor's protocol has taken over the listener RDP-Tcp"
        if taken_over
        else "A Citrix agent has changed the listener RDP-Tcp",
        confidence="likely",
        impact="breaks" if failing else "informs",
        evidence=evidence,
        explains=[SOCKET_CLOSED] if failing else [],
        decision="Ask that vendor's tools to give the listener back, or remove the agent cleanly; where it is gone "
        "already, restore the key RDP-Tcp from a host of the same Windows version.",
    )
