# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What follows from facts alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Certificate,
    CertificateArea,
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
