# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enumerate, Pull and Release.

Recorded on Server 2008 R2: the first reply of an optimized enumeration holds one item and a context, every Pull gives a
new context, the last one has n:EndOfSequence and no context; one item in all gives an empty context and w:EndOfSequence
at once. From Windows 8 the first reply holds up to MaxElements (MEM: unverified).

Windows' own client (recorded) asks for EnumerateObjectAndEPR: w:Item with the object and its endpoint reference
(DSP0226 8.7; a public client relies on both, and on the derived class in the reference). The reference of a keyless
class has no selectors, and one through a DMTF URI names its namespace (MEM: unverified).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from tests.lab import wql
from tests.lab.cim import catalogue
from tests.lab.cim.base import CimClass, Instance, Query, fragment_xml, instance_xml
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.wsman import faults, names
from tests.lab.wsman.envelope import Request, Writer, new_id

_ENVELOPE_OVERHEAD = 1200
_OBJECT, _REFERENCE, _BOTH = "EnumerateObject", "EnumerateEPR", "EnumerateObjectAndEPR"


Found = tuple[Instance, list[str] | None]
"""An object, and the properties that a projection asks for."""


@dataclass
class Pending:
    """Items that wait for a Pull, and whose they are."""

    items: list[str]
    owner: str


class Enumerations:
    """The open enumerations of one host; `endless` is a fault: none of them comes to its end."""

    def __init__(self, host: Host, writer: Writer) -> None:
        self._host = host
        self._writer = writer
        self._pending: dict[str, Pending] = {}
        self.endless = False

    def handle(self, request: Request, namespace: str, class_name: str, prefix: str, token: Token) -> bytes:
        """Answer an Enumerate, Pull or Release."""
        body = request.body
        local = request.action.rpartition("/")[2]
        if body is None or body.tag != f"{{{names.ENUMERATION}}}{local}":
            raise faults.schema_error(f"The body of the request is not {local}. ")
        if request.action == names.RELEASE:
            self._take(body, token)
            return self._writer.reply(names.RELEASE + "Response", request.message_id, "", ("a", "n", "w"))
        if request.action == names.PULL:
            return self._pull(request, body, token)
        return self._enumerate(request, body, namespace, class_name, prefix, token)

    def _enumerate(
        self, request: Request, body: Element, namespace: str, class_name: str, prefix: str, token: Token
    ) -> bytes:
        mode = (body.findtext(f"{{{names.WSMAN}}}EnumerationMode") or "").strip() or _OBJECT
        if mode not in (_OBJECT, _REFERENCE, _BOTH):
            raise faults.unsupported_enumeration_mode()
        items = [self._item(found, mode, prefix) for found in self._found(body, namespace, class_name)]
        optimized = body.find(f"{{{names.WSMAN}}}OptimizeEnumeration") is not None
        if not optimized:
            xml = f"<n:EnumerationContext>{self._keep(items, token)}</n:EnumerationContext>"
            return self._reply(names.ENUMERATE, request, f"<n:EnumerateResponse>{xml}</n:EnumerateResponse>")
        limit = _max_elements(body, names.WSMAN)
        if self._host.profile.first_reply_single:
            limit = 1
        batch, rest = self._batch(items, limit, self.envelope_limit(request))
        context = self._keep(rest, token) if rest else ""
        end = "" if rest else "<w:EndOfSequence/>"
        listed = f"<w:Items>{''.join(batch)}</w:Items>" if batch else "<w:Items/>"
        xml = f"<n:EnumerationContext>{context}</n:EnumerationContext>{listed}{end}"
        return self._reply(names.ENUMERATE, request, f"<n:EnumerateResponse>{xml}</n:EnumerateResponse>")

    def _pull(self, request: Request, body: Element, token: Token) -> bytes:
        items = self._take(body, token)
        batch, rest = self._batch(items, _max_elements(body, names.ENUMERATION), self.envelope_limit(request))
        context = f"<n:EnumerationContext>{self._keep(rest, token)}</n:EnumerationContext>" if rest else ""
        listed = f"<n:Items>{''.join(batch)}</n:Items>" if batch else "<n:Items/>"
        end = "" if rest else "<n:EndOfSequence/>"
        return self._reply(names.PULL, request, f"<n:PullResponse>{context}{listed}{end}</n:PullResponse>")

    def open_for(self, owner: str) -> int:
        """How many enumerations of an account are open."""
        return sum(pending.owner == owner for pending in self._pending.values())

    def _reply(self, action: str, request: Request, xml: str) -> bytes:
        return self._writer.reply(action + "Response", request.message_id, xml, ("a", "n", "w"))

    def _keep(self, items: list[str], token: Token) -> str:
        context = f"uuid:{new_id()}"
        self._pending[context] = Pending(items, token.name)
        return context

    def _take(self, body: Element, token: Token) -> list[str]:
        context = (body.findtext(f"{{{names.ENUMERATION}}}EnumerationContext") or "").strip()
        pending = self._pending.get(context)
        if pending is None or pending.owner != token.name:
            raise faults.invalid_enumeration_context()
        del self._pending[context]
        return pending.items

    def envelope_limit(self, request: Request) -> int:
        """What the client takes and MaxEnvelopeSizekb allows, whichever is less; bytes."""
        return min(request.max_envelope, self._host.settings.winrm.max_envelope_kb * 1024)

    def _batch(self, items: list[str], limit: int, max_envelope: int) -> tuple[list[str], list[str]]:
        """As many items as count and envelope size allow; a fault when not even one fits."""
        size = _ENVELOPE_OVERHEAD
        count = 0
        for item in items[:limit]:
            size += len(item.encode())
            if size > max_envelope:
                break
            count += 1
        if items and count == 0:
            raise faults.envelope_exceeded()
        if self.endless:
            return items[:count], items[count:] or items
        return items[:count], items[count:]

    def _item(self, found: Found, mode: str, prefix: str) -> str:
        instance, properties = found
        if mode == _REFERENCE:
            return self._reference(instance, prefix)
        xml = instance_xml(instance, prefix) if properties is None else fragment_xml(instance, properties)
        return xml if mode == _OBJECT else f"<w:Item>{xml}{self._reference(instance, prefix)}</w:Item>"

    def _reference(self, instance: Instance, prefix: str) -> str:
        cim_class = catalogue.find(self._host, instance.namespace, instance.class_name)
        selectors = {} if cim_class is None else {key: str(instance.values[key]) for key in cim_class.keys}
        if prefix == names.CIM_PREFIX:
            selectors["__cimnamespace"] = instance.namespace
        listed = "".join(
            f"<w:Selector Name={quoteattr(name)}>{escape(value)}</w:Selector>" for name, value in selectors.items()
        )
        return (
            f"<a:EndpointReference><a:Address>{names.ANONYMOUS}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{prefix}{instance.class_name}</w:ResourceURI>"
            + (f"<w:SelectorSet>{listed}</w:SelectorSet>" if listed else "")
            + "</a:ReferenceParameters></a:EndpointReference>"
        )

    def _found(self, body: Element, namespace: str, class_name: str) -> list[Found]:
        element = body.find(f"{{{names.WSMAN}}}Filter")
        if element is None:
            element = body.find(f"{{{names.ENUMERATION}}}Filter")
        if element is None:
            cim_class = self._class(namespace, class_name, lambda: faults.resource_not_found("ExecQuery", class_name))
            return [(found, None) for found in cim_class.instances(self._host, Query())]
        if element.get("Dialect", "") not in names.WQL_DIALECTS:
            raise faults.unsupported_dialect()
        if class_name != "*":
            raise faults.filter_needs_star()
        text = (element.text or "").strip()
        try:
            query = wql.parse(text)
        except wql.WqlError as error:
            raise faults.invalid_query(text) from error
        if isinstance(query, wql.Associators):
            found = catalogue.associators(self._host, namespace, query)
            if found is None:
                raise faults.invalid_query(text)
            return [(item, None) for item in found]
        return self._select(namespace, query, text)

    def _select(self, namespace: str, query: wql.Select, text: str) -> list[Found]:
        cim_class = self._class(namespace, query.class_name, lambda: faults.invalid_class(text))
        known = {name.lower() for name in cim_class.types} | {"__class"}
        if not query.names_used <= known:
            raise faults.invalid_query(text)
        hints = Query(dict(query.equals))
        items = [found for found in cim_class.instances(self._host, hints) if _matches(found, query)]
        if query.properties is None:
            return [(found, None) for found in items]
        spelled = [cim_class.property(name) for name in query.properties]
        wanted = [name for name in spelled if name is not None]
        return [(found, wanted) for found in items]

    def _class(self, namespace: str, class_name: str, missing: Callable[[], faults.Fault]) -> CimClass:
        found = catalogue.find(self._host, namespace, class_name)
        if found is None:
            raise missing()
        return found


def _matches(instance: Instance, query: wql.Select) -> bool:
    if query.where is None:
        return True
    values = {name.lower(): value for name, value in instance.values.items()}
    values["__class"] = instance.class_name
    return query.where(values)


def _max_elements(body: Element, namespace: str) -> int:
    text = (body.findtext(f"{{{namespace}}}MaxElements") or "").strip()
    if not text:
        return 1
    if not text.isdigit() or int(text) == 0:
        raise faults.schema_error("The SOAP packet contains an element MaxElements that is invalid. ")
    return int(text)
