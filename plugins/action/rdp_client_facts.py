# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.client import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    def on_host(self, host: Host, arguments: Arguments) -> Result:
        del arguments
        client = gather(host)
        return {"changed": False, "ansible_facts": {"rdp_client": client}, "requests": host.session.requests}
