# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Windows services, through Win32_Service. Methods and return values: Microsoft, "Win32_Service class" (win32,
cimwin32prov). A method returns before the service has changed its state, so every change is waited for.

A service that hangs is ended with its process (Win32_Process.Terminate), and only where no other service runs in it.
That an administrator may end the process of TermService so is MEM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import deliver, read_back, settle
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManTimeout
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_NAMESPACE = "root/cimv2"
_PROPERTIES = "Name, State, StartMode, StartName, ProcessId, ExitCode"
_POLL_SECONDS = 0.5
_RESCUE_SECONDS = 60.0

START_MODES = {"auto": "Automatic", "manual": "Manual", "disabled": "Disabled"}

_ALREADY_RUNNING = 10
_TIMED_OUT = 7
# Microsoft's texts fit a stopped service with both; the state that is waited for afterwards decides.
_STOPPED_ALREADY = (5, 6)
_MEANINGS = {
    1: "the request is not supported",
    2: "the account lacks the right",
    3: "services that depend on it are running",
    4: "the control code is not valid",
    5: "the service can not take the request in its state",
    7: "the service did not answer in time",
    8: "the start failed",
    9: "the program of the service was not found",
    11: "the service database is locked",
    12: "a service that it depends on is gone",
    13: "a service that it depends on did not start",
    14: "the service is disabled",
    15: "its account could not log on",
    16: "the service is marked for deletion",
    17: "the service has no thread",
    18: "it depends on itself",
    21: "a parameter is not valid",
    22: "its account is not valid or may not run it",
    24: "the service is paused",
}


@dataclass(frozen=True)
class ServiceStatus:
    """``state`` and ``start_mode`` in lower case with underscores: running, stop_pending; auto, manual, disabled."""

    name: str
    state: str
    start_mode: str
    account: str
    pid: int | None
    exit_code: int | None


