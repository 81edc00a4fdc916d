# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area listener: what the settings of the RDP listener allow."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import start
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    no_certificate_failure,
    ok,
    registry_text,
    remedy,
    service,
    setting,
    setting_fact,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.leftovers import leftover_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.network import firewall_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_FAILED, SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    HOME_EDITIONS,
    LISTENER,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Facts

DISABLED = "listener.disabled"
CONTRADICTION = "listener.contradiction"
WEAKENED = "listener.weakened"


class Wrong(NamedTuple):
    """A setting that takes part in a problem, and what it should be."""

    name: str
    effective: Effective
    expected: Any


def policy_block(facts: Facts, wrong: list[Wrong]) -> str:
    """The sentence that names the policy values in the way, and who sets them; empty when no policy decides."""
    decided = [one for one in wrong if one.effective["source"] == "policy"]
    if not decided:
        return ""
    shown = [f"{registry_text(one.name, one.effective['value'])} ({one.effective['where']})" for one in decided]
    authors = dict.fromkeys(author(facts, one.effective["where"], one.name) for one in decided)
    return " ".join([f"A policy decides: {'; '.join(shown)}.", *filter(None, authors)])


def off_switches(facts: Facts) -> list[Wrong]:
    """The switches that are off and without which nothing listens."""
    found = []
    for name in ("enabled", "station_enabled"):
        effective = setting(facts, name)
        if effective is not None and effective["value"] is False:
            found.append(Wrong(name, effective, True))
    return found


def weak_values(facts: Facts) -> list[Wrong]:
    """The settings that are weaker than Windows' own; Negotiate is not: it is a default of older releases."""
    found = []
    for name, weak in (("security_layer", "rdp"), ("nla", False), ("min_encryption_level", "low")):
        effective = setting(facts, name)
        if effective is not None and is_same(effective["value"], weak):
            found.append(Wrong(name, effective, LISTENER[name]))
    return found


def weakened_values(facts: Facts) -> list[Wrong]:
    """Those of them that somebody has set so.

    What a release does by itself was taken down by nobody, even where its setup has written the value.
    """
    return [one for one in weak_values(facts) if not _is_own(one.effective)]


def contradictions(facts: Facts) -> tuple[list[str], list[Wrong]]:
    """Sentences on settings that exclude each other, and those of them that should give way."""
    layer, nla, negotiation = (setting(facts, name) for name in ("security_layer", "nla", "negotiation"))
    level = setting(facts, "min_encryption_level")
    layer_is = None if layer is None else layer["value"]
    nla_on = nla is not None and nla["value"] is True
    texts: list[str] = []
    wrong: dict[str, Wrong] = {}
    if layer is not None and layer_is == "rdp" and nla_on:
        texts.append("NLA needs TLS, and the security layer RDP excludes it.")
        wrong["security_layer"] = Wrong("security_layer", layer, "tls")
    if level is not None and level["value"] == "low" and layer_is == "tls":
        texts.append("The encryption level Low can not be used with the security layer TLS.")
        wrong["min_encryption_level"] = Wrong("min_encryption_level", level, "client_compatible")
    if negotiation is not None and negotiation["value"] is False and (nla_on or layer_is == "negotiate"):
        needs = "NLA" if nla_on else "The security layer Negotiate"
        texts.append(f"{needs} needs the negotiation of the security protocol, which is off.")
        wrong["negotiation"] = Wrong("negotiation", negotiation, True)
    return texts, list(wrong.values())


