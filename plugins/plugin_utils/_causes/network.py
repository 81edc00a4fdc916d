# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area network: what is between a client and the listener's port."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    listed,
    ok,
    remedy,
    running,
    tcp_closed,
    value,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import arrivals
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    DNS_FAILED,
    HOST_NOT_FOUND,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Firewall, FirewallRule

BLOCKED = "network.blocked"
UNREACHABLE = "network.unreachable"

_LOCAL_RULES = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"
_POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
_POLICY_RULES = f"{_POLICY}\\FirewallRules"
_MERGE = {
    name: f"{_POLICY}\\{name.capitalize()}Profile\\AllowLocalPolicyMerge" for name in ("domain", "private", "public")
}


def _block_rules(firewall: Firewall) -> list[FirewallRule]:
    """Enabled rules of an active profile that block the port; a block rule beats every allow rule."""
    active = set(firewall.get("active_profiles", []))
    return [
        rule
        for rule in firewall.get("rules", [])
        if rule["enabled"] and rule["action"] == "block" and active.intersection(rule["profiles"])
    ]


def firewall_block(facts: Facts, firewall: Firewall) -> str:
    """The policy that makes a local firewall rule useless, and who sets it; empty when there is none."""
    for rule in _block_rules(firewall):
        if rule["source"] == "policy":
            text = f"A policy blocks the port with the firewall rule {rule['id']} ({_POLICY_RULES})."
            where = f"{_POLICY_RULES}\\{rule['id']}"
            return f"{text} {author(facts, where)}".rstrip()
    profiles = firewall.get("profiles", {})
    dead = [n for n in firewall.get("active_profiles", []) if n in profiles and not profiles[n]["local_rules_apply"]]
    if dead:
        text = f"A policy switches local firewall rules off (AllowLocalPolicyMerge 0) for: {listed(dead)}."
        return f"{text} {author(facts, _MERGE[dead[0]])}".rstrip()
    return ""


def _firewall_facts(firewall: Firewall) -> list[Evidence]:
    port, active = firewall.get("port"), firewall.get("active_profiles", [])
    evidence = [
        fact(f"No rule of the active profiles ({listed(active) or 'unknown'}) lets TCP {port} in.", _LOCAL_RULES)
    ]
    off = [rule["id"] for rule in firewall.get("rules", []) if rule["action"] == "allow" and not rule["enabled"]]
    if off:
        evidence.append(fact(f"Switched off: {listed(off)}.", _LOCAL_RULES))
    for rule in _block_rules(firewall):
        where = _POLICY_RULES if rule["source"] == "policy" else _LOCAL_RULES
        evidence.append(fact(f"The rule {rule['id']} blocks the port.", where))
    return evidence


def _tcp_facts(wire: Report | None) -> list[Evidence]:
    if wire is None or not tcp_closed(wire):
        return []
    how = {"filtered": "did not answer", "refused": "was refused"}
    result = wire["tcp"]["result"]
    target = wire["tcp"]["address"] or wire["host"]
    return [wire_fact(f"A connection to {target}, port {wire['port']}, {how[result]}.")]


def _no_answer(wire: Report) -> list[str]:
    """What a client shows when the port does not answer: it may give up waiting as well."""
    return [CONNECT_FAILED, *([CONNECT_TIMEOUT] if wire["tcp"]["result"] == "filtered" else [])]


def blocked(facts: Facts, wire: Report | None) -> Finding | None:
    """The host listens, and its firewall or something in the path keeps connections out."""
    enabled, runs = value(facts, "enabled"), running(facts, "TermService")
    if enabled is False or (wire is not None and wire["tcp"]["result"] == "open"):
        return None
    firewall = ok(facts.get("firewall"))
    if firewall is not None and firewall.get("allowed") is False:
        return _by_host_firewall(facts, firewall, wire, listens=bool(enabled and runs))
    if wire is None or not tcp_closed(wire) or not (enabled and runs):
        return None
    port = value(facts, "port")
    if isinstance(port, int) and port != wire["port"]:
        return finding(
            BLOCKED,
            f"The listener uses port {port}, and port {wire['port']} was tried",
            confidence="likely",
            impact="breaks",
            evidence=[*_tcp_facts(wire), fact(f"PortNumber is {port}.", "RDP-Tcp\\PortNumber")],
            explains=[CONNECT_FAILED],
            decision=f"Connect to port {port}, or set the listener's port to {wire['port']}.",
        )
    return _in_the_path(facts, firewall, wire)


