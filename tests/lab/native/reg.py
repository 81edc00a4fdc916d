# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reg save, restore, add, delete and import; 0 is success and 1 failure (Microsoft's pages of each).

`save` asks before it replaces a file, which fails without an answer on standard input, unless /y is there; `add` of a
value that exists and `delete` ask without /f. `restore` needs a key that exists and a file that `save` wrote, and makes
the key what the file says. Both need the backup and restore privileges (RegSaveKey, RegRestoreKey). `import` merges a
file of text that regedit would write.
RegRestoreKey fails while a key below is open, unless it is forced (Microsoft's page); which keys Windows has open, and
whether reg.exe forces it, is written nowhere: a scenario's `open_keys` names those where it fails here.
MEM: unverified: the wording of errors and the code for open keys (5); that `save` reads keys that are kept from
administrators (the backup privilege), while the others touch them for SYSTEM only.
"""

from __future__ import annotations

import json

from tests.lab.model import hive_files, regfile
from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.registry import (
    REG_BINARY,
    REG_DWORD,
    REG_MULTI_SZ,
    REG_QWORD,
    ROOTS,
    TYPE_NAMES,
    Data,
    KeyNotFound,
    ValueNotFound,
    split_path,
)
from tests.lab.model.security import (
    FILE_READ_DATA,
    FILE_WRITE_DATA,
    SE_BACKUP,
    SE_RESTORE,
    access_check,
)
from tests.lab.native import arguments, text_files
from tests.lab.native.result import Call, Result, lines

_DONE = Result(0, lines("The operation completed successfully.", ""))
_VIEWS = ("/reg:32", "/reg:64")
_TYPES = {name: number for number, name in TYPE_NAMES.items()}
_CANCELED = "ERROR: The operation was canceled by the user."
NO_KEY = "The system was unable to find the specified registry key or value."
DENIED = "Access is denied."
NO_FILE = "The system cannot find the file specified."
_NO_PATH = "The system cannot find the path specified."
_NO_PRIVILEGE = "A required privilege is not held by the client."


def run(call: Call) -> Result:
    verbs = {"save": _save, "restore": _restore, "add": _add, "delete": _delete}
    words = [word for word in arguments.split(call.text)[1:] if word.lower() not in _VIEWS]
    if len(words) == 2 and words[0].lower() == "import":
        return _import(call, words[1])
    if not words or words[0].lower() not in verbs:
        return _invalid(words[0] if words else "")
    if len(words) < 2 or words[1].partition("\\")[0].lower() not in ROOTS:
        return _failed("Invalid key name.", usage=words[0])
    return verbs[words[0].lower()](call, "\\".join(split_path(words[1])), words[2:])


def _save(call: Call, path: str, rest: list[str]) -> Result:
    host, token = call.host, call.token
    replaces = any(word.lower() == "/y" for word in rest)
    files = [word for word in rest if word.lower() != "/y"]
    if len(files) != 1 or files[0].startswith("/"):
        return _invalid("save")
    key = host.registry.find(path)
    if key is None:
        return _failed(NO_KEY)
    if SE_BACKUP not in token.privileges:
        return _failed(_NO_PRIVILEGE)
    entry = host.files.find(files[0])
    folder = host.files.find(files[0].rpartition("\\")[0])
    if folder is None or not folder.directory:
        return _failed(_NO_PATH)
    guard = entry if entry is not None else folder
    if (entry is not None and entry.directory) or not access_check(guard.security, token, FILE_WRITE_DATA):
        return _failed(DENIED)
    asked = ""
    if entry is not None and not replaces:
        asked = f"File {files[0]} already exists. Overwrite (Yes/No)?"
        if not _answered_yes(call):
            return Result(1, lines(asked), lines(_CANCELED))
    hive = hive_files.save(key)
    security = host.files.folder_security(files[0]) if entry is None else entry.security
    size = -(-len(json.dumps(hive.as_json())) // hive_files.HIVE_BLOCK) * hive_files.HIVE_BLOCK
    host.files.put(Entry(files[0], security, size=size, hive=hive))
    return Result(0, (lines(asked) if asked else "") + _DONE.stdout)


def _restore(call: Call, path: str, rest: list[str]) -> Result:
    host, token = call.host, call.token
    if len(rest) != 1 or rest[0].startswith("/"):
        return _invalid("restore")
    if host.registry.find(path) is None:
        return _failed(NO_KEY)
    if not {SE_BACKUP, SE_RESTORE} <= token.privileges:
        return _failed(_NO_PRIVILEGE)
    entry = host.files.find(rest[0])
    if entry is None:
        return _failed(NO_FILE)
    below = [part.lower() for part in split_path(path)]
    opened = [[part.lower() for part in split_path(key)] for key in host.settings.open_keys]
    if any(parts[: len(below)] == below for parts in opened):
        return _failed(DENIED)
    if not host.may_touch_key(path, token) or not access_check(entry.security, token, FILE_READ_DATA):
        return _failed(DENIED)
    if entry.hive is None:
        return _failed("The registry is corrupted, or the file is not in the format of a hive.")
    hive_files.restore(host.registry, path, entry.hive)
    return _DONE


def _add(call: Call, path: str, rest: list[str]) -> Result:
    """`/v NAME` or `/ve`, `/t TYPE`, `/d DATA`; without a name the key alone."""
    host, token = call.host, call.token
    given: dict[str, str] = {}
    words = iter(rest)
    for word in words:
        option = word.lower()
        value = next(words, None) if option in ("/v", "/t", "/d") else ""
        if value is None or option not in ("/v", "/ve", "/t", "/d", "/f"):
            return _invalid("add")
        given[option] = value
    type_ = _TYPES.get(given.get("/t", "REG_SZ").upper())
    data = None if type_ is None else _data(type_, given.get("/d", ""))
    if type_ is None or data is None:
        return _invalid("add")
    if not token.is_admin or not host.may_touch_key(path, token):
        return _failed(DENIED)
    name = given["/v"] if "/v" in given else ("" if "/ve" in given or "/d" in given else None)
    if name is None:
        host.registry.create_key(path)
        return _DONE
    if host.registry.get(path, name) is not None and "/f" not in given and not _answered_yes(call):
        return Result(1, "", lines(_CANCELED))
    host.registry.set(path, name, type_, data)
    return _DONE


def _data(type_: int, text: str) -> Data | None:
    """The data of a value as the command line writes it; None for text that is not of its type."""
    try:
        if type_ in (REG_DWORD, REG_QWORD):
            number = int(text or "0", 0)
            return number if 0 <= number < 1 << (32 if type_ == REG_DWORD else 64) else None
        if type_ == REG_BINARY:
            return bytes.fromhex(text)
    except ValueError:
        return None
    return tuple(part for part in text.split("\\0") if part) if type_ == REG_MULTI_SZ else text


def _import(call: Call, file: str) -> Result:
    text = text_files.read(call.host, call.token, file)
    if text is None:
        return _failed(NO_FILE if call.host.files.find(file) is None else DENIED)
    if not call.token.is_admin:
        return _failed("Error accessing the registry.")
    try:
        regfile.apply(call.host.registry, text)
    except regfile.RegFileError:
        return _failed("The file is not a registry script.")
    return Result(0, "", lines("The operation completed successfully."))


def _delete(call: Call, path: str, rest: list[str]) -> Result:
    """`/v NAME`, `/ve`, `/va` or the whole key; `/f` without asking."""
    host, token = call.host, call.token
    switches = [word.lower() for word in rest]
    names: list[str] | None = None
    if "/v" in switches:
        position = switches.index("/v")
        names = rest[position + 1 : position + 2]
        del switches[position : position + 2]
    unknown = set(switches) - {"/f", "/ve", "/va"}
    if unknown or names == [] or (names is not None) + ("/ve" in switches) + ("/va" in switches) > 1:
        return _invalid("delete")
    if "/f" not in switches and not _answered_yes(call):
        return Result(1, "", lines(_CANCELED))
    if not token.is_admin or not host.may_touch_key(path, token):
        return _failed(DENIED)
    try:
        if "/va" in switches:
            names = [value.name for value in host.registry.key(path).values.values()]
        elif "/ve" in switches:
            names = [""]
        _remove(host, path, names)
    except (KeyNotFound, ValueNotFound):
        return _failed(NO_KEY)
    return _DONE


def _remove(host: Host, path: str, names: list[str] | None) -> None:
    if names is None:
        host.registry.delete_tree(path)
    for name in names or ():
        host.registry.delete_value(path, name)


def _answered_yes(call: Call) -> bool:
    return (call.stdin or "").strip().lower().startswith("y")


def _failed(text: str, usage: str = "") -> Result:
    more = [f'Type "REG {usage.upper()} /?" for usage.'] if usage else []
    return Result(1, "", lines(f"ERROR: {text}", *more))


def _invalid(verb: str) -> Result:
    return _failed("Invalid syntax.", usage=verb)
