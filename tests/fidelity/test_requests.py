# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our requests beside those that Windows' own client sends, that [MS-WSMV] shows, or that Windows took from others.

Compared are action, resource, headers with their attributes, selectors and options, and the body with its namespaces
and its order. What differs must be in the list of the row, and each entry of a list must still differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import envelope, winrs
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header
from tests.fidelity import samples
from tests.fidelity.expectations import ENVELOPES
from tests.fidelity.samples import ADDRESSING, SHELL, SOAP, WSMAN, Message, local, short, squeezed

HEADER = Header("http://server:5985/wsman", "uuid:11111111-2222-3333-4444-555555555555", 60.0)
WSMV = "ms-wsmv-examples"
OMI = "microsoft-omi/Unix/tests/protocol/posthttp"
# Texts that are the same in every request of a kind; the others are ids, addresses, limits and arguments.
_FIXED = {"a:Action", "w:ResourceURI", "a:Address"}
_FIXED_IN_BODY = {"rsp:InputStreams", "rsp:OutputStreams", "rsp:DesiredStream", "rsp:Code"}


def differences(ours: bytes, theirs: bytes) -> Iterator[str]:
    """One line a difference, in the order of the message; "+" is what only we send, "-" what only they do."""
    mine, other = (samples.parsed(raw) for raw in (ours, theirs))
    yield from _header_differences(*(root.find(f"{{{SOAP}}}Header") for root in (mine, other)))
    uris = [samples.header(root, WSMAN, "ResourceURI") for root in (mine, other)]
    yield from _body_differences(samples.body(mine), samples.body(other), *uris)


def _header_differences(mine: Element | None, other: Element | None) -> Iterator[str]:
    assert mine is not None and other is not None
    ours, theirs = ({short(child.tag): child for child in parent} for parent in (mine, other))
    yield from (f"+ {name}" for name in ours if name not in theirs)
    yield from (f"- {name}" for name in theirs if name not in ours)
    common = [name for name in ours if name in theirs]
    if common != [name for name in theirs if name in ours]:
        yield "~ order of headers"
    for name in common:
        yield from _attribute_differences(name, ours[name], theirs[name])
        yield from _children_differences(name, ours[name], theirs[name])
        if name in _FIXED and squeezed(ours[name].text) != squeezed(theirs[name].text):
            yield f"~ {name} {_tail(ours[name])} for {_tail(theirs[name])}"


def _children_differences(name: str, ours: Element, theirs: Element) -> Iterator[str]:
    """Selectors, options and the address of ReplyTo."""
    if name == "a:ReplyTo":
        yield from _attribute_differences("a:Address", ours[0], theirs[0])
        assert squeezed(ours[0].text) == squeezed(theirs[0].text)
        return
    mine, other = ({child.get("Name", ""): child for child in parent} for parent in (ours, theirs))
    yield from (f"+ {name} {key}" for key in mine if key not in other)
    yield from (f"- {name} {key}" for key in other if key not in mine)
    for key in mine:
        if key in other and name == "w:OptionSet" and _text(mine[key]).lower() != _text(other[key]).lower():
            yield f"~ {name} {key} {_text(mine[key])} for {_text(other[key])}"


def _attribute_differences(name: str, ours: Element, theirs: Element) -> Iterator[str]:
    mine, other = ({short(key): value for key, value in element.attrib.items()} for element in (ours, theirs))
    for key in ("mustUnderstand", "rsp:CommandId"):
        proper = {"mustUnderstand": "s:mustUnderstand", "rsp:CommandId": "CommandId"}[key]
        if key in other and proper in mine and proper not in other:
            yield f"~ @{proper} for @{key}"
            del other[key], mine[proper]
    yield from (f"+ {name} @{key}={mine[key]}" for key in mine if key not in other)
    yield from (f"- {name} @{key}={other[key]}" for key in other if key not in mine)
    for key in mine:
        if key in other and mine[key] != other[key] and key != "CommandId":
            yield f"~ {name} @{key} {mine[key]} for {other[key]}"


