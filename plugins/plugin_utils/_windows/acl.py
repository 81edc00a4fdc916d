# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Access control lists as plain data: what they grant, and as arguments of icacls. Pure.

The access check: [MS-DTYP] 2.5.3.2. Masks and flags: Microsoft, "File Security and Access Rights" and "ACE_HEADER".
icacls' letters: Microsoft, "icacls"
(windows-server, administration, windows-commands). SIDs only: account names differ with the language of Windows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    ADMINISTRATORS,
    FILE_ALL_ACCESS,
    FILE_GENERIC_READ,
    GENERIC_RIGHTS,
    INHERIT_ONLY,
    ExpectedAce,
    ExpectedAcl,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Ace, Security

_WRITE_DAC = 0x40000
_WRITE_OWNER = 0x80000
_INHERITED = 0x10

_SIMPLE = {FILE_ALL_ACCESS: "F", 0x1301BF: "M", 0x1200A9: "RX", FILE_GENERIC_READ: "R"}
_RIGHTS = (
    (0x00000001, "RD"),
    (0x00000002, "WD"),
    (0x00000004, "AD"),
    (0x00000008, "REA"),
    (0x00000010, "WEA"),
    (0x00000020, "X"),
    (0x00000040, "DC"),
    (0x00000080, "RA"),
    (0x00000100, "WA"),
    (0x00010000, "DE"),
    (0x00020000, "RC"),
    (0x00040000, "WDAC"),
    (0x00080000, "WO"),
    (0x00100000, "S"),
    (0x01000000, "AS"),
    (0x02000000, "MA"),
    (0x10000000, "GA"),
    (0x20000000, "GE"),
    (0x40000000, "GW"),
    (0x80000000, "GR"),
)
_INHERITANCE = ((0x1, "OI"), (0x2, "CI"), (0x8, "IO"), (0x4, "NP"))


def allow(sid: str, mask: int) -> Ace:
    """An allowing entry for the object alone."""
    return Ace(sid=sid, type="allow", mask=mask, flags=0)


def rights(mask: int) -> str:
    """A mask in icacls' letters, "F" or "RD,REA,RA"; ValueError for bits that icacls can not write."""
    if mask in _SIMPLE:
        return _SIMPLE[mask]
    letters = [letter for bit, letter in _RIGHTS if mask & bit]
    rest = mask & ~sum(bit for bit, _letter in _RIGHTS)
    if rest or not letters:
        raise ValueError(f"icacls has no letters for the access mask 0x{mask:08x}")
    return ",".join(letters)


def permission(ace: Ace) -> str:
    """An entry as icacls takes it: ``*S-1-5-20:(OI)(CI)(R)``."""
    inheritance = "".join(f"({letters})" for bit, letters in _INHERITANCE if ace["flags"] & bit)
    return f"*{ace['sid']}:{inheritance}({rights(ace['mask'])})"


def explicit(dacl: Iterable[Ace]) -> list[Ace]:
    """The object's own entries, without the inherited ones."""
    return [ace for ace in dacl if not ace["flags"] & _INHERITED]


def same(left: Security, right: Security) -> bool:
    """Whether two descriptors grant the same by the same own entries and belong to the same owner."""
    return (
        left["owner"] == right["owner"]
        and left["protected"] == right["protected"]
        and sorted(map(_sortable, explicit(left["dacl"]))) == sorted(map(_sortable, explicit(right["dacl"])))
    )


def _sortable(ace: Ace) -> tuple[str, str, int, int]:
    return ace["sid"], ace["type"], ace["mask"], ace["flags"]


