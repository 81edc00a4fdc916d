# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every recorded reply of Windows through the client, beside what a second reader finds in it."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults, reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import run_command
from tests.fidelity import samples
from tests.fidelity.expectations import BROKEN, DATA, ENUMERATED, ENVELOPES, NO_READER, TYPES
from tests.fidelity.replay import Replay
from tests.fidelity.samples import ENUMERATION, FAULT, SHELL, SOAP, WSMAN, Message, local, squeezed

ZENOSS = "zenoss-txwinrm"
WSMV = "ms-wsmv-examples"
PROJECT = Path(__file__).resolve().parents[2]
# A test of pypsrp got the reply to another Delete pasted in.
WRONG_RELATION = "uuid:C6D0BB3D-5D04-44D6-ADC9-1DB2E445AB14"

WITH_ENVELOPES = [path for pattern in ENVELOPES for path in samples.matching(pattern)]
NOT_XML = [path for pattern in BROKEN for path in samples.matching(pattern)]

_KINDS = {
    "EnumerateResponse": "page",
    "PullResponse": "page",
    "ResourceCreated": "created",
    "CommandResponse": "command",
    "ReceiveResponse": "receive",
    "IdentifyResponse": "identity",
    "Fault": "fault",
}


def kind_of(message: Message) -> str:
    """What a message is, by its structure alone."""
    if message.is_request:
        return "request"
    name = local(samples.first(message.root))
    if name.endswith("_OUTPUT"):
        return "output"
    if message.action == "GetResponse" and name and name != "Fault":
        return "instance"
    return _KINDS.get(name, "done")


# -- nothing is passed over -------------------------------------------------------------------------------------------


def test_every_file_has_one_expectation() -> None:
    patterns = [*ENVELOPES, *BROKEN, *DATA]
    found = {path: [pattern for pattern in patterns if re.fullmatch(pattern, path)] for path in samples.files()}
    assert [path for path, rows in found.items() if not rows] == [], "files that nobody expects"
    assert [path for path, rows in found.items() if len(rows) > 1] == [], "files with two expectations"


@pytest.mark.parametrize("pattern", ENVELOPES)
def test_each_group_holds_what_it_should(pattern: str) -> None:
    found = Counter(kind_of(message) for path in samples.matching(pattern) for message in samples.messages(path))
    assert found == ENVELOPES[pattern]


@pytest.mark.parametrize("pattern", [*BROKEN, *DATA])
def test_no_sample_without_envelopes_is_missing(pattern: str) -> None:
    wanted = BROKEN[pattern] if pattern in BROKEN else DATA[pattern][0]
    assert len(samples.matching(pattern)) == wanted


def test_the_named_readers_exist_and_what_has_none_is_written_down() -> None:
    document = (PROJECT / "docs/fidelity.md").read_text(encoding="utf-8")
    for pattern, (_count, reader) in DATA.items():
        if reader == NO_READER:
            folder = pattern.partition("/")[0] + "/"
            assert re.search(rf"`{folder}.*{NO_READER}", document), f"docs/fidelity.md does not name {pattern}"
        elif reader.startswith("tests/"):
            assert (PROJECT / reader).is_file()


def test_the_document_cites_recordings_that_exist() -> None:
    document = (PROJECT / "docs/fidelity.md").read_text(encoding="utf-8")
    folders = {path.partition("/")[0] for path in samples.files()}
    cited = [name for name in re.findall(r"`([^`]+)`", document) if name.partition("/")[0] in folders and "/" in name]
    assert len(cited) > 40
    for name in cited:
        pattern = name.replace("...", "*").replace("/*/", "/*")
        assert any(fnmatch(path, pattern) for path in samples.files()), name


# -- each reply, beside the second reader -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", WITH_ENVELOPES)
def test_replies_are_read_as_they_are(path: str) -> None:
    for message in samples.messages(path):
        kind = kind_of(message)
        if kind != "request":
            CHECKS[kind](message)


def body_of(message: Message) -> Element:
    return reply.read_body(message.raw)


