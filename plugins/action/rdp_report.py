# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.winops.rdp.plugins.plugin_utils._report import Row, counts, row, table, undiagnosed

SCHEMA_VERSION = 1


class ActionModule(ActionBase):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "hosts": {"type": "list", "elements": "str", "required": True},
        "path": {"type": "path"},
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
        rows = _rows(arguments["hosts"], (task_vars or {}).get("hostvars", {}))
        lines = table(rows) if rows else ["No host has been diagnosed in this run."]
        for line in lines:
            self._display.display(line)
        # A report is output, not a state that is kept: a run that only writes one has changed nothing.
        result.update(changed=False, table=lines, rows=rows, counts=counts(rows))
        if arguments["path"] and not self._task.check_mode:
            _write(Path(arguments["path"]), rows)
        return result


def _drift(variables: Any) -> list[str]:
    """What the role enforce found: what it has repaired, and what is left."""
    found = (variables.get("enforce_found") or {}).get("drift", [])
    left = {each["setting"] for each in (variables.get("enforce_result") or {}).get("drift", [])}
    return [each["text"] if each["setting"] in left else f"Repaired: {each['text']}" for each in found]


def _write(path: Path, rows: list[Row]) -> None:
    """Writes the report as JSON on the controller."""
    text = json.dumps({"schema": SCHEMA_VERSION, "counts": counts(rows), "hosts": rows}, indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnsibleActionFail(f"the report can not be written to {path}: {error.strerror}") from None


def _rows(hosts: list[str], hostvars: Any) -> list[Row]:
    """A row for every host that the role diagnose ran on; what it ran on before a fix, the role remediate keeps."""
    rows = []
    for host in hosts:
        variables = hostvars.get(host) or {}
        result = variables.get("diagnose_result") or {}
        if result.get("verdict"):
            rows.append(
                row(
                    host,
                    result["verdict"],
                    variables.get("remediate_before") or variables.get("enforce_before"),
                    drift=_drift(variables),
                    outcome=variables.get("remediate_outcome", ""),
                    connected=result.get("facts", {}).get("sessions", {}).get("connected", 0),
                )
            )
        elif result.get("failed"):
            rows.append(undiagnosed(host, str(result.get("msg", ""))))
    return rows
