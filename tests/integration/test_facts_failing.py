# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of hosts that refuse, lack, or have too much: each area says what it could not read, and the others are read
within bounds of time and size."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import AREAS, gather
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.test_host import connection_to

FAR = {"latency_ms": 60}
NO_SHELLS = {"max_shells_per_user": 0}
CLERK = {"name": "clerk", "password": "lab-Clerk1", "admin": False}
ADMIN = {"name": "ansible", "password": "lab-Passw0rd", "admin": True}
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
PACKAGES = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"
KEY_EVENT = {"id": 36870, "ago": 45, "count": 3, "data": {"ErrorCode": "0x8009030d", "ErrorStatus": "10001"}}
MANY = 10_000
MOST_BYTES = 3_000_000


def crowded(windows: str) -> dict[str, Any]:
    """Thousands of everything that is listed."""
    names = {f"Value{number}": number for number in range(3000)}
    packages = {
        rf"{PACKAGES}\Package_for_KB{4_000_000 + number}~31bf3856ad364e35~amd64~~6.1.1.0": {"CurrentState": 112}
        for number in range(3000)
    }
    addresses = [f"198.51.100.{number}" for number in range(40)]
    events: list[dict[str, Any]] = [
        {"id": 36888, "count": MANY},
        {"id": 131, "count": MANY, "address": addresses},
        {"id": 140, "count": MANY, "address": addresses},
        {"id": 261, "count": MANY},
    ]
    return {
        "hostname": f"HUGE-{windows}".upper(),
        "windows": windows,
        "registry": {TERMINAL_SERVER: names, **packages},
        "events": events if windows != "7sp1" else [events[0], events[3]],
        "files": {"MachineKeys": {"stale_keys": 250_000}},
        "updates": [f"KB{4_000_000 + number}" for number in range(300)],
    }


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("failing")
    old, new = {"windows": "7sp1"}, {"windows": "2022"}
    scenarios: list[dict[str, Any]] = [
        {"hostname": "CLERK", **new, "users": [ADMIN, CLERK]},
        {"hostname": "CLERK-OLD", **old, "users": [ADMIN, CLERK]},
        {"hostname": "NOSHELL", **new, "winrm": NO_SHELLS, "events": [KEY_EVENT]},
        {"hostname": "NOSHELL-OLD", **old, "winrm": NO_SHELLS, "events": [KEY_EVENT]},
        {"hostname": "NORSOP", **new, "rsop": False},
        {"hostname": "QUIET", **new, "services": {"TermService": {"start": "disabled", "state": "stopped"}}},
        {"hostname": "FIVE", "windows": "2008r2", "winrm": {"max_shells_per_user": 1, "max_operations_per_user": 2}},
        {"hostname": "ONE-SHELL", **new, "winrm": {"max_shells_per_user": 1}, "faults": FAR, "events": [KEY_EVENT]},
        crowded("2022"),
        crowded("7sp1"),
    ]
    with running(write_scenarios(work / "scenarios", scenarios), work, "127.45.4.0") as found:
        yield found


@dataclass(frozen=True)
class Read:
    facts: dict[str, Any]
    seconds: float
    received: int

    @property
    def status(self) -> dict[str, str]:
        return {area: self.facts[area]["status"] for area in AREAS}


def read(fleet: Fleet, name: str, user: dict[str, Any] | None = None) -> Read:
    if user is not None:
        host = SimpleNamespace(**user)
        address = fleet.lab.hosts[name].address
        found: Any = SimpleNamespace(address=address, scenario=SimpleNamespace(admin=host))
        fleet = Fleet(SimpleNamespace(hosts={name: found}), fleet.inventory)  # type: ignore[arg-type]
    deadline = Deadline(240)  # of a busy test machine
    began = time.monotonic()

    def connect() -> Session:
        return open_session(connection_to(fleet, name, "winrm"), deadline)

    with connect() as session:
        session.identify()
        facts: Any = gather(Host(session, deadline), AREAS, connect)
        return Read(facts, time.monotonic() - began, session.bytes_received)