def agree(instance: Instance, row: Element) -> None:
    """Same properties, and each reads as the texts, nulls and datetimes that are there."""
    expected = samples.values(row)
    assert instance.names == list(expected)
    for name, wanted in expected.items():
        assert instance.has(name.upper())
        if any(len(child) and not samples.is_nil(child) for child in row if local(child) == name) and not is_time(
            row, name
        ):
            assert [" ".join(sorted(inner.names)) for inner in instance.instances(name)] == wanted
            continue
        assert instance.texts(name) == [value for value in wanted if value is not None]
        if len(wanted) == 1:
            assert instance.text(name) == wanted[0]


def is_time(row: Element, name: str) -> bool:
    return all([local(inner) for inner in child] == ["Datetime"] for child in row if local(child) == name)


def check_page(message: Message) -> None:
    found = reply.read_page(body_of(message), "Asked")
    expected = samples.rows(message.root)
    assert len(found.items) == len(expected)
    for instance, row in zip(found.items, expected, strict=True):
        assert instance.class_name == ("Asked" if row.tag == f"{{{WSMAN}}}XmlFragment" else local(row))
        agree(instance, row)
    response = samples.first(message.root)
    assert response is not None
    assert found.context == squeezed(response.findtext(f"{{{ENUMERATION}}}EnumerationContext"))
    assert found.ended == any(local(element) == "EndOfSequence" for element in response)
    assert found.ended != bool(found.context)


def check_instance(message: Message) -> None:
    expected = samples.first(message.root)
    assert expected is not None
    found = reply.read_object(body_of(message), "Asked")
    assert found.class_name == local(expected)
    agree(found, expected)


def check_output(message: Message) -> None:
    expected = samples.first(message.root)
    assert expected is not None
    found = reply.read_output(body_of(message), local(expected).removesuffix("_OUTPUT"))
    agree(found, expected)
    (code,) = samples.values(expected).get("ReturnValue", [None])  # a streamed result of the specification has none
    assert found.integer("ReturnValue") == (None if code is None else int(code))
    assert code is not None or "/4.11.2_" in message.name


def check_created(message: Message) -> None:
    ids = {
        squeezed(element.text)
        for element in samples.body(message.root).iter()
        if element.get("Name") == "ShellId" or element.tag == f"{{{SHELL}}}ShellId"
    }
    if not ids:  # what was created is no shell but a part of the configuration
        assert re.search(r"/4\.(2\.3|8\.1)_", message.name)
        with pytest.raises(WSManProtocolError, match="it names no shell"):
            reply.read_shell_id(body_of(message))
        return
    assert {reply.read_shell_id(body_of(message))} == ids


def check_command(message: Message) -> None:
    identity = samples.body(message.root).findtext(f".//{{{SHELL}}}CommandId")
    assert reply.read_command_id(body_of(message)) == squeezed(identity) != ""


def check_receive(message: Message) -> None:
    found = reply.read_receive(body_of(message))
    streams = {"stdout": b"", "stderr": b""}
    for element in samples.body(message.root).iter(f"{{{SHELL}}}Stream"):
        if element.get("Name") in streams:
            streams[element.get("Name", "")] += base64.b64decode(element.text or "")
    assert (found.stdout, found.stderr) == (streams["stdout"], streams["stderr"])
    states = list(samples.body(message.root).iter(f"{{{SHELL}}}CommandState"))
    done = [state for state in states if (state.get("State") or "").endswith("CommandState/Done")]
    assert found.done == bool(done)
    codes = [int(state.findtext(f"{{{SHELL}}}ExitCode") or "") for state in done]
    assert found.exit_code == (codes[-1] if codes else None)


def check_identity(message: Message) -> None:
    assert reply.read_identity(body_of(message)) == reply.Identity(
        "Microsoft Corporation", "OS: 6.0.6002 SP: 2.0 Stack: 2.0", WSMAN
    )


