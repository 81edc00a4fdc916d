# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area machine_keys: the key file of the listener's certificate, and who may read it."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import (
    fall_back_to_self_signed,
    farm_block,
    renew_self_signed,
    renewal_evidence,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    active_certificate,
    certificate_where,
    days,
    drop_facts,
    fact,
    finding,
    is_bound,
    is_ready,
    key_works,
    ok,
    remedy,
    tls_dropped,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import (
    Confidence,
    Evidence,
    Finding,
    Impact,
    Remedy,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    KEY_FILE_ACL,
    MACHINE_KEYS_ACL,
    SELF_SIGNED_CONTAINER,
    ExpectedAcl,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, KeyFile, MachineKeys, Security
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.acl import lacking

ACL = "machine_keys.acl"
MISSING = "machine_keys.missing"


def problems_of(security: Security, expected: ExpectedAcl) -> list[str]:
    """Clauses on who lacks what."""
    return [f"{ace.lack} (granted {mask:#010x})" for ace, mask in lacking(security["dacl"], expected)]


def _is_active(facts: Facts, key: KeyFile) -> bool | None:
    """Whether the listener should serve the certificate of this key; None when that is not known."""
    if ok(facts.get("certificate")) is None:
        return None
    active = active_certificate(facts)
    return active is not None and active["thumbprint"].upper() == key["thumbprint"].upper()


def _acl_remedy(*, restart: bool) -> Remedy:
    # A key that could not be opened is tried again by the services only; a folder or a key at rest needs no restart.
    return remedy(
        "rdp_certificate",
        {"machine_keys_acl": True},
        risk="medium" if restart else "low",
        restart=["SessionEnv", "TermService"] if restart else [],
    )


def acl(facts: Facts, wire: Report | None) -> Finding | None:
    """The listener's key file, or the folder, does not let in who must use it."""
    area = facts.get("machine_keys")
    keys = ok(area)
    if keys is None:
        return _unread_key(facts, wire, area["reason"]) if area and area["status"] in ("denied", "error") else None
    bad: list[tuple[KeyFile, list[str]]] = []
    denied: list[str] = []
    for key in keys.get("keys", []):
        security = key["security"]
        if not key["exists"] or security is None:
            continue
        if security["status"] != "ok":
            denied.append(f"{key['path']}: {security['reason']}")
        elif problems := problems_of(security, KEY_FILE_ACL):
            bad.append((key, problems))
    # The key that is in use, or may be, decides; another one is a fallback that would fail.
    used = [(key, problems) for key, problems in bad if _is_active(facts, key) is not False]
    if used or bad:
        return _key_finding(facts, wire, keys, used or bad, in_use=bool(used))
    folder = keys.get("folder")
    if folder is not None and folder["status"] == "ok" and problems_of(folder, MACHINE_KEYS_ACL):
        return _folder_finding(facts, wire, keys, folder)
    if denied:
        return _unread_key(facts, wire, denied[0])
    return None


def _key_finding(
    facts: Facts, wire: Report | None, area: MachineKeys, bad: list[tuple[KeyFile, list[str]]], *, in_use: bool
) -> Finding:
    evidence = [fact(f"{'; '.join(problems)}: {key['path']}.", key["path"]) for key, problems in bad] + _folder_facts(
        area
    )
    contradicts: list[Evidence] = []
    confidence: Confidence = "proved"
    impact: Impact = "breaks"
    if not in_use:
        impact = "degrades"
    elif any(_is_active(facts, key) is None for key, _problems in bad):
        confidence = "likely"
    if in_use and wire is not None:
        evidence += drop_facts(wire)
        result = wire["tls"]["result"]
        if key_works(wire) and not is_ready(wire):
            confidence, impact = "possible", "degrades"
            contradicts.append(wire_fact("The host completed a TLS handshake, so it can use its key now."))
        elif result in ("alert", "timeout", "error"):
            confidence = "likely"
            contradicts.append(wire_fact(f"TLS ended with {result}; a key that can not be read closes the connection."))
    found = finding(
        ACL,
        "The private key of the Remote Desktop certificate can not be used by Windows"
        if in_use
        else "The private key of a Remote Desktop certificate that is not in use now is out of reach",
        confidence=confidence,
        impact=impact,
        evidence=evidence,
        contradicts=contradicts,
        explains=[SOCKET_CLOSED] if in_use else [],
    )
    found = weigh_against_ready(found, wire)
    found["remedies"] = [_acl_remedy(restart=found["impact"] == "breaks")]
    return found


def _folder_facts(area: MachineKeys) -> list[Evidence]:
    folder = area.get("folder")
    if folder is None or folder["status"] != "ok":
        return []
    problems = problems_of(folder, MACHINE_KEYS_ACL)
    path = area.get("path", "MachineKeys")
    return [fact(f"{'; '.join(problems)}: the folder {path}.", path)] if problems else []


def _folder_finding(facts: Facts, wire: Report | None, area: MachineKeys, folder: Security) -> Finding:
    """The key itself is fine or absent: the folder matters when a key has to be made."""
    no_key = any(not key["exists"] for key in area.get("keys", []))
    certificate = ok(facts.get("certificate"))
    no_certificate = certificate is not None and not certificate.get("remote_desktop") and not certificate.get("bound")
    failing = bool(drop_facts(wire)) or ((no_key or no_certificate) and not key_works(wire))
    return finding(
        ACL,
        "The MachineKeys folder does not let Windows make or replace keys",
        confidence="likely" if failing else "proved",
        impact="breaks" if failing else "degrades",
        evidence=[*_folder_facts(area), *drop_facts(wire)],
        explains=[SOCKET_CLOSED] if failing else [],
        remedies=[_acl_remedy(restart=failing)],
    )


def _unread_key(facts: Facts, wire: Report | None, reason: str) -> Finding | None:
    """The ACL could not be read, but the wire shows what an unusable key looks like."""
    active = active_certificate(facts)
    if not tls_dropped(wire) or active is None or active["days_left"] < 0 or active["private_key"] is None:
        return None
    tls = ok(facts.get("tls"))
    if tls is not None and not tls.get("rdp_versions"):
        return None
    return finding(
        ACL,
        "The private key of the Remote Desktop certificate can probably not be used by Windows",
        confidence="likely",
        impact="breaks",
        evidence=[
            *drop_facts(wire),
            fact(
                f"The certificate {active['thumbprint']} is valid for {days(active['days_left'])} more.",
                certificate_where(active),
            ),
            fact(f"Who may read its key could not be read: {reason}", active["private_key"]["file"] or "MachineKeys"),
        ],
        explains=[SOCKET_CLOSED],
        decision="Look at the key file's access list as SYSTEM: NETWORK SERVICE needs Read, SYSTEM Full control.",
    )


def missing(facts: Facts, wire: Report | None) -> Finding | None:
    """The certificate that the listener should serve has lost its key file."""
    area = ok(facts.get("machine_keys"))
    if area is None:
        return None
    gone = [key for key in area.get("keys", []) if not key["exists"]]
    used = [key for key in gone if _is_active(facts, key)]
    confidence: Confidence = "proved"
    if not used:
        # Without the certificate area only the container tells which key this is.
        used = [k for k in gone if _is_active(facts, k) is None and k["container"] == SELF_SIGNED_CONTAINER]
        confidence = "likely"
    if not used:
        return None
    key = used[0]
    bound = is_bound(facts, key["thumbprint"])
    remedies = renew_self_signed(facts)
    if bound:
        remedies = fall_back_to_self_signed(facts)
    found = finding(
        MISSING,
        f"The key file of the {'bound' if bound else 'self-signed'} Remote Desktop certificate is missing",
        confidence=confidence,
        impact="breaks",
        evidence=[
            fact(f"The key file of certificate {key['thumbprint']} does not exist: {key['path']}.", key["path"]),
            *drop_facts(wire),
            *([] if bound else renewal_evidence(facts)),
        ],
        explains=[SOCKET_CLOSED],
        remedies=remedies,
        blocked_by=farm_block(facts),
    )
    if wire is not None and key_works(wire) and not is_ready(wire):
        found["confidence"] = "possible"
        found["contradicts"].append(wire_fact("The host completed a TLS handshake, so it can use a key now."))
    return weigh_against_ready(found, wire)
