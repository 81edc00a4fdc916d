# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Reads events from the logs of a host.

First way: wevtutil.exe through the remote shell, a command a question (see readings.py). It writes events as XML that
no language changes, several elements without a root. Exit codes of wevtutil are not documented, so they are used as
success and failure alone.

Second way, where the host gives no remote shell or wevtutil answers nothing: Win32_NTLogEvent (Microsoft), which
reaches the classic logs only (that it does not reach the others is MEM).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import Question
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.event_xml import Record, parse
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import SECONDS, Readings
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault, WSManProtocolError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

Method = Literal["wevtutil", "Win32_NTLogEvent"]

# Where Windows keeps what it knows of each log.
_CHANNELS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WINEVT\Channels"
_LATE = f"wevtutil took more than {SECONDS:g} s for this log and those before it; make the log smaller"
_NO_SHELL = (
    "the host gives no remote shell to read it with; allow remote shell access (a policy of Windows Remote Shell)"
)


@dataclass
class Answers:
    """What was found: for each question that could be read its events, the newest first, at most its limit."""

    method: Method
    records: dict[Question, list[Record]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)  # "<log>: why"


def read(host: Host, questions: Sequence[Question], hours: int, readings: Readings) -> Answers:
    """The answers to all questions about the last ``hours``. A log that can not be read is named in ``unread``.

    ``readings``: what commands() wrote. Raises what the host answered when no question at all could be asked.
    """
    texts = {each: readings.texts.get(command(each, hours)) for each in questions}
    if all(text is None for text in texts.values()):
        return _by_wmi(host, questions, hours, _NO_SHELL if readings.refused else "wevtutil could not be run")
    answers = Answers("wevtutil")
    unread: dict[str, str] = {}
    damaged = 0
    for question, text in texts.items():
        if text is None:
            if question.log not in unread:
                failed = command(question, hours) in readings.failed
                unread[question.log] = _why(host, question) if failed else _LATE
            continue
        records, lost = parse(text)
        answers.records[question] = [record for record in records if _belongs(record, question)][: question.limit]
        damaged += lost
    answers.unread = [f"{log}: {why}" for log, why in unread.items()]
    if damaged:
        answers.unread.append(f"{damaged} events: what wevtutil wrote of them is not readable")
    return answers


def commands(questions: Iterable[Question], hours: int) -> list[str]:
    return [command(question, hours) for question in questions]


def command(question: Question, hours: int) -> str:
    return f'wevtutil.exe qe {question.log} /q:"{xpath(question, hours)}" /c:{question.limit} /rd:true /f:xml'


def xpath(question: Question, hours: int) -> str:
    ids = " or ".join(_range(low, high) for low, high in _ranges(kind.id for kind in question.kinds))
    since = f"TimeCreated[timediff(@SystemTime) <= {hours * 3_600_000}]"
    return f"*[System[Provider[@Name='{question.provider}'] and ({ids}) and {since}]]"


def _range(low: int, high: int) -> str:
    """As the Event Viewer writes ranges."""
    return f"EventID={low}" if low == high else f"(EventID >= {low} and EventID <= {high})"


def _ranges(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in a row as one: that keeps a query far from the number of expressions that Windows takes."""
    found: list[tuple[int, int]] = []
    for number in sorted(ids):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _belongs(record: Record, question: Question) -> bool:
    return (
        record.log.lower() == question.log.lower()
        and record.provider.lower() == question.provider.lower()
        and question.kind(record.id) is not None
    )


def _why(host: Host, question: Question) -> str:
    """Classic logs are always there; of the others Windows keeps a key."""
    try:
        known = bool(question.sources) or host.registry.exists(rf"{_CHANNELS}\{question.log}")
    except (WindowsError, WSManFault, WSManProtocolError):
        known = True
    return "wevtutil could not read it" if known else "this Windows has no such log"


# -- the second way ---------------------------------------------------------------------------------------------------


def _by_wmi(host: Host, questions: Sequence[Question], hours: int, why: str) -> Answers:
    answers = Answers("Win32_NTLogEvent")
    since = (host.operating_system.datetime("LocalDateTime") or datetime.now(timezone.utc)) - timedelta(hours=hours)
    error: Exception | None = None
    for question in questions:
        if not question.sources:
            continue
        try:
            rows = host.session.query("root/cimv2", wql(question, since))
            answers.records[question] = _newest([_record(row, question) for row in rows], question)
        except (WSManFault, WSManProtocolError) as failure:
            error = failure
            answers.unread.append(f"{question.log}, {question.provider}: {failure}")
    if error is not None and not answers.records:
        raise error
    if not answers.records:
        raise WindowsError(f"no event log could be read: {why}")
    others = dict.fromkeys(question.log for question in questions if not question.sources)
    answers.unread += [f"{log}: {why}" for log in others]
    return answers


def wql(question: Question, since: datetime) -> str:
    """Without a time and ids this class reads whole logs, which takes minutes."""
    ids = " OR ".join(f"EventCode = {kind.id}" for kind in question.kinds)
    sources = " OR ".join(f"SourceName = '{source}'" for source in question.sources)
    moment = since.astimezone(timezone.utc).strftime("%Y%m%d%H%M%S.000000+000")
    return (
        "SELECT EventCode, TimeGenerated, InsertionStrings, Data FROM Win32_NTLogEvent "
        f"WHERE Logfile = '{question.log}' AND TimeGenerated >= '{moment}' AND ({sources}) AND ({ids})"
    )


def _record(row: Instance, question: Question) -> Record:
    return Record(
        log=question.log,
        provider=question.provider,
        id=row.integer("EventCode", 0) or 0,
        time=row.datetime("TimeGenerated"),
        strings=tuple(row.texts("InsertionStrings")),
        binary=bytes(number & 0xFF for number in row.integers("Data")),
    )


def _newest(records: list[Record], question: Question) -> list[Record]:
    beginning = datetime.min.replace(tzinfo=timezone.utc)
    records.sort(key=lambda record: record.time or beginning, reverse=True)
    return [record for record in records if question.kind(record.id) is not None][: question.limit]
