# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A point in time after which nobody waits any more."""

from __future__ import annotations

import time

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManTimeout


class Deadline:
    """Counts down on the monotonic clock, so that a change of the wall clock moves nothing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def sub(self, seconds: float) -> Deadline:
        """A deadline for a part of the work: the earlier of this one and ``seconds`` from now."""
        return Deadline(min(seconds, self.remaining))

    def check(self, operation: str) -> None:
        """Raise WSManTimeout when the time is over."""
        if self.remaining <= 0:
            raise WSManTimeout(operation, self._seconds)

    def sleep(self, seconds: float) -> None:
        """Wait, but never longer than what remains."""
        time.sleep(min(seconds, self.remaining))