class Services:
    """The services of one host."""

    def __init__(self, session: Session, wait_seconds: float = 120.0) -> None:
        self._session = session
        self._wait_seconds = wait_seconds

    def read(self, names: Iterable[str]) -> dict[str, ServiceStatus]:
        """The named services that exist, by the names asked for."""
        asked = {name.lower(): name for name in names}
        if not asked:
            return {}
        where = " OR ".join(f"Name = '{name}'" for name in asked.values())
        rows = self._session.query(_NAMESPACE, f"SELECT {_PROPERTIES} FROM Win32_Service WHERE {where}")
        found = {}
        for row in rows:
            name = asked.get((row.text("Name") or "").lower())
            if name is not None:
                found[name] = _status(row)
        return found

    def get(self, name: str) -> ServiceStatus:
        """One service; WindowsError when there is none of that name."""
        found = self.read([name])
        if name not in found:
            raise WindowsError(f"there is no service {name} on this host")
        return found[name]

    def steady(self, name: str, deadline: Deadline) -> ServiceStatus:
        """One service, when it is not on the way to another state, or when there is no time left to wait for that."""
        deadline = deadline.sub(self._wait_seconds)
        while True:
            status = self.get(name)
            if not status.state.endswith("_pending") or deadline.remaining <= 0:
                return status
            deadline.sleep(_POLL_SECONDS)

    def chain(self, name: str) -> list[str]:
        """What a stop of a service stops, in that order: what depends on it and runs, and at last itself."""
        found: list[str] = []
        for dependent in self.running_dependents(name):
            found += [each for each in self.chain(dependent) if each not in found]
        return [*found, name]

    def running_dependents(self, name: str) -> list[str]:
        """The services that depend on it directly and are not stopped."""
        rows = self._session.query(
            _NAMESPACE,
            f"ASSOCIATORS OF {{Win32_Service.Name='{name}'}} WHERE AssocClass=Win32_DependentService Role=Antecedent",
        )
        states = [_status(row) for row in rows]
        return sorted(row.name for row in states if row.state != "stopped")

    def set_start_mode(self, name: str, start_mode: str) -> None:
        """``start_mode``: auto, manual or disabled."""
        settle(
            self._session,
            f"the change of the start mode of {name}",
            read=lambda: self.get(name).start_mode,
            write=lambda: self._call(name, "ChangeStartMode", {"StartMode": START_MODES[start_mode]}),
            wanted=lambda found: found == start_mode,
        )

    def set_account(self, name: str, account: str) -> None:
        """``account``: one that has no password, for which Change takes an empty one."""
        settle(
            self._session,
            f"the change of the account of {name}",
            read=lambda: self.get(name).account,
            write=lambda: self._call(name, "Change", {"StartName": account, "StartPassword": ""}),
            wanted=lambda found: found.lower() == account.lower(),
        )

    def start(self, name: str, deadline: Deadline) -> None:
        """Starts a service and waits until it runs; one that runs already is left as it is."""
        self._switch(name, "StartService", ("running", "start_pending"), accept=(_ALREADY_RUNNING,))
        self.wait(name, "running", deadline)

    def stop(self, name: str, deadline: Deadline) -> list[str]:
        """Stops a service, first what depends on it, and waits; the names of all that were stopped, in that order."""
        stopped: list[str] = []
        self._stop(name, deadline, stopped)
        return stopped

    def restart(self, name: str, deadline: Deadline, *, end_hung: bool = False) -> list[str]:
        """Stops and starts a service and every running service that depends on it; their names as they started.

        Where that fails, what was stopped is started again as far as possible, with time of its own.
        ``end_hung``: the process of a service that does not stop in time is ended, see end_process().
        """
        if self.get(name).state == "stopped":
            self.start(name, deadline)
            return [name]
        stopped: list[str] = []
        try:
            self._stop(name, deadline, stopped, end_hung=end_hung)
            for each in reversed(stopped):
                self.start(each, deadline)
        except (WindowsError, WSManError) as error:
            raise WindowsError(f"{str(error).rstrip('.')}. {self._bring_back(stopped)}") from error
        return list(reversed(stopped))

    def _stop(self, name: str, deadline: Deadline, stopped: list[str], *, end_hung: bool = False) -> None:
        for dependent in self.running_dependents(name):
            self._stop(dependent, deadline, stopped, end_hung=end_hung)
        # Noted first: a stop whose reply is lost may have happened.
        stopped.append(name)
        try:
            self._switch(name, "StopService", ("stopped", "stop_pending"), accept=_STOPPED_ALREADY)
            self.wait(name, "stopped", deadline)
        except (WindowsError, WSManTimeout) as error:
            if not end_hung or (isinstance(error, WindowsError) and error.code != _TIMED_OUT):
                raise
            self.end_process(name, deadline)

    def end_process(self, name: str, deadline: Deadline) -> None:
        """Ends the process of a service that hangs, and waits; WindowsError when other services run in it, too."""
        pid = self.get(name).pid or 0
        if not pid:
            return
        rows = self._session.query(_NAMESPACE, f"SELECT Name FROM Win32_Service WHERE ProcessId = {pid}")
        others = sorted(found for row in rows if (found := row.text("Name") or "").lower() != name.lower())
        if others:
            raise WindowsError(
                f"{name} hangs, and its process is left alone because {', '.join(others)} run in it as well: "
                "restart Windows"
            )
        deliver(
            self._session,
            f"the end of the process of {name}",
            lambda: self._terminate(name, pid),
            read=lambda: self.get(name).pid or 0,
            wanted=lambda found: found != pid,
            before=pid,
        )
        deadline = deadline.sub(self._wait_seconds)
        while self.get(name).pid == pid:
            deadline.check(f"wait until the process of {name} has ended")
            deadline.sleep(_POLL_SECONDS)

    def _terminate(self, name: str, pid: int) -> None:
        output = self._session.invoke(_NAMESPACE, "Win32_Process", "Terminate", {"Reason": 1}, {"Handle": str(pid)})
        if output.return_value:
            raise WindowsError(
                f"{name} hangs, and the end of its process {pid} was refused with {output.return_value}: "
                "restart Windows",
                output.return_value,
            )

    def _bring_back(self, stopped: list[str]) -> str:
        """Starts services after a failure; one sentence on how that went."""
        self._session.deadline = deadline = Deadline(_RESCUE_SECONDS)
        down = []
        for name in reversed(stopped):
            try:
                self.start(name, deadline)
            except (WindowsError, WSManError):
                down.append(name)
        return f"Not running now: {', '.join(down)}." if down else "What was stopped runs again."

    def wait(self, name: str, state: str, deadline: Deadline) -> None:
        """Waits for a state; WSManTimeout when it does not come, WindowsError when the service fell back to stopped."""
        deadline = deadline.sub(self._wait_seconds)
        operation = f"wait until {name} is {state}"
        pending_seen = False
        while True:
            status = read_back(self._session, f"the order that {name} be {state}", lambda: self.get(name))
            if status.state == state:
                return
            if state == "running" and status.state == "stopped" and pending_seen:
                raise WindowsError(f"{name} stopped again while it started, exit code {status.exit_code}")
            pending_seen = pending_seen or status.state.endswith("_pending")
            deadline.check(operation)
            deadline.sleep(_POLL_SECONDS)

    def _switch(self, name: str, method: str, on_the_way: tuple[str, ...], accept: tuple[int, ...]) -> None:
        """Asks for another state; whether it comes is for wait() to see."""
        deliver(
            self._session,
            f"{method} of {name}",
            lambda: self._call(name, method, {}, accept),
            read=lambda: self.get(name).state,
            wanted=lambda state: state in on_the_way,
            before=self.get(name).state,
        )

    def _call(self, name: str, method: str, parameters: dict[str, str], accept: tuple[int, ...] = ()) -> None:
        output = self._session.invoke(_NAMESPACE, "Win32_Service", method, parameters, {"Name": name})
        code = output.return_value
        if code == 0 or code in accept:
            return
        meaning = _MEANINGS.get(code, "the reason is not documented")
        if code == 2:
            raise AccessDenied(f"{method} of {name} was denied: the connection's account must be an administrator", 2)
        raise WindowsError(f"{method} of {name} returned {code}: {meaning}", code)


def _status(row: Instance) -> ServiceStatus:
    return ServiceStatus(
        name=row.text("Name") or "",
        state=(row.text("State") or "").lower().replace(" ", "_"),
        start_mode=(row.text("StartMode") or "").lower(),
        account=row.text("StartName") or "",
        pid=row.integer("ProcessId"),
        exit_code=row.integer("ExitCode"),
    )
