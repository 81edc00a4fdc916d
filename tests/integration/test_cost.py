# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis costs a healthy host of every Windows version, and what a long way to it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import AREAS, gather
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.test_host import connection_to

MOST_REQUESTS = 85  # 78 to 85, by what each version has
VERSIONS = sorted(
    path.stem for path in (Path(__file__).resolve().parents[1] / "lab/profiles").glob("*.yml") if path.stem != "common"
)
PLUGINS = ("winrm", "psrp")
LOGON = 3  # messages of NTLM that the lab counts as requests
SOCKETS = 2  # of one logon: the answer that names the ways to log on ends the first one
FAR = {"latency_ms": 60}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A healthy host of each version, and two that are far away."""
    work = tmp_path_factory.mktemp("healthy")
    scenarios: list[dict[str, Any]] = [{"hostname": name_of(version), "windows": version} for version in VERSIONS]
    scenarios += [
        {"hostname": "FAR", "windows": "2022", "faults": FAR},
        {"hostname": "FAR-OLD", "windows": "2008r2", "faults": FAR},
    ]
    with running(write_scenarios(work / "scenarios", scenarios), work, "127.57.0.0") as fleet:
        yield fleet


def name_of(version: str) -> str:
    return f"W{version.upper().replace('.', '')}"


@dataclass(frozen=True)
class Read:
    facts: dict[str, Any]
    requests: int  # as the client counts them
    arrived: int  # as the lab does, logons included
    connections: int
    shells: int


def read(fleet: Fleet, name: str, plugin: str, *, parallel: bool = True) -> Read:
    counters = fleet.lab.hosts[name].model.counters
    arrived, connections, shells = counters.requests, counters.connections, counters.shells_opened
    deadline = Deadline(60)

    def connect() -> Session:
        return open_session(connection_to(fleet, name, plugin), deadline)

    with connect() as session:
        session.identify()
        facts: Any = gather(Host(session, deadline), AREAS, connect if parallel else None)
        facts["system"].pop("local_time")
        facts["system"].pop("clock_skew")
        requests = session.requests
    return Read(
        facts,
        requests,
        counters.requests - arrived,
        counters.connections - connections,
        counters.shells_opened - shells,
    )


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_healthy_host_costs_few_requests(healthy: Fleet, version: str, plugin: str) -> None:
    # One connection: how long a busy test machine takes must not decide.
    found = read(healthy, name_of(version), plugin, parallel=False)
    assert {area: found.facts[area]["status"] for area in AREAS} == dict.fromkeys(AREAS, "ok")
    assert found.requests <= MOST_REQUESTS
    assert found.arrived <= found.requests + LOGON
    assert found.connections == SOCKETS
    assert found.shells == 1


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_host_far_away_is_read_over_four_connections(healthy: Fleet, plugin: str) -> None:
    threads = threading.active_count()
    alone = read(healthy, "FAR", plugin, parallel=False)
    together = read(healthy, "FAR", plugin)
    assert together.facts == alone.facts
    assert (alone.connections, together.connections) == (SOCKETS, 4 * SOCKETS)
    assert (alone.shells, together.shells) == (1, 1)
    assert together.requests == alone.requests <= MOST_REQUESTS
    assert together.arrived <= together.requests + 4 * LOGON
    assert threading.active_count() == threads


def test_winrm_2_is_read_over_one_connection(healthy: Fleet) -> None:
    assert read(healthy, "FAR-OLD", "winrm").connections == SOCKETS


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("soap_fault", {"code": 2150859174, "at": "invoke", "nth": 20}),
        ("drop_unread", {"at": "invoke", "nth": 20}),
        ("drop_done", {"at": "enumerate", "nth": 4}),
        ("unauthorized", {"at": "invoke", "nth": 20}),
        ("http_status", {"code": 500, "at": "invoke", "nth": 20}),
        ("truncated", {"at": "invoke", "nth": 20}),
    ],
)
def test_a_fault_of_one_connection_loses_nothing(healthy: Fleet, fault: str, options: dict[str, Any]) -> None:
    alone = read(healthy, "FAR", "winrm", parallel=False)
    healthy.lab.inject("FAR", fault, **options)
    together = read(healthy, "FAR", "winrm")
    healthy.lab.clear_faults("FAR")
    assert together.facts == alone.facts


def test_an_account_with_room_for_few_operations_is_read_to_the_end(tmp_path: Path) -> None:
    quota = {"max_operations_per_user": 1}
    scenario = {"hostname": "FULL", "windows": "2022", "winrm": quota, "faults": FAR}
    with running(write_scenarios(tmp_path / "scenarios", [scenario]), tmp_path, "127.57.1.0") as fleet:
        found = read(fleet, "FULL", "winrm")
    assert {area: found.facts[area]["status"] for area in AREAS} == dict.fromkeys(AREAS, "ok")
