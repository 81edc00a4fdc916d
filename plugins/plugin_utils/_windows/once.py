# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What is read once and shared between the connections to a host."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from threading import Lock
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManAuthError, WSManConnectionError


class Once:
    """Values by name; each is read by the first thread that asks, and the others wait for it.

    An error is kept like a value. That a connection broke is not: it says nothing of the host, so the next one to ask
    reads over its own.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: dict[str, Future[Any]] = {}

    def get(self, name: str, read: Callable[[], Any]) -> Any:
        while True:
            with self._lock:
                known = self._found.get(name)
                if known is None:
                    mine = self._found[name] = Future()
            if known is None:
                return self._read(name, mine, read)
            try:
                return known.result()
            except CancelledError:
                continue

    def _read(self, name: str, mine: Future[Any], read: Callable[[], Any]) -> Any:
        try:
            value = read()
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, (WSManConnectionError, WSManAuthError)):
                mine.set_exception(error)
            else:
                with self._lock:
                    del self._found[name]
                mine.cancel()
            raise
        mine.set_result(value)
        return value
