# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: runs what command_line.py reads with the tools that the lab has.

Every tool is a function of host, token and words. Some (`echo`, `find`, `schtasks`) need the text as it stands, or what
comes on their standard input; they get a Call. What is no tool is answered as cmd.exe does, with exit code 1 of
`cmd /c` (9009 is what ERRORLEVEL shows inside: MEM: unverified). A file of commands (.cmd, .bat) runs line by line,
without labels, arguments of its own and the lines that cmd.exe prints before each command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native import (
    dism,
    file_commands,
    filters,
    folders,
    icacls,
    netsh,
    netstat,
    ping,
    qwinsta,
    reg,
    sc,
    schtasks,
    shutdown,
    takeown,
    text_files,
    wevtutil,
    whoami,
)
from tests.lab.native.command_line import Command, Condition, Joined, Redirection, SyntaxMistake, expand, parse
from tests.lab.native.result import Call, Result, lines

Tool = Callable[[Host, Token, list[str]], Result]

_TOOLS: dict[str, Tool] = {
    "icacls": icacls.run,
    "takeown": takeown.run,
    "dism": dism.run,
    "shutdown": shutdown.run,
    "netsh": netsh.run,
    "netstat": netstat.run,
    "sc": sc.run,
    "qwinsta": qwinsta.run,
    "wevtutil": wevtutil.run,
    "whoami": whoami.run,
    "hostname": whoami.hostname,
    "ping": ping.run,
}
_MAX_DEPTH = 5
LONGEST_LINE = 8191
"""Characters that cmd.exe takes (Microsoft, "Command prompt line string limitation")."""


def _ver(host: Host) -> Result:
    version = ".".join(str(part) for part in host.profile.version)
    build = f".{host.profile.ubr}" if host.profile.version[0] >= 10 else ""
    return Result(0, lines("", f"Microsoft Windows [Version {version}{build}]"))


def _echo(call: Call) -> Result:
    """The text after one character as it stands, quotes and blanks at its end too."""
    rest = call.text[len("echo") :]
    if not rest.strip():
        return Result(0, lines("ECHO is on."))
    if rest.strip().lower() in ("on", "off"):
        return Result(0)
    return Result(0, lines(rest[1:]), handed_on=True)


def _exit(call: Call) -> Result:
    numbers = [word for word in call.words if word.isdigit()]
    return Result(int(numbers[0]) if numbers else 0, leaves=True)


_BUILTIN: dict[str, Callable[[Call], Result]] = {
    "ver": lambda call: _ver(call.host),
    "echo": _echo,
    "exit": _exit,
    "dir": folders.run,
    "type": text_files.run,
    "del": file_commands.delete,
    "erase": file_commands.delete,
    "rd": file_commands.remove_folder,
    "rmdir": file_commands.remove_folder,
    "md": file_commands.make_folder,
    "mkdir": file_commands.make_folder,
    "rem": lambda call: Result(0),
}
_CALLED: dict[str, Callable[[Call], Result]] = {
    "find": filters.find,
    "findstr": filters.findstr,
    "reg": reg.run,
    "schtasks": schtasks.run,
}


def split_words(line: str) -> list[str]:
    """Words of a Windows command line: blanks part them, double quotes keep them together."""
    return [word.replace('"', "") for word in re.findall(r'(?:[^\s"]|"[^"]*(?:"|$))+', line)]


def _name(program: str) -> str:
    return program.replace("/", "\\").rpartition("\\")[2].lower().removesuffix(".exe")


def known_program(program: str) -> bool:
    """Whether a process of that name can be started."""
    return _name(program) in (*_TOOLS, *_CALLED, "cmd")


def variables(host: Host) -> dict[str, str]:
    """The environment of a remote shell, as far as the lab has it; ERRORLEVEL is that of the line's beginning."""
    return {
        "SystemDrive": "C:",
        "SystemRoot": "C:\\Windows",
        "windir": "C:\\Windows",
        "ProgramData": "C:\\ProgramData",
        "ALLUSERSPROFILE": "C:\\ProgramData",
        "ComSpec": "C:\\Windows\\system32\\cmd.exe",
        "COMPUTERNAME": host.name.upper(),
        "ERRORLEVEL": "0",
    }


