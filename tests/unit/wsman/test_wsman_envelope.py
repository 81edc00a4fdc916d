# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests beside those that Windows' own client sent, and beside the examples of [MS-WSMV]."""

from __future__ import annotations

import re
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope, winrs
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError
from tests.unit.wsman.samples import needs_captures, sample

HEADER = Header("http://server:80/wsman", "uuid:11111111-2222-3333-4444-555555555555", 60.0)
OMI = "microsoft-omi/Unix/tests/protocol/posthttp"
S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
P = "{http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"

# Correlation of one client with its own log: optional, and mustUnderstand="false" in the recordings.
CORRELATION = {f"{P}{name}" for name in ("ActivityId", "SessionId", "OperationID", "SequenceId")}


def tree(element: Any) -> Any:
    """An element as plain data: name, attributes, text without outer white space, children."""
    return element.tag, dict(element.attrib), (element.text or "").strip(), [tree(child) for child in element]


def part(request: bytes, path: str) -> Any:
    found = fromstring(request).find(path)
    assert found is not None
    return found


def header_of(request: bytes) -> list[Any]:
    return [tree(child) for child in part(request, f"{S}Header")]


def body_of(request: bytes) -> list[Any]:
    return [tree(child) for child in part(request, f"{S}Body")]


def names(rows: list[Any]) -> list[str]:
    return [row[0] for row in rows]


def without_text(rows: list[Any]) -> list[Any]:
    return [(tag, attributes, without_text(children)) for tag, attributes, _text, children in rows]


@needs_captures
@pytest.mark.parametrize(
    ("recorded", "ours", "we_leave_out"),
    [
        (
            "test1.request.xml",
            envelope.enumerate_wql(HEADER, "root/OMI", "select * from OMI_Identify"),
            {f"{W}SelectorSet", f"{W}OptionSet"},
        ),
        ("test2.request.xml", envelope.enumerate_wql(HEADER, "root/cimv2", "x"), {f"{W}SelectorSet"}),
        (
            "test3.request.xml",
            envelope.invoke(HEADER, "root/omi", "TestClass_AllDMTFTypes", "GetBoolValue", {}, keys={"v_Key": "0"}),
            {f"{W}OptionSet"},
        ),
    ],
)
def test_headers_and_their_order_are_those_of_the_windows_client(
    recorded: str, ours: bytes, we_leave_out: set[str]
) -> None:
    theirs = [row for row in header_of(sample(f"{OMI}/{recorded}")) if row[0] not in CORRELATION | we_leave_out]
    mine = header_of(ours)
    if f"{W}OperationTimeout" not in names(theirs):
        mine = [row for row in mine if row[0] != f"{W}OperationTimeout"]
    # The namespace is a selector for a DMTF URI and part of the URI for ours, so the selectors differ by that one.
    drop = [row for row in theirs if row[0] == f"{W}SelectorSet"]
    for row in drop:
        row[3][:] = [selector for selector in row[3] if selector[1] != {"Name": "__cimnamespace"}]
    assert without_text(mine) == without_text(theirs)


@needs_captures
def test_a_query_is_the_query_of_the_windows_client() -> None:
    ours = body_of(envelope.enumerate_wql(HEADER, "root/OMI", "select * from OMI_Identify"))
    theirs = body_of(sample(f"{OMI}/test1.request.xml"))
    theirs[0][3][:] = [child for child in theirs[0][3] if child[0] != f"{W}EnumerationMode"]  # we need no references
    assert ours == theirs
    actions = [
        [row[2] for row in rows if row[0] == f"{A}Action"]
        for rows in (
            header_of(envelope.enumerate_wql(HEADER, "root/OMI", "x")),
            header_of(sample(f"{OMI}/test1.request.xml")),
        )
    ]
    assert actions[0] == actions[1]


@needs_captures
def test_a_method_without_parameters_is_that_of_the_windows_client() -> None:
    ours = body_of(envelope.invoke(HEADER, "root/omi", "TestClass_AllDMTFTypes", "GetBoolValue", {}, keys={}))
    theirs = body_of(sample(f"{OMI}/test3.request.xml"))
    assert ours[0][0].rpartition("}")[2] == theirs[0][0].rpartition("}")[2] == "GetBoolValue_INPUT"
    assert ours[0][3] == theirs[0][3] == []
    header = {row[0]: row[2] for row in header_of(envelope.invoke(HEADER, "root/omi", "C", "M", {}, keys={}))}
    recorded = {row[0]: row[2] for row in header_of(sample(f"{OMI}/test3.request.xml"))}
    assert header[f"{A}Action"] == f"{header[f'{W}ResourceURI']}/M"
    assert recorded[f"{A}Action"] == f"{recorded[f'{W}ResourceURI']}/GetBoolValue"


