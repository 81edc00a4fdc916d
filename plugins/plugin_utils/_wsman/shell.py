# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Run a command of Windows through WinRS: for native tools that have no CIM class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply, winrs
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.envelope import Header
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.retry import (
    Patience,
    may_have_run,
    patience_with,
    patience_with_write,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

# What is kept of the time of the session to stop the command and delete the shell.
_CLEANUP_SECONDS = 10.0
_MAX_SILENCES = 1000


@dataclass(frozen=True)
class CommandResult:
    stdout: str
    stderr: str
    exit_code: int | None  # None: it had not ended when the time was over


def run_command(session: Session, command_line: str, timeout: float, *, reads: bool = False) -> CommandResult:
    """Run ``command_line`` in cmd.exe and wait for its end, ``timeout`` seconds at most.

    ``reads``: it only reads, so what it wrote until the time was over is better than an error, and none is in doubt.
    The shell is deleted whatever happens. A command that may have run is not sent again, and an error after which it
    may have run is ``in_doubt``.
    Where remote shells are switched off the fault has ``is_access_denied``, without a free one ``is_quota``.
    """
    operation = f"the command {command_line.split(maxsplit=1)[0]}" if command_line.strip() else "the command"
    left = session.deadline.remaining
    deadline = session.deadline.sub(min(timeout, max(left / 2, left - _CLEANUP_SECONDS)))
    try:
        # A shell that nobody uses goes away by itself, so another one does no harm.
        shell_id = session.persist(
            lambda: reply.read_shell_id(session.exchange(operation, winrs.create, deadline)), _patience_with_shell
        )
        try:
            return _run(session, operation, shell_id, command_line, deadline, reads=reads)
        finally:
            _clean_up(session, "deleting the shell", lambda header: winrs.delete(header, shell_id))
    except WSManProtocolError as error:
        error.located(session.host, operation)
        raise


def _patience_with_shell(error: WSManError, *, answered: bool) -> Patience | None:
    """Who gets no shell has another way, so there is no waiting for one."""
    is_quota = isinstance(error, WSManFault) and error.is_quota
    return None if is_quota else patience_with(error, answered=answered)


def _run(
    session: Session, operation: str, shell_id: str, command_line: str, deadline: Deadline, *, reads: bool
) -> CommandResult:
    try:
        command = partial(winrs.command, shell_id=shell_id, command_line=command_line)
        started = session.persist(lambda: session.exchange(operation, command, deadline), patience_with_write)
        command_id = reply.read_command_id(started)
    except WSManError as error:
        error.in_doubt = may_have_run(error) and not reads
        raise
    stdout = bytearray()
    stderr = bytearray()
    try:
        while True:
            # A command that says nothing for long lets OperationTimeout pass again and again.
            receive = partial(winrs.receive, shell_id=shell_id, command_id=command_id)
            body = session.until_ready(operation, receive, deadline, most=_MAX_SILENCES)
            output = reply.read_receive(body)
            stdout += output.stdout
            stderr += output.stderr
            if len(stdout) + len(stderr) > reply.MAX_BYTES:
                raise WSManProtocolError("the command writes more than anybody reads; make it write less")
            if output.exit_code is not None:
                return CommandResult(_decode(stdout), _decode(stderr), output.exit_code)
    except WSManTimeout as error:
        if reads and stdout:
            return CommandResult(_decode(stdout), _decode(stderr), None)
        error.in_doubt = not reads
        raise
    except WSManError as error:
        error.in_doubt = not reads
        raise
    finally:
        # Also after the end: without it Windows counts the command until the shell is gone.
        _clean_up(session, "ending the command", lambda header: winrs.terminate(header, shell_id, command_id))


def _decode(output: bytearray) -> str:
    return output.decode("utf-8", errors="replace")


def _clean_up(session: Session, operation: str, build: Callable[[Header], bytes]) -> None:
    """Best effort: what the command did, or why it failed, matters more than this."""
    try:
        session.exchange(operation, build, session.deadline.sub(_CLEANUP_SECONDS / 2))
    except WSManError:
        return