def run_command_line(host: Host, token: Token, line: str) -> Result:
    """Run a whole command line as cmd.exe does, at once; the exit code is that of the last command run."""
    return _together(run_steps(host, token, line))


def _together(steps: Iterator[Result]) -> Result:
    out = err = ""
    code, seconds = 0, 0.0
    for result in steps:
        code = result.code
        out, err, seconds = out + result.stdout, err + result.stderr, seconds + result.seconds
    return Result(code, out, err, seconds)


def run_steps(host: Host, token: Token, line: str, depth: int = 0) -> Iterator[Result]:
    """The same a command at a time: each runs when its result is asked for."""
    if not line.strip():
        yield Result(0)
        return
    if len(line) > LONGEST_LINE:
        yield Result(1, "", host.language.tool_output(lines("The command line is too long.")))
        return
    try:
        found = parse(expand(line, variables(host)))
    except SyntaxMistake as mistake:
        text = f"{mistake.rest.split(' ')[0]} was unexpected at this time." if mistake.rest else ""
        yield Result(1, "", host.language.tool_output(lines(text or "The syntax of the command is incorrect.")))
        return
    yield from _Runner(host, token, depth).run(found)


def start_program(host: Host, token: Token, line: str) -> Iterator[Result] | None:
    """Start the program of a line, without cmd.exe around it; None for one that is not there."""
    words = split_words(line)
    if not words or not (known_program(words[0]) or _batch_lines(host, token, words[0])):
        return None
    return _Runner(host, token, 0).program(line)


def _batch_lines(host: Host, token: Token, program: str) -> list[str]:
    """The lines of a file of commands; none for another program."""
    if not program.lower().endswith((".cmd", ".bat")):
        return []
    text = text_files.read(host, token, program)
    return (text or "").replace("%%", "%").splitlines()


