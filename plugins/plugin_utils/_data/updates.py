# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Windows updates that broke Remote Desktop, by the range of builds between the bad update and the one that fixed it.

A cumulative update is recognised by build.UBR: the list of installed updates forgets the superseded ones.
Builds and numbers of the server updates: Microsoft's Windows Server release information (2026-05-12); those of client
updates: the titles of the Microsoft support pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Regression:
    """One bad range: ``build_from`` <= build.UBR < ``build_fixed``, both of the same build."""

    kb: str  # the update that is known to have brought it
    product: Literal["client", "server", "any"]  # client and server share builds, but not always their numbering
    build_from: str  # 26100.3194
    build_fixed: str
    role: Literal["server", "client"]  # the end of the connection that misbehaves
    symptom: str  # a clause: what people see
    fix_kb: str
    source: str
    strength: Literal["A", "B", "C"]  # A Microsoft, B Microsoft staff or cloud vendor, C reported by others


_JANUARY_2022 = "Press reports of January 2022 that quote Microsoft's out-of-band notice"
_FREEZE_2025 = "Reports that quote Microsoft's Windows release health of Windows Server 2025"
_JANUARY_2026 = "Microsoft support pages of the out-of-band updates of 2026-01-17"
_SLOW_SERVER = "Remote Desktop may not reach the server, the screen stays black, or signing in is slow"
_SIGN_IN = "signing in from this host to other hosts fails in Remote Desktop apps such as Windows App"


def _server(kb: str, build_from: str, build_fixed: str, fix_kb: str) -> Regression:
    """A row of January 2022. The notice names no first bad update; the one before the fix is the narrowest range."""
    return Regression(kb, "server", build_from, build_fixed, "server", _SLOW_SERVER, fix_kb, _JANUARY_2022, "C")


def _sign_in(
    kb: str, product: Literal["client", "server"], build_from: str, build_fixed: str, fix_kb: str
) -> Regression:
    """A row of January 2026."""
    return Regression(kb, product, build_from, build_fixed, "client", _SIGN_IN, fix_kb, _JANUARY_2026, "A")


REGRESSIONS: Final[tuple[Regression, ...]] = (
    _server("KB5008207", "14393.4825", "14393.4827", "KB5010195"),
    _server("KB5008218", "17763.2366", "17763.2369", "KB5010196"),
    _server("KB5008223", "20348.405", "20348.407", "KB5010197"),
    Regression(
        kb="KB5051987",
        product="server",
        build_from="26100.3194",
        build_fixed="26100.3775",
        role="server",
        symptom="sessions freeze soon after they begin: keyboard and mouse are dead until the client reconnects",
        fix_kb="KB5055523",
        source=_FREEZE_2025,
        strength="C",
    ),
    _sign_in("KB5073723", "server", "17763.8276", "17763.8280", "KB5077795"),
    _sign_in("KB5073457", "server", "20348.4648", "20348.4650", "KB5077800"),
    _sign_in("KB5073379", "server", "26100.32230", "26100.32234", "KB5077793"),
    _sign_in("KB5073724", "client", "19045.6809", "19045.6811", "KB5077796"),
    _sign_in("KB5073455", "client", "22631.6491", "22631.6494", "KB5077797"),
    _sign_in("KB5074109", "client", "26100.7623", "26100.7627", "KB5077744"),
    _sign_in("KB5074109", "client", "26200.7623", "26200.7627", "KB5077744"),
)


def split_build(full_build: str) -> tuple[int, int] | None:
    """``20348.2113`` as (20348, 2113); None for a build without a revision, or for anything else."""
    build, _dot, revision = full_build.partition(".")
    if not (build.isascii() and build.isdigit() and revision.isascii() and revision.isdigit()):
        return None
    return int(build), int(revision)


def regressions_of(full_build: str, product: str, extra: Iterable[Regression] = ()) -> list[Regression]:
    """The rows that cover ``full_build``; ``product`` is client or server, ``extra`` are rows of the user."""
    here = split_build(full_build)
    if here is None:
        return []
    found = []
    for row in (*REGRESSIONS, *extra):
        first, fixed = split_build(row.build_from), split_build(row.build_fixed)
        if first is None or fixed is None or row.product not in ("any", product):
            continue
        if first <= here < fixed and first[0] == here[0]:
            found.append(row)
    return found
