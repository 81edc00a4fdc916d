# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import LOCAL_MODE, LOCAL_SERVERS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Licensing
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.licensing import names_of, plan
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "mode": {"type": "str", "choices": ["per_device", "per_user"]},
        "servers": {"type": "list", "elements": "str"},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        if arguments["mode"] is None and arguments["servers"] is None:
            raise AnsibleActionFail("nothing to do: give mode, servers, or both")
        if arguments["servers"] == []:
            raise AnsibleActionFail("servers: a session host without license servers lets nobody in; name one")
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.read(host, "licensing", "system")
        mode, servers = arguments["mode"], arguments["servers"]
        changes = plan(
            facts["licensing"],
            facts["system"],
            mode=mode,
            servers=servers,
            mode_now=to_json(host.licensing.read(LOCAL_MODE)),
            servers_now=to_json(host.licensing.read(LOCAL_SERVERS)),
        )
        before = _state(facts["licensing"])
        after = {"mode": mode or before["mode"], "servers": before["servers"] if servers is None else servers}
        journal = self.change(host, changes, risky=False)
        if journal:
            after = _state(self.read(host, "licensing")["licensing"])
        return self.outcome(changes, before, after, journal=journal)


def _state(facts: Licensing) -> dict[str, Any]:
    return {"mode": facts["mode"], "servers": names_of(facts)}
