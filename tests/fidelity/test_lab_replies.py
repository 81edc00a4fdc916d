# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded requests to the lab, over HTTP with NTLM: its replies beside those that Windows gave.

Compared are the elements with their names, order and telling attributes, in header and body; see lab.py. Only
settings of the configuration are left out; everything else must be equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import pytest

from tests.fidelity import samples
from tests.fidelity.lab import Sender, differences, is_fault, replayed, running
from tests.fidelity.samples import ENUMERATION, PYPSRP, WIN7, Exchange, Message, local, short
from tests.lab.runtime import LabHost

WSMV = "ms-wsmv-examples"
OMI = "microsoft-omi/Unix/tests/protocol/posthttp"
ZENOSS = "zenoss-txwinrm/server_2008"
CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, LabHost]]:
    with running(
        "127.88.1.0",
        {"hostname": "W2008R2", "windows": "2008r2"},
        {"hostname": "W2012R2", "windows": "2012r2"},
        {"hostname": "W2016", "windows": "2016"},
        {"hostname": "NOSHELL", "windows": "2012r2", "winrm": {"max_shells_per_user": 0}},
        {"hostname": "BUSY", "windows": "2008r2", "winrm": {"max_operations_per_user": 0}},
        {"hostname": "BUSY3", "windows": "2012r2", "winrm": {"max_operations_per_user": 0}},
    ) as found:
        yield found


# -- remote shells ----------------------------------------------------------------------------------------------------

# Conversation -> the lab's Windows. Host .15 of pypsrp's recordings is of 2016 or later.
CONVERSATIONS = {
    f"{PYPSRP}/test_winrs_standard.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_stderr_rc.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_send.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_no_cmd_shell.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_fail_poll_process.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_open_already_opened.yml": "W2012R2",
    f"{PYPSRP}/test_client_execute_cmd.yml": "W2012R2",
    f"{PYPSRP}/test_winrs_bad_cmd_id.yml": "W2016",
    f"{PYPSRP}/test_winrs_environment.yml": "W2016",
    f"{PYPSRP}/test_winrs_extra_opts.yml": "W2016",
    f"{PYPSRP}/test_winrs_noprofile.yml": "W2016",
    f"{PYPSRP}/test_winrs_unicode.yml": "W2016",
    WIN7: "W2008R2",
}
# The lab has no PowerShell and no environment: these programs become an echo. What is left is the shape.
_OTHER_PROGRAM = re.compile(
    rb"<rsp:Command>(?:powershell\.exe|C:[^<]*powershell\.exe|dir|set)</rsp:Command>(?:<rsp:Arguments>[^<]*</rsp:Arguments>)*"
)
_SET = re.compile(rb"<rsp:Arguments>set</rsp:Arguments>")
_ECHO = b"<rsp:Command>cmd.exe</rsp:Command><rsp:Arguments>/c</rsp:Arguments><rsp:Arguments>echo hi</rsp:Arguments>"


def adapted(exchange: Exchange) -> Exchange:
    request, reply = exchange.request, exchange.reply
    if request is None or reply is None or local(samples.first(reply.root)) == "Fault":
        return exchange
    raw = _SET.sub(b"<rsp:Arguments>echo hi</rsp:Arguments>", request.raw)
    return Exchange(Message(request.name, _OTHER_PROGRAM.sub(_ECHO, raw)), reply)


@pytest.mark.parametrize("path", CONVERSATIONS)
def test_shells_answer_as_recorded(hosts: dict[str, LabHost], path: str) -> None:
    found: set[str] = set()
    conversation = tuple(adapted(exchange) for exchange in samples.exchanges(path))
    answered = 0
    for exchange, answer in replayed(Sender(hosts[CONVERSATIONS[path]]), conversation):
        assert exchange.reply is not None
        found.update(differences(exchange.reply.root, answer.root))
        answered += 1
    assert answered == len(conversation)
    assert found == set()


# Recorded: output, 30 seconds without any, output again, read with a timeout of 10 seconds.
_SLOW = b"<rsp:Command>cmd.exe</rsp:Command><rsp:Arguments>/c</rsp:Arguments><rsp:Arguments>%s</rsp:Arguments>"
_SLOW %= b"echo hi&amp;ping -n 4 127.0.0.1&gt;nul&amp;echo hi again"


