# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area tls: the protocol versions that Schannel leaves to the RDP listener."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    drop_facts,
    fact,
    finding,
    is_ready,
    key_works,
    listed,
    ok,
    remedy,
    setting,
    setting_fact,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Evidence, Finding, Impact
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import TLS_1_0_RELEASES, TLS_1_2_UPDATE
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import only_tls_1_0
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Tls

NO_COMMON_VERSION = "tls.no_common_version"

_PROTOCOLS = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
_MODERN = frozenset({"TLS 1.2", "TLS 1.3"})
_NAMES = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")


def _state_facts(tls: Tls) -> list[Evidence]:
    """One sentence for each TLS version that the registry switches off for servers."""
    evidence = []
    for name in _NAMES:
        state = tls.get("protocols", {}).get(name, {}).get("server")
        if state is None or state["source"] != "local" or state["state"] not in ("disabled", "disabled_by_default"):
            continue
        values = [f"Enabled is {state['enabled']}"] if state["enabled"] is not None else []
        if state["disabled_by_default"] is not None:
            values.append(f"DisabledByDefault is {state['disabled_by_default']}")
        shown = state["state"].replace("_", " ")
        evidence.append(fact(f"{name} is {shown} for servers: {listed(values) or 'set so'}.", state["where"]))
    return evidence


def no_common_version(facts: Facts, wire: Report | None) -> Finding | None:
    """Schannel leaves the RDP listener no TLS version, or old ones only."""
    tls = ok(facts.get("tls"))
    if tls is None:
        return _refused_on_the_wire(wire)
    versions = tls.get("rdp_versions", [])
    system = ok(facts.get("system"))
    only_1_0, may_learn = only_tls_1_0(facts), system is not None and system.get("release") in TLS_1_0_RELEASES
    usable = [name for name in versions if name == "TLS 1.0"] if only_1_0 else versions
    if _MODERN.intersection(usable) or (only_1_0 and usable):
        return None
    # Where it is not known whether the listener has learned TLS 1.2, TLS 1.0 is what surely brings it back.
    old = only_1_0 or (only_1_0 is None and not versions)
    wanted = "TLS 1.0" if old else "TLS 1.2"
    evidence = _state_facts(tls)
    decision = ""
    if old:
        without = f" without {TLS_1_2_UPDATE}" if may_learn else ""
        evidence.append(
            fact(f"Remote Desktop of this Windows version{without} speaks TLS 1.0 only.", "Win32_QuickFixEngineering")
        )
        if may_learn:
            decision = f"TLS 1.0 is what makes this host reachable; install {TLS_1_2_UPDATE} to use TLS 1.2 instead."
    # TLS 1.2 may be on and yet out of reach for want of an update that the list may merely not show.
    confidence: Confidence = "proved" if not versions else "likely"
    impact: Impact = "breaks"
    title = "No TLS version is left that Remote Desktop may use"
    if usable:
        confidence, impact = "proved", "degrades"
        title = f"Remote Desktop may use no TLS version newer than {usable[-1]}"
        evidence.insert(0, fact(f"{listed(usable)} is all that is enabled for servers.", _PROTOCOLS))
    elif not evidence:
        evidence.append(fact("No TLS version is enabled for servers.", _PROTOCOLS))
    layer = setting(facts, "security_layer")
    if impact == "breaks" and layer is not None and layer["value"] == "rdp":
        impact = "degrades"  # connections do without TLS for now
        evidence.append(setting_fact("security_layer", layer))
    found = finding(
        NO_COMMON_VERSION,
        title,
        confidence=confidence,
        impact=impact,
        evidence=[*evidence, *(drop_facts(wire) + _alert_facts(wire) if impact == "breaks" else [])],
        explains=[SOCKET_CLOSED] if impact == "breaks" else [],
        remedies=[
            remedy(
                "rdp_tls",
                {"protocols": [{"name": wanted, "side": "server", "state": "enabled"}]},
                risk="medium",
                restart=["TermService"],
            )
        ],
        blocked_by=farm_block(facts),
        decision=decision,
    )
    if wire is not None and impact == "breaks" and key_works(wire) and not is_ready(wire):
        found["confidence"], found["impact"] = "possible", "degrades"
        found["contradicts"].append(wire_fact(f"The host completed a handshake over {wire['tls']['version']}."))
    return weigh_against_ready(found, wire)


def _alert_facts(wire: Report | None) -> list[Evidence]:
    if wire is None or wire["tls"]["alert"] is None:
        return []
    return [wire_fact(f"The host refused the handshake with the alert {wire['tls']['alert']}.")]


def _refused_on_the_wire(wire: Report | None) -> Finding | None:
    """SCHANNEL could not be read; the alert says that no version is shared with the machine that asked."""
    if wire is None or wire["tls"]["alert"] != "protocol_version":
        return None
    return finding(
        NO_COMMON_VERSION,
        "The host shares no TLS version with the machine that asked",
        confidence="possible",
        impact="breaks",
        evidence=_alert_facts(wire),
        explains=[SOCKET_CLOSED],
        decision="Read the SCHANNEL settings of the host with an account that may, and diagnose again.",
    )
