# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning services: Windows' own start mode, account and program, and the start last."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import restore, service
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Entry
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus

NETWORK = "NT Authority\\NetworkService"
OWN = {"type": "REG_EXPAND_SZ", "data": "%SystemRoot%\\System32\\termsrv.dll"}
FOREIGN = {"type": "REG_EXPAND_SZ", "data": "C:\\Windows\\x.dll"}


def plan(dll: Any = "own", *, now: str = "running", runs_as: str = NETWORK, **wanted: Any) -> list[Change]:
    status = ServiceStatus("TermService", now, "disabled", runs_as, 4, 0)
    asked = {"start_mode": None, "account": None, "program": None, "state": None, **wanted}
    return service.plan(status, asked, OWN if dll == "own" else dll)


def test_everything_is_put_right_and_then_started() -> None:
    wanted = {**dict.fromkeys(("start_mode", "account", "program"), "default"), "state": "started"}
    changes = plan(FOREIGN, now="stopped", runs_as="LocalSystem", **wanted)
    assert [(each["kind"], each["before"], each["after"]) for each in changes] == [
        ("start_mode", "disabled", "manual"),
        ("service_account", "LocalSystem", NETWORK),
        ("registry_value", FOREIGN, OWN),
        ("service_state", "stopped", "running"),
    ]
    assert service.needs_start(changes)
    assert not service.needs_start(plan(start_mode="auto"))


@pytest.mark.parametrize(
    ("dll", "own"),
    [
        (OWN, True),
        ({"type": "REG_SZ", "data": "C:\\WINDOWS\\System32\\termsrv.dll"}, True),
        ({"type": "REG_SZ", "data": OWN["data"]}, False),  # Windows would not expand it
        ({"type": "REG_MULTI_SZ", "data": [OWN["data"]]}, False),
        (FOREIGN, False),
        (None, False),
    ],
)
def test_the_program_by_its_file_and_type(dll: Any, own: bool) -> None:
    assert service.is_own(dll) is own
    assert bool(plan(dll, program="default")) is not own


@pytest.mark.parametrize("account", [NETWORK, "nt authority\\network service"])
def test_an_account_has_several_spellings(account: str) -> None:
    assert plan(runs_as=account, account="default") == []


@pytest.mark.parametrize(("account", "kept"), [("LocalSystem", False), (".\\bob", True)])
def test_an_account_with_a_password_can_not_come_back(account: str, kept: bool) -> None:
    change = Change(kind="service_account", target="TermService", name="", before=account, after=NETWORK)
    status = SimpleNamespace(account=NETWORK)
    host: Any = SimpleNamespace(services=SimpleNamespace(get=lambda _name: status))
    entry = Entry(key="k", name="0001", at="", run="r", module="rdp_service", restart=[], change=change)
    (item,) = restore.plan(host, [entry], force=False)
    assert (item.back is None, "password" in item.kept, item.final) == (kept, kept, True)
