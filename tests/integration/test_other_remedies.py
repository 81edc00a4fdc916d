# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates, clients and licensing: broken, announced, fixed, left alone the second time, and taken back or named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import ansible, playbook

LabOf = Callable[..., Fleet]
HOST = "SRV1"
SCENARIO = {"hostname": HOST, "windows": "2022"}
USER = "S-1-5-21-1-2-3-1001"
CREDSSP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
LICENSES = r"HKLM\SOFTWARE\Microsoft\MSLicensing\Store"
GRACE = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\RCM\GracePeriod"
HASH = "AB" * 20


@pytest.fixture
def lab_of(tmp_path: Path) -> Iterator[LabOf]:
    with ExitStack() as stack:

        def make(*scenarios: dict[str, Any]) -> Fleet:
            folder = write_scenarios(tmp_path / "scenarios", scenarios)
            return stack.enter_context(running(folder, tmp_path, "127.49.0.0"))

        yield make


def task(fleet: Fleet, module: str, arguments: dict[str, Any], *options: str) -> dict[str, Any]:
    run = ansible(fleet.inventory, HOST, f"winops.rdp.{module}", arguments, *options)
    found: dict[str, Any] = run.of(HOST)["result"]
    return {**found, "failed": run.code != 0}


def digest(fleet: Fleet) -> Any:
    return fleet.lab.digest(HOST)["parts"]


