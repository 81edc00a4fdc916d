# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: a host is held to its baseline, told what differs and who has set it so, and left alone when it is in line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import Run, playbook

LISTENER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
# A host that the baseline microsoft has nothing to say about.
SOUND = {LISTENER: {"SecurityLayer": 2, "UserAuthentication": 1, "MinEncryptionLevel": 3}}
# The Azure Run Command DisableNLA has been here.
NLA_OFF = {LISTENER: {**SOUND[LISTENER], "UserAuthentication": 0}}
PLAYBOOK = "playbooks/enforce_rdp.yml"

LabOf = Callable[..., Fleet]


@pytest.fixture
def lab_of(tmp_path: Path) -> Iterator[LabOf]:
    """Makes a fleet of one test's own from scenarios as dictionaries."""
    with ExitStack() as stack:

        def make(*scenarios: dict[str, Any]) -> Fleet:
            folder = write_scenarios(tmp_path / "scenarios", scenarios)
            return stack.enter_context(running(folder, tmp_path, "127.46.0.0"))

        yield make


def host(name: str, **more: Any) -> dict[str, Any]:
    return {"hostname": name, "windows": "2022", "registry": SOUND, **more}


def drift(run: Run, name: str) -> dict[str, dict[str, Any]]:
    """By setting, what the first comparison found."""
    return {each["setting"]: each for each in first(run, name)["drift"]}


def first(run: Run, name: str) -> dict[str, Any]:
    results = [each for each in run.results if each["host"] == name and "rdp_baseline" in each["action"]]
    found: dict[str, Any] = results[0]["result"]
    return found


def changed(run: Run) -> list[tuple[str, str]]:
    return [(each["host"], each["action"]) for each in run.results if each["result"].get("changed")]


def test_drift_is_told_repaired_and_then_gone(lab_of: LabOf) -> None:
    fleet = lab_of(host("SRV1", registry=NLA_OFF), host("SRV2"))
    before = fleet.lab.digest("SRV1")

    told = playbook(fleet.inventory, PLAYBOOK, "--check", "--diff")
    assert told.code == 0, told.output
    assert fleet.lab.digest("SRV1") == before
    [row] = drift(told, "SRV1").values()
    assert (row["setting"], row["found"], row["wanted"]) == ("listener.nla", False, True)
    assert (row["source"], row["causes"], row["left_alone"]) == ("local", ["listener.weakened"], "")
    assert "the Azure Run Command DisableNLA" in row["text"]
    assert drift(told, "SRV2") == {}
    assert f"  SRV1: {row['text']}" in told.output

    repaired = playbook(fleet.inventory, PLAYBOOK)
    assert repaired.code == 0, repaired.output
    assert f"  SRV1: Repaired: {row['text']}" in repaired.output
    assert fleet.lab.hosts["SRV1"].model.registry.dword(LISTENER, "UserAuthentication") == 1
    assert repaired.of("SRV1", "rdp_baseline")["result"]["drift"] == []
    assert repaired.of("SRV1", "rdp_diagnose")["result"]["verdict"]["state"] == "healthy"
    assert {name for name, _action in changed(repaired)} == {"SRV1"}
    assert fleet.writes("SRV2") == []

    healed = fleet.lab.digest("SRV1")
    again = playbook(fleet.inventory, PLAYBOOK, enforce_fail_on_drift=True)
    assert again.code == 0, again.output
    assert changed(again) == []
    assert fleet.lab.digest("SRV1") == healed


def test_it_fails_for_drift_only_when_asked(lab_of: LabOf) -> None:
    fleet = lab_of(host("SRV1", registry=NLA_OFF), host("SRV2"))
    asked = playbook(fleet.inventory, PLAYBOOK, "--check", enforce_fail_on_drift=True)
    assert asked.code == 2, asked.output
    assert "listener.nla is false" in asked.of("SRV1", "fail")["result"]["msg"]
    assert fleet.writes("SRV1") == []


