# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Stop waiting for work that knows no deadline: looking a name up, talking to a KDC, kinit."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

_T = TypeVar("_T")

# What bounds itself, as reads from a socket do, gets the chance to say so in its own words.
_GRACE = 0.05
_LEAST_GRACE_SECONDS = 0.25


def within(seconds: float, work: Callable[[], _T], late: Callable[[], WSManError]) -> _T:
    """The result of ``work``, or the error of ``late`` a little after ``seconds``.

    The work runs in a thread of its own, because a call into a C library cannot be interrupted. One that is late is
    left alone with what it uses: it must not be able to reach anything that goes on being used.
    """
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where somebody waits
            future.set_exception(error)

    # Ansible keeps the task that is running in context variables. A daemon, so that nobody waits for it at the end.
    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    wait([future], timeout=seconds + max(seconds * _GRACE, _LEAST_GRACE_SECONDS))
    if not future.done():
        raise late()
    return future.result()
