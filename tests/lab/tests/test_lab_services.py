# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that do not serve: how they fail, and what brings them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from winrm.protocol import Protocol

from tests.lab.model.host import Host
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.lab_clients import CIMV2, invoke, pywinrm, query, registry, selectors, texts
from tests.lab.tests.test_lab_heals import restart_term_service, served, service
from tests.lab.tests.test_lab_path import ask

BreakHost = Callable[..., tuple[LabThread, LabHost]]
MakeHost = Callable[..., Host]
SERVICES = "SYSTEM\\CurrentControlSet\\Services"
STATIONS = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations"
TERM_DLL = "%SystemRoot%\\System32\\termsrv.dll"
FOLDER = "C:\\Windows\\RDP Wrapper"
LOST = FOLDER + "\\rdpwrap.dll"


def term_service(protocol: Protocol) -> tuple[str | None, str | None, str | None]:
    """State, exit code and process id by WMI."""
    wanted = "select State, ExitCode, ProcessId from Win32_Service where Name='TermService'"
    row = texts(query(protocol, wanted)[0])
    return row["State"], row["ExitCode"], row["ProcessId"]


def wait_for(protocol: Protocol, exit_code: str) -> None:
    deadline = time.monotonic() + 5
    while term_service(protocol)[:2] != ("Stopped", exit_code):
        assert time.monotonic() < deadline, term_service(protocol)
        time.sleep(0.02)


def call(protocol: Protocol, method: str, inputs: str = "", name: str = "TermService") -> str:
    return invoke(protocol, CIMV2 + "Win32_Service", method, inputs, selectors(Name=name))["ReturnValue"][0]


@pytest.mark.parametrize(
    ("files", "code"),
    [({}, "126"), ({FOLDER: {"directory": True}, LOST: {"acl": ["S-1-5-18:F"]}}, "5")],
    ids=["missing", "no-access"],
)
def test_service_dll(break_host: BreakHost, files: Any, code: str) -> None:
    lab, host = break_host(files=files, services={"TermService": {"dll": LOST}})
    protocol = pywinrm(host.address)
    assert term_service(protocol) == ("Stopped", code, "0")
    assert call(protocol, "StartService") == "0", "the service manager only notices later"
    wait_for(protocol, code)
    failed = [event for event in host.model.events.all() if event.id == 7023]
    assert failed[-1].data["param2"] == f"%%{code}"
    key = f"{SERVICES}\\TermService\\Parameters"
    registry(protocol, "SetExpandedStringValue", key, "ServiceDll", f"<p:sValue>{TERM_DLL}</p:sValue>")
    service(protocol, "StartService", "TermService", "Running")
    lab.settle(host.name)
    assert served(host.address) is not None


def test_account(break_host: BreakHost) -> None:
    lab, host = break_host(services={"TermService": {"account": ".\\bob"}})
    protocol = pywinrm(host.address)
    assert call(protocol, "StartService") == "15"
    assert 7000 in host.model.events.ids()
    assert call(protocol, "Change", "<p:StartName>.\\alice</p:StartName>") == "22"
    key, good = f"{SERVICES}\\TermService", "NT Authority\\NetworkService"
    registry(protocol, "SetStringValue", key, "ObjectName", f"<p:sValue>{good}</p:sValue>")
    assert call(protocol, "StartService") == "15", "the service manager reads the registry at a start of the host"
    assert call(protocol, "Change", f"<p:StartName>{good}</p:StartName>") == "0"
    service(protocol, "StartService", "TermService", "Running")
    lab.settle(host.name)
    assert served(host.address) is not None


def test_account_that_cannot_read_the_key(make_host: MakeHost) -> None:
    local_service = {"TermService": {"account": "NT AUTHORITY\\LocalService"}}
    state = make_host(services=local_service).remote_desktop.listener()
    assert state is not None and state.certificate_pem is not None and state.key_pem is None


@pytest.mark.parametrize("kind", ["silent", "full"])
def test_wedged(break_host: BreakHost, kind: str) -> None:
    lab, host = break_host(services={"TermService": {"wedged": kind}, "UmRdpService": {"state": "stopped"}})
    protocol = pywinrm(host.address)
    with pytest.raises(TimeoutError if kind == "silent" else ConnectionRefusedError):
        ask(host.address)
    listening = query(protocol, "select LocalPort from MSFT_NetTCPConnection where State=2", "root/standardcimv2")
    assert "3389" in [texts(row)["LocalPort"] for row in listening]
    assert call(protocol, "StopService") == "7"
    state, _code, pid = term_service(protocol)
    assert state == "Running" and pid is not None
    killed = invoke(protocol, CIMV2 + "Win32_Process", "Terminate", header=selectors(Handle=pid))
    assert killed["ReturnValue"] == ["0"]
    assert term_service(protocol) == ("Stopped", "1067", "0")
    assert 7034 in host.model.events.ids()
    service(protocol, "StartService", "TermService", "Running")
    lab.settle(host.name)
    assert served(host.address) is not None


