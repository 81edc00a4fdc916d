# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running lab, driven by clients that are not ours: pywinrm (NTLM with encryption, Basic) and pypsrp."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml.ElementTree import fromstring
from pypsrp.exceptions import WSManFaultError
from pypsrp.wsman import OptionSet, SelectorSet
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError
from winrm.exceptions import WSManFaultError as WinRMFault

from tests.lab.model import certificates
from tests.lab.runtime import LabError, LabHost, LabThread
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import (
    CIMV2,
    enumerate_body,
    envelope,
    invoke,
    items_of,
    pypsrp,
    pywinrm,
    query,
    registry,
    selectors,
    texts,
)
from tests.lab.wsman import names

RunHost = Callable[..., tuple[LabThread, LabHost]]
TERMINAL_SERVER = "SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
CLEAR = {"winrm": {"basic": True, "allow_unencrypted": True}}


def post(address: str, message: str | bytes, **headers: str) -> requests.Response:
    """A request over Basic, past every client library."""
    token = base64.b64encode(f"{DEFAULT_USER}:{DEFAULT_PASSWORD}".encode()).decode()
    given = {"Content-Type": "application/soap+xml;charset=UTF-8", "Authorization": f"Basic {token}", **headers}
    return requests.post(f"http://{address}:5985/wsman", data=message, headers=given, timeout=10)


def fault_of(reply: requests.Response) -> tuple[str, str, str]:
    """(code, subcode, action) of a fault reply."""
    assert reply.status_code == 500
    root = fromstring(reply.content)
    fault = next(iter(root.iter("{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}WSManFault")), None)
    codes = [element.text or "" for element in root.iter(f"{{{names.SOAP}}}Value")]
    action = root.findtext(f".//{{{names.ADDRESSING}}}Action") or ""
    return "" if fault is None else fault.get("Code", ""), codes[-1], action


def wait_state(protocol: Any, service: str, state: str) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if texts(query(protocol, f"select State from Win32_Service where Name='{service}'")[0])["State"] == state:
            return
        time.sleep(0.02)
    raise AssertionError(f"{service} did not become {state}")


def test_pywinrm_ntlm_reads_and_writes_the_registry(run_host: RunHost) -> None:
    lab, host = run_host()
    protocol = pywinrm(host.address)
    assert registry(protocol, "EnumKey", TERMINAL_SERVER)["sNames"] == ["RCM", "WinStations"]
    assert registry(protocol, "GetDWORDValue", TERMINAL_SERVER, "fDenyTSConnections")["uValue"] == ["0"]
    key = "SOFTWARE\\Lab"
    assert registry(protocol, "SetDWORDValue", key, "a", "<p:uValue>7</p:uValue>")["ReturnValue"] == ["2"]
    assert registry(protocol, "CreateKey", key)["ReturnValue"] == ["0"]
    for method, value, more in (
        ("SetDWORDValue", "a", "<p:uValue>4294967295</p:uValue>"),
        ("SetQWORDValue", "q", "<p:uValue>18446744073709551615</p:uValue>"),
        ("SetStringValue", "s", "<p:sValue>x &amp; y</p:sValue>"),
        ("SetExpandedStringValue", "e", "<p:sValue>%SystemRoot%\\t</p:sValue>"),
        ("SetMultiStringValue", "m", "<p:sValue>one</p:sValue><p:sValue>two</p:sValue>"),
        ("SetBinaryValue", "b", "<p:uValue>0</p:uValue><p:uValue>255</p:uValue>"),
    ):
        assert registry(protocol, method, key, value, more)["ReturnValue"] == ["0"], method
    listed = registry(protocol, "EnumValues", key)
    assert dict(zip(listed["sNames"], listed["Types"], strict=True)) == {
        "a": "4", "b": "3", "e": "2", "m": "7", "q": "11", "s": "1",
    }  # fmt: skip
    assert registry(protocol, "GetDWORDValue", key, "a")["uValue"] == ["4294967295"]
    assert registry(protocol, "GetQWORDValue", key, "q")["uValue"] == ["18446744073709551615"]
    assert registry(protocol, "GetStringValue", key, "s")["sValue"] == ["x & y"]
    assert registry(protocol, "GetExpandedStringValue", key, "e")["sValue"] == ["C:\\Windows\\t"]
    assert registry(protocol, "GetMultiStringValue", key, "m")["sValue"] == ["one", "two"]
    assert registry(protocol, "GetBinaryValue", key, "b")["uValue"] == ["0", "255"]
    assert registry(protocol, "GetStringValue", key, "none")["ReturnValue"] == ["1"]
    assert registry(protocol, "GetStringValue", "SOFTWARE\\None", "none")["ReturnValue"] == ["2"]
    assert registry(protocol, "EnumKey", "SOFTWARE\\None")["ReturnValue"] == ["2"]
    assert registry(protocol, "EnumValues", TERMINAL_SERVER + "\\RCM\\GracePeriod")["ReturnValue"] == ["5"]
    assert registry(protocol, "DeleteKey", "SOFTWARE\\Microsoft")["ReturnValue"] == ["5"]
    assert registry(protocol, "DeleteValue", key, "a")["ReturnValue"] == ["0"]
    assert registry(protocol, "DeleteValue", key, "a")["ReturnValue"] == ["2"]
    assert registry(protocol, "DeleteKey", key)["ReturnValue"] == ["0"]
    written = [write.kind for write in host.model.audit.writes]
    assert written[0] == "registry.key.create" and written[-1] == "registry.key.delete" and len(written) == 9
    assert {write.by for write in host.model.audit.writes} == {"LABHOST\\ansible"}


