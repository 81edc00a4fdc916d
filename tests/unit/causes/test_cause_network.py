# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""network.blocked and network.unreachable."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.network import blocked, unreachable
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import (
    RDP_RULE,
    dropped,
    facts_of,
    no_name,
    no_tcp,
    ready,
    services,
    settings,
    unread,
)

RULES_OFF = {"allowed": False, "rules": [{**RDP_RULE, "enabled": False}]}
BLOCK_RULE = {**RDP_RULE, "id": "Block-RDP", "action": "block"}
NO_MERGE = {"enabled": True, "default_inbound": "block", "local_rules_apply": False, "source": "policy"}


@pytest.mark.parametrize("result", ["filtered", "refused"])
def test_the_host_firewall_is_proved(result: str) -> None:
    found = blocked(facts_of(firewall=RULES_OFF), no_tcp(result))
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("network.blocked", "proved", "breaks")
    assert found["remedies"] == [
        {"module": "rdp_firewall", "options": {"state": "enabled"}, "risk": "low", "restart": []}
    ]
    texts = [e["text"] for e in found["evidence"]]
    assert "No rule of the active profiles (domain) lets TCP 3389 in." in texts
    assert "Switched off: RemoteDesktop-UserMode-In-TCP." in texts
    assert not found["blocked_by"] and not found["decision"]


@pytest.mark.parametrize(
    ("changes", "wire"),
    [
        ({}, None),
        ({}, no_name()),
        ({"listener": None}, no_tcp()),
        ({"listener": unread()}, no_tcp()),
        ({"services": None}, no_tcp()),
        ({"services": unread()}, no_tcp()),
        ({"services": services(TermService={"state": "stopped"})}, no_tcp()),
    ],
)
def test_less_evidence_makes_it_likely(changes: dict[str, Any], wire: Report | None) -> None:
    found = blocked(facts_of(firewall=RULES_OFF, **changes), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")
    assert found["remedies"]


@pytest.mark.parametrize(
    ("firewall", "word"),
    [
        ({**RULES_OFF, "profiles": {"domain": NO_MERGE}}, "AllowLocalPolicyMerge 0"),
        ({"allowed": False, "rules": [{**BLOCK_RULE, "source": "policy"}]}, "Block-RDP"),
    ],
)
def test_a_firewall_policy_blocks_the_remedy(firewall: dict[str, Any], word: str) -> None:
    found = blocked(facts_of(firewall=firewall), no_tcp())
    assert found is not None
    assert word in found["blocked_by"]
    rule = [e for e in found["evidence"] if "Block-RDP" in e["text"]]
    assert all(e["where"].startswith("HKLM\\SOFTWARE\\Policies") for e in rule)


def test_a_policy_for_another_profile_blocks_nothing() -> None:
    found = blocked(facts_of(firewall={**RULES_OFF, "profiles": {"public": NO_MERGE}}), no_tcp())
    assert found is not None
    assert found["blocked_by"] == ""


def test_a_local_block_rule_is_for_a_person() -> None:
    found = blocked(facts_of(firewall={"allowed": False, "rules": [RDP_RULE, BLOCK_RULE]}), no_tcp())
    assert found is not None
    assert (found["remedies"], found["blocked_by"]) == ([], "")
    assert "Block-RDP" in found["decision"]


@pytest.mark.parametrize("change", [{"enabled": False}, {"profiles": ["public"]}])
def test_a_block_rule_that_does_not_apply(change: dict[str, Any]) -> None:
    rules = [{**RDP_RULE, "enabled": False}, {**BLOCK_RULE, **change}]
    found = blocked(facts_of(firewall={"allowed": False, "rules": rules}), no_tcp())
    assert found is not None
    assert found["remedies"] and not found["decision"]


@pytest.mark.parametrize("wire", [ready(), dropped()])
def test_an_open_port_is_not_blocked(wire: Report) -> None:
    assert blocked(facts_of(firewall=RULES_OFF), wire) is None


def test_a_disabled_listener_brings_its_own_firewall_remedy() -> None:
    assert blocked(facts_of(firewall=RULES_OFF, listener=settings(enabled=False)), no_tcp()) is None


@pytest.mark.parametrize(("result", "confidence"), [("filtered", "likely"), ("refused", "possible")])
def test_something_in_the_path(result: str, confidence: str) -> None:
    found = blocked(facts_of(), no_tcp(result))
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == (confidence, "breaks", [])
    assert found["decision"]


@pytest.mark.parametrize("change", [None, unread(), unread("error")])
def test_an_unread_firewall(change: Any) -> None:
    found = blocked(facts_of(firewall=change), no_tcp())
    assert found is not None
    assert (found["confidence"], found["remedies"]) == ("likely", [])
    assert "could not be read" in found["decision"]
    assert blocked(facts_of(firewall=change), None) is None


def test_the_wrong_port_was_tried() -> None:
    found = blocked(facts_of(listener=settings(port=3390)), no_tcp("refused"))
    assert found is not None
    assert "3390" in found["title"] and "3390" in found["decision"]


@pytest.mark.parametrize(
    "changes",
    [
        {"listener": unread()},
        {"listener": None},
        {"services": unread()},
        {"services": services(TermService={"state": "stopped"})},
    ],
)
def test_a_path_is_not_blamed_for_a_host_that_may_not_listen(changes: dict[str, Any]) -> None:
    assert blocked(facts_of(**changes), no_tcp()) is None


@pytest.mark.parametrize("wire", [None, no_tcp("unreachable"), no_name(), ready()])
def test_nothing_blocked(wire: Report | None) -> None:
    assert blocked(facts_of(), wire) is None


@pytest.mark.parametrize("facts", [facts_of(), Facts()])
@pytest.mark.parametrize(("wire", "code"), [(no_name(), "0x104/0x0"), (no_tcp("unreachable"), "0x204/0x0")])
def test_no_name_and_no_route_are_proved(facts: Facts, wire: Report, code: str) -> None:
    found = unreachable(facts, wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("network.unreachable", "proved", "breaks")
    assert code in found["explains"]
    assert found["decision"] and not found["remedies"]


@pytest.mark.parametrize(("result", "confidence"), [("filtered", "likely"), ("refused", "possible")])
@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        facts_of(listener=unread(), services=unread(), firewall=unread()),
        facts_of(listener=None, services=None, firewall=None),
    ],
)
def test_a_closed_port_and_nothing_known_of_the_host(facts: Facts, result: str, confidence: str) -> None:
    found = unreachable(facts, no_tcp(result))
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, "breaks")


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(), None),
        (Facts(), None),
        (facts_of(), no_tcp()),
        (facts_of(listener=unread(), services=unread()), no_tcp()),
        (Facts(), ready()),
        (Facts(), dropped()),
    ],
)
def test_reachable_or_explained_by_the_host(facts: Facts, wire: Report | None) -> None:
    assert unreachable(facts, wire) is None
