# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""licensing.expired and licensing.unconfigured."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.licensing import expired, unconfigured
from tests.unit.causes.healthy import events, facts_of, logged, ready, unread

MANAGER = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"


def server(code: int | None, status: str = "x") -> dict[str, Any]:
    return {"name": "LIC1", "source": "policy", "status": status, "status_code": code}


def session_host(**changes: Any) -> dict[str, Any]:
    return {"terminal_server": True, "mode": "not_configured", "grace_days": 0, "servers": [], **changes}


@pytest.mark.parametrize("wire", [None, ready()])
@pytest.mark.parametrize(
    ("change", "confidence", "word"),
    [
        ({}, "proved", "not configured"),
        ({"mode": "per_user"}, "proved", "No license server"),
        ({"servers": [server(11, "valid")]}, "proved", "not configured"),
        ({"mode": "per_user", "servers": [server(6, "not_connectable")]}, "likely", "not connectable"),
        ({"mode": "per_device", "servers": [server(6), server(8, "access_denied")]}, "possible", "access denied"),
        ({"mode": "per_device", "servers": [server(None, "unknown")]}, "possible", "unknown"),
    ],
)
def test_the_grace_period_is_over(change: dict[str, Any], confidence: str, word: str, wire: Any) -> None:
    found = expired(facts_of(licensing=session_host(**change)), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("licensing.expired", confidence, "breaks")
    assert any(word in one["text"] for one in found["evidence"])
    assert "mstsc /admin" in found["decision"] and not found["remedies"]
    assert found["explains"] == ["0x3/0x101"]
    assert unconfigured(facts_of(licensing=session_host(**change)), wire) is None


def test_events_and_the_people_who_are_connected() -> None:
    facts = facts_of(licensing=session_host(), events=events(logged(MANAGER, 1128)), sessions={"connected": 5})
    found = expired(facts, None)
    assert found is not None
    assert any("1128" in one["text"] for one in found["evidence"])
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert "5 people" in found["contradicts"][0]["text"]


@pytest.mark.parametrize("connected", [0, 2])
def test_two_administrators_contradict_nothing(connected: int) -> None:
    found = expired(facts_of(licensing=session_host(), sessions={"connected": connected}), None)
    assert found is not None
    assert found["contradicts"] == []


@pytest.mark.parametrize(
    ("change", "confidence", "impact", "ends"),
    [
        ({"grace_days": 12}, "proved", "degrades", "in 12 days"),
        ({"grace_days": 1}, "proved", "degrades", "in 1 day:"),
        ({"grace_days": None}, "proved", "degrades", "when its grace period"),
        ({"grace_days": 12, "mode": "per_user", "servers": [server(6)]}, "likely", "degrades", "LIC1"),
        ({"grace_days": 12, "mode": "per_user", "servers": [server(0)]}, "possible", "informs", "LIC1"),
    ],
)
def test_the_grace_period_runs(change: dict[str, Any], confidence: str, impact: str, ends: str) -> None:
    facts = facts_of(licensing=session_host(**change))
    found = unconfigured(facts, None)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("licensing.unconfigured", confidence, impact)
    assert ends in found["title"]
    assert expired(facts, None) is None


@pytest.mark.parametrize(
    "change",
    [
        {},
        session_host(terminal_server=False),
        session_host(mode="per_user", servers=[server(11, "valid")]),
        session_host(mode="per_device", servers=[server(6), server(1)], grace_days=40),
        session_host(mode="unknown", servers=[server(11)]),  # the mode could not be read
        unread(),
        None,
    ],
)
def test_nothing_to_license_or_in_order(change: Any) -> None:
    facts = facts_of(licensing=change)
    assert expired(facts, None) is None and unconfigured(facts, None) is None
