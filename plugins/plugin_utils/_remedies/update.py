# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans the removal of an update: which package it is, and whether it may and can go. Pure.

A roll-up is known on the host by its build alone, so a KB number leads to it only where the table of regressions knows
both. Every cumulative update has security fixes, so a removal makes the host weaker.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import (
    Regression,
    builds_of,
    is_same_update,
    regressions_of,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import System
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

NO_WUSA = "wusa does not remove it either, because cumulative updates carry the servicing stack, which stays for good"


class Found(NamedTuple):
    """A package of the wanted update on the host."""

    identity: str
    state: str  # of _windows/packages.py
    permanent: bool | None  # by its .mum file; None: not known


class Plan(NamedTuple):
    changes: list[Change]
    notes: list[str]  # sentences on what is left as it is, and why


def matching(identities: Iterable[tuple[str, str, str]], kb: str, build: str) -> list[str]:
    """The packages of an update, named by its number, its build, or both empty for none.

    ``identities``: identity, number and build of each package, one of the latter two empty.
    """
    wanted = {build} if build else builds_of(kb)
    return [
        identity
        for identity, own_kb, own_build in identities
        if (own_kb and own_kb == kb) or (own_build and any(is_same_update(own_build, one) for one in wanted))
    ]


def plan(
    found: Sequence[Found], installed: Collection[str], kb: str, build: str, *, allow_weaker: bool, instead: str
) -> Plan:
    """``installed``: numbers that Windows lists; ``instead``: a sentence on what to install, empty when not known."""
    name = kb or build
    if not found:
        if kb in installed:
            raise Refused(
                f"{kb} is installed as a roll-up, whose package tells only the build that it brought: name it as build "
                "in place of kb (Microsoft's page of the update has it)"
            )
        return Plan([], [f"{name} is not installed."] if name else [])
    notes = [note for one in found if (note := _note(one))]
    going = [one for one in found if one.state in ("installed", "permanent", "install_pending")]
    if not going:
        return Plan([], notes)
    stays = [one for one in going if one.permanent or one.state == "permanent"]
    if stays:
        raise Refused(
            f"{stays[0].identity} is permanent, so DISM does not remove it; {NO_WUSA}. "
            f"{instead or 'Install a later cumulative update.'}"
        )
    if not allow_weaker:
        raise Refused(
            f"{name} has security fixes, and the host would be without them: set allow_weaker to true if it is really "
            f"to be removed. {instead}".rstrip()
        )
    return Plan([_change(one) for one in going], notes)


def guidance(system: System, kb: str, build: str) -> list[str]:
    """What to install in place of the builds that are known to harm: those of the host, or that are to be removed."""
    product = "client" if system.get("product_type") == "workstation" else "server"
    rows = [
        row
        for full in (system.get("full_build", ""), build, *sorted(builds_of(kb)))
        for row in regressions_of(full, product)
        if is_here(row, system)
    ]
    return list(dict.fromkeys(_instead(row) for row in rows))


def is_here(row: Regression, system: System) -> bool:
    """Whether a row is about this Windows."""
    return row.build_from.partition(".")[0] == str(system.get("build", ""))


def _instead(row: Regression) -> str:
    until = f" Until then: {row.kir.rstrip('.')}." if row.kir else ""
    return f"Install {row.fix_kb} or any later cumulative update, which has the fix for {row.kb}.{until}"


def _note(one: Found) -> str:
    if one.state == "superseded":
        return f"{one.identity} is superseded: a later update is in its place, and Windows removes only that one."
    if one.state == "uninstall_pending":
        return f"{one.identity} is removed already and goes with the next restart."
    return ""


def _change(one: Found) -> Change:
    return Change(kind="package", target=one.identity, name="", before=one.state, after="absent")
