# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of Windows in the role remediate: only with leave, once, waited for, and the run goes on to its proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import Run, playbook

PLAYBOOK = "playbooks/fix_rdp.yml"
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
TERMINAL_SERVER = rf"{CONTROL}\Terminal Server"
LISTENER = rf"{TERMINAL_SERVER}\WinStations\RDP-Tcp"
CREDSSP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
SUITES = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
MARKS = r"HKLM\SOFTWARE\winops.rdp\RestartPending"
WAITS: dict[str, Any] = {r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending": {}}
PENDING: dict[str, Any] = {
    "windows": "2022",
    "ubr": 405,
    "updates": [
        {"id": "KB5008223", "ubr": 405, "state": "uninstall_pending"},
        {"id": "KB5007254", "ubr": 380, "state": "install_pending"},
    ],
    "registry": WAITS,
}
# A list that this collection takes away, which counts for all of Windows only after a restart.
LIST: dict[str, Any] = {
    "hostname": "LIST",
    "windows": "2025",
    "domain": "corp.example",
    "policies": [{"name": "Other", "registry": {r"HKLM\SOFTWARE\Policies\Lab": {"Value": 1}}}],
    "registry": {SUITES: {"Functions": "TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_RC4_128_MD5"}},
}
PEOPLE = {"user": r"LAB\anna", "state": "Active", "client": "192.0.2.21"}
HOSTS: tuple[dict[str, Any], ...] = (
    LIST,
    {**PENDING, "hostname": "PEOPLE", "sessions": [PEOPLE]},
    {
        **PENDING,
        "hostname": "MEMBER",
        "roles": ["session_host"],
        "registry": {**WAITS, TERMINAL_SERVER: {"SessionDirectoryActive": 1}},
    },
    # An agent in the path cuts TLS, so what is raised here makes it worse.
    {
        "hostname": "WORSE",
        "windows": "2022",
        "path": {"kind": "endpoint_agent", "at": "client_hello"},
        "registry": {
            LISTENER: {"SecurityLayer": 0, "UserAuthentication": 0, "MinEncryptionLevel": 1},
            CREDSSP: {"AllowEncryptionOracle": 2},
        },
    },
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("reboot")
    folder = write_scenarios(work / "scenarios", HOSTS)
    with running(folder, work, "127.52.0.0") as found:
        yield found


def started(fleet: Fleet) -> dict[str, Any]:
    return {name: host.model.boot_time for name, host in fleet.lab.hosts.items()}


def verdict(run: Run, host: str) -> dict[str, Any]:
    found: dict[str, Any] = run.of(host, "rdp_diagnose")["result"]["verdict"]
    return found


def drains(fleet: Fleet, host: str) -> list[int]:
    """The values that the drain switch has had."""
    return [write.after["data"] for write in fleet.writes(host) if "TSServerDrainMode" in write.target]


def is_done(result: dict[str, Any]) -> bool:
    return result["result"].get("changed") or "rdp_diagnose" in result["action"]


def reboots(run: Run, host: str) -> list[bool]:
    return [each["result"]["rebooted"] for each in run.results if each["host"] == host and "rebooted" in each["result"]]


def test_windows_is_restarted_with_leave_and_the_run_goes_on(fleet: Fleet) -> None:
    first = started(fleet)
    digests = {name: fleet.lab.digest(name) for name in first}
    told = playbook(fleet.inventory, PLAYBOOK, "--check", rdp_allow_reboot=True, rdp_hosts="LIST,PEOPLE")
    lines = [line for line in told.output.splitlines() if "restarts" in line]
    assert any("LIST: 1. rdp_tls" in line and "restarts TermService and Windows" in line for line in lines), told.output
    assert any("PEOPLE: 1. rdp_update" in line and "restarts Windows, which cuts off 1" in line for line in lines), (
        lines
    )
    assert {name: fleet.lab.digest(name) for name in first} == digests

    # Without leave nothing restarts, and what is due is said.
    without = playbook(fleet.inventory, PLAYBOOK, rdp_hosts="LIST")
    assert without.code == 0, without.output
    assert started(fleet) == first
    assert "LIST: update.pending_reboot: Its remedy needs a restart of Windows, which is not allowed" in without.output

    # With leave a later run finishes what is due.
    run = playbook(fleet.inventory, PLAYBOOK, rdp_allow_reboot=True, rdp_fail_on=[], rdp_reboot_timeout=60)
    assert run.code == 2, run.output
    again = started(fleet)
    assert {name for name in first if again[name] > first[name]} == {"LIST", "MEMBER", "WORSE"}
    for host in ("LIST", "MEMBER"):
        assert reboots(run, host) == [True], host
        assert verdict(run, host)["stage"] == "ready", verdict(run, host)["summary"]
        assert "update.pending_reboot" not in {each["id"] for each in verdict(run, host)["findings"]}
        assert fleet.lab.hosts[host].model.registry.find(MARKS) is None

    assert reboots(run, "PEOPLE") == [False]
    assert "update.pending_reboot" in {each["id"] for each in verdict(run, "PEOPLE")["findings"]}

    # Nobody gets in between the restart and the proof: drained for good before, open after.
    assert drains(fleet, "MEMBER") == [1, 2, 0]
    order = [each["action"].rpartition(".")[2] for each in run.results if each["host"] == "MEMBER" and is_done(each)]
    proof = ["rdp_listener", "rdp_listener", "rdp_update", "rdp_diagnose", "rdp_listener", "rdp_diagnose"]
    assert order == ["rdp_diagnose", *proof]

    assert reboots(run, "WORSE") == [True, True]
    assert "It got worse" in run.of("WORSE", "fail")["result"]["msg"]
    registry = fleet.lab.hosts["WORSE"].model.registry
    assert (registry.dword(LISTENER, "SecurityLayer"), registry.dword(CREDSSP, "AllowEncryptionOracle")) == (0, 2)
    assert registry.find(MARKS) is None
