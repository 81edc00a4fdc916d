# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many hosts at once: what limits a fix, batches that stop in time, farms one by one, and brokers not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import Run, playbook

TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
LISTENER = rf"{TERMINAL_SERVER}\WinStations\RDP-Tcp"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
# As the Azure Run Command ResetRDPCert leaves it: it works, and is weak.
WEAK = {LISTENER: {"SecurityLayer": 0, "UserAuthentication": 0, "MinEncryptionLevel": 1}}
IN_A_FARM = {TERMINAL_SERVER: {"SessionDirectoryActive": 1}}
PLAYBOOK = "playbooks/fix_rdp.yml"

LabOf = Callable[..., Fleet]


@pytest.fixture
def lab_of(tmp_path: Path) -> Iterator[LabOf]:
    """Makes a fleet of one test's own from scenarios as dictionaries."""
    with ExitStack() as stack:

        def make(*scenarios: dict[str, Any]) -> Fleet:
            folder = write_scenarios(tmp_path / "scenarios", scenarios)
            return stack.enter_context(running(folder, tmp_path, "127.56.0.0"))

        yield make


def weak(name: str, **more: Any) -> dict[str, Any]:
    registry = {**WEAK, **more.pop("registry", {})}
    return {"hostname": name, "windows": "2022", "registry": registry, **more}


def member(name: str, **more: Any) -> dict[str, Any]:
    """A session host that reports to a connection broker."""
    return weak(name, roles=["session_host"], registry={**IN_A_FARM, **more.pop("registry", {})}, **more)


def layer(fleet: Fleet, host: str) -> int | None:
    return fleet.lab.hosts[host].model.registry.dword(LISTENER, "SecurityLayer")


def drained(fleet: Fleet, host: str) -> list[Any]:
    """The values that the drain switch has had."""
    return [write.after["data"] for write in fleet.writes(host) if "TSServerDrainMode" in write.target]


def left_alone(run: Run, host: str) -> dict[str, str]:
    verdict = run.of(host, "rdp_diagnose")["result"]["verdict"]
    return {each["cause"]: each["reason"] for each in verdict["left_alone"]}


# -- what a fix may do -----------------------------------------------------------------------------------------------


def test_limits_keep_steps_out_of_a_fix_and_are_told(lab_of: LabOf) -> None:
    low = {LISTENER: {"SecurityLayer": 1, "MinEncryptionLevel": 1}}
    fleet = lab_of(
        {"hostname": "SRV1", "windows": "2022", "registry": low, "certificate": {"self_signed": "expired"}},
        {"hostname": "SRV2", "windows": "2022"},
    )
    before = fleet.lab.digest("SRV1")
    run = playbook(fleet.inventory, PLAYBOOK, "--check", rdp_fail_on=[], rdp_remediate_risk="low")
    assert run.code == 0, run.output
    assert "risk medium" in left_alone(run, "SRV1")["listener.weakened"]
    run = playbook(fleet.inventory, PLAYBOOK, "--check", rdp_fail_on=[], rdp_allow_restart=False)
    assert "restarts SessionEnv" in left_alone(run, "SRV1")["certificate.expired"]
    assert fleet.lab.digest("SRV1") == before

    only = playbook(
        fleet.inventory, PLAYBOOK, rdp_fail_on=[], rdp_remediate_causes=["certificate.expired"], rdp_hosts="SRV1"
    )
    assert only.code == 0, only.output
    assert fleet.lab.hosts["SRV1"].model.registry.dword(LISTENER, "MinEncryptionLevel") == 1
    [row] = only.of("SRV1", "rdp_report")["result"]["rows"]
    assert row["causes"] == ["listener.weakened"]
    assert "SRV1: listener.weakened: It is not among the causes" in only.output


def test_a_cause_that_does_not_exist_is_refused_before_anything_is_sent(lab_of: LabOf) -> None:
    fleet = lab_of(weak("SRV1"))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_remediate_causes="listener.weekend")
    assert run.code == 2
    assert "no cause has the id listener.weekend" in run.of("SRV1", "rdp_diagnose")["result"]["msg"]
    assert fleet.requests("SRV1") == 0