def test_wrong_password_is_401_and_a_plain_user_is_denied(run_host: RunHost) -> None:
    users = [
        {"name": "ansible", "password": DEFAULT_PASSWORD, "admin": True},
        {"name": "bob", "password": "b0b-secret"},
    ]
    _lab, host = run_host(users=users)
    with pytest.raises(InvalidCredentialsError):
        registry(pywinrm(host.address, password="wrong"), "EnumKey", TERMINAL_SERVER)
    with pytest.raises(WinRMFault) as caught:
        registry(pywinrm(host.address, username="bob", password="b0b-secret"), "EnumKey", TERMINAL_SERVER)
    assert caught.value.wsman_fault_code == 5


def test_basic_and_clear_text_follow_the_configuration(run_host: RunHost) -> None:
    _lab, strict = run_host()
    assert post(strict.address, envelope(names.GET, names.CONFIG)).status_code == 401
    offers = requests.post(f"http://{strict.address}:5985/wsman", timeout=5)
    assert offers.status_code == 401 and offers.headers["WWW-Authenticate"] == "Negotiate"
    with pytest.raises(WinRMTransportError):
        registry(pywinrm(strict.address, encryption="never"), "EnumKey", TERMINAL_SERVER)
    _lab, loose = run_host(**CLEAR)
    assert registry(pywinrm(loose.address, "basic", "auto"), "EnumKey", TERMINAL_SERVER)["ReturnValue"] == ["0"]
    assert registry(pywinrm(loose.address, encryption="never"), "EnumKey", TERMINAL_SERVER)["ReturnValue"] == ["0"]
    assert (
        'Basic realm="WSMAN"'
        in requests.post(f"http://{loose.address}:5985/wsman", timeout=5).headers["WWW-Authenticate"]
    )


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_pypsrp_gets_enumerates_and_invokes(run_host: RunHost, auth: str) -> None:
    _lab, host = run_host()
    client = pypsrp(host.address, auth=auth)
    assert client.get_server_config().findtext("{*}Config/{*}MaxEnvelopeSizekb") == "500"
    key = SelectorSet()
    key.add_option("Name", "TermService")
    found = client.get(CIMV2 + "Win32_Service", selector_set=key)
    assert found[0].findtext("{*}StartName") == "NT Authority\\NetworkService"
    body = next(
        fromstring(envelope("", "", enumerate_body("select * from Win32_ComputerSystem"))).iter(
            f"{{{names.ENUMERATION}}}Enumerate"
        )
    )
    reply = client.enumerate(CIMV2 + "*", body)
    assert reply.findtext(".//{*}DNSHostName") == "LABHOST"
    uri = CIMV2 + "Win32_Service"
    output = client.invoke(f"{uri}/StopService", uri, Element(f"{{{uri}}}StopService_INPUT"), OptionSet(), key)
    assert output.findtext(".//{*}ReturnValue") == "3"
    missing = SelectorSet()
    missing.add_option("Name", "NoSuchService")
    with pytest.raises(WSManFaultError) as caught:
        client.get(CIMV2 + "Win32_Service", selector_set=missing)
    assert caught.value.code == 2150858752


