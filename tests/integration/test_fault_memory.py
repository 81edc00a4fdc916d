# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that are meant to fill the memory: what a process of its own takes while it meets them.

Run as a program it is that process: it performs the operations on the command line, and prints what it took.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError
from tests.integration.fleet import running, write_scenarios
from tests.integration.test_fault_matrix import COLUMNS, Cell, inject, perform, scenario_of
from tests.integration.test_host import connection_to

ROOT = Path(__file__).resolve().parents[2]
MOST_MB = 128
CONNECTIONS = 4  # at a time, as many as there ever are to a host
FAULTS = ("huge", "xml_bomb", "dtd")
MET_BY = ("identify", "enumerate", "pull", "get", "read", "set", "shell", "command", "receive", "identify psrp")


def test_no_reply_fills_the_memory(tmp_path: Path) -> None:
    columns = {column.name: column for column in COLUMNS}
    cells = [
        Cell(fault, columns[name], f"M{row}-{number}")
        for row, fault in enumerate(FAULTS)
        for number, name in enumerate(MET_BY)
    ]
    folder = write_scenarios(tmp_path / "scenarios", [scenario_of(cell.operation, cell.host) for cell in cells])
    with running(folder, tmp_path, "127.65.0.0") as fleet:
        for cell in cells:
            inject(fleet, cell)
        admin = fleet.lab.hosts[cells[0].host].scenario.admin
        work = [[cell.operation.name, fleet.lab.hosts[cell.host].address] for cell in cells]
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.test_fault_memory", admin.name, admin.password, json.dumps(work)],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / '.collections'}", "PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        met = [len(fleet.lab.hosts[cell.host].injector.hits) for cell in cells]
    assert done.returncode == 0, done.stderr
    took = json.loads(done.stdout)
    print(f"\nmemory of a process that meets {len(work)} such replies: {took}")
    assert all(met)
    assert took["peak_mb"] < MOST_MB


def kilobytes(name: str) -> int:
    """Of this process: VmHWM is its peak, which unlike ru_maxrss does not begin with that of its parent."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found
    return int(found.group(1))


def meet(user: str, password: str, work: list[list[str]]) -> dict[str, int]:
    admin = SimpleNamespace(name=user, password=password)
    columns = {column.name: column for column in COLUMNS}
    hosts = {
        address: SimpleNamespace(address=address, scenario=SimpleNamespace(admin=admin)) for _name, address in work
    }
    fleet: Any = SimpleNamespace(lab=SimpleNamespace(hosts=hosts))

    def one(item: list[str]) -> None:
        name, address = item
        try:
            perform(fleet, address, columns[name], 20)
        except (WSManError, WindowsError):
            return

    for plugin in ("winrm", "psrp"):  # Ansible's loader does not like its first use in many threads
        connection_to(fleet, work[0][1], plugin)
    before = kilobytes("VmRSS")
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, work))
    return {"before_mb": before // 1024, "peak_mb": kilobytes("VmHWM") // 1024}


if __name__ == "__main__":
    print(json.dumps(meet(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