@needs_captures
@pytest.mark.parametrize(
    ("example", "ours"),
    [
        ("4.1.1_Retrieving-a-CIM-Instance_1", envelope.get(HEADER, "root/mynamespace", "myclass", {"id": "1"})),
        ("4.7.3_Receive-Output_1", winrs.receive(HEADER, "S", "C")),
        ("4.7.5_Terminate-Operation_1", winrs.terminate(HEADER, "S", "C")),
        ("4.7.8_Delete-Shell_1", winrs.delete(HEADER, "S")),
        ("4.7.1_Create-Shell_1", winrs.create(HEADER)),
        ("4.7.2_Execute-Command_1", winrs.command(HEADER, "S", "del /p d:\\temp\\out.txt")),
        ("4.1.2.3_First-Pull-Request_1", envelope.pull(HEADER, "root/mynamespace", "uuid:1")),
        (
            "4.1.4_Invoking-a-Method_1",
            envelope.invoke(
                HEADER,
                "root/cimv2",
                "Win32_Process",
                "Create",
                {"CommandLine": "notepad.exe", "CurrentDirectory": "C:\\"},
                keys={},
            ),
        ),
    ],
)
def test_requests_agree_with_the_examples_of_the_specification(example: str, ours: bytes) -> None:
    theirs = {row[0]: row for row in header_of(sample(f"ms-wsmv-examples/{example}.xml"))}
    mine = {row[0]: row for row in header_of(ours)}
    assert set(mine) - set(theirs) <= {f"{W}Locale", f"{P}DataLocale", f"{W}SelectorSet"}
    assert set(theirs) <= set(mine)
    assert mine[f"{A}Action"][2] == theirs[f"{A}Action"][2]
    same_uri = mine[f"{W}ResourceURI"][2] == theirs[f"{W}ResourceURI"][2]
    assert same_uri or example.startswith("4.1.2.3")  # a query names a star for the class, the example enumerates one
    assert mine[f"{W}OperationTimeout"][2] == theirs[f"{W}OperationTimeout"][2] == "PT60.000S"
    if f"{W}OptionSet" in theirs:
        assert [row[1] for row in mine[f"{W}OptionSet"][3]] == [row[1] for row in theirs[f"{W}OptionSet"][3]]


@needs_captures
def test_the_body_of_a_method_call_is_that_of_the_specification() -> None:
    parameters = {"CommandLine": "notepad.exe", "CurrentDirectory": "C:\\"}
    ours = body_of(envelope.invoke(HEADER, "root/cimv2", "Win32_Process", "Create", parameters, keys={}))
    # The example slips: root/cim in the body, root/cimv2 in the header.
    example = sample("ms-wsmv-examples/4.1.4_Invoking-a-Method_1.xml").replace(b"wmi/root/cim/", b"wmi/root/cimv2/")
    assert ours == body_of(example)


@needs_captures
@pytest.mark.parametrize(
    ("example", "ours"),
    [
        ("4.7.5_Terminate-Operation_1", winrs.terminate(HEADER, "S", "3cb05d74-af20-4ff1-b318-2c6cc0f99045")),
        ("4.7.1_Create-Shell_1", winrs.create(HEADER)),
    ],
)
def test_shell_bodies_have_the_elements_of_the_specification(example: str, ours: bytes) -> None:
    mine = body_of(ours)[0]
    theirs = body_of(sample(f"ms-wsmv-examples/{example}.xml"))[0]
    assert (mine[0], mine[1]) == (theirs[0], theirs[1])
    order = [name for name in names(theirs[3]) if name in names(mine[3])]
    assert names(mine[3]) == order


@needs_captures
def test_identify_is_the_recorded_request() -> None:
    recorded = sample("microsoft-omi/Unix/protocol/samples/identify.xml").partition(b"</s:Envelope>")
    assert tree(fromstring(envelope.identify())) == tree(fromstring(recorded[0] + recorded[1]))


