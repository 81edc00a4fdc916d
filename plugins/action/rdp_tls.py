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
        wanted = tls.wishes(arguments["protocols"])
        facts = self.read(host, "tls", "services", "system", "updates")
        key = facts["system"]["release"]
        windows = release(key) if key else None
        changes = tls.plan(
            facts["tls"],
            facts["system"],
            facts["updates"],
            windows,
            wanted,
            allow_weaker=arguments["allow_weaker"],
            force=arguments["force"],
        )
        before = [_item(wish, _state(facts["tls"], wish)) for wish in wanted]
        after = [_item(wish, tls.after(facts["tls"], windows, *wish)) for wish in wanted]
        journal = self.change(host, changes, risky=True, restart=RESTART)
        if journal:
            now = self.read(host, "tls")["tls"]
            after = [_item(wish, _state(now, wish)) for wish in wanted]
        return self.outcome(
            changes,
            {"protocols": before},
            {"protocols": after},
            journal=journal,
            restart_required=RESTART if changes else (),
        )


def _state(facts: Tls, wish: tls.Wish) -> str:
    return facts["protocols"][wish.name][wish.side]["state"]


def _item(wish: tls.Wish, state: str) -> dict[str, str]:
    return {"name": wish.name, "side": wish.side, "state": state}