def _body_differences(ours: Element, theirs: Element, our_uri: str, their_uri: str) -> Iterator[str]:
    """Elements in their order; a name that repeats counts once."""
    mine, other = _named(ours, our_uri), _named(theirs, their_uri)
    yield from (f"+ body {name}" for name in mine if name not in other)
    yield from (f"- body {name}" for name in other if name not in mine)
    if [name for name in mine if name in other] != [name for name in other if name in mine]:
        yield f"~ order in {local(ours)}"
    for name in mine:
        if name not in other:
            continue
        yield from _attribute_differences(f"body {name}", mine[name], other[name])
        if name in _FIXED_IN_BODY and _text(mine[name]) != _text(other[name]):
            yield f"~ body {name} {_tail(mine[name])} for {_tail(other[name])}"
        yield from _body_differences(mine[name], other[name], our_uri, their_uri)


def _named(parent: Element, uri: str) -> dict[str, Element]:
    """Children by name, whose namespace is "class" when it is the resource URI of the request."""
    return {short(child.tag.replace(f"{{{uri}}}", "class:")): child for child in parent}


def _text(element: Element) -> str:
    return squeezed(element.text)


def _tail(element: Element) -> str:
    return _text(element).rpartition("/")[2]


# -- why we differ ----------------------------------------------------------------------------------------------------

REASONS = {
    "another class": "The request is about another class or in another form of the URI; the shape is what counts.",
    "bare": "Their attribute is in no namespace, or in a wrong one: the recording shows that Windows lets it pass.",
    "channels": "Options of the MI client: precise arrays, and streams of warnings and progress. We read a null array "
    "as an empty one and show no progress.",
    "code page": "Output in UTF-8; the others take the code page of the OEM or Windows' default.",
    "console": "stdin is a console or a pipe: Windows' own winrs sends TRUE, as we do.",
    "correlation": "Ids by which a client finds its requests in its own log; mustUnderstand is false.",
    "end": "We end the command for good; ctrl_c asks it to stop.",
    "keep alive": "Holds a Receive without output open; we ask again after each OperationTimeout instead.",
    "locale": "Asks for English texts and numbers. Windows' own client sends both, older examples neither.",
    "mandatory": "They mark the options as mandatory, we leave that to the host.",
    "must": "winrm4j marks nothing as mandatory; Windows' own client marks these headers as we do.",
    "namespace": "The namespace is part of a URI of Windows' own (4.1.4); a DMTF URI needs it as a selector.",
    "optimized": "Many objects in the first reply; Windows' own client asks for the same.",
    "order": "Blocks of a SOAP header have no order. Ours is the order of Windows' own client.",
    "plain shell": "We set no environment, folder, name or limits of time: Windows' defaults.",
    "profile": "A profile would be written at a first logon, so we ask for none, as the example does.",
    "query": "We always ask by WQL, which needs the filter.",
    "references": "We want objects without their addresses.",
    "sequence": "SequenceId of Receive: all recorded clients leave it out, and Windows answers.",
    "size": "What we can take, as Windows' own client says it.",
    "skip": "One of the recorded commands starts its program without cmd.exe.",
    "slip": "The example says root/cimv2 in its header and root/cim in its body.",
    "timeout": "The limit of our task. Windows' client leaves it out where the user set none.",
    "typed": "xsi:type names a class that the MI client makes up; winrm.vbs writes none.",
    "whole line": "We send one command line in Command; they part it into Command and Arguments.",
    "whole shell": "A Receive without a command waits for the shell itself, recorded for its fault 87.",
}
CORRELATION = dict.fromkeys(("- p:SessionId", "- p:OperationID", "- p:SequenceId"), "correlation")
ACTIVITY = {"- p:ActivityId": "correlation"}
LOCALES = {"+ w:Locale": "locale", "+ p:DataLocale": "locale"}
DATA_LOCALE = {"+ p:DataLocale": "locale"}
ORDER = {"~ order of headers": "order"}
TIMEOUT = {"+ w:OperationTimeout": "timeout"}
OPTIMIZED = {"+ body w:OptimizeEnumeration": "optimized", "+ body w:MaxElements": "optimized"}
# Section 4.7.3 and what follows it in the specification leave mustUnderstand of the resource out.
EXAMPLE = {**DATA_LOCALE, **ORDER, "+ w:ResourceURI @s:mustUnderstand=true": "must"}
BARE = {**ORDER, "~ @s:mustUnderstand for @mustUnderstand": "bare"}
PYPSRP = {**ORDER, "- p:SessionId": "correlation"}
_MARKED = ("w:ResourceURI", "a:Address", "a:Action", "w:MaxEnvelopeSize")
WINRM4J = {
    **DATA_LOCALE,
    **ORDER,
    **{f"+ {name} @s:mustUnderstand=true": "must" for name in _MARKED},
    "+ w:Locale @s:mustUnderstand=false": "must",
}
OEM = {"~ w:OptionSet WINRS_CODEPAGE 65001 for 437": "code page"}
PROFILE = {"~ w:OptionSet WINRS_NOPROFILE TRUE for FALSE": "profile"}
ARGUMENTS = {"- body rsp:Arguments": "whole line"}
LIMITS = {f"- body rsp:{name}": "plain shell" for name in ("Environment", "WorkingDirectory", "Lifetime")}
CTRL_C = {"~ body rsp:Code terminate for ctrl_c": "end"}

