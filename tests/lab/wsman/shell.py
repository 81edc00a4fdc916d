# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows Remote Shell: Create, Command, Receive, Send, Signal and Delete in the recorded shapes."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native import canned
from tests.lab.native.runner import Result, known_program, run_steps
from tests.lab.wsman import faults, names
from tests.lab.wsman.envelope import Request, Writer, duration, new_id
from tests.lab.wsman.http import Caller

COMMAND_SECONDS = 0.01
LONGEST_COMMAND = 32767
"""Characters that CreateProcess takes; cmd.exe takes fewer, see the runner."""
_CTRL_C_EXIT = 0xC000013A
_IDLE_SECONDS = 7200.0
_RSP = f"{{{names.SHELL}}}"


@dataclass
class Command:
    """One command of a shell. `output` waits to be handed out; `news` is set when there is some, or when it is done."""

    task: asyncio.Task[None] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    output: list[tuple[str, str]] = field(default_factory=list)
    code: int = 0
    done: bool = False

    def add(self, result: Result) -> None:
        """A part of the command has ended with this."""
        self.code = result.code
        self.output += [(name, text) for name, text in (("stdout", result.stdout), ("stderr", result.stderr)) if text]
        if self.output:
            self.news.set()

    def end(self) -> None:
        self.done = True
        self.news.set()

    def take(self) -> list[tuple[str, str]]:
        """(stream, text) of what came since the last time, stdout first."""
        texts = {name: "".join(text for stream, text in self.output if stream == name) for name in ("stdout", "stderr")}
        self.output.clear()
        if not self.done:
            self.news.clear()
        return [(name, text) for name, text in texts.items() if text]


@dataclass
class Shell:
    """One open shell."""

    id: str
    owner: str
    commands: dict[str, Command] = field(default_factory=dict)


class Shells:
    """The remote shells of one host."""

    def __init__(self, host: Host, writer: Writer) -> None:
        self._host = host
        self._writer = writer
        self._shells: dict[str, Shell] = {}

    async def close(self) -> None:
        for shell in self._shells.values():
            _cancel(shell)
        self._shells.clear()

    async def handle(self, request: Request, token: Token, caller: Caller) -> bytes:
        """Answer one request on the resource `.../windows/shell/...`."""
        if request.resource_uri.lower() != names.SHELL_CMD:
            raise faults.resource_not_found("Create", request.resource_uri)
        if request.action == names.CREATE:
            return self._create(request, token, caller)
        shell = self._find(request, token)
        if request.action == names.COMMAND:
            return self._command(request, shell, token)
        if request.action == names.RECEIVE:
            return await self._receive(request, shell)
        if request.action == names.SEND:
            return self._send(request, shell)
        if request.action == names.SIGNAL:
            return self._signal(request, shell)
        if request.action == names.DELETE:
            _cancel(self._shells.pop(shell.id))
            return self._writer.reply(names.DELETE + "Response", request.message_id, "", ("a", "w", "p"))
        raise faults.action_not_supported(request.action)

    def _find(self, request: Request, token: Token) -> Shell:
        selectors = {name.lower(): value for name, value in request.selectors.items()}
        shell = self._shells.get(selectors.get("shellid", "").upper())
        if shell is None or shell.owner != token.name:
            raise faults.shell_not_found()
        return shell

    def _create(self, request: Request, token: Token, caller: Caller) -> bytes:
        if request.body is None or request.body.tag != _RSP + "Shell":
            raise faults.schema_error(
                "The Windows Remote Shell cannot process the request. There is no Shell element. "
            )
        limit = self._host.settings.winrm.max_shells_per_user
        if sum(shell.owner == token.name for shell in self._shells.values()) >= limit:
            raise faults.shell_quota(limit)
        wanted = (request.body.get("ShellId") or "").upper()
        shell = Shell(wanted if wanted and wanted not in self._shells else new_id(), token.name)
        self._shells[shell.id] = shell
        self._host.counters.shells_opened += 1
        created = (
            f"<x:ResourceCreated><a:Address>{escape(caller.url)}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{names.SHELL_CMD}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            "</x:ResourceCreated>"
        )
        if self._host.profile.winrm_stack != "2.0":
            created += _described(shell, request.body, token, caller)
        return self._writer.reply(names.CREATE + "Response", request.message_id, created, ("a", "x", "w", "rsp", "p"))

    def _command(self, request: Request, shell: Shell, token: Token) -> bytes:
        body = request.body
        if body is None or body.tag != _RSP + "CommandLine":
            raise faults.schema_error(
                "The Windows Remote Shell cannot process the request. The SOAP packet contains no CommandLine. "
            )
        text = (body.findtext(_RSP + "Command") or "").strip()
        if not text:
            raise faults.schema_error(
                "The Windows Remote Shell cannot process the request. The SOAP packet contains an element Command that "
                "is invalid. Retry the request with the correct XML element. "
            )
        arguments = [(element.text or "") for element in body.findall(_RSP + "Arguments")]
        skip = next((value for name, value in request.options.items() if name.upper() == "WINRS_SKIP_CMD_SHELL"), "")
        if skip.lower() == "true" and not known_program(text.strip('"')):
            raise faults.command_not_found()  # recorded; through cmd.exe the command itself fails instead
        line = " ".join([text, *arguments])
        if len(line) > LONGEST_COMMAND:
            raise faults.command_too_long()
        command = Command()
        command_id = (body.get("CommandId") or new_id()).upper()
        shell.commands[command_id] = command
        answer = canned.result(line) if self._host.settings.canned_commands else None
        if answer is not None:
            command.add(answer)
            command.end()
        else:
            command.task = asyncio.get_running_loop().create_task(self._run(command, line, token))
        xml = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
        return self._writer.reply(names.COMMAND + "Response", request.message_id, xml, ("a", "x", "w", "rsp", "p"))

    async def _run(self, command: Command, line: str, token: Token) -> None:
        await asyncio.sleep(COMMAND_SECONDS)
        steps = run_steps(self._host, token, line)
        while True:
            with self._host.acting_as(token.name):
                step = next(steps, None)
            if step is None:
                break
            if step.seconds:
                await asyncio.sleep(step.seconds)
            command.add(step)
        command.end()

    async def _receive(self, request: Request, shell: Shell) -> bytes:
        body = request.body
        stream = body.find(_RSP + "DesiredStream") if body is not None else None
        if stream is None:
            raise faults.schema_error(
                "The Windows Remote Shell cannot process the request. There is no DesiredStream. "
            )
        command_id, command = self._command_of(shell, stream)
        try:
            longest = self._host.settings.winrm.max_timeout_ms / 1000
            seconds = longest if request.timeout is None else min(request.timeout, longest)
            await asyncio.wait_for(command.news.wait(), seconds)
        except asyncio.TimeoutError as error:
            raise faults.timed_out() from error
        identity = quoteattr(command_id)
        parts = []
        for name, text in command.take():
            data = base64.b64encode(text.encode("utf-8", "replace")).decode()
            parts.append(f'<rsp:Stream Name="{name}" CommandId={identity}>{data}</rsp:Stream>')
        state = f'<rsp:CommandState CommandId={identity} State="{names.COMMAND_RUNNING}"></rsp:CommandState>'
        if command.done:
            del shell.commands[command_id]
            for name in ("stdout", "stderr"):
                parts.append(f'<rsp:Stream Name="{name}" CommandId={identity} End="true"></rsp:Stream>')
            state = (
                f'<rsp:CommandState CommandId={identity} State="{names.COMMAND_DONE}">'
                f"<rsp:ExitCode>{command.code}</rsp:ExitCode></rsp:CommandState>"
            )
        xml = f"<rsp:ReceiveResponse>{''.join(parts)}{state}</rsp:ReceiveResponse>"
        return self._writer.reply(names.RECEIVE + "Response", request.message_id, xml, ("a", "w", "rsp", "p"))

    @staticmethod
    def _command_of(shell: Shell, stream: Element) -> tuple[str, Command]:
        """The command that a stream element names; a fault without an id (recorded for Receive) or for an unknown one
        (recorded for Receive too)."""
        command_id = _command_id(stream)
        if not command_id:
            raise faults.invalid_parameter()
        command = shell.commands.get(command_id)
        if command is None:
            raise faults.unknown_command()
        return command_id, command

    def _send(self, request: Request, shell: Shell) -> bytes:
        body = request.body
        stream = body.find(_RSP + "Stream") if body is not None else None
        if stream is None:
            raise faults.schema_error("The Windows Remote Shell cannot process the request. There is no Stream. ")
        self._command_of(shell, stream)
        xml = "<rsp:SendResponse></rsp:SendResponse>"
        return self._writer.reply(names.SEND + "Response", request.message_id, xml, ("a", "x", "w", "rsp", "p"))

    def _signal(self, request: Request, shell: Shell) -> bytes:
        body = request.body
        if body is None or body.tag != _RSP + "Signal":
            raise faults.schema_error("The Windows Remote Shell cannot process the request. There is no Signal. ")
        command = shell.commands.get(_command_id(body))
        if command is not None and not command.done:
            if command.task is not None:
                command.task.cancel()
            command.code = _CTRL_C_EXIT
            command.end()
        xml = "<rsp:SignalResponse/>"
        return self._writer.reply(names.SIGNAL + "Response", request.message_id, xml, ("a", "x", "w", "rsp", "p"))