def test_a_slow_command_is_read_as_recorded(hosts: dict[str, LabHost]) -> None:
    """Partial output with CommandState/Running, two timeouts, the rest with CommandState/Done: three seconds for 30."""
    conversation = []
    for exchange in samples.exchanges(f"{PYPSRP}/test_winrs_operation_timeout.yml"):
        assert exchange.request is not None and exchange.reply is not None
        raw = _OTHER_PROGRAM.sub(_SLOW, exchange.request.raw)
        timed_out = local(samples.first(exchange.reply.root)) == "Fault"
        raw = re.sub(rb">PT\d+S<", b">PT0.5S<" if timed_out else b">PT20S<", raw)
        conversation.append(Exchange(Message("", raw), exchange.reply))
    rows = list(replayed(Sender(hosts["W2012R2"]), tuple(conversation)))
    found = [differences(row.reply.root, answer.root) for row, answer in rows if row.reply is not None]
    assert found == [[]] * 8


def test_every_shell_conversation_is_replayed() -> None:
    recorded = {
        path
        for path in [*samples.matching(rf"{PYPSRP}/.*"), WIN7]
        if b"/shell/cmd<" in samples.sample(path) and b"shell/Command<" in samples.sample(path)
    }
    # The slow one is above; the others show nothing more, or run PowerShell beside.
    others = rf"{PYPSRP}/test_(winrs_operation_timeout|client_execute_cmd_environment|client_copy_\w+)\.yml"
    assert {path for path in recorded - set(CONVERSATIONS) if not re.fullmatch(others, path)} == set()


@pytest.mark.parametrize("peer", ["specification", "pywinrm", "masterzen"])
def test_requests_of_others_are_taken(hosts: dict[str, LabHost], peer: str) -> None:
    """Single requests without a conversation, in the order of one: no fault, and the action of the recorded reply."""
    pattern = {
        "specification": rf"{WSMV}/4\.7\.[1-58]_.*",
        "pywinrm": r"diyan-pywinrm/extracted/conftest__(open|run_cmd_w|close|get_cmd_ps|cleanup).*request.*",
        "masterzen": samples.MASTERZEN,
    }[peer]
    requests = {
        message.action: message
        for path in samples.matching(pattern)
        for message in samples.messages(path)
        if message.is_request
    }
    sender = Sender(hosts["W2012R2"])
    ids: dict[str, str] = {}
    for action in ("Create", "Command", "Receive", "Signal", "Delete"):
        raw = requests[action].raw.replace(b"powershell.exe -EncodedCommand ZGly", b"ver")
        raw = re.sub(rb'(Name="ShellId">)[^<]*<', lambda match: match[1] + ids["shell"].encode() + b"<", raw)
        raw = re.sub(rb'(CommandId=")[^"]*"', lambda match: match[1] + ids["command"].encode() + b'"', raw)
        answer = samples.parsed(sender.send(raw))
        assert samples.header(answer, samples.ADDRESSING, "Action").endswith(f"/{action}Response")
        for element in answer.iter():
            if element.get("Name") == "ShellId":
                ids["shell"] = element.text or ""
            if local(element) == "CommandId":
                ids["command"] = element.text or ""


# -- enumerations -----------------------------------------------------------------------------------------------------


def windows_query(text: str) -> bytes:
    """The query of Windows' own client, about root/cimv2 by a URI of Windows' own and without addresses."""
    (path,) = samples.matching(rf"{OMI}/test1\.request\.xml")
    raw = samples.sample(path).replace(b"http://schemas.dmtf.org/wbem/wscim/1/*<", CIMV2.encode() + b"*<")
    raw = re.sub(rb"<w:EnumerationMode>.*?</w:EnumerationMode>", b"", raw)
    raw = re.sub(rb"<w:SelectorSet>.*?</w:SelectorSet>", b"", raw, flags=re.DOTALL)
    return raw.replace(b"select * from OMI_Identify", text.encode())


def with_context(raw: bytes, context: str) -> bytes:
    return re.sub(rb"(Context>\s*)uuid:[^<\s]*", lambda match: match[1] + context.encode(), raw)


def pull_request(context: str, elements: int) -> bytes:
    (path,) = samples.matching(rf"{WSMV}/4\.1\.2\.3_.*")
    raw = with_context(samples.sample(path), context)
    raw = re.sub(rb"http://\S*/myclass", CIMV2.encode() + b"*", raw)
    raw = raw.replace(b">1</wsen:MaxElements>", f">{elements}</wsen:MaxElements>".encode())
    return re.sub(rb"\n51200\n", b"512000", raw)


MODELLED = ["Win32_Service", "Win32_OperatingSystem", "Win32_ComputerSystem", "Win32_Process"]


