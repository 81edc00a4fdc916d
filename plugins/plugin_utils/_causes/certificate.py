# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area certificate: the certificate that the listener serves."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.certificate_store import (
    put_store_right,
    store_facts,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import (
    fall_back_to_self_signed,
    farm_block,
    idle_renewal_services,
    renew_self_signed,
    renewal_evidence,
    start,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    certificate_where,
    days,
    drop_facts,
    fact,
    finding,
    is_bound,
    key_works,
    no_certificate_failure,
    ok,
    running,
    service,
    setting,
    weigh_against_ready,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CERTIFICATE_EXPIRED,
    GATEWAY_ENDED,
    SOCKET_CLOSED,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import EXPIRY_WARNING_DAYS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RDP_TCP
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Certificate, Facts

EXPIRED = "certificate.expired"
BINDING_STALE = "certificate.binding_stale"
NOT_CREATED = "certificate.not_created"

_BINDING = f"{RDP_TCP}\\SSLCertificateSHA1Hash"
_REMOTE_DESKTOP_STORE = "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\Remote Desktop\\Certificates"
_SECONDS_A_DAY = 86400.0


def _renewal_decision(active: Certificate) -> str:
    return (
        f"Renew the certificate {active['thumbprint']} (subject {active['subject']}, issuer {active['issuer']}) "
        "and bind the new one, or let Windows serve its self-signed one (rdp_certificate, binding: self_signed)."
    )


def expired(facts: Facts, wire: Report | None) -> Finding | None:
    """The certificate of the listener has expired, or is about to and can not be renewed."""
    area = ok(facts.get("certificate"))
    active = None if area is None else area.get("active")
    if active is None:
        return None
    bound = is_bound(facts, active["thumbprint"])
    left = active["days_left"]
    if left >= 0:
        return _about_to_expire(facts, active, bound=bound) if left < EXPIRY_WARNING_DAYS else None
    kind = "bound" if bound else "self-signed"
    found = finding(
        EXPIRED,
        f"The {kind} Remote Desktop certificate has expired",
        confidence="proved",
        impact="breaks",
        evidence=[
            fact(
                f"The certificate {active['thumbprint']} expired on {active['not_after']}, {days(left)} ago.",
                certificate_where(active),
            ),
            *([] if bound else renewal_evidence(facts)),
        ],
        explains=[SOCKET_CLOSED, CERTIFICATE_EXPIRED, GATEWAY_ENDED],
    )
    if bound:
        found["decision"] = _renewal_decision(active)
    else:
        found["remedies"] = renew_self_signed(facts)
        found["blocked_by"] = farm_block(facts)
    if _only_the_clock(facts, left, found):
        return weigh_against_ready(found, wire)
    return _weigh_expiry(found, active, wire)


def _only_the_clock(facts: Facts, left: float, found: Finding) -> bool:
    """Whether the certificate is expired by the clock of the host alone; then the clock is what to set right."""
    system = ok(facts.get("system"))
    skew = None if system is None else system.get("clock_skew")
    if skew is None or left + skew / _SECONDS_A_DAY < 0:
        return False
    found["confidence"] = "likely"
    found["contradicts"].append(
        fact(
            f"The host's clock is {days(skew / _SECONDS_A_DAY)} ahead; by the right time it is valid.",
            "Win32_OperatingSystem.LocalDateTime",
        )
    )
    found["remedies"], found["blocked_by"] = [], ""
    found["decision"] = "Set the host's clock right; a certificate made now would not be valid yet elsewhere."
    return True


def _weigh_expiry(found: Finding, active: Certificate, wire: Report | None) -> Finding:
    """Whether what is served bears it out. That the probe got through is no sign against it: clients check dates."""
    if wire is None:
        return found
    served = wire["tls"]["certificate"]
    if served is not None and served["sha1"].upper() == active["thumbprint"].upper():
        found["evidence"].append(wire_fact(f"The host serves this certificate, which ended on {served['not_after']}."))
        return found
    if served is not None and served["days_left"] > 0:
        found["confidence"], found["impact"] = "likely", "degrades"
        found["contradicts"].append(
            wire_fact(f"The host serves another certificate, {served['sha1']}, valid until {served['not_after']}.")
        )
        return found
    found["evidence"] += drop_facts(wire)
    return weigh_against_ready(found, wire)


def _about_to_expire(facts: Facts, active: Certificate, *, bound: bool) -> Finding | None:
    ending = fact(
        f"The certificate {active['thumbprint']} ends on {active['not_after']}, in {days(active['days_left'])}.",
        certificate_where(active),
    )
    if bound:
        return finding(
            EXPIRED,
            "The bound Remote Desktop certificate is about to expire",
            confidence="proved",
            impact="informs",
            evidence=[ending],
            decision=_renewal_decision(active),
        )
    found = service(facts, "SessionEnv")
    if found is None or found["start_mode"] != "disabled":
        return None
    return finding(
        EXPIRED,
        "The self-signed Remote Desktop certificate is about to expire and can not be renewed",
        confidence="proved",
        impact="degrades",
        evidence=[ending, *renewal_evidence(facts)],
        remedies=[start(facts, name) for name in idle_renewal_services(facts)],
    )


def binding_stale(facts: Facts, wire: Report | None) -> Finding | None:
    """A certificate is bound to the listener that is gone, or that came without its private key."""
    area = ok(facts.get("certificate"))
    thumbprint = None if area is None else area.get("bound_thumbprint")
    if area is None or not thumbprint:
        return None
    bound = area.get("bound")
    if bound is None:
        title = "The certificate that is bound to Remote Desktop does not exist"
        why = fact(f"{thumbprint} is bound, and is in neither of the stores MY and Remote Desktop.", _BINDING)
    elif bound["private_key"] is None:
        title = "The certificate that is bound to Remote Desktop has no private key"
        why = fact(f"{thumbprint} is bound, and the store names no private key for it.", certificate_where(bound))
    else:
        return None
    found = finding(
        BINDING_STALE,
        title,
        confidence="proved",
        impact="breaks",
        evidence=[why, *drop_facts(wire)],
        explains=[SOCKET_CLOSED],
        remedies=fall_back_to_self_signed(facts),
        blocked_by=farm_block(facts),
    )
    served = wire["tls"]["certificate"] if wire is not None else None
    if served is not None and key_works(wire) and served["sha1"].upper() == thumbprint.upper():
        found["confidence"], found["impact"] = "possible", "degrades"
        found["contradicts"].append(wire_fact("The host serves this very certificate and can use its key."))
        return found
    return weigh_against_ready(found, wire)


def not_created(facts: Facts, wire: Report | None) -> Finding | None:
    """There is no certificate at all: none bound, and Windows has not made its own."""
    area = ok(facts.get("certificate"))
    if area is None:
        return _no_certificate_on_the_wire(wire)
    if area.get("bound_thumbprint") or area.get("remote_desktop"):
        return None
    found = finding(
        NOT_CREATED,
        "Windows has not made the self-signed Remote Desktop certificate",
        confidence="proved",
        impact="breaks",
        evidence=[
            fact("The store Remote Desktop is empty and no certificate is bound.", _REMOTE_DESKTOP_STORE),
            *drop_facts(wire),
            *store_facts(facts, area),
            *renewal_evidence(facts),
        ],
        explains=[SOCKET_CLOSED],
        remedies=[*put_store_right(area), *renew_self_signed(facts)],
        blocked_by=farm_block(facts),
    )
    off = setting(facts, "enabled")
    if (off is not None and off["value"] is False) or running(facts, "TermService") is False:
        # Windows makes the certificate when Remote Desktop runs for the first time, so nothing is wrong yet.
        found["confidence"], found["impact"] = "possible", "informs"
        where = off["where"] if off is not None and off["value"] is False else "Win32_Service"
        found["contradicts"].append(
            fact("Remote Desktop does not run; Windows makes the certificate when it starts.", where)
        )
        return found
    if key_works(wire):
        found["confidence"], found["impact"] = "possible", "degrades"
        found["contradicts"].append(wire_fact("The host completed a TLS handshake, so it has a certificate."))
        return found
    return weigh_against_ready(found, wire)


def _no_certificate_on_the_wire(wire: Report | None) -> Finding | None:
    """The stores could not be read; the refusal fits a missing certificate and a key that can not be used."""
    if not no_certificate_failure(wire):
        return None
    return finding(
        NOT_CREATED,
        "The host has no usable Remote Desktop certificate",
        confidence="possible",
        impact="breaks",
        evidence=drop_facts(wire),
        explains=[SOCKET_CLOSED],
        decision="Read the certificate stores of the host with an account that may, and diagnose again.",
    )
