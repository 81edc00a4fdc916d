# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How everything is written: once, and read back. Every write of the collection goes through here.

The reply to a write can get lost: the connection breaks, the time is over, or what arrives is no reply. Then nobody
knows whether the host has done it, so it is looked at over a new connection first. As wanted: done. As before: it is
written once more. Anything else, or unreadable: an error that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_State = TypeVar("_State")


def settle(
    session: Session,
    what: str,
    *,
    read: Callable[[], _State],
    write: Callable[[], object],
    wanted: Callable[[_State], bool],
    show: Callable[[_State], str] = str,
) -> None:
    """Write and read back; WindowsError when what is there is not what was wanted.

    ``what`` continues "the reply to ...". ``write`` raises what it raises when the host refuses.
    """
    before = read()
    deliver(session, what, write, read=read, wanted=wanted, before=before, show=show)
    found = read_back(session, what, read)
    if not wanted(found):
        raise WindowsError(f"{what} had no effect: the host says that it is done, and it reads back as {show(found)}")


def read_back(session: Session, what: str, read: Callable[[], _State]) -> _State:
    """Read what was just written; WindowsError that tells of the write when that is not possible."""
    try:
        return read()
    except WSManError as error:
        raise WindowsError(
            f"{session.host} has taken {what}, but what it has now cannot be read: {str(error).rstrip('.')}; look at "
            "it before the task is run again"
        ) from error


def deliver(
    session: Session,
    what: str,
    write: Callable[[], object],
    *,
    read: Callable[[], _State],
    wanted: Callable[[_State], bool],
    before: _State,
    show: Callable[[_State], str] = str,
) -> None:
    """Make a write whose reply may get lost; what a reply that came is worth, the caller reads back."""
    for _try in range(2):
        try:
            write()
            return
        except WSManError as error:
            if not error.in_doubt:
                raise
            lost = error
        found = _look(session, what, lost, read)
        if wanted(found):
            return
        if found != before:
            break
    state = "it is as before, after two tries" if found == before else f"it now reads as {show(found)}"
    raise WindowsError(f"{_lost(session, what, lost)}, and {state}; look at it before the task is run again")


def _look(session: Session, what: str, lost: WSManError, read: Callable[[], _State]) -> _State:
    session.close()
    try:
        return read()
    except (WSManError, WindowsError) as error:
        raise WindowsError(
            f"{_lost(session, what, lost)}, and what the host has now cannot be read: {str(error).rstrip('.')}; look "
            "at it before the task is run again"
        ) from error


def _lost(session: Session, what: str, lost: WSManError) -> str:
    return f"the reply to {what} on {session.host} was lost ({lost.detail})"
