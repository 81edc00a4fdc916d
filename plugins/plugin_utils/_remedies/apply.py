# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Makes planned changes on a host, in order, each one noted in the journal first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import (
    Change,
    current,
    describe,
    gone_for_good,
    perform,
    reverse,
    with_keys,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManConnectionError,
    WSManError,
    WSManTimeout,
)


class RemedyError(Exception):
    """A change failed. ``done`` are the changes that were made, or at least begun, and stand."""

    def __init__(self, message: str, done: Sequence[Change]) -> None:
        super().__init__(message)
        self.done = list(done)


# For taking changes back: the task's own time may be what has run out.
_UNDO_SECONDS = 60.0
_PROOFS, _PROOF_PAUSE = 3, 2.0


def apply(host: Host, changes: Iterable[Change], journal: Journal) -> list[Change]:
    """Makes all changes; RemedyError names the one that failed and carries those that stand."""
    done: list[Change] = []
    for planned in changes:
        change, begun = planned, False
        try:
            if _is_done(host, planned):
                continue
            change = with_keys(host, planned)
            journal.write(change)
            begun = True
            perform(host, change)
        except (WindowsError, WSManError) as error:
            stands = "; ".join(describe(each) for each in done) or "nothing"
            raise RemedyError(
                f"{describe(change)} failed: {str(error).rstrip('.')}. Changed before that: {stands}. "
                f"The journal on the host is {journal.path or 'empty'}.",
                [*done, change] if begun else done,
            ) from error
        done.append(change)
    return done


def _is_done(host: Host, change: Change) -> bool:
    """Whether a change is made already: netsh switches all rules of a group, and another run may have been quicker.

    WindowsError when the host is neither what the change was planned from nor what it leads to: its reverse would
    restore what nobody had, and somebody else is at work. Services pass through states that no change names.
    """
    if change["kind"] == "service_state":
        return False
    now = current(host, change)
    if now == change["after"]:
        return True
    if now != change["before"]:
        raise WindowsError(
            "it is not what it was a moment ago, so somebody else is changing this host; look who it is, and run the "
            "task again"
        )
    return False


def prove(host: Host, done: Sequence[Change], reach: Callable[[], object]) -> None:
    """Proves that the host can still be reached by a new connection; if not, takes everything back.

    ``reach`` opens a new connection and raises WSManError when it can not.
    """
    if not done:
        return
    for tried in range(_PROOFS):
        try:
            reach()
        except WSManError as error:
            # One connection that breaks proves nothing. A log-on that is refused is not repeated: accounts are locked.
            if tried + 1 < _PROOFS and isinstance(error, (WSManConnectionError, WSManTimeout)):
                host.deadline.sleep(_PROOF_PAUSE)
                continue
            undo(host, done, f"after the change no new WinRM connection could be made: {error}")
        return


def undo(host: Host, done: Sequence[Change], reason: str) -> NoReturn:
    """Takes changes back, last first, and ends in RemedyError with the reason and what stands after it."""
    host.extend(_UNDO_SECONDS)
    standing: list[Change] = list(done)
    kept: list[Change] = []
    reasons: list[str] = []
    try:
        while standing:
            gone = gone_for_good(host, standing[-1])
            if gone:
                kept.insert(0, standing[-1])
                reasons.append(gone)
            else:
                perform(host, reverse(standing[-1]))
            standing.pop()
    except (WindowsError, WSManError) as error:
        failed = f"Taking back {describe(standing[-1])} failed as well: {error}"
        raise RemedyError(f"{reason} {failed}", [*standing, *kept]) from error
    but = f", but for this: {'; '.join(reasons)}" if reasons else ""
    raise RemedyError(f"{reason} This step was taken back{but}.", kept)
