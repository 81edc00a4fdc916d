# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The way to one address of the host: opens connections to it and keeps count and time of all that is done there."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Dict, Iterator, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import net

# nmap's RDP scripts wait as long between connections: some servers do not answer one that comes at once.
PAUSE = 0.2
# So that a survey leaves a server at least a fifth of its time for others.
_REST = 0.25


class Line:
    """Connections to ``target``. ``connections`` is how many were tried, ``timings`` the milliseconds of each stage."""

    def __init__(
        self, target: net.Target, port: int, source: Optional[str], deadline: net.Deadline, timings: Dict[str, float]
    ) -> None:
        self.target = target
        self.port = port
        self.deadline = deadline
        self.timings = timings
        self.connections = 0
        self._source = source
        self._opened = time.monotonic()

    def open(self, seconds: Optional[float] = None) -> net.Connection:
        """A new connection; ``seconds`` limits the connecting and all that follows on it. Raises net.NotConnected."""
        deadline = self.deadline if seconds is None else net.Deadline(min(seconds, self.deadline.left()))
        # Before it is made: one that the server resets at once was a connection to the server.
        self.connections += 1
        self._opened = time.monotonic()
        with self.timed("tcp"):
            return net.Connection.open(self.target, self._source, deadline)

    def rest(self) -> None:
        """Pauses for a part of what the last connection took: the slower a server or the way to it, the longer."""
        self.pause((time.monotonic() - self._opened) * _REST)

    def pause(self, seconds: float) -> None:
        """Lets the server come to rest between two connections."""
        with self.timed("pauses"):
            time.sleep(min(seconds, self.deadline.left()))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the time of the block to the stage's."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[stage] = round(self.timings[stage] + milliseconds(began), 1)


def milliseconds(began: float) -> float:
    """Milliseconds since ``began``, a value of time.monotonic()."""
    return round((time.monotonic() - began) * 1000, 1)
