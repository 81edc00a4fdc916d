# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens, who is connected, what guards the host, and what is only counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.security_products import SECURITY_SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import endpoint_security, machine_keys, port, sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.services import read as read_services
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import tcp
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import Readings
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tcp import Listener
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManConnectionError,
    WSManFault,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.windows.eventlog import host, no_shell, refuse
from tests.unit.windows.fake import FakeRegistry

Rows = Callable[[str], list[Instance]]
DENIED = WSManFault(5)
NO_NAMESPACE = WSManFault(2150858778, wmi_code=0x8004100E)


def rows(class_name: str, *found: dict[str, Any]) -> Rows:
    return lambda _wql: [Instance(class_name, each) for each in found]


def wrote(commands: list[str], text: str) -> Callable[[], Readings]:
    """A tool that was run and wrote this."""
    return lambda: Readings(refused=False, texts=dict.fromkeys(commands, text))


def unasked() -> Readings:
    pytest.fail("no tool is of any use here")


# -- port -------------------------------------------------------------------------------------------------------------

GERMAN_NETSTAT = """
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    0.0.0.0:135            0.0.0.0:0              ABH\ufffdREN         712
  TCP    0.0.0.0:3389           0.0.0.0:0              ABH\ufffdREN         1060
  TCP    192.0.2.10:3389        198.51.100.7:50211     HERGESTELLT      1060
  TCP    [::]:3389              [::]:0                 ABH\ufffdREN         1060
  TCP    [::]:5985              [::]:0                 \u00c0 l'\u00e9coute  4
  UDP    0.0.0.0:3389           *:*                                     1060
"""


def test_netstat_is_read_by_its_numbers() -> None:
    assert tcp.netstat(GERMAN_NETSTAT) == [
        Listener(135, 712),
        Listener(3389, 1060),
        Listener(3389, 1060),
        Listener(5985, 4),
    ]
    assert tcp.netstat("") == tcp.netstat("TCP\n" * 9) == []
    assert len(tcp.netstat(GERMAN_NETSTAT * 4000)) == 16000


def test_listeners_of_the_port_and_of_the_process_are_kept() -> None:
    connections = rows(
        "MSFT_NetTCPConnection",
        {"LocalPort": "3389", "OwningProcess": "1060"},
        {"LocalPort": "3389", "OwningProcess": "1060"},
        {"LocalPort": "3390", "OwningProcess": "1060"},
    )
    new = host(no_shell, {"MSFT_NetTCPConnection": connections})
    assert tcp.listeners(new, 3389, 1060, unasked) == [Listener(3389, 1060), Listener(3390, 1060)]
    assert "State = 2 AND (LocalPort = 3389 OR OwningProcess = 1060)" in new.session.queries[0]
    old = host(build=7601)
    assert tcp.listeners(old, 3389, None, wrote(tcp.commands(old), GERMAN_NETSTAT)) == [Listener(3389, 1060)]
    assert (tcp.commands(old), tcp.commands(new)) == (["netstat.exe -ano"], [])
    assert (tcp.method(old), tcp.method(new)) == ("netstat", "MSFT_NetTCPConnection")


def test_an_old_windows_without_a_shell_says_so() -> None:
    with pytest.raises(AccessDenied, match="remote shell"):
        tcp.listeners(host(build=7601), 3389, 1060, lambda: Readings(refused=True))
    with pytest.raises(WindowsError, match="netstat failed"):
        tcp.listeners(host(build=7601), 3389, 1060, lambda: Readings(refused=False, failed=["netstat.exe -ano"]))
    with pytest.raises(WindowsError, match="in time"):
        tcp.listeners(host(build=7601), 3389, 1060, lambda: Readings(refused=False))


SVCHOST = {"Name": "TermService", "ProcessId": "1060", "PathName": r"C:\Windows\System32\svchost.exe -k termsvcs"}


