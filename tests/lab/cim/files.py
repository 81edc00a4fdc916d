# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CIM_DataFile and Win32_Directory. Properties and return codes: the MOF pages; names come in lower case (MEM)."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Method, Query
from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import FULL

_ACCESS_DENIED, _EXISTS, _SHARING, _INVALID_PARAMETER = 2, 10, 15, 21
_STRINGS = (
    "Caption CompressionMethod CreationClassName CSCreationClassName CSName Description Drive EightDotThreeFileName "
    "EncryptionMethod Extension FileName FileType FSCreationClassName FSName Name Path Status"
)
_DIRECTORY_TYPES = {
    **dict.fromkeys(_STRINGS.split(), "string"),
    **dict.fromkeys("Archive Compressed Encrypted Hidden Readable System Writeable".split(), "boolean"),
    **dict.fromkeys("CreationDate InstallDate LastAccessed LastModified".split(), "datetime"),
    **dict.fromkeys("AccessMask FileSize InUseCount".split(), "uint64"),
}
_FILE_TYPES = {**_DIRECTORY_TYPES, "Manufacturer": "string", "Version": "string"}


def _row(host: Host, entry: Entry) -> dict[str, Any]:
    path = entry.path.lower()
    drive, rest = ntpath.splitdrive(path)
    folder, name = ntpath.split(rest)
    stem, extension = ntpath.splitext(name)
    return {
        "AccessMask": FULL,
        "Archive": not entry.directory,
        "Caption": path,
        "Compressed": False,
        "CreationClassName": "Win32_Directory" if entry.directory else "CIM_LogicalFile",
        "CreationDate": host.boot_time,
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSName": host.name.upper(),
        "Description": path,
        "Drive": drive,
        "EightDotThreeFileName": path,
        "Encrypted": False,
        "Extension": extension.removeprefix("."),
        "FileName": stem,
        "FileSize": None if entry.directory else entry.size,
        "FileType": "File Folder" if entry.directory else "System file",
        "FSCreationClassName": "Win32_FileSystem",
        "FSName": "NTFS",
        "Hidden": False,
        "InstallDate": host.boot_time,
        "LastAccessed": host.boot_time,
        "LastModified": host.boot_time,
        "Manufacturer": None if entry.version is None else "Microsoft Corporation",
        "Name": path,
        "Path": folder if folder.endswith("\\") else folder + "\\",
        "Readable": True,
        "Status": "OK",
        "System": False,
        "Version": entry.version,
        "Writeable": True,
    }


def _entries(host: Host, query: Query, directories: bool) -> Iterator[Entry]:
    name = query.get("Name")
    if name is not None:
        entry = host.files.find(name)
        if entry is not None and entry.directory == directories:
            yield entry
        return
    for entry in host.files.all():
        if entry.directory == directories:
            yield entry


def _file_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for entry in _entries(host, query, directories=False):
        yield _row(host, entry)


def _directory_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for entry in _entries(host, query, directories=True):
        yield _row(host, entry)


def _delete(call: Call) -> dict[str, Any]:
    path = call.selectors["Name"]
    entry = call.host.files.find(path)
    if entry is None or entry.locked:
        return {"ReturnValue": _SHARING}
    if not call.host.files.can_delete(path, call.token):
        return {"ReturnValue": _ACCESS_DENIED}
    call.host.files.remove(path)
    return {"ReturnValue": 0}


def _rename(call: Call) -> dict[str, Any]:
    path = call.selectors["Name"]
    new = call.arguments.get("FileName") or ""
    if not ntpath.isabs(new) or ntpath.splitdrive(new)[0].lower() != ntpath.splitdrive(path)[0].lower():
        return {"ReturnValue": _INVALID_PARAMETER}
    if call.host.files.find(new) is not None:
        return {"ReturnValue": _EXISTS}
    entry = call.host.files.find(path)
    if entry is None or entry.locked:
        return {"ReturnValue": _SHARING}
    if not call.host.files.can_delete(path, call.token):
        return {"ReturnValue": _ACCESS_DENIED}
    call.host.files.rename(path, new)
    return {"ReturnValue": 0}


_METHODS = {"Delete": Method({}, {}, _delete), "Rename": Method({"FileName": "string"}, {}, _rename)}
CLASSES = (
    CimClass("CIM_DataFile", ("root/cimv2",), _FILE_TYPES, ("Name",), _file_rows, _METHODS),
    CimClass("Win32_Directory", ("root/cimv2",), _DIRECTORY_TYPES, ("Name",), _directory_rows),
)