def check_fault(message: Message) -> None:
    with pytest.raises(WSManFault) as caught:
        body_of(message)
    found, root = caught.value, message.root
    fault = next(root.iter(f"{{{SOAP}}}Fault"))
    codes = [element.get("Code") for element in fault.iter(f"{{{FAULT}}}WSManFault")]
    codes += [squeezed(element.text) for element in fault.iter() if local(element) == "error_Code"]
    assert found.code == next((int(code) & 0xFFFFFFFF for code in codes if code), None)
    values = [squeezed(element.text) for element in fault.iter(f"{{{SOAP}}}Value")]
    assert found.subcode == values[-1].rpartition(":")[2]
    providers = [squeezed(element.get("provider")) for element in fault.iter(f"{{{FAULT}}}ProviderFault")]
    assert found.provider == (providers[0] if providers else "")
    texts = [squeezed(element.text) for element in fault.iter() if local(element) in _REASONS]
    assert found.reason in texts or not any(texts)
    assert bool(found.reason) == any(texts)
    assert found.symbol == (faults.symbol_of(found.code or 0) or found.subcode) != ""
    sentence = str(found.located("win01", "the query of X"))
    assert sentence.startswith("The query of X on win01 failed: ") and sentence.endswith(".")
    assert "\n" not in sentence and "  " not in sentence
    assert found.relates_to == samples.header(root, samples.ADDRESSING, "RelatesTo")


_REASONS = ("Text", "Message", "ProviderFault")


def check_done(message: Message) -> None:
    """A reply in which the client looks for nothing but that it is no fault and belongs to its request."""
    assert len(body_of(message)) == len(samples.body(message.root))


CHECKS: dict[str, Any] = {
    "page": check_page,
    "instance": check_instance,
    "output": check_output,
    "created": check_created,
    "command": check_command,
    "receive": check_receive,
    "identity": check_identity,
    "fault": check_fault,
    "done": check_done,
}


@pytest.mark.parametrize("path", NOT_XML)
def test_what_is_no_xml_ends_in_one_clear_error(path: str) -> None:
    assert not samples.well_formed(samples.sample(path))
    with pytest.raises(WSManProtocolError) as caught:
        reply.read_body(samples.sample(path))
    # SOAP came from WinRM and was spoilt on its way; anything else came from something that is no WinRM.
    is_soap = path.startswith(f"{WSMV}/")
    what = "is cut off or damaged" if is_soap else "is not one of WS-Management"
    what_to_do = "run the task again" if is_soap else "check that"
    assert f"{what}, it is not well-formed XML; {what_to_do}" in str(caught.value)


# -- conversations ----------------------------------------------------------------------------------------------------

CONVERSATIONS = [*samples.matching(rf"{samples.PYPSRP}/.*"), samples.WIN7]


@pytest.mark.parametrize("path", CONVERSATIONS)
def test_a_reply_is_that_to_its_request_and_to_no_other(path: str) -> None:
    checked = 0
    for exchange in samples.exchanges(path):
        request, answer = exchange.request, exchange.reply
        if request is None or answer is None or not samples.well_formed(answer.raw):
            continue
        asked = samples.header(request.root, samples.ADDRESSING, "MessageID")
        related = samples.header(answer.root, samples.ADDRESSING, "RelatesTo")
        if related == WRONG_RELATION or not related:
            continue
        checked += 1
        try:
            reply.read_body(answer.raw, asked)
        except WSManFault as fault:
            reply.check_relation(fault.relates_to, asked)
            with pytest.raises(WSManProtocolError, match="another request"):
                reply.check_relation(fault.relates_to, "uuid:00000000-0000-0000-0000-000000000001")
        else:
            with pytest.raises(WSManProtocolError, match="another request"):
                reply.read_body(answer.raw, "uuid:00000000-0000-0000-0000-000000000001")
    assert checked


@pytest.mark.parametrize(
    ("path", "done", "exit_code", "start"),
    [
        (f"{ZENOSS}/data_shell/receive_resp_01.xml", False, None, b'\r\n"(PDH-CSV 4.0)"'),
        (f"{ZENOSS}/data_shell/receive_resp_02.xml", True, 0, b'\r\n"04/11/2013'),
        ("masterzen-winrm/extracted/fixture_test__doneCommandResponse.xml", True, 123, b""),
        ("masterzen-winrm/extracted/fixture_test__outputResponse.xml", False, None, b"That's all folks!!!"),
        ("diyan-pywinrm/extracted/conftest__get_cmd_output_response_L269.xml", True, 0, b"\r\nWindows IP Config"),
        (f"{WSMV}/4.7.3_Receive-Output_2.xml", False, None, b"d:\\temp\\out.txt, Delete (Y/N)? "),
    ],
)
def test_recorded_output_in_words(path: str, done: bool, exit_code: int | None, start: bytes) -> None:
    found = reply.read_receive(reply.read_body(samples.sample(path)))
    assert (found.done, found.exit_code) == (done, exit_code)
    assert found.stdout.startswith(start)