def test_what_a_policy_sets_is_named_and_left_alone(lab_of: LabOf) -> None:
    policy = {"name": "RDP hardening", "registry": {POLICY: {"MinEncryptionLevel": 2}}}
    fleet = lab_of(host("SRV1", domain="corp.example", policies=[policy], registry=NLA_OFF))
    run = playbook(fleet.inventory, PLAYBOOK)
    assert run.code == 0, run.output
    found = drift(run, "SRV1")
    level = found["listener.min_encryption_level"]
    assert (level["source"], level["gpo"], level["found"]) == ("policy", "RDP hardening", "client_compatible")
    assert level["where"] == rf"{POLICY}\MinEncryptionLevel"
    assert "RDP hardening" in level["left_alone"]
    # The rest of the host is brought back all the same.
    assert found["listener.nla"]["left_alone"] == ""
    assert [each["setting"] for each in run.of("SRV1", "rdp_baseline")["result"]["drift"]] == [level["setting"]]
    assert not [write for write in fleet.writes("SRV1") if "Policies" in str(write)]


def test_stronger_than_the_baseline_is_in_line(lab_of: LabOf) -> None:
    fleet = lab_of(host("SRV1"))
    run = playbook(fleet.inventory, PLAYBOOK, enforce_baseline="legacy_clients", enforce_fail_on_drift=True)
    assert run.code == 0, run.output
    assert fleet.writes("SRV1") == []


def test_a_baseline_for_old_clients_gives_them_their_tls_back_and_takes_nothing_away(lab_of: LabOf) -> None:
    hardened = {**SOUND, rf"{SCHANNEL}\TLS 1.0\Server": {"Enabled": 0, "DisabledByDefault": 1}}
    fleet = lab_of(host("SRV1", registry=hardened))
    run = playbook(fleet.inventory, PLAYBOOK, enforce_baseline="legacy_clients")
    assert run.code == 0, run.output
    assert list(drift(run, "SRV1")) == ["protocols.TLS 1.0"]
    registry = fleet.lab.hosts["SRV1"].model.registry
    assert registry.dword(rf"{SCHANNEL}\TLS 1.0\Server", "Enabled") == 1
    assert [registry.dword(LISTENER, name) for name in SOUND[LISTENER]] == list(SOUND[LISTENER].values())


def test_settings_of_ones_own_come_before_those_of_the_baseline(lab_of: LabOf) -> None:
    fleet = lab_of(host("SRV1", registry=NLA_OFF, services={"SessionEnv": {"start": "disabled", "state": "stopped"}}))
    own = {"listener": {"nla": None}, "protocols": {"TLS 1.0": "disabled"}}
    run = playbook(fleet.inventory, PLAYBOOK, "--check", enforce_settings=own)
    assert run.code == 0, run.output
    assert set(drift(run, "SRV1")) == {"protocols.TLS 1.0", "services.SessionEnv"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"listener": {"nla": "always"}}, "listener.nla can not be 'always'"),
        ({"protocols": {"SSL 3.0": "enabled"}}, "SSL 3.0 is broken"),
        ({"listner": {"nla": True}}, "'listner' is none of them"),
    ],
)
def test_a_baseline_that_is_none_is_refused_in_a_sentence(fleet: Fleet, settings: dict[str, Any], said: str) -> None:
    run = playbook(fleet.inventory, PLAYBOOK, "--check", rdp_hosts="SRV-HEALTHY", enforce_settings=settings)
    assert run.code == 2
    assert said in run.of("SRV-HEALTHY", "rdp_baseline")["result"]["msg"]


def test_tls_waits_until_what_it_needs_is_in_order(lab_of: LabOf) -> None:
    fleet = lab_of(host("SRV1", registry={LISTENER: {"SecurityLayer": 0}}, certificate={"key": "unreadable"}))
    run = playbook(fleet.inventory, PLAYBOOK, "--check")
    assert run.code == 0, run.output
    assert "open first: machine_keys.acl" in drift(run, "SRV1")["listener.security_layer"]["left_alone"]
