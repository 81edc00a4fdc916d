# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Windows Firewall: rules that name a port, and how they are switched.

Windows 8 and Server 2012 on: the classes of root/StandardCimv2 (Microsoft, "MSFT_NetFirewallRule",
"MSFT_NetProtocolPortFilter"). Before: the rule strings in the registry, read only for the built-in Remote Desktop
rules and for rules with a GUID for a name, which is what administrators' own rules have. Rules under Group Policy come
from the registry on every version. A rule is found by its id or port, never by its name: names are translated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import FirewallRule
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryType
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import settle
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

NAMESPACE = "root/StandardCimv2"
PROFILES = ("domain", "private", "public")
REMOTE_DESKTOP_GROUP = "@FirewallAPI.dll,-28752"
LOCAL_RULES = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"
POLICY_RULES = r"HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"

_PROTOCOLS = {"6": "tcp", "17": "udp", "": "any", "256": "any"}
_PROFILE_BITS = {1: "domain", 2: "private", 4: "public"}  # 0 means all
_BLOCK, _INBOUND, _ENABLED = 4, 1, 1

# Before Windows 8 each rule costs one request.
_OLD_LOCAL_PREFIXES = ("RemoteDesktop-", "{")


def parse_rule(identifier: str, text: str, source: Literal["local", "policy"]) -> FirewallRule | None:
    """A rule string of the registry, ``v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|...|``; None for
    an outbound rule. Layout: as recorded in registry exports of Windows 7, 8.1 and 10."""
    fields: dict[str, list[str]] = {}
    for field in text.split("|")[1:]:
        name, separator, value = field.partition("=")
        if separator:
            fields.setdefault(name, []).append(value)

    def first(name: str) -> str:
        return fields.get(name, [""])[0]

    if first("Dir").lower() != "in":
        return None
    ports = [port for value in (*fields.get("LPort", []), *fields.get("LPort2_10", [])) for port in value.split(",")]
    return FirewallRule(
        id=identifier,
        enabled=first("Active").upper() == "TRUE",
        action="block" if first("Action").lower() == "block" else "allow",
        protocol=_PROTOCOLS.get(first("Protocol"), first("Protocol")),
        ports=ports or ["any"],
        profiles=[profile.lower() for profile in fields.get("Profile", [])] or list(PROFILES),
        source=source,
        group=first("EmbedCtxt"),
    )


def names_port(ports: Iterable[str], port: int) -> bool:
    """Whether a rule's ports, "3389" or "3380-3390", name this one. "any" names none."""
    for each in ports:
        low, dash, high = each.partition("-")
        if low.isdigit() and (int(low) <= port <= int(high) if dash and high.isdigit() else int(low) == port):
            return True
    return False