# -- the rows ---------------------------------------------------------------------------------------------------------

_CMD = f"{SHELL}/cmd"
_CIMV2 = "root/cimv2"
_MY_CLASS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mynamespace/myclass"
_PROCESS = {"CommandLine": "notepad.exe", "CurrentDirectory": "C:\\"}
_DMTF_CLASS = "TestClass_AllDMTFTypes"
_WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
_SELECTOR_FILTER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"


@dataclass(frozen=True)
class Row:
    """One request of ours, recorded ones of the same operation, and each difference with the key of its reason."""

    ours: bytes
    recorded: tuple[Message, ...]
    listed: dict[str, str]


def one(pattern: str) -> tuple[Message, ...]:
    """The request in the one file that matches."""
    (path,) = samples.matching(pattern)
    return samples.messages(path)[:1]


def of(pattern: str, action: str, resource: str = _CMD) -> tuple[Message, ...]:
    """The recorded requests of one action on one resource."""
    return tuple(
        message
        for path in samples.matching(pattern)
        for message in samples.messages(path)
        if message.is_request and message.action == action and resource_of(message) == resource
    )


def resource_of(message: Message) -> str:
    return samples.header(message.root, WSMAN, "ResourceURI")


CIM_ROWS = {
    "query of Windows' client": Row(
        envelope.enumerate_wql(HEADER, "root/OMI", "select * from OMI_Identify"),
        one(rf"{OMI}/test1\..*"),
        {
            **CORRELATION,
            **ACTIVITY,
            **TIMEOUT,
            "- w:SelectorSet": "namespace",
            "~ w:ResourceURI * for *": "namespace",
            "- w:OptionSet": "channels",
            "- body w:EnumerationMode": "references",
        },
    ),
    "enumeration of Windows' client": Row(
        envelope.enumerate_wql(HEADER, _CIMV2, "select * from OMI_Datetime"),
        one(rf"{OMI}/test2\..*"),
        {"- w:SelectorSet": "namespace", "~ w:ResourceURI * for OMI_Datetime": "query", "+ body w:Filter": "query"},
    ),
    "pull": Row(
        envelope.pull(HEADER, "root/mynamespace", "uuid:1"),
        of(rf"{WSMV}/4\.1\.2\..*", "Pull", _MY_CLASS),
        {**LOCALES, "~ w:ResourceURI * for myclass": "query"},
    ),
    "get": Row(
        envelope.get(HEADER, "root/mynamespace", "myclass", {"id": "1"}), one(rf"{WSMV}/4\.1\.1_.*_1\.xml"), LOCALES
    ),
    "get of a class of Windows' client": Row(
        envelope.get(HEADER, _CIMV2, "X", {"ClassName": "CIM_VLANEndpoint"}),
        one(samples.GET_CLASS),
        {
            **CORRELATION,
            **TIMEOUT,
            "- w:OptionSet": "channels",
            "~ w:ResourceURI X for *": "another class",
            "- w:SelectorSet __cimnamespace": "namespace",
        },
    ),
    "method of Windows' client": Row(
        envelope.invoke(HEADER, "root/omi", _DMTF_CLASS, "GetBoolValue", {}, keys={"v_Key": "0"}),
        one(rf"{OMI}/test3\..*"),
        {
            **CORRELATION,
            **ACTIVITY,
            **TIMEOUT,
            "- w:OptionSet": "channels",
            f"~ w:ResourceURI {_DMTF_CLASS} for {_DMTF_CLASS}": "namespace",
            "~ a:Action GetBoolValue for GetBoolValue": "namespace",
            "- w:SelectorSet __cimnamespace": "namespace",
            "- body class:GetBoolValue_INPUT @xsi:type=GetBoolValue_INPUT_Type": "typed",
        },
    ),
    "streaming method of Windows' client": Row(
        envelope.invoke(HEADER, _CIMV2, "UTFPSSemantics_Test", "TestStreaming", {}, keys={}),
        one(rf"{WSMV}/4\.11\.2_.*_1\.xml"),
        {
            **CORRELATION,
            "- w:OptionSet": "channels",
            "- w:SelectorSet": "namespace",
            "~ w:ResourceURI UTFPSSemantics_Test for UTFPSSemantics_Test": "namespace",
            "~ a:Action TestStreaming for TestStreaming": "namespace",
            "- body class:TestStreaming_INPUT @xsi:type=TestStreaming_INPUT_Type": "typed",
        },
    ),
    "method": Row(
        envelope.invoke(HEADER, _CIMV2, "Win32_Process", "Create", _PROCESS, keys={}),
        one(rf"{WSMV}/4\.1\.4_.*_1\.xml"),
        {**LOCALES, "+ body class:Create_INPUT": "slip", "- body {Win32_Process}:Create_INPUT": "slip"},
    ),
    "example of an enumeration": Row(
        envelope.enumerate_wql(HEADER, "root/mynamespace", "select * from myclass"),
        one(rf"{WSMV}/4\.1\.2\.1_.*"),
        {**LOCALES, **OPTIMIZED, "~ w:ResourceURI * for myclass": "query", "+ body w:Filter": "query"},
    ),
    "example of a filter": Row(
        envelope.enumerate_wql(HEADER, _CIMV2, "select * from Win32_Service"),
        one(rf"{WSMV}/4\.9_.*"),
        {
            **LOCALES,
            **OPTIMIZED,
            **TIMEOUT,
            "+ w:MaxEnvelopeSize": "size",
            "~ w:ResourceURI * for Win32_Service": "query",
            f"~ body w:Filter @Dialect {_WQL} for {_SELECTOR_FILTER}": "query",
            "- body w:SelectorSet": "query",
        },
    ),
    "get of a missing class": Row(
        envelope.get(HEADER, _CIMV2, "win32_nosuchclass", {}), one(rf"{WSMV}/4\.10_.*_1\.xml"), LOCALES
    ),
    "get of Windows' client": Row(
        envelope.get(HEADER, "root/cimv2/MyTest4", "UTFPSSemantics_TestBase", {"uint32key": "100"}),
        one(rf"{WSMV}/4\.11\.1_.*_1\.xml"),
        {**CORRELATION, "- w:OptionSet": "channels"},
    ),
    "get of Windows' client without keys": Row(
        envelope.get(HEADER, _CIMV2, "X", {}),
        tuple(message for number in (1, 2) for message in one(rf"{WSMV}/4\.11\.3_.*_{number}\.xml")),
        {**CORRELATION, "~ w:ResourceURI X for helloworld": "another class"},
    ),
    "identify": Row(envelope.identify(), one(samples.IDENTIFY), {}),
}

