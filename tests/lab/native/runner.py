# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: words, `&&`, `||`, `&`, `cmd /c`, and which tool a name means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native import icacls, netsh, ping, qwinsta, sc, takeown, whoami
from tests.lab.native.result import Result, lines

Tool = Callable[[Host, Token, list[str]], Result]

_TOOLS: dict[str, Tool] = {
    "icacls": icacls.run,
    "takeown": takeown.run,
    "netsh": netsh.run,
    "sc": sc.run,
    "qwinsta": qwinsta.run,
    "whoami": whoami.run,
    "hostname": whoami.hostname,
    "ping": ping.run,
}
_REDIRECTION = re.compile(r"\s*(?:[12]?>{1,2}\s*(?:&[12]|nul\b)|<\s*nul\b)", re.I)
_MAX_DEPTH = 5


def _ver(host: Host, token: Token, words: list[str]) -> Result:
    version = ".".join(str(part) for part in host.profile.version)
    build = f".{host.profile.ubr}" if host.profile.version[0] >= 10 else ""
    return Result(0, lines("", f"Microsoft Windows [Version {version}{build}]"))


def _echo(host: Host, token: Token, words: list[str]) -> Result:
    return Result(0, lines(" ".join(words)))


def _exit(host: Host, token: Token, words: list[str]) -> Result:
    numbers = [word for word in words if word.isdigit()]
    return Result(int(numbers[0]) if numbers else 0)


_BUILTIN: dict[str, Tool] = {"ver": _ver, "echo": _echo, "exit": _exit}


def split_words(line: str) -> list[str]:
    """Words of a Windows command line: blanks part them, double quotes keep them together."""
    return [word.replace('"', "") for word in re.findall(r'(?:[^\s"]|"[^"]*(?:"|$))+', line)]


def _name(program: str) -> str:
    return program.replace("/", "\\").rpartition("\\")[2].lower().removesuffix(".exe")


def known_program(program: str) -> bool:
    """Whether a process of that name can be started."""
    return _name(program) in (*_TOOLS, "cmd")


def run_command_line(host: Host, token: Token, line: str) -> Result:
    """Run a whole command line as cmd.exe does, at once; the exit code is that of the last command run."""
    out = err = ""
    code = 0
    for result in run_steps(host, token, line):
        code = result.code
        out, err = out + result.stdout, err + result.stderr
    return Result(code, out, err)


def run_steps(host: Host, token: Token, line: str, depth: int = 0) -> Iterator[Result]:
    """The same a command at a time: each runs when its result is asked for."""
    code = 0
    for separator, part in _split_commands(line):
        if (separator == "&&" and code != 0) or (separator == "||" and code == 0):
            continue
        for result in _run_one(host, token, part.strip(), depth):
            code = result.code
            yield result


def _split_commands(line: str) -> list[tuple[str, str]]:
    """(separator before, command) for each command outside quotes."""
    if _is_cmd(line):
        return [("", line)]
    found = [("", "")]
    quoted = False
    position = 0
    while position < len(line):
        char = line[position]
        if char == '"':
            quoted = not quoted
        pair = line[position : position + 2]
        if not quoted and (pair in ("&&", "||") or (char == "&" and line[position - 1 : position] != ">")):
            separator = pair if pair in ("&&", "||") else "&"
            found.append((separator, ""))
            position += len(separator)
            continue
        found[-1] = (found[-1][0], found[-1][1] + char)
        position += 1
    return found


def _is_cmd(line: str) -> bool:
    words = split_words(line)
    return bool(words) and _name(words[0]) == "cmd"


def _run_one(host: Host, token: Token, command: str, depth: int) -> Iterator[Result]:
    silent = re.search(r"(?<![2<])>{1,2}\s*nul\b", command, re.I) is not None
    to_errors = re.search(r"(?<!2)>&2", command) is not None
    silent_errors = re.search(r"2>{1,2}\s*nul\b", command, re.I) is not None or (silent and "2>&1" in command)
    if not _is_cmd(command):
        command = _REDIRECTION.sub("", command)
    words = split_words(command)
    if not words:
        yield Result(0)
    elif _name(words[0]) == "cmd":
        yield from _cmd(host, token, command, depth)
    else:
        tool = _TOOLS.get(_name(words[0])) or _BUILTIN.get(words[0].lower()) or _unknown(words[0])
        result = tool(host, token, words[1:])
        out = "" if silent else host.language.tool_output(result.stdout)
        err = "" if silent_errors else host.language.tool_output(result.stderr)
        yield replace(result, stdout="" if to_errors else out, stderr=out + err if to_errors else err)


def _unknown(name: str) -> Tool:
    text = lines(f"'{name}' is not recognized as an internal or external command,", "operable program or batch file.")
    return lambda host, token, words: Result(1, "", text)


def _cmd(host: Host, token: Token, command: str, depth: int) -> Iterator[Result]:
    match = re.match(
        r'\s*"?[^"\s]*cmd(?:\.exe)?"?\s*(?P<switches>(?:/[a-bd-jl-z]\S*\s+)*)/[ck]\s*(?P<rest>.*)\Z',
        command,
        re.I | re.S,
    )
    if match is None:
        yield _ver(host, token, [])
        return
    if depth >= _MAX_DEPTH:
        yield Result(1, "", lines("The maximum setlocal recursion level has been reached."))
        return
    rest = match.group("rest").strip()
    if rest.startswith('"') and rest.endswith('"') and rest.count('"') > 2 or _is_wrapped(rest):
        rest = rest[1:-1]
    yield from run_steps(host, token, rest, depth + 1)


def _is_wrapped(text: str) -> bool:
    """The whole command inside one pair of quotes."""
    return len(text) > 1 and text.startswith('"') and text.endswith('"') and text.count('"') == 2


__all__ = ["Result", "known_program", "run_command_line", "run_steps", "split_words"]
