# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area tls that lie in the cipher suites: none in common, FIPS mode, switches with a wrong value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import fall_back_to_self_signed, farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    SCHANNEL,
    active_certificate,
    certificate_where,
    corroborated,
    drop_facts,
    event_facts,
    fact,
    finding,
    is_bound,
    is_ready,
    listed,
    ok,
    remedy,
    setting,
    setting_fact,
    tls_dropped,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, owned_by_nobody
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding, Remedy, Risk
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import profile
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import ON, misused, of_key, of_version, usable
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import KINDS, STRONG
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CipherSuites, Facts, Switch, Tls

NO_COMMON_CIPHER = "tls.no_common_cipher"
FIPS = "tls.fips"
MISUSED_VALUE = "tls.misused_value"

# ServerDeniedConnectionFips, ExtendedDisconnectReasonCode.
DENIED_FIPS = "0x904/0x8"
# Clients of today: when none of them has a suite in common with a host, nobody connects.
_CURRENT = ("10-22h2", "11-23h2", "11-24h2", "11-25h2")
_AFTERWARDS = "If connections still end in TLS, restart Windows: Microsoft asks for that after a change of the list."
# TLS alert 40, as Schannel's event 36888 names it.
_HANDSHAKE_FAILURE = "40"


def no_common_cipher(facts: Facts, wire: Report | None) -> Finding | None:
    """The settings leave no cipher suite that a current client and the listener's key could use together."""
    tls = ok(facts.get("tls"))
    if tls is None or tls.get("usable_suites") is None:
        return _refused_on_the_wire(wire)
    host = of_facts("", facts)
    if not host["tls_versions"] or host["suites"] is None:
        return None  # tls.no_common_version or tls.misused_value speaks of it
    other_key = {**host, "key": None}
    if _is_common(host, _CURRENT):
        return None
    key_alone = host["key"] is not None and _is_common(other_key, _CURRENT)  # type: ignore[arg-type]
    usable = tls.get("usable_suites") or []
    evidence = [*_limits(tls), *(_key_fact(facts) if host["key"] is not None else [])]
    if not evidence:
        evidence = [fact("The list of cipher suites leaves none.", tls["cipher_suites"]["where"])]
    evidence.insert(0, _left(tls, usable))
    layer = setting(facts, "security_layer")
    without_tls = layer is not None and layer["value"] == "rdp"
    if layer is not None and without_tls:
        evidence.append(setting_fact("security_layer", layer))
    remedies, blocked = _way_out(facts, host, key_alone=key_alone)
    found = finding(
        NO_COMMON_CIPHER,
        "The listener's certificate has a key that no usable cipher suite takes"
        if key_alone
        else "No cipher suite is left that Remote Desktop and a current client share",
        confidence="proved",
        impact="degrades" if without_tls else "breaks",
        evidence=[*evidence, *_alert_facts(wire), *drop_facts(wire)],
        explains=[] if without_tls else [SOCKET_CLOSED],
        remedies=remedies,
        blocked_by=(farm_block(facts) if remedies else "") or blocked,
        decision=_AFTERWARDS if remedies and not blocked else _what_to_do(tls, key_alone=key_alone),
    )
    since = active_certificate(facts)
    found = corroborated(found, _schannel_events(facts, "" if since is None else since["not_before"]))
    return weigh_against_ready(found, wire)


def _is_common(host: ServerParty, clients: Iterable[str]) -> bool:
    """Whether at least one of the clients has a suite for some version in common with the host."""
    suites = of_key(host["suites"] or [], host["key"])
    for name in clients:
        client = profile(name)
        shared = [suite for suite in suites if suite in (client["suites"] or [])]
        versions = set(host["tls_versions"] or []) & set(client["tls_versions"] or [])
        if any(of_version(shared, version) for version in versions):
            return True
    return False


def _left(tls: Tls, usable: list[str]) -> Evidence:
    shown = f"{', '.join(usable[:4])}{', ...' if len(usable) > 4 else ''}" if usable else "none"
    return fact(f"The settings leave {len(usable)} cipher suites: {shown}.", tls["cipher_suites"]["where"])