OURS = {
    "Create": winrs.create(HEADER),
    "Command": winrs.command(HEADER, "S", "ver"),
    "Receive": winrs.receive(HEADER, "S", "C"),
    "Signal": winrs.terminate(HEADER, "S", "C"),
    "Delete": winrs.delete(HEADER, "S"),
}
# Who recorded -> the files, and what differs for each operation.
PEERS: dict[str, tuple[str, dict[str, dict[str, str]]]] = {
    "the specification": (
        rf"{WSMV}/4\.7\..*",
        {
            "Create": {**DATA_LOCALE, **OEM, **LIMITS},
            "Command": {**DATA_LOCALE, **ARGUMENTS},
            "Receive": {**EXAMPLE, "- body rsp:Receive @SequenceId=0": "sequence"},
            "Signal": {**EXAMPLE, **CTRL_C},
            "Delete": EXAMPLE,
        },
    ),
    "pypsrp": (
        rf"{samples.PYPSRP}/.*",
        {
            "Create": {
                **PYPSRP,
                **LIMITS,
                **{f"- body rsp:{name}": "plain shell" for name in ("IdleTimeOut", "Name")},
                "+ w:OptionSet": "code page",
                "- w:OptionSet @s:mustUnderstand=true": "mandatory",
                "+ w:OptionSet WINRS_CODEPAGE": "code page",
                "+ w:OptionSet WINRS_NOPROFILE": "profile",
            },
            "Command": {
                **PYPSRP,
                **ARGUMENTS,
                "- w:OptionSet @s:mustUnderstand=true": "mandatory",
                "+ w:OptionSet WINRS_CONSOLEMODE_STDIN": "console",
                "~ w:OptionSet WINRS_SKIP_CMD_SHELL FALSE for True": "skip",
            },
            "Receive": {
                **PYPSRP,
                "- w:OptionSet": "keep alive",
                "+ body rsp:DesiredStream @CommandId=C": "whole shell",
            },
            "Signal": {**PYPSRP, **CTRL_C},
            "Delete": PYPSRP,
        },
    ),
    "pywinrm": (
        "diyan-pywinrm/extracted/conftest__.*",
        {
            "Create": {**BARE, **OEM, **PROFILE},
            "Command": {**BARE, **ARGUMENTS},
            "Receive": BARE,
            "Signal": BARE,
            "Delete": BARE,
        },
    ),
    "masterzen": (
        samples.MASTERZEN,
        {"Create": {**BARE, **PROFILE}, "Command": BARE, "Receive": BARE, "Signal": BARE, "Delete": BARE},
    ),
    "winrm4j": (
        samples.WIN7,
        {
            "Create": {**WINRM4J, **OEM, **PROFILE},
            "Command": WINRM4J,
            "Receive": {**WINRM4J, "~ @CommandId for @rsp:CommandId": "bare"},
            "Signal": WINRM4J,
            "Delete": WINRM4J,
        },
    ),
}
ROWS = CIM_ROWS | {
    f"{action} of {peer}": Row(OURS[action], of(pattern, action), listed)
    for peer, (pattern, operations) in PEERS.items()
    for action, listed in operations.items()
}


