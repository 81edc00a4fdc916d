# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.
"""Verdicts of many hosts as one table for people. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

_HEADINGS = ("HOST", "VERDICT", "STAGE", "CAUSE", "EVIDENCE")
_HEADINGS_AFTER_A_FIX = ("HOST", "BEFORE", "VERDICT", "STAGE", "CAUSE", "EVIDENCE")
# A restart of these cuts people off (Microsoft, "Remote Desktop Service is currently busy").
_CUTS_OFF = frozenset({"TermService", "Windows"})
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
    next: list[str]  # what to look at where the cause is not proved, the nearest first
    plan: list[str]  # the steps that the verdict plans, in their order
    drift: list[str]  # where the host is not as its baseline wants it, as the role enforce found
    worse: bool  # a fix took it out of reach, whether or not that was taken back


# From well to ill. What is not known is neither better nor worse than what works.
_ORDER = {"healthy": 0, "degraded": 0, "unknown": 0, "broken": 1, "unreachable": 2}


def row(
    host: str,
    verdict: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    drift: Sequence[str] = (),
    connected: int = 0,
    outcome: str = "",
) -> Row:
    """One host's line. ``before`` is the verdict before a fix, ``connected`` how many people are on the host, and
    ``outcome`` what the role remediate made of it."""
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
        next=list(verdict.get("next", [])),  # a verdict of version 1 has none
        plan=[step_text(number, step, connected) for number, step in enumerate(verdict["plan"], 1)],
        drift=list(drift),
        worse=outcome == "worse" or before is not None and _ORDER[verdict["state"]] > _ORDER[before["state"]],
    )


def step_text(number: int, step: Mapping[str, Any], connected: int) -> str:
    """A step of a plan in one line: what is set, for which causes, at what risk, what restarts and who is cut off."""
    options = ", ".join(f"{name}: {_yaml(value)}" for name, value in step["options"].items())
    restart = list(step["restart"])
    if step["options"].get("state") == "restarted":
        restart.append(step["options"]["name"])
    then = f", restarts {' and '.join(dict.fromkeys(restart))}" if restart else ""
    people = f", which cuts off {connected} connected" if connected and _CUTS_OFF.intersection(restart) else ""
    return f"{number}. {step['module']} {options} ({', '.join(step['causes'])}; risk {step['risk']}{then}{people})"


def _yaml(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | list | dict) else str(value)


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
        next=[],
        plan=[],
        drift=[],
        worse=False,
    )


def state(verdict: Mapping[str, Any]) -> str:
    """The verdict's state; blocked where it is not as it should be, nothing is left in the plan, and something stands
    in the way of the first finding."""
    first = next(iter(verdict["findings"]), None)
    unwell = verdict["state"] in ("broken", "degraded")
    is_blocked = unwell and not verdict["plan"] and first is not None and first["blocked_by"]
    return "blocked" if is_blocked else str(verdict["state"])


def table(rows: Sequence[Row]) -> list[str]:
    """The lines of the table, and under it what is planned, drifted, or left alone, and the first thing to look at."""
    fixed = any(each["before"] for each in rows)
    headings = _HEADINGS_AFTER_A_FIX if fixed else _HEADINGS
    cells = [_cells(each, fixed) for each in rows]
    widths = [max(len(line[column]) for line in (headings, *cells)) for column in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (headings, *cells)
    ]
    left = [f"  {each['host']}: {reason}" for each in rows for reason in each["left_alone"]]
    look = [f"  {each['host']}: {each['next'][0]}" for each in rows if each["next"]]
    planned = [f"  {each['host']}: {step}" for each in rows for step in each["plan"]]
    drifted = [f"  {each['host']}: {text}" for each in rows for text in each["drift"]]
    return [
        *lines,
        *_under("Planned:", planned),
        *_under("Drift:", drifted),
        *_under("Left alone:", left),
        *_under("Look at next:", look),
    ]


def _under(heading: str, lines: list[str]) -> list[str]:
    return ["", heading, *lines] if lines else []


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """How many hosts are in each state."""
    return dict(sorted(Counter(each["state"] for each in rows).items()))


def _cells(each: Row, fixed: bool) -> tuple[str, ...]:
    evidence = each["evidence"]
    if len(evidence) > _WIDEST:
        evidence = evidence[: _WIDEST - 1].rstrip() + "…"
    before = (each["before"] or "-",) if fixed else ()
    return (each["host"], *before, each["state"], each["stage"], each["cause"] or "-", evidence)