def _limits(tls: Tls) -> list[Evidence]:
    """What takes suites away: a policy, switches that are off, FIPS mode."""
    evidence = []
    suites = tls["cipher_suites"]
    if suites["source"] == "policy":
        evidence.append(fact(f"A policy allows {len(suites['value'] or [])} cipher suites.", suites["where"]))
    for name, switch in _switches(tls):
        if switch["enabled"] == 0:
            evidence.append(fact(f"{name} is switched off.", switch["where"]))
    if tls["fips"]["value"]:
        evidence.append(fact("FIPS mode is on.", tls["fips"]["where"]))
    return evidence


def _switches(tls: Tls) -> list[tuple[str, Switch]]:
    return [(name, switch) for kind in KINDS for name, switch in _of_kind(tls, kind).items()]


def _key_fact(facts: Facts) -> list[Evidence]:
    active = active_certificate(facts)
    if active is None:
        return []
    return [
        fact(f"The listener's certificate has a key of the kind {active['key_algorithm']}.", certificate_where(active))
    ]


def _rsa_again(facts: Facts, host: ServerParty) -> list[Remedy]:
    """The self-signed certificate has an RSA key; that helps where a bound one of another kind is the trouble."""
    active = active_certificate(facts)
    if active is None or not is_bound(facts, active["thumbprint"]):
        return []
    return fall_back_to_self_signed(facts) if _is_common({**host, "key": "RSA"}, _CURRENT) else []


def _way_out(facts: Facts, host: ServerParty, *, key_alone: bool) -> tuple[list[Remedy], str]:
    """The least that gives a current client a suite again, and what stands in its way."""
    tls = ok(facts.get("tls"))
    if key_alone or tls is None:
        return _rsa_again(facts, host), ""
    suites = tls["cipher_suites"]
    by_policy = suites["source"] == "policy"
    off = {kind: _strong_off(tls, kind) for kind in KINDS}
    for switched, lifted in ((True, False), (False, True), (True, True)):
        options: dict[str, Any] = {}
        if switched:
            options = {
                kind: [{"name": name, "state": "default"} for name in names] for kind, names in off.items() if names
            }
        if lifted and by_policy:
            options["cipher_suites_policy"] = "absent"
        if options and _is_common(
            {**host, "suites": _usable_after(tls, host, off if switched else {}, lifted=lifted)}, _CURRENT
        ):
            blocked = ""
            if "cipher_suites_policy" in options and not owned_by_nobody(facts, suites["where"]):
                blocked = (
                    f"A policy decides: the list of cipher suites ({suites['where']}). {author(facts, suites['where'])}"
                )
            risk: Risk = "high" if "cipher_suites_policy" in options else "medium"
            return [remedy("rdp_tls", options, risk=risk, restart=["TermService"])], blocked.strip()
    return [], ""


def _strong_off(tls: Tls, kind: str) -> list[str]:
    """The switches of algorithms that are not broken and off all the same, by the names that rdp_tls knows."""
    off = {name.lower() for name, switch in _of_kind(tls, kind).items() if switch["enabled"] == 0}
    return [name for name in STRONG[kind] if name.lower() in off]


def _usable_after(tls: Tls, host: ServerParty, on: Mapping[str, list[str]], *, lifted: bool) -> list[str]:
    """The suites that are left when switches are on again, and when the list of the policy is gone."""
    own = CipherSuites(value=None, source="default", where="")

    def left(kind: str) -> dict[str, Switch]:
        names = {name.lower() for name in on.get(kind, [])}
        return {name: switch for name, switch in _of_kind(tls, kind).items() if name.lower() not in names}

    return (
        usable(
            own if lifted else tls["cipher_suites"],
            host["release"],
            ciphers=left("ciphers"),
            hashes=left("hashes"),
            key_exchange=left("key_exchange"),
            fips=bool(tls["fips"]["value"]),
        )
        or []
    )


def _of_kind(tls: Tls, kind: str) -> Mapping[str, Switch]:
    found: Mapping[str, Switch] = tls.get(kind, {})  # type: ignore[assignment]
    return found


def _what_to_do(tls: Tls, *, key_alone: bool) -> str:
    if key_alone:
        return (
            "Bind a certificate whose key suits the cipher suites, mostly one with an RSA key, or allow suites for the "
            "key that it has."
        )
    if tls["cipher_suites"]["source"] == "policy":
        return (
            "Set the policy SSL Cipher Suite Order to Not configured, or add suites such as "
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 to it; if the value Functions stays, delete it. Then restart Remote "
            "Desktop Services."
        )
    return (
        "Delete the values Enabled below SCHANNEL\\Ciphers, Hashes and KeyExchangeAlgorithms that switch off what is "
        "needed, or take the list of cipher suites from a sound host of the same version. Then restart Remote Desktop "
        "Services."
    )


