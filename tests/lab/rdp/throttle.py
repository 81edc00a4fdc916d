# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MaxOutstandingConnections: how many connections may be on their way to a session at once.

Sources: termsrv.dll's class CDoSConnections by its public symbols (`_MaxOutstandingConnections`,
`_OutstandingConnections`, `_LastLoggedDelayConnection`, `_hConnectEvent`, `CanProceedConnections`): a connection over
the limit waits for an event, and the log line about it is written now and then only. Users see a port that sometimes
works. MEM: unverified are the defaults (100, and 3000 for a session broker's redirector), how long a connection waits,
and that the ones that wait in vain are closed.

Nothing here is random: of connections for which there are too few places a fixed share gets one, by counting.
"""

from __future__ import annotations

from enum import Enum

DEFAULT_LIMIT = 100
DEFAULT_LIMIT_OF_BROKER = 3000
WAITS_SECONDS = 0.3
"""How long an admitted connection waits over the limit; scaled down for a lab."""


class Admission(Enum):
    """What becomes of a connection."""

    PROCEEDS = "proceeds"
    WAITS = "waits"
    CLOSED = "closed"


class Throttle:
    """The count of one listener since it started."""

    def __init__(self) -> None:
        self._over = 0

    def admit(self, limit: int, strangers: int, own: int) -> Admission:
        """`own` are the listener's connections with this one, `strangers` the others that are outstanding."""
        if strangers + own <= limit:
            return Admission.PROCEEDS
        # The strangers alone, when they are too many: clients that come one by one then find the same each time.
        crowd = strangers if strangers > limit else strangers + own
        self._over += 1
        has_place = self._over * limit // crowd > (self._over - 1) * limit // crowd
        return Admission.WAITS if has_place else Admission.CLOSED
