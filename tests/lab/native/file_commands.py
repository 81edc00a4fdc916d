# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`del`, `rd`, `md` and the files that `if exist` looks for.

`del` takes files and patterns, /f and /q; it says what it cannot delete and ends with 0 all the same. `rd` takes /s
and /q, `md` makes the folders on the way. MEM: unverified: the exit codes of `del` (0) and of `rd` (2, 5, 145), and
that `del` of a folder's name deletes nothing without an answer to its question.
"""

from __future__ import annotations

import fnmatch

from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import FILE_APPEND_DATA, access_check
from tests.lab.native.result import Call, Result, lines

_NOT_FOUND, _DENIED, _NOT_EMPTY = 2, 5, 145
_SYNTAX = Result(1, "", lines("The syntax of the command is incorrect."))


def matching(host: Host, text: str) -> list[Entry]:
    """Files and folders of a name or a pattern in its last part."""
    entry = host.files.find(text)
    if entry is not None:
        return [entry]
    folder, _slash, pattern = text.rpartition("\\")
    found = host.files.find(folder + "\\" if folder.endswith(":") else folder) if folder else None
    if found is None or not found.directory or not set(pattern) & {"*", "?"}:
        return []
    return [child for child in host.files.children(found.path) if fnmatch.fnmatch(child.name.lower(), pattern.lower())]


def _sorted(call: Call, known: set[str]) -> tuple[list[str], set[str]] | None:
    """(names, switches); None for a switch that is not known, or no name."""
    switches = {word.lower() for word in call.words if word.startswith("/")}
    names = [word for word in call.words if not word.startswith("/")]
    return (names, switches) if names and switches <= known else None


def delete(call: Call) -> Result:
    given = _sorted(call, {"/f", "/q"})
    if given is None:
        return _SYNTAX
    told: list[str] = []
    for name in given[0]:
        found = [entry for entry in matching(call.host, name) if not entry.directory]
        if not found:
            told.append(f"Could Not Find {name}")
        for entry in found:
            if entry.locked:
                told += [entry.path, "The process cannot access the file because it is being used by another process."]
            elif not call.host.files.can_delete(entry.path, call.token):
                told += [entry.path, "Access is denied."]
            else:
                call.host.files.remove(entry.path)
    return Result(0, "", lines(*told))


def remove_folder(call: Call) -> Result:
    given = _sorted(call, {"/s", "/q"})
    if given is None:
        return _SYNTAX
    code, told = 0, []
    for name in given[0]:
        entry = call.host.files.find(name)
        if entry is None or not entry.directory:
            code = _NOT_FOUND
            told.append("The system cannot find the file specified.")
            continue
        inside = _below(call.host, entry)
        if inside and "/s" not in given[1]:
            code = _NOT_EMPTY
            told.append("The directory is not empty.")
        elif not all(call.host.files.can_delete(item.path, call.token) for item in (*inside, entry)):
            code = _DENIED
            told.append("Access is denied.")
        else:
            for item in (*inside, entry):
                call.host.files.remove(item.path)
    return Result(code, "", lines(*told))


def _below(host: Host, folder: Entry) -> list[Entry]:
    """Everything in a folder, the deepest first."""
    found: list[Entry] = []
    for child in host.files.children(folder.path):
        found += [*(_below(host, child) if child.directory else ()), child]
    return found


def make_folder(call: Call) -> Result:
    given = _sorted(call, set())
    if given is None:
        return _SYNTAX
    for name in given[0]:
        if call.host.files.find(name) is not None:
            return Result(1, "", lines(f"A subdirectory or file {name} already exists."))
        parts = name.rstrip("\\").split("\\")
        for number in range(2, len(parts) + 1):
            path = "\\".join(parts[:number])
            if call.host.files.find(path) is not None:
                continue
            parent = call.host.files.find("\\".join(parts[: number - 1]) + ("\\" if number == 2 else ""))
            if parent is None or not parent.directory:
                return Result(1, "", lines("The system cannot find the path specified."))
            if not access_check(parent.security, call.token, FILE_APPEND_DATA):
                return Result(1, "", lines("Access is denied."))
            call.host.files.put(Entry(path, parent.security, directory=True))
    return Result(0)
