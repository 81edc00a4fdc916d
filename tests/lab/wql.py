# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WQL, as much as clients of a host need: SELECT with a WHERE, and ASSOCIATORS OF.

Grammar: Microsoft's "WQL (SQL for WMI)" pages. In strings a backslash escapes the next character. Comparisons of text
ignore case, as WMI does. What is outside the grammar is a WqlError, never an empty result.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from tests.lab.object_path import ObjectPath, parse_path

Literal: TypeAlias = str | float | bool | None
Predicate = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<op><>|!=|<=|>=|=|<|>|\(|\)|,|\*))""",
    re.X,
)
_MOMENT = re.compile(r"(\d{14})\.(\d{6})([+-]\d{3})")
_ASSOCIATORS = re.compile(
    r"\s*ASSOCIATORS\s+OF\s*\{(?P<path>.*)\}\s*(?:WHERE\s+(?P<where>[\w\s=]+?))?\s*\Z", re.I | re.S
)


class WqlError(ValueError):
    """Not WQL that this lab understands."""


@dataclass(frozen=True)
class Select:
    """`properties` None is a star query; `where` None takes every instance."""

    class_name: str
    properties: tuple[str, ...] | None
    where: Predicate | None
    names_used: frozenset[str]
    equals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Associators:
    """ASSOCIATORS OF {object path} WHERE name=word ...; names and words of `where` in lower case."""

    path: ObjectPath
    where: tuple[tuple[str, str], ...]


def parse(text: str) -> Select | Associators:
    """The query; WqlError when it is not one."""
    match = _ASSOCIATORS.match(text)
    if match is not None:
        return _associators(match.group("path"), match.group("where") or "")
    return _Parser(text).select()


def _associators(path: str, where: str) -> Associators:
    found = parse_path(path)
    if found is None:
        raise WqlError(f"not an object path: {path}")
    pairs = re.findall(r"(\w+)\s*=\s*(\w+)", where)
    if re.sub(r"\w+\s*=\s*\w+", "", where).strip():
        raise WqlError(f"not a WHERE of ASSOCIATORS: {where}")
    conditions = tuple((name.lower(), value.lower()) for name, value in pairs)
    return Associators(found, conditions)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.S)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._position = 0
        self._names: set[str] = set()
        self._equals: list[tuple[str, str]] = []

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("end", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._position += 1
        return token

    def _word(self, expected: str) -> bool:
        kind, text = self._peek()
        if kind == "word" and text.upper() == expected:
            self._position += 1
            return True
        return False

    def _expect(self, expected: str) -> None:
        if not self._word(expected):
            raise WqlError(f"expected {expected}")

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "word":
            raise WqlError(f"expected a name, not {text!r}")
        return text

    def select(self) -> Select:
        self._expect("SELECT")
        properties: tuple[str, ...] | None = None
        if self._peek() == ("op", "*"):
            self._next()
        else:
            found = [self._name()]
            while self._peek() == ("op", ","):
                self._next()
                found.append(self._name())
            properties = tuple(found)
        self._expect("FROM")
        class_name = self._name()
        where = self._either() if self._word("WHERE") else None
        if self._peek()[0] != "end":
            raise WqlError(f"unexpected {self._peek()[1]!r}")
        used = {name.lower() for name in self._names} | {name.lower() for name in properties or ()}
        return Select(class_name, properties, where, frozenset(used), tuple(self._equals))

    def _either(self) -> Predicate:
        before = len(self._equals)
        left = self._both()
        while self._word("OR"):
            left = _or(left, self._both())
            del self._equals[before:]
        return left

    def _both(self) -> Predicate:
        left = self._negated()
        while self._word("AND"):
            left = _and(left, self._negated())
        return left

    def _negated(self) -> Predicate:
        if self._word("NOT"):
            before = len(self._equals)
            inner = self._negated()
            del self._equals[before:]
            return lambda values: not inner(values)
        if self._peek() == ("op", "("):
            self._next()
            inner = self._either()
            if self._next() != ("op", ")"):
                raise WqlError("expected )")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        kind, text = self._peek()
        if kind in ("string", "number"):
            literal = self._literal()
            operator = self._operator()
            name = self._use()
            flipped = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
            return _compare(name, flipped, literal)
        name = self._use()
        if self._word("IS"):
            negated = self._word("NOT")
            self._expect("NULL")
            return lambda values: (values.get(name) is None) != negated
        negated = self._word("NOT")
        if self._word("LIKE"):
            kind, text = self._next()
            if kind != "string":
                raise WqlError("LIKE needs a string")
            matches = _like(name, text)
            return (lambda values: not matches(values)) if negated else matches
        if negated:
            raise WqlError("expected LIKE after NOT")
        operator = self._operator()
        literal = self._literal()
        if operator == "=" and isinstance(literal, str):
            self._equals.append((name, literal))
        return _compare(name, operator, literal)

    def _use(self) -> str:
        name = self._name()
        if name.upper() in ("AND", "OR", "NOT", "LIKE", "IS", "NULL", "WHERE", "ISA"):
            raise WqlError(f"unexpected {name}")
        self._names.add(name)
        return name.lower()

    def _operator(self) -> str:
        kind, text = self._next()
        if kind != "op" or text not in ("=", "<>", "!=", "<", ">", "<=", ">="):
            raise WqlError(f"expected a comparison, not {text!r}")
        return "<>" if text == "!=" else text

    def _literal(self) -> Literal:
        kind, text = self._next()
        if kind == "string":
            return text
        if kind == "number":
            return float(text)
        if kind == "word" and text.upper() in ("TRUE", "FALSE"):
            return text.upper() == "TRUE"
        if kind == "word" and text.upper() == "NULL":
            return None
        raise WqlError(f"expected a value, not {text!r}")


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise WqlError(f"unexpected text at {position}")
        token = match.group(match.lastgroup)
        found.append((match.lastgroup, _unescape(token[1:-1]) if match.lastgroup == "string" else token))
        position = match.end()
    return found


def _or(left: Predicate, right: Predicate) -> Predicate:
    return lambda values: left(values) or right(values)


def _and(left: Predicate, right: Predicate) -> Predicate:
    return lambda values: left(values) and right(values)


def _compare(name: str, operator: str, literal: Literal) -> Predicate:
    def test(values: Mapping[str, Any]) -> bool:
        value = values.get(name)
        if literal is None or value is None:
            same = value is None and literal is None
            return same if operator == "=" else (not same if operator == "<>" and literal is None else False)
        left, right = _alike(value, literal)
        if operator == "=":
            return bool(left == right)
        if operator == "<>":
            return bool(left != right)
        if type(left) is not type(right):
            return False
        return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])

    return test


def _moment(text: str) -> dt.datetime | None:
    """A literal in the format of CIM, `yyyymmddHHMMSS.mmmmmm+UUU` (UUU minutes from UTC); None for anything else."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        moment = dt.datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S%f")
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=int(match[3]))))