def test_services_by_method_and_association(run_host: RunHost) -> None:
    lab, host = run_host()
    protocol = pywinrm(host.address)
    uri = CIMV2 + "Win32_Service"

    def call(method: str, name: str, inputs: str = "") -> str:
        return invoke(protocol, uri, method, inputs, selectors(Name=name))["ReturnValue"][0]

    text = "ASSOCIATORS OF {Win32_Service.Name='TermService'} WHERE AssocClass=Win32_DependentService Role=Antecedent"
    assert [texts(item)["Name"] for item in query(protocol, text)] == ["UmRdpService"]
    assert call("StopService", "TermService") == "3"
    assert call("StopService", "UmRdpService") == "0"
    wait_state(protocol, "UmRdpService", "Stopped")
    assert call("StopService", "TermService") == "0"
    wait_state(protocol, "TermService", "Stopped")
    lab.settle(host.name)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.address, 3389), 2)
    assert call("ChangeStartMode", "TermService", "<p:StartMode>Disabled</p:StartMode>") == "0"
    assert registry(protocol, "GetDWORDValue", "SYSTEM\\CurrentControlSet\\Services\\TermService", "Start")[
        "uValue"
    ] == ["4"]
    assert call("StartService", "TermService") == "14"
    assert call("StartService", "UmRdpService") == "13"
    assert call("ChangeStartMode", "TermService", "<p:StartMode>Manual</p:StartMode>") == "0"
    assert call("StartService", "UmRdpService") == "0"
    wait_state(protocol, "UmRdpService", "Running")
    lab.settle(host.name)
    socket.create_connection((host.address, 3389), 2).close()


def test_paging_gives_changing_contexts_to_the_end(run_host: RunHost) -> None:
    _lab, host = run_host(**CLEAR)
    protocol = pywinrm(host.address, "basic", "auto")
    everything = [texts(item)["Name"] for item in query(protocol, "select * from Win32_Service")]
    assert everything == [texts(item)["Name"] for item in query(protocol, "select Name from Win32_Service", elements=3)]
    assert len(everything) == len(host.model.services.all()) > 20
    uri = CIMV2 + "*"
    plain = fromstring(
        protocol.send_message(envelope(names.ENUMERATE, uri, enumerate_body("select * from Win32_Service", False)))
    )
    assert plain.find(f".//{{{names.WSMAN}}}Items") is None
    context = plain.findtext(f".//{{{names.ENUMERATION}}}EnumerationContext") or ""
    release = f"<n:Release><n:EnumerationContext>{context}</n:EnumerationContext></n:Release>"
    assert post(host.address, envelope(names.RELEASE, uri, release)).status_code == 200
    pull = f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext></n:Pull>"
    assert fault_of(post(host.address, envelope(names.PULL, uri, pull)))[:2] == (
        "2150858779",
        "n:InvalidEnumerationContext",
    )
    few = fromstring(
        protocol.send_message(
            envelope(names.ENUMERATE, uri, enumerate_body("select * from Win32_Service"), max_size=8192)
        )
    )
    assert 0 < len(items_of(few, names.WSMAN)) < 8, "the envelope size limits the batch"
    small = envelope(names.ENUMERATE, uri, enumerate_body("select * from Win32_OperatingSystem"), max_size=2000)
    assert fault_of(post(host.address, small))[0] == "2150858824"


QUERY_URI = CIMV2 + "*"


@pytest.mark.parametrize(
    ("message", "code", "subcode", "action"),
    [
        (envelope(names.ENUMERATE, QUERY_URI, enumerate_body("select * from Win32_Nothing")), "2150858778",
         "n:CannotProcessFilter", names.ENUMERATION + "/fault"),
        (envelope(names.ENUMERATE, QUERY_URI, enumerate_body("select from")), "2150858778", "n:CannotProcessFilter",
         names.ENUMERATION + "/fault"),
        (envelope(names.ENUMERATE, CIMV2 + "Win32_Service", enumerate_body("select * from Win32_Service")),
         "2150859003", "n:CannotProcessFilter", names.ENUMERATION + "/fault"),
        (envelope(names.GET, CIMV2 + "Win32_Process", header=selectors(Handle="29")), "2150858752",
         "a:DestinationUnreachable", names.ADDRESSING + "/fault"),
        (envelope(names.GET, names.WMI_PREFIX + "root/nowhere/X"), "2150858752", "a:DestinationUnreachable",
         names.ADDRESSING + "/fault"),
        (envelope(names.GET, CIMV2 + "Win32_Service", header=selectors(Wrong="x")), "2150858843", "w:InvalidSelectors",
         names.WSMAN_FAULT),
        (envelope(names.PUT, CIMV2 + "Win32_Service", header=selectors(Name="TermService")), "2150858771",
         "a:ActionNotSupported", names.ADDRESSING + "/fault"),
        (envelope(names.GET, names.CONFIG, timeout="PT-1S"), "2150858767", "a:InvalidMessageInformationHeader",
         names.ADDRESSING + "/fault"),
        (envelope(names.GET, names.CONFIG, header='<x:New xmlns:x="urn:x" s:mustUnderstand="true"/>'), "",
         "s:MustUnderstand", names.ADDRESSING + "/fault"),
        (envelope(names.PULL, QUERY_URI, "<n:Wrong/>"), "2150858817", "w:SchemaValidationError", names.WSMAN_FAULT),
        (envelope(names.DELETE, names.SHELL_CMD, header=selectors(ShellId="X")), "2150858843", "w:InvalidSelectors",
         names.WSMAN_FAULT),
    ],
)  # fmt: skip
def test_faults(run_host: RunHost, message: str, code: str, subcode: str, action: str) -> None:
    _lab, host = run_host(**CLEAR)
    assert fault_of(post(host.address, message)) == (code, subcode, action)


