# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of the firewall for the listener's port. Pure."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import lets_in
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Firewall, FirewallRule
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import REMOTE_DESKTOP_GROUP, names_port

WINRM_PORTS = (5985, 5986)


def rule_name(port: int) -> str:
    """The name of the rule that this collection adds for a port that no rule of Windows covers."""
    return f"winops.rdp Remote Desktop TCP {port}"


def plan(facts: Firewall, state: str, winrm_ports: Collection[int] = WINRM_PORTS) -> list[Change]:
    """``state``: enabled (TCP to the port is let in on every active profile) or disabled (it is not).

    A rule that lets WinRM in as well is never disabled: the connection that would take it back is what ends.
    """
    return _plan_disabled(facts, winrm_ports) if state == "disabled" else _plan_enabled(facts)


def _plan_enabled(facts: Firewall) -> list[Change]:
    closed = [name for name in facts["active_profiles"] if not lets_in(facts["profiles"][name], name, facts["rules"])]
    if not closed:
        return []
    for name in closed:
        if not facts["profiles"][name]["local_rules_apply"]:
            raise Refused(
                f"Group Policy makes local firewall rules void in the {name} profile (AllowLocalPolicyMerge 0): "
                f"allow TCP {facts['port']} in the policy"
            )
        blocking = [
            rule["id"]
            for rule in facts["rules"]
            if rule["enabled"] and rule["action"] == "block" and name in rule["profiles"]
        ]
        if blocking:
            raise Refused(
                f"the firewall rule {blocking[0]} blocks TCP {facts['port']} in the {name} profile: somebody made it "
                "on purpose, so disable it by hand if it is not wanted"
            )
    changes: list[Change] = []
    for rule in _candidates(facts):
        covered = [name for name in closed if name in rule["profiles"]]
        if covered:
            changes.append(_switch(rule, True))
            closed = [name for name in closed if name not in covered]
    if closed:
        changes.append(
            Change(
                kind="firewall_port",
                target=rule_name(facts["port"]),
                name=str(facts["port"]),
                before=None,
                after=closed,
            )
        )
    return changes


def _plan_disabled(facts: Firewall, winrm_ports: Collection[int]) -> list[Change]:
    for name in facts["active_profiles"]:
        profile = facts["profiles"][name]
        if not profile["enabled"] or profile["default_inbound"] == "allow":
            raise Refused(
                f"the firewall lets everything in in the {name} profile, so there is no rule to disable: switch the "
                "profile on and let it block inbound connections first"
            )
    allowing = [rule for rule in facts["rules"] if rule["enabled"] and rule["action"] == "allow"]
    for rule in allowing:
        if rule["source"] == "policy":
            raise Refused(f"the firewall rule {rule['id']} comes from Group Policy: change it there")
        shared = [port for port in winrm_ports if names_port(rule["ports"], port)]
        if shared:
            raise Refused(
                f"the firewall rule {rule['id']} lets in TCP {shared[0]} for WinRM, too: give Remote Desktop a rule of "
                "its own, or disable this one by hand"
            )
    return [_switch(rule, False) for rule in allowing]


def _candidates(facts: Firewall) -> list[FirewallRule]:
    """Disabled local rules that allow the port: Windows' own first, since they also name program and service."""
    rules = [
        rule
        for rule in facts["rules"]
        if not rule["enabled"] and rule["action"] == "allow" and rule["source"] == "local"
    ]
    own = [rule for rule in rules if rule["group"] == REMOTE_DESKTOP_GROUP]
    return sorted(own, key=lambda rule: rule["id"])


def _switch(rule: FirewallRule, enabled: bool) -> Change:
    return Change(kind="firewall_rule", target=rule["id"], name=rule["group"], before=not enabled, after=enabled)