def _schannel_events(facts: Facts, since: str) -> list[Evidence]:
    return [
        *event_facts(facts, SCHANNEL, 36874, since=since, means="a client had no cipher suite in common with the host"),
        *event_facts(
            facts, SCHANNEL, 36888, values=[_HANDSHAKE_FAILURE], since=since, means="a handshake ended with alert 40"
        ),
    ]


def _alert_facts(wire: Report | None) -> list[Evidence]:
    if wire is None or wire["tls"]["alert"] is None:
        return []
    return [wire_fact(f"The host refused the handshake with the alert {wire['tls']['alert']}.")]


def _refused_on_the_wire(wire: Report | None) -> Finding | None:
    """What the settings leave is not known; the alert says that no suite is shared with the machine that asked."""
    if wire is None or wire["tls"]["alert"] != "handshake_failure":
        return None
    return finding(
        NO_COMMON_CIPHER,
        "The host shares no cipher suite with the machine that asked",
        confidence="possible",
        impact="breaks",
        evidence=_alert_facts(wire),
        explains=[SOCKET_CLOSED],
        decision="Read the SCHANNEL settings of the host with an account that may, and diagnose again.",
    )


def fips(facts: Facts, wire: Report | None) -> Finding | None:
    """FIPS mode, or the encryption level FIPS, turns clients away that can not do it."""
    tls = ok(facts.get("tls"))
    level = setting(facts, "min_encryption_level")
    evidence = []
    if tls is not None and tls["fips"]["value"]:
        evidence.append(fact("FIPSAlgorithmPolicy\\Enabled is 1.", tls["fips"]["where"]))
    if level is not None and level["value"] == "fips":
        evidence.append(setting_fact("min_encryption_level", level))
    if not evidence:
        return None
    failing = wire is not None and not is_ready(wire) and wire["stage"] in ("x224", "tls")
    return finding(
        FIPS,
        "FIPS mode is on, and clients that can not do it are turned away",
        confidence="likely" if failing else "possible",
        impact="degrades" if failing else "informs",
        evidence=[*evidence, *(_alert_facts(wire) + drop_facts(wire) if failing else [])],
        explains=[DENIED_FIPS, SOCKET_CLOSED],
        decision=(
            "Bring the clients up to date. Where no rule asks for FIPS, switch it off by hand: the policy System "
            "cryptography: Use FIPS compliant algorithms, and the encryption level of the listener."
        ),
    )


def misused_value(facts: Facts, wire: Report | None) -> Finding | None:
    """A switch below Ciphers, Hashes or KeyExchangeAlgorithms is neither 0 nor 0xffffffff."""
    tls = ok(facts.get("tls"))
    if tls is None:
        return None
    wrong = misused(tls)
    if not wrong:
        return None
    refused = wire is not None and (tls_dropped(wire) or wire["tls"]["alert"] == "handshake_failure")
    by_tls = wire is not None and is_ready(wire) and wire["tls"]["key_proved"]
    shown = [
        fact(f"Enabled of {name} is {switch['enabled']}, not {ON} (0xffffffff).", switch["where"])
        for name, switch in wrong
    ]
    found = finding(
        MISUSED_VALUE,
        "Schannel's switches for algorithms have a value that is not meant for them",
        confidence="likely" if refused else "possible",
        impact="breaks" if refused else "informs" if by_tls else "degrades",
        evidence=[*shown, *(_alert_facts(wire) + drop_facts(wire) if refused else [])],
        contradicts=[wire_fact(f"A handshake over {wire['tls']['version']} went well.")] if wire and by_tls else [],
        explains=[SOCKET_CLOSED] if refused else [],
        remedies=[remedy("rdp_tls", {"repair_misused_values": True}, risk="medium", restart=["TermService"])],
        blocked_by=farm_block(facts),
        decision=(
            f"Delete Enabled of {listed([name for name, _switch in wrong])}, which leaves them to Windows, and restart "
            "Remote Desktop Services: 1 is right below SCHANNEL\\Protocols alone."
        ),
    )
    return corroborated(found, _schannel_events(facts, ""))