def _command_id(element: Element) -> str:
    """The attribute CommandId, with or without the shell's namespace: Windows 7 took both (recorded)."""
    return (element.get("CommandId") or element.get(_RSP + "CommandId") or "").upper()


def _described(shell: Shell, asked: Element, token: Token, caller: Caller) -> str:
    """rsp:Shell, with what the client asked for; names of variables come back without backslashes (recorded). The
    place of the environment before the directory is MEM: unverified."""
    streams = (asked.findtext(_RSP + "OutputStreams") or "stdout stderr").strip()
    idle = duration((asked.findtext(_RSP + "IdleTimeOut") or "").strip())
    variables = "".join(
        f"<rsp:Variable Name={quoteattr(item.get('Name', '').replace(chr(92), ''))}>{escape(item.text or '')}"
        "</rsp:Variable>"
        for item in asked.findall(f"{_RSP}Environment/{_RSP}Variable")
    )
    directory = asked.findtext(_RSP + "WorkingDirectory")
    return (
        f'<rsp:Shell xmlns:rsp="{names.SHELL}"><rsp:ShellId>{shell.id}</rsp:ShellId>'
        f"<rsp:ResourceUri>{names.SHELL_CMD}</rsp:ResourceUri><rsp:Owner>{escape(token.name)}</rsp:Owner>"
        f"<rsp:ClientIP>{escape(caller.address)}</rsp:ClientIP>"
        + (f"<rsp:Environment>{variables}</rsp:Environment>" if variables else "")
        + (f"<rsp:WorkingDirectory>{escape(directory)}</rsp:WorkingDirectory>" if directory else "")
        + f"<rsp:IdleTimeOut>PT{_IDLE_SECONDS if idle is None else idle:.3f}S</rsp:IdleTimeOut>"
        f"<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>{escape(streams)}</rsp:OutputStreams>"
        "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity>"
        "</rsp:Shell>"
    )


def _cancel(shell: Shell) -> None:
    for command in shell.commands.values():
        if command.task is not None:
            command.task.cancel()
