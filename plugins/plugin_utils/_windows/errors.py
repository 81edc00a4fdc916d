# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What can go wrong on a Windows host, as one sentence that says what, where and what to do."""

from __future__ import annotations


class WindowsError(Exception):
    """The host answered, and refused. ``code`` is the return value of the method, where there was one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class AccessDenied(WindowsError):
    """The account of the connection lacks a right on the host."""
