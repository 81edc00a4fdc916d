# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking back: what the fix changed is as it was, by the lab's own view, and what can not be is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.fleet import DEMO, Fleet
from tests.integration.run import ansible, playbook
from tests.lab.scenario import load_folder

LabOf = Callable[..., Fleet]
HOSTS = [scenario.hostname for scenario in load_folder(DEMO)]
LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
# What Windows makes anew, key included: the registry, the key file and the log of a host differ in that afterwards.
RENEWED = "Windows has made the certificate"


def registry_of(fleet: Fleet, host: str) -> dict[str, Any]:
    """The parts of the lab's digest that a rollback restores: all but which processes run."""
    digest: dict[str, Any] = fleet.lab.digest(host)
    return {"parts": digest["parts"], "files": digest["files"]}


def certificate_of(fleet: Fleet, host: str) -> Any:
    """Which self-signed certificate Windows has in use."""
    stations = fleet.lab.hosts[host].model.registry.key(LISTENER.rpartition("\\")[0])
    value = stations.values.get("selfsignedcertificate")
    return None if value is None else value.data


def test_the_fleet_is_as_it_was_before_the_fix(demo: Fleet) -> None:
    before = {host: registry_of(demo, host) for host in HOSTS}
    certificates = {host: certificate_of(demo, host) for host in HOSTS}
    fixed = playbook(demo.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
    assert fixed.code == 0, fixed.output
    changed = [host for host in HOSTS if registry_of(demo, host) != before[host]]
    announced = playbook(demo.inventory, "playbooks/rollback_rdp.yml", "--check", rollback_run="all")
    assert announced.code == 0, announced.output
    back = playbook(demo.inventory, "playbooks/rollback_rdp.yml", rollback_run="all")
    assert back.code == 0, back.output
    restored, renewed = [], []
    for host in changed:
        result = back.of(host, "rdp_restore")["result"]
        assert result["changes"] == announced.of(host, "rdp_restore")["result"]["changes"], host
        assert all(each["reason"].startswith(RENEWED) for each in result["kept"]), (host, result["kept"])
        # Windows also renews by itself, whenever SessionEnv starts.
        if certificate_of(demo, host) != certificates[host]:
            renewed.append(host)
        else:
            assert registry_of(demo, host) == before[host], (host, result["changes"])
            restored.append(host)
        # Nothing of ours is left behind.
        assert demo.lab.hosts[host].model.registry.find(r"HKLM\SOFTWARE\winops.rdp") is None
    print(f"rolled back: {len(restored)} hosts byte for byte, {len(renewed)} but for the certificate made anew")
    assert restored
    again = playbook(demo.inventory, "playbooks/rollback_rdp.yml", rollback_run="all")
    assert not [each for each in again.results if each["result"].get("changed")]


def test_runs_are_taken_back_one_by_one(lab_of: LabOf) -> None:
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": {LISTENER: {"SecurityLayer": 0}}})
    before = registry_of(fleet, "SRV1")
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "negotiate"})
    middle = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_facts", {"gather_subset": ["listener"]}).of("SRV1")
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    listed = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {"run": "all"}, "--check").of("SRV1")["result"]
    assert [run["modules"] for run in listed["runs"]] == [["rdp_listener"], ["rdp_listener"]]
    assert listed["runs"][0]["run"] != listed["runs"][1]["run"]
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_restore", {})
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
