# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Replies to objects. Pure: bytes in, typed values or a WSManError out.

A reply comes from a machine that may be broken or hostile: document types and entities are refused, the size and the
depth are bounded, and a reply to another request is not read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import namespaces as ns
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import MAX_ENVELOPE_SIZE
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance, Value

try:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser
except ImportError:
    # connect.py says so before any request is sent.
    DefusedXmlException, DefusedXMLParser = RuntimeError, None  # type: ignore[assignment, misc]

HAS_DEFUSEDXML = DefusedXMLParser is not None

# WinRM answers with a fault where a reply would be larger than the MaxEnvelopeSize of the request.
MAX_BYTES = 4 * MAX_ENVELOPE_SIZE
# Elements and attributes of a reply, and the characters of their names with their namespaces written out: an element
# takes four bytes on the wire and hundreds in memory. 512000 bytes of Windows hold some 25,000 elements.
_MAX_NODES = 100_000
_MAX_NAMES = 16_000_000
# Of one tag: the parser writes the namespace of each attribute out before anybody can stop it.
_MAX_TAG = 4096
_PIECE = 4096
_MAX_DEPTH = 16
_HEAD = 2000  # where an envelope names its namespaces

# DSP0230: the choices inside of the type cimDateTime.
_DATETIME_CHOICES = frozenset({"Datetime", "CIM_DateTime", "Interval", "Date", "Time"})
_HRESULT = re.compile(r"HRESULT:?\s*0x([0-9A-Fa-f]{8})")


@dataclass(frozen=True)
class Identity:
    product_vendor: str
    product_version: str
    protocol_version: str


@dataclass(frozen=True)
class Page:
    """One reply of an enumeration. ``context`` is empty when the reply names none."""

    items: list[Instance]
    context: str
    ended: bool


@dataclass(frozen=True)
class Output:
    """What one Receive brought. ``exit_code`` is None until the command is done."""

    stdout: bytes
    stderr: bytes
    done: bool
    exit_code: int | None


def read_body(data: bytes, message_id: str = "") -> Element:
    """The SOAP body of a reply to ``message_id``; a fault is raised as WSManFault."""
    root = _parse(data)
    if root.tag != f"{{{ns.SOAP}}}Envelope":
        raise _not_wsman(f"its root element is {_shown(root.tag)}")
    body = root.find(f"{{{ns.SOAP}}}Body")
    if body is None:
        raise _not_wsman("it has no SOAP body")
    relates_to = _clean(root.findtext(f"{{{ns.SOAP}}}Header/{{{ns.ADDRESSING}}}RelatesTo"))
    check_relation(relates_to, message_id)
    fault = body.find(f"{{{ns.SOAP}}}Fault")
    if fault is not None:
        raise _fault(fault, relates_to)
    return body


def read_fault(data: bytes, http_status: int) -> WSManFault | None:
    """The fault in the body of an HTTP error, None when there is none."""
    try:
        read_body(data)
    except WSManFault as fault:
        fault.http_status = http_status
        return fault
    except WSManProtocolError:
        return None
    return None


def check_relation(relates_to: str, message_id: str) -> None:
    """Refuse the reply to another message. Some faults of Windows relate to none (recorded, quota faults)."""
    if relates_to and message_id and _bare_id(relates_to) != _bare_id(message_id):
        raise WSManProtocolError("the reply belongs to another request; run the task again")


def read_page(body: Element, class_name: str = "") -> Page:
    """An EnumerateResponse or a PullResponse. ``class_name`` names the rows of a projection, which carry no name."""
    response = _child(body, "EnumerateResponse", "PullResponse")
    items: list[Instance] = []
    for child in response:
        if _local(child) == "Items":
            items.extend(read_instance(item, class_name) for item in child)
    return Page(
        items=items,
        context=_clean(response.findtext(f"{{{ns.ENUMERATION}}}EnumerationContext")),
        ended=any(_local(child) == "EndOfSequence" for child in response),
    )


def read_object(body: Element, class_name: str = "") -> Instance:
    """The instance in a GetResponse."""
    first = next(iter(body), None)
    if first is None:
        raise _not_wsman("its body is empty")
    return read_instance(first, class_name)


def read_output(body: Element, method: str) -> Instance:
    """The output parameters of a method, ReturnValue among them or not."""
    return read_instance(_child(body, f"{method}_OUTPUT"), "")


