# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The areas that watch a host, gathered: what fails in one never loses another, and what they share is read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.eventlog import NOW, Answer, event, no_shell, refuse, wevtutil
from tests.unit.windows.fake import FakeRegistry

AREAS = ("events", "port", "sessions", "endpoint_security")
RDP_TCP = r"SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"
DENIED = WSManFault(5)
NO_CLASS = WSManFault(2150858778, wmi_code=0x80041010)

Rows = Callable[[str], list[Instance]]


def rows(*found: dict[str, str]) -> Rows:
    return lambda _wql: [Instance("row", each) for each in found]


HEALTHY: dict[str, Rows] = {
    "Win32_OperatingSystem": rows({"BuildNumber": "20348", "ProductType": "3", "LocalDateTime": NOW}),
    "Win32_Service": rows({"Name": "TermService", "ProcessId": "1060", "State": "Running", "PathName": "svchost.exe"}),
    "MSFT_NetTCPConnection": rows({"LocalPort": "3389", "OwningProcess": "1060"}),
    "Win32_TerminalService": rows({"TotalSessions": "2", "DisconnectedSessions": "1"}),
    "Win32_NTLogEvent": rows(),
}
ALERT = event("System", "Schannel", 36887, AlertDesc="48")


def host(shell: Answer = no_shell, changed: Mapping[str, Rows] | None = None) -> Any:
    session: Any = FakeRegistry({RDP_TCP: {"PortNumber": (4, 3389)}}).session
    session.rows = {**HEALTHY, **(changed or {})}
    made: Any = Host(session, Deadline(60))
    made.tools.output = lambda line, _deadline: shell(line)
    return made


def status(found: Any) -> dict[str, str]:
    return {name: found[name]["status"] for name in AREAS}


def test_all_areas_of_a_healthy_host() -> None:
    asked = host(wevtutil(ALERT))
    found: Any = gather(asked, AREAS)
    assert status(found) == dict.fromkeys(AREAS, "ok")
    assert [each["id"] for each in found["events"]["seen"]] == [36887]
    assert found["port"]["term_service_listens"] is True
    assert (found["sessions"]["connected"], found["sessions"]["active"]) == (1, 1)


def test_listeners_are_read_once_for_port_and_sessions() -> None:
    asked = host()
    gather(asked, ("port", "sessions"))
    assert sum("State = 2" in query for query in asked.session.queries) == 1


@pytest.mark.parametrize(
    ("class_name", "error", "expected"),
    [
        ("MSFT_NetTCPConnection", DENIED, {"port": "denied", "sessions": "denied"}),
        ("MSFT_NetTCPConnection", NO_CLASS, {"port": "absent", "sessions": "absent"}),
        ("MSFT_NetTCPConnection", WSManProtocolError("not XML; look"), {"port": "error", "sessions": "error"}),
        ("Win32_NTLogEvent", DENIED, {"events": "denied"}),
        ("Win32_NTLogEvent", NO_CLASS, {"events": "absent"}),
        ("Win32_NTLogEvent", WSManProtocolError("not XML; look"), {"events": "error"}),
        ("Win32_TerminalService", DENIED, {}),
        ("Win32_Service", DENIED, {"port": "denied", "endpoint_security": "denied"}),
    ],
)
def test_an_area_that_fails_says_how(class_name: str, error: Exception, expected: dict[str, str]) -> None:
    found: Any = gather(host(changed={class_name: refuse(error)}), AREAS)
    assert status(found) == {**dict.fromkeys(AREAS, "ok"), **expected}
    assert all(found[name]["reason"] for name in expected)