class _Runner:
    """One line of one caller."""

    def __init__(self, host: Host, token: Token, depth: int) -> None:
        self._host = host
        self._token = token
        self._depth = depth
        self._code = 0

    def run(self, found: list[Joined], stdin: str | None = None) -> Iterator[Result]:
        for joined in found:
            if (joined.separator == "&&" and self._code != 0) or (joined.separator == "||" and self._code == 0):
                continue
            for result in self._pipe(joined.pipe, stdin):
                self._code = result.code
                yield result
                if result.leaves:
                    return

    def program(self, line: str) -> Iterator[Result]:
        yield from self._command(Command(line), None)

    def _pipe(self, pipe: list[Command], stdin: str | None) -> Iterator[Result]:
        """All but the last run to their end; what they say of errors is heard, their exit codes are not."""
        errors, seconds = "", 0.0
        for command in pipe[:-1]:
            result = _together(self._command(command, stdin))
            stdin, errors, seconds = result.stdout, errors + result.stderr, seconds + result.seconds
        for result in self._command(pipe[-1], stdin):
            leaves = result.leaves and len(pipe) == 1
            yield replace(result, stderr=errors + result.stderr, seconds=seconds + result.seconds, leaves=leaves)
            errors, seconds = "", 0.0

    def _command(self, command: Command, stdin: str | None) -> Iterator[Result]:
        for redirection in command.redirections:
            if redirection.stream == 0:
                stdin = "" if redirection.to_nul else text_files.read(self._host, self._token, redirection.target)
                if stdin is None:
                    yield self._said(Result(1, "", lines("The system cannot find the file specified.")))
                    return
        words = split_words(command.text)
        batch = _batch_lines(self._host, self._token, words[0]) if words else []
        if command.group is not None:
            steps = self.run(self._chosen(command.group, command.condition), stdin)
        elif not words:
            steps = iter([Result(0)])
        elif _name(words[0]) == "cmd":
            steps = self._cmd(command.text)
        elif batch:
            steps = self._batch(batch)
        else:
            steps = iter([self._said(self._tool(command.text, stdin))])
        for result in steps:
            yield self._redirected(result, command.redirections)

    def _chosen(self, then: list[Joined], condition: Condition | None) -> list[Joined]:
        """What runs of an `if`; the exit code stays as it was when it is nothing."""
        if condition is None:
            return then
        if condition.kind == "errorlevel":
            holds = condition.operand.isdigit() and self._code >= int(condition.operand)
        else:
            holds = bool(file_commands.matching(self._host, condition.operand))
        return then if holds != condition.negated else condition.otherwise

    def _batch(self, text: list[str]) -> Iterator[Result]:
        if self._depth >= _MAX_DEPTH:
            yield self._said(Result(1, "", lines("The maximum setlocal recursion level has been reached.")))
            return
        for line in text:
            bare = line.strip().lstrip("@")
            if not bare or bare.startswith(":"):
                continue
            for result in run_steps(self._host, self._token, bare, self._depth + 1):
                yield replace(result, leaves=False)
                if result.leaves:
                    return

    def _said(self, result: Result) -> Result:
        """In the host's language; a text that the command only hands on is nobody's words."""
        language = self._host.language
        out = result.stdout if result.handed_on else language.tool_output(result.stdout)
        return replace(result, stdout=out, stderr=language.tool_output(result.stderr))

    def _tool(self, text: str, stdin: str | None) -> Result:
        words = split_words(text)
        call = Call(self._host, self._token, text.lstrip(), words[1:], stdin)
        builtin = re.match(r"[A-Za-z]+(?![\w\\:-])", call.text)
        name = builtin[0].lower() if builtin else ""
        if name in _BUILTIN:
            return _BUILTIN[name](call)
        if _name(words[0]) in _CALLED:
            return _CALLED[_name(words[0])](call)
        tool = _TOOLS.get(_name(words[0]))
        if tool is not None:
            return tool(self._host, self._token, words[1:])
        return Result(
            1,
            "",
            lines(
                f"'{words[0]}' is not recognized as an internal or external command,",
                "operable program or batch file.",
            ),
        )

    def _redirected(self, result: Result, redirections: list[Redirection]) -> Result:
        """Both streams to where they are sent, from left to right; a file that cannot be written fails the command."""
        place = {1: "1", 2: "2"}
        for item in redirections:
            if item.stream:
                place[item.stream] = place[int(item.target[1:])] if item.target.startswith("&") else item.target
        out = "".join(text for text, stream in ((result.stdout, 1), (result.stderr, 2)) if place[stream] == "1")
        err = "".join(text for text, stream in ((result.stdout, 1), (result.stderr, 2)) if place[stream] == "2")
        for item in redirections:
            if item.stream == 0 or item.target.startswith("&") or item.to_nul:
                continue
            text = "".join(
                text for text, stream in ((result.stdout, 1), (result.stderr, 2)) if place[stream] == item.target
            )
            problem = text_files.write(self._host, self._token, item.target, text, append=item.append)
            if problem:
                return self._said(Result(1, "", lines(problem), result.seconds))
        return replace(result, stdout=out, stderr=err)

    def _cmd(self, command: str) -> Iterator[Result]:
        match = re.match(
            r'\s*"?[^"\s]*cmd(?:\.exe)?"?\s*(?P<switches>(?:/[a-bd-jl-z]\S*\s+)*)/[ck]\s*(?P<rest>.*)\Z',
            command,
            re.I | re.S,
        )
        if match is None:
            yield self._said(_ver(self._host))
            return
        if self._depth >= _MAX_DEPTH:
            yield self._said(Result(1, "", lines("The maximum setlocal recursion level has been reached.")))
            return
        rest = _unwrapped(match.group("rest").strip())
        for result in run_steps(self._host, self._token, rest, self._depth + 1):
            yield replace(result, leaves=False)


def _unwrapped(text: str) -> str:
    """What `cmd /c` makes of quotes: the first and the last one go when the text begins with one (`cmd /?`), unless two
    quotes enclose the name of a program with blanks in it."""
    if not text.startswith('"') or text.count('"') < 2:
        return text
    last = text.rindex('"')
    inside = text[1:last]
    if text.count('"') == 2 and " " in inside and known_program(inside) and not re.search(r"[&<>()@^|]", inside):
        return text
    return inside + text[last + 1 :]


__all__ = ["Result", "known_program", "run_command_line", "run_steps", "split_words"]