COMMANDS = ["Create", "Command", "Receive", "Signal", "Delete"]
ONE_COMMAND = [
    path
    for path in CONVERSATIONS
    if [exchange.request.action if exchange.request else "" for exchange in samples.exchanges(path)] == COMMANDS
    and b"/shell/cmd<" in samples.sample(path)
    and kind_of(samples.messages(path)[5]) == "receive"
]


@pytest.mark.parametrize("path", ONE_COMMAND)
def test_a_recorded_command_runs_from_its_shell_to_its_end(path: str) -> None:
    replies = [exchange.reply for exchange in samples.exchanges(path)]
    received = replies[2]
    assert received is not None
    transport = Replay(answer.raw for answer in replies if answer is not None)
    result = run_command(transport.session(), "recorded", 10)
    expected = reply.read_receive(body_of(received))
    assert (result.stdout, result.stderr, result.exit_code) == (
        expected.stdout.decode("utf-8", "replace"),
        expected.stderr.decode("utf-8", "replace"),
        expected.exit_code,
    )
    assert [Message("", sent).action for sent in transport.sent] == COMMANDS
    ids = re.findall(r"ShellId\">([^<]+)<", " ".join(sent.decode() for sent in transport.sent))
    assert len(ids) == 4 and set(ids) == {reply.read_shell_id(body_of(replies[0]))}  # type: ignore[arg-type]
    assert transport.left == 0


def test_there_are_recorded_commands() -> None:
    assert len(ONE_COMMAND) == 8


# -- enumerations, followed to their end across files -----------------------------------------------------------------


def chain(server: str, name: str, kind: str) -> list[str]:
    return samples.matching(rf"{ZENOSS}/{server}/{name}_{kind}_\d+\.xml")


def followed(paths: list[str], query: str) -> list[Instance]:
    """The rows of a query whose replies are these files. Each Pull names the context of the reply before it."""
    transport = Replay(samples.sample(path) for path in paths)
    rows = transport.session().query("root/cimv2", query)
    assert transport.left == 0
    contexts = [
        squeezed(samples.parsed(samples.sample(path)).findtext(f".//{{{ENUMERATION}}}EnumerationContext"))
        for path in paths
    ]
    pulled = [samples.parsed(sent).findtext(f".//{{{ENUMERATION}}}EnumerationContext") for sent in transport.sent[1:]]
    assert pulled == contexts[:-1]
    assert len(set(pulled)) == len(pulled), "the context changes with every reply"
    return rows


RECORDED_CLASSES = [(server, name) for server, classes in ENUMERATED.items() for name in classes]


@pytest.mark.parametrize(("server", "name"), RECORDED_CLASSES)
def test_enumerations_are_followed_across_files(server: str, name: str) -> None:
    listed = samples.sample(f"{ZENOSS}/{server}/{name}.properties").decode().split()
    whole = followed(chain(server, name, "star"), f"SELECT * FROM {name}")
    projected = followed(chain(server, name, "all"), f"SELECT {', '.join(listed)} FROM {name}")
    assert len(whole) == len(projected) == ENUMERATED[server][name]
    assert {row.class_name for row in projected} == {name}
    # .properties is the list that the recorder asked for.
    assert {prop.lower() for row in projected for prop in row.names} == {prop.lower() for prop in listed}
    keys = [key for key in ("Name", "Handle", "DeviceID", "Index", "IdentifyingNumber") if key in listed]
    if keys:
        assert [row.text(keys[0]) for row in whole] == [row.text(keys[0]) for row in projected]


def test_every_recorded_enumeration_is_in_the_table() -> None:
    found = {tuple(path.split("/")[1:]) for path in samples.matching(rf"{ZENOSS}/server_\w+/.*\.properties")}
    assert found == {(server, f"{name}.properties") for server, name in RECORDED_CLASSES}


