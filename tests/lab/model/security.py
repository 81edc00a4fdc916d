# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIDs, access control entries, tokens and the access check ([MS-DTYP] 2.4 and 2.5.3.2)."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, replace

EVERYONE = "S-1-1-0"
CREATOR_OWNER = "S-1-3-0"
NETWORK = "S-1-5-2"
AUTHENTICATED_USERS = "S-1-5-11"
SYSTEM = "S-1-5-18"
LOCAL_SERVICE = "S-1-5-19"
NETWORK_SERVICE = "S-1-5-20"
ADMINISTRATORS = "S-1-5-32-544"
USERS = "S-1-5-32-545"
REMOTE_DESKTOP_USERS = "S-1-5-32-555"

WELL_KNOWN = {
    EVERYONE: ("", "Everyone"),
    CREATOR_OWNER: ("", "CREATOR OWNER"),
    AUTHENTICATED_USERS: ("NT AUTHORITY", "Authenticated Users"),
    SYSTEM: ("NT AUTHORITY", "SYSTEM"),
    LOCAL_SERVICE: ("NT AUTHORITY", "LOCAL SERVICE"),
    NETWORK_SERVICE: ("NT AUTHORITY", "NETWORK SERVICE"),
    ADMINISTRATORS: ("BUILTIN", "Administrators"),
    USERS: ("BUILTIN", "Users"),
    REMOTE_DESKTOP_USERS: ("BUILTIN", "Remote Desktop Users"),
}

FILE_READ_DATA, FILE_WRITE_DATA, FILE_APPEND_DATA = 0x1, 0x2, 0x4
FILE_EXECUTE, FILE_DELETE_CHILD = 0x20, 0x40
DELETE, READ_CONTROL, WRITE_DAC, WRITE_OWNER = 0x10000, 0x20000, 0x40000, 0x80000
FULL = 0x1F01FF
MODIFY = 0x1301BF
READ_EXECUTE = 0x1200A9
READ = 0x120089
WRITE = 0x100116

ALLOW, DENY = 0, 1
OBJECT_INHERIT, CONTAINER_INHERIT, NO_PROPAGATE, INHERIT_ONLY, INHERITED = 0x1, 0x2, 0x4, 0x8, 0x10

SE_TAKE_OWNERSHIP = "SeTakeOwnershipPrivilege"
SE_RESTORE = "SeRestorePrivilege"
SE_BACKUP = "SeBackupPrivilege"


@dataclass(frozen=True)
class Ace:
    """One entry; `type` 0 allow, 1 deny; `flags` as in the ACE header."""

    sid: str
    mask: int
    type: int = ALLOW
    flags: int = 0


@dataclass(frozen=True)
class SecurityDescriptor:
    """Owner and DACL; a DACL of None is a NULL DACL (everybody has everything)."""

    owner: str
    dacl: tuple[Ace, ...] | None
    protected: bool = True

    def with_dacl(self, dacl: tuple[Ace, ...]) -> SecurityDescriptor:
        return replace(self, dacl=canonical(dacl))


@dataclass(frozen=True)
class Token:
    """Who acts: the user's SID first, then the groups."""

    name: str
    sids: tuple[str, ...]
    privileges: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return ADMINISTRATORS in self.sids


SYSTEM_TOKEN = Token(
    "NT AUTHORITY\\SYSTEM",
    (SYSTEM, ADMINISTRATORS, EVERYONE, AUTHENTICATED_USERS),
    frozenset({SE_TAKE_OWNERSHIP, SE_RESTORE, SE_BACKUP}),
)
NETWORK_SERVICE_TOKEN = Token("NT AUTHORITY\\NETWORK SERVICE", (NETWORK_SERVICE, EVERYONE, AUTHENTICATED_USERS, USERS))
LOCAL_SERVICE_TOKEN = Token("NT AUTHORITY\\LOCAL SERVICE", (LOCAL_SERVICE, EVERYONE, AUTHENTICATED_USERS, USERS))


def service_sid(name: str) -> str:
    """The SID of a service: S-1-5-80 and the SHA-1 of its name in capitals, UTF-16LE, as five numbers."""
    parts = struct.unpack("<5I", hashlib.sha1(name.upper().encode("utf-16-le"), usedforsecurity=False).digest())
    return "-".join(["S-1-5-80", *map(str, parts)])


def canonical(dacl: tuple[Ace, ...]) -> tuple[Ace, ...]:
    """Explicit deny, explicit allow, then inherited entries, the order that Windows tools write."""
    return tuple(sorted(dacl, key=lambda ace: (bool(ace.flags & INHERITED), ace.type != DENY)))


def access_check(descriptor: SecurityDescriptor, token: Token, wanted: int) -> bool:
    """Whether `token` gets every bit of `wanted`: entries in order, the owner always reads and writes the DACL."""
    if descriptor.dacl is None:
        return True
    left = wanted
    if descriptor.owner in token.sids:
        left &= ~(READ_CONTROL | WRITE_DAC)
    if SE_TAKE_OWNERSHIP in token.privileges and wanted == WRITE_OWNER:
        return True
    for ace in descriptor.dacl:
        if left == 0:
            break
        if ace.sid not in token.sids or ace.flags & INHERIT_ONLY:
            continue
        if ace.type == DENY and ace.mask & left:
            return False
        if ace.type == ALLOW:
            left &= ~ace.mask
    return left == 0


def dacl_allows(descriptor: SecurityDescriptor, token: Token, wanted: int) -> bool:
    """As `access_check`, without what privileges give."""
    return access_check(descriptor, replace(token, privileges=frozenset()), wanted)


def sid_bytes(sid: str) -> bytes:
    """The binary form of a SID ([MS-DTYP] 2.4.2.2)."""
    parts = sid.split("-")
    subs = [int(part) for part in parts[3:]]
    return (
        bytes([int(parts[1]), len(subs)])
        + int(parts[2]).to_bytes(6, "big")
        + b"".join(sub.to_bytes(4, "little") for sub in subs)
    )
