# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which errors pass by themselves, how often and after how long to try again, and which ones leave a write in doubt.

Pure. The waits grow by two and have full jitter, so that the hosts of a fleet do not come back in step.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import faults
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    ConnectionNotSupported,
    WSManAuthError,
    WSManConnectionError,
    WSManError,
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)


@dataclass(frozen=True)
class Patience:
    """``tries`` in all, ``first`` and ``longest``: the upper limits, in seconds, of the first and of any wait."""

    tries: int
    first: float
    longest: float
    least: float = 0.0  # the part of each limit that is waited for in any case

    def delay(self, tried: int, chance: float) -> float:
        """Seconds to wait after ``tried`` tries; ``chance`` is from 0 to 1."""
        limit = min(self.longest, self.first * float(2 ** (tried - 1)))
        return limit * (self.least + (1 - self.least) * chance)


DROPPED = Patience(tries=4, first=0.25, longest=4.0)
# Up to 100 s: a host that was there a moment ago restarts, or its WinRM does.
AWAY = Patience(tries=10, first=1.0, longest=15.0, least=0.25)
# Others have to finish first, so there is no use in trying at once.
QUOTA = Patience(tries=6, first=2.0, longest=15.0, least=0.5)
BUSY = Patience(tries=4, first=1.0, longest=10.0, least=0.25)
TIMED_OUT = Patience(tries=3, first=0.5, longest=2.0)
# A reply out of step or cut off by a proxy may come right on a new connection; a host that speaks something else never.
ONCE_MORE = Patience(tries=2, first=0.25, longest=0.25)

# HTTP answers of http.sys while WinRM is stopped, starting or overloaded: no message came through.
_NOT_DONE = frozenset({404, 429, 503})


def patience_with(error: WSManError, *, answered: bool) -> Patience | None:
    """How to go on after a read failed so, None when the error stays. ``answered``: this host has answered before."""
    if error.final or isinstance(error, ConnectionNotSupported):
        return None
    if isinstance(error, WSManFault):
        return _after_fault(error)
    if isinstance(error, WSManConnectionError):
        if error.dropped or error.http_status in (400, 500, 502, 504):
            return DROPPED
        if error.http_status in (429, 503):
            return AWAY
        return AWAY if answered else None
    if isinstance(error, WSManAuthError):
        # Once: more wrong logons could lock the account.
        return ONCE_MORE if answered else None
    if isinstance(error, WSManTimeout):
        return ONCE_MORE if answered else None
    return ONCE_MORE if isinstance(error, WSManProtocolError) and error.from_host else None


def patience_with_write(error: WSManError, *, answered: bool) -> Patience | None:
    """The same for a write: only what proves that it was not carried out."""
    return None if may_have_run(error) else patience_with(error, answered=answered)


def may_have_run(error: WSManError) -> bool:
    """Whether a request that ended so may have reached the host and done its work."""
    if isinstance(error, WSManFault):
        return error.is_timeout or error.is_busy
    if isinstance(error, WSManConnectionError):
        if error.http_status is not None:
            return error.http_status not in _NOT_DONE
        return error.dropped
    if isinstance(error, WSManProtocolError):
        return error.from_host
    return isinstance(error, WSManTimeout)


def _after_fault(fault: WSManFault) -> Patience | None:
    if fault.is_quota:
        return QUOTA
    if fault.is_timeout:
        return TIMED_OUT
    if fault.is_busy:
        return BUSY
    # The enumeration that a Pull named is gone, as after a restart of WinRM: a new one may live.
    return ONCE_MORE if fault.code in faults.ENUMERATION_GONE else None
