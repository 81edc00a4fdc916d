# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must never happen: a host that is cut off, a person who is thrown out, a change that cannot be traced."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.integration.fleet import Fleet
from tests.integration.run import ansible, playbook

LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
LabOf = Callable[..., Fleet]
NO_TLS = {
    rf"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\{name}\Server": {"Enabled": 0}
    for name in ("TLS 1.0", "TLS 1.1", "TLS 1.2")
}


def test_people_who_are_connected_are_not_thrown_out(lab_of: LabOf) -> None:
    """One host speaks no TLS. On the other people are in without TLS: its key is mended now, and TLS is raised when the
    restart has been."""
    sessions = [{"user": "LAB\\anna", "state": "Active", "client": "192.0.2.21"}]
    layer = {LISTENER: {"SecurityLayer": 0}}
    fleet = lab_of(
        {"hostname": "NOTLS", "windows": "2019", "registry": NO_TLS, "sessions": sessions},
        {
            "hostname": "NOKEY",
            "windows": "2022",
            "certificate": {"key": "unreadable"},
            "registry": layer,
            "sessions": sessions,
        },
    )
    pids = {name: pid_of(fleet, name) for name in ("NOTLS", "NOKEY")}
    for _round in range(2):
        held = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
        assert held.code == 0, held.output
        assert held.of("NOKEY", "rdp_diagnose")["result"]["wire"]["ready"]
        assert "1 user(s) are connected" in json.dumps(held.results)
    assert not [each for each in held.results if each["result"].get("changed")]
    assert {name: pid_of(fleet, name) for name in pids} == pids
    allowed: dict[str, Any] = {"rdp_fail_on": [], "rdp_disconnect_users": True}
    for _round in range(2):
        run = playbook(fleet.inventory, "playbooks/fix_rdp.yml", **allowed)
    for name, pid in pids.items():
        assert run.of(name, "rdp_diagnose")["result"]["verdict"]["state"] == "healthy"
        assert pid_of(fleet, name) != pid


def pid_of(fleet: Fleet, host: str) -> int:
    """The process of TermService."""
    [pid] = [row.pid for row in fleet.lab.hosts[host].model.services.all() if row.name == "TermService"]
    return pid


def test_people_on_the_old_port_are_counted_after_a_change_of_port(lab_of: LabOf) -> None:
    sessions = [{"user": "LAB\\anna", "state": "Active", "client": "192.0.2.21"}]
    fleet = lab_of({"hostname": "SRV1", "windows": "2019", "sessions": sessions})
    ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"port": 3391})
    arguments = {"name": "TermService", "state": "restarted"}
    result = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_service", arguments).of("SRV1")["result"]
    assert (result["changed"], result["connected"], result["restarted"]) == (False, 1, [])


def test_a_host_that_fails_does_not_stop_the_others(lab_of: LabOf) -> None:
    """On the first host SessionEnv never finishes to start, so no certificate comes."""
    expired = {"certificate": {"self_signed": "expired"}, "windows": "2022"}
    stuck = {"SessionEnv": {"start": "manual", "state": "stopped", "stuck": True}}
    fleet = lab_of({"hostname": "BAD", "services": stuck, **expired}, {"hostname": "GOOD", **expired})
    run = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[], rdp_timeout=8)
    assert "Traceback" not in run.output
    assert run.of("GOOD", "rdp_diagnose")["result"]["verdict"]["state"] == "healthy"
    message = run.of("BAD")["result"]["msg"]
    assert "SessionEnv" in message
    assert "The plan was" in message
    # What was deleted to be made anew is back.
    found = ansible(fleet.inventory, "BAD", "winops.rdp.rdp_facts", {"gather_subset": ["certificate"]}).of("BAD")
    assert found["result"]["ansible_facts"]["rdp"]["certificate"]["active"]["days_left"] < 0


