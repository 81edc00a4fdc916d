# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded requests against a lab host over real HTTP, NTLM and message encryption."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element

from winrm.exceptions import WinRMTransportError

from tests.fidelity.samples import ADDRESSING, FAULT, SOAP, Exchange, Message, first, local, parsed, short, squeezed
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import pywinrm

_GUID = re.compile(r"(?i)\b[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b")
_MESSAGE_ID = re.compile(rb"(MessageID[^>]*>)[^<]*(<)")
# Attributes whose value is part of the shape; of the others the name is.
_TELLING_TEXTS = {"a:Action", "s:Value", "w:FaultDetail"}
_TELLING = {"xsi:nil", "xsi:type", "Name", "State", "End", "Code", "provider", "qname", "IsCIM_Error"}


@contextmanager
def running(base: str, *hosts: dict[str, Any]) -> Iterator[dict[str, LabHost]]:
    with LabThread([scenario(**host) for host in hosts], base=base) as lab:
        yield lab.hosts


class Sender:
    """Sends raw envelopes to a lab host as pywinrm would."""

    def __init__(self, host: LabHost) -> None:
        self.transport: Any = pywinrm(host.address).transport

    def send(self, envelope: bytes) -> bytes:
        """The reply, whatever its HTTP status. The message id is a new one."""
        fresh = f"uuid:{str(uuid.uuid4()).upper()}".encode()
        request = _MESSAGE_ID.sub(lambda match: match[1] + fresh + match[2], envelope)
        self.transport.build_session()
        try:
            answer = bytes(self.transport.send_message(request))
        except WinRMTransportError as error:
            assert error.code == 500
            answer = str(error.response_text).encode()
        root = parsed(answer)
        related = squeezed(root.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}RelatesTo"))
        if b"MessageID" in request and not _is_wmi_error(root):
            assert related == fresh.decode()
        return answer


def replayed(sender: Sender, exchanges: tuple[Exchange, ...]) -> Iterator[tuple[Exchange, Message]]:
    """Each recorded exchange with the lab's own reply. Ids of shells and commands become those that the lab gave."""
    ids: dict[str, str] = {}
    for number, exchange in enumerate(exchanges, 1):
        if exchange.request is None or exchange.reply is None:
            continue
        request = _GUID.sub(lambda match: ids.get(match[0].upper(), match[0]), exchange.request.raw.decode())
        answer = Message(f"lab#{number}", sender.send(request.encode()))
        ids.update(zip(_given(exchange.reply), _given(answer), strict=False))
        yield exchange, answer


def _given(reply: Message) -> list[str]:
    """The id of a shell or command that a reply gives out, in capitals."""
    for element in reply.root.iter():
        if local(element) == "CommandId" or element.get("Name") == "ShellId":
            return [squeezed(element.text).upper().removeprefix("UUID:")]
    return []


def shape(root: Element) -> list[str]:
    """A reply as lines, an element each: depth, name, attributes. Elements that repeat are named once."""
    lines: list[str] = []
    _describe(root, 0, lines)
    return lines


def _describe(element: Element, depth: int, lines: list[str]) -> None:
    attributes = {short(name): value for name, value in element.attrib.items()}
    shown = sorted(f"{name}={value}" if name in _TELLING else name for name, value in attributes.items())
    text = [squeezed(element.text)] if short(element.tag) in _TELLING_TEXTS else []
    lines.append(" ".join([str(depth), short(element.tag), *shown, *text]))
    before: list[str] = []
    for child in element:
        part: list[str] = []
        _describe(child, depth + 1, part)
        if part != before:
            lines.extend(part)
        before = part


def _is_wmi_error(root: Element) -> bool:
    """The form of quota faults since WinRM 3.0, which does not say what it is about."""
    return any(local(element) == "MSFT_WmiError" for element in root.iter())


def is_fault(root: Element) -> bool:
    return local(first(root)) == "Fault"


def fault_code(root: Element) -> str:
    """The code of a fault as Windows writes it; empty without one."""
    return next((element.get("Code", "") for element in root.iter(f"{{{FAULT}}}WSManFault")), "")


def _body(root: Element) -> str:
    return f"fault {fault_code(root)}" if is_fault(root) else local(first(root))


def differences(recorded: Element, lab: Element) -> list[str]:
    """Lines that only one of the replies has, "-" for the recorded one, or that the order is another.

    A fault instead of an answer is one difference.
    """
    if is_fault(recorded) != is_fault(lab):
        return [f"- {_body(recorded)}", f"+ {_body(lab)}"]
    theirs, ours = shape(recorded), shape(lab)
    if sorted(theirs) == sorted(ours):
        return [] if theirs == ours else ["~ order"]
    found = [f"- {line}" for line in theirs if theirs.count(line) > ours.count(line)]
    found += [f"+ {line}" for line in ours if ours.count(line) > theirs.count(line)]
    return list(dict.fromkeys(found))
