# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Native tools of Windows, for the few things that CIM can not do.

First through the remote shell (WinRS): it gives the exit code. Where policy forbids remote shells ("Allow Remote
Shell Access", switched off by hardening guides), through Win32_Process.Create, which gives none. Either way the caller
reads back what the tool was to change, and that decides. Output follows the language of Windows, so only what has none
is ever parsed: XML of the event log, numbers and addresses. It comes through the remote shell alone.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.shell import CommandResult, run_command

_POLL_SECONDS = 0.25
_CREATE_MEANINGS = {
    2: "access denied (an attack surface reduction rule may forbid processes started through WMI)",
    3: "insufficient privilege",
    8: "unknown failure",
    9: "path not found",
    21: "invalid parameter",
}


class Tools:
    """Runs command lines on one host."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shell_refused = False

    def run(self, command_line: str, deadline: Deadline) -> int | None:
        """Runs one command line to its end, once; its exit code, or None where none can be known."""
        result = self._in_shell(command_line, deadline)
        if result is not None:
            return result.exit_code
        self._create_process(command_line, deadline)
        return None

    def output(self, command_line: str, deadline: Deadline) -> CommandResult | None:
        """What a reading command line writes, without an exit code when the time is over before it ends.

        None where the host gives no remote shell. Like any read it is run again after a reply was lost.
        """
        return self._session.persist(lambda: self._in_shell(command_line, deadline, reads=True))

    def _in_shell(self, command_line: str, deadline: Deadline, *, reads: bool = False) -> CommandResult | None:
        if self._shell_refused:
            return None
        try:
            return run_command(self._session, command_line, deadline.remaining, reads=reads)
        except WSManFault as fault:
            if fault.in_doubt or not (fault.is_access_denied or fault.is_quota):
                raise
            self._shell_refused = True
            return None

    def _create_process(self, command_line: str, deadline: Deadline) -> None:
        program = command_line.split()[0]
        try:
            output = self._session.invoke("root/cimv2", "Win32_Process", "Create", {"CommandLine": command_line})
        except WSManError as error:
            if error.in_doubt:
                # It may be at work right now: what it changes can only be looked at when it is done.
                self._session.close()
                self._wait(f"Name = '{program}'", program, deadline)
            raise
        code = output.return_value
        if code:
            raise WindowsError(
                f"the remote shell is refused and Win32_Process.Create of {program} returned {code}: "
                f"{_CREATE_MEANINGS.get(code, 'the reason is not documented')}",
                code,
            )
        try:
            self._wait(f"ProcessId = {output.integer('ProcessId')}", program, deadline)
        except WSManError as error:
            error.in_doubt = True
            raise

    def _wait(self, which: str, program: str, deadline: Deadline) -> None:
        """Waits until no such process is there."""
        while self._session.query("root/cimv2", f"SELECT ProcessId FROM Win32_Process WHERE {which}"):
            deadline.check(f"wait for {program} to end")
            deadline.sleep(_POLL_SECONDS)
