# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests: what goes into them, and what does not. tests/fidelity/test_requests.py has them beside recorded ones."""

from __future__ import annotations

import re
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError

HEADER = Header("http://server:80/wsman", "uuid:11111111-2222-3333-4444-555555555555", 60.0)
S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
W = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
N = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2"


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