def test_other_chains_end_too() -> None:
    folder = "opennms-wsman/itests/src/main/resources/__files/optimized-enum-response-with-fragments"
    rows = followed([f"{folder}-{number}.xml" for number in (1, 2)], "SELECT Name, Size FROM Win32_LogicalDisk")
    assert [row.text("Name") for row in rows] == ["A:", "C:", "D:", "E:"]
    assert [row.integer("Size") for row in rows] == [None, 64412164096, 64421359616, None]
    for pattern, wanted in (
        (r"4\.1\.2\.[246]_.*", ["myclass", "myclass"]),
        (r"4\.2\.3_.*_1[02]\.xml", ["CertMapping", "CertMapping"]),
        (r"4\.7\.6_.*_[24]\.xml", ["Shell"]),
    ):
        pages = [samples.messages(path)[0] for path in samples.matching(f"{WSMV}/{pattern}")]
        found = [reply.read_page(body_of(message)) for message in pages]
        assert [page.ended for page in found] == [False] * (len(found) - 1) + [True]
        assert [row.class_name for page in found for row in page.items] == wanted


# -- types, nulls, arrays ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("server", "name"), [each for each in RECORDED_CLASSES if each[1] in TYPES])
@pytest.mark.parametrize("kind", ["star", "all"])
def test_properties_have_the_documented_types(server: str, name: str, kind: str) -> None:
    elements = [row for path in chain(server, name, kind) for row in samples.rows(samples.parsed(samples.sample(path)))]
    rows = followed(chain(server, name, kind), f"SELECT * FROM {name}")
    seen = Counter[str]()
    for row, element in zip(rows, elements, strict=True):
        expected = samples.values(element)
        for prop, type_ in TYPES[name].items():
            texts = [value for value in expected.get(prop, []) if value is not None]
            seen[prop] += bool(texts)
            assert typed(row, prop, type_) == converted(texts, type_)
    always_null = {"Win32_Service": {"InstallDate"}, "Win32_Process": {"TerminationDate"}}.get(name, set())
    asked = set(TYPES[name]) if kind == "star" else {prop for row in rows for prop in row.names} & set(TYPES[name])
    absent = {"OperatingSystemSKU", "MUILanguages"} if server == "server_2003" else set()
    assert {prop for prop in asked if not seen[prop]} - always_null - absent == set()


def typed(row: Instance, name: str, type_: str) -> object:
    if type_ == "T":
        return row.texts(name)
    if type_ == "d":
        return row.datetime(name)
    if type_ == "b":
        return row.boolean(name)
    return row.integer(name) if type_ == "i" else row.text(name)


def converted(texts: list[str], type_: str) -> object:
    """The conversion of the second reader."""
    if type_ == "T":
        return texts
    if not texts:
        return None
    (text,) = texts
    if type_ == "b":
        return {"true": True, "false": False}[text]
    if type_ == "d":
        whole, _dot, fraction = text.removesuffix("Z").partition(".")
        moment = dt.datetime.strptime(whole + "+0000", "%Y-%m-%dT%H:%M:%S%z")
        return moment + dt.timedelta(seconds=float("0." + (fraction or "0")))
    return int(text) if type_ == "i" else text


def test_null_is_written_out_for_a_scalar_and_left_out_for_an_array() -> None:
    rows = followed(chain("server_2008", "Win32_NetworkAdapterConfiguration", "star"), "SELECT * FROM X")
    off = [row for row in rows if not row.boolean("IPEnabled")]
    on = [row for row in rows if row.boolean("IPEnabled")]
    assert (len(off), len(on)) == (13, 1)
    assert not any(row.has("IPAddress") or row.has("IPSubnet") for row in off)
    assert all(row.has("DHCPLeaseExpires") and row.datetime("DHCPLeaseExpires") is None for row in off[:1])
    assert all(len(row.texts("IPAddress")) >= 1 for row in on)
    assert rows[0].texts("NoSuchProperty") == [] and not rows[0].has("NoSuchProperty")


