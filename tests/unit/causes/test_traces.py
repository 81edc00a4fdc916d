# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event log adds to findings: it makes them likelier, and never proves anything about now."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    RDP_CORE,
    SCHANNEL,
    corroborated,
    event_facts,
    fact,
    finding,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.network import blocked
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import arrivals, with_traces
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import ace, dropped, events, facts_of, key_file, logged, no_tcp, ready, security, unread

MANAGER = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
UNUSABLE = logged(SCHANNEL, 36870, by_value={"0x8009030D": 3})
BAD_KEY = {"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}


def found_of(cause: str, confidence: Any = "possible") -> Finding:
    return finding(cause, "x", confidence=confidence, impact="breaks", evidence=[fact("It is.", "here")])


def texts(found: Finding) -> str:
    return " ".join(one["text"] for one in found["evidence"])


def test_the_sentence_of_an_event() -> None:
    [said] = event_facts(facts_of(events=events(UNUSABLE)), "schannel", 36870)
    assert said == {
        "text": "The event 36870 of Schannel (0x8009030D) was logged 3 times, last on 2026-11-22T14:55:00Z: "
        "the private key of a certificate could not be used.",
        "where": "event log System",
    }


@pytest.mark.parametrize(
    ("change", "part"),
    [({"count": 1}, "was logged once,"), ({"count": 50, "more": True}, "at least 50 times"), ({}, "(0x8009030D)")],
)
def test_how_often(change: dict[str, Any], part: str) -> None:
    [said] = event_facts(facts_of(events=events({**UNUSABLE, **change})), SCHANNEL, 36870)
    assert part in said["text"] and said["text"].endswith(".")


@pytest.mark.parametrize(
    "area", [events(), events(logged("Other", 36870)), events(logged(SCHANNEL, 36871)), unread(), None]
)
def test_no_such_event(area: Any) -> None:
    assert event_facts(facts_of(events=area), SCHANNEL, 36870) == []


def test_only_events_with_a_value_and_not_before_a_time() -> None:
    facts = facts_of(events=events(logged(SCHANNEL, 36888, by_value={"40": 3})))
    assert event_facts(facts, SCHANNEL, 36888, values=["70"]) == []
    assert event_facts(facts, SCHANNEL, 36888, values=["40", "70"])
    assert event_facts(facts, SCHANNEL, 36888, since="2026-11-22T14:56:00Z") == []


@pytest.mark.parametrize(("before", "after"), [("possible", "likely"), ("likely", "likely"), ("proved", "proved")])
def test_what_was_possible_is_likely(before: str, after: str) -> None:
    told = corroborated(found_of("machine_keys.acl", before), [fact("It was logged.", "log")])
    assert (told["confidence"], len(told["evidence"])) == (after, 2)
    assert corroborated(found_of("machine_keys.acl", before), [])["confidence"] == before


def test_what_is_contradicted_stays_possible() -> None:
    found = {**found_of("machine_keys.acl"), "contradicts": [fact("It is not.", "wire")]}
    told = corroborated(found, [fact("It was logged.", "log")])  # type: ignore[arg-type]
    assert (told["confidence"], len(told["evidence"])) == ("possible", 2)


@pytest.mark.parametrize(
    ("cause", "event"),
    [
        ("machine_keys.acl", UNUSABLE),
        ("machine_keys.missing", logged(MANAGER, 1057)),
        ("certificate.not_created", logged(MANAGER, 1058)),
        ("certificate.binding_stale", logged(MANAGER, 1059)),
        ("certificate.expired", logged(MANAGER, 1053)),
        ("tls.no_common_version", logged(SCHANNEL, 36871, by_value={"10013": 3})),
        ("tls.no_common_version", logged(SCHANNEL, 36888, by_value={"70": 3})),
        ("listener.contradiction", logged(MANAGER, 1050)),
        ("listener.dead", logged("Service Control Manager", 7034, by_value={"TermService": 1})),
    ],
)
def test_each_cause_has_its_events(cause: str, event: dict[str, Any]) -> None:
    told = with_traces(facts_of(events=events(event)), found_of(cause))
    assert told["confidence"] == "likely"
    assert str(event["id"]) in texts(told)


@pytest.mark.parametrize(
    ("cause", "event"),
    [
        # Before the certificate in use was made, and before the host was started.
        ("machine_keys.acl", {**UNUSABLE, "last": "2026-09-19T00:00:00Z"}),
        (
            "listener.dead",
            logged("Service Control Manager", 7034, by_value={"TermService": 1}, last="2026-10-01T00:00Z"),
        ),
        ("listener.dead", logged("Service Control Manager", 7034, by_value={"Spooler": 1})),
        ("tls.no_common_version", logged(SCHANNEL, 36871, by_value={"10001": 1})),
        ("os.setup", UNUSABLE),
    ],
)
def test_events_of_something_else(cause: str, event: dict[str, Any]) -> None:
    told = with_traces(facts_of(events=events(event)), found_of(cause))
    assert (told["confidence"], len(told["evidence"])) == ("possible", 1)


def test_events_reach_the_verdict_and_break_nothing_by_themselves() -> None:
    verdict = judge(facts_of(events=events(UNUSABLE), machine_keys=BAD_KEY), dropped())
    assert "36870" in texts(verdict["findings"][0])
    assert judge(facts_of(events=events(UNUSABLE)), ready())["state"] == "healthy"


# ---- connections that arrive

ARRIVED = logged(RDP_CORE, 131)


def test_arrivals() -> None:
    none, recent = arrivals(facts_of(events=events(ARRIVED)))
    assert (none, len(recent)) == ([], 1)
    none, recent = arrivals(facts_of(events=events()))
    assert (len(none), recent) == (1, [])
    assert "24 hours" in none[0]["text"]


@pytest.mark.parametrize(
    "changes",
    [
        {"events": unread()},
        {"events": {"seen": [], "unread": [f"{RDP_CORE}/Operational: Access is denied."]}},
        {"events": events(logged(RDP_CORE, 131, last="2026-11-22T09:00:00Z"))},
        {"events": events(ARRIVED), "system": unread()},
        {"events": events({**ARRIVED, "last": "soon"})},
    ],
)
def test_arrivals_that_say_nothing(changes: dict[str, Any]) -> None:
    assert arrivals(facts_of(**changes)) == ([], [])


def test_a_block_that_others_get_through() -> None:
    found = blocked(facts_of(events=events(ARRIVED)), no_tcp())
    assert found is not None
    assert (found["confidence"], len(found["contradicts"])) == ("possible", 1)


def test_a_block_that_nobody_gets_through() -> None:
    found = blocked(facts_of(events=events()), no_tcp())
    assert found is not None
    assert found["confidence"] == "likely"
    assert "event 131" in found["evidence"][-1]["text"]
    assert arrivals(Facts()) == ([], [])
