# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Restarts Windows, and where that could cut off the controller, lets the host undo by itself what would do so.

HTTP.sys takes up the settings of Schannel when Windows starts (_remedies/locked_out.py). Where the controller comes
over HTTPS, a scheduled task on the host (_windows/undo_task.py) takes back what was changed there since the last start,
unless it is called off over a new connection after this one. It is in the journal while it lasts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import LOCAL_SUITES, POLICY_SUITES, SCHANNEL
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, current
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Entry, Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restore import plan
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import reboot, undo_task
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.restarts import clear_all
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

# What cmd.exe interprets somewhere, or what depends on a code page.
_UNSAFE: Final = re.compile(r'[%&|<>^!"()]|[^ -~]')
# The journal has whole seconds.
_JOURNAL_TIME: Final = timedelta(seconds=1)
# To call the task off: the time of the task may be what is over.
_CALL_OFF_SECONDS: Final = 60.0
_TRIES, _PAUSE = 3, 2.0
_BY_ITSELF: Final = (
    f"If nobody can reach it over HTTPS, it takes back its settings of Schannel {undo_task.MINUTES} minutes after its "
    "start and restarts once more, by itself"
)


def restart(host: Host, comment: str, notes: Journal) -> None:
    """Restarts the host and returns when it answers again; WindowsError when it does not in time, or has taken back
    what was changed. ``notes``: a journal for this alone."""
    guard = Guard(host, notes)
    guard.set_up()
    try:
        reboot.restart(host, comment, guard.back)
    except reboot.NotBack as error:
        if guard.changes:
            raise WindowsError(f"{error}. {_BY_ITSELF}") from error
        raise
    except (WindowsError, WSManError):
        with suppress(WindowsError, WSManError):
            guard.call_off()
        raise
    if guard.undone:
        raise WindowsError(
            f"nobody could reach the host over HTTPS for {undo_task.MINUTES} minutes after the restart, so it has "
            "taken back its settings of Schannel that were changed before, and restarted once more; look what this "
            "controller, or a proxy on the way, needs of them, and clear the journal with rdp_restore"
        )


class Guard:
    """The task of one restart. ``changes`` take back what is at risk; nothing is done where there are none."""

    def __init__(self, host: Host, notes: Journal) -> None:
        self._host = host
        self._notes = notes
        self.changes = _at_risk(host)
        self.undone = False

    def set_up(self) -> None:
        if not self.changes:
            return
        commands = lines(self.changes)
        after = {"commands": commands}
        self._notes.write(Change(kind="undo_task", target=undo_task.NAME, name="", before=None, after=after))
        try:
            undo_task.set_up(self._host, commands)
        except (WindowsError, WSManError):
            with suppress(WindowsError, WSManError):
                self.call_off()
            raise

    def back(self) -> None:
        """Windows has restarted: its marks are past, the task is called off, and what is there now is looked at."""
        if not self.changes:
            clear_all(self._host.registry)
            return
        if self._host.deadline.remaining < _CALL_OFF_SECONDS:
            self._host.extend(_CALL_OFF_SECONDS)
        self._insist()
        clear_all(self._host.registry)
        self.undone = any(current(self._host, each) == each["after"] for each in self.changes)

    def call_off(self) -> None:
        if self.changes:
            undo_task.call_off(self._host)
            self._notes.retract()

    def _insist(self) -> None:
        """A host that has just started may not have all its services yet."""
        for tried in range(_TRIES):
            try:
                self.call_off()
                return
            except (WindowsError, WSManError) as error:
                if tried + 1 == _TRIES:
                    raise WindowsError(
                        f"Windows has restarted, but the task {undo_task.NAME}, which takes back its settings of "
                        f"Schannel {undo_task.MINUTES} minutes after the start, could not be called off "
                        f"({str(error).rstrip('.')}); delete it on the host at once: schtasks /delete /f /tn "
                        f"{undo_task.NAME}"
                    ) from error
                self._host.deadline.sleep(_PAUSE)


def _at_risk(host: Host) -> list[Change]:
    if host.session.tls is None:
        return []
    entries = [entry for entry in journal.read(host.registry).entries if is_schannel(entry.change)]
    if not entries:
        return []
    started = datetime.now(timezone.utc) - reboot.uptime(host)
    recent = [entry for entry in entries if is_since(entry, started)]
    return outermost(item.back for item in plan(host, recent, force=False) if item.back is not None)


# -- pure ------------------------------------------------------------------------------------------------------------


def is_schannel(change: Change) -> bool:
    """Whether a change is one of Schannel's settings."""
    path = f"{change['target']}\\".lower()
    return change["kind"] == "registry_value" and path.startswith(
        tuple(f"{key}\\".lower() for key in (SCHANNEL, POLICY_SUITES, LOCAL_SUITES))
    )


def is_since(entry: Entry, started: datetime) -> bool:
    """Whether an entry is from after a moment of the controller's clock; one without a time that can be read counts."""
    try:
        return datetime.strptime(entry.at, "%Y-%m-%dT%H:%M:%S%z") >= started - _JOURNAL_TIME
    except ValueError:
        return True


def outermost(backs: Iterable[Change]) -> list[Change]:
    """Changes that take back, the newest first, as one for each value, without those that come to nothing."""
    found: dict[tuple[str, str], Change] = {}
    for back in backs:
        thing = (back["target"].lower(), back["name"].lower())
        found[thing] = Change(**{**back, "before": found.get(thing, back)["before"]})
    return [each for each in found.values() if each["before"] != each["after"]]


def lines(changes: Sequence[Change]) -> list[str]:
    """The changes as command lines; Refused names what can not be written so. Keys that were made for a value stay."""
    return [_line(change) for change in changes]


def _line(change: Change) -> str:
    where = rf"{change['target']}\{change['name']}"
    key, name = _quoted(change["target"], where), _quoted(change["name"], where)
    if change["after"] is None:
        line = f"reg.exe delete {key} /v {name} /f"
    else:
        line = f"reg.exe add {key} /v {name} /t {change['after']['type']} /d {_data(change['after'], where)} /f"
    if len(line) > undo_task.LONGEST:
        raise _refused(where)
    return line


def _data(value: Mapping[str, Any], where: str) -> str:
    data = value["data"]
    if value["type"] == "REG_DWORD":
        return str(int(data))
    if value["type"] == "REG_SZ" and "\\" not in data:
        return _quoted(data, where)
    # Microsoft, "reg add": \0 separates. An empty string between two would end the list.
    if value["type"] == "REG_MULTI_SZ" and data and all(each and "\\" not in each for each in data):
        return _quoted(r"\0".join(data), where)
    raise _refused(where)


def _quoted(text: str, where: str) -> str:
    """A text in quotes. A backslash at its end would make the quote a part of it."""
    if not text or _UNSAFE.search(text) or text.endswith("\\"):
        raise _refused(where)
    return f'"{text}"'


def _refused(where: str) -> Refused:
    return Refused(
        f"Windows is not restarted, because the host could not undo the change of {where} by itself if it kept this "
        "controller out over HTTPS: what was there before does not fit in a command line; connect over HTTP with "
        "encrypted messages, or restart it by hand"
    )