def _by_host_firewall(facts: Facts, firewall: Firewall, wire: Report | None, *, listens: bool) -> Finding:
    confidence: Confidence = "proved" if listens and tcp_closed(wire) else "likely"
    found = finding(
        BLOCKED,
        "The Windows firewall does not let Remote Desktop in",
        confidence=confidence,
        impact="breaks",
        evidence=[*_firewall_facts(firewall), *_tcp_facts(wire)],
        explains=[CONNECT_FAILED, CONNECT_TIMEOUT],
        remedies=[remedy("rdp_firewall", {"state": "enabled"})],
        blocked_by=firewall_block(facts, firewall),
    )
    rules = [rule["id"] for rule in _block_rules(firewall)]
    if rules and not found["blocked_by"]:
        # Somebody wrote that rule; allowing the port beside it changes nothing.
        found["remedies"] = []
        found["decision"] = f"Decide whether the blocking firewall rules are still wanted: {listed(rules)}."
    return found


def _in_the_path(facts: Facts, firewall: Firewall | None, wire: Report) -> Finding | None:
    """The host listens and lets the port in, as far as is known, and this connection did not arrive."""
    port = ok(facts.get("port"))
    if port is not None and port.get("listening") is False:
        return None  # listener.dead: Windows answers nothing on a port that nobody listens on
    filtered = wire["tcp"]["result"] == "filtered"
    came_in = arrivals(facts)
    evidence = [
        *_tcp_facts(wire),
        fact("The listener is switched on and the service TermService runs.", "Win32_Service"),
    ]
    title = "Something keeps connections from the listener's port"
    decision = "The host's firewall could not be read: look there first, then at devices in the path."
    if firewall is not None:
        title = (
            "Something between this machine and the host blocks Remote Desktop"
            if filtered
            else "The host does not accept connections although its firewall lets them in"
        )
        decision = (
            "Look for a firewall, security group or VPN in the path, or security software on the host."
            if filtered
            else "Look at what listens on the port, and for a device in the path that refuses connections."
        )
        evidence.append(fact(f"The Windows firewall lets TCP {firewall.get('port')} in.", _LOCAL_RULES))
    return finding(
        BLOCKED,
        title,
        # Others get in: so it is the way from here alone, or it has passed.
        confidence="likely" if filtered and not came_in.recent else "possible",
        impact="breaks",
        evidence=[*evidence, *came_in.none],
        contradicts=came_in.recent,
        explains=_no_answer(wire),
        decision=decision,
    )


def unreachable(facts: Facts, wire: Report | None) -> Finding | None:
    """The name does not resolve, there is no route, or nothing is known but that the port does not answer."""
    if wire is None or wire["ready"]:
        return None
    result = wire["tcp"]["result"]
    if wire["stage"] == "dns":
        return finding(
            UNREACHABLE,
            "The name of the host does not resolve",
            confidence="proved",
            impact="breaks",
            evidence=[wire_fact(f"{wire['host']} has no address: {wire['reason']}")],
            explains=[DNS_FAILED, HOST_NOT_FOUND],
            decision="Correct the name, or the DNS record.",
        )
    if result == "unreachable":
        return finding(
            UNREACHABLE,
            "There is no route to the host",
            confidence="proved",
            impact="breaks",
            evidence=[wire_fact(f"{wire['tcp']['address'] or wire['host']} is unreachable: {wire['reason']}")],
            explains=[CONNECT_FAILED],
            decision="Look at the routes between this machine and the host, and whether the host is up.",
            stage="tcp",
        )
    asked = any(
        area is not None for area in (ok(facts.get("listener")), ok(facts.get("services")), ok(facts.get("firewall")))
    )
    if asked or not tcp_closed(wire):
        return None
    filtered = result == "filtered"
    return finding(
        UNREACHABLE,
        "The host does not answer on the Remote Desktop port" if filtered else "Nothing accepts Remote Desktop here",
        confidence="likely" if filtered else "possible",
        impact="breaks",
        evidence=_tcp_facts(wire),
        explains=_no_answer(wire),
        decision="Find out whether the host is up and a firewall is in the way."
        if filtered
        else "Find out whether Remote Desktop is switched on and uses this port.",
        stage="tcp",
    )
