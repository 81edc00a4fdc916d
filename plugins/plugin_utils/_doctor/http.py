# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One HTTP request without credentials, and what its answer says. Bounded in bytes and in time."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline

_LIMIT = 64 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
# RFC 9110 11.4: a scheme stands at the start or after a comma, and is not followed by "=".
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*)(?=\s*(?:,|$)|\s+[^\s=])")


class NoAnswer(Exception):
    """No answer in HTTP; the text says why, in a part of a sentence."""


class Answer(NamedTuple):
    status: int
    headers: list[tuple[str, str]]  # names in lower case
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    @property
    def offered(self) -> list[str]:
        """The authentication schemes of WWW-Authenticate, each once, as the server spells them."""
        found = [scheme for value in self.values("www-authenticate") for scheme in _SCHEME.findall(_unquoted(value))]
        return list(dict.fromkeys(found))

    def clock_skew(self, now: datetime) -> int | None:
        """Seconds that the server's clock is ahead, by its Date header; None without one."""
        for value in self.values("date"):
            try:
                told = parsedate_to_datetime(value)
            except (TypeError, ValueError):
                continue
            told = told if told.tzinfo else told.replace(tzinfo=timezone.utc)
            return int((told - now.replace(microsecond=0)).total_seconds())  # Date has whole seconds
        return None


def post(
    open_stream: Callable[[float], socket.socket],
    host: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    deadline: Deadline,
) -> Answer:
    """One POST over a stream that ``open_stream`` connects within the seconds that it is given. Raises NoAnswer."""
    lines = [f"POST /{path.lstrip('/')} HTTP/1.1", f"Host: {host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    try:
        with open_stream(deadline.remaining) as stream:
            stream.settimeout(_left(deadline))
            stream.sendall("\r\n".join(lines).encode("latin-1", "replace") + body)
            return _read(stream, deadline)
    except TimeoutError:
        raise NoAnswer("it does not answer in time") from None
    except OSError as error:
        raise NoAnswer(f"it ends the connection ({error.strerror or type(error).__name__})") from error


def _read(stream: socket.socket, deadline: Deadline) -> Answer:
    data = b""
    while True:
        answer = _parse(data)
        if answer is not None and _is_whole(answer):
            return answer
        if len(data) > _LIMIT:
            raise NoAnswer("its answer has no end")
        stream.settimeout(_left(deadline))
        more = stream.recv(16384)
        if not more:
            if answer is not None:
                return answer
            raise NoAnswer("it ends the connection without an answer" if not data else "its answer is not HTTP")
        data += more


def _parse(data: bytes) -> Answer | None:
    """What has come so far, None until all headers are there. Raises NoAnswer for what is not HTTP."""
    head, end, body = data.partition(b"\r\n\r\n")
    if len(data) >= 12 and not _STATUS.match(data):
        raise NoAnswer("its answer is not HTTP")
    if not end:
        return None
    status, *lines = head.split(b"\r\n")
    found = _STATUS.match(status)
    headers = []
    for line in lines:
        name, _colon, value = line.decode("latin-1").partition(":")
        headers.append((name.strip().lower(), value.strip()))
    return Answer(int(found.group(1)) if found else 0, headers, body)


def _is_whole(answer: Answer) -> bool:
    lengths = [value for value in answer.values("content-length") if value.isdigit()]
    return bool(lengths) and len(answer.body) >= int(lengths[0])


def _unquoted(value: str) -> str:
    """Without quoted strings, in which anything may stand."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', value)


def _left(deadline: Deadline) -> float:
    if deadline.remaining <= 0:
        raise TimeoutError
    return deadline.remaining


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), timezone.utc)
