# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area client: what lies between this host and the machine that somebody connects from.

Where no client was named, only what the host says of all clients counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    active_certificate,
    certificate_where,
    fact,
    finding,
    listed,
    ok,
    remedy,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, gpo_of, owned_by_nobody
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.advise import predict
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import CURRENT, BadParty, of_facts, profile
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, Prediction, ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import joined, of_wire
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_facts as server_of_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import (
    FIRST_FIXED_VERSION,
    ORACLE_KEYS,
    ORACLE_VALUE,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.udp import (
    CLIENT_POLICY,
    DISABLE_UDP,
    FIXED_BY,
    NEWEST_SERVER,
    drops_udp,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client, Facts

CREDSSP_ORACLE = "client.credssp_oracle"
TLS = "client.tls"
STALE_CERTIFICATE = "client.stale_certificate"
UDP = "client.udp"

_TSPKG = "CIM_DataFile C:\\Windows\\System32\\TSpkg.dll"
_CLIENT = "the client's facts"
_PROFILE = "the client profile"


def _party(facts: Facts) -> ClientParty | None:
    """The client that was named, where it was read."""
    client = ok(facts.get("client"))
    try:
        return None if client is None else of_facts(client)
    except BadParty:
        return None


def _server(facts: Facts, wire: Report | None) -> ServerParty:
    host = server_of_facts("this host", facts)
    return host if wire is None else joined([host, of_wire("this host", wire)])


def _where(client: Client) -> str:
    return _PROFILE if client.get("profile") else _CLIENT


def credssp_oracle(facts: Facts, wire: Report | None) -> Finding | None:
    """CVE-2018-0886: this host is not corrected, or accepts clients that are not, or is at odds with the client."""
    updates, logon = ok(facts.get("updates")), ok(facts.get("logon"))
    fixed = None if updates is None else updates.get("credssp_fixed")
    oracle = None if logon is None else logon.get("encryption_oracle")
    evidence: list[Evidence] = []
    if updates is not None and fixed is False:
        evidence.append(fact(f"TSpkg.dll is {updates.get('credssp_version')}, older than the correction.", _TSPKG))
    if oracle == "vulnerable":
        evidence.append(fact(f"{ORACLE_VALUE} is 2 (vulnerable).", f"{ORACLE_KEYS[0]}\\{ORACLE_VALUE}"))
    pair = _pair(facts, wire)
    if not evidence and pair is None:
        return None
    seen = _seen(wire)
    old = fixed is False
    where = f"{ORACLE_KEYS[0]}\\{ORACLE_VALUE}"
    left = oracle == "vulnerable" and not old and pair is None
    corrected = seen is not None and seen >= FIRST_FIXED_VERSION
    if pair is not None:
        evidence.insert(0, fact(f"{pair['client']}: {pair['reason']}", _CLIENT))
    if seen is not None and not corrected:
        evidence.append(wire_fact(f"The host answers with version {seen} of CredSSP."))
    against = [wire_fact(f"The host answers with version {seen} of CredSSP, which has the correction.")]
    return finding(
        CREDSSP_ORACLE,
        _oracle_title(old=old, paired=pair is not None),
        confidence="proved" if pair is not None or not old else "possible" if corrected else "likely",
        impact="breaks" if (old and not corrected) or pair is not None else "degrades",
        evidence=evidence,
        contradicts=against if old and corrected else [],
        # The host still lets clients without the correction in: only what it connects to itself must have it.
        remedies=[remedy("rdp_client", {"encryption_oracle": "default"}, risk="medium")] if left else [],
        blocked_by=_policy_block(facts, where) if left else "",
        decision=_oracle_decision(old=old, vulnerable=oracle == "vulnerable", pair=pair),
    )


def _policy_block(facts: Facts, where: str) -> str:
    """What keeps a value from being taken away that Group Policy might set; empty for nothing."""
    if gpo_of(facts, where) is not None:
        return author(facts, where)
    system = ok(facts.get("system"))
    if owned_by_nobody(facts, where) or (system is not None and not system.get("part_of_domain")):
        return ""
    return "Whether Group Policy sets AllowEncryptionOracle here could not be read, so it is left alone."


def _pair(facts: Facts, wire: Report | None) -> Prediction | None:
    """What is foreseen of the named client where CredSSP is what stops it."""
    client = _party(facts)
    if client is None:
        return None
    found = predict(client, _server(facts, wire))
    return found if found["credssp"] == "blocked" else None


def _seen(wire: Report | None) -> int | None:
    """The version of CredSSP that the host says it has ([MS-CSSP] 2.2.1)."""
    return None if wire is None else wire["credssp"]["version"]


def _oracle_title(*, old: bool, paired: bool) -> str:
    if old:
        return "The host lacks the correction of CVE-2018-0886, and corrected clients refuse it"
    if paired:
        return "The client lacks the correction of CVE-2018-0886, and the host refuses it"
    return "The host accepts clients without the correction of CVE-2018-0886"


def _oracle_decision(*, old: bool, vulnerable: bool, pair: Prediction | None) -> str:
    if old:
        return (
            "Install a cumulative update of May 2018 or later, and restart the host. Leave AllowEncryptionOracle as is."
        )
    if pair is not None:
        return pair["change"]["text"]
    return (
        "Delete AllowEncryptionOracle; that counts after a restart of Windows. From then on this host connects only to "
        "others that have the correction."
        if vulnerable
        else ""
    )


def tls(facts: Facts, wire: Report | None) -> Finding | None:
    """The client that was named can not negotiate with this host, while a current one can."""
    client, given = _party(facts), ok(facts.get("client"))
    if client is None or given is None:
        return None
    server = _server(facts, wire)
    found = predict(client, server)
    # CredSSP is another cause's business, and what nobody can negotiate is the host's.
    if found["connects"] is not False or found["stage"] == "credssp":
        return None
    if foresee(profile(CURRENT), server)["connects"] is False:
        return None
    offers = f"{client['name']} has {listed(client['tls_versions'] or []) or 'no TLS'}"
    return finding(
        TLS,
        f"The client {client['name']} can not negotiate with this host, a current client can",
        confidence="proved" if found["certainty"] == "known" and not given.get("profile") else "likely",
        impact="degrades",
        evidence=[
            fact(found["reason"], _where(given)),
            fact(f"{offers} and {len(client['suites'] or [])} cipher suites.", _where(given)),
        ],
        explains=[code for code in found["errors"] if code == SOCKET_CLOSED],
        decision=found["change"]["text"],
        stage=found["stage"],
    )


def stale_certificate(facts: Facts, wire: Report | None) -> Finding | None:
    """A user's profile on the client keeps another certificate of this host than the one it has now."""
    client, active = ok(facts.get("client")), active_certificate(facts)
    if client is None or active is None:
        return None
    names = _names(facts, wire)
    stale = [
        memory
        for memory in client.get("servers", [])
        if memory["server"].lower() in names
        and memory["cert_hash"]
        and memory["cert_hash"].upper() != active["thumbprint"].upper()
    ]
    if not stale:
        return None
    first = stale[0]
    return finding(
        STALE_CERTIFICATE,
        "The client remembers another certificate of this host, and warns of the one it has now",
        confidence="proved",
        impact="informs",
        evidence=[
            *(
                fact(
                    f"CertHash of {memory['server']} is {memory['cert_hash']}.",
                    f"HKU\\{memory['sid']}\\Software\\Microsoft\\Terminal Server Client\\Servers\\{memory['server']}",
                )
                for memory in stale[:3]
            ),
            fact(f"The host serves {active['thumbprint']}.", certificate_where(active)),
        ],
        decision=(
            "If the host has a new certificate on purpose, let the client forget the old one: winops.rdp.rdp_client "
            f"with forget_certificates_of {first['server']}. If nobody knows why it changed, find out first: such a "
            "change is also what an interception looks like."
        ),
    )


def _names(facts: Facts, wire: Report | None) -> frozenset[str]:
    """What users may call this host, in lower case."""
    system = ok(facts.get("system"))
    names: list[str] = []
    if system is not None:
        host, domain = system.get("hostname", ""), system.get("domain", "")
        names += [host, *([f"{host}.{domain}"] if system.get("part_of_domain") else [])]
    if wire is not None:
        names += [wire["host"], *wire["tcp"]["addresses"]]
    return frozenset(name.lower() for name in names if name)


def udp(facts: Facts, wire: Report | None) -> Finding | None:
    """The client loses UDP sessions to old hosts, and this is one."""
    client, system = ok(facts.get("client")), ok(facts.get("system"))
    del wire  # a probe over TCP sees nothing of it
    if client is None or system is None or client.get("udp_disabled") or system.get("build", 0) > NEWEST_SERVER:
        return None
    if not drops_udp(client.get("full_build", "")):
        return None
    return finding(
        UDP,
        "The client's build drops UDP sessions to hosts as old as this one after about a minute",
        confidence="possible",
        impact="degrades",
        evidence=_builds(client, system.get("full_build", "")),
        decision=(
            f"Install {FIXED_BY} or a later cumulative update on the client. Until then, keep it to TCP: "
            f"winops.rdp.rdp_client with udp disabled, or {DISABLE_UDP} 1 in its policy Turn Off UDP On Client."
        ),
    )


def _builds(client: Client, own_build: str) -> Sequence[Evidence]:
    return [
        fact(f"The client {client.get('hostname', '')} has the build {client.get('full_build', '')}.", _where(client)),
        fact(f"{DISABLE_UDP} is not set on it.", f"{CLIENT_POLICY}\\{DISABLE_UDP}"),
        fact(f"This host has the build {own_build}.", "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"),
    ]
