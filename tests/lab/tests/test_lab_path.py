# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between a client and the listener, on the port in its place, and around it in numbers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.model.host import Host
from tests.lab.rdp.path import INTERCEPTOR_NAME, Path
from tests.lab.rdp.tests.client import ended, tls_client
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.lab_clients import CIMV2, invoke, pywinrm, query, registry, selectors, texts
from tests.lab.tests.test_lab_heals import REQUEST, restart_term_service, served, service

BreakHost = Callable[..., tuple[LabThread, LabHost]]
MakeHost = Callable[..., Host]
TERMINAL_SERVER = "SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
ATTACKERS = ["198.51.100.7", "198.51.100.8"]


def ask(address: str) -> tuple[socket.socket, bytes]:
    """The connection after a request, and what came of the confirm; b"" when it ended."""
    connection = socket.create_connection((address, 3389), 3)
    connection.settimeout(1.0)
    try:
        connection.sendall(REQUEST)
        return connection, connection.recv(64)
    except ConnectionError:
        return connection, b""


def seen(host: LabHost) -> list[int]:
    return [number for number in host.model.events.ids() if number in (131, 261, 36870, 36874, 139, 1006)]


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ({"kind": "reset_after_connect"}, None),
        ({"kind": "tunnel_gate"}, "FIN"),
        ({"kind": "endpoint_agent"}, "RST"),
    ],
)
def test_cut_before_an_answer_and_the_host_logs_nothing(break_host: BreakHost, path: Any, end: str | None) -> None:
    lab, host = break_host(path=path)
    if end is None:
        with pytest.raises(ConnectionError), socket.create_connection((host.address, 3389), 3) as connection:
            connection.settimeout(3)
            connection.recv(1)
    else:
        with socket.create_connection((host.address, 3389), 3) as connection:
            connection.sendall(REQUEST)
            assert ended(connection) == end
    assert not seen(host)
    lab.path(host.name, None)
    assert served(host.address) is not None
    assert 261 in seen(host)


def test_agent_cuts_the_client_hello_until_its_service_stops(break_host: BreakHost) -> None:
    agent = {"kind": "endpoint_agent", "at": "client_hello", "service": "EpAgent"}
    lab, host = break_host(path=agent)
    connection, confirm = ask(host.address)
    with connection:
        assert confirm[11] == 2
        with pytest.raises(ConnectionResetError):
            tls_client(connection)
    assert not seen(host)
    service(pywinrm(host.address), "StopService", "EpAgent", "Stopped")
    lab.settle(host.name)
    assert served(host.address) is not None


def test_black_hole_loses_what_is_large(break_host: BreakHost) -> None:
    lab, host = break_host(path={"kind": "mtu", "largest": 200})
    connection, confirm = ask(host.address)
    with connection:
        assert confirm[11] == 2, "a small request gets through"
        with pytest.raises(TimeoutError):
            tls_client(connection)
    lab.path(host.name, Path("mtu", largest=9000))
    assert served(host.address) is not None


@pytest.mark.parametrize(
    ("first", "expected"),
    [({}, [1, 1, 0, 1, 1, 0]), ({"first": 1}, [0, 1, 1, 0, 1, 1]), ({"first": 5}, [1, 1, 1, 1, 0, 1])],
)
def test_every_third_connection_is_dropped(break_host: BreakHost, first: dict[str, int], expected: list[int]) -> None:
    _lab, host = break_host(path={"kind": "unstable", "every": 3, **first})
    assert [int(served(host.address) is not None) for _turn in range(6)] == expected


def test_interceptor_shows_another_certificate(break_host: BreakHost) -> None:
    lab, host = break_host(path={"kind": "intercept"})
    shown = served(host.address)
    assert shown is not None and shown.subject.rfc4514_string() == f"CN={INTERCEPTOR_NAME}"
    lab.path(host.name, None)
    own = served(host.address)
    assert own is not None and own.subject.rfc4514_string() == f"CN={host.name}"


