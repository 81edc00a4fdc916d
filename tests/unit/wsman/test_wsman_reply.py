# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every recorded reply of Windows goes through the parser; damaged and hostile ones end in one kind of error."""

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManFault, WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.wsman.samples import envelope, fault, needs_captures, page, sample, samples

TXWINRM = "zenoss-txwinrm"
ENUMERATIONS = samples(f"{TXWINRM}/server_*/*.xml")
CONVERSATIONS = samples("jborean93-pypsrp/tests/tests_pypsrp/responses/*.yml")


def chain(pattern: str) -> list[Instance]:
    """The rows of all replies of one enumeration, in their order; the last one and only that ends it."""
    rows: list[Instance] = []
    pages = [reply.read_page(reply.read_body(sample(path)), "Row") for path in samples(pattern)]
    assert [found.ended for found in pages] == [False] * (len(pages) - 1) + [True]
    assert all(found.context for found in pages[:-1])
    for found in pages:
        rows += found.items
    return rows


@needs_captures
def test_there_are_as_many_recorded_enumerations_as_the_tests_believe() -> None:
    assert len(ENUMERATIONS) == 81
    assert len(CONVERSATIONS) == 65


@needs_captures
@pytest.mark.parametrize("path", ENUMERATIONS or ["none"])
def test_recorded_enumerations(path: str) -> None:
    """Counts and texts against regular expressions over the raw bytes, which know nothing of the parser."""
    raw = sample(path)
    body = reply.read_body(raw)
    found = reply.read_page(body, "Projected")
    if "_star_" in path:
        starts = re.findall(rb'xsi:type="p:(\w+)_Type"', raw)
        assert [row.class_name for row in found.items] == [name.decode() for name in starts]
    else:
        assert len(found.items) == len(re.findall(rb"<w:XmlFragment ", raw))
        assert {row.class_name for row in found.items} == {"Projected"}
    assert found.items
    assert found.ended == (b"EndOfSequence" in raw)
    context = re.search(rb"<n:EnumerationContext>([^<]*)<", raw)
    assert found.context == (context.group(1).decode() if context else "")
    nil = len(re.findall(rb'xsi:nil="true"', raw))
    assert sum(1 for row in found.items for name in row.names if row.has(name) and not row.texts(name)) == nil


@needs_captures
def test_services_of_2008_r2_over_four_replies() -> None:
    rows = chain(f"{TXWINRM}/server_2008/Win32_Service_star_*.xml")
    projected = chain(f"{TXWINRM}/server_2008/Win32_Service_all_*.xml")
    assert [row.text("Name") for row in rows] == [row.text("name") for row in projected]
    assert len(rows) == len(projected) == 122
    term = next(row for row in rows if row.text("Name") == "TermService")
    assert term.class_name == "Win32_TerminalService"
    assert term.boolean("Started") is True
    assert term.text("StartName") == "NT Authority\\NetworkService"
    assert {row.class_name for row in rows} == {"Win32_Service", "Win32_TerminalService"}


@needs_captures
def test_the_operating_system_of_2008_r2_and_2003() -> None:
    (new,) = chain(f"{TXWINRM}/server_2008/Win32_OperatingSystem_star_*.xml")
    assert new.text("Caption") == "Microsoft Windows Server 2008 R2 Datacenter "  # the blank is Microsoft's
    assert new.datetime("LastBootUpTime") == datetime(2013, 4, 15, 16, 28, 39, 500000, timezone.utc)
    assert new.integer("MaxProcessMemorySize") == 8589934464
    assert new.texts("MUILanguages") == ["en-US"]
    assert new.text("Description") == ""
    assert new.has("LargeSystemCache") and new.integer("LargeSystemCache") is None
    assert not new.has("NoSuchProperty")
    (old,) = chain(f"{TXWINRM}/server_2003/Win32_OperatingSystem_all_*.xml")
    assert old.class_name == "Row"
    assert old.datetime("LocalDateTime") == datetime(2013, 4, 15, 20, 27, 39, 840000, timezone.utc)