@pytest.mark.parametrize("name", ROWS)
def test_requests_differ_only_as_listed(name: str) -> None:
    row = ROWS[name]
    assert row.recorded
    found = {difference for message in row.recorded for difference in differences(row.ours, message.raw)}
    assert found == set(row.listed)
    assert set(row.listed.values()) <= set(REASONS)


def test_every_reason_is_needed() -> None:
    assert {reason for row in ROWS.values() for reason in row.listed.values()} == set(REASONS)


def test_the_comparison_sees_what_is_wrong() -> None:
    """Against itself a request has no difference; each small damage makes one."""
    ours = envelope.invoke(HEADER, _CIMV2, "Win32_Process", "Create", _PROCESS, keys={"Handle": "1"})
    assert list(differences(ours, ours)) == []
    for damage, wanted in (
        ((b"Win32_Process/Create<", b"Win32_Process/Destroy<"), "~ a:Action Create for Destroy"),
        ((b'Name="Handle"', b'Name="handle"'), "+ w:SelectorSet Handle"),
        ((b"p:CommandLine>", b"p:commandLine>"), "+ body class:CommandLine"),
        ((b'cimv2/Win32_Process" xmlns:xsi', b'cimv2/Other" xmlns:xsi'), "+ body class:Create_INPUT"),
        (
            (b'MaxEnvelopeSize s:mustUnderstand="true"', b"MaxEnvelopeSize"),
            "+ w:MaxEnvelopeSize @s:mustUnderstand=true",
        ),
    ):
        changed = ours.replace(*damage)
        assert changed != ours
        assert wanted in list(differences(ours, changed))


# -- nothing is passed over -------------------------------------------------------------------------------------------

