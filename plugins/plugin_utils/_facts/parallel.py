# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Reading over several connections at the same time, where the way to the host is long.

A session must not be shared by threads, so each thread has one of its own. The first connection reads as well, and
whatever another one could not bring.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

MOST_CONNECTIONS = 4
# A logon takes three to five round trips, and time of the controller: it has to spare several times that.
_REQUESTS_A_CONNECTION = 12
# Below that, more connections cost the controller more than they bring. A busy controller alone measures 20 ms.
_LONG_ROUND_TRIP = 0.04
# Windows 7 and Server 2008 R2 have WinRM 2.0, which allows an account 15 operations at a time, whoever asks.
_FIRST_BUILD_WITH_ROOM = 9200
# How long to wait for a thread in a request when the task has failed already; it ends by its own time limit.
_LEAVE_SECONDS = 2.0

Reader = Callable[[str], object]


def connections_for(host: Host, requests: int) -> int:
    """How many connections are worth it for that many requests, 1 to 4."""
    trip = host.session.round_trip
    if trip is None or trip < _LONG_ROUND_TRIP or host.session.quota_faults or host.build < _FIRST_BUILD_WITH_ROOM:
        return 1
    return max(1, min(MOST_CONNECTIONS, requests // _REQUESTS_A_CONNECTION))


def in_parallel(names: Sequence[str], read: Reader, others: Sequence[tuple[Reader, Session]], session: Session) -> None:
    """Read all names. What ``read`` raises ends it; what the readers of ``others`` raise, ``read`` meets again.

    A fault that says that WinRM has no room for more ends the use of the others. They are closed and counted in the
    end, and their threads are over.
    """
    waiting = deque(names)
    stop = Event()
    sessions = [session, *(each for _reader, each in others)]

    def work(read_one: Reader) -> None:
        while not stop.is_set() and not any(each.quota_faults for each in sessions):
            try:
                name = waiting.popleft()
            except IndexError:
                return
            try:
                read_one(name)
            except Exception:  # noqa: BLE001 - read() meets it again, and raises it where it is handled
                return

    # Ansible keeps the task that is running in context variables.
    threads = [
        Thread(target=contextvars.copy_context().run, args=(work, reader), daemon=True) for reader, _session in others
    ]
    patience: float | None = _LEAVE_SECONDS
    try:
        for thread in threads:
            thread.start()
        with suppress(IndexError):
            while True:
                read(waiting.popleft())
        for name in names:
            read(name)
        patience = None
    finally:
        stop.set()
        for thread in threads:
            if thread.ident is not None:
                thread.join(patience)
        for _reader, each in others:
            session.count(each)
            each.close()
