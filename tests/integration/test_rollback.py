# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking back: what the fix changed is as it was, by the lab's own view, and what can not be is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.fleet import Fleet
from tests.integration.run import ansible

LabOf = Callable[..., Fleet]
LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"


def registry_of(fleet: Fleet, host: str) -> dict[str, Any]:
    """The parts of the lab's digest that a rollback restores: all but which processes run."""
    digest: dict[str, Any] = fleet.lab.digest(host)
    return {"parts": digest["parts"], "files": digest["files"]}


def test_runs_are_taken_back_one_by_one(lab_of: LabOf) -> None:
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": {LISTENER: {"SecurityLayer": 0}}})
    before = registry_of(fleet, "SRV1")
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "negotiate"})
    middle = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_facts", {"gather_subset": ["listener"]}).of("SRV1")
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    listed = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {"run": "all"}, "--check").of("SRV1")["result"]
    assert [run["modules"] for run in listed["runs"]] == [["rdp_listener"], ["rdp_listener"]]
    assert listed["runs"][0]["run"] != listed["runs"][1]["run"]
    announced = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {}, "--check").of("SRV1")["result"]
    done = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {}).of("SRV1")["result"]
    assert done["changes"] == announced["changes"] != []
    facts = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_facts", {"gather_subset": ["listener"]}).of("SRV1")
    assert (
        facts["result"]["ansible_facts"]["rdp"]["listener"]["settings"]
        == (middle["result"]["ansible_facts"]["rdp"]["listener"]["settings"])
    )
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {"run": listed["runs"][1]["run"]})
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_service", {"name": "TermService", "state": "restarted"})
    assert registry_of(fleet, "SRV1") == before


def test_what_somebody_else_has_changed_since_stays_unless_forced(lab_of: LabOf) -> None:
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": {LISTENER: {"SecurityLayer": 0}}})
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    fleet.lab.hosts["SRV1"].model.registry.set(LISTENER, "SecurityLayer", 4, 1)
    kept = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {}).of("SRV1")["result"]
    assert not kept["changed"]
    assert "somebody has changed it since" in kept["msg"]
    forced = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {"force": True}).of("SRV1")["result"]
    assert forced["changed"]
    assert fleet.lab.hosts["SRV1"].model.registry.dword(LISTENER, "SecurityLayer") == 0


def test_a_run_that_is_not_there_is_named(lab_of: LabOf) -> None:
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": {LISTENER: {"SecurityLayer": 0}}})
    nothing = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {}).of("SRV1")["result"]
    assert (nothing["changed"], nothing["runs"]) == (False, [])
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    failed = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {"run": "nosuch"})
    assert failed.code != 0
    assert "no run 'nosuch'" in failed.of("SRV1")["result"]["msg"]
