# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and folders with owner and DACL: as much of NTFS as the RDP repair touches."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.lab.model.hive_files import Hive
from tests.lab.model.security import (
    DELETE,
    FILE_DELETE_CHILD,
    SecurityDescriptor,
    Token,
    access_check,
)


@dataclass(frozen=True)
class Entry:
    """A file or folder. `content` of a key file names the key it holds, `text` is what another file says. `locked`:
    open without share for delete. `stale_keys` is how many more files a folder of keys has; only listings
    show them. `hive` is the registry key that a file of `reg save` holds."""

    path: str
    security: SecurityDescriptor
    directory: bool = False
    size: int = 0
    content: str = ""
    version: str | None = None
    locked: bool = False
    text: str = ""
    stale_keys: int = 0
    hive: Hive | None = None

    @property
    def name(self) -> str:
        return ntpath.basename(self.path)

    @property
    def parent(self) -> str:
        return ntpath.dirname(self.path)


_STALE_GUID = "00000000-0000-4000-8000-000000000000"
FileChange = Callable[[str, str, Entry | None, Entry | None], None]


class FileStore:
    """One host's files; entries are immutable and shared with the profile until replaced."""

    def __init__(self, base: FileStore | None = None) -> None:
        self._entries: dict[str, Entry] = dict(base._entries) if base is not None else {}
        self.on_change: FileChange | None = None

    def find(self, path: str) -> Entry | None:
        return self._entries.get(normalise(path))

    def put(self, entry: Entry, kind: str = "file.write") -> None:
        """Create or replace."""
        before = self._entries.get(normalise(entry.path))
        self._entries[normalise(entry.path)] = entry
        if self.on_change is not None:
            self.on_change(kind, entry.path, before, entry)

    def remove(self, path: str) -> None:
        """Remove a file that exists, without asking for rights."""
        before = self._entries.pop(normalise(path))
        if self.on_change is not None:
            self.on_change("file.delete", before.path, before, None)

    def rename(self, path: str, new_path: str) -> None:
        before = self._entries.pop(normalise(path))
        after = replace(before, path=new_path)
        self._entries[normalise(new_path)] = after
        if self.on_change is not None:
            self.on_change("file.rename", before.path, before, after)

    def folder_security(self, path: str) -> SecurityDescriptor:
        """The security of the folder that a path is in."""
        return self._entries[ntpath.dirname(normalise(path))].security

    def set_security(self, path: str, security: SecurityDescriptor) -> None:
        self.put(replace(self._entries[normalise(path)], security=security), "file.security")

    def can_delete(self, path: str, token: Token) -> bool:
        """DELETE on the file, or FILE_DELETE_CHILD on its folder."""
        entry = self._entries[normalise(path)]
        if access_check(entry.security, token, DELETE):
            return True
        folder = self.find(entry.parent)
        return folder is not None and access_check(folder.security, token, FILE_DELETE_CHILD)

    def children(self, folder: str) -> Iterator[Entry]:
        prefix = normalise(folder)
        for key in sorted(self._entries):
            if ntpath.dirname(key) == prefix and key != prefix:
                yield self._entries[key]

    def listing(self, folder: str) -> Iterator[Entry]:
        """The children of a folder with its stale keys, which are made as they are asked for."""
        yield from self.children(folder)
        whole = self._entries[normalise(folder)]
        for number in range(whole.stale_keys):
            yield Entry(f"{whole.path}\\{number:032x}_{_STALE_GUID}", whole.security)

    def all(self) -> Iterator[Entry]:
        for key in sorted(self._entries):
            yield self._entries[key]


def normalise(path: str) -> str:
    """The key of a path: lower case, single backslashes, no trailing one except on a drive."""
    text = ntpath.normpath(path.strip().strip('"').replace("/", "\\")).lower()
    return text
