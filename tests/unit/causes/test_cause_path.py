# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""network.endpoint_security and network.unstable: what cuts connections when nothing on the host does."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.endpoint_security import endpoint_security
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.unstable import unstable
from tests.unit.causes.healthy import (
    RDP_RULE,
    attempts,
    comes_and_goes,
    cut_at_x224,
    dropped,
    events,
    facts_of,
    key_file,
    logged,
    no_certificate,
    no_tcp,
    ready,
    services,
    settings,
    unread,
    wire_of,
)
from tests.unit.causes.test_cause_capacity import CORE, FLOOD

ON = {
    "products": [
        {"name": "Acme Guard", "kind": "firewall", "state": "on", "source": "root/SecurityCenter2"},
        {"name": "Windows Defender", "kind": "antivirus", "state": "on", "source": "root/SecurityCenter2"},
    ],
    "third_party": ["Acme Guard"],
}
NO_ANSWER = wire_of(
    ready=False,
    stage="tls",
    x224={"result": "response"},
    tls={"result": "timeout", "version": None, "key_proved": False, "certificate": None},
)


# ---- network.endpoint_security


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (no_tcp("filtered"), "0x204/0x0"),
        (cut_at_x224(), "0x904/0x7"),
        (dropped("reset"), "0x904/0x7"),
        (NO_ANSWER, "0x904/0x7"),
    ],
)
def test_a_product_and_a_cut_that_the_host_does_not_explain(wire: Report, code: str) -> None:
    found = endpoint_security(facts_of(endpoint_security=ON, events=events()), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("network.endpoint_security", "likely", "breaks")
    assert "Acme Guard" in found["title"] and "Acme Guard" in found["decision"] and "3389" in found["decision"]
    assert "Acme Guard (firewall) is on." in [one["text"] for one in found["evidence"]]
    assert not any("Defender" in one["text"] for one in found["evidence"])
    assert code in found["explains"] and found["stage"] == wire["stage"] and found["remedies"] == []


@pytest.mark.parametrize(
    "log", [unread(), None, {"seen": [], "unread": [f"{CORE}/Operational: there is no such log"]}, {}]
)
def test_without_a_silent_log_it_is_possible_only(log: Any) -> None:
    found = endpoint_security(facts_of(endpoint_security=ON, events=log), cut_at_x224())
    assert found is not None
    assert found["confidence"] == "possible"


def test_connections_of_others_contradict() -> None:
    found = endpoint_security(facts_of(endpoint_security=ON, events=events(logged(CORE, 131))), dropped())
    assert found is not None
    assert "131" in found["contradicts"][0]["text"]


@pytest.mark.parametrize(
    ("changes", "wire"),
    [
        ({}, cut_at_x224()),
        ({"endpoint_security": {**ON, "third_party": []}}, cut_at_x224()),
        ({"endpoint_security": unread()}, cut_at_x224()),
        ({"endpoint_security": ON}, ready()),
        ({"endpoint_security": ON}, None),
        ({"endpoint_security": ON}, no_tcp("refused")),
        ({"endpoint_security": ON}, no_certificate()),
        ({"endpoint_security": ON, "services": services(TermService={"state": "stopped"})}, cut_at_x224()),
        ({"endpoint_security": ON, "services": unread()}, cut_at_x224()),
        ({"endpoint_security": ON, "listener": settings(enabled=False)}, no_tcp()),
        ({"endpoint_security": ON, "machine_keys": {"keys": [key_file(exists=False, security=None)]}}, dropped()),
        (
            {"endpoint_security": ON, "firewall": {"allowed": False, "rules": [{**RDP_RULE, "enabled": False}]}},
            no_tcp(),
        ),
    ],
)
def test_no_product_no_cut_or_another_explanation(changes: dict[str, Any], wire: Any) -> None:
    assert endpoint_security(facts_of(**changes), wire) is None


# ---- network.unstable


@pytest.mark.parametrize(
    ("facts", "wire", "confidence", "impact"),
    [
        (facts_of(), comes_and_goes(), "likely", "degrades"),
        (facts_of(), comes_and_goes(reached=False), "likely", "breaks"),
        (facts_of(events=unread()), comes_and_goes(), "possible", "degrades"),
        (facts_of(events=None), comes_and_goes(), "possible", "degrades"),
        (facts_of(events=events(FLOOD)), comes_and_goes(), "possible", "degrades"),
        (facts_of(), NO_ANSWER, "possible", "breaks"),
        (facts_of(), wire_of(**attempts(("tls", "reset"), ("ready", "ready"))), "likely", "degrades"),
    ],
)
def test_the_way_loses_connections(facts: Any, wire: Report, confidence: str, impact: str) -> None:
    found = unstable(facts, wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("network.unstable", confidence, impact)
    assert all(one["where"] == "wire" for one in found["evidence"]) and found["decision"]


def test_each_attempt_is_counted_and_the_flood_contradicts() -> None:
    found = unstable(facts_of(events=events(FLOOD)), comes_and_goes())
    assert found is not None
    assert found["evidence"][0]["text"] == "Of 3 connections 2 ended at x224 (closed) and 1 reached the logon."
    assert "1006" in found["contradicts"][0]["text"]


def test_large_packets_that_are_lost() -> None:
    found = unstable(facts_of(), NO_ANSWER)
    assert found is not None
    assert "ClientHello" in found["evidence"][0]["text"] and "MTU" in found["decision"]


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(), None),
        (facts_of(), ready()),
        (facts_of(), dropped()),
        (facts_of(), cut_at_x224()),
        (facts_of(), no_tcp()),
        (facts_of(services=services(TermService={"state": "stopped"})), NO_ANSWER),
    ],
)
def test_a_steady_way_or_a_fault_of_the_host(facts: Any, wire: Any) -> None:
    assert unstable(facts, wire) is None