def _alike(value: Any, literal: str | float | bool) -> tuple[Any, Any]:
    """Both sides in one type: numbers where both are, else text without case; two object paths by their keys."""
    if isinstance(value, ObjectPath):
        path = parse_path(str(literal))
        return True, path is not None and value.same(path)
    if isinstance(value, dt.datetime):
        return value, _moment(str(literal))
    if isinstance(value, bool):
        return value, literal if isinstance(literal, bool) else str(literal).lower() in ("true", "1", "1.0")
    if isinstance(value, int):
        try:
            return float(value), float(literal)
        except ValueError:
            return str(value), str(literal)
    return str(value).lower(), str(literal).lower()


@lru_cache(maxsize=256)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    out = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        close = pattern.find("]", position + 1)
        if char == "%":
            out.append(".*")
        elif char == "_":
            out.append(".")
        elif char == "[" and close > position + 1:
            inside = pattern[position + 1 : close]
            negate = inside.startswith("^")
            out.append("[" + ("^" if negate else "") + re.escape(inside[negate:]).replace("\\-", "-") + "]")
            position = close
        else:
            out.append(re.escape(char))
        position += 1
    return re.compile("".join(out) + r"\Z", re.I | re.S)


def _like(name: str, pattern: str) -> Predicate:
    compiled = _like_pattern(pattern)
    return lambda values: values.get(name) is not None and compiled.match(str(values[name])) is not None
