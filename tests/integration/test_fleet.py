# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, run as a user runs it: look, announce, fix, prove, and leave alone what is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.fleet import DEMO, Fleet
from tests.integration.run import Run, ansible, playbook
from tests.integration.test_cost import LOGON, MOST_REQUESTS
from tests.lab.scenario import load_folder

HOSTS = [scenario.hostname for scenario in load_folder(DEMO)]


@pytest.fixture(scope="module")
def diagnosed(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
    """One run of the diagnosis over the fleet, and its report."""
    path = tmp_path_factory.mktemp("report") / "report.json"
    run = playbook(fleet.inventory, "playbooks/diagnose_rdp.yml", rdp_report_path=str(path), rdp_hosts=HOSTS)
    assert run.code == 0, run.output
    return run, {row["host"]: row for row in json.loads(path.read_text(encoding="utf-8"))["hosts"]}


@pytest.mark.parametrize("host", HOSTS)
def test_each_host_is_diagnosed_as_its_scenario_says(
    fleet: Fleet, diagnosed: tuple[Run, dict[str, Any]], host: str
) -> None:
    _run, report = diagnosed
    expect = fleet.expect(host)["before"]
    assert report[host]["verdict"] == expect["state"], report[host]
    assert set(expect["causes"]) <= set(report[host]["causes"])
    assert fleet.writes(host) == []


@pytest.mark.parametrize("host", HOSTS)
def test_every_area_is_read(diagnosed: tuple[Run, dict[str, Any]], host: str) -> None:
    run, _report = diagnosed
    assert run.of(host, "rdp_diagnose")["result"]["verdict"]["unread"] == []


def test_the_table_has_a_line_for_each_host(diagnosed: tuple[Run, dict[str, Any]]) -> None:
    run, report = diagnosed
    for host in HOSTS:
        line = next(line for line in run.output.splitlines() if line.startswith(f"{host} "))
        assert report[host]["state"] in line
        assert report[host]["stage"] in line


@pytest.mark.parametrize("windows", ["2022", "2008r2", "7sp1"])
def test_a_diagnosis_is_one_task_of_few_requests_and_one_shell(lab_of: Callable[..., Fleet], windows: str) -> None:
    session = {"user": r"LAB\anna", "state": "Active", "client": "192.0.2.21"}
    fleet = lab_of({"hostname": "HEALTHY", "windows": windows, "sessions": [session]})
    run = ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_diagnose", {})
    result, arrived = run.of("HEALTHY")["result"], fleet.requests("HEALTHY")
    print(f"WS-Man requests of one rdp_diagnose on a healthy {windows}: {result['requests']}, with logons {arrived}")
    assert result["verdict"]["state"] == "healthy"
    assert result["verdict"]["unread"] == []
    assert result["requests"] <= MOST_REQUESTS
    # What it says of itself is what the lab saw; a busy machine may look far away, which gives four connections.
    assert result["requests"] <= arrived <= result["requests"] + 4 * LOGON
    assert fleet.shells("HEALTHY") == 1


def test_the_run_fails_for_hosts_that_stay_blocked_and_names_the_value(demo: Fleet) -> None:
    run = playbook(demo.inventory, "playbooks/fix_rdp.yml", rdp_hosts="SRV-POLICY")
    assert run.code != 0
    assert "This host is blocked" in run.of("SRV-POLICY", "fail")["result"]["msg"]
    assert r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\SecurityLayer" in run.output
    assert demo.writes("SRV-POLICY") == []


def test_a_host_that_is_unreachable_has_its_line_and_stops_nobody(fleet: Fleet, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    hosts = yaml.safe_load(fleet.inventory.read_text(encoding="utf-8"))
    windows = hosts["all"]["children"]["windows"]["hosts"]
    windows["GONE"] = {**windows["SRV-HEALTHY"], "ansible_host": "127.40.255.1"}
    inventory.write_text(yaml.safe_dump(hosts), encoding="utf-8")
    run = playbook(inventory, "playbooks/diagnose_rdp.yml", "--limit", "GONE,SRV-HEALTHY")
    assert run.code != 0
    assert run.of("GONE")["outcome"] == "unreachable"
    report = run.of("SRV-HEALTHY", "rdp_report")["result"]
    assert {row["host"]: (row["state"], row["stage"]) for row in report["rows"]} == {
        "GONE": ("unreachable", "tcp"),
        "SRV-HEALTHY": ("healthy", "ready"),
    }