@pytest.mark.parametrize("kind", ["star", "all"])
@pytest.mark.parametrize("name", MODELLED)
def test_enumerations_are_shaped_as_recorded_to_their_end(hosts: dict[str, LabHost], name: str, kind: str) -> None:
    """2008 R2: the first reply element by element, the others in envelope and properties."""
    asked = "*" if kind == "star" else ", ".join(samples.sample(f"{ZENOSS}/{name}.properties").decode().split())
    recorded = [samples.parsed(samples.sample(path)) for path in samples.matching(rf"{ZENOSS}/{name}_{kind}_\d+\.xml")]
    sender = Sender(hosts["W2008R2"])
    answer = samples.parsed(sender.send(windows_query(f"select {asked} from {name}")))
    assert differences(recorded[0], answer) == []
    rows = samples.rows(answer)
    assert len(rows) == len(samples.rows(recorded[0])) == 1
    while context := samples.squeezed(answer.findtext(f".//{{{ENUMERATION}}}EnumerationContext")):
        answer = samples.parsed(sender.send(pull_request(context, 8)))
        rows += samples.rows(answer)
        page = recorded[-1 if not answer.findtext(f".//{{{ENUMERATION}}}EnumerationContext") else 1]
        assert differences(without_items(page), without_items(answer)) == []
    shapes = {item_shape(row) for page in recorded for row in samples.rows(page)}
    assert {item_shape(row) for row in rows} <= shapes
    assert kind == "all" or {local(row) for row in rows} == {
        local(row) for page in recorded for row in samples.rows(page)
    }


def without_items(root: Element) -> Element:
    for element in root.iter():
        if local(element) == "Items":
            element[:] = []
    return root


def item_shape(row: Element) -> tuple[str, ...]:
    """Class, type and properties in their order; an array counts once, and properties that may be absent do not."""
    kept = dict.fromkeys(short(child.tag) for child in row if local(child) not in ("Roles", "OEMLogoBitmap"))
    return short(row.tag), row.get(f"{{{samples.XSI}}}type", ""), *kept


def test_a_plain_enumeration_and_its_pulls_are_the_examples(hosts: dict[str, LabHost]) -> None:
    """[MS-WSMV] 4.1.2: without optimization, one object a Pull."""
    requests, replies = (
        [samples.messages(path)[0] for path in samples.matching(rf"{WSMV}/4\.1\.2\.[{numbers}]_.*")]
        for numbers in ("135", "246")
    )
    sender = Sender(hosts["W2012R2"])
    context, found = "", []
    for request, recorded in zip(requests, replies, strict=True):
        raw = with_context(request.raw, context).replace(b"root/mynamespace/myclass", b"root/cimv2/Win32_Process")
        answer = samples.parsed(sender.send(raw))
        context = samples.squeezed(answer.findtext(f".//{{{ENUMERATION}}}EnumerationContext")) or context
        found.append(differences(without_items(unmarked(recorded.root)), without_items(answer)))
    # The example ends with its second object; the lab has more processes than two.
    assert found == [[], [], ["- 3 n:EndOfSequence", "+ 3 n:EnumerationContext"]]


def unmarked(root: Element) -> Element:
    """An example of the specification without mustUnderstand on its headers, which no recorded reply has."""
    for element in root.iter():
        element.attrib.pop(f"{{{samples.SOAP}}}mustUnderstand", None)
    return root


# -- the other operations ---------------------------------------------------------------------------------------------


def ask(host: LabHost, raw: bytes) -> Element:
    return samples.parsed(Sender(host).send(raw))


def test_get_is_the_example(hosts: dict[str, LabHost]) -> None:
    request, recorded = (samples.sample(path) for path in samples.matching(rf"{WSMV}/4\.1\.1_.*"))
    raw = request.replace(b"root/mynamespace/myclass", b"root/cimv2/Win32_Service")
    answer = ask(hosts["W2012R2"], raw.replace(b'Name="id">1<', b'Name="Name">TermService<'))
    mine, theirs = samples.first(answer), samples.first(samples.parsed(recorded))
    assert mine is not None and theirs is not None
    assert mine.tag == "{" + CIMV2 + "Win32_TerminalService}Win32_TerminalService"
    assert mine.findtext("{*}StartName") == "NT Authority\\NetworkService"
    assert samples.header(answer, samples.ADDRESSING, "Action").endswith("/transfer/GetResponse")