def test_http_is_strict(run_host: RunHost) -> None:
    _lab, host = run_host(**CLEAR)
    message = envelope(names.GET, names.CONFIG)
    assert post(host.address, message, **{"Content-Type": "text/xml"}).status_code == 415
    assert requests.get(f"http://{host.address}:5985/wsman", timeout=5).status_code == 405
    assert requests.post(f"http://{host.address}:5985/other", timeout=5).status_code == 404
    assert post(host.address, "<no xml").status_code == 400
    assert post(host.address, "<!DOCTYPE a [<!ENTITY b 'c'>]>" + message).status_code == 400


def test_identify_without_credentials_hides_the_version(run_host: RunHost) -> None:
    _lab, host = run_host(**CLEAR)
    body = (
        f'<s:Envelope xmlns:s="{names.SOAP}"><s:Header/><s:Body><i:Identify xmlns:i="{names.IDENTITY}"/></s:Body>'
        "</s:Envelope>"
    )
    url = f"http://{host.address}:5985/wsman"
    headers = {"Content-Type": "application/soap+xml", "WSMANIDENTIFY": "unauthenticated"}
    assert "OS: 0.0.0 SP: 0.0 Stack: 3.0" in requests.post(url, data=body, headers=headers, timeout=5).text
    assert "OS: 10.0.20348 SP: 0.0 Stack: 3.0" in post(host.address, body).text


def test_shell_runs_icacls_by_sid(run_host: RunHost) -> None:
    _lab, host = run_host(certificate={"key": "unreadable"})
    protocol = pywinrm(host.address)
    path = host.model.remote_desktop.key_file(certificates.RDP_CONTAINER)
    shell = protocol.open_shell()

    def run(command: str, *arguments: str) -> tuple[str, str, int]:
        command_id = protocol.run_command(shell, command, arguments)
        out, err, code = protocol.get_command_output(shell, command_id)
        protocol.cleanup_command(shell, command_id)
        return out.decode(), err.decode(), code

    assert run("icacls", path, "/grant", "*S-1-5-20:(R)")[2] == 5, "no WRITE_DAC and not the owner"
    assert run("takeown", "/f", path, "/a")[2] == 0
    out, _err, code = run("icacls", path, "/grant:r", "*S-1-5-20:(R)", "*S-1-5-32-544:(F)")
    assert code == 0 and "Successfully processed 1 files" in out
    assert run("icacls", path, "/setowner", "*S-1-5-18")[2] == 0
    assert run("icacls", path, "/remove:g", "*S-1-5-32-544")[2] == 0
    out, _err, code = run("icacls", path)
    assert code == 0 and "NT AUTHORITY\\NETWORK SERVICE:(R)" in out and "Administrators" not in out
    entry = host.model.files.find(path)
    assert entry is not None and entry.security.owner == "S-1-5-18"
    assert run("icacls", path + "x", "/reset")[2] == 2
    assert run("icacls", path, "/grant", "*S-1-5-20:(QQ)")[2] == 5
    assert run("cmd", "/c", "ver && whoami & hostname")[0].split("\r\n")[-2] == "LABHOST"
    assert run("cmd.exe", "/c", "nonsense || echo no") == (
        "no\r\n",
        "'nonsense' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
        0,
    )
    assert " rdp-tcp                                 65536  Listen" in run("qwinsta")[0]
    assert run("sc", "query", "nothing")[2] == 1060
    with pytest.raises(WinRMFault) as missing:
        protocol.run_command(shell, "powershell.exe", skip_cmd_shell=True)
    assert missing.value.wsman_fault_code == 2147942402
    protocol.close_shell(shell)
    assert host.model.counters.shells_opened == 1
    with pytest.raises(WinRMFault) as caught:
        protocol.run_command(shell, "ver")
    assert caught.value.wsman_fault_code == 2150858843


