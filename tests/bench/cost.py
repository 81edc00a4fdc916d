# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rdp_diagnose costs a host and the controller at several round trips: ``python -m tests.bench.cost``.

Healthy hosts of the lab, one ``ansible`` process a row. The lab adds the round trip to every reply of WinRM, logons
included, and counts requests and bytes; the processor time is that of Ansible and its workers. A row of Ansible's own
``debug`` shows what of it is Ansible. The lab answers at once and runs on the same processors: real hosts take longer,
so the times are for comparing rows.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.fleet import Fleet, running, write_scenarios

ROOT = Path(__file__).resolve().parents[2]
ROUND_TRIPS = (0, 1, 20, 100)  # ms
SECONDS = 600


@dataclass(frozen=True)
class Row:
    """Of one host, except ``wall``, which is of the whole run; seconds and kB."""

    requests: float
    sent: float
    received: float
    connections: float
    wall: float
    processor: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what rdp_diagnose costs.")
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--windows", default="2022", help="the Windows version of the hosts")
    parser.add_argument("--connection", choices=["winrm", "psrp"], default="winrm")
    given = parser.parse_args()
    print(
        f"{given.hosts} hosts of Windows {given.windows} by {given.connection}, all at once; of one host, but for the seconds of all"
    )
    print(
        f"{'round trip':>10} {'task':<13} {'requests':>8} {'kB sent':>8} {'kB got':>8} {'sockets':>8} {'CPU s':>6} all"
    )
    for milliseconds in ROUND_TRIPS:
        faults = {"latency_ms": milliseconds}
        connection = {"plugin": given.connection}
        scenarios: list[dict[str, Any]] = [
            {"hostname": f"H{number}", "windows": given.windows, "faults": faults, "connection": connection}
            for number in range(given.hosts)
        ]
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            with running(write_scenarios(work / "scenarios", scenarios), work, "127.59.0.0") as fleet:
                for task in ("debug", "rdp_diagnose"):
                    show(milliseconds, task, measured(fleet, task, given.hosts))


def measured(fleet: Fleet, task: str, hosts: int) -> Row:
    module = "ansible.builtin.debug" if task == "debug" else f"winops.rdp.{task}"
    before, used, began = counted(fleet), processor(), time.monotonic()
    command = [str(Path(sys.executable).parent / "ansible"), "windows", "-i", str(fleet.inventory), "-m", module]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORKS": str(hosts)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    wall = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"ansible failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    difference = [(now - then) / hosts for now, then in zip(counted(fleet), before, strict=True)]
    requests, sent, received, connections = difference
    return Row(requests, sent / 1000, received / 1000, connections, wall, (processor() - used) / hosts)


def counted(fleet: Fleet) -> list[int]:
    """Requests, bytes to the hosts, bytes from them, and connections, of all hosts."""
    found = [host.model.counters for host in fleet.lab.hosts.values()]
    return [sum(getattr(each, name) for each in found) for name in ("requests", "bytes_in", "bytes_out", "connections")]


def processor() -> float:
    """Seconds of processor time of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def show(milliseconds: int, task: str, row: Row) -> None:
    print(
        f"{milliseconds:>7} ms {task:<13} {row.requests:>8.0f} {row.sent:>8.1f} {row.received:>8.1f} "
        f"{row.connections:>8.0f} {row.processor:>6.2f} {row.wall:>5.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
