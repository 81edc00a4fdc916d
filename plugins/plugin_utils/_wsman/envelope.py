# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Requests as complete SOAP envelopes. Pure: the same arguments give the same bytes.

The headers and their order are those of the requests that Windows' own client sends (recorded by the tests of
Microsoft OMI) and of the examples of [MS-WSMV] section 4.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import namespaces as ns
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManProtocolError

Scalar = str | int | bool
Parameter = Scalar | bytes | None | Sequence[Scalar]

# What the Windows client asks for; a host with a lower limit of its own keeps to that.
MAX_ENVELOPE_SIZE = 512000
MAX_ELEMENTS = 32000
# [MS-WSMV] 3.1.4.1.1: OperationTimeout of less than 500 ms is refused. MEM: unverified.
_LEAST_TIMEOUT = 0.5

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile(r"[A-Za-z_][\w.-]*(/[A-Za-z_][\w.-]*)*", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Header:
    """What every request but Identify says besides its action."""

    to: str
    message_id: str
    operation_timeout: float  # seconds


def new_message_id() -> str:
    return f"uuid:{str(uuid.uuid4()).upper()}"


def class_uri(namespace: str, class_name: str) -> str:
    """The resource URI of a WMI class ([MS-WSMV] 2.2.4: the namespace path, then the class)."""
    path = namespace.replace("\\", "/").strip("/")
    if not _NAMESPACE.fullmatch(path):
        raise WSManProtocolError(f"{namespace!r} is not the name of a WMI namespace; write it like root/cimv2")
    return f"{ns.WMI}/{path}/{class_name if class_name == '*' else _name(class_name, 'class')}"


def envelope(
    header: Header,
    action: str,
    resource_uri: str,
    body: str,
    *,
    selectors: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> bytes:
    """A whole request; ``body`` is XML, everything else is plain text."""
    must = 's:mustUnderstand="true"'
    may = 's:mustUnderstand="false"'
    parts = [
        f'<s:Envelope xmlns:s="{ns.SOAP}" xmlns:a="{ns.ADDRESSING}" xmlns:n="{ns.ENUMERATION}"',
        f' xmlns:w="{ns.WSMAN}" xmlns:p="{ns.WSMV}"><s:Header>',
        f"<a:To>{text(header.to, 'the endpoint')}</a:To>",
        f"<w:ResourceURI {must}>{text(resource_uri, 'the resource URI')}</w:ResourceURI>",
        f"<a:ReplyTo><a:Address {must}>{ns.ANONYMOUS}</a:Address></a:ReplyTo>",
        f"<a:Action {must}>{text(action, 'the action')}</a:Action>",
        f"<w:MaxEnvelopeSize {must}>{MAX_ENVELOPE_SIZE}</w:MaxEnvelopeSize>",
        f"<a:MessageID>{header.message_id}</a:MessageID>",
        f'<w:Locale xml:lang="en-US" {may}/><p:DataLocale xml:lang="en-US" {may}/>',
        _named("SelectorSet", "Selector", selectors),
        _named("OptionSet", "Option", options),
        f"<w:OperationTimeout>PT{max(_LEAST_TIMEOUT, header.operation_timeout):.3f}S</w:OperationTimeout>",
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>",
    ]
    return "".join(parts).encode("utf-8")


def identify() -> bytes:
    """DSP0226 11: Identify carries no header at all."""
    return (
        f'<s:Envelope xmlns:s="{ns.SOAP}" xmlns:wsmid="{ns.IDENTITY}">'
        "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>"
    ).encode()


def enumerate_wql(header: Header, namespace: str, wql: str) -> bytes:
    """Enumerate with a WQL filter. The class part of the URI must be a star (ERROR_WSMAN_INVALID_URI_WMI_ENUM_WQL)."""
    body = (
        f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{MAX_ELEMENTS}</w:MaxElements>"
        f'<w:Filter Dialect="{ns.WQL}">{text(wql, "the query")}</w:Filter></n:Enumerate>'
    )
    return envelope(header, f"{ns.ENUMERATION}/Enumerate", class_uri(namespace, "*"), body)


def pull(header: Header, namespace: str, context: str) -> bytes:
    body = (
        f"<n:Pull><n:EnumerationContext>{text(context, 'the enumeration context')}</n:EnumerationContext>"
        f"<n:MaxElements>{MAX_ELEMENTS}</n:MaxElements></n:Pull>"
    )
    return envelope(header, f"{ns.ENUMERATION}/Pull", class_uri(namespace, "*"), body)


def release(header: Header, namespace: str, context: str) -> bytes:
    """End an enumeration early: each open one counts against the quota of operations of the user."""
    inner = f"<n:EnumerationContext>{text(context, 'the enumeration context')}</n:EnumerationContext>"
    return envelope(header, f"{ns.ENUMERATION}/Release", class_uri(namespace, "*"), f"<n:Release>{inner}</n:Release>")


def get(header: Header, namespace: str, class_name: str, keys: Mapping[str, str]) -> bytes:
    return envelope(header, f"{ns.TRANSFER}/Get", class_uri(namespace, class_name), "", selectors=keys)


def invoke(
    header: Header,
    namespace: str,
    class_name: str,
    method: str,
    parameters: Mapping[str, Parameter],
    *,
    keys: Mapping[str, str],
) -> bytes:
    """Call a method ([MS-WSMV] 4.1.4; null as winrm.vbs writes it).

    An array repeats its element, ``bytes`` is an array of uint8. An empty array cannot be told from null on the wire:
    both leave the element out.
    """
    uri = class_uri(namespace, class_name)
    _name(method, "method")
    inner = "".join(_parameter(name, value) for name, value in parameters.items())
    body = f'<p:{method}_INPUT xmlns:p="{uri}" xmlns:xsi="{ns.XSI}">{inner}</p:{method}_INPUT>'
    return envelope(header, f"{uri}/{method}", uri, body, selectors=keys)


def text(value: str, what: str) -> str:
    """Escaped text. Raise WSManProtocolError, without the value, when XML cannot carry it."""
    unfit = _NOT_XML.search(value)
    if unfit:
        raise WSManProtocolError(
            f"{what} contains the character U+{ord(unfit.group()):04X}, which XML cannot carry; take it out"
        )
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    # A parser makes a line feed of a bare carriage return.
    return value.replace("\r", "&#13;")


def _attribute(value: str, what: str) -> str:
    return text(value, what).replace("\n", "&#10;").replace("\t", "&#9;")


def _named(outer: str, inner: str, values: Mapping[str, str] | None) -> str:
    if not values:
        return ""
    rows = (
        f'<w:{inner} Name="{_attribute(name, "a name")}">{text(value, name)}</w:{inner}>'
        for name, value in values.items()
    )
    return f"<w:{outer}>{''.join(rows)}</w:{outer}>"


def _name(name: str, kind: str) -> str:
    if not _NAME.fullmatch(name):
        raise WSManProtocolError(f"{name!r} is not the name of a CIM {kind}; use letters, digits and underscores")
    return name


def _parameter(name: str, value: Parameter) -> str:
    _name(name, "parameter")
    if value is None:
        return f'<p:{name} xsi:nil="true"/>'
    if isinstance(value, (str, int)):
        return f"<p:{name}>{_scalar(name, value)}</p:{name}>"
    return "".join(f"<p:{name}>{_scalar(name, item)}</p:{name}>" for item in value)


def _scalar(name: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else text(value, f"the parameter {name}")
