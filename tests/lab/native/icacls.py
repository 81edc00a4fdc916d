# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""icacls: /grant[:r], /deny, /remove[:g|:d], /inheritance:r|d|e, /setowner, /reset, and the listing.

Syntax and the layout of the listing: Microsoft's icacls page and recorded listings. Exit code 0, or the Win32 error of
the last failure: 2 not found, 5 access denied, 87 bad argument, 1307 owner not allowed, 1332 no such account. Writing
the DACL needs WRITE_DAC (the owner has it); /setowner needs WRITE_OWNER through the DACL (icacls does not force it),
and to give the file to somebody else the restore privilege. Not modelled: /t, /save, /restore, /findsid, /verify,
/substitute, /setintegritylevel: bad argument.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import (
    ALLOW,
    CONTAINER_INHERIT,
    DENY,
    FULL,
    INHERIT_ONLY,
    INHERITED,
    MODIFY,
    NO_PROPAGATE,
    OBJECT_INHERIT,
    READ,
    READ_CONTROL,
    READ_EXECUTE,
    SE_BACKUP,
    SE_RESTORE,
    WRITE,
    WRITE_DAC,
    WRITE_OWNER,
    Ace,
    SecurityDescriptor,
    Token,
    canonical,
    dacl_allows,
)
from tests.lab.native.result import Result, lines

_SIMPLE = {"N": 0, "F": FULL, "M": MODIFY, "RX": READ_EXECUTE, "R": READ, "W": WRITE, "D": 0x110000}
_SPECIFIC = {
    "DE": 0x10000,
    "RC": 0x20000,
    "WDAC": 0x40000,
    "WO": 0x80000,
    "S": 0x100000,
    "AS": 0x1000000,
    "MA": 0x2000000,
    "GR": 0x80000000,
    "GW": 0x40000000,
    "GE": 0x20000000,
    "GA": 0x10000000,
    "RD": 0x1,
    "WD": 0x2,
    "AD": 0x4,
    "REA": 0x8,
    "WEA": 0x10,
    "X": 0x20,
    "DC": 0x40,
    "RA": 0x80,
    "WA": 0x100,
}
_INHERITANCE = {"OI": OBJECT_INHERIT, "CI": CONTAINER_INHERIT, "IO": INHERIT_ONLY, "NP": NO_PROPAGATE, "I": INHERITED}
_SYNCHRONIZE = 0x100000
_GENERIC = {0x80000000: READ, 0x40000000: WRITE, 0x20000000: 0x1200A0, 0x10000000: FULL}
_NOT_FOUND, _ACCESS_DENIED, _BAD_ARGUMENT, _INVALID_OWNER, _NO_ACCOUNT = 2, 5, 87, 1307, 1332
_TEXTS = {
    _NOT_FOUND: "The system cannot find the file specified.",
    _ACCESS_DENIED: "Access is denied.",
    _INVALID_OWNER: "This security ID may not be assigned as the owner of this object.",
    _NO_ACCOUNT: "No mapping between account names and security IDs was done.",
}


class _Failed(Exception):
    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def run(host: Host, token: Token, words: list[str]) -> Result:
    if not words or words[0].startswith("/"):
        return Result(_BAD_ARGUMENT if words else 0, lines("ICACLS name /save aclfile [/T] [/C] [/L] [/Q]"))
    path, options = words[0], words[1:]
    flags = {word.lower() for word in options if word.lower() in ("/q", "/c", "/l")}
    options = [word for word in options if word.lower() not in ("/q", "/c", "/l")]
    try:
        entry = host.files.find(path)
        if entry is None:
            raise _Failed(_NOT_FOUND, f"{path}: {_TEXTS[_NOT_FOUND]}")
        if not options:
            return Result(0, _listing(host, token, path, entry))
        changed = _apply(host, token, entry, options)
        if changed != entry.security:
            host.files.set_security(path, changed)
    except _Failed as failed:
        text = failed.text or f"{path}: {_TEXTS[failed.code]}"
        summary = (
            "" if failed.code == _BAD_ARGUMENT else lines("Successfully processed 0 files; Failed processing 1 files")
        )
        return Result(failed.code, summary, lines(text))
    said = "" if "/q" in flags else lines(f"processed file: {path}")
    return Result(0, said + lines("Successfully processed 1 files; Failed processing 0 files"))


