# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists as icacls writes them."""

from __future__ import annotations

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    ADMINISTRATORS,
    EVERYONE,
    FILE_ALL_ACCESS,
    FILE_GENERIC_READ,
    NETWORK_SERVICE,
    SYSTEM,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Ace, Security
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl


def ace(sid: str, mask: int, kind: str = "allow", flags: int = 0) -> Ace:
    return Ace(sid=sid, type=kind, mask=mask, flags=flags)  # type: ignore[typeddict-item]


def security(*dacl: Ace, owner: str | None = SYSTEM, protected: bool = True) -> Security:
    return Security(status="ok", reason="", owner=owner, protected=protected, dacl=list(dacl))


@pytest.mark.parametrize(
    ("mask", "letters"),
    [
        (0x1F01FF, "F"),
        (0x120089, "R"),
        (0x1301BF, "M"),
        (0x1200A9, "RX"),
        (0x12019F, "RD,WD,AD,REA,WEA,RA,WA,RC,S"),
        (0x80000000, "GR"),
    ],
)
def test_masks_are_written_exactly(mask: int, letters: str) -> None:
    assert acl.rights(mask) == letters


@pytest.mark.parametrize("mask", [0, 0x04000000])
def test_a_mask_that_icacls_can_not_write_is_refused(mask: int) -> None:
    with pytest.raises(ValueError, match=f"0x{mask:08x}"):
        acl.rights(mask)


def test_a_key_file_that_administrators_may_not_change_is_taken_over_and_given_back() -> None:
    before = security(ace(SYSTEM, FILE_ALL_ACCESS), ace("S-1-5-21-1-2-3-500", FILE_GENERIC_READ))
    after = security(ace(SYSTEM, FILE_ALL_ACCESS), ace(NETWORK_SERVICE, FILE_GENERIC_READ))
    assert acl.commands("C:\\key", before, after) == [
        'takeown.exe /F "C:\\key" /A',
        'icacls.exe "C:\\key" /inheritance:r /grant:r *S-1-5-18:(F) /remove *S-1-5-21-1-2-3-500 '
        "/grant:r *S-1-5-20:(R) /grant:r *S-1-5-32-544:(F) /Q",
        'icacls.exe "C:\\key" /setowner *S-1-5-18 /Q',
        'icacls.exe "C:\\key" /remove *S-1-5-32-544 /Q',
    ]


def test_what_administrators_may_change_is_changed_in_one_step() -> None:
    admins = ace(ADMINISTRATORS, FILE_ALL_ACCESS)
    before, after = security(admins), security(admins, ace(EVERYONE, FILE_GENERIC_READ))
    assert acl.commands("C:\\folder", before, after) == [
        'icacls.exe "C:\\folder" /inheritance:r /grant:r *S-1-5-32-544:(F) /grant:r *S-1-1-0:(R) /Q'
    ]
    assert acl.commands("C:\\folder", after, before)[0].endswith("/grant:r *S-1-5-32-544:(F) /remove *S-1-1-0 /Q")


def test_a_denial_goes_and_inherited_entries_stay_the_parents() -> None:
    before = security(
        ace(NETWORK_SERVICE, FILE_GENERIC_READ, "deny"),
        ace(ADMINISTRATORS, FILE_ALL_ACCESS, flags=0x10),
        protected=False,
    )
    after = security(ace(NETWORK_SERVICE, FILE_GENERIC_READ), owner=None, protected=False)
    assert acl.commands("C:\\key", before, after) == [
        'icacls.exe "C:\\key" /inheritance:e /remove:d *S-1-5-20 /grant:r *S-1-5-20:(R) /Q'
    ]


def test_nothing_below_is_touched() -> None:
    sound = security(ace(SYSTEM, FILE_ALL_ACCESS))
    for line in acl.commands("C:\\folder", security(), sound):
        assert not {"/T", "/R"} & set(line.upper().split())


def test_inheritance_flags_are_kept() -> None:
    assert acl.permission(ace("S-1-1-0", FILE_GENERIC_READ, flags=0x3)) == "*S-1-1-0:(OI)(CI)(R)"


def test_same_ignores_order_and_inherited_entries() -> None:
    left = security(ace(SYSTEM, 1), ace(NETWORK_SERVICE, 2), ace("S-1-1-0", 4, flags=0x10))
    right = security(ace(NETWORK_SERVICE, 2), ace(SYSTEM, 1))
    assert acl.same(left, right)
    assert not acl.same(left, security(ace(SYSTEM, 1)))
    assert not acl.same(left, security(*right["dacl"], owner="S-1-5-32-544"))


def test_administrators_who_are_denied_take_the_object_over() -> None:
    denied = security(ace(ADMINISTRATORS, FILE_ALL_ACCESS, "deny"), ace(ADMINISTRATORS, FILE_ALL_ACCESS))
    lines = acl.commands("C:\\folder", denied, security(ace(ADMINISTRATORS, FILE_ALL_ACCESS)))
    assert lines[0].startswith("takeown.exe")
    assert "/remove:d *S-1-5-32-544 /grant:r *S-1-5-32-544:(F)" in lines[1]


def test_what_is_left_between_the_commands_is_known_as_on_the_way() -> None:
    """A task that is cut off between takeown, the list, and the owner leaves one of these, and nothing else."""
    before = security(ace(SYSTEM, FILE_ALL_ACCESS))
    after = security(ace(SYSTEM, FILE_ALL_ACCESS), ace(NETWORK_SERVICE, FILE_GENERIC_READ))
    interim = [*after["dacl"], ace(ADMINISTRATORS, FILE_ALL_ACCESS)]
    for left in (
        security(*before["dacl"], owner=ADMINISTRATORS),
        security(*interim, owner=ADMINISTRATORS),
        security(*interim, owner=SYSTEM),
    ):
        assert acl.is_on_the_way(left, before, after)
    for other in (
        security(*before["dacl"], owner=EVERYONE),
        security(*interim, ace(EVERYONE, FILE_GENERIC_READ), owner=ADMINISTRATORS),
        security(*interim, owner=ADMINISTRATORS, protected=False),
    ):
        assert not acl.is_on_the_way(other, before, after)


def test_an_object_that_was_taken_over_is_given_back_without_the_right_to() -> None:
    """A task that died after takeown left Administrators the owner; the list to restore gives them nothing."""
    wanted = security(ace(SYSTEM, FILE_ALL_ACCESS))
    lines = acl.commands("C:\\k", security(*wanted["dacl"], owner=ADMINISTRATORS), wanted)
    assert [line.split()[0] for line in lines] == ["icacls.exe"] * 3
    assert f"/grant:r *{ADMINISTRATORS}:(F)" in lines[0]
    assert f"/setowner *{SYSTEM}" in lines[1]
    assert f"/remove *{ADMINISTRATORS}" in lines[2]