def round_trip(fleet: Fleet, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check mode, the change, the same again, and back; the result of the change."""
    before = digest(fleet)
    announced = task(fleet, module, arguments, "--check", "--diff")
    assert announced["changed"], announced
    assert digest(fleet) == before
    assert not fleet.writes(HOST)
    done = task(fleet, module, arguments)
    assert done["changed"], done
    assert (done["changes"], done["after"]) == (announced["changes"], announced["after"])
    again = task(fleet, module, arguments)
    assert not again["changed"], again
    assert task(fleet, "rdp_restore", {})["kept"] == []
    assert digest(fleet) == before
    return done


# -- clients ---------------------------------------------------------------------------------------------------------


def test_a_client_is_put_right_and_back(lab_of: LabOf) -> None:
    values = {
        CREDSSP: {"AllowEncryptionOracle": 2},
        rf"{LICENSES}\LICENSE000": {"ClientLicense": "hex:01,02,03", "ProductID": "A02"},
        rf"{LICENSES}\LICENSE001": {"ClientLicense": "hex:ff"},
        r"HKLM\SOFTWARE\Microsoft\MSLicensing\HardwareID": {"ClientHWID": "hex:aa,bb"},
    }
    hive = {
        "sid": USER,
        "user": "anna",
        "servers": {"srv9.example": {"cert_hash": HASH, "username": "anna"}, "other.example": {"cert_hash": HASH}},
    }
    fleet = lab_of({**SCENARIO, "windows": "10-22h2", "registry": values, "user_hives": [hive]})
    arguments = {
        "encryption_oracle": "default",
        "udp": "disabled",
        "redirection_warning": "current",
        "forget_certificates_of": ["SRV9.example"],
        "forget_licenses": True,
    }
    done = round_trip(fleet, "rdp_client", arguments)
    assert done["before"]["encryption_oracle"] == "vulnerable"
    assert done["before"]["certificates"] == [{"sid": USER, "server": "srv9.example"}]
    assert done["before"]["licenses"] == ["LICENSE000", "LICENSE001"]
    assert done["reboot_required"]
    written = {write.target for write in fleet.writes(HOST)}
    assert not [target for target in written if "other.example" in target or "HardwareID" in target]


def test_a_hive_that_is_not_loaded_any_more_is_named(lab_of: LabOf) -> None:
    hive = {"sid": USER, "user": "anna", "servers": {"srv9.example": {"cert_hash": HASH}}}
    fleet = lab_of({**SCENARIO, "user_hives": [hive]})
    assert task(fleet, "rdp_client", {"forget_certificates_of": ["srv9.example"]})["changed"]
    registry = fleet.lab.hosts[HOST].model.registry
    registry.delete_tree(rf"HKEY_USERS\{USER}")
    kept = task(fleet, "rdp_restore", {})["kept"]
    assert "not logged on" in kept[0]["reason"]
    assert registry.find(rf"HKEY_USERS\{USER}") is None


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"encryption_oracle": "vulnerable"}, "allow_weaker"),
        ({"redirection_warning": "previous"}, "allow_weaker"),
        ({"udp": "disabled"}, 'Group Policy object "Clients"'),
    ],
)
def test_what_makes_a_client_weaker_or_is_under_policy_is_refused(
    lab_of: LabOf, arguments: dict[str, Any], why: str
) -> None:
    policy = {"name": "Clients", "registry": {rf"{POLICY}\Client": {"fClientDisableUDP": 0}}}
    fleet = lab_of({**SCENARIO, "domain": "corp.example", "policies": [policy]})
    before = digest(fleet)
    refused = task(fleet, "rdp_client", arguments)
    assert refused["failed"]
    assert why in refused["msg"]
    assert digest(fleet) == before


def test_a_member_of_a_domain_that_tells_no_policies_is_left_alone(lab_of: LabOf) -> None:
    fleet = lab_of({**SCENARIO, "domain": "corp.example", "rsop": False})
    refused = task(fleet, "rdp_client", {"udp": "disabled"})
    assert "set force to true" in refused["msg"]
    assert task(fleet, "rdp_client", {"udp": "disabled", "force": True})["changed"]


# -- licensing -------------------------------------------------------------------------------------------------------


def test_a_session_host_is_licensed_and_back(lab_of: LabOf) -> None:
    servers = [{"name": f"lic{number}.corp.example", "status": "valid", "specified": False} for number in (1, 2)]
    licensing = {"session_host": True, "mode": "not_configured", "grace_days": 40, "servers": servers}
    fleet = lab_of({**SCENARIO, "domain": "corp.example", "licensing": licensing})
    wanted = {"mode": "per_user", "servers": ["lic2.corp.example", "lic1.corp.example"]}
    done = round_trip(fleet, "rdp_licensing", wanted)
    assert done["before"] == {"mode": "not_configured", "servers": []}
    assert done["after"] == wanted
    assert not [write for write in fleet.writes(HOST) if write.target.lower().startswith(GRACE.lower())]


def test_licensing_that_was_set_is_changed_and_back(lab_of: LabOf) -> None:
    servers = [{"name": "lic1.corp.example", "status": "valid", "specified": True}]
    licensing = {"session_host": True, "mode": "per_user", "servers": servers}
    fleet = lab_of({**SCENARIO, "domain": "corp.example", "licensing": licensing})
    round_trip(fleet, "rdp_licensing", {"mode": "per_device", "servers": ["lic9.corp.example"]})


@pytest.mark.parametrize(
    ("scenario", "arguments", "why"),
    [
        ({}, {"mode": "per_device"}, "has not the role"),
        ({"licensing": {"session_host": True, "mode": "not_configured"}}, {"mode": "per_user"}, "in a workgroup"),
        (
            {
                "domain": "corp.example",
                "licensing": {"session_host": True, "mode": "per_user"},
                "policies": [{"name": "RDS", "registry": {POLICY: {"LicensingMode": 4, "LicenseServers": "lic1"}}}],
            },
            {"mode": "per_device"},
            "Group Policy",
        ),
        (
            {
                "domain": "corp.example",
                "licensing": {"session_host": True, "mode": "per_user"},
                "policies": [{"name": "RDS", "registry": {POLICY: {"LicensingMode": 4, "LicenseServers": "lic1"}}}],
            },
            {"servers": ["lic2"]},
            "Group Policy",
        ),
    ],
)
def test_licensing_is_refused(lab_of: LabOf, scenario: dict[str, Any], arguments: dict[str, Any], why: str) -> None:
    fleet = lab_of({**SCENARIO, **scenario})
    before = digest(fleet)
    refused = task(fleet, "rdp_licensing", arguments)
    assert refused["failed"]
    assert why in refused["msg"]
    assert digest(fleet) == before


# -- updates ---------------------------------------------------------------------------------------------------------

BAD = {
    **SCENARIO,
    "ubr": 405,
    "updates": [{"id": "KB5008223", "ubr": 405}, {"id": "KB5007254", "ubr": 380, "state": "superseded"}],
}
REMOVE = {"kb": "KB5008223", "allow_weaker": True}


def test_an_update_is_removed_windows_restarted_and_the_run_goes_on(lab_of: LabOf) -> None:
    fleet = lab_of(BAD)
    before = digest(fleet)
    announced = task(fleet, "rdp_update", {**REMOVE, "reboot": True}, "--check")
    assert (announced["changed"], announced["rebooted"]) == (True, True)
    assert digest(fleet) == before
    done = task(fleet, "rdp_update", {**REMOVE, "reboot": True})
    assert (done["changed"], done["rebooted"], done["reboot_required"]) == (True, True, False), done
    assert done["changes"] == announced["changes"]
    assert (done["before"]["build"], done["after"]["build"]) == ("20348.405", "20348.380")
    assert [each["state"] for each in done["after"]["packages"]] == ["absent"]
    assert any("KB5010197" in each for each in done["guidance"])
    again = task(fleet, "rdp_update", {**REMOVE, "reboot": True})
    assert (again["changed"], again["rebooted"]) == (False, False), again
    back = task(fleet, "rdp_restore", {})
    assert "can not be put back" in back["kept"][0]["reason"]
    assert not back["changed"]
    assert fleet.lab.hosts[HOST].model.registry.find(r"HKLM\SOFTWARE\winops.rdp") is None


def test_without_leave_windows_is_not_restarted(lab_of: LabOf) -> None:
    fleet = lab_of(BAD)
    started = fleet.lab.hosts[HOST].model.boot_time
    done = task(fleet, "rdp_update", {**REMOVE, "kb": "5008223"})
    assert (done["changed"], done["rebooted"], done["reboot_required"]) == (True, False, True), done
    assert done["after"]["packages"][0]["state"] == "uninstall_pending"
    again = task(fleet, "rdp_update", REMOVE)
    assert (again["changed"], again["reboot_required"]) == (False, True)
    assert fleet.lab.hosts[HOST].model.boot_time == started
    finished = task(fleet, "rdp_update", {"reboot": True})
    assert (finished["changed"], finished["rebooted"], finished["reboot_required"]) == (True, True, False)
    assert fleet.lab.hosts[HOST].model.boot_time > started


def test_people_are_not_cut_off(lab_of: LabOf) -> None:
    fleet = lab_of({**BAD, "sessions": [{"user": "anna", "state": "Active", "client": "192.0.2.21"}]})
    done = task(fleet, "rdp_update", {**REMOVE, "reboot": True})
    assert (done["rebooted"], done["reboot_required"], done["connected"]) == (False, True, 1)
    assert "disconnect_users" in done["msg"]
    assert task(fleet, "rdp_update", {"reboot": True, "disconnect_users": True})["rebooted"]


MUM = r"C:\Windows\servicing\Packages\Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6.mum"
PERMANENT = {"text": '<package identifier="RollupFix" permanency="permanent">'}


@pytest.mark.parametrize(
    ("scenario", "arguments", "why"),
    [
        (BAD, {"kb": "KB5008223"}, "set allow_weaker to true"),
        (BAD, {"kb": "KB5008223"}, "Install KB5010197"),
        ({**BAD, "files": {MUM: PERMANENT}}, REMOVE, "wusa does not remove it either"),
        # Nothing tells beforehand: DISM refuses.
        ({**SCENARIO, "windows": "2025"}, {"build": "26100", "allow_weaker": True}, "no build with a revision"),
        ({**SCENARIO, "updates": [{"id": "KB5099999", "ubr": 999}], "ubr": 999}, {"kb": "KB5099999"}, "as build"),
        (BAD, {"kb": "KB5088888"}, ""),
    ],
)
def test_a_removal_is_refused(lab_of: LabOf, scenario: dict[str, Any], arguments: dict[str, Any], why: str) -> None:
    fleet = lab_of(scenario)
    before = digest(fleet)
    refused = task(fleet, "rdp_update", arguments)
    assert refused["failed"] is bool(why), refused
    assert why in refused.get("msg", "")
    assert digest(fleet) == before


def test_what_dism_refuses_fails_and_leaves_the_host_as_it_was(lab_of: LabOf) -> None:
    fleet = lab_of({**SCENARIO, "windows": "2025", "ubr": 3194})
    before = fleet.lab.hosts[HOST].model.registry.dword(r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "UBR")
    refused = task(fleet, "rdp_update", {"kb": "KB5051987", "allow_weaker": True})
    assert refused["failed"]
    assert "0x800F0825" in refused["msg"]
    back = task(fleet, "rdp_restore", {})
    assert back["kept"] == []
    assert before == 3194
    assert fleet.lab.hosts[HOST].model.registry.find(r"HKLM\SOFTWARE\winops.rdp") is None


def test_roles_do_what_their_modules_do(lab_of: LabOf, tmp_path: Path) -> None:
    licensing = {"session_host": True, "mode": "not_configured"}
    policy = {"name": "Others", "registry": {POLICY: {"MinEncryptionLevel": 3}}}
    fleet = lab_of({**BAD, "domain": "corp.example", "licensing": licensing, "policies": [policy]})
    play = tmp_path / "roles.yml"
    play.write_text(
        """
- hosts: all
  gather_facts: false
  roles:
    - {role: winops.rdp.client, client_udp: disabled}
    - {role: winops.rdp.licensing, licensing_mode: per_device, licensing_servers: [lic1.corp.example]}
    - {role: winops.rdp.updates, updates_kb: KB5008223, updates_allow_weaker: true, updates_timeout: 120}
""",
        encoding="utf-8",
    )
    run = playbook(fleet.inventory, str(play), rdp_allow_reboot=True)
    assert run.code == 0, run.output
    assert run.of(HOST, "rdp_client")["result"]["changed"]
    assert run.of(HOST, "rdp_licensing")["result"]["after"]["mode"] == "per_device"
    assert run.of(HOST, "rdp_update")["result"]["rebooted"]