def disabled(facts: Facts, wire: Report | None) -> Finding | None:
    """Remote Desktop is switched off."""
    off = off_switches(facts)
    if not off:
        return None
    remedies = [remedy("rdp_listener", {one.name: True for one in off})]
    firewall = ok(facts.get("firewall"))
    if firewall is not None and firewall.get("allowed") is False and not firewall_block(facts, firewall):
        remedies.append(remedy("rdp_firewall", {"state": "enabled"}))
    main = service(facts, "TermService")
    if main is not None and main["present"] and main["state"] == "stopped":
        remedies.append(start(facts, "TermService"))
    blocked = policy_block(facts, off)
    system = ok(facts.get("system"))
    if system is not None and system.get("edition") in HOME_EDITIONS:
        blocked = f"This edition of Windows (EditionID {system['edition']}) has no Remote Desktop host."
    found = finding(
        DISABLED,
        "Remote Desktop is switched off" if off[0].name == "enabled" else "The listener RDP-Tcp is switched off",
        confidence="proved",
        impact="breaks",
        evidence=[setting_fact(one.name, one.effective) for one in off],
        explains=[CONNECT_FAILED],
        remedies=remedies,
        blocked_by=blocked,
    )
    return weigh_against_ready(found, wire)


def _consistent(facts: Facts, wrong: list[Wrong]) -> dict[str, Any]:
    """What gives way, and an encryption level that goes with TLS, raised only as far as needed; no policy's value."""
    options = {one.name: one.expected for one in wrong if one.effective["source"] != "policy"}
    level = setting(facts, "min_encryption_level")
    if options.get("security_layer") == "tls" and level is not None:
        if level["source"] != "policy" and level["value"] == "low":
            options["min_encryption_level"] = "client_compatible"
    return options


def contradiction(facts: Facts, wire: Report | None) -> Finding | None:
    """SecurityLayer, NLA, encryption level and negotiation are at odds with each other."""
    texts, wrong = contradictions(facts)
    if not wrong:
        return None
    evidence = [setting_fact(one.name, one.effective) for one in wrong]
    evidence += [
        setting_fact(name, effective)
        for name in ("security_layer", "nla")
        if (effective := setting(facts, name)) is not None and all(one.name != name for one in wrong)
    ]
    evidence += [fact(text, wrong[0].effective["where"]) for text in texts]
    refusal = _refusal(wire)
    options = _consistent(facts, wrong)
    return finding(
        CONTRADICTION,
        "Security settings of the listener contradict each other",
        confidence="likely" if refusal else "proved",
        impact="breaks" if refusal else "degrades",
        evidence=evidence + refusal,
        explains=[SOCKET_CLOSED],
        remedies=[remedy("rdp_listener", options, risk="medium")] if options else [],
        blocked_by=policy_block(facts, wrong),
    )


def _refusal(wire: Report | None) -> list[Evidence]:
    """The negotiation failed for another reason than the certificate."""
    if wire is None or no_certificate_failure(wire) or wire["x224"]["result"] not in ("failure", "closed", "reset"):
        return []
    how = wire["x224"]["failure"] or f"a connection that was {wire['x224']['result']}"
    return [wire_fact(f"The host answered the negotiation with {how}.")]


def weakened(facts: Facts, wire: Report | None) -> Finding | None:
    """Security was taken down, as the repair buttons of some vendors do, and left so."""
    weak = weakened_values(facts)
    if not weak:
        return None
    # A local change below a weak policy would only make a contradiction, so one policy value stops them all.
    blocked = policy_block(facts, weak)
    evidence = [setting_fact(one.name, one.effective) for one in weak]
    evidence += leftover_facts(facts, {one.name: one.effective for one in weak})
    if wire is not None and wire["x224"]["selected"] == "rdp":
        evidence.append(wire_fact("The host chose standard RDP security, without TLS."))
    local = [one for one in weak if one.effective["source"] == "local"]
    # NLA is off on purpose where clients can not use it, so that is a person's decision.
    options = {one.name: one.expected for one in local if one.name != "nla"}
    decision = ""
    if any(one.name == "nla" for one in local):
        decision = "Turn Network Level Authentication on (rdp_listener, nla: true) when every client can use it."
    return finding(
        WEAKENED,
        "The security settings of the listener are weakened",
        confidence="proved",
        impact="degrades",
        evidence=evidence,
        remedies=[remedy("rdp_listener", options, risk="medium")] if options else [],
        blocked_by=blocked,
        decision=decision,
    )


def _is_own(effective: Effective) -> bool:
    """A setting that nobody has set, or that is as the release sets it."""
    return effective["source"] == "default" or (
        effective["source"] == "local" and is_same(effective["value"], effective["default"])
    )
