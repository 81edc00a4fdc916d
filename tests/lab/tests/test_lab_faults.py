# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: each is seen on the wire by a client that is not ours, and hits only what it is aimed at."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import requests
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from pypsrp.exceptions import WinRMError as PypsrpError
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError

from tests.lab.model.faults import FAULTS, OPERATIONS, injection
from tests.lab.model.registry import REG_BINARY
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import ScenarioError, check
from tests.lab.tests.lab_clients import CIMV2, enumerate_body, envelope, pypsrp, pywinrm, query, registry, selectors
from tests.lab.tests.test_lab_clients import post
from tests.lab.wsman import names
from tests.lab.wsman.injection import Injector, operation_of

RunHost = Callable[..., tuple[LabThread, LabHost]]
CLEAR = {"winrm": {"basic": True, "allow_unencrypted": True}}
KEY = "SOFTWARE\\Lab"
GET_CONFIG = envelope(names.GET, names.CONFIG)
IDENTIFY = (
    f'<s:Envelope xmlns:s="{names.SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{names.IDENTITY}"/></s:Body>'
    "</s:Envelope>"
)


@pytest.fixture
def clear(run_host: RunHost) -> tuple[LabThread, LabHost]:
    """A host that takes Basic in clear text, so that a reply can be looked at as it is."""
    return run_host(**CLEAR)


def create_key(host: LabHost) -> None:
    registry(pywinrm(host.address), "CreateKey", KEY)


def done(host: LabHost) -> bool:
    return host.model.registry.find("HKLM\\" + KEY) is not None


@pytest.mark.parametrize(
    ("fault", "is_done"), [("drop_unread", False), ("drop_done", True), ("drop_half", True), ("length_long", True)]
)
def test_a_lost_reply_with_the_operation_done_or_not(run_host: RunHost, fault: str, is_done: bool) -> None:
    lab, host = run_host()
    lab.inject(host.name, fault, at="invoke")
    with pytest.raises(requests.exceptions.RequestException):
        create_key(host)
    assert done(host) is is_done
    assert host.injector.hits == [(fault, "invoke")]
    create_key(host)


def test_a_dropped_keep_alive_then_400_once(run_host: RunHost) -> None:
    lab, host = run_host()
    protocol = pywinrm(host.address)
    lab.inject(host.name, "drop_idle", at="invoke")
    registry(protocol, "EnumKey", "SOFTWARE")
    time.sleep(0.1)  # let the end of the connection arrive, or the client writes into it
    with pytest.raises(WinRMTransportError) as caught:
        registry(protocol, "EnumKey", "SOFTWARE")
    assert caught.value.code == 400
    protocol.transport.close_session()
    protocol.transport.encryption = None
    assert registry(protocol, "EnumKey", "SOFTWARE")["ReturnValue"] == ["0"]


def test_statuses_without_soap(run_host: RunHost) -> None:
    lab, host = run_host()
    for fault, more, expected in (
        ("bad_request", {}, 400),
        ("http_status", {}, 500),
        ("http_status", {"code": 503}, 503),
    ):
        lab.inject(host.name, fault, at="invoke", **more)
        with pytest.raises(WinRMTransportError) as caught:
            create_key(host)
        assert caught.value.code == expected and not done(host)


def test_401_in_mid_session(run_host: RunHost) -> None:
    """The connection forgets who it is; a body that was sealed for it is lost."""
    lab, host = run_host()
    protocol = pywinrm(host.address)
    registry(protocol, "EnumKey", "SOFTWARE")
    lab.inject(host.name, "unauthorized", at="invoke")
    with pytest.raises((InvalidCredentialsError, WinRMTransportError)):
        registry(protocol, "CreateKey", KEY)
    assert not done(host)


@pytest.mark.parametrize("windows", ["2008r2", "2022"])
@pytest.mark.parametrize("code", [2150859173, 2150859174, 2150859175, 5, 2150858843])
def test_soap_faults(run_host: RunHost, code: int, windows: str) -> None:
    """Both quotas come as MSFT_WmiError since WinRM 3.0."""
    lab, host = run_host(windows=windows)
    lab.inject(host.name, "soap_fault", at="invoke", code=code)
    with pytest.raises(WSManFaultError) as caught:
        create_key(host)
    found = caught.value
    as_wmi_error = windows == "2022" and code in (2150859173, 2150859174)
    assert (found.wsman_fault_code, found.wmierror_code) == ((None, code) if as_wmi_error else (code, None))
    assert not done(host)


def test_operation_timeout_for_ever(run_host: RunHost) -> None:
    lab, host = run_host()
    lab.inject(host.name, "soap_fault", at="invoke", code=2150858793, times=0)
    for _round in range(3):
        with pytest.raises(WinRMOperationTimeoutError):
            create_key(host)
    lab.clear_faults(host.name)
    create_key(host)


