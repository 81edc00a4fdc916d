# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab driven by clients that are not ours: pypsrp, pywinrm, and Ansible's own connection plugins.

Beside tests/lab/tests/test_lab_clients.py, which has the methods of the classes: here is what a whole client does from
its first request to its last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.shell import CommandState, Process, SignalCode, WinRS
from pypsrp.wsman import OptionSet, SelectorSet, WSMan
from winrm import Session
from winrm.exceptions import WSManFaultError as WinRMFault

from tests.lab.native.canned import MODULE_RESULT
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import CIMV2, pypsrp, pywinrm
from tests.lab.wsman import names

N, W = (f"{{{space}}}" for space in (names.ENUMERATION, names.WSMAN))


@pytest.fixture(scope="module")
def host() -> Iterator[LabHost]:
    """It allows one shell: a client that leaves its own open is the next one's quota fault."""
    with LabThread([scenario(windows="2012r2", winrm={"max_shells_per_user": 1})], base="127.88.2.0") as lab:
        (only,) = lab.hosts.values()
        yield only


# -- pypsrp -----------------------------------------------------------------------------------------------------------


def pull(client: WSMan, query: str, elements: int) -> tuple[list[Element], int]:
    """The rows of a query by Enumerate and Pull, and how many Pulls it took."""
    body = Element(f"{N}Enumerate")
    SubElement(body, f"{W}OptimizeEnumeration")
    SubElement(body, f"{W}MaxElements").text = str(elements)
    SubElement(body, f"{W}Filter", Dialect=names.WQL).text = query
    answer = client.enumerate(CIMV2 + "*", body)
    rows = [row for items in answer.iter(f"{W}Items") for row in items]
    pulls = 0
    while context := answer.findtext(f".//{N}EnumerationContext"):
        request = Element(f"{N}Pull")
        SubElement(request, f"{N}EnumerationContext").text = context
        SubElement(request, f"{N}MaxElements").text = str(elements)
        answer = client.pull(CIMV2 + "*", request)
        rows += [row for items in answer.iter(f"{N}Items") for row in items]
        pulls += 1
    assert answer.find(f".//{N if pulls else W}EndOfSequence") is not None
    return rows, pulls


def test_pypsrp_pulls_a_query_to_its_end(host: LabHost) -> None:
    client = pypsrp(host.address)
    rows, pulls = pull(client, "SELECT Name FROM Win32_Service", 3)
    services = [row.findtext("Name") for row in rows]
    assert len(services) == len(set(services)) > 10 and "TermService" in services
    assert pulls == (len(services) - 1) // 3
    whole, none = pull(client, "SELECT * FROM Win32_OperatingSystem", 3)
    assert (len(whole), none) == (1, 0)


def test_pypsrp_gets_and_invokes(host: LabHost) -> None:
    client = pypsrp(host.address)
    key = SelectorSet()
    key.add_option("Name", "SessionEnv")
    uri = CIMV2 + "Win32_Service"
    assert client.get(uri, selector_set=key)[0].findtext("{*}Name") == "SessionEnv"
    arguments = Element(f"{{{uri}}}ChangeStartMode_INPUT")
    SubElement(arguments, f"{{{uri}}}StartMode").text = "Automatic"
    output = client.invoke(f"{uri}/ChangeStartMode", uri, arguments, OptionSet(), key)
    assert output.findtext(".//{*}ReturnValue") == "0"
    assert client.get(uri, selector_set=key)[0].findtext("{*}StartMode") == "Auto"
    with pytest.raises(WSManFaultError) as caught:
        client.invoke(f"{uri}/NoSuchMethod", uri, Element(f"{{{uri}}}NoSuchMethod_INPUT"), OptionSet(), key)
    assert caught.value.code == 0x8004102E


def test_pypsrp_runs_commands_in_one_shell(host: LabHost) -> None:
    with WinRS(pypsrp(host.address)) as shell:
        for line, code, start in (("echo out", 0, b"out"), ("exit 7", 7, b""), ("whoami", 0, b"labhost\\ansible")):
            process = Process(shell, "cmd.exe", ["/c", line])
            process.invoke()
            process.signal(SignalCode.CTRL_C)
            assert (process.rc, process.stdout.startswith(start)) == (code, True), line
        with pytest.raises(WSManFaultError) as caught:
            Process(shell, "nothing.exe", no_shell=True).invoke()
        assert caught.value.code == 2147942402
    with pytest.raises(WSManFaultError) as caught:
        Process(shell, "cmd.exe", ["/c", "ver"]).invoke()
    assert caught.value.code == 2150858843


def test_pypsrp_polls_a_slow_command_and_is_told_of_the_quota(host: LabHost) -> None:
    """Output comes while the command runs; the second shell of an account that may have one is refused."""
    client = pypsrp(host.address)
    with WinRS(client) as shell:
        process = Process(shell, "cmd.exe", ["/c", "echo one& ping -n 2 127.0.0.1 >nul& echo two 1>&2& exit 3"])
        process.begin_invoke()
        seen = []
        while process.state != CommandState.DONE:
            process.poll_invoke()
            seen.append((process.state, process.stdout))
        assert seen[0] == (CommandState.RUNNING, b"one\r\n")
        # The blank before the redirection belongs to what echo writes, as with cmd.exe.
        assert (process.rc, process.stdout, process.stderr) == (3, b"one\r\n", b"two \r\n")
        with pytest.raises(WSManFaultError) as caught, WinRS(pypsrp(host.address)):
            pass
        assert caught.value.code == "w:QuotaLimit"  # it does not look into MSFT_WmiError


