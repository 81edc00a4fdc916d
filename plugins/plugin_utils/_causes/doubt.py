# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Remedies that would lean on something that is not sound yet.

A listener without TLS works although its certificate, its key or Schannel is broken: that may be why somebody took TLS
away. To raise the security layer then would cut off everybody, so it waits until what it needs is in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

# NLA goes over TLS, so turning it on leaves nothing else either.
_NEED_TLS = frozenset({"security_layer", "nla"})
_TLS_NEEDS = ("certificate.", "machine_keys.", "tls.", "service.restart_pending")


def hold_back(facts: Facts, findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with those blocked whose remedy would turn TLS on where TLS is in doubt."""
    reason = _doubt(facts, findings)
    return [{**found, "blocked_by": reason} if reason and _waits(found) else found for found in findings]


def _waits(found: Finding) -> bool:
    turns_tls_on = any(
        wanted["module"] == "rdp_listener" and not _NEED_TLS.isdisjoint(wanted["options"])
        for wanted in found["remedies"]
    )
    return turns_tls_on and not found["blocked_by"]


def _doubt(facts: Facts, findings: Sequence[Finding]) -> str:
    """Why TLS may not work on this host; empty when nothing speaks against it."""
    open_findings = [
        found["id"] for found in findings if found["id"].startswith(_TLS_NEEDS) and found["impact"] != "informs"
    ]
    if open_findings:
        return f"TLS is raised only when what it needs is in order; open first: {', '.join(open_findings)}."
    tls, keys = ok(facts.get("tls")), ok(facts.get("machine_keys"))
    if tls is None or keys is None or ok(facts.get("certificate")) is None:
        return "TLS is raised only where Schannel, the certificate and its key could be read."
    unread = [
        key["path"] for key in keys.get("keys", []) if key["security"] is not None and key["security"]["status"] != "ok"
    ]
    if unread:
        return f"TLS is raised only where the key's access list could be read: {unread[0]}."
    # Where it is known what the policy leaves, tls.no_common_cipher has looked at it.
    if tls["cipher_suites"]["source"] == "policy" and tls.get("usable_suites") is None:
        return (
            f"A policy limits the cipher suites ({tls['cipher_suites']['where']}), so nobody knows whether TLS would "
            "work: try it by hand (rdp_listener, security_layer: tls)."
        )
    return ""