def test_every_write_was_in_the_journal_first(lab_of: LabOf) -> None:
    weak = {LISTENER: {"SecurityLayer": 0}}
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": weak})
    arguments = {"security_layer": "tls", "min_encryption_level": "high"}
    run = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", arguments)
    result = run.of("SRV1")["result"]
    assert result["before"] == {"security_layer": "rdp", "min_encryption_level": "client_compatible"}
    assert result["after"] == arguments
    targets = [write.target for write in fleet.writes("SRV1")]
    values = [target for target in targets if target.endswith(("SecurityLayer", "MinEncryptionLevel"))]
    assert len(values) == 2
    for value in values:
        position = targets.index(value)
        assert any("winops.rdp\\Journal" in target for target in targets[position - 1 : position])


def test_a_private_firewall_rule_opens_the_listeners_own_port(lab_of: LabOf) -> None:
    port = {LISTENER: {"PortNumber": 3390}}
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": port})
    first = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_firewall", {"state": "enabled"}).of("SRV1")["result"]
    assert "after" in first, first
    assert (first["changed"], first["after"], first["port"]) == (True, {"state": "enabled"}, 3390)
    second = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_firewall", {"state": "enabled"}).of("SRV1")["result"]
    assert not second["changed"]
    verdict: dict[str, Any] = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_diagnose", {}).of("SRV1")["result"]
    assert verdict["verdict"]["state"] == "healthy"
    assert verdict["wire"]["port"] == 3390


def test_weaker_is_refused_and_nothing_is_written(lab_of: LabOf) -> None:
    fleet = lab_of({"hostname": "SRV1", "windows": "2022"})
    run = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_listener", {"nla": False})
    assert "allow_weaker" in run.of("SRV1")["result"]["msg"]
    assert fleet.writes("SRV1") == []


def test_changes_after_which_nobody_can_connect_are_taken_back_whole(lab_of: LabOf) -> None:
    """TLS would be right, but something on the way ends connections that ask for it: without TLS people got in."""
    weak = {LISTENER: {"SecurityLayer": 0, "MinEncryptionLevel": 1, "UserAuthentication": 0}}
    agent = {"kind": "endpoint_agent", "at": "client_hello"}
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": weak, "path": agent})
    before = fleet.lab.digest("SRV1")["parts"]
    run = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
    assert run.code != 0
    message = run.of("SRV1")["result"]["msg"]
    assert "a connection ended at ready before the changes and at tls after them" in message, message
    assert "changes of this run were taken back. A connection now ends at ready" in message, message
    assert [each["result"]["changed"] for each in run.results if each["action"].endswith("rdp_restore")] == [True]
    assert fleet.lab.digest("SRV1")["parts"] == before


def test_the_outcome_of_a_fix_is_told(lab_of: LabOf) -> None:
    off = {r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server": {"fDenyTSConnections": 1}}
    fleet = lab_of({"hostname": "OFF", "windows": "2022", "registry": off}, {"hostname": "HEALTHY", "windows": "2022"})
    run = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
    for host, outcome in {"OFF": "improved", "HEALTHY": "unchanged"}.items():
        facts = [each["result"].get("ansible_facts", {}) for each in run.results if each["host"] == host]
        assert [each["remediate_outcome"] for each in facts if "remediate_outcome" in each][-1] == outcome


def test_a_failed_task_names_what_it_has_changed(lab_of: LabOf) -> None:
    stuck = {"SessionEnv": {"start": "disabled", "state": "stopped", "stuck": True}}
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "services": stuck})
    arguments = {"name": "SessionEnv", "start_mode": "manual", "state": "started", "timeout": 6}
    found = ansible(fleet.inventory, "SRV1", "winops.rdp.rdp_service", arguments).of("SRV1")
    assert (found["outcome"], found["result"]["changed"]) == ("failed", True)
    assert "start mode SessionEnv: disabled -> manual" in found["result"]["changes"]
    assert found["result"]["journal"].startswith("HKLM\\SOFTWARE\\winops.rdp\\Journal\\")
