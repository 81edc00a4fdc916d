# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, RANGES
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import listener
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "enabled": {"type": "bool"},
        "station_enabled": {"type": "bool"},
        "security_layer": {"type": "str", "choices": ["rdp", "negotiate", "tls"]},
        "nla": {"type": "bool"},
        "min_encryption_level": {"type": "str", "choices": ["low", "client_compatible", "high", "fips"]},
        "negotiation": {"type": "bool"},
        "port": {"type": "int"},
        "max_outstanding_connections": {"type": "int"},
        "max_instances": {"type": "int"},
        "prompt_for_password": {"type": "bool"},
        "drain_mode": {"type": "str", "choices": ["off", "until_restart", "on"]},
        "logons_allowed": {"type": "bool"},
        "user_logons_allowed": {"type": "bool"},
        "allow_weaker": {"type": "bool", "default": False},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        for option, (low, high) in RANGES.items():
            value = arguments[option]
            if value is not None and not low <= value <= high:
                raise AnsibleActionFail(f"{option} must be between {low} and {high}, not {value}")
        if not _desired(arguments):
            raise AnsibleActionFail(f"nothing to do: give at least one of {', '.join(sorted(BY_OPTION))}")
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        desired = _desired(arguments)
        facts = self.read(host, "listener")["listener"]
        before = listener.before(facts, desired)
        changes = listener.plan(facts, desired, allow_weaker=arguments["allow_weaker"])
        restart = listener.restart_required(desired, changes)
        journal = self.change(host, changes, risky=False, restart=restart)
        after = {**before, **desired}
        if journal:
            after = listener.before(self.read(host, "listener")["listener"], desired)
        return self.outcome(changes, before, after, journal=journal, restart_required=restart)


def _desired(arguments: Arguments) -> dict[str, Any]:
    return {option: arguments[option] for option in BY_OPTION if arguments[option] is not None}