def test_a_method_call_is_the_example(hosts: dict[str, LabHost]) -> None:
    request, recorded = (samples.sample(path) for path in samples.matching(rf"{WSMV}/4\.1\.4_.*"))
    raw = request.replace(b"wmi/root/cim/", b"wmi/root/cimv2/").replace(b"notepad.exe", b"cmd.exe /c ver")
    answer = ask(hosts["W2012R2"], raw)
    assert differences(unmarked(samples.parsed(recorded)), answer) == []
    assert answer.findtext(".//{*}ReturnValue") == "0"


def test_a_method_call_of_windows_client_is_taken(hosts: dict[str, LabHost]) -> None:
    """Its DMTF URI, its selectors, options and typed input, about a class that the lab knows."""
    (path,) = samples.matching(rf"{OMI}/test3\.request\.xml")
    raw = samples.sample(path).replace(b"TestClass_AllDMTFTypes", b"Win32_Service").replace(b"root/omi", b"root/cimv2")
    raw = re.sub(rb'Name="v_Key">\s*0', b'Name="Name">Spooler', raw).replace(b"GetBoolValue", b"StartService")
    output = samples.first(ask(hosts["W2012R2"], raw))
    assert output is not None
    assert output.tag == "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/Win32_Service}StartService_OUTPUT"
    assert [local(child) for child in output] == ["ReturnValue"]


def test_enum_key_is_shaped_as_recorded(hosts: dict[str, LabHost]) -> None:
    recorded = samples.parsed(samples.sample("openwsman/bindings/ruby/tests/EnumKey.xml"))
    (path,) = samples.matching(rf"{WSMV}/4\.1\.4_.*_1\.xml")
    uri = CIMV2.replace("cimv2/", "default/") + "StdRegProv"
    raw = samples.sample(path).replace(b"root/cim/", b"root/default/").replace(b"root/cimv2/", b"root/default/")
    raw = raw.replace(b"Win32_Process/Create", b"StdRegProv/EnumKey").replace(b"Win32_Process", b"StdRegProv")
    raw = re.sub(
        rb"<p:CommandLine>.*?</p:CurrentDirectory>",
        rb"<p:hDefKey>2147483650</p:hDefKey><p:sSubKeyName>SOFTWARE\\Microsoft</p:sSubKeyName>",
        raw,
        flags=re.DOTALL,
    ).replace(b"p:Create_INPUT", b"p:EnumKey_INPUT")
    answer = ask(hosts["W2008R2"], raw)
    assert differences(recorded, answer) == []
    output = samples.first(answer)
    assert output is not None and output.tag == f"{{{uri}}}EnumKey_OUTPUT"


def test_identify_is_the_recorded_one(hosts: dict[str, LabHost]) -> None:
    request, recorded = samples.messages(samples.IDENTIFY)
    answer = ask(hosts["W2008R2"], request.raw)
    found, wanted = samples.first(answer), samples.first(recorded.root)
    assert found is not None and wanted is not None
    assert [child.tag for child in found] == [child.tag for child in wanted]
    pattern = re.sub(r"\d+", r"\\d+", samples.squeezed(wanted[2].text))
    assert re.fullmatch(pattern, found[2].text or "")


def test_the_configuration_has_the_recorded_places(hosts: dict[str, LabHost]) -> None:
    exchange = samples.exchanges(f"{PYPSRP}/test_wsman_update_envelope_size_500.yml")[0]
    assert exchange.request is not None and exchange.reply is not None
    answer = ask(hosts["W2012R2"], exchange.request.raw)
    found = differences(exchange.reply.root, answer)
    # Only settings that the lab leaves out: none that Windows does not have, and none in another place.
    assert found and all(line.startswith(("- 3 {config}:", "- 4 {config}:", "- 5 {config}:")) for line in found)


# -- faults -----------------------------------------------------------------------------------------------------------


def fault_shape(host: LabHost, raw: bytes, recorded: str) -> list[str]:
    answer = ask(host, raw)
    assert is_fault(answer)
    return differences(samples.messages(recorded)[0].root, answer)


def test_a_query_of_no_class_gets_the_recorded_fault(hosts: dict[str, LabHost]) -> None:
    raw = windows_query("Select * from Win32_Processa where name=&quot;sshd.exe&quot;")
    recorded = "winrb-winrm/tests/spec/stubs/responses/soap_fault_v2.xml"
    assert fault_shape(hosts["W2008R2"], raw, recorded) == []


