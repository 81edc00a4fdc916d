# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.client import LICENSES, memory_keys
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.client import (
    SWITCHES,
    License,
    Memory,
    license_changes,
    meaning,
    memory_changes,
    needs_reboot,
    switch_changes,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "encryption_oracle": {"type": "str", "choices": ["default", "force_updated", "mitigated", "vulnerable"]},
        "udp": {"type": "str", "choices": ["default", "enabled", "disabled"]},
        "redirection_warning": {"type": "str", "choices": ["default", "current", "previous"]},
        "forget_certificates_of": {"type": "list", "elements": "str", "default": []},
        "forget_licenses": {"type": "bool", "default": False},
        "allow_weaker": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        **CHANGES,
    }

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        wanted = {switch.option: arguments[switch.option] for switch in SWITCHES if arguments[switch.option]}
        values = _values(host, wanted)
        memories = _memories(host, arguments["forget_certificates_of"])
        licenses = _licenses(host) if arguments["forget_licenses"] else []
        changes = [*memory_changes(memories), *license_changes(licenses)]
        if wanted:
            facts = self.read(host, "policies", "system")
            changes += switch_changes(
                wanted,
                values,
                facts["policies"],
                facts["system"],
                allow_weaker=arguments["allow_weaker"],
                force=arguments["force"],
            )
        before = {
            **{switch.option: _told(values, switch) for switch in SWITCHES if switch.option in wanted},
            "certificates": [{"sid": one.sid, "server": one.server} for one in memories],
            "licenses": [one.name for one in licenses],
        }
        reboot = needs_reboot(changes)
        journal = self.change(host, changes, risky=False, restart=[WINDOWS] if reboot else ())
        after = {**before, **wanted, "certificates": [], "licenses": []}
        result = self.outcome(changes, before, after, journal=journal)
        result["reboot_required"] = reboot
        return result


def _values(host: Host, wanted: dict[str, str]) -> dict[str, dict[str, Any] | None]:
    """The registry values of the wanted options, as changes have them."""
    return {
        switch.option: to_json(host.registry.values(switch.key, [switch.name]).get(switch.name))
        for switch in SWITCHES
        if switch.option in wanted
    }


def _told(values: dict[str, dict[str, Any] | None], switch: Any) -> str:
    value = values[switch.option]
    return meaning(switch, None if value is None else value["data"])


def _memories(host: Host, servers: list[str]) -> list[Memory]:
    names = {server.lower() for server in servers}
    found = []
    for sid, server, key in memory_keys(host.registry, names) if names else ():
        value = host.registry.values(key, ["CertHash"]).get("CertHash")
        if value is not None:
            found.append(Memory(sid, server, key, to_json(value) or {}))
    return found


def _licenses(host: Host) -> list[License]:
    found = []
    for name in host.registry.subkeys(LICENSES) or ():
        key = host.registry.key(rf"{LICENSES}\{name}")
        if key is not None:
            values = {value_name: to_json(value) for value_name, value in key.values.items()}
            found.append(License(name, key.path, values, bool(key.subkeys)))
    return found
