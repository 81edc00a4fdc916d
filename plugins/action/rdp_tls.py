# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import tls
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

# Schannel's values count for credentials that are made anew (Microsoft, "TLS registry settings").
RESTART = ("TermService",)


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "protocols": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True, "choices": list(PROTOCOLS)},
                "side": {"type": "str", "choices": ["server", "client", "both"], "default": "server"},
                "state": {"type": "str", "choices": ["enabled", "disabled", "default"], "default": "enabled"},
            },
        },
        "allow_weaker": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
    }

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        wanted = arguments["protocols"]
        facts = self.read(host, "tls", "services", "system")
        key = facts["system"]["release"]
        windows = release(key) if key else None
        changes = tls.plan(
            facts["tls"],
            facts["system"],
            windows,
            wanted,
            allow_weaker=arguments["allow_weaker"],
            force=arguments["force"],
        )
        before = [_item(name, side, _state(facts["tls"], name, side)) for name, side, _wish in _sides(wanted)]
        after = [
            _item(name, side, tls.after(facts["tls"], windows, name, side, wish)) for name, side, wish in _sides(wanted)
        ]
        journal = self.change(host, changes, risky=True, restart=RESTART)
        if journal:
            now = self.read(host, "tls")["tls"]
            after = [_item(name, side, _state(now, name, side)) for name, side, _wish in _sides(wanted)]
        return self.outcome(
            changes,
            {"protocols": before},
            {"protocols": after},
            journal=journal,
            restart_required=RESTART if changes else (),
        )


def _sides(wanted: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Name, side and wanted state of each side that the option names, each side once, the last wish counting."""
    wishes = {
        (item["name"], side): item["state"]
        for item in wanted
        for side in (("server", "client") if item["side"] == "both" else (item["side"],))
    }
    return [(name, side, state) for (name, side), state in wishes.items()]


def _state(facts: Tls, name: str, side: str) -> str:
    return facts["protocols"][name][side]["state"]


def _item(name: str, side: str, state: str) -> dict[str, str]:
    return {"name": name, "side": side, "state": state}
