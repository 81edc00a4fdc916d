# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad hosts: one clear sentence, as failed or unreachable, and never a traceback."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet
from tests.integration.run import Run, ansible

HEALTHY = "SRV-HEALTHY"
USERS = "SRV-USERS"


def told(run: Run, host: str, outcome: str) -> str:
    """The sentence of a result, after checking that nothing but a sentence was shown."""
    assert "Traceback" not in run.output
    result = run.of(host)
    assert result["outcome"] == outcome, run.output
    message = result["result"]["msg"]
    assert "\n" not in message.strip()
    return str(message)


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("rdp_facts", {"gather_subset": ["tsl"]}, "'tsl' is no subset"),
        ("rdp_facts", {"timeout": 0}, "timeout must be more than 0"),
        ("rdp_diagnose", {"port": 70000}, "The port must be from 1 to 65535"),
        ("rdp_diagnose", {"probe_timeout": -1}, "more than 0"),
        ("rdp_diagnose", {"prot": 3389}, "prot"),
        ("rdp_diagnose", {"updates": [{"kb": "KB5051987"}]}, "build_fixed"),
        (
            "rdp_diagnose",
            {
                "updates": [
                    {
                        "kb": "KB5051987",
                        "build_from": "26100",
                        "build_fixed": "26100.3775",
                        "fix_kb": "KB5055523",
                        "symptom": "it hums",
                    }
                ]
            },
            "updates, row 1: '26100' is no build with a revision",
        ),
        ("rdp_listener", {}, "nothing to do"),
        ("rdp_listener", {"security_layer": "ssl"}, "security_layer"),
        ("rdp_listener", {"port": 0}, "port must be between"),
        ("rdp_tls", {"protocols": [{"name": "TLS 2.0"}]}, "TLS 2.0"),
        ("rdp_tls", {}, "protocols"),
        ("rdp_certificate", {}, "nothing to do"),
        ("rdp_certificate", {"binding": "abc"}, "40 hex digits"),
        ("rdp_service", {"name": "TermService"}, "nothing to do"),
        ("rdp_service", {"name": "WinRM", "state": "restarted"}, "WinRM"),
        ("rdp_firewall", {"state": "off"}, "state"),
    ],
)
def test_wrong_options(fleet: Fleet, module: str, arguments: dict[str, Any], words: str) -> None:
    run = ansible(fleet.inventory, HEALTHY, f"winops.rdp.{module}", arguments)
    assert words in told(run, HEALTHY, "failed")


def host_with(**variables: Any) -> tuple[str, ...]:
    return ("-e", json.dumps(variables))


def test_wrong_password_is_unreachable_and_names_the_user(fleet: Fleet) -> None:
    run = ansible(fleet.inventory, HEALTHY, "winops.rdp.rdp_facts", {}, *host_with(ansible_password="not-the-password"))
    message = told(run, HEALTHY, "unreachable")
    assert "ansible" in message
    assert "not-the-password" not in run.output


def test_a_user_without_admin_rights_is_told_so(fleet: Fleet) -> None:
    clerk = next(user for user in fleet.users(USERS) if not user.admin)
    variables = host_with(ansible_user=clerk.name, ansible_password=clerk.password)
    run = ansible(fleet.inventory, USERS, "winops.rdp.rdp_listener", {"nla": True}, *variables)
    message = told(run, USERS, "failed")
    assert "denied" in message.lower()
    assert "administrator" in message.lower()
    assert clerk.password not in run.output


def test_winrm_that_refuses_is_unreachable_and_the_wire_is_still_told(fleet: Fleet) -> None:
    run = ansible(fleet.inventory, HEALTHY, "winops.rdp.rdp_diagnose", {}, *host_with(ansible_port=59999))
    message = told(run, HEALTHY, "unreachable")
    assert "59999" in message
    result = run.of(HEALTHY)["result"]
    assert result["verdict"]["state"] == "unreachable"
    assert result["wire"]["stage"] == "ready"


def test_a_host_that_never_answers_ends_at_the_deadline(fleet: Fleet) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        run = ansible(
            fleet.inventory,
            HEALTHY,
            "winops.rdp.rdp_facts",
            {"timeout": 3},
            *host_with(ansible_host="127.0.0.1", ansible_port=silent.getsockname()[1]),
        )
    assert "Traceback" not in run.output
    assert run.of(HEALTHY)["outcome"] in ("failed", "unreachable")


def test_a_web_server_is_not_winrm(fleet: Fleet, web_server: int) -> None:
    run = ansible(
        fleet.inventory,
        HEALTHY,
        "winops.rdp.rdp_facts",
        {},
        *host_with(ansible_host="127.0.0.1", ansible_port=web_server),
    )
    assert "Traceback" not in run.output
    assert run.of(HEALTHY)["outcome"] in ("failed", "unreachable")
    assert "127.0.0.1" in run.of(HEALTHY)["result"]["msg"]


@pytest.mark.parametrize("connection", ["local", "ssh"])
def test_another_connection_is_refused(fleet: Fleet, connection: str) -> None:
    run = ansible(fleet.inventory, HEALTHY, "winops.rdp.rdp_facts", {}, *host_with(ansible_connection=connection))
    message = told(run, HEALTHY, "failed")
    assert connection in message
    assert "winrm" in message


def test_a_linux_host_is_told_apart(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all:\n  hosts:\n    linux:\n      ansible_connection: local\n", encoding="utf-8")
    run = ansible(inventory, "linux", "winops.rdp.rdp_diagnose", {})
    assert "ansible_connection" in told(run, "linux", "failed")


def test_become_is_warned_about(fleet: Fleet) -> None:
    run = ansible(fleet.inventory, HEALTHY, "winops.rdp.rdp_facts", {"gather_subset": ["min"]}, "--become")
    assert any("become has no effect" in each for each in run.of(HEALTHY)["result"].get("warnings", []))