@pytest.mark.parametrize("fault", ["truncated", "control_characters"])
def test_replies_that_are_not_xml(clear: tuple[LabThread, LabHost], fault: str) -> None:
    lab, host = clear
    lab.inject(host.name, fault, times=2)
    reply = post(host.address, GET_CONFIG)
    assert reply.status_code == 200 and len(reply.content) == int(reply.headers["Content-Length"])
    with pytest.raises(ParseError):
        fromstring(reply.content)
    with pytest.raises((ParseError, PypsrpError)):
        pypsrp(host.address).get_server_config()


@pytest.mark.parametrize("fault", ["xml_bomb", "dtd"])
def test_replies_with_entities(clear: tuple[LabThread, LabHost], fault: str) -> None:
    lab, host = clear
    lab.inject(host.name, fault)
    reply = post(host.address, GET_CONFIG)
    assert len(reply.content) < 10_000 and b"<!DOCTYPE" in reply.content
    with pytest.raises(DefusedXmlException):
        fromstring(reply.content)


def test_a_reply_to_another_message(run_host: RunHost) -> None:
    lab, host = run_host()
    lab.inject(host.name, "wrong_relates_to")
    with pytest.raises(PypsrpError, match="does not match"):
        pypsrp(host.address).get_server_config()


def test_mislabelled_replies(clear: tuple[LabThread, LabHost]) -> None:
    lab, host = clear
    whole = post(host.address, GET_CONFIG).content
    lab.inject(host.name, "wrong_type")
    assert post(host.address, GET_CONFIG).headers["Content-Type"].startswith("text/html")
    lab.inject(host.name, "wrong_boundary")
    assert 'boundary="Another Boundary"' in post(host.address, GET_CONFIG).headers["Content-Type"]
    lab.inject(host.name, "length_short")
    assert len(post(host.address, GET_CONFIG).content) == len(whole) // 2
    lab.inject(host.name, "wrong_boundary", at="get")
    with pytest.raises((AttributeError, IndexError, ValueError)):
        pypsrp(host.address).get_server_config()


def test_an_enumeration_without_end(run_host: RunHost) -> None:
    lab, host = run_host(**CLEAR)
    lab.inject(host.name, "endless_pull", at="enumerate")
    uri, body = CIMV2 + "*", enumerate_body("select Name from Win32_Service", elements=10)
    root = fromstring(post(host.address, envelope(names.ENUMERATE, uri, body)).content)
    seen = set()
    for _round in range(30):
        context = root.findtext(f".//{{{names.ENUMERATION}}}EnumerationContext") or ""
        assert context and context not in seen and root.find(".//{*}EndOfSequence") is None
        seen.add(context)
        pull = (
            f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>10</n:MaxElements></n:Pull>"
        )
        root = fromstring(post(host.address, envelope(names.PULL, uri, pull)).content)
    lab.clear_faults(host.name)
    services = host.model.services.all()
    assert len(query(pywinrm(host.address), "select Name from Win32_Service")) == len(services)


def test_a_gigabyte_is_streamed(clear: tuple[LabThread, LabHost]) -> None:
    """The length is announced, the bytes come as fast as they are read, and the lab holds none of them."""
    lab, host = clear
    lab.inject(host.name, "huge")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with requests.post(
        f"http://{host.address}:5985/wsman",
        data=GET_CONFIG,
        headers={"Content-Type": "application/soap+xml"},
        auth=("ansible", "lab-Passw0rd"),
        stream=True,
        timeout=10,
    ) as reply:
        assert reply.headers["Content-Length"] == str(1024**3)
        for _piece in range(64):
            assert len(reply.raw.read(1024 * 1024)) == 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024, "kilobytes"
    assert post(host.address, GET_CONFIG).status_code == 200


def test_a_slow_drip(clear: tuple[LabThread, LabHost]) -> None:
    lab, host = clear
    lab.inject(host.name, "slow", seconds=0.1)
    with socket.create_connection((host.address, 5985), 5) as raw:
        head = post_head()
        raw.sendall(head + GET_CONFIG.encode())
        started = time.monotonic()
        first = raw.recv(65536)
        more = raw.recv(65536)
        assert len(first) + len(more) < 20 and time.monotonic() - started < 5


def post_head() -> bytes:
    basic = "Basic YW5zaWJsZTpsYWItUGFzc3cwcmQ="
    return (
        f"POST /wsman HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nContent-Type: application/soap+xml\r\n"
        f"Content-Length: {len(GET_CONFIG)}\r\n\r\n"
    ).encode()


