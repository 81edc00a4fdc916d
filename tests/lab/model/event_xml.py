# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event as Windows renders it: the XML of EvtRender, and the text of `wevtutil /f:text`.

The XML is on one line with single quotes (recorded: IPBan's samples, captures of libevtx). Times have nine digits of
fraction, seven from build 20348 on (a report of Server 2022's text output and one of Windows 11's XML; where the change
lies is MEM: unverified). Classic events have every element too, although older versions leave some out. Language shows
in RenderingInfo and in the text only.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.lab.model.event_types import RCM_OPERATIONAL
from tests.lab.model.events import Event

if TYPE_CHECKING:
    from tests.lab.model.host import Host

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_SEVEN_DIGITS_FROM = 20348
_KEYWORDS = {0x80000000000000: "Classic", 0x8010000000000000: "Audit Failure"}


def time_text(host: Host, time: dt.datetime) -> str:
    digits = "0" if host.profile.version[2] >= _SEVEN_DIGITS_FROM else "000"
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f") + digits + "Z"


def event_xml(host: Host, event: Event, *, rendered: bool = False) -> str:
    """The event on one line; `rendered` adds RenderingInfo, which alone is in the host's language."""
    kind, provider = event.type, event.type.provider
    source = f" EventSourceName={_quoted(provider.source)}" if provider.source else ""
    guid = f" Guid={_quoted(provider.guid)}" if provider.guid else ""
    qualifiers = "" if kind.qualifiers is None else f" Qualifiers='{kind.qualifiers}'"
    user = f" UserID='{provider.user}'" if provider.user else ""
    system = (
        f"<Provider Name={_quoted(provider.name)}{guid}{source}/><EventID{qualifiers}>{event.id}</EventID>"
        f"<Version>0</Version><Level>{event.level}</Level><Task>{kind.task}</Task><Opcode>{kind.opcode}</Opcode>"
        f"<Keywords>0x{provider.keywords:x}</Keywords><TimeCreated SystemTime='{time_text(host, event.created)}'/>"
        f"<EventRecordID>{event.record}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='{event.pid}' ThreadID='{event.pid + 8 if event.pid else 0}'/>"
        f"<Channel>{escape(kind.log)}</Channel><Computer>{escape(host.fqdn)}</Computer><Security{user}/>"
    )
    info = _rendering(host, event) if rendered else ""
    return f"<Event xmlns='{NAMESPACE}'><System>{system}</System>{_data(event)}{info}</Event>"


def _data(event: Event) -> str:
    kind = event.type
    if kind.user_data:
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in event.data.items())
        extra = (
            "" if kind.log == RCM_OPERATIONAL else " xmlns:auto-ns2='http://schemas.microsoft.com/win/2004/08/events'"
        )
        return f"<UserData><EventXML{extra} xmlns='Event_NS'>{inner}</EventXML></UserData>"
    parts = [
        f"<Data Name={_quoted(name)}>{escape(value)}</Data>" if kind.named else f"<Data>{escape(value)}</Data>"
        for name, value in event.data.items()
    ]
    if event.binary:
        parts.append(f"<Binary>{event.binary.hex().upper()}</Binary>")
    return f"<EventData>{''.join(parts)}</EventData>" if parts else "<EventData></EventData>"


def _rendering(host: Host, event: Event) -> str:
    language = host.language
    keyword = _KEYWORDS.get(event.type.provider.keywords, "")
    keywords = f"<Keywords><Keyword>{keyword}</Keyword></Keywords>" if keyword else "<Keywords></Keywords>"
    return (
        f"<RenderingInfo Culture='{language.tag}'><Message>{escape(event.text(language))}</Message>"
        f"<Level>{language.levels[event.level]}</Level><Task></Task><Opcode></Opcode><Channel></Channel>"
        f"<Provider></Provider>{keywords}</RenderingInfo>"
    )


def event_text(host: Host, event: Event, number: int) -> list[str]:
    """The lines of an event in `/f:text`, in the layout of published outputs; the labels are English everywhere
    (measured on a Chinese Windows 11)."""
    user = event.type.provider.user
    account = "\\".join(part for part in host.account_names().get(user, ("",)) if part)
    return [
        f"Event[{number}]:" if host.profile.version[2] < _SEVEN_DIGITS_FROM else f"Event[{number}]",
        f"  Log Name: {event.type.log}",
        f"  Source: {event.type.provider.name}",
        f"  Date: {time_text(host, event.created)}",
        f"  Event ID: {event.id}",
        "  Task: N/A",
        f"  Level: {host.language.levels[event.level]}",
        "  Opcode: N/A",
        "  Keyword: N/A",
        f"  User: {user or 'N/A'}",
        f"  User Name: {account or 'N/A'}",
        f"  Computer: {host.fqdn}",
        "  Description: ",
        event.text(host.language) or "N/A",
        "",
    ]


def _quoted(text: str) -> str:
    return "'" + escape(text, {"'": "&apos;"}) + "'"