def _apply(host: Host, token: Token, entry: Entry, options: list[str]) -> SecurityDescriptor:
    security = entry.security
    position = 0
    while position < len(options):
        option = options[position].lower()
        position += 1
        if option == "/setowner":
            security = _set_owner(host, token, security, _argument(options, position))
            position += 1
            continue
        if not dacl_allows(security, token, WRITE_DAC):
            raise _Failed(_ACCESS_DENIED)
        if option == "/reset":
            security = _reset(host, entry, security)
        elif option in ("/inheritance:r", "/inheritance:d", "/inheritance:e"):
            security = _inheritance(host, entry, security, option[-1])
        elif option in ("/grant", "/grant:r", "/deny", "/remove", "/remove:g", "/remove:d"):
            taken = 0
            while position < len(options) and not options[position].startswith("/"):
                security = _permission(host, entry, security, option, options[position])
                position += 1
                taken += 1
            if taken == 0:
                raise _Failed(_BAD_ARGUMENT, f'Invalid parameter "{option}"')
        else:
            raise _Failed(_BAD_ARGUMENT, f'Invalid parameter "{options[position - 1]}"')
    return security


def _argument(options: list[str], position: int) -> str:
    if position >= len(options):
        raise _Failed(_BAD_ARGUMENT, 'Invalid parameter "/setowner"')
    return options[position]


def _sid(host: Host, text: str) -> str:
    if text.startswith("*"):
        if not re.fullmatch(r"S-1(-\d+){2,}", text[1:], re.I):
            raise _Failed(_NO_ACCOUNT, f"{text[1:]}: {_TEXTS[_NO_ACCOUNT]}")
        return text[1:].upper()
    wanted = text.rpartition("\\")[2].lower()
    for sid, (_domain, name) in host.account_names().items():
        if name.lower() == wanted:
            return sid
    raise _Failed(_NO_ACCOUNT, f"{text}: {_TEXTS[_NO_ACCOUNT]}")


def _set_owner(host: Host, token: Token, security: SecurityDescriptor, text: str) -> SecurityDescriptor:
    sid = _sid(host, text)
    if not dacl_allows(security, token, WRITE_OWNER):
        raise _Failed(_ACCESS_DENIED)
    if sid not in token.sids and SE_RESTORE not in token.privileges:
        raise _Failed(_INVALID_OWNER)
    return replace(security, owner=sid)


def _inheritable(host: Host, entry: Entry) -> tuple[Ace, ...]:
    """What the parent folder gives to this entry."""
    parent = host.files.find(entry.parent)
    wanted = CONTAINER_INHERIT if entry.directory else OBJECT_INHERIT
    found = []
    for ace in (parent.security.dacl or ()) if parent is not None and parent.path != entry.path else ():
        if ace.flags & wanted:
            flags = (ace.flags & (OBJECT_INHERIT | CONTAINER_INHERIT) if entry.directory else 0) | INHERITED
            found.append(replace(ace, flags=flags))
    return tuple(found)


def _reset(host: Host, entry: Entry, security: SecurityDescriptor) -> SecurityDescriptor:
    return replace(security, dacl=_inheritable(host, entry), protected=False)


def _inheritance(host: Host, entry: Entry, security: SecurityDescriptor, how: str) -> SecurityDescriptor:
    dacl = security.dacl or ()
    explicit = tuple(ace for ace in dacl if not ace.flags & INHERITED)
    if how == "r":
        return replace(security, dacl=explicit, protected=True)
    if how == "d":
        return replace(security, dacl=tuple(replace(ace, flags=ace.flags & ~INHERITED) for ace in dacl), protected=True)
    return replace(security, dacl=canonical(explicit + _inheritable(host, entry)), protected=False)