def owners(host: LabHost) -> dict[int, str]:
    """Listening port to the name of its process, by WMI."""
    protocol = pywinrm(host.address)
    listening = "select LocalPort, OwningProcess from MSFT_NetTCPConnection where State=2"
    rows = [texts(row) for row in query(protocol, listening, "root/standardcimv2")]
    processes = [texts(row) for row in query(protocol, "select ProcessId, Name from Win32_Process")]
    names = {row["ProcessId"]: row["Name"] or "" for row in processes}
    return {int(row["LocalPort"] or 0): names[row["OwningProcess"]] for row in rows}


@pytest.mark.parametrize(("answers", "expected"), [("http", b"HTTP/1.1 400"), ("close", b""), ("nothing", None)])
def test_program_on_the_port(break_host: BreakHost, answers: str, expected: bytes | None) -> None:
    lab, host = break_host(port_owner={"process": "web.exe", "answers": answers})
    if expected is None:
        with pytest.raises(TimeoutError):
            ask(host.address)
    else:
        connection, received = ask(host.address)
        connection.close()
        assert received.startswith(expected) if expected else received == b""
    assert owners(host) == {5985: "System", 3389: "web.exe"}
    protocol = pywinrm(host.address)
    pid = next(process.pid for process in host.model.processes.all() if process.name == "web.exe")
    ended_with = invoke(protocol, CIMV2 + "Win32_Process", "Terminate", header=selectors(Handle=str(pid)))
    assert ended_with["ReturnValue"] == ["0"]
    lab.settle(host.name)
    assert served(host.address) is None, "TermService tried its port when it started"
    restart_term_service(lab, host, protocol)
    assert served(host.address) is not None
    assert owners(host) == {5985: "System", 3389: "svchost.exe"}


def test_service_on_the_port_and_another_port_for_remote_desktop(break_host: BreakHost) -> None:
    lab, host = break_host(port_owner={"process": "gate.exe", "answers": "http", "service": "GateSvc"})
    protocol = pywinrm(host.address)
    assert owners(host)[3389] == "gate.exe"
    key = TERMINAL_SERVER + "\\WinStations\\RDP-Tcp"
    registry(protocol, "SetDWORDValue", key, "PortNumber", "<p:uValue>3390</p:uValue>")
    restart_term_service(lab, host, protocol)
    assert owners(host) == {5985: "System", 3389: "gate.exe", 3390: "svchost.exe"}
    service(protocol, "StopService", "GateSvc", "Stopped")
    assert 3389 not in owners(host)


def test_attackers_fill_the_listener(break_host: BreakHost) -> None:
    lab, host = break_host(throttle={"outstanding": 150, "addresses": ATTACKERS})
    found = [served(host.address) is not None for _turn in range(6)]
    assert found == [False, True, True, False, True, True], "two of three get one of the hundred places"
    assert 1006 in seen(host)
    sources = {event.data["IPString"] for event in host.model.events.all() if event.id == 140}
    assert sources == set(ATTACKERS)
    protocol = pywinrm(host.address)
    value = "<p:uValue>65536</p:uValue>"
    registry(protocol, "SetDWORDValue", TERMINAL_SERVER, "MaxOutstandingConnections", value)
    assert served(host.address) is None, "a restart is needed"
    restart_term_service(lab, host, protocol)
    assert all(served(host.address) is not None for _turn in range(4))


def test_firewall_scope_keeps_attackers_away(make_host: MakeHost) -> None:
    host = make_host(throttle={"outstanding": 150, "addresses": ATTACKERS})
    rule = host.firewall.find("RemoteDesktop-UserMode-In-TCP")
    state = host.remote_desktop.listener()
    assert rule is not None and state is not None and state.outstanding == 150
    for scope, left in (("198.51.100.8", 75), ("192.0.2.0/24", 0), ("192.0.2.0/255.255.255.0", 0), ("LocalSubnet", 0)):
        fields = (*(field for field in rule.fields if field[0] != "RA4"), ("RA4", scope))
        host.firewall.write(type(rule)(rule.id, rule.version, fields))
        state = host.remote_desktop.listener()
        assert state is not None and state.outstanding == left, scope
