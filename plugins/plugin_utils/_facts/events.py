# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the event logs say about Remote Desktop, counted by id, by the client's address and by what tells it apart.

Events of the Service Control Manager name a service by its display name, which is translated. Its key name is in their
binary data (see _data/events.py); where that is missing the display names that the host itself gives are compared.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import HOST_QUESTIONS, Kind, Question
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import EventCount, Events
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.services import NEEDED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.times import iso
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import events
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.event_xml import Record
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import Readings

# What fails on Friday evening is reported on Monday; further back, what is found seldom belongs to the failure.
HOURS = 72
_MOST = 20  # addresses and values that are told apart
_LONGEST = 200  # characters of a field
_CODES = frozenset({"ErrorCode", "ResultCode", "Status"})  # HRESULTs, NTSTATUS and Win32 codes
_MESSAGE = re.compile(r"%%([0-9]{1,10})")  # an insertion string that stands for the message of that Win32 error

_Name = Callable[[Record], str]


def commands(questions: Sequence[Question] = HOST_QUESTIONS) -> list[str]:
    """What :func:`read` needs the output of."""
    return events.commands(questions, HOURS)


def read(host: Host, readings: Readings, questions: Sequence[Question] = HOST_QUESTIONS) -> Events:
    answers = events.read(host, questions, HOURS, readings)
    service_of = _ServiceNames(host)
    seen = []
    for question, records in answers.records.items():
        more = len(records) >= question.limit
        for kind in question.kinds:
            found = [(record, fields(record, kind, service_of)) for record in records if record.id == kind.id]
            if kind.binary == "service":
                found = [each for each in found if each[1]["Service"] in NEEDED]
            if found:
                seen.append(_count(question, kind, found, more=more))
    return Events(
        status="ok",
        reason="",
        hours=HOURS,
        method=answers.method,
        seen=sorted(seen, key=lambda count: (count["log"], count["provider"], count["id"])),
        unread=answers.unread,
    )


def fields(record: Record, kind: Kind, service_of: _Name) -> dict[str, str]:
    """The data of an event by name. Codes are eight hexadecimal digits, ``0x8009030D``."""
    found = dict(record.data)
    for number, text in enumerate(record.strings):
        found[kind.names[number] if number < len(kind.names) else f"param{number + 1}"] = text
    if kind.binary == "status" and len(record.binary) >= 4:
        found["Status"] = str(int.from_bytes(record.binary[-4:], "little"))
    elif kind.binary == "thumbprint" and len(record.binary) == 20:
        found["Thumbprint"] = record.binary.hex().upper()
    elif kind.binary == "service":
        found["Service"] = service_of(record)
        errors = [match[1] for text in found.values() if (match := _MESSAGE.fullmatch(text))]
        if errors:
            found["Error"] = errors[-1]
    return {name: _shown(name, text) for name, text in found.items()}


def address(text: str) -> str:
    """An address without port and brackets: ``192.0.2.1:54321``, ``[2001:db8::1]:54321``; empty for anything else."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        return ""


def _shown(name: str, text: str) -> str:
    if name in _CODES:
        try:
            return f"0x{int(text, 0) & 0xFFFFFFFF:08X}"
        except ValueError:
            pass
    return " ".join(text.split())[:_LONGEST]


def _count(question: Question, kind: Kind, found: Sequence[tuple[Record, dict[str, str]]], *, more: bool) -> EventCount:
    times = sorted(record.time for record, _fields in found if record.time is not None)
    return EventCount(
        log=question.log,
        provider=question.provider,
        id=kind.id,
        count=len(found),
        more=more,
        first=iso(times[0]) or "" if times else "",
        last=iso(times[-1]) or "" if times else "",
        fields=found[0][1],
        by_address=_most(address(data.get(kind.address, "")) for _record, data in found),
        by_value=_most(data.get(kind.value, "") for _record, data in found),
    )


def _most(values: Iterable[str]) -> dict[str, int]:
    counted = Counter(value for value in values if value)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_MOST])


class _ServiceNames:
    """The service that an event is about, by its key name; empty for one that Remote Desktop does not need.

    The host is asked for display names only when an event does not say the key name.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._keys = {name.lower(): name for name in NEEDED}
        self._displayed: dict[str, str] | None = None

    def __call__(self, record: Record) -> str:
        key = record.binary.decode("utf-16-le", "replace").partition("\0")[0].partition("/")[0]
        if key:
            return self._keys.get(key.lower(), "")
        names = [text.lower() for text in (*record.data.values(), *record.strings)]
        known = {**self._keys, **self._display_names()}
        return next((known[name] for name in names if name in known), "")

    def _display_names(self) -> dict[str, str]:
        if self._displayed is None:
            where = " OR ".join(f"Name = '{name}'" for name in NEEDED)
            rows = self._host.session.query("root/cimv2", f"SELECT Name, DisplayName FROM Win32_Service WHERE {where}")
            self._displayed = {
                (row.text("DisplayName") or "").lower(): self._keys.get((row.text("Name") or "").lower(), "")
                for row in rows
            }
        return self._displayed
