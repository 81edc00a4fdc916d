# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one host: by the lab's log at most one of them writes at a time, and what a dead one left is named."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._action import HostAction
from tests.integration.acting import Killed, Run, gate, watched
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import ansible
from tests.integration.test_host import connection_to

BASE = "127.47.64.0"
OWN = r"HKLM\SOFTWARE\winops.rdp"
LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
LOCK = "\\winops.rdp\\Lock\\"
# What the lock costs a task that changes something.
MOST_REQUESTS = 13


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    scenario = {"hostname": "SRV1", "windows": "2022", "registry": {LISTENER: {"SecurityLayer": 0}}}
    with running(write_scenarios(tmp_path / "scenarios", [scenario]), tmp_path, BASE) as found, watched():
        connection_to(found, "SRV1", "winrm")  # Ansible's loader does not like its first use in many threads
        yield found


def die(fleet: Fleet, after: int) -> None:
    """A run that dies after so many writes."""
    audit = fleet.lab.hosts["SRV1"].model.audit

    def passes(_operation: str) -> None:
        if len(audit.writes) >= after:
            raise Killed

    with gate(fleet.lab.hosts["SRV1"].address, passes), pytest.raises(Killed):
        Run(fleet.lab.hosts["SRV1"]).task("rdp_listener", {"security_layer": "tls"})


def holders(fleet: Fleet) -> list[tuple[str, str]]:
    """What became of locks: made or deleted, and the run."""
    return [
        (write.kind.rpartition(".")[2], write.target.rpartition("\\")[2].split(" ")[1])
        for write in fleet.writes("SRV1")
        if LOCK in write.target
    ]


def test_runs_at_the_same_moment_write_one_after_the_other(fleet: Fleet) -> None:
    layers = ["tls", "negotiate"] * 4

    def change(layer: str) -> dict[str, Any]:
        return Run(fleet.lab.hosts["SRV1"]).task("rdp_listener", {"security_layer": layer, "allow_weaker": True})

    with ThreadPoolExecutor(len(layers)) as pool:
        results = list(pool.map(change, layers))
    done = [result for result in results if result["changed"]]
    refused = [result for result in results if result.get("failed")]
    assert done
    assert all("is changing this host" in result["msg"] for result in refused), refused
    # Each started from what the one before had left, so nobody wrote in between, and all of it can be taken back.
    layers_written = [(w.before, w.after) for w in fleet.writes("SRV1") if w.target.endswith("SecurityLayer")]
    assert len(layers_written) == len(done)
    assert all(after == before for (_b, after), (before, _a) in pairwise(layers_written))
    assert fleet.lab.hosts["SRV1"].model.registry.find(r"HKLM\SOFTWARE\winops.rdp\Lock") is None
    assert not Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", {"run": "all"})["kept"]
    assert fleet.lab.hosts["SRV1"].model.registry.dword(LISTENER, "SecurityLayer") == 0


def test_what_a_dead_run_left_is_named_and_can_be_broken(fleet: Fleet) -> None:
    die(fleet, 6)  # lock, mark of the restart in two, journal in two, change
    writes = len(fleet.writes("SRV1"))
    refused = Run(fleet.lab.hosts["SRV1"]).task("rdp_listener", {"nla": False, "allow_weaker": True})
    assert refused["failed"]
    assert refused["msg"].startswith("another run is changing this host (rdp_listener of ")
    assert len(fleet.writes("SRV1")) == writes
    announced = Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", {"run": "all"}, check=True)
    assert announced["changes"]
    assert "failed" not in announced
    broken = Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", {"run": "all", "break_lock": True})
    assert broken["changed"]
    assert "was broken: rdp_listener of " in broken["warnings"][0]


def test_a_lock_is_broken_where_nothing_else_is_to_be_written(fleet: Fleet) -> None:
    die(fleet, 1)
    there = {"timeout": 30, "break_lock": True}
    announced = Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", there, check=True)
    assert (announced["changed"], fleet.lab.hosts["SRV1"].model.registry.find(OWN) is None) == (False, False)
    broken = Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", there)
    assert not broken["changed"]
    assert "was broken: rdp_listener of " in broken["warnings"][0]
    assert fleet.lab.hosts["SRV1"].model.registry.find(OWN) is None
    writes = len(fleet.writes("SRV1"))
    assert "warnings" not in Run(fleet.lab.hosts["SRV1"]).task("rdp_restore", there)
    assert len(fleet.writes("SRV1")) == writes


def test_the_variable_breaks_a_lock_as_the_option_does(fleet: Fleet) -> None:
    die(fleet, 1)
    change = {"security_layer": "tls"}
    assert ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", change).code != 0
    forced = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", change, "-e", "rdp_break_lock=yes")
    assert forced.of("SRV1")["result"]["changed"], forced.output


def test_only_a_task_that_changes_something_takes_the_lock_and_it_costs_little(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def requests(layer: str) -> int:
        before = fleet.requests("SRV1")
        Run(fleet.lab.hosts["SRV1"]).task("rdp_listener", {"security_layer": layer, "allow_weaker": True})
        return fleet.requests("SRV1") - before

    requests("rdp")
    assert holders(fleet) == []
    requests("tls")
    assert [kind for kind, _run in holders(fleet)] == ["create", "delete"]
    with_lock = requests("negotiate")
    monkeypatch.setattr(HostAction, "hold", lambda _self, _host: None)
    assert with_lock - requests("tls") <= MOST_REQUESTS