def test_pypsrp_meets_a_401_for_a_wrong_password(host: LabHost) -> None:
    with pytest.raises(AuthenticationError):
        pypsrp(host.address, password="wrong").get_server_config()


# -- pywinrm ----------------------------------------------------------------------------------------------------------


def test_pywinrm_runs_a_command_and_feeds_it(host: LabHost) -> None:
    protocol = pywinrm(host.address)
    shell = protocol.open_shell(codepage=65001)
    command = protocol.run_command(shell, "hostname")
    protocol.send_command_input(shell, command, b"ignored\r\n", end=True)
    out, err, code = protocol.get_command_output(shell, command)
    assert (out.strip(), err, code) == (b"LABHOST", b"", 0)
    protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    with pytest.raises(WinRMFault) as caught:
        protocol.run_command(shell, "ver")
    assert caught.value.wsman_fault_code == 2150858843


def test_pywinrms_session_runs_a_command(host: LabHost) -> None:
    session = Session(
        f"http://{host.address}:5985/wsman",
        auth=(DEFAULT_USER, DEFAULT_PASSWORD),
        transport="ntlm",
        message_encryption="always",
    )
    result = session.run_cmd("ver")
    assert result.status_code == 0 and b"Microsoft Windows [Version 6.3.9600]" in result.std_out


# -- Ansible ----------------------------------------------------------------------------------------------------------


def connection(host: LabHost, plugin: str, **more: Any) -> Any:
    found = connection_loader.get(plugin, PlayContext(), "/dev/null")
    options = {
        "ansible_host": host.address,
        "ansible_user": DEFAULT_USER,
        "ansible_password": DEFAULT_PASSWORD,
        "ansible_port": 5985,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": ["ntlm"],
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "ntlm",
    }
    found.set_options(var_options={**options, **more, "_extras": {}})
    return found


def test_ansibles_winrm_opens_a_shell_and_runs_what_is_no_powershell(host: LabHost) -> None:
    before = host.model.counters.shells_opened
    winrm = connection(host, "winrm")
    winrm._connect()
    assert winrm.shell_id and host.model.counters.shells_opened == before + 1
    code, out, _err = winrm._winrm_exec("cmd.exe", ["/c", "whoami"])
    assert (code, out.strip()) == (0, b"labhost\\ansible")
    winrm.close()
    winrm._connect()
    code, out, err = winrm._winrm_exec("cmd.exe", ["/c", "nonsense"])
    assert code == 1 and b"is not recognized" in err
    winrm.close()


def test_ansibles_winrm_says_when_the_password_is_wrong(host: LabHost) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="credentials were rejected"):
        connection(host, "winrm", ansible_password="wrong")._connect()


def test_canned_commands_satisfy_what_ansibles_winrm_runs_for_a_module(host: LabHost) -> None:
    """A module is PowerShell that reads its script from standard input; a canned host answers, another has no
    PowerShell."""
    payload = b"x" * 300_000  # two requests
    with LabThread([scenario(canned_commands=True)], base="127.88.3.0") as lab:
        canned = next(iter(lab.hosts.values()))
        winrm = connection(canned, "winrm")
        winrm._connect()
        command = winrm._shell.build_module_command("", "#!powershell", "")
        code, out, err = winrm.exec_command(command, in_data=payload)
        assert (code, json.loads(out), err) == (0, MODULE_RESULT, b"") and MODULE_RESULT["changed"] is False
        code, out, _err = winrm.exec_command("Get-Service")
        assert (code, json.loads(out)) == (0, MODULE_RESULT)
        code, out, _err = winrm._winrm_exec("cmd.exe", ["/c", "whoami"])
        assert (code, out.strip()) == (0, b"labhost\\ansible")
        winrm.close()
        assert canned.model.audit.writes == []
    plain = connection(host, "winrm")
    plain._connect()
    code, _out, err = plain.exec_command(command)
    assert code == 1 and b"is not recognized" in err
    plain.close()


def test_ansibles_psrp_talks_ws_man_but_finds_no_powershell(host: LabHost) -> None:
    """A runspace needs PowerShell, which the lab does not have; the connection itself is good for CIM."""
    psrp = connection(host, "psrp")
    psrp._build_kwargs()
    client = WSMan(**psrp._psrp_conn_kwargs)
    rows, _pulls = pull(client, "SELECT Caption FROM Win32_OperatingSystem", 10)
    assert (rows[0].findtext("Caption") or "").startswith("Microsoft Windows Server 2012 R2")
    with pytest.raises((AnsibleError, WSManFaultError), match="2150858752"):
        connection(host, "psrp")._connect()