def commands(path: str, before: Security, after: Security) -> list[str]:
    """The command lines that turn one descriptor into another, on this one object and nothing below it.

    One icacls call writes the whole list, so that nobody can find the object without one. An administrator whom the
    list gives no right to change it takes the object over first; icacls sets an owner only for somebody who may
    (Microsoft, "icacls": /setowner does not force a change), so Administrators keep full control until that is done.
    """
    wanted = explicit(after["dacl"])
    takes = not _administrators_may_change(before)
    owner = ADMINISTRATORS if takes else before["owner"]
    gives = [_icacls(path, [f"/setowner *{after['owner']}"])] if after["owner"] not in (None, owner) else []
    if not takes and (not gives or granted(wanted, {ADMINISTRATORS}) & _WRITE_OWNER):
        return [_icacls(path, _list_arguments(before, after["protected"], wanted)), *gives]
    return [
        *([f'takeown.exe /F "{path}" /A'] if takes else []),
        _icacls(path, _list_arguments(before, after["protected"], _interim(wanted))),
        *gives,
        _icacls(path, _entry_arguments(ADMINISTRATORS, wanted, had_denial=False)),
    ]


def is_on_the_way(found: Security, before: Security, after: Security) -> bool:
    """Whether a descriptor is one that :func:`commands` pass through, as a task leaves it that is cut off."""
    interim = Security(**{**after, "dacl": _interim(explicit(after["dacl"]))})
    return found["owner"] in (ADMINISTRATORS, before["owner"], after["owner"]) and any(
        same(Security(**{**found, "owner": each["owner"]}), each) for each in (before, interim, after)
    )


def _interim(wanted: Iterable[Ace]) -> list[Ace]:
    """The entries while Administrators still need full control."""
    return [*(ace for ace in wanted if ace["sid"] != ADMINISTRATORS), allow(ADMINISTRATORS, FILE_ALL_ACCESS)]


def _administrators_may_change(security: Security) -> bool:
    return security["owner"] == ADMINISTRATORS or bool(granted(security["dacl"], {ADMINISTRATORS}) & _WRITE_DAC)


def _icacls(path: str, arguments: Iterable[str]) -> str:
    return f'icacls.exe "{path}" {" ".join(arguments)} /Q'


def _list_arguments(before: Security, protected: bool | None, wanted: list[Ace]) -> list[str]:
    old = explicit(before["dacl"])
    arguments = ["/inheritance:r" if protected else "/inheritance:e"]
    for sid in dict.fromkeys(ace["sid"] for ace in (*old, *wanted)):
        had_denial = any(ace["sid"] == sid and ace["type"] == "deny" for ace in old)
        arguments += _entry_arguments(sid, wanted, had_denial=had_denial)
    return arguments


def _entry_arguments(sid: str, wanted: list[Ace], *, had_denial: bool) -> list[str]:
    """What leaves exactly the wanted entries of one SID."""
    allowed = [permission(ace) for ace in wanted if ace["sid"] == sid and ace["type"] == "allow"]
    denied = [permission(ace) for ace in wanted if ace["sid"] == sid and ace["type"] == "deny"]
    if not allowed and not denied:
        return [f"/remove *{sid}"]
    arguments = [f"/remove:d *{sid}"] if had_denial else []
    arguments += [f"/grant{':r' if number == 0 else ''} {each}" for number, each in enumerate(allowed)]
    return arguments + [f"/deny {each}" for each in denied]


# -- what a list grants ---------------------------------------------------------------------------------------------


def specific(mask: int) -> int:
    """The mask with generic rights replaced by those that a file gives them."""
    for generic, rights in GENERIC_RIGHTS.items():
        if mask & generic:
            mask = mask & ~generic | rights
    return mask


def granted(dacl: Iterable[Ace], sids: Collection[str]) -> int:
    """The access mask that the ACL gives to a token with these SIDs.

    Entries count in their order, and for each right the first one that names it decides; in the order that Windows
    writes, denials come first.
    """
    allowed = denied = 0
    for ace in dacl:
        if ace["flags"] & INHERIT_ONLY or ace["sid"] not in sids:
            continue
        mask = specific(ace["mask"])
        if ace["type"] == "deny":
            denied |= mask & ~allowed
        else:
            allowed |= mask & ~denied
    return allowed


def lacking(dacl: Iterable[Ace], expected: ExpectedAcl) -> list[tuple[ExpectedAce, int]]:
    """The entries whose right the list does not give, each with what it gives instead."""
    entries = list(dacl)
    given = [(ace, granted(entries, ace.token)) for ace in expected.aces]
    return [(ace, mask) for ace, mask in given if mask & ace.mask != ace.mask]
