# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Restarts Windows and waits until it is back.

By shutdown.exe, as win_reboot of ansible.windows does it: with a comment and the reason "Operating System: Hot fix
(Planned)" in the event log (Microsoft, "shutdown"). Back is a host that answers and says that it started later than it
did before; that a connection broke proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

# So that the reply to the order still comes.
_DELAY_SECONDS = 2
_COMMAND = f'shutdown.exe /r /t {_DELAY_SECONDS} /d p:2:17 /c "{{comment}}"'
_ACCESS_DENIED, _IN_PROGRESS, _SCHEDULED = 5, 1115, 1190
_POLL_SECONDS = 2.0
# Windows works the time of its start out from its clock, which may be set meanwhile.
_SAME_START = timedelta(seconds=10)
_SERVICE = "TermService"


def restart(host: Host, comment: str) -> None:
    """Restarts the host, and returns when it answers again; WindowsError when it does not in time.

    ``comment`` stands in the host's event log. Not within quotes: no quotes, no percent signs.
    """
    before = _started(host)
    had_service = host.services.get(_SERVICE).state == "running"
    _order(host, comment)
    _wait(host, before)
    if had_service:
        _wait_for_service(host)


def _started(host: Host) -> datetime:
    rows = host.session.query("root/cimv2", "SELECT LastBootUpTime FROM Win32_OperatingSystem")
    found = rows[0].datetime("LastBootUpTime") if rows else None
    if found is None:
        raise WindowsError("the host does not say when it was started, so nobody could tell that it has restarted")
    return found


def _order(host: Host, comment: str) -> None:
    try:
        code = host.tools.run(_COMMAND.format(comment=comment), host.deadline)
    except WSManError as error:
        if not error.in_doubt:
            raise
        return
    if code == _ACCESS_DENIED:
        raise AccessDenied("the account of the connection may not restart the host", code)
    if code not in (None, 0, _IN_PROGRESS, _SCHEDULED):
        raise WindowsError(f"shutdown.exe refused to restart the host and returned {code}", code)


def _wait(host: Host, before: datetime) -> None:
    while True:
        if host.deadline.remaining <= 0:
            raise WindowsError(
                "the host was told to restart, and in the time of this task it has not come back; look at it, and run "
                "the task again, with a longer timeout if it is slow"
            )
        host.deadline.sleep(_POLL_SECONDS)
        host.session.close()
        try:
            started = _started(host)
        except WSManError:
            continue
        if started - before > _SAME_START:
            return


def _wait_for_service(host: Host) -> None:
    """Until Remote Desktop runs as it did before, so that what comes next finds it; not for ever."""
    deadline = host.deadline.sub(host.wait_seconds)
    while host.services.get(_SERVICE).state != "running" and deadline.remaining > 0:
        deadline.sleep(_POLL_SECONDS)