def test_the_nth_of_a_kind() -> None:
    injector = Injector((injection({"fault": "drop_done", "at": "pull", "nth": 2, "times": 2}),))
    taken = [injector.take(kind) for kind in ("pull", "get", "pull", "invoke", "pull", "pull")]
    assert [None if item is None else item.fault for item in taken] == [
        None, None, "drop_done", None, "drop_done", None,
    ]  # fmt: skip


@pytest.mark.parametrize("at", sorted(set(OPERATIONS) - {"any"}))
def test_every_kind_of_operation_can_be_hit(run_host: RunHost, at: str) -> None:
    lab, host = run_host(**CLEAR)
    lab.inject(host.name, "http_status", at=at)
    shell, uri = names.SHELL_CMD, CIMV2 + "Win32_Service"
    messages = {
        "authenticate": "",
        "identify": IDENTIFY,
        "enumerate": envelope(names.ENUMERATE, uri),
        "pull": envelope(names.PULL, uri),
        "release": envelope(names.RELEASE, uri),
        "get": GET_CONFIG,
        "put": envelope(names.PUT, uri),
        "invoke": envelope(f"{uri}/StopService", uri, header=selectors(Name="TermService")),
        "create": envelope(names.CREATE, shell),
        "command": envelope(names.COMMAND, shell),
        "receive": envelope(names.RECEIVE, shell),
        "send": envelope(names.SEND, shell),
        "signal": envelope(names.SIGNAL, shell),
        "delete": envelope(names.DELETE, shell),
    }
    for kind, message in messages.items():
        assert operation_of(message.encode()) == kind
        if kind != at:
            post(host.address, message)
    assert host.injector.hits == []
    reply = post(host.address, messages[at])
    assert (reply.status_code, reply.content) == (500, b"") and host.injector.hits == [("http_status", at)]


def test_a_scenario_carries_faults(run_host: RunHost) -> None:
    _lab, host = run_host(faults={"inject": [{"fault": "soap_fault", "at": "invoke", "code": 5, "nth": 2}]})
    protocol = pywinrm(host.address)
    registry(protocol, "EnumKey", "SOFTWARE")
    with pytest.raises(WSManFaultError):
        registry(protocol, "EnumKey", "SOFTWARE")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "a fault to inject must be a mapping with the key 'fault'"),
        ({"fault": "gremlin"}, f"there is no fault 'gremlin'; known are {', '.join(FAULTS)}"),
        ({"fault": "slow", "at": "lunch"}, f"there is no operation 'lunch'; known are {', '.join(OPERATIONS)}"),
        ({"fault": "slow", "nth": 0}, "nth of a fault to inject counts from 1"),
        ({"fault": "slow", "seconds": "long"}, "seconds of a fault to inject must be a number that is not negative"),
    ],
)
def test_a_wrong_fault_is_told(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        check(Path("test.yml"), {"hostname": "H", "windows": "2022", "faults": {"inject": [wrong]}})
    assert str(caught.value) == f"test.yml: faults.inject: {sentence}."


def test_a_reboot_loses_everything_but_the_state(run_host: RunHost) -> None:
    lab, host = run_host()
    protocol = pywinrm(host.address)
    create_key(host)
    shell = protocol.open_shell()
    booted = host.model.boot_time
    rdp = socket.create_connection((host.address, 3389), 2)
    lab.reboot(host.name, 0.4)
    deadline = time.monotonic() + 2
    with pytest.raises(OSError):
        while time.monotonic() < deadline:
            socket.create_connection((host.address, 5985), 1).close()
            time.sleep(0.02)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.address, 3389), 1)
    with rdp, pytest.raises(ConnectionResetError):
        rdp.recv(1)
    lab.back(host.name)
    with pytest.raises((requests.exceptions.ConnectionError, WinRMTransportError)):
        protocol.run_command(shell, "ver")  # sealed with a key that the host has lost: HTTP 400 on a new connection
    with pytest.raises(WSManFaultError) as caught:
        pywinrm(host.address).run_command(shell, "ver")
    assert caught.value.wsman_fault_code == 2150858843
    assert done(host) and host.model.boot_time > booted
    socket.create_connection((host.address, 3389), 2).close()


def test_a_reboot_between_two_calls(run_host: RunHost) -> None:
    lab, host = run_host()
    protocol = pywinrm(host.address)
    lab.inject(host.name, "reboot", at="invoke", seconds=0.3)
    assert registry(protocol, "CreateKey", KEY)["ReturnValue"] == ["0"], "the reply of the first call is whole"
    time.sleep(0.15)
    with pytest.raises(requests.exceptions.ConnectionError):
        registry(protocol, "EnumKey", KEY)
    lab.back(host.name)
    assert registry(pywinrm(host.address), "EnumKey", KEY)["ReturnValue"] == ["0"]


