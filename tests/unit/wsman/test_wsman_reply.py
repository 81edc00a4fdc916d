# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Damaged and hostile replies end in one kind of error. tests/fidelity/test_replies.py has the recorded ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManProtocolError
from tests.unit.wsman.samples import envelope, fault, page


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
    told = ("The reply is not one of WS-Management", "The reply is cut off or damaged")
    assert str(caught.value).startswith(told)


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