def test_term_service_on_its_port() -> None:
    listening = [Listener(3389, 1060), Listener(3392, 1060)]
    asked = host(no_shell, {"Win32_Service": rows("Win32_Service", SVCHOST, {**SVCHOST, "Name": "CryptSvc"})})
    assert port.read(asked, 3389, 1060, listening) == {
        "status": "ok",
        "reason": "",
        "number": 3389,
        "listening": True,
        "owners": [{"pid": 1060, "process": "svchost.exe", "services": ["CryptSvc", "TermService"]}],
        "term_service_pid": 1060,
        "term_service_listens": True,
        "term_service_ports": [3389, 3392],
        "method": "MSFT_NetTCPConnection",
    }
    assert len(asked.session.queries) == 1


def test_another_process_on_the_port() -> None:
    asked = host(
        no_shell,
        {
            "Win32_Service": rows("Win32_Service"),
            "Win32_Process": rows("Win32_Process", {"ProcessId": "4711", "Name": "rustdesk.exe"}),
        },
    )
    found = port.read(asked, 3389, 1060, [Listener(3389, 4711), Listener(3389, 4712), Listener(3390, 1060)])
    assert found["owners"] == [
        {"pid": 4711, "process": "rustdesk.exe", "services": []},
        {"pid": 4712, "process": "", "services": []},
    ]
    assert (found["term_service_listens"], found["term_service_ports"]) == (False, [3390])


def test_nobody_on_the_port() -> None:
    asked = host(no_shell)
    found = port.read(asked, 3389, None, [])
    assert (found["listening"], found["owners"], found["term_service_listens"]) == (False, [], None)
    assert asked.session.queries == []


@pytest.mark.parametrize(
    "path", [r'"C:\Program Files\Some Agent\agent.exe" /service', r"C:\Program Files\Some Agent\agent.exe", "AGENT.EXE"]
)
def test_the_program_of_a_service(path: str) -> None:
    service = {"Name": "Agent", "ProcessId": "9", "PathName": path}
    found = port.read(
        host(no_shell, {"Win32_Service": rows("Win32_Service", service)}), 3389, None, [Listener(3389, 9)]
    )
    assert found["owners"][0]["process"].lower() == "agent.exe"


# -- sessions ---------------------------------------------------------------------------------------------------------

TERMINAL_SERVICE = rows("Win32_TerminalService", {"TotalSessions": "3", "DisconnectedSessions": "2"})


def test_connections_to_every_port_of_term_service_count() -> None:
    asked = host(
        no_shell,
        {
            "MSFT_NetTCPConnection": rows("MSFT_NetTCPConnection", {"LocalPort": "3389"}, {"LocalPort": "3390"}),
            "Win32_TerminalService": TERMINAL_SERVICE,
        },
    )
    listening = [Listener(3389, 9), Listener(3390, 1060)]
    found = sessions.read(asked, 3389, 1060, lambda: listening)
    assert (found["connected"], found["active"], found["disconnected"]) == (2, 1, 2)
    assert "State = 5 AND (LocalPort = 3389 OR LocalPort = 3390)" in asked.session.queries[0]
    assert len(asked.session.queries) == 2


@pytest.mark.parametrize(
    "terminal_service",
    [refuse(DENIED), refuse(NO_NAMESPACE), rows("X"), rows("X", {}), rows("X", {"TotalSessions": "1"})],
)
def test_sessions_that_windows_does_not_count_never_lose_the_people(terminal_service: Rows) -> None:
    asked = host(
        no_shell,
        {"Win32_LogonSession": rows("Win32_LogonSession", {}), "Win32_TerminalService": terminal_service},
        build=7601,
    )
    found = sessions.read(asked, 3389, 1060, lambda: pytest.fail("listeners are of no use here"))
    assert found["connected"] == 1
    assert (found["active"], found["disconnected"], found["method"]) == (None, None, "Win32_LogonSession")


# -- endpoint security ------------------------------------------------------------------------------------------------

DEFENDER_PATH = "windowsdefender://"


def services(**states: str) -> dict[str, ServiceStatus]:
    return {name: ServiceStatus(name, state, "auto", "LocalSystem", None, 0) for name, state in states.items()}


