# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Restarts Windows and waits until it is back.

By shutdown.exe, as win_reboot of ansible.windows does it: with a comment and the reason "Operating System: Hot fix
(Planned)" in the event log (Microsoft, "shutdown"). Back is a host that answers and says that it started after the
order, by its own clock; that a connection broke proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

# So that the reply to the order still comes.
_DELAY_SECONDS = 2
_COMMAND = f'shutdown.exe /r /t {_DELAY_SECONDS} /d p:2:17 /c "{{comment}}"'
_ACCESS_DENIED, _IN_PROGRESS, _SCHEDULED = 5, 1115, 1190
_POLL_SECONDS = 2.0
_SERVICE = "TermService"


class NotBack(WindowsError):
    """The host was told to restart and did not answer after it in time."""


def restart(host: Host, comment: str, back: Callable[[], None]) -> None:
    """Restarts the host, and returns when it answers again; NotBack when it does not in time.

    ``comment`` stands in the host's event log. Not within quotes: no quotes, no percent signs. ``back`` is called as
    soon as the host answers over a new connection.
    """
    ordered = _times(host).now
    had_service = host.services.get(_SERVICE).state == "running"
    arrived = _order(host, comment)
    _wait(host, ordered, comment, arrived=arrived)
    back()
    if had_service:
        _wait_for_service(host)


def uptime(host: Host) -> timedelta:
    """How long Windows has run."""
    times = _times(host)
    return times.now - times.started


class _Times(NamedTuple):
    """By the host's clock, from which Windows also works out when it was started: one that is set moves both."""

    started: datetime
    now: datetime


def _times(host: Host) -> _Times:
    rows = host.session.query("root/cimv2", "SELECT LastBootUpTime, LocalDateTime FROM Win32_OperatingSystem")
    started, now = (rows[0].datetime(name) if rows else None for name in ("LastBootUpTime", "LocalDateTime"))
    if started is None or now is None:
        raise WindowsError("the host does not say when it was started, so nobody could tell that it has restarted")
    return _Times(started, now)


def _order(host: Host, comment: str) -> bool:
    """Orders the restart; whether that has arrived for sure. A second order meets the first and changes nothing."""
    try:
        code = host.tools.run(_COMMAND.format(comment=comment), host.deadline)
    except WSManError as error:
        if not error.in_doubt:
            raise
        return False
    if code == _ACCESS_DENIED:
        raise AccessDenied("the account of the connection may not restart the host", code)
    if code not in (None, 0, _IN_PROGRESS, _SCHEDULED):
        raise WindowsError(f"shutdown.exe refused to restart the host and returned {code}", code)
    return True


def _wait(host: Host, ordered: datetime, comment: str, *, arrived: bool) -> None:
    while True:
        if host.deadline.remaining <= 0:
            raise NotBack(
                "the host was told to restart, and in the time of this task it has not come back; look at it, and run "
                "the task again, with a longer timeout if it is slow"
            )
        host.deadline.sleep(_POLL_SECONDS)
        host.session.close()
        try:
            if _times(host).started > ordered:
                return
            arrived = arrived or _order(host, comment)
        except WSManError:
            continue


def _wait_for_service(host: Host) -> None:
    """Until Remote Desktop runs as it did before, so that what comes next finds it; not for ever."""
    deadline = host.deadline.sub(host.wait_seconds)
    while host.services.get(_SERVICE).state != "running" and deadline.remaining > 0:
        deadline.sleep(_POLL_SECONDS)
