# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What follows from facts alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    TLS_1_0_ONLY_RELEASES,
    TLS_1_0_RELEASES,
    TLS_1_2_UPDATE,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Certificate,
    CertificateArea,
    Facts,
    FirewallProfile,
    FirewallRule,
)


def self_signed(certificates: CertificateArea) -> Certificate | None:
    """The self-signed certificate in use: the one that the registry names, else (MEM) the one that is valid longest.

    What an administrator has bound, or a CA has issued, is none, though it may lie in the same store.
    """
    own = [
        each
        for each in certificates.get("remote_desktop", [])
        if each["self_signed"] and each["thumbprint"] != certificates.get("bound_thumbprint")
    ]
    named = [each for each in own if each["thumbprint"] == certificates.get("self_signed_thumbprint")]
    return named[0] if named else max(own, key=lambda each: each["not_after"], default=None)


def only_tls_1_0(facts: Facts) -> bool | None:
    """Whether the RDP listener of this Windows knows TLS 1.0 only, whatever Schannel allows.

    None: that depends on KB3080079, and the updates could not be read. That their list does not have it is no proof,
    since a roll-up replaces it; TLS 1.0 is what is sure.
    """
    system, updates = facts.get("system"), facts.get("updates")
    release = system.get("release", "") if system is not None and system["status"] == "ok" else ""
    if release not in TLS_1_0_RELEASES:
        return release in TLS_1_0_ONLY_RELEASES
    if updates is None or updates["status"] != "ok":
        return None
    return all(update["kb"] != TLS_1_2_UPDATE for update in updates.get("installed", []))


def lets_in(profile: FirewallProfile, name: str, rules: Iterable[FirewallRule]) -> bool:
    """Whether one profile lets the port in. A block rule wins over every allow rule (Microsoft, "Firewall rules")."""
    if not profile["enabled"]:
        return True
    applying = [
        rule
        for rule in rules
        if rule["enabled"] and name in rule["profiles"] and (rule["source"] == "policy" or profile["local_rules_apply"])
    ]
    if any(rule["action"] == "block" for rule in applying):
        return False
    return profile["default_inbound"] == "allow" or bool(applying)
