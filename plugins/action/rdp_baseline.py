# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar, cast

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import RISKS, Limits
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.drift import compare
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.wanted import BadBaseline, wanted_of


class ActionModule(ActionBase):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "facts": {"type": "dict", "required": True},
        "findings": {"type": "list", "elements": "dict", "default": []},
        "baseline": {"type": "str", "default": "microsoft"},
        "settings": {"type": "dict", "default": {}},
        "risk": {"type": "str", "choices": list(RISKS), "default": "high"},
        "allow_restart": {"type": "bool", "default": True},
        "allow_reboot": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
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
            wanted = wanted_of(arguments["baseline"], arguments["settings"])
        except BadBaseline as error:
            raise AnsibleActionFail(str(error)) from None
        facts = cast(Facts, arguments["facts"])
        # Without those of the diagnosis: what the facts alone tell.
        findings = cast(list[Finding], arguments["findings"]) or judge(facts, None)["findings"]
        found = compare(facts, findings, wanted, limits=_limits(arguments))
        result.update(
            changed=False,
            msg=f"{len(found.drift)} of {len(wanted)} settings differ from the baseline.",
            drift=found.drift,
            plan=found.plan,
            unread=found.unread,
        )
        return result


def _limits(arguments: dict[str, Any]) -> Limits:
    return Limits(
        risk=arguments["risk"],
        restart=arguments["allow_restart"],
        reboot=arguments["allow_reboot"],
        force=arguments["force"],
    )
