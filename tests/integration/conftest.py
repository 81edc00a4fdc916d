# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a demo fleet that tests only look at, fleets that a test may change, and a web server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration import causes, run
from tests.integration.fleet import DEMO, Fleet, running, write_scenarios


@pytest.fixture(scope="session", autouse=True)
def captured(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where Ansible's results go."""
    run.CAPTURES = tmp_path_factory.mktemp("captured")


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The demo fleet and a host with a user who is no administrator. Tests must not change it."""
    work = tmp_path_factory.mktemp("fleet")
    scenarios = work / "scenarios"
    scenarios.mkdir()
    for path in DEMO.glob("*.yml"):
        (scenarios / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    users = [
        {"name": "ansible", "password": "lab-Passw0rd", "admin": True},
        {"name": "clerk", "password": "lab-Clerk1", "admin": False},
    ]
    write_scenarios(scenarios, [{"hostname": "SRV-USERS", "windows": "2022", "users": users}])
    with running(scenarios, work, "127.40.0.0") as found:
        yield found


@pytest.fixture(scope="session")
def diagnosed_alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, causes.Outcome]:
    """What is found on the hosts with one cause, or none that it seems, by the name of the scenario."""
    scenarios = causes.singles()
    cases = [causes.case_of(scenario) for scenario in scenarios.values()]
    found = causes.diagnosed(causes.FOLDER, tmp_path_factory.mktemp("causes"), "127.43.0.0", cases)
    return {name: found[scenario.hostname] for name, scenario in scenarios.items()}


@pytest.fixture
def lab_of(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """Makes a fleet of one test's own from scenarios as dictionaries."""
    with ExitStack() as stack:

        def make(*scenarios: dict[str, Any]) -> Fleet:
            folder = write_scenarios(tmp_path / "scenarios", scenarios)
            return stack.enter_context(running(folder, tmp_path, "127.41.0.0"))

        yield make


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Fleet]:
    """The demo fleet, fresh, for a test that changes it."""
    with running(DEMO, tmp_path, "127.42.0.0") as found:
        yield found


class _Page(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of a web server that is no WinRM."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join(5)
    server.server_close()