def _permission(host: Host, entry: Entry, security: SecurityDescriptor, option: str, text: str) -> SecurityDescriptor:
    dacl = security.dacl or ()
    if option.startswith("/remove"):
        sid = _sid(host, text)
        kinds = {"/remove:g": (ALLOW,), "/remove:d": (DENY,)}.get(option, (ALLOW, DENY))
        kept = tuple(ace for ace in dacl if ace.sid != sid or ace.type not in kinds or ace.flags & INHERITED)
        return security.with_dacl(kept)
    account, colon, rights = text.partition(":")
    if not colon:
        raise _Failed(_BAD_ARGUMENT, f'Invalid parameter "{text}"')
    sid = _sid(host, account)
    mask, flags = _rights(rights, text)
    kind = DENY if option == "/deny" else ALLOW
    if kind == ALLOW:
        mask |= _SYNCHRONIZE if mask else 0
    if not entry.directory:
        flags = 0
    if option == "/grant:r":
        dacl = tuple(ace for ace in dacl if ace.sid != sid or ace.type != ALLOW or ace.flags & INHERITED)
    merged = []
    done = False
    for ace in dacl:
        if (ace.sid, ace.type, ace.flags) == (sid, kind, flags):
            merged.append(replace(ace, mask=ace.mask | mask))
            done = True
        else:
            merged.append(ace)
    return security.with_dacl(tuple(merged) if done else (*merged, Ace(sid, mask, kind, flags)))


def _rights(text: str, whole: str) -> tuple[int, int]:
    """(mask, ACE flags) of `(OI)(CI)F`, `R`, `(RD,WD)`, `(R,W)`."""
    groups = re.findall(r"\(([^()]*)\)", text)
    rest = re.sub(r"\([^()]*\)", "", text)
    flags = 0
    words: list[str] = []
    for group in groups:
        names = [name.strip().upper() for name in group.split(",")]
        if len(names) == 1 and names[0] in _INHERITANCE:
            flags |= _INHERITANCE[names[0]]
        else:
            words += names
    if rest:
        words += [name.strip().upper() for name in rest.split(",")]
    mask = 0
    for word in words:
        found = _SIMPLE.get(word, _SPECIFIC.get(word))
        if found is None:
            raise _Failed(_BAD_ARGUMENT, f'Invalid parameter "{whole}"')
        mask |= _GENERIC.get(found, found)
    if not words:
        raise _Failed(_BAD_ARGUMENT, f'Invalid parameter "{whole}"')
    return mask, flags


def _listing(host: Host, token: Token, path: str, entry: Entry) -> str:
    if SE_BACKUP not in token.privileges and not dacl_allows(entry.security, token, READ_CONTROL):
        raise _Failed(_ACCESS_DENIED)
    names = host.account_names()
    texts = []
    for ace in entry.security.dacl or ():
        domain, name = names.get(ace.sid, ("", ""))
        account = f"{domain}\\{name}" if domain and name else name or ace.sid
        texts.append(f"{account}:{_flags_text(ace)}{'(DENY)' if ace.type == DENY else ''}{_mask_text(ace.mask)}")
    indent = " " * (len(path) + 1)
    rows = [(f"{path} " if number == 0 else indent) + text for number, text in enumerate(texts or [""])]
    return lines(*rows, "", "Successfully processed 1 files; Failed processing 0 files")


def _flags_text(ace: Ace) -> str:
    order = (
        ("I", INHERITED),
        ("OI", OBJECT_INHERIT),
        ("CI", CONTAINER_INHERIT),
        ("IO", INHERIT_ONLY),
        ("NP", NO_PROPAGATE),
    )
    return "".join(f"({name})" for name, bit in order if ace.flags & bit)


def _mask_text(mask: int) -> str:
    left = mask & ~_SYNCHRONIZE
    for name in ("F", "M", "RX", "R", "W"):
        if left == _SIMPLE[name] & ~_SYNCHRONIZE:
            return f"({name})"
    if left == (READ | WRITE) & ~_SYNCHRONIZE:
        return "(R,W)"
    if left == (READ_EXECUTE | WRITE) & ~_SYNCHRONIZE:
        return "(RX,W)"
    names = [name for name, bit in _SPECIFIC.items() if bit & mask]
    return f"({','.join(names) or 'N'})"
