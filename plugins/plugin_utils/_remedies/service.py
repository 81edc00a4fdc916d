# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of a service: start mode, account, program, state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    SERVICES,
    TERM_SERVICE_DLL,
    is_own_dll,
    known_account,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus

# The option value for what Windows itself ships.
DEFAULT: Final = "default"
PARAMETERS: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\TermService\Parameters"
SERVICE_DLL: Final = "ServiceDll"
# What a service takes up only when it starts.
_NEEDS_START: Final = ("service_account", "registry_value")


def plan(status: ServiceStatus, wanted: Mapping[str, str | None], dll: Mapping[str, Any] | None) -> list[Change]:
    """``wanted``: the options start_mode, account, program and state. ``dll``: the value ServiceDll as a change has it.

    The start comes last, when everything that it reads is right.
    """
    name, changes = status.name, []
    mode, account = start_mode(name, wanted["start_mode"]), SERVICES[name].account
    if mode not in (None, status.start_mode):
        changes.append(_change("start_mode", name, status.start_mode, mode))
    if wanted["account"] == DEFAULT and known_account(status.account) != known_account(account):
        changes.append(_change("service_account", name, status.account, account))
    if wanted["program"] == DEFAULT and not is_own(dll):
        changes.append(
            Change(
                kind="registry_value",
                target=PARAMETERS,
                name=SERVICE_DLL,
                before=dll,
                after={"type": "REG_EXPAND_SZ", "data": TERM_SERVICE_DLL},
            )
        )
    if wanted["state"] is not None and status.state != "running":
        changes.append(_change("service_state", name, "stopped", "running"))
    return changes


def start_mode(name: str, wanted: str | None) -> str | None:
    return SERVICES[name].start_mode if wanted == DEFAULT else wanted


def is_own(dll: Mapping[str, Any] | None) -> bool:
    """Whether a value ServiceDll is Windows' own. One with variables in a plain text would not be expanded."""
    if dll is None or not isinstance(dll["data"], str) or not is_own_dll(dll["data"]):
        return False
    return dll["type"] == "REG_EXPAND_SZ" or "%" not in dll["data"]


def needs_start(changes: list[Change]) -> bool:
    """Whether a service that runs goes on as before until it starts again."""
    return any(change["kind"] in _NEEDS_START for change in changes)


def _change(kind: str, name: str, before: str, after: str | None) -> Change:
    return Change(kind=kind, target=name, name="", before=before, after=after)