def read_identity(body: Element) -> Identity:
    response = _child(body, "IdentifyResponse")
    found = {_local(child): _clean(child.text) for child in response}
    return Identity(
        product_vendor=found.get("ProductVendor", ""),
        product_version=found.get("ProductVersion", ""),
        protocol_version=found.get("ProtocolVersion", ""),
    )


def read_shell_id(body: Element) -> str:
    """The id of a new shell: in the reference of ResourceCreated, and on newer Windows in rsp:Shell too."""
    for element in body.iter():
        is_selector = _local(element) == "Selector" and element.get("Name") == "ShellId"
        if is_selector or element.tag == f"{{{ns.SHELL}}}ShellId":
            identity = _clean(element.text)
            if identity:
                return identity
    raise _not_wsman("it names no shell")


def read_command_id(body: Element) -> str:
    identity = _clean(_child(body, "CommandResponse").findtext(f"{{{ns.SHELL}}}CommandId"))
    if not identity:
        raise _not_wsman("it names no command")
    return identity


def read_receive(body: Element) -> Output:
    response = _child(body, "ReceiveResponse")
    streams = {"stdout": bytearray(), "stderr": bytearray()}
    done = False
    exit_code: int | None = None
    for element in response:
        name = _local(element)
        if name == "Stream" and element.get("Name") in streams:
            streams[element.get("Name", "")] += _base64(element.text)
        elif name == "CommandState" and element.get("State") == ns.COMMAND_DONE:
            done = True
            exit_code = _number(element.findtext(f"{{{ns.SHELL}}}ExitCode"))
            if exit_code is None:
                raise _not_wsman("a command is done without an exit code")
    return Output(bytes(streams["stdout"]), bytes(streams["stderr"]), done, exit_code)


def read_instance(element: Element, class_name: str, depth: int = 0) -> Instance:
    """An instance from its element.

    The name of the class is in xsi:type, or else the element has it: a query of Win32_Service returns TermService as
    Win32_TerminalService (recorded, 2008 R2). Rows of a projection are w:XmlFragment and name none.
    """
    if depth > _MAX_DEPTH:
        raise _not_wsman("its objects are nested too deep")
    fragment = element.tag == f"{{{ns.WSMAN}}}XmlFragment"
    instance = Instance(_typed(element) or (class_name if fragment else _local(element)))
    for child in element:
        if child.tag == f"{{{ns.CIM_COMMON}}}Location":
            continue  # the address of the instance, not a property of it
        instance.add(_local(child), _value(child, depth))
    return instance


def _value(element: Element, depth: int) -> Value:
    if element.get(f"{{{ns.XSI}}}nil") in ("true", "1"):
        return None
    children = list(element)
    if not children:
        return element.text or ""
    if len(children) == 1 and _is_datetime(children[0]):
        return _clean(children[0].text)
    if element.find(f"{{{ns.ADDRESSING}}}ReferenceParameters") is not None:
        return _reference(element)
    return read_instance(element, "", depth + 1)


def _is_datetime(element: Element) -> bool:
    # Inside of a fragment the element is in no namespace (recorded, 2003 and 2008 R2).
    return _local(element) in _DATETIME_CHOICES and _space(element) in ("", ns.CIM_COMMON) and not len(element)


def _reference(element: Element) -> Instance:
    """A CIM reference: an endpoint reference whose selectors are the keys of the object."""
    uri = ""
    keys = {}
    for child in element.iter():
        if child.tag == f"{{{ns.WSMAN}}}ResourceURI":
            uri = _clean(child.text)
        elif child.tag == f"{{{ns.WSMAN}}}Selector":
            keys[child.get("Name", "")] = child.text or ""
    return Instance(uri.rpartition("/")[2], keys)


def _typed(element: Element) -> str:
    name = element.get(f"{{{ns.XSI}}}type", "").rpartition(":")[2]
    return name[: -len("_Type")] if name.endswith("_Type") else ""


