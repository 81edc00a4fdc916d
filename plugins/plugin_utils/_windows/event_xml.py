# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Events as Windows writes them in XML ([MS-EVEN6] 2.2.13; recorded samples of Windows 7 to 11). Pure.

The text may hold several events without a root, text of a shell around them, characters that were not UTF-8, and end
in the middle of an event. What can not be read is counted, never raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from xml.etree.ElementTree import Element, ParseError

try:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring
except ImportError:
    # connect.py says so before any request is sent.
    DefusedXmlException, fromstring = RuntimeError, None  # type: ignore[assignment, misc]

_START = re.compile(r"<Event[\s>]")
_END = "</Event>"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# An event holds up to 64 KB (Microsoft, "ReportEvent"); binary data takes two digits a byte.
_MAX_EVENT = 256 * 1024
_MAX_FIELDS = 40


@dataclass(frozen=True)
class Record:
    """One event. ``data`` is what has names, ``strings`` what has none, in its order."""

    log: str
    provider: str
    id: int
    time: datetime | None  # UTC, to the second
    data: Mapping[str, str] = field(default_factory=dict)
    strings: tuple[str, ...] = ()
    binary: bytes = b""


def parse(text: str) -> tuple[list[Record], int]:
    """The events of a text in their order, and how many more began that can not be read."""
    records: list[Record] = []
    damaged = 0
    for piece in _pieces(text):
        record = None if piece is None else _record(piece)
        if record is None:
            damaged += 1
        else:
            records.append(record)
    return records, damaged


def _pieces(text: str) -> Iterator[str | None]:
    """Each event as text; None for one that has no end. Inside of an event these marks are escaped."""
    *parts, rest = text.replace("\0", "").split(_END)
    for part in parts:
        starts = [match.start() for match in _START.finditer(part)]
        yield from [None] * (len(starts) - 1)
        if starts:
            whole = part[starts[-1] :] + _END
            yield whole if len(whole) <= _MAX_EVENT else None
    if _START.search(rest):
        yield None


def _record(text: str) -> Record | None:
    try:
        root = fromstring(_NOT_XML.sub("\ufffd", text), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    system = _child(root, "System")
    provider = _child(system, "Provider")
    identity = _text(_child(system, "EventID"))
    if provider is None or not re.fullmatch(r"[0-9]{1,10}", identity):
        return None
    created = _child(system, "TimeCreated")
    data, strings, binary = _content(root)
    return Record(
        log=_text(_child(system, "Channel")),
        provider=provider.get("Name", ""),
        id=int(identity),
        time=_time("" if created is None else created.get("SystemTime", "")),
        data=data,
        strings=strings,
        binary=binary,
    )


def _content(root: Element) -> tuple[dict[str, str], tuple[str, ...], bytes]:
    """EventData has Data elements, with names or without, and Binary; UserData has one element with named children."""
    data: dict[str, str] = {}
    strings: list[str] = []
    binary = b""
    for element in list(_child(root, "EventData") or ())[:_MAX_FIELDS]:
        name = element.get("Name", "")
        if _local(element) == "Binary":
            binary = _bytes(_text(element))
        elif name:
            data[name] = _text(element)
        else:
            strings.append(_text(element))
    for holder in _child(root, "UserData") or ():
        data.update((_local(element), _text(element)) for element in list(holder)[:_MAX_FIELDS])
    return data, tuple(strings), binary


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def _child(element: Element | None, name: str) -> Element | None:
    return None if element is None else next((child for child in element if _local(child) == name), None)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext()).strip()
