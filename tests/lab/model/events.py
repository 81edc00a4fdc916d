# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event logs of one host: what its services write, and what a scenario says was written before.

A log is a ring of records, so that a host which is asked for a long time stays small; a record holds its values only,
the rest is its type. Times are the host's own, skew included. Events are no part of the model's digest: reading a host
writes events on Windows too.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.lab.model.event_types import EventType, event_type
from tests.lab.model.language import Language

if TYPE_CHECKING:
    from tests.lab.model.host import Host

Data: TypeAlias = Mapping[str, str] | Sequence[str]
RECORDS_A_LOG = 500
"""How many records a log keeps; the oldest go first, as in a circular log of Windows."""


@dataclass(frozen=True, slots=True)
class Event:
    """One record. `time` is the host's clock in seconds since the epoch, `values` belong to the type's fields."""

    record: int
    time: float
    type: EventType
    values: tuple[str, ...]
    binary: bytes
    pid: int
    level: int

    @property
    def id(self) -> int:
        return self.type.id

    @property
    def created(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.time, dt.timezone.utc)

    @property
    def data(self) -> dict[str, str]:
        """Values by the name of their field."""
        return {name: value for (name, _default), value in zip(self.type.fields, self.values, strict=True)}

    def text(self, language: Language) -> str:
        """What the event says in a language; a number that no language has a text for says nothing."""
        return language.event_text(self.type.provider.name, self.id).format(**self.data)


class EventLog:
    """All event logs of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._logs: dict[str, deque[Event]] = {}
        self._records: dict[str, int] = {}

    def write(
        self,
        log: str,
        provider: str,
        number: int,
        data: Data = (),
        *,
        binary: bytes = b"",
        level: int | None = None,
        ago: float = 0.0,
    ) -> Event:
        """Write an event and give it back.

        `log` and `provider` are names of event_types.py, such as RCM_ADMIN and RCM with the number 1006. `data` is by
        field name, or in the order of the fields; what it leaves out has the type's default. A number that is not
        listed there is written with the names of `data` and level Information. `ago` is seconds before now: a log is
        kept in the order of writing, so the oldest must be written first. ValueError for an unknown log, provider or
        field. TermService, SCM and Schannel need not be named as processes: the type knows who writes.
        """
        named = isinstance(data, Mapping)
        kind = event_type(log, provider, number, tuple(data) if named else ())
        names = [name for name, _default in kind.fields]
        given = dict(data) if isinstance(data, Mapping) else dict(zip(names, data, strict=False))
        unknown = [name for name in given if name not in names] or list(data)[len(names) :]
        if unknown:
            raise ValueError(f"event {number} of {provider} has no data {unknown[0]!r}; it has {', '.join(names)}")
        values = tuple(str(given.get(name, default)) for name, default in kind.fields)
        record = self._records.get(log, 0) + 1
        self._records[log] = record
        time = self._host.now().timestamp() - ago
        shown = kind.level if level is None else level
        event = Event(record, time, kind, values, binary, self._process(kind.provider.process), shown)
        self._logs.setdefault(log, deque(maxlen=RECORDS_A_LOG)).append(event)
        return event

    def read(self, log: str) -> Sequence[Event]:
        """The records of a log, oldest first; empty for one in which nothing was written."""
        return self._logs.get(log, ())

    def all(self) -> Iterable[Event]:
        """The records of all logs in the order of time."""
        return sorted((event for log in self._logs.values() for event in log), key=lambda event: event.time)

    def ids(self) -> list[int]:
        """The numbers of all events in the order of time."""
        return [event.id for event in self.all()]

    def _process(self, name: str) -> int:
        fixed = {"": 0, "lsass": 640, "services": 632}
        if name in fixed:
            return fixed[name]
        service = self._host.services.find(name)
        return service.pid if service is not None else 0
