# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenario files, the demo fleet, and the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from tests.lab.fixtures import DEMO
from tests.lab.scenario import ScenarioError, check, load, load_folder
from tests.lab.tests.conftest import scenario as made

ROOT = Path(__file__).resolve().parents[3]
CAUSES = {
    "machine_keys.acl", "machine_keys.missing", "certificate.expired", "certificate.binding_stale",
    "tls.no_common_version", "listener.disabled", "listener.contradiction", "listener.weakened", "network.blocked",
    "service.stopped", "update.regression", "policy.override", "os.obsolete",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hostname": ""}, "test.yml: hostname is missing."),
        (
            {"hostname": "A-NAME-THAT-IS-TOO-LONG"},
            "test.yml: hostname is longer than the 15 characters of a NetBIOS name.",
        ),
        ({"windows": "95"}, "test.yml: windows: there is no Windows profile '95'; known: "),
        ({"colour": "red"}, "test.yml: the file has an unknown key 'colour'; known are "),
        ({"certificate": {"key": "lost"}}, "test.yml: certificate.key must be one of present, missing, unreadable."),
        ({"services": {"X": {"start": "never"}}}, "test.yml: services.X.start must be automatic, manual or disabled."),
        (
            {"registry": {"SOFTWARE\\X": {}}},
            "test.yml: registry: 'SOFTWARE\\\\X' does not begin with a root key such as HKLM.",
        ),
        ({"users": [{"name": "a", "password": "b"}]}, "test.yml: no user has admin: true."),
        ({"faults": {"latency": 5}}, "test.yml: faults has an unknown key 'latency'; known are "),
        ({"language": 1036}, "test.yml: language: there is no language 1036; known are 1031, 1033."),
        ({"reg_file": "none.reg"}, "test.yml: reg_file: 'none.reg' does not exist."),
    ],
)
def test_a_mistake_is_told_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        check(Path("test.yml"), {"hostname": "H", "windows": "2022", **change})
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("port", [0, 70000])
def test_a_port_that_is_none_is_told_in_one_sentence(port: int) -> None:
    listener = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp"
    with pytest.raises(ScenarioError) as caught:
        made(registry={listener: {"PortNumber": port}}).build()
    assert str(caught.value) == f"test.yml: registry: PortNumber of RDP-Tcp must be 1 to 65535, not {port}."


def test_a_reg_file_becomes_the_registry(tmp_path: Path, captures: Path) -> None:
    export = captures / "registry-exports" / "SYSTEM_WIN_10_1709.reg"
    file = tmp_path / "host.yml"
    file.write_text(
        yaml.safe_dump({"hostname": "PC-REG", "windows": "10-22h2", "reg_file": str(export)}), encoding="utf-8"
    )
    host = load(file).build()
    assert host.remote_desktop.listener() is None, "the recorded host has Remote Desktop off"
    assert host.registry.dword("HKLM\\SYSTEM\\CurrentControlSet\\Services\\SessionEnv", "Type") == 32


def test_the_demo_fleet_says_what_it_expects() -> None:
    fleet = load_folder(DEMO)
    assert len(fleet) == 13
    for scenario in fleet:
        expect = scenario.expect
        assert set(expect) == {"before", "after"}, scenario.path.name
        assert set(expect["before"]["causes"]) <= CAUSES, scenario.path.name
        assert expect["before"]["state"] in ("healthy", "degraded", "broken")
        assert isinstance(expect["after"]["blocked"], bool)
        scenario.build()


def test_the_command_line_runs_a_fleet(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    command = [sys.executable, "-m", "tests.lab", "--scenarios", str(DEMO), "--inventory", str(inventory),
               "--control", "127.0.0.1:18765", "--base", "127.78.0.0"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and (not lines or "ready" not in lines[-1]):
                lines.append(process.stdout.readline().strip())
            assert (
                lines[-1] == "lab: ready, 13 hosts"
                and lines[0] == f"lab: inventory in {inventory}"
                and len(lines) == 15
            )
            hosts = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]["children"]["windows"]["hosts"]
            assert hosts["SRV-HEALTHY"]["ansible_host"] == "127.78.0.1"
            with urlopen("http://127.0.0.1:18765/hosts", timeout=5) as reply:
                status = json.load(reply)
            assert status["PC-OFF"]["listener"] is None and status["SRV-HEALTHY"]["listener"]["key"] is True
            with urlopen("http://127.0.0.1:18765/hosts/SRV-HEALTHY/model", timeout=5) as reply:
                assert len(json.load(reply)["digest"]) == 64
            with urlopen(Request("http://127.0.0.1:18765/reset", method="POST"), timeout=10) as reply:
                assert json.load(reply) == {"hosts": 13}
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
