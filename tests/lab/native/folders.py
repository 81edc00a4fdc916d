# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`dir /b`: names of a folder's entries; the long form, whose words are the language's, is left out.

/a-d leaves folders out, /ad takes only folders, /a takes all; /s goes into sub-folders and prints whole paths. A folder
without a match, or one that the caller may not list (MEM: unverified), gives `File Not Found` and exit code 1.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import FILE_READ_DATA, Token, access_check
from tests.lab.native.result import Call, Result, lines

_KNOWN = {"/b", "/s", "/a", "/a-d", "/a:-d", "/ad", "/a:d"}


def run(call: Call) -> Result:
    switches = [word.lower() for word in call.words if word.startswith("/")]
    places = [word for word in call.words if not word.startswith("/")]
    unknown = [switch for switch in switches if switch not in _KNOWN]
    if unknown or "/b" not in switches:
        return Result(1, "", lines(f'Invalid switch - "{(unknown or ["b"])[0].lstrip("/")}".'))
    if len(places) != 1:
        return Result(1, "", lines("File Not Found"))
    folder, pattern = _place(call.host, places[0])
    if folder is None:
        return Result(1, "", lines("The system cannot find the path specified."))
    deep = "/s" in switches
    entries = list(_entries(call.host, call.token, folder, deep))
    if {"/a-d", "/a:-d"} & set(switches):
        entries = [entry for entry in entries if not entry.directory]
    elif {"/ad", "/a:d"} & set(switches):
        entries = [entry for entry in entries if entry.directory]
    names = [entry.path if deep else entry.name for entry in entries if fnmatch.fnmatch(entry.name.lower(), pattern)]
    return Result(0, lines(*names)) if names else Result(1, "", lines("File Not Found"))


def _place(host: Host, text: str) -> tuple[Entry | None, str]:
    """The folder and the pattern of names; None when the folder does not exist."""
    entry = host.files.find(text)
    if entry is not None and entry.directory:
        return entry, "*"
    folder, _slash, pattern = text.rpartition("\\")
    found = host.files.find(folder + "\\" if folder.endswith(":") else folder)
    return (found if found is not None and found.directory else None), pattern.lower() or "*"


def _entries(host: Host, token: Token, folder: Entry, deep: bool) -> Iterator[Entry]:
    if not access_check(folder.security, token, FILE_READ_DATA):
        return
    for entry in host.files.listing(folder.path):
        yield entry
        if deep and entry.directory:
            yield from _entries(host, token, entry, deep)
