# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that are not ours, for the lab's own tests: pywinrm and pypsrp."""

from __future__ import annotations

import uuid
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring
from pypsrp.wsman import WSMan
from winrm.protocol import Protocol

from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER
from tests.lab.wsman import names

CIMV2 = names.WMI_PREFIX + "root/cimv2/"


def pywinrm(address: str, transport: Any = "ntlm", encryption: Any = "always", **more: Any) -> Protocol:
    options = {
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "read_timeout_sec": 20,
        "operation_timeout_sec": 10,
    }
    return Protocol(
        f"http://{address}:5985/wsman", transport=transport, message_encryption=encryption, **{**options, **more}
    )


def pypsrp(address: str, **more: Any) -> WSMan:
    options = {
        "username": DEFAULT_USER,
        "password": DEFAULT_PASSWORD,
        "ssl": False,
        "auth": "ntlm",
        "encryption": "always",
        "port": 5985,
    }
    return WSMan(address, **{**options, **more})


def envelope(
    action: str, uri: str, body: str = "", *, header: str = "", max_size: int = 153600, timeout: str = "PT20S"
) -> str:
    """A request in the form of [MS-WSMV] 4.1."""
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}" '
        f'xmlns:n="{names.ENUMERATION}"><s:Header><a:To>http://server:5985/wsman</a:To>'
        f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI><a:ReplyTo><a:Address s:mustUnderstand="true">'
        f'{names.ANONYMOUS}</a:Address></a:ReplyTo><a:Action s:mustUnderstand="true">{action}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{max_size}</w:MaxEnvelopeSize>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def enumerate_body(query: str, optimize: bool = True, elements: int | None = 50) -> str:
    text = query.replace("&", "&amp;").replace("<", "&lt;")
    count = f"<w:MaxElements>{elements}</w:MaxElements>" if elements is not None and optimize else ""
    how = f"<w:OptimizeEnumeration/>{count}" if optimize else ""
    return f'<n:Enumerate>{how}<w:Filter Dialect="{names.WQL}">{text}</w:Filter></n:Enumerate>'


def selectors(**values: str) -> str:
    items = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in values.items())
    return f"<w:SelectorSet>{items}</w:SelectorSet>"


def invoke(protocol: Protocol, class_uri: str, method: str, inputs: str = "", header: str = "") -> dict[str, list[str]]:
    """Out parameters by name, each a list of texts."""
    body = f'<p:{method}_INPUT xmlns:p="{class_uri}">{inputs}</p:{method}_INPUT>'
    reply = protocol.send_message(envelope(f"{class_uri}/{method}", class_uri, body, header=header))
    output = fromstring(reply).find(f".//{{{class_uri}}}{method}_OUTPUT")
    assert output is not None
    found: dict[str, list[str]] = {}
    for child in output:
        found.setdefault(child.tag.rpartition("}")[2], []).append(child.text or "")
    return found


def registry(
    protocol: Protocol, method: str, key: str, value: str | None = None, more: str = ""
) -> dict[str, list[str]]:
    """A StdRegProv call below HKEY_LOCAL_MACHINE."""
    name = "" if value is None else f"<p:sValueName>{value}</p:sValueName>"
    inputs = f"<p:hDefKey>2147483650</p:hDefKey><p:sSubKeyName>{key}</p:sSubKeyName>{name}{more}"
    return invoke(protocol, CIMV2 + "StdRegProv", method, inputs)


def query(protocol: Protocol, text: str, namespace: str = "root/cimv2", elements: int = 50) -> list[Element]:
    """Every item of a WQL query, pulled to the end."""
    uri = f"{names.WMI_PREFIX}{namespace}/*"
    root = fromstring(protocol.send_message(envelope(names.ENUMERATE, uri, enumerate_body(text, True, elements))))
    items = items_of(root, names.WSMAN)
    context = root.findtext(f".//{{{names.ENUMERATION}}}EnumerationContext") or ""
    while context:
        body = (
            f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>{elements}</n:MaxElements>"
            "</n:Pull>"
        )
        root = fromstring(protocol.send_message(envelope(names.PULL, uri, body)))
        items += items_of(root, names.ENUMERATION)
        context = root.findtext(f".//{{{names.ENUMERATION}}}EnumerationContext") or ""
    return items


def items_of(root: Element, namespace: str) -> list[Element]:
    """The items of an Enumerate (WS-Man namespace) or Pull (enumeration namespace) reply."""
    found = root.find(f".//{{{namespace}}}Items")
    assert found is not None
    return list(found)


def texts(item: Element) -> dict[str, str | None]:
    """Properties of an item, the last value of each."""
    return {child.tag.rpartition("}")[2]: child.text for child in item}
