# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows Firewall: the registry's rule strings are the only truth, everything else is derived from them.

The form of a rule string (`v2.30|Action=Allow|Active=TRUE|Dir=In|...|`) follows recorded registry exports of Windows 7,
8.1 and 10.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from tests.lab.model.registry import HKLM, REG_SZ, Registry

POLICY_ROOT = HKLM + "\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
RULES = POLICY_ROOT + "\\FirewallRules"
GPO_ROOT = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
GPO_RULES = GPO_ROOT + "\\FirewallRules"
PROFILE_KEYS = {"Domain": "DomainProfile", "Private": "StandardProfile", "Public": "PublicProfile"}
PROFILE_BITS = {"Domain": 1, "Private": 2, "Public": 4}
TCP, UDP = 6, 17


@dataclass(frozen=True)
class Rule:
    """One rule; `fields` keeps every name=value in order, so that a rule is written back as it was."""

    id: str
    version: str
    fields: tuple[tuple[str, str], ...]
    from_policy: bool = False

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    @property
    def active(self) -> bool:
        return (self.get("Active") or "").upper() == "TRUE"

    @property
    def allows(self) -> bool:
        return self.get("Action") == "Allow"

    @property
    def inbound(self) -> bool:
        return self.get("Dir") == "In"

    @property
    def protocol(self) -> int | None:
        text = self.get("Protocol")
        return int(text) if text is not None and text.isdigit() else None

    @property
    def group(self) -> str | None:
        return self.get("EmbedCtxt")

    def covers(self, port: int, profile: str, service: str, protocol: int = TCP, remote: str | None = None) -> bool:
        """Whether the rule speaks of inbound traffic to this port of a system service under this profile, from the
        address `remote`; None is one whom every rule means."""
        profiles = self.all("Profile")
        ports = self.all("LPort")
        program = (self.get("App") or "System").lower()
        return (
            self.inbound
            and (program == "system" or program.endswith("\\svchost.exe"))
            and (self.get("Svc") or service).lower() in (service.lower(), "*")
            and self.protocol in (None, protocol)
            and (not profiles or profile in profiles)
            and (not ports or any(_port_matches(text, port) for text in ports))
            and (remote is None or self._means(remote))
        )

    def _means(self, remote: str) -> bool:
        """RA4 and RA6: addresses, networks with a prefix or a mask, ranges; LocalSubnet is nobody from elsewhere."""
        scopes = [part for name in ("RA4", "RA6") for text in self.all(name) for part in text.split(",")]
        return not scopes or any(_address_matches(scope.strip(), remote) for scope in scopes)

    def with_active(self, active: bool) -> Rule:
        text = "TRUE" if active else "FALSE"
        fields = tuple((key, text if key.lower() == "active" else value) for key, value in self.fields)
        return Rule(self.id, self.version, fields, self.from_policy)

    def text(self) -> str:
        return "|".join([self.version, *(f"{key}={value}" for key, value in self.fields), ""])


def _port_matches(text: str, port: int) -> bool:
    first, _separator, last = text.partition("-")
    if not first.isdigit() or (last and not last.isdigit()):
        return False
    return int(first) <= port <= int(last or first)


def _address_matches(scope: str, remote: str) -> bool:
    address = ipaddress.ip_address(remote)
    first, _separator, last = scope.partition("-")
    try:
        if last:
            low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
            return low.version == high.version == address.version and int(low) <= int(address) <= int(high)
        return address in ipaddress.ip_network(scope, strict=False)
    except ValueError:
        return False


def parse_rule(rule_id: str, text: str, from_policy: bool = False) -> Rule:
    """A rule from its string; text without a version or a field is kept as it stands."""
    parts = [part for part in text.split("|") if part]
    version = parts[0] if parts and "=" not in parts[0] else ""
    fields = tuple((key, value) for key, sep, value in (part.partition("=") for part in parts) if sep)
    return Rule(rule_id, version, fields, from_policy)


class Firewall:
    """The firewall of one host, read from its registry each time."""

    def __init__(self, registry: Registry, profile: str) -> None:
        self._registry = registry
        self.profile = profile

    def rules(self) -> Iterator[Rule]:
        """Local rules, then those of Group Policy."""
        for path, from_policy in ((RULES, False), (GPO_RULES, True)):
            key = self._registry.find(path)
            for lower in sorted(key.values) if key is not None else ():
                value = key.values[lower] if key is not None else None
                if value is not None and isinstance(value.data, str):
                    yield parse_rule(value.name, value.data, from_policy)

    def find(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules() if rule.id.lower() == rule_id.lower()), None)

    def write(self, rule: Rule) -> None:
        self._registry.set(GPO_RULES if rule.from_policy else RULES, rule.id, REG_SZ, rule.text())

    def setting(self, profile: str, name: str) -> int | None:
        """A profile switch: Group Policy over local; None when neither sets it."""
        key = PROFILE_KEYS[profile]
        # The policy tree calls the private profile StandardProfile too.
        policy = self._registry.dword(f"{GPO_ROOT}\\{key}", name)
        return policy if policy is not None else self._registry.dword(f"{POLICY_ROOT}\\{key}", name)

    def enabled(self, profile: str) -> bool:
        return self.setting(profile, "EnableFirewall") != 0

    def allows(self, port: int, service: str, *, remote: str | None = None) -> bool:
        """Whether inbound TCP to `port` of `service` gets through under the active profile, from `remote`; None is a
        host that no rule's scope leaves out.

        A block rule wins over an allow rule, no rule means blocked unless the profile allows inbound by default.
        Local rules are dead when policy forbids their merge.
        """
        if not self.enabled(self.profile):
            return True
        if self.setting(self.profile, "DoNotAllowExceptions") == 1:
            return False
        local_dead = self.setting(self.profile, "AllowLocalPolicyMerge") == 0
        rules = [
            rule
            for rule in self.rules()
            if rule.active
            and rule.covers(port, self.profile, service, remote=remote)
            and (rule.from_policy or not local_dead)
        ]
        if any(not rule.allows for rule in rules):
            return False
        return bool(rules) or self.setting(self.profile, "DefaultInboundAction") == 0
