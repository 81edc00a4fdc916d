# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queries of the Windows event log: the part of XPath 1.0 that Microsoft's "Consuming Events" page describes.

Paths of elements and `@attribute`, predicates, `and`, `or`, parentheses, comparisons with numbers and strings, and the
functions `timediff` (milliseconds), `band` and `position`. A name that no event has is no mistake and matches nothing
(measured on Windows 11). What else XPath has (`not`, `contains`, axes) is an InvalidQuery. So are more than 20
expressions: Microsoft's page asks for a structured query then, users found 22 to be taken (elastic/beats#1491), the
page on structured queries names 32. That each comparison counts, time filters too, is MEM: unverified.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

MAX_EXPRESSIONS = 20
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'[^']*'|"[^"]*")|(?P<number>0x[0-9a-fA-F]+|\d+)|(?P<op><=|>=|!=|=|<|>|\[|\]|\(|\)|,|/|\*|@)
    |(?P<name>[A-Za-z_][\w.-]*))""",
    re.X,
)
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = ("timediff", "band", "position")

Values: TypeAlias = list[str | Element]


class InvalidQuery(ValueError):
    """Not a query of the event log; `position` is that of the first character which is wrong, from 1 on."""

    def __init__(self, position: int) -> None:
        super().__init__(f"invalid query at position {position}")
        self.position = position


@dataclass(frozen=True)
class Context:
    """The element that a predicate is about, its position among its like, and the time of the query."""

    node: Element
    position: int
    now: dt.datetime


Test = Callable[[Context], bool]
Select = Callable[[Context], Values]


def compile_query(text: str) -> Callable[[str, dt.datetime], bool]:
    """A test of an event's XML at a time; raises InvalidQuery."""
    steps = _Parser(text).query()

    def matches(xml: str, now: dt.datetime) -> bool:
        root = Element("root")
        root.append(_without_namespaces(fromstring(xml)))
        return bool(steps(Context(root, 1, now)))

    return matches


def _without_namespaces(element: Element) -> Element:
    for part in element.iter():
        part.tag = part.tag.rpartition("}")[2]
    return element


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._expressions = 0

    def query(self) -> Select:
        path = self._path()
        if self._peek()[0] != "end":
            raise self._wrong()
        return path

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        kind, text, _position = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return kind, text

    def _take(self, text: str) -> bool:
        if self._peek()[0] in ("op", "name") and self._peek()[1] == text:
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._wrong()

    def _wrong(self) -> InvalidQuery:
        return InvalidQuery(self._tokens[min(self._at, len(self._tokens) - 1)][2])

    def _path(self) -> Select:
        steps = [self._step()]
        while self._take("/"):
            steps.append(self._step())

        def select(context: Context) -> Values:
            found: Values = [context.node]
            for step in steps:
                found = [
                    value
                    for node in found
                    if isinstance(node, Element)
                    for value in step(Context(node, 1, context.now))
                ]
            return found

        return select

    def _step(self) -> Select:
        if self._take("@"):
            name = self._name()
            return lambda context: [context.node.attrib[name]] if name in context.node.attrib else []
        wanted = "*" if self._take("*") else self._name()
        tests: list[Test] = []
        while self._take("["):
            tests.append(self._either())
            self._need("]")

        def select(context: Context) -> Values:
            found = [child for child in context.node if wanted in ("*", child.tag)]
            for test in tests:
                found = [node for number, node in enumerate(found, 1) if test(Context(node, number, context.now))]
            return list(found)

        return select

    def _name(self) -> str:
        kind, text = self._peek()
        if kind != "name":
            raise self._wrong()
        self._at += 1
        return text

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda context: any(test(context) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("and"):
            tests.append(self._single())
        return lambda context: all(test(context) for test in tests)

    def _single(self) -> Test:
        if self._take("("):
            inner = self._either()
            self._need(")")
            return inner
        left = self._operand()
        kind, operator = self._peek()
        if kind != "op" or operator not in _COMPARISONS:
            return lambda context: _truth(left(context))
        self._expressions += 1
        if self._expressions > MAX_EXPRESSIONS:
            raise self._wrong()
        self._at += 1
        right = self._literal()
        return lambda context: any(_compare(_text(value), operator, right) for value in left(context))

    def _operand(self) -> Select:
        kind, text = self._peek()
        if kind == "name" and self._peek(1) == ("op", "("):
            if text not in _FUNCTIONS:
                raise self._wrong()
            self._at += 2
            return self._function(text)
        return self._path()

    def _function(self, name: str) -> Select:
        if name == "position":
            self._need(")")
            return lambda context: [str(context.position)]
        first = self._path()
        if name == "timediff":
            second = self._path() if self._take(",") else None
            self._need(")")
            return lambda context: _timediff(first(context), None if second is None else second(context), context.now)
        self._need(",")
        mask = int(self._literal(), 0)
        self._need(")")
        return lambda context: [str(int(_text(value), 0) & mask) for value in first(context)]

    def _literal(self) -> str:
        kind, text = self._peek()
        if kind not in ("string", "number"):
            raise self._wrong()
        self._at += 1
        return text


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise InvalidQuery(position + 1)
        token = match.group(match.lastgroup)
        yield match.lastgroup, token[1:-1] if match.lastgroup == "string" else token, match.start(match.lastgroup) + 1
        position = match.end()
    yield "end", "", max(end, 1)


def _text(value: str | Element) -> str:
    return value if isinstance(value, str) else "".join(value.itertext())


def _truth(values: Values) -> bool:
    """A number of `band` is true when it is not 0; anything else when it is there."""
    return any(not isinstance(value, str) or value != "0" for value in values)


def _time(text: str) -> dt.datetime:
    """Of a SystemTime; digits beyond microseconds are dropped."""
    main, _dot, fraction = text.rstrip("Z").partition(".")
    moment = dt.datetime.strptime(main, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=dt.timezone.utc)
    return moment + dt.timedelta(microseconds=int(fraction.ljust(6, "0")[:6]) if fraction else 0)


def _timediff(first: Values, second: Values | None, now: dt.datetime) -> Values:
    ends = [now] if second is None else [_time(_text(value)) for value in second]
    return [str(round((end - _time(_text(value))) / dt.timedelta(milliseconds=1))) for value in first for end in ends]


def _compare(value: str, operator: str, literal: str) -> bool:
    left, right = _comparable(value), _comparable(literal)
    if type(left) is not type(right):
        return operator == "!="
    return bool(
        {
            "=": left == right,
            "!=": left != right,
            "<": left < right,  # type: ignore[operator]
            "<=": left <= right,  # type: ignore[operator]
            ">": left > right,  # type: ignore[operator]
            ">=": left >= right,  # type: ignore[operator]
        }[operator]
    )


def _comparable(text: str) -> int | dt.datetime | str:
    """Numbers as numbers, times as times, anything else as text without case (MEM: unverified)."""
    try:
        return int(text, 0) if not text.startswith("0") or text[:2].lower() == "0x" else int(text)
    except ValueError:
        pass
    try:
        return _time(text)
    except ValueError:
        return text.lower()
