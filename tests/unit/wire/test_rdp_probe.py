# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module rdp_probe, run by Ansible as users run it, and its documentation against what it returns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.wire import servers, valid

ROOT = Path(__file__).resolve().parents[3]


def run_module(tmp_path: Path, interpreter: str, *flags: str, **options: object) -> dict[str, Any]:
    """The result of `ansible localhost -m winops.rdp.rdp_probe`."""
    configuration = tmp_path / "ansible.cfg"
    configuration.touch()
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_CONFIG": str(configuration),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
        "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_NOCOLOR": "1",
    }
    environment.pop("PYTHONPATH", None)
    command = [
        *(sys.executable, "-m", "ansible.cli.adhoc", "localhost", "-c", "local", "-m", "winops.rdp.rdp_probe"),
        *("-e", json.dumps({"ansible_python_interpreter": interpreter}), "-a", json.dumps(options), *flags),
    ]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    _before, found, told = done.stdout.partition("localhost | ")
    assert found, done.stdout + done.stderr
    head, _separator, body = told.partition(" => ")
    result: dict[str, Any] = json.JSONDecoder().raw_decode(body)[0]
    assert not result.get("warnings"), result["warnings"]
    return {**result, "failed": "FAILED" in head}


def test_a_healthy_host_in_check_mode(identity: Path, tmp_path: Path) -> None:
    server = servers.TlsServer(servers.server_context(identity), servers.challenge())
    with servers.serving(servers.answering(servers.selected(8), server)) as stub:
        result = run_module(tmp_path, sys.executable, "--check", host=servers.HOST, port=stub.port)
    assert (result["failed"], result["changed"]) == (False, False)
    assert result["msg"] == result["wire"]["reason"]
    assert result["wire"]["stage"] == "ready"
    assert result["wire"]["tls"]["certificate"]["subject"] == "CN=rds01.example.com"
    assert valid.faults(result["wire"]) == []


def test_a_broken_host_on_the_oldest_python(tmp_path: Path, oldest_python: str) -> None:
    with servers.serving(servers.answering(servers.selected(2), servers.reading_then_closing)) as stub:
        result = run_module(tmp_path, oldest_python, host=servers.HOST, port=stub.port)
    assert (result["failed"], result["changed"]) == (False, False)
    assert (result["wire"]["stage"], result["wire"]["tls"]["result"]) == ("tls", "closed")
    assert result["wire"]["client_errors"] == ["0x904/0x7"]


def test_bad_input_fails_the_task(tmp_path: Path) -> None:
    result = run_module(tmp_path, sys.executable, host="127.0.0.1", port=70000)
    assert result["failed"]
    assert result["msg"] == "The port must be from 1 to 65535, not 70000"
    assert "wire" not in result
