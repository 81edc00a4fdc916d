# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading of requests and writing of replies. The order of reply headers is the recorded one."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tests.lab.model.host import Host
from tests.lab.wsman import faults, names

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")
_UNDERSTOOD = (
    {
        f"{{{names.ADDRESSING}}}{name}"
        for name in ("Action", "To", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo")
    }
    | {
        f"{{{names.WSMAN}}}{name}"
        for name in ("ResourceURI", "SelectorSet", "OptionSet", "MaxEnvelopeSize", "OperationTimeout", "Locale")
    }
    | {
        f"{{{names.WSMAN_MS}}}{name}"
        for name in ("DataLocale", "SessionId", "ActivityId", "OperationID", "SequenceId", "CompressionType")
    }
)
_PREFIXES = {
    "a": names.ADDRESSING,
    "x": names.TRANSFER,
    "e": names.EVENTING,
    "n": names.ENUMERATION,
    "w": names.WSMAN,
    "rsp": names.SHELL,
    "p": names.WSMAN_MS,
}
DEFAULT_MAX_ENVELOPE = 153600


class BadRequest(Exception):
    """The body is no SOAP envelope: HTTP 400."""


@dataclass(frozen=True)
class Request:
    """One parsed request. `timeout` in seconds, None without OperationTimeout; `body` is the first child of s:Body."""

    action: str
    resource_uri: str
    message_id: str
    to: str
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    max_envelope: int = DEFAULT_MAX_ENVELOPE
    timeout: float | None = None
    body: Element | None = None
    identify: bool = False


def parse(data: bytes) -> Request:
    """A request from its bytes; BadRequest when it is no envelope, a Fault when a header is wrong."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadRequest(str(error)) from error
    if root.tag != f"{{{names.SOAP}}}Envelope":
        raise BadRequest("the root element is not a SOAP 1.2 envelope")
    body = root.find(f"{{{names.SOAP}}}Body")
    if body is None:
        raise BadRequest("there is no Body")
    first = next(iter(body), None)
    if first is not None and first.tag == f"{{{names.IDENTITY}}}Identify":
        return Request("", "", "", "", body=first, identify=True)
    header = root.find(f"{{{names.SOAP}}}Header")
    if header is None:
        raise faults.invalid_header("The request has no SOAP header. ")
    _check_understood(header)
    action = _text(header, names.ADDRESSING, "Action")
    message_id = _text(header, names.ADDRESSING, "MessageID")
    to = _text(header, names.ADDRESSING, "To")
    for name, value in (("Action", action), ("MessageID", message_id), ("To", to)):
        if not value:
            raise faults.invalid_header(f"The SOAP header {name} is missing. ")
    return Request(
        action=action,
        resource_uri=_text(header, names.WSMAN, "ResourceURI"),
        message_id=message_id,
        to=to,
        selectors=_named(header, "SelectorSet", "Selector"),
        options=_named(header, "OptionSet", "Option"),
        max_envelope=_max_envelope(header),
        timeout=duration(_text(header, names.WSMAN, "OperationTimeout")),
        body=first,
    )


def message_id_of(data: bytes) -> str:
    """The MessageID of a request that was refused, for RelatesTo; empty when there is none."""
    match = re.search(rb"<(?:\w+:)?MessageID[^>]*>\s*([^<\s]+)", data)
    return match.group(1).decode("ascii", "replace") if match is not None else ""


def _check_understood(header: Element) -> None:
    for child in header:
        if (
            child.get(f"{{{names.SOAP}}}mustUnderstand", "false").lower() in ("true", "1")
            and child.tag not in _UNDERSTOOD
        ):
            namespace, _separator, name = child.tag.removeprefix("{").partition("}")
            raise faults.must_understand(namespace if name else "", name or namespace)


def _text(header: Element, namespace: str, name: str) -> str:
    return (header.findtext(f"{{{namespace}}}{name}") or "").strip()


def _named(header: Element, container: str, item: str) -> dict[str, str]:
    parent = header.find(f"{{{names.WSMAN}}}{container}")
    if parent is None:
        return {}
    return {child.get("Name", ""): (child.text or "").strip() for child in parent.findall(f"{{{names.WSMAN}}}{item}")}


def _max_envelope(header: Element) -> int:
    text = _text(header, names.WSMAN, "MaxEnvelopeSize")
    if not text:
        return DEFAULT_MAX_ENVELOPE
    if not text.isdigit():
        raise faults.invalid_header(f"The XML contains an invalid MaxEnvelopeSize field in the SOAP header: {text}. ")
    return int(text)


def duration(text: str) -> float | None:
    """Seconds of an xs:duration; None for no text, a Fault for other text."""
    if not text:
        return None
    match = _DURATION.match(text)
    if match is None or not any(match.groups()):
        raise faults.invalid_header(
            "The WS-Management service cannot process the request. The XML contains an invalid timeout field in the "
            f"SOAP header: {text}. "
        )
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def new_id() -> str:
    """An upper-case GUID, as Windows writes them."""
    return str(uuid.uuid4()).upper()


class Writer:
    """Writes the replies of one host, as its Windows version and its language make them."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def reply(
        self, action: str, relates_to: str, body: str, prefixes: tuple[str, ...], extra_header: str = ""
    ) -> bytes:
        """A reply envelope that declares `prefixes` beside `s`. p:ActivityId follows the MessageID where the version
        has it (recorded); its value counts nothing here."""
        host, activity = self._host, ""
        if host.profile.activity_ids:
            activity = f"<p:ActivityId>{new_id()}</p:ActivityId>"
            prefixes = (*prefixes, *(("p",) if "p" not in prefixes else ()))
        declared = "".join(f' xmlns:{prefix}="{_PREFIXES[prefix]}"' for prefix in prefixes)
        related = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
        return (
            f'<s:Envelope xml:lang="{host.language.tag}" xmlns:s="{names.SOAP}"{declared}><s:Header>'
            f"<a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{new_id()}</a:MessageID>{activity}"
            f"<a:To>{names.ANONYMOUS}</a:To>{related}{extra_header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()

    def fault(self, fault: faults.Fault, relates_to: str, machine: str) -> bytes:
        """A fault envelope; `e`, `x` and `n` are declared as in recorded faults. A quota fault as MSFT_WmiError does
        not say which message it is about: none of the three recorded ones has RelatesTo."""
        host = self._host
        as_wmi_error = host.profile.winrm_stack != "2.0"
        look = faults.Look(machine, host.fqdn, host.profile.typed_errors, as_wmi_error, host.language)
        related = "" if fault.quota and as_wmi_error else relates_to
        return self.reply(fault.action, related, fault.body(look), ("a", "x", "e", "n", "w", "p"), fault.header())