def test_stop_that_never_ends_is_over_after_a_reboot(break_host: BreakHost) -> None:
    stuck = {"TermService": {"stuck": True}, "UmRdpService": {"state": "stopped"}}
    lab, host = break_host(services=stuck)
    protocol = pywinrm(host.address)
    assert call(protocol, "StopService") == "0"
    assert term_service(protocol)[0] == "Stop Pending"
    lab.reboot(host.name, 0.1)
    lab.back(host.name)
    assert served(host.address) is not None
    assert term_service(pywinrm(host.address))[0] == "Running"


def test_listener_down(break_host: BreakHost) -> None:
    lab, host = break_host(services={"TermService": {"listener_down": True}})
    with pytest.raises(ConnectionRefusedError):
        ask(host.address)
    protocol = pywinrm(host.address)
    assert term_service(protocol)[0] == "Running"
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None


def test_crash_loop(break_host: BreakHost) -> None:
    patched = "C:\\Windows\\System32\\patched.dll"
    crash = {"after": 0.05, "dll": patched, "restarts": 2}
    lab, host = break_host(files={patched: {}}, services={"TermService": {"dll": patched, "crash": crash}})
    protocol = pywinrm(host.address)
    assert call(protocol, "StartService") == "0"
    deadline = time.monotonic() + 5
    while 7034 not in host.model.events.ids():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [event for event in host.model.events.ids() if event in (7031, 7034)] == [7031, 7031, 7034]
    assert term_service(protocol) == ("Stopped", "1067", "0")
    key = f"{SERVICES}\\TermService\\Parameters"
    registry(protocol, "SetExpandedStringValue", key, "ServiceDll", f"<p:sValue>{TERM_DLL}</p:sValue>")
    service(protocol, "StartService", "TermService", "Running")
    lab.settle(host.name)
    assert served(host.address) is not None


@pytest.mark.parametrize("name", ["SystemSetupInProgress", "OOBEInProgress"])
def test_windows_in_setup(break_host: BreakHost, name: str) -> None:
    lab, host = break_host(registry={"HKLM\\SYSTEM\\Setup": {name: 1}})
    with pytest.raises(ConnectionRefusedError):
        ask(host.address)
    protocol = pywinrm(host.address)
    registry(protocol, "SetDWORDValue", "SYSTEM\\Setup", name, "<p:uValue>0</p:uValue>")
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None


@pytest.mark.parametrize(
    "values",
    [
        {f"{STATIONS}\\RDP-Tcp": None},
        {f"{STATIONS}\\RDP-Tcp": {"fEnableWinStation": 0}},
        {STATIONS.rpartition("\\")[0]: {"fDenyTSConnections": 2}},
        {f"{STATIONS}\\RDP-Tcp": {"LoadableProtocol_Object": "{11111111-2222-3333-4444-555555555555}"}},
    ],
    ids=["key-deleted", "station-off", "deny-2", "protocol-gone"],
)
def test_nothing_listens(make_host: MakeHost, values: Any) -> None:
    host = make_host(registry=values)
    assert (host.remote_desktop.port, host.remote_desktop.answering()) == (None, None)


def test_third_party_protocol(break_host: BreakHost) -> None:
    citrix = "{11111111-2222-3333-4444-555555555555}"
    lab, host = break_host(
        registry={
            f"HKLM\\SOFTWARE\\Classes\\CLSID\\{citrix}": {"@": "ICA"},
            f"{STATIONS}\\RDP-Tcp": {"LoadableProtocol_Object": citrix},
        }
    )
    with pytest.raises(TimeoutError):
        ask(host.address)
    protocol = pywinrm(host.address)
    microsoft = "<p:sValue>{5828227c-20cf-4408-b73f-73ab70b8849f}</p:sValue>"
    key = STATIONS.removeprefix("HKLM\\") + "\\RDP-Tcp"
    registry(protocol, "SetStringValue", key, "LoadableProtocol_Object", microsoft)
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None


def test_two_stations_on_one_port(make_host: MakeHost) -> None:
    copy = {"PortNumber": 3389, "fEnableWinStation": 1, "SecurityLayer": 0, "UserAuthentication": 0}
    first = make_host(registry={f"{STATIONS}\\Old-Tcp": copy}).remote_desktop.listener()
    assert first is not None and (first.port, first.security_layer) == (3389, 0), "the first by name has the port"
    for other in ({"PortNumber": 3390}, {"fEnableWinStation": 0}):
        state = make_host(registry={f"{STATIONS}\\Old-Tcp": {**copy, **other}}).remote_desktop.listener()
        assert state is not None and (state.port, state.security_layer) == (3389, 2)