@needs_captures
def test_arrays_repeat_and_null_arrays_are_absent() -> None:
    rows = chain(f"{TXWINRM}/server_2008/Win32_NetworkAdapterConfiguration_star_*.xml")
    enabled = [row for row in rows if row.boolean("IPEnabled")]
    assert enabled and all(len(row.texts("IPAddress")) >= 1 for row in enabled)
    others = [row for row in rows if not row.boolean("IPEnabled")]
    assert others and not any(row.has("IPAddress") for row in others)
    assert others[0].texts("IPAddress") == []
    (computer,) = chain(f"{TXWINRM}/server_2008/Win32_ComputerSystem_star_*.xml")
    assert computer.texts("Roles") == ["LM_Workstation", "LM_Server", "NT", "Server_NT"]
    with pytest.raises(WSManProtocolError, match="The property Roles of Win32_ComputerSystem is '.* values'"):
        computer.text("roles")


@needs_captures
def test_german_fragments() -> None:
    folder = "opennms-wsman/itests/src/main/resources/__files"
    first = reply.read_page(reply.read_body(sample(f"{folder}/optimized-enum-response-with-fragments-1.xml")))
    last = reply.read_page(reply.read_body(sample(f"{folder}/optimized-enum-response-with-fragments-2.xml")))
    assert (first.context, first.ended) == ("uuid:9BF32A71-F913-4F19-95C9-A642AD4B758F", False)
    assert (last.context, last.ended) == ("", True)
    rows = first.items + last.items
    assert [row.text("Name") for row in rows] == ["A:", "C:", "D:", "E:"]
    assert [row.integer("Size") for row in rows] == [None, 64412164096, 64421359616, None]


@needs_captures
def test_an_empty_pull_goes_on() -> None:
    found = reply.read_page(reply.read_body(sample(f"{TXWINRM}/data_subscribe/pull_resp_02.xml")))
    assert found == reply.Page([], "uuid:F31A07AC-3B61-4ECC-A489-1B492FA1E7D6", ended=False)


@needs_captures
def test_the_recorded_enum_key() -> None:
    body = reply.read_body(
        sample("openwsman/bindings/ruby/tests/EnumKey.xml"), "uuid:357DEE93-b5a1-15a1-8004-4b73f7201300"
    )
    output = reply.read_output(body, "EnumKey")
    assert output.integer("ReturnValue") == 0
    names = output.texts("sNames")
    assert len(names) == 26
    assert (names[0], names[-1]) == ("AddressBook", "{F8FBDC28-C265-4F0D-8B91-6E92913E19F6}")
    assert "Mozilla Firefox 9.0.1 (x86 en-US)" in names


@needs_captures
def test_the_examples_of_the_specification() -> None:
    folder = "ms-wsmv-examples"
    got = reply.read_object(reply.read_body(sample(f"{folder}/4.1.1_Retrieving-a-CIM-Instance_2.xml")))
    assert (got.class_name, got.names) == ("myclass", ["Data1", "id"])
    first = reply.read_page(reply.read_body(sample(f"{folder}/4.1.2.2_Enumerate-Response_1.xml")))
    assert (first.items, first.context) == ([], "uuid:22EB9809-5543-4020-A75C-FD95FF06217B")
    pulled = [
        reply.read_page(reply.read_body(sample(f"{folder}/{name}.xml")))
        for name in ("4.1.2.4_First-Pull-Response_1", "4.1.2.6_Second-Pull-Response-with-EndOfSequence_1")
    ]
    assert [row.text("Data1") for found in pulled for row in found.items] == ["Test Message", '"Hello again"']
    assert [found.ended for found in pulled] == [False, True]
    created = reply.read_output(reply.read_body(sample(f"{folder}/4.1.4_Invoking-a-Method_2.xml")), "Create")
    assert (created.integer("ProcessId"), created.integer("ReturnValue")) == (4000, 0)
    null_array = sample(f"{folder}/4.11.1_A-CIM-Operation-that-Prompts-Once-with-the-Client-Replying-yes_4.xml")
    precise = reply.read_object(reply.read_body(null_array))
    assert (precise.class_name, precise.texts("octet"), precise.integer("uint32Key")) == (
        "UTFPSSemantics_TestBase",
        [],
        100,
    )


