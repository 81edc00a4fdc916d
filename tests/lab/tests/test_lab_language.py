# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A German host says in German what Windows localizes; names, states and codes stay what they are everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from pypsrp.exceptions import WSManFaultError

from tests.lab.model import certificates
from tests.lab.model.host import Host
from tests.lab.model.language import ENGLISH, load_language
from tests.lab.model.security import SYSTEM_TOKEN
from tests.lab.native.runner import run_command_line
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import load_folder
from tests.lab.tests.lab_clients import CIMV2, envelope, invoke, pypsrp, pywinrm, query, selectors, texts
from tests.lab.tests.test_lab_clients import CLEAR, post
from tests.lab.wsman import faults, names

RunHost = Callable[..., tuple[LabThread, LabHost]]
MakeHost = Callable[..., Host]
GERMAN = Path(__file__).resolve().parent.parent / "scenarios" / "german"
ENGLISH_WORDS = re.compile(r"\b(?:the|service|cannot|is|was|not|files?|rules?|Access|Remote Desktop|SUCCESS|ERROR)\b")


@pytest.fixture
def german(run_host: RunHost) -> LabHost:
    (one,) = load_folder(GERMAN)
    _lab, host = run_host(**one.data, **CLEAR)
    return host


def languages(root: Element) -> set[str]:
    found = (element.get("{http://www.w3.org/XML/1998/namespace}lang") for element in root.iter())
    return {tag for tag in found if tag}


def test_names_are_german_and_keys_are_not(german: LabHost) -> None:
    protocol = pywinrm(german.address)
    (system,) = query(protocol, "select * from Win32_OperatingSystem")
    found = texts(system)
    assert [found[name] for name in ("OSLanguage", "Locale", "MUILanguages")] == ["1031", "0407", "de-DE"]
    (service,) = query(protocol, "select * from Win32_Service where Name='TermService'")
    found = texts(service)
    assert [found[name] for name in ("DisplayName", "State", "StartMode", "Status", "StartName")] == [
        "Remotedesktopdienste", "Running", "Manual", "OK", "NT Authority\\NetworkService",
    ]  # fmt: skip
    rules = query(protocol, "select * from MSFT_NetFirewallRule", "root/standardcimv2")
    (rule,) = (texts(rule) for rule in rules if texts(rule)["InstanceID"] == "RemoteDesktop-UserMode-In-TCP")
    assert [rule[name] for name in ("DisplayName", "DisplayGroup", "RuleGroup")] == [
        "Remotedesktop - Benutzermodus (TCP eingehend)", "Remotedesktop", "@FirewallAPI.dll,-28752",
    ]  # fmt: skip
    path = german.model.remote_desktop.key_file(certificates.RDP_CONTAINER)
    uri = CIMV2 + "Win32_LogicalFileSecuritySetting"
    header = selectors(Path=path)
    request = envelope(
        f"{uri}/GetSecurityDescriptor", uri, f'<p:GetSecurityDescriptor_INPUT xmlns:p="{uri}"/>', header=header
    )
    root = fromstring(protocol.send_message(request))
    assert "NT-AUTORITÄT" in {element.text for element in root.iter()}
    assert "S-1-5-18" in {element.text for element in root.iter()}
    assert invoke(protocol, CIMV2 + "Win32_Service", "StartService", "", selectors(Name="TermService")) == {
        "ReturnValue": ["10"]
    }


def test_replies_and_faults_are_german_whatever_the_request_asks_for(german: LabHost) -> None:
    uri, english = CIMV2 + "Win32_Service", '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
    for name, status in (("TermService", 200), ("NoSuchService", 500)):
        reply = post(german.address, envelope(names.GET, uri, header=selectors(Name=name) + english))
        assert (reply.status_code, languages(fromstring(reply.content))) == (status, {"de-DE"})
    root = fromstring(reply.content)
    said = [
        element.text or "" for element in root.iter() if element.tag.endswith(("}Text", "}Message", "}ProviderFault"))
    ]
    assert len(said) == 4 and any("Selektoren" in text for text in said)
    assert not any(ENGLISH_WORDS.search(text) for text in said)
    with pytest.raises(WSManFaultError) as caught:
        pypsrp(german.address).invoke(f"{uri}/Nothing", uri, Element(f"{{{uri}}}Nothing_INPUT"))
    assert (caught.value.code, caught.value.reason) == (0x8004102E, "Ungültige Methode")


def test_every_fault_has_a_german_text(make_host: MakeHost) -> None:
    host = make_host(language=1031)
    look = faults.Look("127.0.0.1", host.fqdn, True, True, host.language)
    every = [
        faults.access_denied(), faults.timed_out(), faults.shell_quota(5), faults.operation_quota(15),
        faults.invalid_parameter(), faults.command_not_found(), faults.unknown_command(), faults.shell_not_found(),
        faults.must_understand("urn:x", "y"), faults.schema_error("There is no Shell. "), faults.invalid_class("q"),
        faults.internal_error(2150859175), faults.wmi_error(0x80041002, "Not found "),
    ]  # fmt: skip
    for fault in every:
        body = fault.body(look)
        assert 'xml:lang="de-DE"' in body
        assert not ENGLISH_WORDS.search(re.sub(r"<[^>]*>", " ", body).replace("p:", "")), body


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("icacls {key}", "1 Dateien erfolgreich verarbeitet, bei 0 Dateien ist ein Verarbeitungsfehler aufgetreten."),
        ("icacls {key} /grant Netzwerkdienst:R", "Bearbeitete Datei: {key}"),
        ('icacls {key} /grant "NETWORK SERVICE:R"', "NETWORK SERVICE: Zuordnungen von Kontennamen und"),
        ("icacls C:\\none", "C:\\none: Das System kann die angegebene Datei nicht finden."),
        ("takeown /f {key} /a", "ERFOLGREICH: Die Datei"),
        ('netsh advfirewall firewall set rule group="Remotedesktop" new enable=no', "Regel(n) wurde(n) aktualisiert."),
        ('netsh advfirewall firewall set rule group="Remote Desktop" new enable=no', "Es stimmen keine Regeln"),
        ("qwinsta", "SITZUNGSNAME"),
        ("nonsense", 'Der Befehl "nonsense" ist entweder falsch geschrieben oder'),
    ],
)
def test_tools_speak_german(make_host: MakeHost, line: str, said: str) -> None:
    host = make_host(language=1031)
    key = host.remote_desktop.key_file(certificates.RDP_CONTAINER)
    result = run_command_line(host, SYSTEM_TOKEN, line.format(key=key))
    text = result.stdout + result.stderr
    assert said.format(key=key) in text
    assert not ENGLISH_WORDS.search(text.replace("NETWORK SERVICE", "").replace("Remote Desktop", ""))


def test_english_is_what_the_lab_is_written_in() -> None:
    english: Any = load_language(ENGLISH)
    assert (english.locale, english.tag, english.tool_output("Access is denied.")) == (
        "0409",
        "en-US",
        "Access is denied.",
    )
    assert english.fault_text(5, "Access is denied. ") == "Access is denied. "
    assert set(english.firewall) == set(load_language(1031).firewall)