def test_a_get_of_no_instance_gets_the_recorded_fault(hosts: dict[str, LabHost]) -> None:
    """As Server 2012 R2 answered a DMTF URI; through our own URIs the extended status is in another namespace."""
    (path,) = samples.matching(rf"{WSMV}/4\.1\.1_.*_1\.xml")
    raw = samples.sample(path).replace(b"root/mynamespace/myclass", b"root/cimv2/Win32_Process")
    raw = raw.replace(b'Name="id">1<', b'Name="Handle">29<')
    recorded = "microsoft-omi/extracted/test_wsmanparser__TestInnerMessageFaultResponse.xml"
    assert fault_shape(hosts["W2012R2"], raw, recorded) == []


def test_a_header_that_is_not_understood_gets_the_recorded_fault(hosts: dict[str, LabHost]) -> None:
    """The recorded one was about wsman:ResourceUri, a wrong spelling."""
    raw = windows_query("select * from Win32_OperatingSystem").replace(b"w:ResourceURI", b"w:ResourceUri")
    recorded = "jborean93-pypsrp/extracted/test_wsman__test_raise_native_wsman_fault_L338.xml"
    assert fault_shape(hosts["W2012R2"], raw, recorded) == []


def test_one_operation_too_many_gets_the_recorded_fault(hosts: dict[str, LabHost]) -> None:
    (path,) = samples.matching(rf"{WSMV}/4\.1\.2\.1_.*")
    raw = samples.sample(path).replace(b"root/mynamespace/myclass", b"root/cimv2/Win32_OperatingSystem")
    assert fault_shape(hosts["BUSY"], raw, "zenoss-txwinrm/data_error/max_concurrent.xml") == []


def test_one_shell_too_many_gets_the_recorded_fault(hosts: dict[str, LabHost]) -> None:
    """As MSFT_WmiError, since WinRM 3.0: recorded with its quota of 30 shells, and without RelatesTo."""
    (raw,) = (message.raw for message in samples.messages(samples.MASTERZEN) if message.action == "Create")
    assert fault_shape(hosts["NOSHELL"], raw, "winrb-winrm/tests/spec/stubs/responses/wmi_error_v2.xml") == []


def test_one_operation_too_many_gets_the_fault_recorded_with_winrm_3(hosts: dict[str, LabHost]) -> None:
    """The same form, recorded with the quota of 1500 operations."""
    (path,) = samples.matching(rf"{WSMV}/4\.1\.2\.1_.*")
    raw = samples.sample(path).replace(b"root/mynamespace/myclass", b"root/cimv2/Win32_OperatingSystem")
    assert (
        fault_shape(hosts["BUSY3"], raw, "ianclegg-winrmlib/winrmlib/tests/assets/concurrent_operations_fault.xml")
        == []
    )


# -- what Windows' own client asks ------------------------------------------------------------------------------------

CIM = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"


@pytest.mark.parametrize(
    ("name", "keys"),
    [("Win32_OperatingSystem", {}), ("Win32_Service", {"Name": "BFE"})],
)
def test_windows_own_client_gets_objects_with_references(
    hosts: dict[str, LabHost], name: str, keys: dict[str, str]
) -> None:
    """The client of Windows 8 on asks for EnumerateObjectAndEPR: each w:Item has the object, then its reference."""
    (path,) = samples.matching(rf"{OMI}/test1\.request\.xml")
    raw = samples.sample(path).replace(b"root/OMI", b"root/cimv2").replace(b"OMI_Identify", name.encode())
    rows = samples.rows(ask(hosts["W2012R2"], raw))
    assert {row.tag for row in rows} == {f"{{{samples.WSMAN}}}Item"}
    assert {tuple(local(child) for child in row) for row in rows} >= {(name, "EndpointReference")}
    row = rows[0]
    assert row[0].tag == f"{{{CIM}{name}}}{name}"
    assert row[1].findtext(".//{*}ResourceURI") == CIM + name
    found = {item.get("Name"): item.text for item in row[1].iter(f"{{{samples.WSMAN}}}Selector")}
    assert found == {**keys, "__cimnamespace": "root/cimv2"}
    alone = re.sub(rb"EnumerateObjectAndEPR", b"EnumerateEPR", raw)
    assert [local(item) for item in samples.rows(ask(hosts["W2012R2"], alone))] == ["EndpointReference"] * len(rows)
    plain = re.sub(rb"<w:EnumerationMode>.*?</w:EnumerationMode>", b"", raw)
    assert [item.tag for item in samples.rows(ask(hosts["W2012R2"], plain))] == [each[0].tag for each in rows]
