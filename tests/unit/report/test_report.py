# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of verdicts."""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._report import counts, row, table


def verdict(state: str, *findings: dict[str, Any], plan: int = 0, left_alone: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {
        "state": state,
        "stage": "tls",
        "summary": "summary",
        "findings": list(findings),
        "plan": [{}] * plan,
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
