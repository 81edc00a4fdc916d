# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""farm.broker, os.clock and service.crashing: the host and the farm around the listener."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.clock import clock
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.crash import crashing
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.farm import broker
from tests.unit.causes.healthy import dropped, events, facts_of, logged, no_tcp, ready, services, unread, wire_of

BROKER = {"rds_roles": ["connection_broker"]}
CONTROL = "Service Control Manager"


def tssdis(state: str = "running", **changes: Any) -> dict[str, Any]:
    one = {"present": True, "state": state, "start_mode": "auto", "account": "x", "pid": 4, "exit_code": 0}
    return services(Tssdis={**one, **changes})


# ---- farm.broker


@pytest.mark.parametrize(
    ("changes", "confidence", "word"),
    [
        ({"services": tssdis("stopped")}, "proved", "Tssdis"),
        ({"logon": {"endpoint_servers_ok": False}}, "likely", "S-1-5-32-576"),
        ({"logon": {"endpoint_servers_ok": False}, "services": tssdis()}, "likely", "S-1-5-32-576"),
    ],
)
def test_a_broker_that_can_not_work(changes: dict[str, Any], confidence: str, word: str) -> None:
    facts = facts_of(system=BROKER, **changes)
    found = broker(facts, dropped())
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("farm.broker", confidence, "breaks")
    assert word in found["evidence"][0]["text"] and word in found["decision"] and not found["remedies"]
    lower = broker(facts, ready())
    assert lower is not None
    assert lower["impact"] == "degrades" and lower["contradicts"]


@pytest.mark.parametrize(
    "changes",
    [
        {"system": BROKER, "services": tssdis(), "logon": {"endpoint_servers_ok": True}},
        {"system": BROKER, "services": unread(), "logon": unread()},
        {"system": BROKER, "logon": {"endpoint_servers_ok": None}},
        {"services": tssdis("stopped")},  # no broker
        {"system": unread(), "services": tssdis("stopped")},
        {"system": None, "logon": {"endpoint_servers_ok": False}},
    ],
)
def test_no_broker_or_one_in_order(changes: dict[str, Any]) -> None:
    assert broker(facts_of(**changes), dropped()) is None


# ---- os.clock


@pytest.mark.parametrize(
    ("skew", "shown"),
    [(301.0, "5 minutes ahead"), (-420.0, "7 minutes behind"), (-7200.0, "2 hours behind"), (1e6, "12 days ahead")],
)
def test_a_wrong_clock_in_a_domain(skew: float, shown: str) -> None:
    found = clock(facts_of(system={"clock_skew": skew}), None)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("os.clock", "likely", "degrades")
    assert shown in found["title"] and found["explains"] == ["0x1807/0x0"]


@pytest.mark.parametrize(("outside", "confidence"), [(420.0, "likely"), (2.0, "possible"), (-420.0, "possible")])
def test_the_time_in_the_challenge(outside: float, confidence: str) -> None:
    found = clock(facts_of(system={"clock_skew": 430.0}), wire_of(credssp={"clock_skew": outside}))
    assert found is not None
    assert found["confidence"] == confidence
    assert bool(found["contradicts"]) is (confidence == "possible")


def test_outside_a_domain_only_days_count() -> None:
    assert clock(facts_of(system={"part_of_domain": False, "clock_skew": 3600.0}), None) is None
    found = clock(facts_of(system={"part_of_domain": False, "clock_skew": -100000.0}), None)
    assert found is not None
    assert found["explains"] == [] and "1.2 days behind" in found["title"]


@pytest.mark.parametrize("system", [{"clock_skew": 300.0}, {"clock_skew": -12.0}, {"clock_skew": None}, unread(), None])
def test_a_right_clock(system: Any) -> None:
    assert clock(facts_of(system=system), ready()) is None


# ---- service.crashing


def crashes(*counts: tuple[int, dict[str, int]]) -> dict[str, Any]:
    return events(*(logged(CONTROL, event, count=sum(by.values()), by_value=by) for event, by in counts))


@pytest.mark.parametrize("wire", [None, ready(), no_tcp()])
def test_termservice_crashes_again_and_again(wire: Any) -> None:
    found = crashing(facts_of(events=crashes((7031, {"TermService": 1}), (7034, {"termservice": 2}))), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("service.crashing", "proved", "degrades")
    assert len(found["evidence"]) == 2 and "TermService 3 times" in found["evidence"][0]["text"]
    assert found["explains"] == ["0x904/0x7"] and found["decision"]


def test_a_helper_that_crashes_is_a_note() -> None:
    found = crashing(facts_of(events=crashes((7034, {"UmRdpService": 4, "Spooler": 9}))), None)
    assert found is not None
    assert (found["impact"], found["explains"]) == ("informs", [])
    assert "Spooler" not in found["title"]


@pytest.mark.parametrize(
    "changes",
    [
        {"events": crashes((7034, {"TermService": 1}))},
        {"events": crashes((7034, {"Spooler": 9}))},
        {"events": crashes((7036, {"TermService": 9}))},
        {"events": crashes((7034, {"TermService": 9})), "services": services(TermService={"state": "stopped"})},
        {"events": crashes((7034, {"TermService": 9})), "services": unread()},
        {"events": unread()},
        {"events": None},
    ],
)
def test_no_crashes(changes: dict[str, Any]) -> None:
    assert crashing(facts_of(**changes), dropped()) is None