def test_a_client_with_defender_and_another_product() -> None:
    asked = host(
        no_shell,
        {
            "AntiVirusProduct": rows(
                "AntiVirusProduct",
                {
                    "displayName": "Windows Defender",
                    "productState": "393472",
                    "pathToSignedProductExe": DEFENDER_PATH,
                },
                {"displayName": "Some Security", "productState": "266240", "pathToSignedProductExe": r"C:\a.exe"},
                {"displayName": "Odd", "pathToSignedProductExe": None},
            ),
            "FirewallProduct": rows("FirewallProduct", {"displayName": "Some Firewall", "productState": "262144"}),
            "AntiSpywareProduct": refuse(NO_NAMESPACE),
            "MSFT_MpComputerStatus": rows("MSFT_MpComputerStatus", {"RealTimeProtectionEnabled": "false"}),
        },
        product_type=1,
    )
    found = endpoint_security.read(asked, services(WinDefend="running", CSFalconService="running", ekrn="stopped"))
    assert [(each["name"], each["kind"], each["state"]) for each in found["products"]] == [
        ("Windows Defender", "antivirus", "off"),
        ("Some Security", "antivirus", "on"),
        ("Odd", "antivirus", "unknown"),
        ("Some Firewall", "firewall", "off"),
        ("Microsoft Defender Antivirus", "endpoint", "running"),
        ("Microsoft Defender Antivirus", "antivirus", "off"),
        ("CrowdStrike Falcon", "endpoint", "running"),
        ("ESET", "endpoint", "stopped"),
    ]
    assert found["third_party"] == ["CrowdStrike Falcon", "Some Security"]
    assert len(asked.session.queries) == 4


def test_on_a_server_services_alone_tell() -> None:
    asked = host()
    assert endpoint_security.read(asked, {}) == {"status": "ok", "reason": "", "products": [], "third_party": []}
    assert asked.session.queries == []


def test_defender_without_its_classes_is_still_a_running_service() -> None:
    asked = host(no_shell, {"MSFT_MpComputerStatus": refuse(WSManFault(2150859002))})
    found = endpoint_security.read(asked, services(WinDefend="running"))
    assert [each["state"] for each in found["products"]] == ["running"]


def test_what_is_denied_is_no_empty_list() -> None:
    with pytest.raises(WSManFault):
        endpoint_security.read(host(no_shell, {"AntiVirusProduct": refuse(DENIED)}, product_type=1), {})


def test_every_service_is_named_once() -> None:
    names = [row.service.lower() for row in SECURITY_SERVICES]
    assert len(names) == len(set(names))


# -- what is only counted ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "entries"), [("2500017\r\n", 2500017), ("", None), ("\u0663", None), ("1 file\r\n", None)]
)
def test_files_are_counted_by_a_number(text: str, entries: int | None) -> None:
    asked = host()
    assert machine_keys.commands(asked) == [
        r'dir /b /a-d "C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys" 2>nul | find.exe /c /v ""'
    ]
    assert machine_keys._entries(asked, wrote(machine_keys.commands(asked), text)) == entries


@pytest.mark.parametrize("refused", [True, False])
def test_a_folder_that_was_not_counted_has_no_number(refused: bool) -> None:
    assert machine_keys._entries(host(), lambda: Readings(refused=refused)) is None


def test_tools_that_can_not_be_run_lose_the_number_alone() -> None:
    def late() -> Readings:
        raise WSManTimeout("the command netstat.exe", 30)

    def gone() -> Readings:
        raise WSManConnectionError("the host is gone")

    assert machine_keys._entries(host(), late) is None
    with pytest.raises(WSManConnectionError):
        machine_keys._entries(host(), gone)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"ServiceDll": (2, r"%SystemRoot%\System32\termsrv.dll")}, r"%SystemRoot%\System32\termsrv.dll"),
        ({"ServiceDll": (1, r"C:\Program Files\RDP Wrapper\rdpwrap.dll")}, r"C:\Program Files\RDP Wrapper\rdpwrap.dll"),
        ({}, None),
        (None, None),
    ],
)
def test_the_dll_of_term_service(values: dict[str, tuple[int, Any]] | None, expected: str | None) -> None:
    keys = {} if values is None else {r"SYSTEM\CurrentControlSet\Services\TermService\Parameters": values}
    asked = host()
    asked.registry = Registry(cast(Any, FakeRegistry(keys).session))
    asked.restart_marks = {}
    assert read_services(asked, {})["service_dll"] == expected
