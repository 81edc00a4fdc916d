# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._report import counts, row, step_text, table

STEP = {
    "module": "rdp_service",
    "options": {"name": "TermService", "state": "restarted"},
    "causes": ["service.restart_pending"],
    "risk": "medium",
    "restart": [],
}


def verdict(state: str, *findings: dict[str, Any], plan: int = 0, left_alone: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {
        "state": state,
        "stage": "tls",
        "summary": "summary",
        "findings": list(findings),
        "plan": [STEP] * plan,
        "left_alone": list(left_alone),
    }


def finding(identifier: str, blocked_by: str = "", text: str = "evidence") -> dict[str, Any]:
    return {
        "id": identifier,
        "impact": "degrades",
        "decision": "",
        "blocked_by": blocked_by,
        "evidence": [{"text": text, "where": "wire"}],
    }


def test_a_host_in_one_line() -> None:
    found = row("srv1", verdict("broken", finding("machine_keys.acl"), finding("os.obsolete"), plan=1), None)
    assert (found["state"], found["cause"], found["causes"]) == (
        "broken",
        "machine_keys.acl",
        ["machine_keys.acl", "os.obsolete"],
    )
    lines = table([found, row("long-host-name", verdict("healthy"), None)])
    assert lines[0].split() == ["HOST", "VERDICT", "STAGE", "CAUSE", "EVIDENCE"]
    assert lines[1].split() == ["srv1", "broken", "tls", "machine_keys.acl", "evidence"]
    assert lines[2].split() == ["long-host-name", "healthy", "tls", "-", "summary"]
    assert lines[1].index("broken") == lines[2].index("healthy")


def test_blocked_is_what_may_not_be_mended_here() -> None:
    blocked = finding("policy.override", blocked_by="policy")
    assert row("a", verdict("broken", blocked), None)["state"] == "blocked"
    assert row("a", verdict("broken", blocked, plan=1), None)["state"] == "broken"
    assert row("a", verdict("degraded", blocked), None)["state"] == "blocked"
    assert row("a", verdict("healthy", blocked), None)["state"] == "healthy"
    assert row("a", verdict("broken", finding("x")), None)["state"] == "broken"


def test_after_a_fix_the_state_before_is_shown_and_reasons_follow() -> None:
    left = ({"cause": "policy.override", "reason": "set in the GPO"},)
    rows = [
        row("a", verdict("healthy"), verdict("broken")),
        row("b", verdict("broken", finding("x"), left_alone=left), None),
    ]
    lines = table(rows)
    assert lines[0].split()[:3] == ["HOST", "BEFORE", "VERDICT"]
    assert lines[1].split()[:3] == ["a", "broken", "healthy"]
    assert lines[2].split()[:3] == ["b", "-", "broken"]
    assert lines[-1] == "  b: policy.override: set in the GPO"
    assert counts(rows) == {"broken": 1, "healthy": 1}


def test_a_host_stays_in_one_line() -> None:
    (_headings, line) = table([row("a", verdict("broken", finding("x", text="long " * 100)), None)])
    assert len(line) < 160
    assert line.endswith("…")


def test_the_first_thing_to_look_at_stands_under_the_table() -> None:
    rows = [
        row("a", {**verdict("broken"), "next": ["Look here.", "Then there."]}, None),
        row("b", verdict("healthy"), None),
    ]
    assert table(rows)[-2:] == ["Look at next:", "  a: Look here."]
    assert [each["next"] for each in rows] == [["Look here.", "Then there."], []]


def test_the_plan_stands_under_the_table_with_what_it_costs() -> None:
    found = row("a", verdict("broken", finding("service.restart_pending"), plan=1), None, connected=2)
    text = (
        "1. rdp_service name: TermService, state: restarted (service.restart_pending; risk medium, restarts "
        "TermService, which cuts off 2 connected)"
    )
    assert found["plan"] == [text]
    assert table([found])[-2:] == ["Planned:", f"  a: {text}"]


def test_a_step_that_cuts_nobody_off_says_so_by_silence() -> None:
    step = {**STEP, "options": {"self_signed_valid": True}, "module": "rdp_certificate", "restart": ["SessionEnv"]}
    text = step_text(2, step, connected=2)
    assert text == (
        "2. rdp_certificate self_signed_valid: true (service.restart_pending; risk medium, restarts SessionEnv)"
    )


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("healthy", "broken", True),
        ("degraded", "unreachable", True),
        ("broken", "unreachable", True),
        ("broken", "broken", False),
        ("broken", "healthy", False),
        ("healthy", "degraded", False),
        ("healthy", "unknown", False),
    ],
)
def test_worse_is_what_fewer_can_reach(before: str, after: str, worse: bool) -> None:
    assert row("a", verdict(after), verdict(before))["worse"] is worse
    assert row("a", verdict(after), None)["worse"] is False


def test_what_was_worse_and_taken_back_counts() -> None:
    assert row("a", verdict("degraded"), verdict("degraded"), outcome="worse")["worse"] is True
    assert row("a", verdict("degraded"), verdict("degraded"), outcome="unchanged")["worse"] is False


def test_drift_has_a_section_of_its_own() -> None:
    found = row("a", verdict("healthy"), None, drift=["listener.nla is false"])
    assert table([found])[-2:] == ["Drift:", "  a: listener.nla is false"]