def _fault(fault: Element, relates_to: str) -> WSManFault:
    """Both forms of Windows, f:WSManFault and MSFT_WmiError, and a SOAP fault without detail."""
    codes: list[int] = []
    reasons: list[str] = [_clean(fault.findtext(f"{{{ns.SOAP}}}Reason/{{{ns.SOAP}}}Text"))]
    provider = ""
    wmi: list[int] = []
    for element in fault.iter():
        name = _local(element)
        text = _clean(element.text)
        if element.tag == f"{{{ns.FAULT}}}WSManFault":
            codes.extend(_code(element.get("Code")))
        elif element.tag == f"{{{ns.FAULT}}}Message":
            reasons.append(text)
        elif element.tag == f"{{{ns.FAULT}}}ProviderFault":
            provider = provider or _clean(element.get("provider"))
            reasons.append(text)
        elif name == "error_Code":
            codes.extend(_code(text))
        elif name == "Message":
            reasons.append(text)
        elif name == "StatusCode":
            wmi.extend(_code(text))
        if name in ("Message", "MessageID", "ProviderFault", "Text"):
            wmi.extend(int(found, 16) for found in _HRESULT.findall(text))
    subcode = _clean(fault.findtext(f"{{{ns.SOAP}}}Code/{{{ns.SOAP}}}Subcode/{{{ns.SOAP}}}Value"))
    subcode = subcode or _clean(fault.findtext(f"{{{ns.SOAP}}}Code/{{{ns.SOAP}}}Value"))
    return WSManFault(
        codes[0] if codes else None,
        # The innermost text is the most precise one.
        reason=next((reason for reason in reversed(reasons) if reason), ""),
        provider=provider,
        wmi_code=next((code for code in wmi + codes if faults.is_wmi(code)), None),
        subcode=subcode.rpartition(":")[2],
        relates_to=relates_to,
    )


def _code(text: str | None) -> Iterator[int]:
    """Windows writes codes as unsigned or as signed decimal numbers; zero is none."""
    number = _number(text)
    if number:
        yield number & 0xFFFFFFFF


class _Builder(TreeBuilder):
    """Builds the tree of a reply for as long as it takes no more memory than one of Windows can."""

    def __init__(self) -> None:
        super().__init__()
        self._nodes = 0
        self._names = 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        self._nodes += 1 + len(attributes)
        self._names += len(tag) + sum(map(len, attributes))
        if self._nodes > _MAX_NODES or self._names > _MAX_NAMES:
            raise _too_complex()
        return super().start(tag, attributes)


def _parse(data: bytes) -> Element:
    if len(data) > MAX_BYTES:
        raise _not_wsman(f"it is larger than {MAX_BYTES} bytes")
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        # In pieces, because the parser goes through what it was given to its end even after an error.
        for start in range(0, len(data), _PIECE):
            parser.feed(data[start : start + _PIECE])
            if start + _PIECE - parser.parser.CurrentByteIndex > _MAX_TAG + _PIECE:
                raise _too_complex()
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise _not_wsman("it contains a document type or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        # LookupError and ValueError: an encoding that is not known, or not possible for XML.
        if ns.SOAP.encode() in data[:_HEAD]:
            raise WSManProtocolError(
                "the reply is cut off or damaged, it is not well-formed XML; run the task again, and look for a proxy "
                "in between"
            ) from error
        raise _not_wsman("it is not well-formed XML") from error
    return root


def _too_complex() -> WSManProtocolError:
    return _not_wsman("its elements are more, or larger, than WinRM sends")


def _not_wsman(why: str) -> WSManProtocolError:
    return WSManProtocolError(
        f"the reply is not one of WS-Management, {why}; check that the host and the port are those of WinRM"
    )


def _child(body: Element, *names: str) -> Element:
    for child in body:
        if _local(child).lower() in (name.lower() for name in names):
            return child
    raise _not_wsman(f"it has no {' or '.join(names)}")


def _base64(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_wsman("a stream of it is not base64") from error


def _number(text: str | None) -> int | None:
    clean = _clean(text)
    return int(clean) if re.fullmatch(r"-?[0-9]{1,20}", clean) else None


def _clean(text: str | None) -> str:
    """Text whose white space means nothing, as in re-indented recordings."""
    return " ".join((text or "").split())


def _bare_id(identity: str) -> str:
    return re.sub(r"^(urn:)?uuid[:.]", "", identity.strip(), flags=re.IGNORECASE).lower()


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _space(element: Element) -> str:
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def _shown(tag: str) -> str:
    return repr(tag.rpartition("}")[2][:40])
