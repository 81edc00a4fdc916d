# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host costs when it is read at several round trips: ``python -m tests.bench.cost``.

Healthy hosts of the lab, a fork for each, one process of Ansible a run. The lab adds the round trip to every reply of
WinRM, logons included, and to nothing else: not to new connections, and not to the listener that rdp_diagnose probes.
Times are for comparing rows, because the lab answers at once and runs on the same processors. It counts the three
requests of a logon, too, of which rdp_facts has up to four where the round trip is long.

debug is Ansible alone. "by hand" reads the facts of rdp_facts through ansible.windows, tests/bench/by_hand.yml, and
"one module" is one task of it: the least that PowerShell costs, whatever the script does. The lab flatters both: no
PowerShell starts and no script runs, a canned answer comes at once. On Windows every module takes that time as well.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from tests.bench import ansible_windows
from tests.integration.fleet import Fleet, running, write_scenarios

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = str(Path(sys.executable).parent / "ansible-playbook")
ROUND_TRIPS = (0, 1, 20, 100)  # ms
SECONDS = 600
FOLDER = ROOT / "tests/bench"
# The arguments of ansible-playbook.
OURS = {name: [str(FOLDER / "ours.yml"), "--tags", name] for name in ("debug", "rdp_facts", "rdp_diagnose")}
BY_HAND = [str(FOLDER / "by_hand.yml")]
THEIRS = {"by hand": BY_HAND, "one module": [*BY_HAND, "--tags", "one_module"]}


@dataclass(frozen=True)
class Row:
    """Of one host, except ``wall``, which is of the whole run; seconds and kB. Also the ratios of two rows."""

    requests: float
    sent: float
    received: float
    connections: float
    processor: float
    wall: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description="What it costs to read hosts.")
    parser.add_argument("--hosts", type=int, nargs="+", default=[8, 1], help="sizes of fleets (default: 8 1)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, for the medians (default: 3)")
    parser.add_argument("--windows", default="2022", help="the Windows version of the hosts")
    parser.add_argument("--connection", choices=["winrm", "psrp"], default="winrm")
    given = parser.parse_args()
    print((__doc__ or "").partition("\n\n")[2])
    commands: Mapping[str, list[str]] = OURS
    path = [ROOT / ".collections"]
    try:
        if given.connection == "psrp":
            raise ansible_windows.Missing("The lab runs modules over winrm only.")
        path.append(ansible_windows.collections())
        commands = {**OURS, **THEIRS}
    except ansible_windows.Missing as missing:
        print(f"Only our rows: {missing}\n")
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, path)),
    }
    for hosts in given.hosts:
        size = "1 host" if hosts == 1 else f"{hosts} hosts"
        print(f"{size} of Windows {given.windows} by {given.connection}, median of {given.runs} runs; wall s is of all")
        print(
            f"{'round trip':>10} {'':<19} {'requests':>8} {'kB sent':>8} {'kB got':>8} {'sockets':>8} {'CPU s':>8} "
            f"{'wall s':>8}"
        )
        for milliseconds in ROUND_TRIPS:
            scenario = {
                "windows": given.windows,
                "faults": {"latency_ms": milliseconds},
                "connection": {"plugin": given.connection},
                "canned_commands": True,
            }
            rows = measured(scenario, hosts, given.runs, commands, environment)
            show(f"{milliseconds:>7} ms", rows)


def measured(
    scenario: dict[str, Any], hosts: int, runs: int, commands: Mapping[str, list[str]], environment: dict[str, str]
) -> dict[str, Row]:
    """Each command on a fleet of that many equal hosts. One after the other, so that all meet the same machine."""
    scenarios = [{"hostname": f"H{number}", **scenario} for number in range(hosts)]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with running(write_scenarios(work / "scenarios", scenarios), work, "127.60.0.0") as fleet:
            found = [
                {name: one_run(fleet, arguments, hosts, environment) for name, arguments in commands.items()}
                for _run in range(runs)
            ]
    return {name: median([rows[name] for rows in found]) for name in commands}


def one_run(fleet: Fleet, arguments: list[str], hosts: int, environment: dict[str, str]) -> Row:
    before, used, began = counted(fleet), processor(), time.monotonic()
    done = subprocess.run(
        [PLAYBOOK, *arguments, "-i", str(fleet.inventory), "--forks", str(hosts)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    wall = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"ansible-playbook failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    difference = [(now - then) / hosts for now, then in zip(counted(fleet), before, strict=True)]
    requests, sent, received, connections = difference
    return Row(requests, sent / 1000, received / 1000, connections, (processor() - used) / hosts, wall)


def counted(fleet: Fleet) -> list[int]:
    """Requests, bytes to the hosts, bytes from them, and connections, of all hosts."""
    found = [host.model.counters for host in fleet.lab.hosts.values()]
    return [sum(getattr(each, name) for each in found) for name in ("requests", "bytes_in", "bytes_out", "connections")]


def processor() -> float:
    """Seconds of processor time of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def median(rows: list[Row]) -> Row:
    return Row(*(statistics.median(column) for column in zip(*map(astuple, rows), strict=True)))


def show(label: str, rows: Mapping[str, Row]) -> None:
    """The rows, and by how much each of the others' is more than rdp_facts."""
    for name, row in rows.items():
        numbers = f"{row.requests:>8.0f} {row.sent:>8.1f} {row.received:>8.1f} {row.connections:>8.0f}"
        print(f"{label} {name:<19} {numbers} {row.processor:>8.2f} {row.wall:>8.1f}")
    ours = astuple(rows["rdp_facts"])
    for name in [name for name in rows if name in THEIRS]:
        ratios = [other / own for other, own in zip(astuple(rows[name]), ours, strict=True)]
        print(f"{'':>10} {name + ' : facts':<19} " + " ".join(f"{f'x {ratio:.1f}':>8}" for ratio in ratios))
    print(flush=True)


if __name__ == "__main__":
    main()
