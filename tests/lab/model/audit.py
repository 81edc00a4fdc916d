# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of every write on a host, for tests to judge by."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Write:
    """One write. `time` is seconds since the epoch, `by` the account that wrote."""

    time: float
    by: str
    kind: str
    target: str
    before: Any
    after: Any

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


# Who acts now. A context variable, so that requests that wait for each other do not mix; what a request schedules (a
# service that starts later) is booked on its account.
ACTOR: ContextVar[str] = ContextVar("actor", default="NT AUTHORITY\\SYSTEM")


class AuditLog:
    """Writes in order."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.enabled = False

    def add(self, kind: str, target: str, before: Any, after: Any) -> None:
        if self.enabled:
            self.writes.append(Write(time.time(), ACTOR.get(), kind, target, before, after))
