# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_NTLogEvent: the records of the classic logs, newest first. Channels such as `.../Operational` are not in it.

Properties and types: Microsoft's class page. EventIdentifier holds the qualifiers in its upper half, SourceName the
classic name (a recorded listing through the old interface calls the source of 1056 TermService, and WMI reads through
the same interface; that it does here too is MEM: unverified), so are the order and the fractions of TimeGenerated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.event_types import CLASSIC_LOGS, SECURITY
from tests.lab.model.events import Event
from tests.lab.model.host import Host

_TYPES = {
    **dict.fromkeys("CategoryString ComputerName Logfile Message SourceName Type User".split(), "string"),
    **dict.fromkeys("Category EventCode".split(), "uint16"),
    **dict.fromkeys("EventIdentifier RecordNumber".split(), "uint32"),
    **dict.fromkeys("TimeGenerated TimeWritten".split(), "datetime"),
    "Data": "uint8[]",
    "EventType": "uint8",
    "InsertionStrings": "string[]",
}
_ERROR, _WARNING, _INFORMATION, _AUDIT_FAILURE = 1, 2, 3, 5
_LEVELS = {1: _ERROR, 2: _ERROR, 3: _WARNING}


def _row(host: Host, log: str, event: Event) -> dict[str, Any]:
    kind, provider = event.type, event.type.provider
    account = host.account_names().get(provider.user)
    return {
        "Category": kind.task,
        "CategoryString": None,
        "ComputerName": host.fqdn,
        "Data": list(event.binary),
        "EventCode": event.id,
        "EventIdentifier": (kind.qualifiers or 0) << 16 | event.id,
        "EventType": _AUDIT_FAILURE if log == SECURITY else _LEVELS.get(event.level, _INFORMATION),
        "InsertionStrings": list(event.values),
        "Logfile": log,
        "Message": event.text(host.language) or None,
        "RecordNumber": event.record,
        "SourceName": provider.source or provider.name,
        "TimeGenerated": event.created,
        "TimeWritten": event.created,
        "Type": host.language.levels[event.level],
        "User": "\\".join(account) if account is not None else None,
    }


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    wanted = query.get("Logfile")
    for log in CLASSIC_LOGS:
        if wanted is None or wanted.lower() == log.lower():
            for event in reversed(host.events.read(log)):
                yield _row(host, log, event)


CLASSES = (CimClass("Win32_NTLogEvent", ("root/cimv2",), _TYPES, ("Logfile", "RecordNumber"), _rows),)
