# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""wevtutil: qe, gl, el. Exit codes are Win32 errors; they and the lines of errors are measured on Windows 11 (a public
record of trials): a query must be in one word with `/q:`, `/c:0` is refused, and what finds nothing ends with 0 and
prints nothing. Administrators read; that others who come over the network may not is MEM: unverified.
"""

from __future__ import annotations

import re

from tests.lab.model.event_types import CLASSIC_LOGS, logs_of
from tests.lab.model.event_xml import event_text, event_xml
from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.event_query import InvalidQuery, compile_query
from tests.lab.native.result import Result, lines

ACCESS_DENIED, INVALID_PARAMETER, INVALID_QUERY, CHANNEL_NOT_FOUND = 5, 87, 15001, 15007
_TEXTS = {
    ACCESS_DENIED: "Access is denied.",
    INVALID_PARAMETER: "The parameter is incorrect.",
    INVALID_QUERY: "The specified query is invalid.",
    CHANNEL_NOT_FOUND: "The specified channel could not be found.",
}
_LONG = {"query-events": "qe", "get-log": "gl", "enum-logs": "el"}
_OPTIONS = {
    "q": "q", "query": "q", "c": "c", "count": "c", "rd": "rd", "reversedirection": "rd", "f": "f", "format": "f",
    "u": "u", "unicode": "u", "uni": "u", "l": "l", "locale": "l", "e": "e", "element": "e",
}  # fmt: skip
_FORMATS = ("xml", "text", "renderedxml")
_READERS = "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x7;;;SO)(A;;0x3;;;IU)(A;;0x3;;;SU)(A;;0x3;;;S-1-5-3)"
_SECURITY_READERS = "O:BAG:SYD:(A;;0xf0005;;;SY)(A;;0x5;;;BA)(A;;0x1;;;S-1-5-32-573)"
_MAX_SIZE = {"Security": 20971520, "System": 20971520, "Application": 20971520}


class _Wrong(Exception):
    """The command line is wrong; the text is the first line of what is said."""


def run(host: Host, token: Token, words: list[str]) -> Result:
    verb = _LONG.get(words[0].lower(), words[0].lower()) if words else ""
    if verb not in ("qe", "gl", "el"):
        return _failed(INVALID_PARAMETER, f"Command {words[0]} is not supported." if words else "")
    logs = logs_of(host.profile.version)
    try:
        arguments, options = _parse(words[1:])
        if verb == "el":
            return Result(0, lines(*sorted(logs)))
        if not arguments:
            raise _Wrong("Required argument(s) is/are not specified.")
        if len(arguments) > 1:
            raise _Wrong("Too many arguments are specified.")
        log = next((known for known in logs if known.lower() == arguments[0].lower()), None)
        if verb == "gl":
            return _log(arguments[0], log)
        return _query(host, token, log, options)
    except _Wrong as wrong:
        return _failed(INVALID_PARAMETER, str(wrong))


def _parse(words: list[str]) -> tuple[list[str], dict[str, str]]:
    arguments, options = [], {}
    for word in words:
        match = re.fullmatch(r"/(\w+)(?::(.*))?", word, re.S)
        if match is None:
            arguments.append(word)
            continue
        name = _OPTIONS.get(match[1].lower())
        if name is None:
            raise _Wrong(f"Invalid option {match[1]}. Option is not valid.")
        options[name] = match[2] or ""
    return arguments, options


def _failed(code: int, *first: str) -> Result:
    return Result(code, "", lines(*(line for line in first if line), _TEXTS[code]))


def _query(host: Host, token: Token, log: str | None, options: dict[str, str]) -> Result:
    form = options.get("f", "xml").lower()
    if form not in _FORMATS:
        raise _Wrong("Invalid value for option f.")
    count = options.get("c", "")
    if "c" in options and (not count.isdigit() or int(count) == 0):
        raise _Wrong("Invalid value for property count.")
    if options.get("rd", "false").lower() not in ("true", "false"):
        raise _Wrong("Invalid option rd. Option is not Boolean.")
    if log is None:
        return _not_opened(CHANNEL_NOT_FOUND)
    if not token.is_admin:
        return _not_opened(ACCESS_DENIED)
    try:
        matches = compile_query(options.get("q") or "*")
    except InvalidQuery as error:
        return _not_opened(INVALID_QUERY, f"A syntax error occurred at position {error.position}")
    now = host.now()
    events = [event for event in host.events.read(log) if matches(event_xml(host, event), now)]
    if options.get("rd", "false").lower() == "true":
        events.reverse()
    events = events[: int(count) if count else None]
    if form == "text":
        return Result(
            0, lines(*(line for number, event in enumerate(events) for line in event_text(host, event, number)))
        )
    found = [event_xml(host, event, rendered=form == "renderedxml") for event in events]
    root = options.get("e")
    return Result(0, lines(f"<{root}>", *found, f"</{root}>") if root else lines(*found))


def _not_opened(code: int, *more: str) -> Result:
    """What is said first says the code's text too, as recorded for a refusal."""
    return Result(code, "", lines(*(more or (_TEXTS[code],)), "", "Failed to open event query.", _TEXTS[code]))


def _log(name: str, log: str | None) -> Result:
    if log is None:
        return _failed(CHANNEL_NOT_FOUND, f"Failed to read configuration for log {name}.")
    classic = log in CLASSIC_LOGS
    publisher = "" if classic else log.rpartition("/")[0]
    text = [
        f"name: {name}",
        "enabled: true",
        f"type: {'Operational' if log.endswith('/Operational') else 'Admin'}",
        f"owningPublisher: {publisher}".rstrip(),
        f"isolation: {'Custom' if log == 'Security' else 'System' if log == 'System' else 'Application'}",
        f"channelAccess: {_SECURITY_READERS if log == 'Security' else _READERS}",
        "logging:",
        f"  logFileName: %SystemRoot%\\System32\\Winevt\\Logs\\{name.replace('/', '%4')}.evtx",
        "  retention: false",
        "  autoBackup: false",
        f"  maxSize: {_MAX_SIZE.get(log, 1052672)}",
        "publishing:",
        "  fileMax: 1",
    ]
    return Result(0, lines(*text))
