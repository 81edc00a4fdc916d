# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the WS-Management client share: replies, and a transport that plays a script."""

from __future__ import annotations

import re
from collections.abc import Callable

Step = bytes | Exception | Callable[[bytes], bytes]


def message_id(request: bytes) -> str:
    found = re.search(rb"MessageID>([^<]+)<", request)
    return found.group(1).decode() if found else ""


def action(request: bytes) -> str:
    found = re.search(rb"Action[^>]*>([^<]+)<", request)
    return found.group(1).decode().rpartition("/")[2] if found else "Identify"


class ScriptedTransport:
    """Answers each request with the next step; a reply relates to the request by its placeholder ``@ID@``."""

    endpoint = "http://win01:5985/wsman"
    tls = None

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.sent: list[bytes] = []
        self.timeouts: list[float] = []
        self.closed = 0

    def send(self, envelope: bytes, timeout: float) -> bytes:
        self.sent.append(envelope)
        self.timeouts.append(timeout)
        if not self.steps:
            raise AssertionError(f"one request too many: {action(envelope)}")
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        answer = step if isinstance(step, bytes) else step(envelope)
        return answer.replace(b"@ID@", message_id(envelope).encode())

    def close(self) -> None:
        self.closed += 1

    @property
    def actions(self) -> list[str]:
        return [action(request) for request in self.sent]


def envelope(body: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
        'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" '
        'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common">'
        "<s:Header><a:RelatesTo>@ID@</a:RelatesTo></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def page(kind: str, names: list[str], *, context: str = "", ended: bool = False) -> bytes:
    """An enumeration reply with one service a name, as Windows lays it out for Enumerate and for Pull."""
    prefix = "w" if kind == "Enumerate" else "n"
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service"
    rows = "".join(
        f'<p:Win32_Service xmlns:p="{uri}" xsi:type="p:Win32_Service_Type"><p:Name>{name}</p:Name></p:Win32_Service>'
        for name in names
    )
    end = f"<{prefix}:EndOfSequence/>" if ended else ""
    given = f"<n:EnumerationContext>{context}</n:EnumerationContext>" if context or kind == "Enumerate" else ""
    items = f"<{prefix}:Items>{rows}</{prefix}:Items>"
    return envelope(f"<n:{kind}Response>{given}{items}{end}</n:{kind}Response>")


def fault(code: int, text: str = "", subcode: str = "w:InternalError") -> bytes:
    detail = (
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{code}" Machine="win01">'
        f"<f:Message>{text}</f:Message></f:WSManFault>"
    )
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="">{text}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
    )


TIMED_OUT = fault(2150858793, "too slow", "w:TimedOut")
