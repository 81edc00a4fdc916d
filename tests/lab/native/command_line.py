# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How cmd.exe reads a line: commands and what joins them, pipes, redirections, groups, `if`, `%NAME%` and `^`.

What is read is the form of the line; which command does what is the runner's. A line that cmd.exe cannot read (an
operator without a command, an open parenthesis) is a SyntaxMistake. `if` takes the whole rest of the line or group, up
to an `else` behind parentheses, as in ReactOS's cmd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"%([^%\s]+)%")
_IF = re.compile(r'if\s+(?:/i\s+)?(not\s+)?(exist|errorlevel)\s+("[^"]*"|[^\s()&|]+)\s+', re.I)
_ELSE = re.compile(r"\s*else\b", re.I)
_REDIRECTION = re.compile(r"([0-2]?)(>>|>|<)\s*(&[12]|\"[^\"]*\"|[^\s&|<>()]+)")


class SyntaxMistake(ValueError):
    """`rest` is what was unexpected."""

    def __init__(self, rest: str) -> None:
        super().__init__(f"unexpected: {rest}")
        self.rest = rest


@dataclass(frozen=True)
class Redirection:
    """`stream` 0, 1 or 2; `target` is a file, NUL, or `&1`, `&2`."""

    stream: int
    target: str
    append: bool = False

    @property
    def to_nul(self) -> bool:
        return self.target.lower() in ("nul", "nul:")


@dataclass(frozen=True)
class Condition:
    """Of an `if`: `kind` is `exist` or `errorlevel`, `operand` the file or the number."""

    kind: str
    operand: str
    negated: bool
    otherwise: list[Joined]


@dataclass
class Command:
    """`text` without its redirections, or a group in parentheses, which a condition may stand before."""

    text: str = ""
    group: list[Joined] | None = None
    condition: Condition | None = None
    redirections: list[Redirection] = field(default_factory=list)


@dataclass
class Joined:
    """What comes before (`""`, `&`, `&&`, `||`) and a pipe of one or more commands."""

    separator: str
    pipe: list[Command]


def expand(line: str, variables: Mapping[str, str]) -> str:
    """`%NAME%` of the variables that are set; others stay as they are, as on a command line."""
    known = {name.lower(): value for name, value in variables.items()}
    return _VARIABLE.sub(lambda match: known.get(match[1].lower(), match[0]), line)


def parse(line: str) -> list[Joined]:
    """The commands of a line."""
    parser = _Parser(line)
    found = parser.commands()
    if parser.rest:
        raise SyntaxMistake(parser.rest)
    return found


class _Parser:
    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._groups = 0
        self._conditions = 0

    @property
    def rest(self) -> str:
        return self._line[self._at :].strip()

    def commands(self) -> list[Joined]:
        found = [Joined("", self._pipe())]
        while (separator := self._operator()) is not None:
            if separator == "&" and (not self.rest or self.rest.startswith(")")):
                break
            found.append(Joined(separator, self._pipe()))
        return found

    def _operator(self) -> str | None:
        for operator in ("&&", "||", "&"):
            if self._line.startswith(operator, self._at):
                self._at += len(operator)
                return operator
        return None

    def _pipe(self) -> list[Command]:
        found = [self._command()]
        while self._line.startswith("|", self._at) and not self._line.startswith("||", self._at):
            self._at += 1
            found.append(self._command())
        return found

    def _command(self) -> Command:
        self._skip_blanks()
        condition = _IF.match(self._line, self._at)
        if condition is not None:
            return self._if(condition)
        if self._line.startswith("(", self._at):
            self._at += 1
            self._groups += 1
            inside = self.commands()
            self._groups -= 1
            if not self._line.startswith(")", self._at):
                raise SyntaxMistake(self.rest)
            self._at += 1
            if self._conditions and _ELSE.match(self._line, self._at):
                return Command(group=inside)
            tail = self._text()
            command = _without_redirections(tail)
            if command.text.strip():
                raise SyntaxMistake(command.text.strip())
            command.group = inside
            return command
        text = self._text()
        if not text.strip():
            raise SyntaxMistake(self.rest)
        return _without_redirections(text)

    def _if(self, match: re.Match[str]) -> Command:
        self._at = match.end()
        self._conditions += 1
        then = self.commands()
        self._conditions -= 1
        otherwise: list[Joined] = []
        other = _ELSE.match(self._line, self._at)
        if other is not None:
            self._at = other.end()
            otherwise = self.commands()
        condition = Condition(match[2].lower(), match[3].strip('"'), bool(match[1]), otherwise)
        return Command(group=then, condition=condition)

    def _skip_blanks(self) -> None:
        while self._line[self._at : self._at + 1] in (" ", "\t", "@"):
            self._at += 1

    def _text(self) -> str:
        """Up to the next operator outside quotes, with `^` still in it; `)` is one in a group only."""
        start, quoted = self._at, False
        while self._at < len(self._line):
            char = self._line[self._at]
            if char == '"':
                quoted = not quoted
            elif not quoted and char == "^":
                self._at += 1
            elif not quoted and char == "&" and self._line[self._at - 1 : self._at] in ("<", ">"):
                pass
            elif not quoted and (char in "&|" or (char == ")" and self._groups)):
                break
            self._at += 1
        return self._line[start : self._at]


def _without_redirections(text: str) -> Command:
    """The redirections taken out of a command, and its `^` resolved."""
    out, redirections, quoted, position = "", [], False, 0
    while position < len(text):
        char = text[position]
        if char == '"':
            quoted = not quoted
        elif not quoted and char == "^":
            out += text[position + 1 : position + 2]
            position += 2
            continue
        elif not quoted and (char in "<>" or (char in "012" and (not out or out[-1].isspace()))):
            match = _REDIRECTION.match(text, position)
            if match is not None:
                stream = int(match[1]) if match[1] else (0 if match[2] == "<" else 1)
                redirections.append(Redirection(stream, match[3].strip('"'), match[2] == ">>"))
                position = match.end()
                continue
            if char in "<>":
                raise SyntaxMistake(text[position:].strip())
        out += char
        position += 1
    return Command(out, redirections=redirections)
