# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: a host is held to its baseline, told what differs and who has set it so, and left alone when it is in line.

One fleet drifts in as many ways as there are, and is looked at, repaired and looked at again as a schedule does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import RDP_TCP, Fleet, running, write_scenarios
from tests.integration.run import Run, playbook

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
CREDSSP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
FIREWALL = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
PLAYBOOK = "playbooks/enforce_rdp.yml"


def host(name: str, registry: dict[str, dict[str, int]] | None = None, **more: Any) -> dict[str, Any]:
    """A host that the baseline microsoft has nothing to say about but for what is given."""
    own = registry or {}
    sound = {"SecurityLayer": 2, "UserAuthentication": 1, "MinEncryptionLevel": 3, **own.get(RDP_TCP, {})}
    return {"hostname": name, "windows": "2022", "registry": {**own, RDP_TCP: sound}, **more}


NLA_OFF = {RDP_TCP: {"UserAuthentication": 0}}
ALL_OFF = {
    rf"{FIREWALL}\{name}": {"EnableFirewall": 0} for name in ("DomainProfile", "StandardProfile", "PublicProfile")
}
HOSTS = (
    host("INLINE"),
    host("RESET", {RDP_TCP: {"SecurityLayer": 0, "MinEncryptionLevel": 1}}, certificate={"key": "unreadable"}),
    host("FIXALL", {**NLA_OFF, **ALL_OFF}),
    host("TUNNEL", {**NLA_OFF, CREDSSP: {"AllowEncryptionOracle": 2}}),
    host(
        "CLOSED",
        {RDP_TCP: {"fLogonDisabled": 1}, rf"{SCHANNEL}\Hashes\SHA256": {"Enabled": 0}},
        certificate={"self_signed": "expired"},
        firewall={"groups": {"@FirewallAPI.dll,-28752": False}},
        services={"UmRdpService": {"start": "disabled", "state": "stopped"}},
    ),
    host(
        "POLICY",
        NLA_OFF,
        domain="corp.example",
        policies=[{"name": "RDP hardening", "registry": {POLICY: {"MinEncryptionLevel": 2}}}],
    ),
    host(
        "LEGACY",
        {
            rf"{SCHANNEL}\Protocols\TLS 1.0\Server": {"Enabled": 0, "DisabledByDefault": 1},
            rf"{SCHANNEL}\Hashes\SHA": {"Enabled": 0},
        },
    ),
)
# As variables of groups would have them.
BASELINES = "{{ 'legacy_clients' if inventory_hostname == 'LEGACY' else 'microsoft' }}"
OWN = {"listener": {"prompt_for_password": True}, "hashes": {"SHA": None}}
SETTINGS = "{{ own if inventory_hostname == 'LEGACY' else {} }}"
# By host, what is repaired at once, and what is told and left.
REPAIRED = {
    "INLINE": set(),
    "RESET": {"certificate.key_usable"},
    "FIXALL": {"listener.nla"},
    "TUNNEL": {"listener.nla", "client.encryption_oracle"},
    "CLOSED": {
        "listener.logons_allowed",
        "hashes.SHA256",
        "certificate.sound",
        "firewall.open",
        "services.UmRdpService",
    },
    "POLICY": {"listener.nla"},
    "LEGACY": {"protocols.TLS 1.0", "listener.prompt_for_password"},
}
LEFT = {
    "FIXALL": {"firewall.domain", "firewall.private", "firewall.public"},
    "RESET": {"listener.security_layer", "listener.min_encryption_level"},
    "POLICY": {"listener.min_encryption_level"},
}


@dataclass(frozen=True)
class Story:
    """What a schedule does to one fleet, and the digests of the hosts before and after it was looked at."""

    fleet: Fleet
    before: dict[str, Any]
    told: Run
    digests_when_told: dict[str, Any]
    repaired: Run
    again: Run


def digests(fleet: Fleet) -> dict[str, Any]:
    return {name: fleet.lab.digest(name) for name in fleet.lab.hosts}


def enforce(fleet: Fleet, *options: str, **variables: Any) -> Run:
    return playbook(
        fleet.inventory, PLAYBOOK, *options, rdp_baseline=BASELINES, own=OWN, enforce_settings=SETTINGS, **variables
    )


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    work: Path = tmp_path_factory.mktemp("drift")
    folder = write_scenarios(work / "scenarios", HOSTS)
    with running(folder, work, "127.54.0.0") as fleet:
        before = digests(fleet)
        told = enforce(fleet, "--check", "--diff")
        when_told = digests(fleet)
        # On one host what is left alone counts as a failure, on the others it does not.
        repaired = enforce(fleet, enforce_fail_on_drift="{{ inventory_hostname == 'POLICY' }}")
        again = enforce(fleet, "--limit", "INLINE,RESET,CLOSED")
        yield Story(fleet, before, told, when_told, repaired, again)


def drift(run: Run, name: str) -> dict[str, dict[str, Any]]:
    """By setting, what the first comparison of a run found."""
    results = [each for each in run.results if each["host"] == name and "rdp_baseline" in each["action"]]
    return {each["setting"]: each for each in results[0]["result"]["drift"]}


def left(run: Run, name: str) -> set[str]:
    """What differs in the end."""
    return {each["setting"] for each in run.of(name, "rdp_baseline")["result"]["drift"]}


def changed(run: Run) -> set[str]:
    return {each["host"] for each in run.results if each["result"].get("changed")}


# ---- --check


