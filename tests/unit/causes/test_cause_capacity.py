# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""capacity.throttled: too many connections that wait, and those who make them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.capacity import throttled
from tests.unit.causes.healthy import (
    attempts,
    comes_and_goes,
    cut_at_x224,
    dropped,
    events,
    facts_of,
    logged,
    no_tcp,
    ready,
    services,
    settings,
    unread,
    wire_of,
)

MANAGER = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
FLOOD = logged(MANAGER, 1006, log=f"{MANAGER}/Admin")
OLD_FLOOD = logged(MANAGER, 1006, first="2026-11-20T01:00:00Z", last="2026-11-20T02:00:00Z")
SOURCES = logged(CORE, 131, count=900, by_address={"203.0.113.7": 700, "203.0.113.9": 150, "198.51.100.4": 50})
GUESSES = logged(CORE, 140, count=400, by_address={"203.0.113.7": 399, "192.0.2.1": 1})

STOPPED = services(TermService={"state": "stopped"})
SILENT = {"listening": False, "owners": [], "term_service_listens": False, "term_service_ports": []}


@pytest.mark.parametrize("wire", [comes_and_goes(reached=False), cut_at_x224(), no_tcp("refused")])
def test_a_flood_now_and_a_cut_before_tls_are_proof(wire: Report) -> None:
    found = throttled(facts_of(events=events(FLOOD, SOURCES)), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("capacity.throttled", "proved", "breaks")
    assert found["stage"] == wire["stage"]
    assert any("203.0.113.7 (700), 203.0.113.9 (150) and 198.51.100.4 (50)" in one["text"] for one in found["evidence"])
    assert "203.0.113.7" in found["decision"] and "65536" in found["decision"]
    assert found["remedies"] == []  # a higher limit is a weaker host


@pytest.mark.parametrize(
    ("facts", "wire", "confidence", "impact"),
    [
        (facts_of(events=events(FLOOD)), comes_and_goes(), "proved", "degrades"),
        (facts_of(events=events(OLD_FLOOD)), comes_and_goes(reached=False), "likely", "breaks"),
        (facts_of(events=events(OLD_FLOOD)), cut_at_x224(), "likely", "degrades"),
        (facts_of(events=events(FLOOD)), None, "likely", "degrades"),
        (facts_of(events=events(FLOOD)), dropped(), "likely", "degrades"),
        (facts_of(events=events(FLOOD), system=unread()), cut_at_x224(), "likely", "degrades"),
        # The host explains by itself that nothing answers.
        (facts_of(events=events(FLOOD), listener=settings(enabled=False)), no_tcp("refused"), "likely", "degrades"),
        (facts_of(events=events(FLOOD), services=STOPPED), no_tcp("refused"), "likely", "degrades"),
        # It stops listening while it takes itself to be under attack.
        (facts_of(events=events(FLOOD), port=SILENT), no_tcp("refused"), "proved", "breaks"),
        (facts_of(events=unread()), comes_and_goes(), "possible", "degrades"),
        (facts_of(events=None), comes_and_goes(reached=False), "possible", "breaks"),
    ],
)
def test_less_evidence(facts: Any, wire: Any, confidence: str, impact: str) -> None:
    found = throttled(facts, wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, impact)


def test_a_host_that_lets_in_now_contradicts_the_flood() -> None:
    found = throttled(facts_of(events=events(FLOOD)), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert found["contradicts"][0]["where"] == "wire"


@pytest.mark.parametrize(("log", "confidence"), [([], ""), ([f"{MANAGER}/Admin: denied"], "possible")])
def test_attempts_that_differ_without_the_event(log: list[str], confidence: str) -> None:
    found = throttled(facts_of(events={"unread": log}), comes_and_goes())
    assert ("" if found is None else found["confidence"]) == confidence


@pytest.mark.parametrize(
    ("limit", "word"),
    [(10000, "0x10000, which is 65536"), (3000, "MaxOutstandingConnections is 3000, set on the host.")],
)
def test_the_limit_is_shown(limit: int, word: str) -> None:
    facts = facts_of(events=events(FLOOD), listener=settings(max_outstanding_connections=limit))
    found = throttled(facts, cut_at_x224())
    assert found is not None
    assert any(word in one["text"] for one in found["evidence"]) and found["remedies"] == []


def test_a_limit_that_is_high_already_contradicts() -> None:
    facts = facts_of(events=events(FLOOD), listener=settings(max_outstanding_connections=65536))
    found = throttled(facts, cut_at_x224())
    assert found is not None
    assert any("65536" in one["text"] for one in found["contradicts"])


def test_only_a_limit_that_somebody_has_lowered_is_raised() -> None:
    facts = facts_of(events=events(FLOOD), listener=settings(max_outstanding_connections=10))
    found = throttled(facts, cut_at_x224())
    assert found is not None
    assert found["remedies"] == [
        {
            "module": "rdp_listener",
            "options": {"max_outstanding_connections": 65536},
            "risk": "medium",
            "restart": ["TermService"],
        }
    ]
    assert any("50" in one["text"] for one in found["evidence"])


def test_those_who_try_passwords_are_named_before_they_fill_the_limit() -> None:
    found = throttled(facts_of(events=events(GUESSES)), ready())
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == ("likely", "informs", "")
    assert "203.0.113.7 (399)" in found["decision"] and found["explains"] == []
    assert "65536" not in found["decision"]


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(), ready()),
        (facts_of(), None),
        (facts_of(), cut_at_x224()),
        (facts_of(listener=settings(max_outstanding_connections=10)), ready()),
        (facts_of(events=events(logged(CORE, 140, count=99, by_address={"192.0.2.1": 99}))), ready()),
        (facts_of(events=unread()), dropped()),
        # They differ, and not before TLS: that is not how the host turns connections away.
        (facts_of(), wire_of(**attempts(("tls", "closed"), ("ready", "ready")))),
    ],
)
def test_nobody_is_turned_away(facts: Any, wire: Any) -> None:
    assert throttled(facts, wire) is None