def test_parameters_follow_winrm_vbs() -> None:
    request = envelope.invoke(
        HEADER,
        "root/cimv2",
        "StdRegProv",
        "SetBinaryValue",
        {"hDefKey": 2147483650, "sSubKeyName": "A\\B & <C>", "sValueName": None, "uValue": b"\x00\xff", "on": True},
        keys={},
    )
    root = body_of(request)[0]
    uri = f"{{{CIMV2}/StdRegProv}}"
    nil = {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}
    assert root[0] == f"{uri}SetBinaryValue_INPUT"
    assert root[3] == [
        (f"{uri}hDefKey", {}, "2147483650", []),
        (f"{uri}sSubKeyName", {}, "A\\B & <C>", []),
        (f"{uri}sValueName", nil, "", []),
        (f"{uri}uValue", {}, "0", []),
        (f"{uri}uValue", {}, "255", []),
        (f"{uri}on", {}, "true", []),
    ]


@pytest.mark.parametrize("value", [[], b"", ()])
def test_an_empty_array_leaves_its_element_out(value: Any) -> None:
    assert body_of(envelope.invoke(HEADER, "root/cimv2", "C", "M", {"sValue": value}, keys={}))[0][3] == []


@pytest.mark.parametrize("namespace", ["root\\StandardCimv2", "/root/StandardCimv2/", "root/StandardCimv2"])
def test_a_namespace_is_written_with_slashes(namespace: str) -> None:
    assert envelope.class_uri(namespace, "MSFT_NetFirewallRule") == (
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/StandardCimv2/MSFT_NetFirewallRule"
    )


@pytest.mark.parametrize("namespace", ["", "root//cimv2", "root/cimv2?x=1", "root/<a>", "ro ot"])
def test_what_is_no_namespace_is_refused(namespace: str) -> None:
    with pytest.raises(WSManProtocolError, match="not the name of a WMI namespace"):
        envelope.class_uri(namespace, "C")


@pytest.mark.parametrize("name", ["", "A B", "A><B", "1A", "a:b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(WSManProtocolError, match="not the name of a CIM method"):
        envelope.invoke(HEADER, "root/cimv2", "C", name, {}, keys={})
    with pytest.raises(WSManProtocolError, match="not the name of a CIM parameter"):
        envelope.invoke(HEADER, "root/cimv2", "C", "M", {name: "x"}, keys={})


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_what_xml_cannot_carry_is_refused_and_not_shown(character: str) -> None:
    with pytest.raises(WSManProtocolError, match=r"sValue contains the character U\+") as caught:
        envelope.invoke(HEADER, "root/cimv2", "C", "M", {"sValue": f"secret{character}"}, keys={})
    assert "secret" not in str(caught.value)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")))
@settings(max_examples=150, deadline=None)
def test_any_other_text_arrives_as_it_was(value: str) -> None:
    if re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", value):
        return
    request = envelope.invoke(HEADER, "root/cimv2", "C", "M", {"v": value}, keys={"k": value})
    selector = f"{S}Header/{W}SelectorSet/{W}Selector"
    assert (part(request, f"{S}Body")[0][0].text or "") == value
    assert (part(request, selector).text or "") == value
    assert part(envelope.get(HEADER, "root/cimv2", "C", {value: "x"}), selector).get("Name") == value


def test_the_time_that_is_left_is_asked_for_and_never_less_than_windows_takes() -> None:
    def asked(seconds: float) -> str:
        request = envelope.get(Header("http://h/wsman", "uuid:1", seconds), "root/cimv2", "C", {})
        return str({row[0]: row[2] for row in header_of(request)}[f"{W}OperationTimeout"])

    assert [asked(1.5), asked(0.0)] == ["PT1.500S", "PT0.500S"]


def test_message_ids_are_new_each_time() -> None:
    assert len({envelope.new_message_id() for _unused in range(50)}) == 50
    assert re.fullmatch(r"uuid:[0-9A-F-]{36}", envelope.new_message_id())


def test_release_names_the_context() -> None:
    request = envelope.release(HEADER, "root/cimv2", "uuid:7")
    assert body_of(request) == [(f"{N}Release", {}, "", [(f"{N}EnumerationContext", {}, "uuid:7", [])])]
    assert {row[0]: row[2] for row in header_of(request)}[f"{A}Action"].endswith("/09/enumeration/Release")
