# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import subset
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {"gather_subset": {"type": "list", "elements": "str", "default": ["all"]}}

    def validated(self) -> Arguments:
        arguments = super().validated()
        try:
            areas = subset(arguments["gather_subset"])
        except ValueError as error:
            raise AnsibleActionFail(f"gather_subset: {error}") from None
        return {**arguments, "gather_subset": areas}

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        facts = self.gather(host, arguments["gather_subset"], arguments)
        return {"changed": False, "ansible_facts": {"rdp": facts}, "requests": host.session.requests}
