# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recorded samples: found by walking the folder, cut into messages, and read by a second reader.

The second reader knows nothing of the client and of the lab. What it finds is what both are held to. Importing this
module without RDP_CAPTURES skips the importing test module.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import pytest
import yaml
from defusedxml.ElementTree import fromstring

if not os.environ.get("RDP_CAPTURES"):
    pytest.skip("RDP_CAPTURES does not name the folder of recorded Windows samples", allow_module_level=True)

ROOT = Path(os.environ["RDP_CAPTURES"])

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {SOAP: "s", ADDRESSING: "a", ENUMERATION: "n", TRANSFER: "x", WSMAN: "w", WSMV: "p", SHELL: "rsp"}
PREFIXES |= {FAULT: "f", XSI: "xsi", "http://www.w3.org/XML/1998/namespace": "xml"}

PYPSRP = "jborean93-pypsrp/tests/tests_pypsrp/responses"
WIN7 = "cloudsoft-winrm4j/win7.xml"
MASTERZEN = "masterzen-winrm/development/sample_requests.txt"
IDENTIFY = "microsoft-omi/Unix/protocol/samples/identify.xml"
GET_CLASS = "microsoft-omi/Unix/doc/xml/GetClassRequest.xml"
# What the project behind the .erb files fills in.
_ERB = {"command_id": "8A3B4AA6-8F0F-4D7A-8A64-B9E7E4C1B0B5"} | dict.fromkeys(
    ("test_data_stdout", "test_data_stdout1", "test_data_stdout2", "test_data_stderr"), "aGVsbG8NCg=="
)


@dataclass(frozen=True)
class Message:
    """One SOAP envelope of a sample. ``name`` is its file and, where that holds several, its place in it."""

    name: str
    raw: bytes

    @property
    def root(self) -> Element:
        return parsed(self.raw)

    @property
    def action(self) -> str:
        """The last part of the action; empty without one."""
        return header(self.root, ADDRESSING, "Action").rpartition("/")[2]

    @property
    def is_request(self) -> bool:
        """A request says where replies go to, or is an Identify."""
        found = self.root.find(f"{{{SOAP}}}Header/{{{ADDRESSING}}}ReplyTo")
        return found is not None or local(first(self.root)) == "Identify"


@dataclass(frozen=True)
class Exchange:
    """A request and what Windows answered; either may be missing in a recording."""

    request: Message | None
    reply: Message | None


def parsed(raw: bytes) -> Element:
    found: Element = fromstring(raw)
    return found


def well_formed(raw: bytes) -> bool:
    try:
        parsed(raw)
    except ParseError:
        return False
    return True


@cache
def files() -> tuple[str, ...]:
    """Every file below the folder, by its path in it."""
    return tuple(sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()))


def matching(pattern: str) -> list[str]:
    """Files by a regular expression on the whole path."""
    return [path for path in files() if re.fullmatch(pattern, path)]


def sample(path: str) -> bytes:
    return (ROOT / path).read_bytes()


