# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""find and findstr on what is piped in, or on a file that the lab knows.

`find "text"`: /v, /c, /i and /n; exit code 0 when a line was found, 1 when none was, 2 when the line cannot be read; an
empty text is found nowhere, which makes `find /c /v ""` count lines. findstr: /v, /i, /n, /r, /l, /x, /b, /e and
/c:text; other words are alternatives, as regular expressions of `.`, `*`, `^`, `$`, `[]` and `\\`.
"""

from __future__ import annotations

import re

from tests.lab.native import text_files
from tests.lab.native.result import Call, Result, lines

_FINDSTR = re.compile(r"/([vinrlxbe])\Z", re.I)


def find(call: Call) -> Result:
    match = re.fullmatch(r"\S+((?:\s+/[vcin])*)\s+\"([^\"]*)\"((?:\s+/[vcin])*)\s*(\S*)\s*", call.text, re.I | re.S)
    if match is None:
        return Result(2, "", lines("FIND: Parameter format not correct"))
    switches = {switch.lower() for switch in (match[1] + match[3]).split()}
    wanted, name = match[2], match[4].strip('"')
    text = _input(call, name)
    if text is None:
        return Result(1, "", lines(f"File not found - {name.upper()}"))
    fold = str.lower if "/i" in switches else str
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if (bool(wanted) and fold(wanted) in fold(line)) != ("/v" in switches)
    ]
    head = f"---------- {name.upper()}" if name else ""
    if "/c" in switches:
        out = lines("", f"{head}: {len(numbered)}") if name else lines(str(len(numbered)))
    else:
        shown = [f"[{number}]{line}" if "/n" in switches else line for number, line in numbered]
        out = lines("", head, *shown) if name else lines(*shown)
    return Result(0 if numbered else 1, out, handed_on=True)


def findstr(call: Call) -> Result:
    switches, patterns, rest = set(), [], []
    for word in call.words:
        known = _FINDSTR.match(word)
        if known is not None:
            switches.add(known[1].lower())
        elif word.lower().startswith("/c:"):
            patterns.append(word[3:])
        elif word.startswith("/"):
            return Result(2, "", lines(f"FINDSTR: {word} ignored", "FINDSTR: Bad command line"))
        else:
            rest.append(word)
    literal = bool(patterns) and "r" not in switches
    if not patterns and rest:
        patterns = rest.pop(0).split()
    if not patterns or len(rest) > 1:
        return Result(2, "", lines("FINDSTR: Bad command line"))
    text = _input(call, rest[0] if rest else "")
    if text is None:
        return Result(1, "", lines(f"FINDSTR: Cannot open {rest[0]}"))
    wanted = [_expression(pattern, switches, literal or "l" in switches) for pattern in patterns]
    found = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if any(expression.search(line) for expression in wanted) != ("v" in switches)
    ]
    shown = [f"{number}:{line}" if "n" in switches else line for number, line in found]
    return Result(0 if found else 1, lines(*shown), handed_on=True)


def _expression(pattern: str, switches: set[str], literal: bool) -> re.Pattern[str]:
    text = re.escape(pattern) if literal else re.sub(r"[+?(){}|]", r"\\\g<0>", pattern)
    begin = "^" if switches & {"x", "b"} else ""
    end = "$" if switches & {"x", "e"} else ""
    return re.compile(f"{begin}{text}{end}", re.I if "i" in switches else 0)


def _input(call: Call, name: str) -> str | None:
    if name:
        return text_files.read(call.host, call.token, name)
    return call.stdin or ""