# Recorded requests of operations that the collection never sends: action -> resources.
NOT_OURS: dict[str, str] = {
    "Acknowledge|Disconnect|Connect|Reconnect": "disconnected shells",
    "InteractiveResponse": "questions of a provider",
    "Events|SubscriptionEnd": "deliveries of a subscription",
    "Put": "changes by Put: settings are written by methods",
    "Send": "input for a command",
}
# The same for resources: parts of the URI.
NOT_OUR_RESOURCES = {
    "/powershell/": "PowerShell remoting",
    "shell/mycustomshell|shell/Microsoft.CustomShell|CustomShell": "shells other than cmd",
    "/wsman/1/config": "the configuration of WinRM",
    "/wsman/1/windows/shell": "a list of shells, or one of them",
    "/SubscriptionManager/": "subscriptions",
}


def is_not_ours(message: Message) -> bool:
    if any(message.action in actions.split("|") for actions in NOT_OURS):
        return True
    uri = resource_of(message)
    if uri == _CMD:
        return message.action in ("Enumerate", "Pull", "Get")
    return any(part in uri for parts in NOT_OUR_RESOURCES for part in parts.split("|"))


def test_every_recorded_request_is_compared_or_of_no_use_to_us() -> None:
    compared = {message.name for row in ROWS.values() for message in row.recorded}
    others = [
        f"{message.name}: {message.action} of {resource_of(message)}"
        for pattern in ENVELOPES
        for path in samples.matching(pattern)
        for message in samples.messages(path)
        if message.is_request and message.name not in compared and not is_not_ours(message)
    ]
    assert "\n".join(others) == ""


# -- details ----------------------------------------------------------------------------------------------------------


def test_ids_and_durations_have_the_recorded_form() -> None:
    ours = samples.parsed(envelope.get(HEADER, _CIMV2, "X", {}))
    recorded = samples.messages(samples.matching(rf"{OMI}/test2\..*")[0])[0].root
    for root in (ours, recorded):
        assert re.fullmatch(r"PT\d+\.\d{3}S", samples.header(root, WSMAN, "OperationTimeout"))
        assert re.fullmatch(r"uuid:[0-9A-F-]{36}", samples.header(root, ADDRESSING, "MessageID"))
    assert re.fullmatch(r"uuid:[0-9A-F-]{36}", envelope.new_message_id())


def test_the_input_of_a_method_is_that_of_microsofts_documents() -> None:
    """winrm.vbs and the pages on winrm invoke: no arguments, one argument, and null."""
    (path,) = samples.matching(r"text-samples/winrm_invoke_request_shape__.*")
    documented = [samples.parsed(raw) for raw in re.findall(rb"^<p:.*>$", samples.sample(path), re.MULTILINE)]
    ours = [
        samples.first(samples.parsed(request))
        for request in (
            envelope.invoke(HEADER, _CIMV2, "Win32_Service", "StopService", {}, keys={"Name": "X"}),
            envelope.invoke(HEADER, _CIMV2, "Win32_Process", "Create", {"CommandLine": "calc.exe"}, keys={}),
        )
    ]
    assert [plain(element) for element in ours] == [plain(element) for element in documented]
    null = samples.first(samples.parsed(envelope.invoke(HEADER, _CIMV2, "C", "M", {"KEY": None}, keys={})))
    assert null is not None and samples.is_nil(null[0]) and b'xsi:nil="true"' in samples.sample(path)


def plain(element: Element | None) -> object:
    assert element is not None
    return element.tag, element.attrib, squeezed(element.text), [plain(child) for child in element]


def test_release_has_the_form_of_pull() -> None:
    """None was recorded: WS-Enumeration ("Release") gives it the context alone."""
    request = envelope.release(HEADER, "root/mynamespace", "uuid:1")
    (path, *_more) = samples.matching(rf"{WSMV}/4\.1\.2\.3_.*")
    found = set(differences(request, samples.sample(path)))
    assert found - set(LOCALES) == {
        "~ a:Action Release for Pull",
        "~ w:ResourceURI * for myclass",
        "+ body n:Release",
        "- body n:Pull",
    }
    body = samples.first(samples.parsed(request))
    assert body is not None and [short(child.tag) for child in body] == ["n:EnumerationContext"]