def test_check_tells_every_difference_and_changes_nothing(story: Story) -> None:
    assert story.told.code == 0, story.told.output
    assert story.digests_when_told == story.before
    for name, settings in REPAIRED.items():
        found = drift(story.told, name)
        assert set(found) == settings | LEFT.get(name, set()), name
        assert {each for each, row in found.items() if not row["left_alone"]} == settings, name
        assert all(f"  {name}: {row['text']}" in story.told.output for row in found.values())


@pytest.mark.parametrize(
    ("name", "settings", "tool"),
    [
        ("POLICY", {"listener.nla"}, "the Azure Run Command DisableNLA"),
        ("RESET", {"listener.security_layer", "listener.min_encryption_level"}, "the Azure Run Command ResetRDPCert"),
        ("FIXALL", {"listener.nla", *LEFT["FIXALL"]}, "AWSSupport-TroubleshootRDP with FixAll"),
        ("TUNNEL", {"listener.nla", "client.encryption_oracle"}, "an installer of a Remote Desktop tunnel"),
    ],
)
def test_the_button_that_left_it_is_named(story: Story, name: str, settings: set[str], tool: str) -> None:
    found = drift(story.told, name)
    assert {each for each, row in found.items() if tool in row["text"]} == settings


def test_what_a_policy_sets_is_named_and_left_alone(story: Story) -> None:
    level = drift(story.told, "POLICY")["listener.min_encryption_level"]
    assert (level["source"], level["gpo"], level["found"]) == ("policy", "RDP hardening", "client_compatible")
    assert level["where"] == rf"{POLICY}\MinEncryptionLevel"
    assert "RDP hardening" in level["left_alone"]
    assert not [write for write in story.fleet.writes("POLICY") if "Policies" in str(write)]


def test_tls_waits_until_what_it_needs_is_in_order(story: Story) -> None:
    assert "open first: machine_keys.acl" in drift(story.told, "RESET")["listener.security_layer"]["left_alone"]


# ---- without --check


def test_what_differs_is_repaired_and_proved(story: Story) -> None:
    for name, settings in REPAIRED.items():
        assert left(story.repaired, name) == LEFT.get(name, set()), name
        assert all(
            f"  {name}: Repaired: {row['text']}" in story.repaired.output
            for setting, row in drift(story.repaired, name).items()
            if setting in settings
        )
    assert changed(story.repaired) == {name for name, settings in REPAIRED.items() if settings}
    for name in ("FIXALL", "TUNNEL", "CLOSED"):
        assert story.repaired.of(name, "rdp_diagnose")["result"]["verdict"]["state"] == "healthy", name
    assert story.fleet.writes("INLINE") == []
    assert story.fleet.lab.hosts["TUNNEL"].model.registry.dword(CREDSSP, "AllowEncryptionOracle") is None


def test_nothing_is_taken_away_for_old_clients(story: Story) -> None:
    registry = story.fleet.lab.hosts["LEGACY"].model.registry
    assert registry.dword(rf"{SCHANNEL}\Protocols\TLS 1.0\Server", "Enabled") == 1
    assert [
        registry.dword(RDP_TCP, name) for name in ("SecurityLayer", "UserAuthentication", "MinEncryptionLevel")
    ] == [
        2,
        1,
        3,
    ]


def test_the_next_run_does_what_had_to_wait_and_nothing_else(story: Story) -> None:
    assert story.again.code == 0, story.again.output
    assert changed(story.again) == {"RESET"}
    assert left(story.again, "RESET") == set()
    assert story.again.of("RESET", "rdp_diagnose")["result"]["verdict"]["state"] == "healthy"


# ---- exit codes, and a schedule's output


def test_a_host_in_line_gets_its_line_in_the_report_and_no_other(story: Story) -> None:
    run = enforce(story.fleet, "--limit", "INLINE,CLOSED", enforce_fail_on_drift=True)
    assert run.code == 0, run.output
    assert changed(run) == set()
    table = run.of("CLOSED", "rdp_report")["result"]["table"]
    assert [line.split()[0] for line in table] == ["HOST", "CLOSED", "INLINE"]
    assert not any(word in run.output for word in ("Drift:", "Left alone:", "Planned:", "[WARNING]", "changed: ["))
    assert "changed=0" in run.output and "failed=0" in run.output


def failed(run: Run) -> set[str]:
    return {each["host"] for each in run.results if each["outcome"] == "failed"}


def test_it_fails_for_drift_only_when_asked(story: Story) -> None:
    """What is told and left alone counts, in check mode and after a repair."""
    in_check_mode = enforce(story.fleet, "--check", "--limit", "POLICY", enforce_fail_on_drift=True)
    for run in (in_check_mode, story.repaired):
        assert (run.code, failed(run)) == (2, {"POLICY"}), run.output
        assert "listener.min_encryption_level is client_compatible" in run.of("POLICY", "fail")["result"]["msg"]


def test_settings_that_mean_nothing_are_refused_in_a_sentence(story: Story) -> None:
    wrong = {
        "INLINE": ({"listener": {"nlaa": True}}, "listener.nlaa is not known; listener has enabled,"),
        "CLOSED": ({"listener": {"nla": "always"}}, "listener.nla is true or false, not 'always'"),
        "RESET": ({"listener": {"security_layer": "negotiate"}}, "negotiate is weaker than tls, which the baseline"),
        "TUNNEL": ({"listner": {"nla": True}}, "settings has no 'listner', but listener,"),
    }
    run = playbook(
        story.fleet.inventory,
        PLAYBOOK,
        "--check",
        "--limit",
        ",".join(wrong),
        wrong={name: settings for name, (settings, _said) in wrong.items()},
        enforce_settings="{{ wrong[inventory_hostname] }}",
    )
    assert run.code == 2, run.output
    for name, (_settings, said) in wrong.items():
        assert said in run.of(name, "rdp_baseline")["result"]["msg"]