@needs_captures
def test_identify_of_server_2008() -> None:
    tail = sample("microsoft-omi/Unix/protocol/samples/identify.xml").rpartition(b"<wsmid:IdentifyResponse ")
    body = reply.read_body(envelope((tail[1] + tail[2]).decode()))
    assert reply.read_identity(body) == reply.Identity(
        "Microsoft Corporation",
        "OS: 6.0.6002 SP: 2.0 Stack: 2.0",
        "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    )


@needs_captures
@pytest.mark.parametrize(
    ("path", "shell_id"),
    [
        (f"{TXWINRM}/data_shell/create_resp.xml", "81DF6FC4-08CB-4FB4-A75B-33B422885199"),
        ("ms-wsmv-examples/4.7.1_Create-Shell_2.xml", "uuid:C443F44F-28E4-486F-A5A1-12745F90CF5A"),
        ("diyan-pywinrm/extracted/conftest__open_shell_response_L37.xml", "11111111-1111-1111-1111-111111111113"),
        ("winrb-winrm/tests/spec/stubs/responses/open_shell_v1.xml", None),
        ("winrb-winrm/tests/spec/stubs/responses/open_shell_v2.xml", None),
        ("masterzen-winrm/extracted/fixture_test__createShellResponse.xml", None),
    ],
)
def test_recorded_shells(path: str, shell_id: str | None) -> None:
    raw = sample(path)
    found = reply.read_shell_id(reply.read_body(raw))
    match = re.search(rb'Name=["\']ShellId["\']>\s*([^<\s]+)', raw)
    assert match and found == match.group(1).decode() == (shell_id or found)


@needs_captures
@pytest.mark.parametrize(
    ("path", "done", "exit_code", "start"),
    [
        (f"{TXWINRM}/data_shell/receive_resp_01.xml", False, None, b'\r\n"(PDH-CSV 4.0)"'),
        (f"{TXWINRM}/data_shell/receive_resp_02.xml", True, 0, b'\r\n"04/11/2013'),
        ("masterzen-winrm/extracted/fixture_test__doneCommandResponse.xml", True, 123, b""),
        ("masterzen-winrm/extracted/fixture_test__doneCommandExitCode0Response.xml", True, 0, b""),
        ("masterzen-winrm/extracted/fixture_test__outputResponse.xml", False, None, b"That's all folks!!!"),
        ("diyan-pywinrm/extracted/conftest__get_cmd_output_response_L269.xml", True, 0, b"\r\nWindows IP Config"),
        ("ms-wsmv-examples/4.7.3_Receive-Output_2.xml", False, None, b"d:\\temp\\out.txt, Delete (Y/N)? "),
    ],
)
def test_recorded_output(path: str, done: bool, exit_code: int | None, start: bytes) -> None:
    found = reply.read_receive(reply.read_body(sample(path)))
    assert (found.done, found.exit_code) == (done, exit_code)
    assert found.stdout.startswith(start)


@needs_captures
@pytest.mark.parametrize(
    "path",
    [
        f"{TXWINRM}/data_shell/command_resp.xml",
        "ianclegg-winrmlib/winrmlib/tests/assets/command_response.xml",
        "masterzen-winrm/extracted/fixture_test__executeCommandResponse.xml",
        "ms-wsmv-examples/4.7.2_Execute-Command_2.xml",
    ],
)
def test_recorded_commands(path: str) -> None:
    assert re.fullmatch(r"[0-9A-Fa-f-]{36}", reply.read_command_id(reply.read_body(sample(path))))


@needs_captures
@pytest.mark.parametrize("path", CONVERSATIONS or ["none"])
def test_recorded_conversations_relate_and_are_understood(path: str) -> None:
    """Whole conversations of pypsrp with Windows: a reply is taken as that to its request, and as that to no other."""
    for message in yaml.safe_load(sample(path))["messages"]:
        request, answer = message.get("request"), message.get("response")
        if not request or not answer:
            continue
        sent = re.search(r"MessageID>([^<]+)<", request)
        assert sent
        if "RelatesTo>uuid:C6D0BB3D-5D04-44D6-ADC9-1DB2E445AB14<" in answer:
            continue  # the project pasted the reply to another Delete here
        try:
            body = reply.read_body(answer.encode(), sent.group(1))
        except WSManFault as caught:
            assert (caught.code or caught.subcode) and caught.symbol
            continue
        if "ReceiveResponse>" in answer:
            found = reply.read_receive(body)
            assert found.done == ("CommandState/Done" in answer)
        elif "CommandResponse>" in answer:
            assert reply.read_command_id(body) in answer
        if "<a:RelatesTo>" in answer:
            with pytest.raises(WSManProtocolError, match="another request"):
                reply.read_body(answer.encode(), "uuid:00000000-0000-0000-0000-000000000001")


def test_an_embedded_object_a_reference_and_an_array_of_objects() -> None:
    """The shape of a security descriptor, from the rules of DSP0230 and [MS-WSMV]; not recorded."""
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"
    ace = '<p:DACL xsi:type="e:Win32_ACE_Type" xmlns:e="x"><e:AccessMask>{}</e:AccessMask></p:DACL>'
    body = reply.read_body(
        envelope(
            f'<p:GetSecurityDescriptor_OUTPUT xmlns:p="{uri}/C">'
            '<p:Descriptor xsi:type="d:Win32_SecurityDescriptor_Type" xmlns:d="y">'
            f"<p:ControlFlags>4</p:ControlFlags>{ace.format(1)}{ace.format(2)}"
            "<p:Owner><p:SID>1</p:SID><p:SID>5</p:SID></p:Owner></p:Descriptor>"
            "<p:Antecedent><a:Address>http://h</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{uri}/Win32_Service</w:ResourceURI><w:SelectorSet>"
            '<w:Selector Name="Name">RpcSs</w:Selector></w:SelectorSet></a:ReferenceParameters></p:Antecedent>'
            "<p:ReturnValue>0</p:ReturnValue></p:GetSecurityDescriptor_OUTPUT>"
        )
    )
    output = reply.read_output(body, "GetSecurityDescriptor")
    descriptor = output.instance("Descriptor")
    assert descriptor is not None and descriptor.class_name == "Win32_SecurityDescriptor"
    assert [row.integer("AccessMask") for row in descriptor.instances("DACL")] == [1, 2]
    assert {row.class_name for row in descriptor.instances("DACL")} == {"Win32_ACE"}
    owner = descriptor.instance("Owner")
    assert owner is not None and owner.integers("SID") == [1, 5]
    antecedent = output.instance("Antecedent")
    assert antecedent is not None
    assert (antecedent.class_name, antecedent.text("Name")) == ("Win32_Service", "RpcSs")


@pytest.mark.parametrize(
    "relates_to",
    [
        "uuid:AAAAAAAA-0000-0000-0000-000000000001",
        "aaaaaaaa-0000-0000-0000-000000000001",
        " uuid.AAAAAAAA-0000-0000-0000-000000000001 ",
        "",
    ],
)
def test_the_same_id_in_another_spelling_is_the_same(relates_to: str) -> None:
    raw = envelope("").replace(b"@ID@", relates_to.encode())
    assert len(reply.read_body(raw, "uuid:AAAAAAAA-0000-0000-0000-000000000001")) == 0


HOSTILE = {
    "nothing": b"",
    "text": b"Service Unavailable",
    "html": b"<html><body>Proxy error</body></html>",
    "html_with_dtd": b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://w3.org/x.dtd"><html></html>',
    "entity_bomb": b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
    "external_entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "unknown_encoding": b'<?xml version="1.0" encoding="no-such"?><a/>',
    "impossible_encoding": b'<?xml version="1.0" encoding="utf-7"?><a/>',
    "wrong_encoding": b"<a>\xff\xfe</a>",
    "no_body": b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>',
    "soap_11": b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
    "truncated": page("Enumerate", ["A"], ended=True)[:-40],
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_reply_is_refused(raw: bytes) -> None:
    with pytest.raises(WSManProtocolError) as caught:
        reply.read_body(raw)
    assert "The reply is not one of WS-Management" in str(caught.value)


def test_a_reply_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = page("Enumerate", ["A"], ended=True)
    monkeypatch.setattr(reply, "MAX_BYTES", len(raw))
    reply.read_body(raw)
    with pytest.raises(WSManProtocolError, match="larger than"):
        reply.read_body(raw + b" ")


def test_depth_is_bounded() -> None:
    deep = "<p>" * 40 + "x" + "</p>" * 40
    with pytest.raises(WSManProtocolError, match="nested too deep"):
        reply.read_object(reply.read_body(envelope(f"<C>{deep}</C>")))


def test_very_deep_xml_ends_in_an_error_and_not_in_a_crash() -> None:
    deep = "<p>" * 20000 + "</p>" * 20000
    with pytest.raises(WSManProtocolError):
        reply.read_object(reply.read_body(envelope(f"<C>{deep}</C>")))


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (reply.read_page, "<x/>"),
        (reply.read_object, ""),
        (lambda body: reply.read_output(body, "EnumKey"), "<EnumValues_OUTPUT/>"),
        (reply.read_identity, "<x/>"),
        (reply.read_shell_id, "<x:ResourceCreated/>"),
        (reply.read_command_id, "<rsp:CommandResponse/>"),
        (
            reply.read_receive,
            '<rsp:ReceiveResponse><rsp:Stream Name="stdout">*</rsp:Stream></rsp:ReceiveResponse>',
        ),
        (
            reply.read_receive,
            '<rsp:ReceiveResponse><rsp:CommandState State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/'
            'CommandState/Done"/></rsp:ReceiveResponse>',
        ),
    ],
)
def test_a_reply_of_another_kind_is_refused(read: object, body: str) -> None:
    assert callable(read)
    with pytest.raises(WSManProtocolError):
        read(reply.read_body(envelope(body)))


