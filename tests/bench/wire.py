# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe costs next to nmap and sslyze: ``python -m tests.bench.wire``.

All ask the same servers, one tool at a time. The servers run in a process of their own, so that none shares Python's
lock with a probe. Two comparisons, each fair in its own way:

* as a program: from start to end, Python's, nmap's and sslyze's own start included;
* the asking alone: our probe in a process that has it loaded, nmap's and sslyze's own statement of their scan.

Against each stands the probe that gives the same answers: for nmap's two scripts the stages x224 and credssp in full
depth, for sslyze (versions, suites, certificate) the stage tls in full depth. All of it together is shown besides. The
probe rests between its connections, of which it has one at a time; sslyze has many at once. The connections of each
are counted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
from tests.interop import identity, peers
from tests.interop.fleet import Place, running
from tests.interop.servers import display
from tests.unit.wire.servers import HOST, Handler, serving

ROOT = Path(__file__).resolve().parents[2]
# Not those on which a tool mostly waits: nmap for an answer of MCS behind s_server, all of them for shadow.
SERVERS = ("xrdp, negotiate", "lab, layer 1", "lab, layer 2 and NLA")
SECONDS = 120.0
OURS: dict[str, dict[str, Any]] = {
    "quick": {},
    "full": {"depth": "full"},
    "the answers of nmap": {"depth": "full", "stages": ["x224", "credssp"]},
    "the answers of sslyze": {"depth": "full", "stages": ["tls"]},
}
_PROGRAM = """
import json, sys
from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
print(json.dumps(probe(sys.argv[1], int(sys.argv[2]), **json.loads(sys.argv[3]), deadline=120.0)))
"""


@dataclass(frozen=True)
class Cost:
    """Medians in seconds, and the connections of one run."""

    program: float
    asking: float
    connections: int


def ours(place: Place, options: dict[str, Any], runs: int) -> Cost:
    host, port = place
    reports = [probe(host, port, deadline=SECONDS, **options) for _run in range(runs)]
    command = [sys.executable, "-c", _PROGRAM, host, str(port), json.dumps(options)]
    return Cost(
        statistics.median(_timed(command)[0] for _run in range(runs)),
        statistics.median(report["timings"]["total"] / 1000 for report in reports),
        reports[0]["connections"],
    )


def nmap(place: Place, runs: int) -> Cost:
    done = [_timed(peers.nmap_command(*place)) for _run in range(runs)]
    # finished: what nmap itself says, without the loading of its libraries.
    own = [
        float(finished.get("elapsed", "nan"))
        for _seconds, said in done
        for finished in ElementTree.fromstring(said).iter("finished")
    ]
    with counted(place) as count:
        _timed(peers.nmap_command(*count.place))
    return Cost(statistics.median(seconds for seconds, _said in done), statistics.median(own), count.connections)


def sslyze(place: Place, runs: int) -> Cost:
    done = [_timed(peers.sslyze_command(*place)) for _run in range(runs)]
    own = []
    for _seconds, said in done:
        scan = json.loads(said[said.index("{\n") :])
        began, ended = (datetime.fromisoformat(scan[f"date_scans_{what}"]) for what in ("started", "completed"))
        own.append((ended - began).total_seconds())
    with counted(place) as count:
        _timed(peers.sslyze_command(*count.place))
    return Cost(statistics.median(seconds for seconds, _said in done), statistics.median(own), count.connections)


def _timed(command: list[str]) -> tuple[float, str]:
    """Seconds and output of a program."""
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".collections")}
    said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment).stdout
    return time.monotonic() - began, said


class Count:
    """A place that hands every connection on, and counts them."""

    place: Place
    connections = 0


@contextmanager
def counted(place: Place) -> Iterator[Count]:
    count = Count()
    with serving(handing_on(place)) as stub:
        count.place = (HOST, stub.port)
        yield count
        count.connections = stub.accepted


def handing_on(place: Place) -> Handler:
    """Hands all bytes to ``place`` and back, until one side ends."""

    def handle(stream: socket.socket) -> None:
        with socket.create_connection(place, timeout=10) as server:
            other = {stream: server, server: stream}
            while True:
                for side in select.select(list(other), [], [], 10)[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    other[side].sendall(data)

    return handle


def _serve(pipe: Connection) -> None:
    """The process of the servers: tells their places, and ends when the other end says so."""
    with tempfile.TemporaryDirectory() as folder:
        screen, keys, fleet = (Path(folder, name) for name in ("screen", "keys", "fleet"))
        for path in (screen, keys, fleet):
            path.mkdir()
        try:
            with display(screen) as name, running(fleet, identity.make(keys), name) as places:
                pipe.send(places)
                pipe.recv()
        except pytest.skip.Exception as missing:
            pipe.send(str(missing))


@contextmanager
def servers() -> Iterator[dict[str, Place]]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    try:
        places = here.recv()
        if isinstance(places, str):
            raise SystemExit(places)
        yield places
        here.send("end")
    finally:
        process.join(30)
        if process.is_alive():
            process.terminate()


def show(server: str, place: Place, runs: int) -> None:
    mine = {name: ours(place, options, runs) for name, options in OURS.items()}
    others = {"nmap": nmap(place, runs), "sslyze": sslyze(place, runs)}
    print(f"\n{server}")
    print(f"  {'':24} {'as a program':>13} {'asking alone':>13} {'connections':>12}")
    for name, cost in (mine | others).items():
        print(f"  {name:24} {cost.program:11.2f} s {cost.asking:11.2f} s {cost.connections:12}")
    for name, other in others.items():
        cost = mine[f"the answers of {name}"]
        program, asking = other.program / cost.program, other.asking / cost.asking
        print(f"  {name} takes {program:.1f} times as long as a program, {asking:.1f} times the asking alone")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.wire", description="The probe next to nmap and sslyze."
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each, for the medians (default: 5)")
    runs = parser.parse_args().runs
    print((__doc__ or "").partition("\n\n")[2])
    with servers() as places:
        for server in SERVERS:
            try:
                show(server, places[server], runs)
            except pytest.skip.Exception as missing:
                raise SystemExit(str(missing)) from missing


if __name__ == "__main__":
    main()