def test_receive_times_out_with_the_recorded_fault(run_host: RunHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.wsman.shell.COMMAND_SECONDS", 5.0)
    _lab, host = run_host()
    protocol = pywinrm(host.address, operation_timeout_sec=1)
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "ver")
    with pytest.raises(WinRMOperationTimeoutError):
        protocol.get_command_output_raw(shell, command)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)


def test_process_create_works_a_moment_later(run_host: RunHost) -> None:
    _lab, host = run_host(firewall={"groups": {"@FirewallAPI.dll,-28752": False}})
    protocol = pywinrm(host.address)
    line = 'cmd.exe /c netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=yes'
    output = invoke(protocol, CIMV2 + "Win32_Process", "Create", f"<p:CommandLine>{line}</p:CommandLine>")
    assert output["ReturnValue"] == ["0"]
    pid = output["ProcessId"][0]
    assert [
        texts(item)["Name"] for item in query(protocol, f"select Name from Win32_Process where ProcessId={pid}")
    ] == ["cmd.exe"]
    deadline = time.monotonic() + 5
    while query(protocol, f"select Name from Win32_Process where ProcessId={pid}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not host.model.rdp_filtered()
    nothing = invoke(protocol, CIMV2 + "Win32_Process", "Create", "<p:CommandLine>nothing.exe</p:CommandLine>")
    assert nothing["ReturnValue"] == ["9"]


def test_files_and_their_security(run_host: RunHost) -> None:
    _lab, host = run_host()
    protocol = pywinrm(host.address)
    path = host.model.remote_desktop.key_file(certificates.RDP_CONTAINER)
    escaped = path.replace("\\", "\\\\")
    assert texts(query(protocol, f"select FileSize from CIM_DataFile where Name='{escaped}'")[0]) == {
        "FileSize": "2232"
    }
    folder = "\\\\programdata\\\\microsoft\\\\crypto\\\\rsa\\\\machinekeys\\\\"
    listed = query(protocol, f"select Name from CIM_DataFile where Drive='c:' and Path='{folder}'")
    assert [texts(item)["Name"] for item in listed] == [path.lower()]
    uri = CIMV2 + "Win32_LogicalFileSecuritySetting"
    body = f'<p:GetSecurityDescriptor_INPUT xmlns:p="{uri}"/>'
    reply = fromstring(
        protocol.send_message(envelope(f"{uri}/GetSecurityDescriptor", uri, body, header=selectors(Path=path)))
    )
    sids = [element.text for element in reply.iter() if element.tag.endswith("}SIDString")]
    assert sids == ["S-1-5-20", "S-1-5-18", "S-1-5-18", "S-1-5-18"]
    assert [element.text for element in reply.iter() if element.tag.endswith("}AccessMask")] == ["1179785", "2032127"]
    deleted = invoke(protocol, CIMV2 + "CIM_DataFile", "Delete", header=selectors(Name=path))
    assert deleted["ReturnValue"] == ["0"] and host.model.files.find(path) is None


def test_terminal_services_classes_know_policy(run_host: RunHost) -> None:
    policy = {"HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services": {"SecurityLayer": 1}}
    _lab, host = run_host(registry=policy)
    protocol = pywinrm(host.address)
    namespace = "root/cimv2/TerminalServices"
    found = texts(query(protocol, "select * from Win32_TSGeneralSetting", namespace)[0])
    assert (found["SecurityLayer"], found["PolicySourceSecurityLayer"], found["PolicySourceMinEncryptionLevel"]) == (
        "1",
        "1",
        "0",
    )
    assert found["SSLCertificateSHA1HashType"] == "1"
    uri = f"{names.WMI_PREFIX}{namespace}/Win32_TSGeneralSetting"
    with pytest.raises(WinRMFault) as caught:
        invoke(
            protocol, uri, "SetSecurityLayer", "<p:SecurityLayer>2</p:SecurityLayer>", selectors(TerminalName="RDP-Tcp")
        )
    assert caught.value.wsman_fault_code == 0x80041016
    uri = f"{names.WMI_PREFIX}{namespace}/Win32_TerminalServiceSetting"
    inputs = "<p:AllowTSConnections>0</p:AllowTSConnections><p:ModifyFirewallException>1</p:ModifyFirewallException>"
    assert invoke(protocol, uri, "SetAllowTSConnections", inputs, selectors(ServerName="LABHOST"))["ReturnValue"] == [
        "0"
    ]
    rules = query(
        protocol,
        "select InstanceID, Enabled from MSFT_NetFirewallRule where RuleGroup='@FirewallAPI.dll,-28752'",
        "root/StandardCimv2",
    )
    assert {texts(rule)["Enabled"] for rule in rules} == {"2"} and len(rules) == 3


def test_firewall_rule_enable_opens_the_port(run_host: RunHost) -> None:
    lab, host = run_host(firewall={"groups": {"@FirewallAPI.dll,-28752": False}})
    with pytest.raises(TimeoutError):
        socket.create_connection((host.address, 3389), 0.5)
    uri = names.WMI_PREFIX + "root/StandardCimv2/MSFT_NetFirewallRule"
    header = selectors(InstanceID="RemoteDesktop-UserMode-In-TCP")
    assert invoke(pywinrm(host.address), uri, "Enable", header=header)["ReturnValue"] == ["0"]
    lab.settle(host.name)
    socket.create_connection((host.address, 3389), 2).close()


def test_windows_7_has_no_standard_cimv2(run_host: RunHost) -> None:
    _lab, host = run_host(windows="7sp1")
    with pytest.raises(WinRMFault) as caught:
        query(pywinrm(host.address), "select * from MSFT_NetFirewallRule", "root/StandardCimv2")
    assert caught.value.wsman_fault_code == 2150858752


def test_first_reply_of_2008_r2_holds_one_item(run_host: RunHost) -> None:
    _lab, host = run_host(windows="2008r2", **CLEAR)
    reply = fromstring(
        post(host.address, envelope(names.ENUMERATE, QUERY_URI, enumerate_body("select * from Win32_Service"))).content
    )
    assert len(items_of(reply, names.WSMAN)) == 1
    assert reply.findtext(f".//{{{names.ENUMERATION}}}EnumerationContext")


@pytest.mark.parametrize(
    ("faults", "error"),
    [({"http_500_every": 3}, WinRMTransportError), ({"drop_connection_every": 3}, requests.exceptions.ConnectionError)],
)
def test_injected_faults(run_host: RunHost, faults: dict[str, int], error: type[Exception]) -> None:
    _lab, host = run_host(faults=faults, **CLEAR)
    protocol = pywinrm(host.address, "basic", "auto")
    registry(protocol, "EnumKey", TERMINAL_SERVER)
    registry(protocol, "EnumKey", TERMINAL_SERVER)
    with pytest.raises(error):
        registry(protocol, "EnumKey", TERMINAL_SERVER)


def test_closing_the_winrm_rule_cuts_new_connections(run_host: RunHost) -> None:
    _lab, host = run_host()
    protocol = pywinrm(host.address)
    uri = names.WMI_PREFIX + "root/StandardCimv2/MSFT_NetFirewallRule"
    header = selectors(InstanceID="WINRM-HTTP-In-TCP-NoScope")
    assert invoke(protocol, uri, "Disable", header=header)["ReturnValue"] == ["0"]
    with pytest.raises(requests.exceptions.ConnectionError):
        registry(pywinrm(host.address), "EnumKey", TERMINAL_SERVER)


def test_a_taken_port_is_told_in_one_sentence(run_host: RunHost) -> None:
    _lab, host = run_host()
    base = ".".join(host.address.split(".")[:3]) + ".0"
    with pytest.raises(LabError, match=rf"Port 5985 on {host.address} cannot be used for host LABHOST: "):
        LabThread([scenario()], base=base).__enter__()


def test_reset_restores_the_scenario(run_host: RunHost) -> None:
    lab, host = run_host()
    before = lab.digest(host.name)["parts"]["services"]
    registry(pywinrm(host.address), "CreateKey", "SOFTWARE\\Lab")
    lab.reset()
    fresh = lab.hosts[host.name]
    assert fresh.model.audit.writes == [] and fresh.model.registry.find("HKLM\\SOFTWARE\\Lab") is None
    assert lab.digest(host.name)["parts"]["services"] == before
    assert registry(pywinrm(fresh.address), "EnumKey", TERMINAL_SERVER)["ReturnValue"] == ["0"]