def test_term_service_of_2008_r2_is_of_a_class_of_its_own() -> None:
    rows = followed(chain("server_2008", "Win32_Service", "star"), "SELECT * FROM Win32_Service")
    assert Counter(row.class_name for row in rows) == {"Win32_Service": 121, "Win32_TerminalService": 1}
    term = next(row for row in rows if row.class_name == "Win32_TerminalService")
    assert term.text("Name") == "TermService"
    assert (term.boolean("Started"), term.integer("ProcessId")) == (True, 1484)
    assert term.text("StartName") == "NT Authority\\NetworkService"
    others = {name for row in rows if row is not term for name in row.names}
    assert set(term.names) - others == {"TotalSessions", "DisconnectedSessions"}
    assert (term.integer("TotalSessions"), term.integer("DisconnectedSessions")) == (3, 2)


def test_datetimes_of_two_servers() -> None:
    (new,) = followed(chain("server_2008", "Win32_OperatingSystem", "star"), "SELECT * FROM Win32_OperatingSystem")
    (old,) = followed(chain("server_2003", "Win32_OperatingSystem", "all"), "SELECT LocalDateTime FROM X")
    assert new.datetime("LastBootUpTime") == dt.datetime(2013, 4, 15, 16, 28, 39, 500000, dt.timezone.utc)
    assert old.datetime("LocalDateTime") == dt.datetime(2013, 4, 15, 20, 27, 39, 840000, dt.timezone.utc)
    assert new.text("Caption") == "Microsoft Windows Server 2008 R2 Datacenter "  # the blank is Microsoft's


# -- method results ---------------------------------------------------------------------------------------------------


def test_the_recorded_enum_key() -> None:
    transport = Replay([samples.sample("openwsman/bindings/ruby/tests/EnumKey.xml")])
    output = transport.session().invoke("root/default", "StdRegProv", "EnumKey", {"hDefKey": 2147483650})
    names = output.texts("sNames")
    assert (output.integer("ReturnValue"), len(names)) == (0, 26)
    assert (names[0], names[-1]) == ("AddressBook", "{F8FBDC28-C265-4F0D-8B91-6E92913E19F6}")
    assert "Mozilla Firefox 9.0.1 (x86 en-US)" in names


def test_the_example_of_a_method_call() -> None:
    (path,) = samples.matching(rf"{WSMV}/4\.1\.4_.*_2\.xml")
    output = Replay([samples.sample(path)]).session().invoke("root/cimv2", "Win32_Process", "Create")
    assert (output.integer("ProcessId"), output.integer("ReturnValue")) == (4000, 0)


def test_a_null_array_that_is_told_apart_reads_as_empty() -> None:
    """Clients that ask for "precise arrays" get m:IsNullArray; ours does not ask."""
    (path,) = samples.matching(rf"{WSMV}/4\.11\.1_.*_4\.xml")
    found = reply.read_object(reply.read_body(samples.sample(path)))
    assert (found.class_name, found.texts("octet"), found.integer("uint32Key")) == ("UTFPSSemantics_TestBase", [], 100)


# -- fault codes ------------------------------------------------------------------------------------------------------


def test_all_codes_of_the_header_file_are_named() -> None:
    table = samples.sample("wsman-error-codes/wsman_errors.tsv").decode().splitlines()[1:]
    rows = [line.split("\t") for line in table]
    assert len(rows) == 512
    assert {int(row[2]): faults.symbol_of(int(row[2])) for row in rows} == {int(row[2]): row[0] for row in rows}
    assert all(int(row[1], 16) == int(row[2]) for row in rows)


def test_each_code_makes_one_sentence() -> None:
    """With and without a text of Windows, in a fault of the recorded form."""
    form = samples.sample("ianclegg-winrmlib/winrmlib/tests/assets/operation_timeout.xml")
    table = samples.sample("wsman-error-codes/wsman_errors.tsv").decode().splitlines()[1:]
    for symbol, _hexadecimal, code, _text, *_rest in (line.split("\t") for line in table):
        with pytest.raises(WSManFault) as caught:
            reply.read_body(form.replace(b"2150858793", code.encode()))
        assert caught.value.code == int(code)
        assert symbol in str(caught.value)
