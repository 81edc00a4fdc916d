# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the network alone makes likely: the causes that a report speaks for. Pure.

Suspects are hints for somebody who has only the wire, never a verdict: the same close after a ClientHello comes from an
unreadable key and from a device in the path. Microsoft's event-id page for RDP on virtual machines describes the signs
of key, certificate and TLS trouble; the meaning of the negotiation failures is [MS-RDPBCGR] 2.2.1.2.2.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report, Suspect

_NO_KEY = "a server that can not use its private key closes there without a word"
_NO_VERSION = "every version of TLS may be switched off for servers"
_THROTTLED = "the server takes some connections and cuts others, as it does when too many wait for their logon"
_UNSTEADY_PATH = "a device in the path may cut some connections"

# By stage and result.
_BY_END: Dict[Tuple[str, str], Tuple[Tuple[str, str], ...]] = {
    ("tcp", "refused"): (
        ("service.stopped", "nothing listens on the port"),
        ("listener.disabled", "a listener that is switched off closes its port"),
        ("network.blocked", "a firewall may reject the connection"),
    ),
    ("tcp", "filtered"): (
        ("network.blocked", "a firewall drops the connection"),
        ("network.unreachable", "the host may be down"),
    ),
    ("tcp", "unreachable"): (("network.unreachable", "there is no way to the address"),),
    ("dns", "failed"): (("network.unreachable", "the name has no address"),),
    ("x224", "closed"): (
        ("network.intercepted", "something took the connection and closed it before an RDP server had answered"),
        ("capacity.throttled", "a server with too many connections that wait for their logon closes new ones"),
        ("listener.dead", "the service may no longer serve its port"),
    ),
    ("x224", "reset"): (
        ("network.intercepted", "something took the connection and reset it before an RDP server had answered"),
        ("capacity.throttled", "a server with too many connections that wait for their logon drops new ones"),
        ("listener.dead", "the service may no longer serve its port"),
    ),
    ("x224", "timeout"): (("listener.dead", "the port is open and nobody answers"),),
    ("x224", "garbage"): (("listener.port_conflict", "something that does not speak RDP holds the port"),),
    ("tls", "closed"): (
        ("machine_keys.acl", _NO_KEY),
        ("machine_keys.missing", _NO_KEY),
        ("certificate.binding_stale", "the certificate that is bound may have no usable key"),
        ("tls.no_common_version", _NO_VERSION),
        ("network.intercepted", "a device in the path may cut TLS"),
    ),
    ("tls", "timeout"): (("network.intercepted", "large packets such as the TLS handshake's may be lost on the way"),),
    ("tls", "old"): (("tls.no_common_version", "the server completes only what current clients no longer offer"),),
}

_BY_FAILURE: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "SSL_CERT_NOT_ON_SERVER": (
        ("certificate.not_created", "the server says that it has no valid certificate"),
        ("machine_keys.acl", "a certificate whose key can not be read counts as none"),
        ("machine_keys.missing", "a certificate whose key is gone counts as none"),
        ("certificate.binding_stale", "the certificate that is bound may be gone"),
    ),
}

_BY_ALERT: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "protocol_version": (("tls.no_common_version", "the server refused every version of TLS that we offered"),),
    "handshake_failure": (("tls.no_common_cipher", "the server found no cipher suite to its liking"),),
    "insufficient_security": (("tls.no_common_cipher", "no cipher suite was strong enough for the server"),),
    "internal_error": (
        ("machine_keys.acl", "a server that can not use its private key may say internal_error"),
        ("machine_keys.missing", "a server whose private key is gone may say internal_error"),
    ),
}


def suspects(report: Report, result: str) -> List[Suspect]:
    """The suspects of a report that ended with ``result`` in its stage, most likely first, each once."""
    found: List[Tuple[str, str]] = []
    if report["pattern"] == "intermittent":
        found += [("capacity.throttled", _THROTTLED), ("network.intercepted", _UNSTEADY_PATH)]
    stage = report["stage"]
    if stage == "x224":
        found += _BY_FAILURE.get(report["x224"]["failure"] or "", ())
    if stage == "tls":
        found += _BY_ALERT.get(report["tls"]["alert"] or "", ())
    same = "closed" if (stage, result) == ("tls", "reset") else result
    found += _BY_END.get((stage, same), ())
    found += _of_a_working_server(report)
    first_of_each = dict(reversed(found))
    named: List[Suspect] = [{"cause": cause, "why": why} for cause, why in first_of_each.items()]
    return named[::-1]


def _of_a_working_server(report: Report) -> List[Tuple[str, str]]:
    found = []
    certificate = report["tls"]["certificate"]
    if certificate is not None and certificate["days_left"] < 0:
        found.append(("certificate.expired", f"the certificate expired on {certificate['not_after']}"))
    if report["stage"] == "ready" and report["credssp"]["result"] == "refused":
        found.append(("policy.override", "a policy may forbid NTLM"))
    if report["x224"]["result"] == "no_negotiation":
        found.append(("os.obsolete", "only Windows XP and Windows Server 2003 know no security negotiation"))
    elif report["x224"]["selected"] == "rdp":
        found.append(("listener.weakened", "the server is set to standard RDP security"))
    elif report["x224"]["nla"] in ("off", "offered"):
        found.append(("listener.weakened", "network level authentication is not required"))
    return found