def understood(raw: bytes) -> None:
    """Whatever it is: a value or one of our errors, never anything else."""
    readers = (reply.read_page, reply.read_object, reply.read_identity, reply.read_shell_id, reply.read_receive)
    try:
        body = reply.read_body(raw, "uuid:1")
    except WSManError as error:
        assert str(error)
        return
    for read in readers:
        try:
            read(body)
        except WSManProtocolError as error:
            assert str(error)


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes(raw: bytes) -> None:
    understood(raw)


MUTATED = [
    page("Enumerate", ["TermService", "ALG"], context="uuid:1"),
    fault(2150858778, "The specified class does not exist in the given namespace."),
    envelope('<rsp:ReceiveResponse><rsp:Stream Name="stdout">aGk=</rsp:Stream></rsp:ReceiveResponse>'),
]


@given(st.sampled_from(MUTATED), st.data())
@settings(max_examples=250, deadline=None)
def test_any_damage(raw: bytes, data: st.DataObject) -> None:
    raw = raw.replace(b"@ID@", b"uuid:1")
    start = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 30))
    patch = data.draw(st.binary(max_size=12) | st.sampled_from([b"<", b"</", b"&", b"&amp;", b"]]>", b"<!--", b"\x00"]))
    understood(raw[:start] + patch + raw[start + length :])