@pytest.mark.parametrize(("windows", "limit"), [("2008r2", 15), ("7sp1", 15)])
def test_winrm_2_allows_few_operations_at_once(run_host: RunHost, windows: str, limit: int) -> None:
    _lab, host = run_host(windows=windows, **CLEAR)
    message = envelope(names.ENUMERATE, CIMV2 + "*", enumerate_body("select Name from Win32_Service", False))
    contexts = []
    for _number in range(limit):
        contexts.append(fromstring(post(host.address, message).content).findtext(".//{*}EnumerationContext") or "")
    refused = post(host.address, message)
    assert refused.status_code == 500 and b'Code="2150859174"' in refused.content
    assert b'Code="2150859174"' in post(host.address, GET_CONFIG).content
    release = f"<n:Release><n:EnumerationContext>{contexts[0]}</n:EnumerationContext></n:Release>"
    assert post(host.address, envelope(names.RELEASE, CIMV2 + "*", release)).status_code == 200
    assert post(host.address, message).status_code == 200


def test_the_quotas_of_winrm_2_and_3(run_host: RunHost) -> None:
    for windows, expected in (("2008r2", ("150", "15", "5")), ("2022", ("500", "1500", "30"))):
        _lab, host = run_host(windows=windows)
        config = pypsrp(host.address).get_server_config()
        paths = ("MaxEnvelopeSizekb", "Service/{*}MaxConcurrentOperationsPerUser", "Winrs/{*}MaxShellsPerUser")
        assert tuple(config.findtext(f"{{*}}Config/{{*}}{path}") for path in paths) == expected


def test_a_wait_is_no_longer_than_max_timeout(run_host: RunHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.wsman.shell.COMMAND_SECONDS", 5.0)
    _lab, host = run_host(winrm={"max_timeout_ms": 300})
    protocol = pywinrm(host.address)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "ver")
    started = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    assert time.monotonic() - started < 4


@pytest.fixture
def control(run_host: RunHost) -> Iterator[tuple[str, LabHost]]:
    """A host with the control endpoint of its lab."""
    from tests.lab.control import Control

    lab, host = run_host()
    endpoint = Control(lab.lab)
    lab._run(endpoint.start(host.address, 18766))
    yield f"http://{host.address}:18766/hosts/{host.name}", host
    lab._run(endpoint.close())


def ask(url: str, method: str, data: Any = None) -> tuple[int, Any]:
    body = None if data is None else json.dumps(data).encode()
    try:
        with urlopen(Request(url, body, method=method), timeout=5) as reply:  # noqa: S310
            return reply.status, json.load(reply)
    except HTTPError as error:
        return error.code, json.load(error)


def test_the_registry_over_the_control_endpoint(control: tuple[str, LabHost]) -> None:
    url, host = control
    host.model.registry.set("HKLM\\SOFTWARE\\A key", "A", REG_BINARY, b"\x01\xff")
    expected = {"A": {"type": "REG_BINARY", "data": "01ff"}}
    assert ask(f"{url}/registry?key=hklm%5Csoftware%5Ca%20key", "GET") == (200, expected)
    assert ask(f"{url}/registry?key=HKLM%5CSOFTWARE%5CNone", "GET") == (200, None)
    assert ask(f"{url}/registry", "GET") == (200, None)
    assert ask(url, "GET") == (200, ask(url.rpartition("/")[0], "GET")[1][host.name])


def test_faults_over_the_control_endpoint(control: tuple[str, LabHost]) -> None:
    url, host = control
    status, told = ask(f"{url}/faults", "POST", [{"fault": "drop_done", "at": "invoke"}, {"fault": "huge", "nth": 9}])
    assert status == 200 and [item["fault"] for item in told["armed"]] == ["drop_done", "huge"]
    with pytest.raises(requests.exceptions.ConnectionError):
        create_key(host)
    assert done(host)
    assert ask(f"{url}/faults", "POST", {"fault": "gremlin"})[0] == 400
    assert ask(f"{url}/faults", "DELETE") == (200, {"armed": []})
    assert ask(url.rpartition("/")[0] + "/NOBODY/faults", "DELETE")[0] == 404
    assert ask(f"{url}/reboot", "POST", {"seconds": "soon"})[0] == 400
    assert ask(f"{url}/reboot", "POST", {"seconds": 0.1}) == (200, {"seconds": 0.1})
    assert ask(url.rpartition("/")[0], "GET")[1][host.name]["injected"] == [["drop_done", "invoke"]]