@cache
def exchanges(path: str) -> tuple[Exchange, ...]:
    """The exchanges of a recorded conversation."""
    if path == WIN7:
        return tuple(_win7())
    found = []
    loaded = yaml.load(sample(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    for number, item in enumerate(loaded["messages"], 1):
        name = f"{path}#{number}"
        pair = [Message(f"{name} {side}", item[side].encode()) if item[side] else None for side in _SIDES]
        found.append(Exchange(*pair))
    return tuple(found)


_SIDES = ("request", "response")


@cache
def messages(path: str) -> tuple[Message, ...]:
    """The envelopes of one file, made whole where the file keeps a template. Not for files without envelopes."""
    if path.endswith(".yml") or path == WIN7:
        pairs = [side for exchange in exchanges(path) for side in (exchange.request, exchange.reply)]
        return tuple(message for message in pairs if message is not None and well_formed(message.raw))
    raw = sample(path)
    if path == MASTERZEN:
        parts = re.findall(rb"<env:Envelope.*?</env:Envelope>", raw, re.DOTALL)
        return tuple(Message(f"{path}#{number}", part) for number, part in enumerate(parts, 1))
    if path == GET_CLASS:
        return (Message(path, raw[raw.index(b"<s:Envelope") :]),)  # its first line is a shell command
    if path == IDENTIFY:
        request = raw[: raw.index(b"</s:Envelope>") + len(b"</s:Envelope>")]
        reply = raw[raw.rindex(b"<wsmid:IdentifyResponse ") :]
        # The block in between is the grammar of the specification; the last is Windows', without its envelope.
        whole = b'<s:Envelope xmlns:s="%s"><s:Header/><s:Body>%s</s:Body></s:Envelope>' % (SOAP.encode(), reply)
        return Message(f"{path}#1", request), Message(f"{path}#2", whole)
    if path.endswith(".erb"):
        text = re.sub(r"<%= *(\w+) *%>", lambda match: _ERB[match[1]], raw.decode())
        return (Message(path, text.encode()),)
    if path.endswith("get-response-fault.xml"):
        return (Message(path, raw.replace(b"http://schem\nas", b"http://schemas")),)  # stored with a line break in it
    return (Message(path, raw),)


def _win7() -> Iterator[Exchange]:
    """Its root holds pairs of envelopes, with placeholders for ids and addresses."""
    raw = sample(WIN7).decode()
    for number, item in enumerate(re.findall(r"<item>.*?</item>", raw, re.DOTALL), 1):
        found = [re.search(r"<(\w+):Envelope.*?</\1:Envelope>", side, re.DOTALL) for side in item.split("<response>")]
        texts = [match[0].replace("${serviceUrl}", "http://win7:5985/wsman") for match in found if match]
        request, reply = (text.replace("${messageId}", f"uuid:{number}") for text in texts)
        yield Exchange(
            Message(f"{WIN7}#{number} request", request.encode()), Message(f"{WIN7}#{number} response", reply.encode())
        )


# -- the second reader ------------------------------------------------------------------------------------------------


def local(element: Element | None) -> str:
    return "" if element is None else element.tag.rpartition("}")[2]


def short(name: str) -> str:
    """A name in Clark notation with the usual prefix; an unknown namespace keeps its last part."""
    if not name.startswith("{"):
        return name
    space, _brace, bare = name[1:].partition("}")
    return f"{PREFIXES.get(space) or '{' + space.rpartition('/')[2] + '}'}:{bare}"


def body(root: Element) -> Element:
    found = root.find(f"{{{SOAP}}}Body")
    assert found is not None
    return found


def first(root: Element) -> Element | None:
    """The first element of the body, if any."""
    return next(iter(body(root)), None)


def header(root: Element, space: str, name: str) -> str:
    return squeezed(root.findtext(f"{{{SOAP}}}Header/{{{space}}}{name}"))


def squeezed(text: str | None) -> str:
    return " ".join((text or "").split())


def rows(root: Element) -> list[Element]:
    """The items of an enumeration reply."""
    found = [element for element in body(root).iter() if local(element) == "Items"]
    return [item for items in found for item in items]


def is_nil(element: Element) -> bool:
    return element.get(f"{{{XSI}}}nil") in ("true", "1")


def values(row: Element) -> dict[str, list[str | None]]:
    """Properties that are texts, nulls or datetimes, as lists; one that is an object has the list of its names."""
    found: dict[str, list[str | None]] = {}
    for child in row:
        if local(child) == "Location":
            continue
        kept = found.setdefault(local(child), [])
        if is_nil(child):
            kept.append(None)
        elif len(child) == 0:
            kept.append(child.text or "")
        elif [local(inner) for inner in child] == ["Datetime"]:
            kept.append(squeezed(child[0].text))
        else:
            kept.append(" ".join(sorted({local(inner) for inner in child})))
    return found