class Firewall:
    """The firewall of one host."""

    def __init__(self, session: Session, registry: Registry, tools: Tools) -> None:
        self._session = session
        self._registry = registry
        self._tools = tools

    def rules(self, port: int, *, classes: bool, policy: bool = True) -> list[FirewallRule]:
        """The inbound TCP rules that name a port or belong to the Remote Desktop group, enabled or not.

        ``classes``: the host has root/StandardCimv2. ``policy``: look for rules under Group Policy as well.
        """
        local = self._class_rules(port) if classes else self._registry_rules(LOCAL_RULES, "local", _is_old_local)
        rules = [*local, *(self._registry_rules(POLICY_RULES, "policy", lambda _name: True) if policy else ())]
        return [rule for rule in rules if rule["protocol"] in ("tcp", "any") and names_port(rule["ports"], port)]

    def set_enabled(self, rule: FirewallRule, enabled: bool, *, classes: bool, deadline: Deadline) -> None:
        """Switches a local rule on or off.

        Before Windows 8 netsh switches the whole group of the rule, named by its resource string (MEM: netsh takes
        it in every language); a rule outside a group can not be switched there.
        """
        state = "yes" if enabled else "no"
        line = f'netsh.exe advfirewall firewall set rule group="{rule["group"]}" new enable={state}'
        if not classes and not rule["group"]:
            raise WindowsError(f"the firewall rule {rule['id']} belongs to no group: switch it by hand")
        settle(
            self._session,
            f"the switching of the firewall rule {rule['id']}",
            read=lambda: self.is_enabled(rule["id"], classes=classes),
            write=lambda: self._switch(rule["id"], enabled) if classes else self._tools.run(line, deadline),
            wanted=lambda found: found is enabled,
            show=_shown_state,
        )

    def add_port(self, name: str, port: int, profiles: Sequence[str], *, classes: bool, deadline: Deadline) -> None:
        """Adds an inbound rule of ours that lets TCP to a port reach TermService."""
        line = (
            f'netsh.exe advfirewall firewall add rule name="{name}" dir=in action=allow protocol=TCP '
            f"localport={port} service=TermService profile={','.join(profiles)} enable=yes"
        )
        before = self.own_rules(port, profiles, classes=classes)
        settle(
            self._session,
            f"the adding of the firewall rule {name}",
            read=lambda: self.own_rules(port, profiles, classes=classes),
            write=lambda: self._tools.run(line, deadline),
            wanted=lambda found: len(found) > len(before),
            show=_shown_rules,
        )

    def delete_port(self, name: str, port: int, profiles: Sequence[str], *, classes: bool, deadline: Deadline) -> None:
        """Deletes the rule that add_port made; one that is gone is no error."""
        before = self.own_rules(port, profiles, classes=classes)
        if not before:
            return
        settle(
            self._session,
            f"the deletion of the firewall rule {name}",
            read=lambda: self.own_rules(port, profiles, classes=classes),
            write=lambda: self._tools.run(f'netsh.exe advfirewall firewall delete rule name="{name}"', deadline),
            wanted=lambda found: len(found) < len(before),
            show=_shown_rules,
        )

    def is_enabled(self, identifier: str, *, classes: bool) -> bool | None:
        """Whether one local rule is on; None when there is no such rule."""
        if classes:
            rows = self._session.query(
                NAMESPACE,
                f"SELECT InstanceID, Enabled FROM MSFT_NetFirewallRule WHERE InstanceID = '{_escaped(identifier)}'",
            )
            return rows[0].integer("Enabled") == _ENABLED if rows else None
        value = self._registry.value(LOCAL_RULES, identifier, RegistryType.REG_SZ)
        text = value.data if value is not None and isinstance(value.data, str) else ""
        rule = parse_rule(identifier, text, "local") if text else None
        return None if rule is None else rule["enabled"]

    def own_rules(self, port: int, profiles: Sequence[str], *, classes: bool) -> list[str]:
        """The ids of rules like those that add_port makes. By their looks: the name of a rule is not read."""
        return sorted(
            rule["id"]
            for rule in self.rules(port, classes=classes)
            if rule["enabled"]
            and rule["action"] == "allow"
            and rule["source"] == "local"
            and not rule["group"]
            and rule["ports"] == [str(port)]
            and set(rule["profiles"]) == set(profiles)
        )

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _switch(self, identifier: str, enabled: bool) -> None:
        method = "Enable" if enabled else "Disable"
        output = self._session.invoke(NAMESPACE, "MSFT_NetFirewallRule", method, {}, {"InstanceID": identifier})
        code = output.return_value
        if code:
            raise WindowsError(f"{method} of the firewall rule {identifier} returned {code}", code)

    def _class_rules(self, port: int) -> list[FirewallRule]:
        filters = self._session.query(
            NAMESPACE, "SELECT InstanceID, Protocol, LocalPort FROM MSFT_NetProtocolPortFilter WHERE Protocol = 'TCP'"
        )
        ports = {
            identifier: row.texts("LocalPort")
            for row in filters
            if (identifier := row.text("InstanceID")) and names_port(row.texts("LocalPort"), port)
        }
        if not ports:
            return []
        where = " OR ".join(f"InstanceID = '{_escaped(identifier)}'" for identifier in ports)
        rows = self._session.query(
            NAMESPACE,
            "SELECT InstanceID, Enabled, Direction, Action, Profiles, RuleGroup FROM MSFT_NetFirewallRule "
            f"WHERE {where}",
        )
        return [rule for row in rows if (rule := _class_rule(row, ports)) is not None]

    def _registry_rules(
        self, path: str, source: Literal["local", "policy"], wanted: Callable[[str], bool]
    ) -> Iterator[FirewallRule]:
        for name, value in self._registry.values(path, matching=wanted).items():
            rule = parse_rule(name, value.data, source) if isinstance(value.data, str) else None
            if rule is not None:
                yield rule


def _shown_state(enabled: bool | None) -> str:
    return "absent" if enabled is None else "enabled" if enabled else "disabled"


def _shown_rules(rules: Sequence[str]) -> str:
    return f"the rules {', '.join(rules)} for the port" if rules else "no such rule"


def _is_old_local(name: str) -> bool:
    return name.startswith(_OLD_LOCAL_PREFIXES)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _class_rule(row: Instance, ports: dict[str, list[str]]) -> FirewallRule | None:
    identifier = row.text("InstanceID") or ""
    if row.integer("Direction") != _INBOUND or identifier not in ports:
        return None
    bits = row.integer("Profiles", 0) or 0
    return FirewallRule(
        id=identifier,
        enabled=row.integer("Enabled") == _ENABLED,
        action="block" if row.integer("Action") == _BLOCK else "allow",
        protocol="tcp",
        ports=ports[identifier],
        profiles=[name for bit, name in _PROFILE_BITS.items() if bits & bit] or list(PROFILES),
        source="local",
        group=row.text("RuleGroup") or "",
    )
