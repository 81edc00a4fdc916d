# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rdp_compatibility as a task runs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.template import Templar

from ansible_collections.winops.rdp.plugins.action.rdp_compatibility import ActionModule
from tests.unit.causes.healthy import facts_of, ready


def run(**arguments: Any) -> dict[str, Any]:
    loader = DataLoader()
    task = Task()
    task.args = arguments
    # It uses no connection, but ansible-core looks at its shell.
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="unused"))
    action = ActionModule(task, connection, PlayContext(), loader, Templar(loader=loader), None)
    return action.run(task_vars={})


def test_rows_and_summary() -> None:
    servers = [{"name": "old", "release": "2008r2"}, {"name": "new", "facts": facts_of(), "release": "2022"}]
    result = run(clients=["11-24h2", 7, {"name": "mine", "profile": "freerdp-3"}], servers=servers)
    assert (result["changed"], len(result["rows"])) == (False, 6)
    assert result["summary"] == [
        {"server": "old", "connects": ["11-24h2", "7"], "fails": ["mine"], "unknown": []},
        {"server": "new", "connects": ["11-24h2", "7", "mine"], "fails": [], "unknown": []},
    ]
    assert result["msg"] == "6 pairs: 5 connect, 1 fail, 0 are not known."


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({}, "required"),
        ({"clients": ["x"], "servers": []}, "no client profile"),
        ({"clients": [], "servers": [{"name": "a"}]}, "needs facts, wire or release"),
        ({"clients": [], "servers": [{"release": "2019"}]}, "name"),
        ({"clients": [], "servers": [{"name": "a", "facts": {"tls": 5}}]}, "rdp_facts"),
        (
            {"clients": [], "servers": [{"name": "a", "facts": {"certificate": {"status": "ok", "active": {}}}}]},
            "facts",
        ),
        ({"clients": [], "servers": [{"name": "a", "wire": {"host": "b"}}]}, "rdp_probe"),
        ({"clients": [{"status": "ok", "full_build": 5}], "servers": []}, "rdp_client_facts"),
    ],
)
def test_what_can_not_be_understood_ends_in_one_sentence(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(AnsibleActionFail, match=word) as caught:
        run(**arguments)
    assert "\n" not in str(caught.value)


def test_a_probe_alone_says_what_it_does_not_know() -> None:
    result = run(clients=["11-24h2"], servers=[{"name": "a", "wire": ready()}])
    assert result["summary"][0]["unknown"] == ["11-24h2"]
    assert "server.suites" in result["rows"][0]["missing"]