def only(status: str, areas: dict[str, str] | None = None) -> dict[str, str]:
    return {**dict.fromkeys(AREAS, status), **(areas or {})}


@pytest.mark.parametrize("name", ["CLERK", "CLERK-OLD"])
def test_to_a_user_who_is_no_administrator_every_area_is_denied(fleet: Fleet, name: str) -> None:
    found = read(fleet, name, CLERK)
    assert found.status == only("denied")
    for area in AREAS:
        assert "denied" in found.facts[area]["reason"], area
    assert fleet.shells(name) == 0


def test_without_remote_shells_classic_logs_are_read_by_wmi(fleet: Fleet) -> None:
    found = read(fleet, "NOSHELL")
    assert found.status == only("ok")
    events = found.facts["events"]
    assert events["method"] == "Win32_NTLogEvent"
    assert [(each["id"], each["count"], each["by_value"]) for each in events["seen"]] == [(36870, 3, {"0x8009030D": 3})]
    assert len(events["unread"]) == 4 and all("remote shell" in line for line in events["unread"])
    assert found.facts["machine_keys"]["entries"] is None
    assert fleet.shells("NOSHELL") == 0


def test_an_old_windows_without_remote_shells_does_not_tell_who_listens(fleet: Fleet) -> None:
    found = read(fleet, "NOSHELL-OLD")
    assert found.status == only("ok", {"port": "denied"})
    assert "remote shell" in found.facts["port"]["reason"]
    assert [each["id"] for each in found.facts["events"]["seen"]] == [36870]


def test_without_rsop_policies_and_rights_are_absent(fleet: Fleet) -> None:
    found = read(fleet, "NORSOP")
    assert found.status == only("ok")
    policies, logon = found.facts["policies"], found.facts["logon"]
    assert (policies["rsop"], policies["values"]) == ("absent", [])
    assert "Resultant Set of Policy" in policies["rsop_reason"]
    assert (logon["rights_status"], logon["rights"]) == ("absent", {})


def test_nothing_listens_and_no_event_was_written(fleet: Fleet) -> None:
    found = read(fleet, "QUIET")
    assert found.status == only("ok")
    port = found.facts["port"]
    assert (port["listening"], port["owners"], port["term_service_listens"]) == (False, [], None)
    assert (found.facts["events"]["seen"], found.facts["events"]["unread"]) == ([], [])
    assert found.facts["sessions"]["connected"] == 0


@pytest.mark.parametrize("name", ["FIVE", "ONE-SHELL"])
def test_an_account_needs_one_shell_and_few_operations(fleet: Fleet, name: str) -> None:
    """Far away, where several connections read: they share the shell."""
    found = read(fleet, name)
    assert found.status == only("ok")
    assert found.facts["events"]["method"] == "wevtutil"
    assert found.facts["machine_keys"]["entries"] == 1
    assert fleet.shells(name) == 1


@pytest.mark.parametrize("windows", ["2022", "7SP1"])
def test_a_host_with_thousands_of_everything_is_read_within_bounds(fleet: Fleet, windows: str) -> None:
    found = read(fleet, f"HUGE-{windows}")
    print(f"a crowded {windows}: {found.seconds:.1f} s, {found.received} bytes")
    assert found.status == only("ok")
    assert found.received < MOST_BYTES
    events = {each["id"]: each for each in found.facts["events"]["seen"]}
    for number in (36888, 131, 140, 261) if windows == "2022" else (36888, 261):
        count = events[number]
        assert (count["more"], count["count"] <= 200, len(count["by_address"]) <= 20) == (True, True, True), number
    assert found.facts["machine_keys"]["entries"] == 250_001
    updates = found.facts["updates"]
    assert len(updates["installed"]) == 300
    assert len(updates["packages"]) <= 10
    assert bool(updates["packages_reason"]) is (windows == "7SP1")  # its replies hold 150 KB
