# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`type`, and what redirections read and write: files with text.

A file that the lab knows without its text is empty here. Errors are told in the lines of cmd.exe.
"""

from __future__ import annotations

from dataclasses import replace

from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import FILE_READ_DATA, FILE_WRITE_DATA, Token, access_check
from tests.lab.native.result import Call, Result, lines

NOT_FOUND, DENIED = "The system cannot find the file specified.", "Access is denied."
_NO_PATH = "The system cannot find the path specified."


def read(host: Host, token: Token, name: str) -> str | None:
    """The text of a file; None when there is none that the caller may read."""
    if name.lower() in ("nul", "nul:"):
        return ""
    entry = host.files.find(name)
    if entry is None or entry.directory or not access_check(entry.security, token, FILE_READ_DATA):
        return None
    return entry.text


def write(host: Host, token: Token, name: str, text: str, *, append: bool) -> str:
    """Write a file; the line that tells why not, "" when it is done."""
    entry = host.files.find(name)
    folder = host.files.find(name.rpartition("\\")[0])
    if entry is None and (folder is None or not folder.directory):
        return _NO_PATH
    guard = entry if entry is not None else folder
    if guard is None or (entry is not None and entry.directory):
        return DENIED
    if not access_check(guard.security, token, FILE_WRITE_DATA):
        return DENIED
    if entry is None:
        entry = Entry(name, guard.security)
    whole = entry.text + text if append else text
    host.files.put(replace(entry, text=whole, size=len(whole), hive=None))
    return ""


def run(call: Call) -> Result:
    if len(call.words) != 1:
        return Result(1, "", lines("The syntax of the command is incorrect."))
    text = read(call.host, call.token, call.words[0])
    if text is None:
        return Result(1, "", lines(NOT_FOUND if call.host.files.find(call.words[0]) is None else DENIED))
    return Result(0, text, handed_on=True)