def test_the_plan_is_shown_with_risk_restarts_and_people(lab_of: LabOf) -> None:
    session = {"user": r"LAB\anna", "state": "Active", "client": "192.0.2.21"}
    tls_off = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\{}\Server"
    protocols = {tls_off.format(name): {"Enabled": 0} for name in ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")}
    fleet = lab_of({"hostname": "SRV1", "windows": "2022", "registry": protocols, "sessions": [session]})
    before = fleet.lab.digest("SRV1")
    run = playbook(fleet.inventory, PLAYBOOK, "--check", "--diff")
    assert run.code == 0, run.output
    assert fleet.lab.digest("SRV1") == before
    [line] = [line for line in run.output.splitlines() if line.startswith("  SRV1: 1. rdp_tls")]
    assert "tls.no_common_version; risk medium, restarts TermService, which cuts off 1 connected" in line
    assert run.of("SRV1", "rdp_tls")["result"]["diff"]


# -- farms -----------------------------------------------------------------------------------------------------------


def test_members_of_a_farm_are_drained_and_changed_one_after_the_other(lab_of: LabOf) -> None:
    names = ("RDSH1", "RDSH2", "RDSH3")
    fleet = lab_of(*map(member, names), weak("SRV1"))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[])
    assert run.code == 0, run.output
    spans = sorted((min(times), max(times)) for times in ([w.time for w in fleet.writes(name)] for name in names))
    assert all(end < start for (_first, end), (start, _last) in zip(spans, spans[1:], strict=False)), spans
    for name in names:
        # Drained first, open at the end, and by nothing of ours closed again.
        assert drained(fleet, name) == [1, 0]
        assert layer(fleet, name) == 2
        order = [w.target for w in fleet.writes(name) if w.target.endswith(("TSServerDrainMode", "SecurityLayer"))]
        assert [target.rpartition("\\")[2] for target in order] == [
            "TSServerDrainMode",
            "SecurityLayer",
            "TSServerDrainMode",
        ]
    rows = {row["host"]: row for row in run.of("RDSH1", "rdp_report")["result"]["rows"]}
    assert [rows[name]["causes"] for name in names if "listener.drain" in rows[name]["causes"]] == []
    assert drained(fleet, "SRV1") == []
    assert layer(fleet, "SRV1") == 2
    again = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[])
    assert not [each for each in again.results if each["result"].get("changed")]


def test_a_member_that_somebody_has_drained_stays_drained(lab_of: LabOf) -> None:
    fleet = lab_of(member("RDSH1", registry={TERMINAL_SERVER: {"SessionDirectoryActive": 1, "TSServerDrainMode": 2}}))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[])
    assert run.code == 0, run.output
    assert layer(fleet, "RDSH1") == 2
    assert drained(fleet, "RDSH1") == []


def test_members_after_one_that_failed_are_left_as_they_are(lab_of: LabOf) -> None:
    names = {"RDSH1", "RDSH2"}
    fleet = lab_of(*(member(name, faults={"die_after_writes": 3}) for name in names))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[], rdp_timeout=20)
    assert run.code != 0
    # The first turn is that of the member whose diagnosis was done first.
    [first] = [name for name in names if fleet.writes(name)]
    [other] = names - {first}
    assert f"{first} failed before it" in run.of(other, "fail")["result"]["msg"]


def test_a_connection_broker_is_left_alone_unless_that_is_forced(lab_of: LabOf) -> None:
    fleet = lab_of(weak("BROKER1", roles=["connection_broker"]))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[])
    assert "connection broker" in left_alone(run, "BROKER1")["listener.weakened"]
    assert fleet.writes("BROKER1") == []
    forced = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[], rdp_force=True)
    assert forced.code == 0, forced.output
    assert layer(fleet, "BROKER1") == 2


# -- batches ---------------------------------------------------------------------------------------------------------


def test_a_canary_that_gets_worse_stops_the_rest(lab_of: LabOf) -> None:
    """An agent in the path cuts TLS: raising the security layer there shuts everybody out."""
    agent = {"kind": "endpoint_agent", "at": "client_hello"}
    fleet = lab_of(weak("SRV1", path=agent), weak("SRV2"), weak("SRV3"), weak("SRV4"))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[], rdp_serial=[2, "100%"])
    assert run.code == 2, run.output
    assert layer(fleet, "SRV2") == 2
    assert fleet.writes("SRV3") == fleet.writes("SRV4") == []
    assert "SRV1 got worse: 50.0 %" in run.output
    # More may be allowed.
    run = playbook(fleet.inventory, PLAYBOOK, rdp_fail_on=[], rdp_serial=[2, "100%"], rdp_max_worse=50)
    assert run.code == 2, run.output
    assert layer(fleet, "SRV3") == layer(fleet, "SRV4") == 2


@pytest.mark.parametrize(("most", "reached"), [(0, False), (100, True)])
def test_no_more_than_the_share_of_failures_that_is_allowed(lab_of: LabOf, most: int, reached: bool) -> None:
    """A host that stays blocked by policy fails in the end, and ends the run where no failure is allowed."""
    blocked = {"hostname": "SRV1", "windows": "2022", "registry": {POLICY: {"SecurityLayer": 0}}}
    fleet = lab_of(blocked, weak("SRV2"), weak("SRV3"))
    run = playbook(fleet.inventory, PLAYBOOK, rdp_serial="2", rdp_max_fail_percentage=most, rdp_fail_on=["blocked"])
    assert run.code == 2, run.output
    assert (layer(fleet, "SRV3") == 2) is reached
