# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Windows updates that broke Remote Desktop, by the range of builds between the bad update and the one that fixed it.

A cumulative update is recognised by build.UBR: the list of installed updates forgets the superseded ones.
Builds and numbers of the server updates: Microsoft's Windows Server release information (2026-05-12); those of client
updates: the titles of the Microsoft support pages.

Not in it, for want of a range: the correction of CredSSP of 2018 (a file's version tells it, _data/credssp.py);
KB5010215 of Server 2012 R2, which is no cumulative update; KB5041578 of Server 2019 (reports of mass disconnects, no
update is named as the fix); KB5073722 of Server 2016 (one report of January 2026, no fix); the dialogs of April 2026
for .rdp files, which are meant to be (rdp_client_facts has their switch); and the restarting domain controllers of
January 2022 and April 2026, which are no defect of Remote Desktop.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import UPDATES as CREDSSP_UPDATES

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
    kir: str = ""  # the Known Issue Rollback that switches the defect off without another update, one clause


_JANUARY_2022 = "Press reports of January 2022 that quote Microsoft's out-of-band notice"
_FREEZE_2025 = "Reports that quote Microsoft's Windows release health of Windows Server 2025"
_JANUARY_2026 = "Microsoft support pages of the out-of-band updates of 2026-01-17"
_SLOW_SERVER = "Remote Desktop may not reach the server, the screen stays black, or signing in is slow"
_SIGN_IN = "signing in from this host to other hosts fails in Remote Desktop apps such as Windows App"
_JANUARY_2022_VPN = "Press reports of January 2022 that quote Microsoft's Windows release health"
_VPN = "VPN connections from this host over L2TP or IKEv2 fail, so that hosts behind them seem dead"
_UDP_2025 = "Reports that quote Microsoft's Windows release health of Windows 11 24H2"
_UDP = "sessions from this host to Windows Server 2016 or older over UDP end after about 65 seconds"


def _server(kb: str, build_from: str, build_fixed: str, fix_kb: str) -> Regression:
    """A row of January 2022. The notice names no first bad update; the one before the fix is the narrowest range."""
    return Regression(kb, "server", build_from, build_fixed, "server", _SLOW_SERVER, fix_kb, _JANUARY_2022, "C")


def _sign_in(
    kb: str, product: Literal["client", "server"], build_from: str, build_fixed: str, fix_kb: str
) -> Regression:
    """A row of January 2026."""
    return Regression(kb, product, build_from, build_fixed, "client", _SIGN_IN, fix_kb, _JANUARY_2026, "A")


def _vpn(kb: str, build_from: str, build_fixed: str, fix_kb: str) -> Regression:
    """A row of January 2022 of the clients."""
    return Regression(kb, "client", build_from, build_fixed, "client", _VPN, fix_kb, _JANUARY_2022_VPN, "C")


UDP_24H2: Final = Regression(
    kb="KB5050094",
    product="client",
    build_from="26100.3037",
    build_fixed="26100.3624",
    role="client",
    symptom=_UDP,
    fix_kb="KB5053656",
    source=_UDP_2025,
    strength="C",
    kir="a Known Issue Rollback exists; without it, fClientDisableUDP 1 keeps the client to TCP",
)

REGRESSIONS: Final[tuple[Regression, ...]] = (
    _server("KB5008207", "14393.4825", "14393.4827", "KB5010195"),
    _server("KB5008218", "17763.2366", "17763.2369", "KB5010196"),
    _server("KB5008223", "20348.405", "20348.407", "KB5010197"),
    *(_vpn("KB5009543", f"{build}.1466", f"{build}.1469", "KB5010793") for build in (19042, 19043, 19044)),
    _vpn("KB5009566", "22000.434", "22000.438", "KB5010795"),
    UDP_24H2,
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

# What is worth a look among the packages of a host.
KNOWN_KBS: Final = frozenset(
    {row.kb for row in REGRESSIONS}
    | {row.fix_kb for row in REGRESSIONS}
    | {kb for kbs in CREDSSP_UPDATES.values() for kb in kbs}
    | {"KB5010215", "KB5009624", "KB5010794"}  # January 2022, Server 2012 R2
)

_KB = re.compile(r"(?:KB)?(\d{6,8})", re.IGNORECASE | re.ASCII)


class BadRow(ValueError):
    """A row of the user is none. The text says which and what to do."""


def rows_of(given: Iterable[Mapping[str, Any]]) -> tuple[Regression, ...]:
    """Rows of the option ``updates`` of rdp_diagnose; BadRow for one that could never match."""
    return tuple(_row(number, row) for number, row in enumerate(given, start=1))


def _row(number: int, row: Mapping[str, Any]) -> Regression:
    first, fixed = split_build(row["build_from"]), split_build(row["build_fixed"])
    if first is None or fixed is None:
        text = row["build_from"] if first is None else row["build_fixed"]
        raise BadRow(
            f"updates, row {number}: {text!r} is no build with a revision; write it as '20348.2113', in quotes"
        )
    if first[0] != fixed[0] or first[1] >= fixed[1]:
        raise BadRow(
            f"updates, row {number}: {row['build_from']} to {row['build_fixed']} is no range of one build; give the "
            "first bad revision and the first good one of the same build"
        )
    return Regression(
        kb=_kb_of(number, row["kb"]),
        product=row["product"],
        build_from=row["build_from"],
        build_fixed=row["build_fixed"],
        role=row["role"],
        symptom=row["symptom"].rstrip("."),
        fix_kb=_kb_of(number, row["fix_kb"]),
        source=row["source"].rstrip("."),
        strength=row["strength"],
        kir=row["kir"].rstrip("."),
    )


def _kb_of(number: int, text: str) -> str:
    kb = number_of(text)
    if kb is None:
        raise BadRow(f"updates, row {number}: {text!r} is no number of an update; write it as KB5055523")
    return kb


# Builds that get the updates of another one, so that the names of their packages have its number (C: public lists of
# packages of 19045 and 26200; MEM: the rest).
_SERVICED_AS: Final = {19042: 19041, 19043: 19041, 19044: 19041, 19045: 19041, 22631: 22621, 26200: 26100}


def builds_of(kb: str) -> set[str]:
    """The builds that an update brought, as far as the table knows; empty for others."""
    return {row.build_from for row in REGRESSIONS if row.kb == kb} | {
        row.build_fixed for row in REGRESSIONS if row.fix_kb == kb
    }


def is_same_update(left: str, right: str) -> bool:
    """Whether two builds with revision are of one update: 19041.1466, as its package has it, and 19044.1466."""
    first, second = split_build(left), split_build(right)
    if first is None or second is None:
        return False
    return (_SERVICED_AS.get(first[0], first[0]), first[1]) == (_SERVICED_AS.get(second[0], second[0]), second[1])


def number_of(text: str) -> str | None:
    """``5055523`` and ``kb5055523`` as KB5055523; None for what is no number of an update."""
    match = _KB.fullmatch(text.strip())
    return None if match is None else f"KB{match.group(1)}"


def split_build(full_build: str) -> tuple[int, int] | None:
    """``20348.2113`` as (20348, 2113); None for a build without a revision, or for anything else."""
    build, _dot, revision = full_build.partition(".")
    if not (build.isascii() and build.isdigit() and revision.isascii() and revision.isdigit()):
        return None
    return int(build), int(revision)


def regressions_of(full_build: str, product: str, extra: Iterable[Regression] = ()) -> list[Regression]:
    """The rows that cover ``full_build``; ``product`` is client or server, ``extra`` are rows of the user."""
    return [row for row in (*REGRESSIONS, *extra) if row.product in ("any", product) and covers(row, full_build)]


def covers(row: Regression, full_build: str) -> bool:
    """Whether ``full_build`` is of the row's build and in its range; not, where one of them has no revision."""
    here, first, fixed = split_build(full_build), split_build(row.build_from), split_build(row.build_fixed)
    if here is None or first is None or fixed is None:
        return False
    return first[0] == here[0] and first <= here < fixed
