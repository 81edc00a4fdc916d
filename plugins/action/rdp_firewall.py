# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Firewall
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import firewall
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "choices": ["enabled", "disabled"], "default": "enabled"},
        **CHANGES,
    }

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.read(host, "firewall")["firewall"]
        changes = firewall.plan(facts, arguments["state"], self._winrm_ports())
        before = _state(facts)
        journal = self.change(host, changes, risky=True)
        after = {**before, "state": arguments["state"]} if changes else before
        if journal:
            after = _state(self.read(host, "firewall")["firewall"])
            if after["state"] != arguments["state"]:
                raise WindowsError(
                    f"TCP {facts['port']} is still {after['state']} after the change: read rdp_facts, area firewall"
                )
        return {**self.outcome(changes, before, after, journal=journal), "port": facts["port"]}

    def _winrm_ports(self) -> set[int]:
        """Where WinRM is: its own ports, and the one that this connection goes to."""
        port = str(self._connection.get_option("port") or "")
        return {*firewall.WINRM_PORTS, *([int(port)] if port.isdigit() else [])}


def _state(facts: Firewall) -> dict[str, str]:
    return {"state": "enabled" if facts["allowed"] else "disabled"}
