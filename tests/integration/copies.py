# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of this process, so that a test can try many ways to go on from one moment: the moment is reached once.

A copy (fork) has everything: a simulated host with what it is about to do, and a task in the middle of its work. What
it does, the original does not see. There must be one thread only, for a copy has no other.
"""

from __future__ import annotations

import gc
import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any, NoReturn


class CopyError(Exception):
    """A copy ended in an exception; the text is its traceback."""


# What make() gives in the copy itself.
COPY = object()


class Copies:
    """Makes copies one at a time. A copy may make copies of its own."""

    def __init__(self) -> None:
        self._to_original: int | None = None
        # What is there already is not looked at by collections of garbage, which would write to memory that is shared.
        gc.collect()
        gc.freeze()

    def make(self) -> Any:
        """In the copy COPY; in the original, which waits until then, what the copy reports."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            gc.disable()
            os.close(reading)
            self._to_original = writing
            return COPY
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            told = stream.read()
        os.waitpid(child, 0)
        if not told:
            raise CopyError("a copy ended without a word")
        error, found = pickle.loads(told)  # noqa: S301 - written by report()
        if error:
            raise CopyError(error)
        return found

    def report(self, found: object, error: str = "") -> NoReturn:
        """Ends the copy."""
        if self._to_original is None:
            raise RuntimeError("only a copy reports")
        with os.fdopen(self._to_original, "wb") as stream:
            pickle.dump((error, found), stream)
        os._exit(0)

    def apart(self, work: Callable[[], Any]) -> Any:
        """The result of work that is done in a copy."""
        found = self.make()
        return self.finish(work) if found is COPY else found

    def finish(self, work: Callable[[], object]) -> NoReturn:
        """Ends a copy with the result of work, or with its exception."""
        try:
            found = work()
        except BaseException:  # noqa: BLE001 - nothing may get out of a copy
            self.report(None, traceback.format_exc())
        self.report(found)
