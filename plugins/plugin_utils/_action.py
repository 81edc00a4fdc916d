# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.
"""The base of the collection's action plugins: arguments in, domain call on one host, result out.

Everything that can go wrong becomes one sentence here: bad arguments end the task as AnsibleActionFail, a host that
can not be talked to as unreachable, anything else as failed with the result so far.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import RemedyError, apply, prove
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, describe
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.lock import LOCK, Lock, holder
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restart import restart
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.restarts import mark, unmark
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import fresh_session, open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManTimeout,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

Result = dict[str, Any]
Arguments = Mapping[str, Any]

# Seconds for the whole task, for one request, and for one thing to happen on the host.
TIMEOUTS: dict[str, dict[str, Any]] = {
    "timeout": {"type": "int", "default": 300},
    "operation_timeout": {"type": "int", "default": 60},
    "wait_timeout": {"type": "int", "default": 120},
}

# What every module that changes a host takes besides.
CHANGES: dict[str, Any] = {"break_lock": {"type": "bool", "default": False}}

# To let the lock of the host go: the task's own time may be what has run out.
_RELEASE_SECONDS = 15.0


class HostAction(ActionBase):
    """An action on the Windows host of the task."""

    # The specification of the options, in the form of AnsibleModule; TIMEOUTS are added to each.
    ARGUMENTS: ClassVar[dict[str, Any]] = {}

    _supports_check_mode = True
    _supports_async = False

    @abstractmethod
    def on_host(self, host: Host, arguments: Arguments) -> Result:
        """The work. It may raise what the domain raises; see run()."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Result:
        result: Result = super().run(tmp, task_vars)
        del tmp
        arguments = self.validated()
        if self._task.become:
            result.setdefault("warnings", []).append(
                "become has no effect on this task: it works with the rights of the connection's own account"
            )
        self.made: list[Change] = []
        self.journal_path = ""
        self.run_id = _run_id(self._task) or secrets.token_hex(4)
        self.lock: Lock | None = None
        self.break_lock = arguments.get("break_lock") or self._breaks_lock(task_vars or {})
        self.warnings: list[str] = []
        try:
            result.update(self.guarded(arguments))
        except (WSManConnectionError, WSManAuthError) as error:
            # Returned and not raised: ansible-core 2.19 and newer append the text of every cause to a raised error.
            result.update(unreachable=True, **self.stopped(error))
        if self.warnings:
            result.setdefault("warnings", []).extend(self.warnings)
        return result

    def _breaks_lock(self, task_vars: Mapping[str, Any]) -> bool:
        """The variable rdp_break_lock, which stands for the option in all modules and roles."""
        return "rdp_break_lock" in task_vars and boolean(self._templar.template(task_vars["rdp_break_lock"]))

    def stopped(self, error: Exception) -> Result:
        """What an error leaves: its sentence, and what has been changed until then."""
        if isinstance(error, RemedyError):
            self.made = error.done
        result: Result = {"msg": str(error), "changed": bool(self.made)}
        if self.made:
            result.update(changes=_told(self.made), journal=self.journal_path)
        return result

    def guarded(self, arguments: Arguments) -> Result:
        """on_host() over an open session; refusals and faults of the host become a failed result."""
        deadline = Deadline(arguments["timeout"])
        try:
            session = self._session(deadline, arguments)
            try:
                _greet(session)
                host = Host(session, deadline, wait_seconds=arguments["wait_timeout"])
                try:
                    found = self.on_host(host, arguments)
                    if self.break_lock and "break_lock" in arguments:
                        self._break(host)
                    return found
                finally:
                    self._let_go(host)
            finally:
                session.close()
        except (WSManConnectionError, WSManAuthError):
            raise
        except (RemedyError, Refused, WindowsError, WSManError) as error:
            return {"failed": True, **self.stopped(error)}

    def validated(self) -> Arguments:
        """The task's arguments after ARGUMENTS; AnsibleActionFail with one sentence for bad ones."""
        specification = {**deepcopy(self.ARGUMENTS), **deepcopy(TIMEOUTS)}
        checked = ArgumentSpecValidator(specification).validate(self._task.args)
        if checked.error_messages:
            raise AnsibleActionFail(". ".join(checked.error_messages))
        arguments: Arguments = checked.validated_parameters
        for name in TIMEOUTS:
            if arguments[name] <= 0:
                raise AnsibleActionFail(f"{name} must be more than 0 seconds, not {arguments[name]}")
        return arguments

    def gather(self, host: Host, areas: Sequence[str], arguments: Arguments) -> Facts:
        """Fact areas, over several connections where the way to the host is long."""
        return gather(host, areas, lambda: self._session(host.deadline, arguments))

    def _session(self, deadline: Deadline, arguments: Arguments) -> Session:
        return open_session(self._connection, deadline, operation_timeout=arguments["operation_timeout"])

    def read(self, host: Host, *areas: str) -> Facts:
        """Fact areas that the work can not do without; WindowsError names the first that could not be read."""
        facts = gather(host, areas)
        for area in areas:
            found: Any = facts.get(area)
            if found["status"] != "ok":
                raise WindowsError(f"{area}: {found['reason']}")
        return facts

    def reach_again(self, deadline: Deadline) -> None:
        """Opens a new connection to the host and asks it one thing; WSManError when that is not possible."""
        session = fresh_session(self._connection, deadline)
        try:
            session.query("root/cimv2", "SELECT BuildNumber FROM Win32_OperatingSystem")
        finally:
            session.close()

    @property
    def module(self) -> str:
        """The module's name, without its collection."""
        name: str = self._task.action
        return name.rpartition(".")[2]

    def journal(self, host: Host, restart: Sequence[str] = ()) -> Journal:
        """The journal of this task. ``restart``: services that take its changes up only when they start."""
        return Journal(host.registry, self.module, self.run_id, restart)

    def hold(self, host: Host) -> None:
        """Takes the lock of the host before the first thing is written; the task lets it go when it ends.

        Refused names the run that holds it. Check mode writes nothing and needs no lock.
        """
        if self.lock is None and not self._task.check_mode:
            self.lock = Lock(host.registry, holder(self.run_id, self.module))
            broken = self.lock.take(break_others=self.break_lock)
            self.warnings += [f"the lock of another run on this host was broken: {each}" for each in broken]

    def _break(self, host: Host) -> None:
        """Where nothing had to be written, the lock of a dead run is still there, or what was left of it."""
        if self.lock is None and host.registry.subkeys(LOCK) is not None:
            self.hold(host)

    def _let_go(self, host: Host) -> None:
        if self.lock is None:
            return
        host.extend(_RELEASE_SECONDS)
        try:
            self.lock.release()
        except (WindowsError, WSManError) as error:
            self.warnings.append(
                f"this task's lock on the host could not be taken away ({str(error).rstrip('.')}): the next task of "
                "this run does it; another run needs break_lock"
            )

    def change(self, host: Host, changes: list[Change], *, risky: bool, restart: Sequence[str] = ()) -> str:
        """Makes planned changes unless in check mode; the path of the journal, empty when nothing was written.

        ``risky``: the change could cut the WinRM connection, so a new one proves that it has not.
        ``restart``: services that take the changes up only when they start, or WINDOWS.
        """
        if self._task.check_mode or not changes:
            return ""
        journal = self.journal(host, restart)
        with self.restart_noted(host, restart):
            self.apply(host, changes, journal)
            if risky:
                self.prove(host)
        return journal.path

    @contextmanager
    def restart_noted(self, host: Host, restart: Sequence[str]) -> Iterator[None]:
        """Notes that a restart is due before what makes it due: a task that dies in between notes nothing any more.

        Where nothing stands in the end, the note goes again.
        """
        if restart:
            self.hold(host)
            mark(host, restart, self.run_id)
        try:
            yield
        except RemedyError as error:
            if restart and not error.done:
                with suppress(WindowsError, WSManError):
                    unmark(host, restart, self.run_id)
            raise

    def apply(self, host: Host, changes: list[Change], journal: Journal) -> None:
        """Makes changes and keeps them in mind, so that whatever comes after, the result names them."""
        if changes:
            self.hold(host)
        try:
            self.made += apply(host, changes, journal)
        except RemedyError as error:
            raise RemedyError(str(error), [*self.made, *error.done]) from error
        finally:
            self.journal_path = journal.path

    def restart(self, host: Host, name: str, *, end_hung: bool = False) -> list[str]:
        """Restarts a service, and what depends on it, so that a run that dies in between can be taken back."""
        self.hold(host)
        return restart(host, name, self.journal(host), end_hung=end_hung)

    def prove(self, host: Host) -> None:
        """Proves by a new connection that the changes did not cut us off, else takes them back."""
        prove(host, self.made, lambda: self.reach_again(host.deadline))

    def outcome(
        self,
        changes: list[Change],
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        journal: str = "",
        restart_required: Sequence[str] = (),
    ) -> Result:
        """The result that every module that changes something returns."""
        result: Result = {
            "changed": bool(changes),
            "before": dict(before),
            "after": dict(after),
            "changes": _told(changes),
            "restart_required": list(restart_required),
            "journal": journal,
            "run": self.run_id if journal else "",
        }
        if self._task.diff:
            result["diff"] = {"before": dict(before), "after": dict(after)}
        return result


def _run_id(task: Any) -> str:
    """What the tasks of one ansible-playbook have in common: the random part in the middle of their ids, which
    ansible-core draws once a process (``ansible.utils.vars.get_unique_id``). Empty when ids look different one day."""
    parts = str(getattr(task, "_uuid", "")).split("-")
    return "".join(parts[2:4]) if len(parts) == 5 else ""


def _greet(session: Session) -> None:
    """Asks who answers before anything else: a host that says nothing at all is unreachable, not slow."""
    try:
        session.identify()
    except WSManTimeout as error:
        raise WSManConnectionError(error.detail, host=error.host, operation=error.operation) from error


def _told(changes: list[Change]) -> list[str]:
    return [describe(change) for change in changes]
