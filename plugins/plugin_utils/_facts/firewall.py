# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Whether the firewall lets TCP to the listener's port in, on the networks that the host is connected to.

Profile switches: Microsoft, "Windows Firewall with Advanced Security" registry values EnableFirewall,
DefaultInboundAction and (policy only) AllowLocalPolicyMerge; the private profile is called StandardProfile in the
local key. MEM: the defaults without values are on, block inbound, local rules apply.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICIES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import lets_in
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    Firewall,
    FirewallProfile,
    Source,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import NAMESPACE, PROFILES
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryValue

_LOCAL = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY_KEY = "WindowsFirewall"
_POLICY = rf"{POLICIES}\{POLICY_KEY}"
_LOCAL_KEYS = {"domain": "DomainProfile", "private": "StandardProfile", "public": "PublicProfile"}
_POLICY_KEYS = {"domain": "DomainProfile", "private": "PrivateProfile", "public": "PublicProfile"}
# MSFT_NetConnectionProfile.NetworkCategory
_CATEGORIES = {0: "public", 1: "private", 2: "domain"}


def read(host: Host, port: Callable[[], int], policies: Collection[str] | None) -> Firewall:
    """``port`` is asked for when it is needed; ``policies`` are the keys below the policy key, None: not known."""
    classes = host.has_firewall_classes
    by_policy = policies is None or POLICY_KEY.lower() in policies
    profiles = {name: _profile(host, name, by_policy=by_policy) for name in PROFILES}
    active = _active_profiles(host) if classes else list(PROFILES)
    number = port()
    rules = host.firewall.rules(number, classes=classes, policy=by_policy)
    return Firewall(
        status="ok",
        reason="",
        port=number,
        active_profiles=active,
        profiles=profiles,
        rules=rules,
        allowed=all(lets_in(profiles[name], name, rules) for name in active),
    )


def profile_switch(name: str, source: Source) -> str:
    """Where it is set whether a profile filters."""
    key = rf"{_POLICY}\{_POLICY_KEYS[name]}" if source == "policy" else rf"{_LOCAL}\{_LOCAL_KEYS[name]}"
    return rf"{key}\EnableFirewall"


def _profile(host: Host, name: str, *, by_policy: bool) -> FirewallProfile:
    names = ["EnableFirewall", "DefaultInboundAction"]
    local = host.registry.values(rf"{_LOCAL}\{_LOCAL_KEYS[name]}", names)
    policy_path = rf"{_POLICY}\{_POLICY_KEYS[name]}"
    policy = host.registry.values(policy_path, [*names, "AllowLocalPolicyMerge"]) if by_policy else {}
    source: Source = "policy" if policy else "local" if local else "default"
    merged = {**local, **policy}
    return FirewallProfile(
        enabled=_number(merged.get("EnableFirewall"), 1) != 0,
        default_inbound="allow" if _number(merged.get("DefaultInboundAction"), 1) == 0 else "block",
        local_rules_apply=_number(policy.get("AllowLocalPolicyMerge"), 1) != 0,
        source=source,
    )


def _active_profiles(host: Host) -> list[str]:
    rows = host.session.query(NAMESPACE, "SELECT NetworkCategory FROM MSFT_NetConnectionProfile")
    found = {_CATEGORIES.get(row.integer("NetworkCategory", -1) or 0) for row in rows}
    return [name for name in PROFILES if name in found] or list(PROFILES)


def _number(value: RegistryValue | None, default: int) -> int:
    return value.data if value is not None and isinstance(value.data, int) else default
