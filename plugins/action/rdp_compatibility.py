# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.advise import matrix, summaries
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import BadParty, client
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import server


class ActionModule(ActionBase):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "clients": {"type": "list", "elements": "raw", "required": True},
        "servers": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "facts": {"type": "dict"},
                "wire": {"type": "dict"},
                "release": {"type": "str"},
            },
        },
    }

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        checked = ArgumentSpecValidator(self.ARGUMENTS).validate(self._task.args)
        if checked.error_messages:
            raise AnsibleActionFail(". ".join(checked.error_messages))
        arguments = checked.validated_parameters
        try:
            clients = [client(each) for each in arguments["clients"]]
            servers = [server(each) for each in arguments["servers"]]
        except BadParty as error:
            raise AnsibleActionFail(str(error)) from None
        rows = matrix(clients, servers)
        found = summaries(rows)
        fails = sum(len(each["fails"]) for each in found)
        unknown = sum(len(each["unknown"]) for each in found)
        result.update(
            changed=False,
            msg=f"{len(rows)} pairs: {len(rows) - fails - unknown} connect, {fails} fail, {unknown} are not known.",
            rows=rows,
            summary=found,
        )
        return result
