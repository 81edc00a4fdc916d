# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.
"""Verdicts of many hosts as one table for people. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

_HEADINGS = ("HOST", "VERDICT", "STAGE", "CAUSE", "EVIDENCE")
_HEADINGS_AFTER_A_FIX = ("HOST", "BEFORE", "VERDICT", "STAGE", "CAUSE", "EVIDENCE")
_WIDEST = 110  # of the last column: one line a host is the point of the table


class Row(TypedDict):
    host: str
    before: str  # the state before a fix, empty where there was none
    state: str  # the verdict's, or "blocked": a policy or a farm role has to move first
    verdict: str  # the verdict's state in any case
    stage: str
    cause: str  # the first finding
    causes: list[str]  # all findings, as the verdict ranks them
    evidence: str
    left_alone: list[str]


def row(host: str, verdict: Mapping[str, Any], before: Mapping[str, Any] | None) -> Row:
    """One host's line. ``before`` is the verdict before a fix."""
    first = next(iter(verdict["findings"]), None)
    # Findings that ask nothing of anybody.
    remarks = {f["id"] for f in verdict["findings"] if f["impact"] == "informs" and not f["decision"]}
    evidence = first["evidence"][0]["text"] if first and first["evidence"] else verdict["summary"]
    return Row(
        host=host,
        before="" if before is None else state(before),
        state=state(verdict),
        verdict=verdict["state"],
        stage=verdict["stage"],
        cause=first["id"] if first else "",
        causes=[finding["id"] for finding in verdict["findings"]],
        evidence=evidence,
        left_alone=[
            f"{each['cause']}: {each['reason']}" for each in verdict["left_alone"] if each["cause"] not in remarks
        ],
    )


def undiagnosed(host: str, message: str) -> Row:
    """The line of a host whose diagnosis failed."""
    return Row(
        host=host,
        before="",
        state="unknown",
        verdict="unknown",
        stage="",
        cause="",
        causes=[],
        evidence=message,
        left_alone=[],
    )


def state(verdict: Mapping[str, Any]) -> str:
    """The verdict's state; blocked where it is not as it should be, nothing is left in the plan, and something stands
    in the way of the first finding."""
    first = next(iter(verdict["findings"]), None)
    unwell = verdict["state"] in ("broken", "degraded")
    is_blocked = unwell and not verdict["plan"] and first is not None and first["blocked_by"]
    return "blocked" if is_blocked else str(verdict["state"])


def table(rows: Sequence[Row]) -> list[str]:
    """The lines of the table, and under it what was left alone."""
    fixed = any(each["before"] for each in rows)
    headings = _HEADINGS_AFTER_A_FIX if fixed else _HEADINGS
    cells = [_cells(each, fixed) for each in rows]
    widths = [max(len(line[column]) for line in (headings, *cells)) for column in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (headings, *cells)
    ]
    left = [f"  {each['host']}: {reason}" for each in rows for reason in each["left_alone"]]
    return [*lines, *(["", "Left alone:", *left] if left else [])]


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many hosts are in each state."""
    return dict(sorted(Counter(each["state"] for each in rows).items()))


def _cells(each: Row, fixed: bool) -> tuple[str, ...]:
    evidence = each["evidence"]
    if len(evidence) > _WIDEST:
        evidence = evidence[: _WIDEST - 1].rstrip() + "…"
    before = (each["before"] or "-",) if fixed else ()
    return (each["host"], *before, each["state"], each["stage"], each["cause"] or "-", evidence)
