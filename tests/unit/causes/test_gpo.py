# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets a value below SOFTWARE\\Policies, and what names it; what tools leave behind."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, gpo_of
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.leftovers import left_by
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import disabled, weakened, weakened_values
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.network import blocked
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.policy import override
from ansible_collections.winops.rdp.plugins.plugin_utils._data.leftovers import LEFTOVERS, Leftover
from tests.unit.causes.healthy import POLICY, RDP_RULE, facts_of, no_tcp, settings, unread

DENY = f"{POLICY}\\fDenyTSConnections"
FIREWALL = "HKLM\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
NONE_RECORDED = "No Group Policy object is recorded for it"


def value_of(
    where: str, gpo: str = "Baseline", precedence: int = 1, link: str = "OU=Servers,DC=corp"
) -> dict[str, Any]:
    return {"where": where, "value": "1", "gpo": gpo, "gpo_id": "{1}", "link": link, "precedence": precedence}


@pytest.mark.parametrize(
    ("policies", "option", "sentence"),
    [
        (
            {"values": [value_of(DENY)]},
            "enabled",
            'The Group Policy object "Baseline", linked at OU=Servers,DC=corp, sets it.',
        ),
        (
            {"values": [value_of(DENY.lower().replace("hklm", "HKLM"), "Local", link="")]},
            "",
            'The Group Policy object "Local" sets it.',
        ),
        ({"values": []}, "enabled", f"{NONE_RECORDED}, so a script or a hardening role may have written it."),
        (
            {"rsop": "absent", "sources": {"enabled": "policy"}},
            "enabled",
            "Windows counts it as Group Policy; which object sets it is not recorded on this host.",
        ),
        (
            {"rsop": "absent", "sources": {"enabled": "policy"}},
            "nla",
            "Nobody is known as its author: a Group Policy object, a script or a hardening role may have written it.",
        ),
        (unread(), "enabled", ""),
        (None, "enabled", ""),
    ],
)
def test_who_sets_a_value(policies: Any, option: str, sentence: str) -> None:
    assert author(facts_of(policies=policies), DENY, option) == sentence


def test_firewall_rules_are_not_asked_for() -> None:
    assert author(facts_of(), f"{FIREWALL}\\FirewallRules\\Stop").startswith("Nobody is known as its author")
    assert author(facts_of(), f"{FIREWALL}\\DomainProfile\\EnableFirewall").startswith(NONE_RECORDED)


def test_the_object_that_wins() -> None:
    facts = facts_of(policies={"values": [value_of(DENY, "Loses", 2), value_of(DENY, "Wins", 1)]})
    known = gpo_of(facts, DENY)
    assert known is not None and known["gpo"] == "Wins"
    assert gpo_of(facts, f"{POLICY}\\SecurityLayer") is None


@pytest.mark.parametrize(
    ("policies", "word", "decision"),
    [
        ({"values": [value_of(DENY)]}, '"Baseline"', "Change the Group Policy Baseline, so that"),
        ({"values": []}, NONE_RECORDED, "No Group Policy object sets these values"),
        ({"rsop": "absent"}, "Nobody is known", "Change the Group Policy, or what else writes"),
        (unread(), "", "Change the Group Policy, or what else writes"),
    ],
)
def test_findings_of_a_policy_name_it(policies: Any, word: str, decision: str) -> None:
    facts = facts_of(policies=policies, listener=settings(enabled=(False, "policy")))
    found, off = override(facts, None), disabled(facts, None)
    assert found is not None and off is not None
    assert word in found["evidence"][0]["text"] and found["decision"].startswith(decision)
    assert off["blocked_by"].startswith("A policy decides: fDenyTSConnections is 1") and word in off["blocked_by"]


NO_MERGE = {"enabled": True, "default_inbound": "block", "local_rules_apply": False, "source": "policy"}


@pytest.mark.parametrize(
    ("firewall", "where"),
    [
        (
            {"rules": [{**RDP_RULE, "id": "Stop", "action": "block", "source": "policy"}]},
            f"{FIREWALL}\\FirewallRules\\Stop",
        ),
        ({"profiles": {"domain": NO_MERGE}, "rules": []}, f"{FIREWALL}\\DomainProfile\\AllowLocalPolicyMerge"),
    ],
)
def test_a_firewall_policy_is_named(firewall: dict[str, Any], where: str) -> None:
    found = blocked(facts_of(policies={"values": [value_of(where)]}, firewall={"allowed": False, **firewall}), no_tcp())
    assert found is not None
    assert '"Baseline"' in found["blocked_by"]


# ---- what tools leave behind

OFF = {name: {"enabled": False} for name in ("domain", "private", "public")}


def left_of(row: Leftover) -> Any:
    return facts_of(
        listener=settings(**row.listener),
        firewall={"profiles": OFF} if row.firewall_off else {},
        logon={"encryption_oracle": row.encryption_oracle},
    )


def named(facts: Any) -> list[str]:
    rows = left_by(facts, {one.name: one.effective for one in weakened_values(facts)})
    return [row.tool for row in rows]


@pytest.mark.parametrize("row", LEFTOVERS, ids=lambda row: row.tool)
def test_each_tool_is_known_by_what_it_leaves(row: Leftover) -> None:
    assert named(left_of(row)) == [row.tool]
    assert row.source and row.strength in ("A", "B", "C")


def test_the_diagnosis_names_it() -> None:
    found = weakened(facts_of(listener=settings(security_layer="rdp", min_encryption_level="low", nla=False)), None)
    assert found is not None
    assert found["evidence"][-1]["text"] == (
        "This is as the Azure Run Command ResetRDPCert and the Azure Run Command DisableNLA leave it."
    )


def test_several_tools_may_have_been_there() -> None:
    reset = settings(security_layer="rdp", min_encryption_level="low", nla=False)
    facts = facts_of(listener=reset, firewall={"profiles": OFF})
    assert named(facts) == ["the Azure Run Command ResetRDPCert", "AWSSupport-TroubleshootRDP with FixAll"]


def test_a_firewall_that_a_policy_has_off_is_no_left_over() -> None:
    by_policy = {name: {"enabled": False, "source": "policy"} for name in OFF}
    assert named(facts_of(firewall={"profiles": by_policy})) == []


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(listener=settings(security_layer="rdp")),
        facts_of(listener=settings(min_encryption_level="low")),
        facts_of(listener=settings(security_layer=("rdp", "policy"), min_encryption_level=("low", "policy"))),
        facts_of(listener=settings(nla=False), firewall={"profiles": OFF}, logon={"encryption_oracle": "vulnerable"}),
        facts_of(listener=settings(security_layer="rdp", nla=False)),
        facts_of(),
    ],
)
def test_a_pattern_has_to_match_exactly(facts: Any) -> None:
    assert named(facts) == []


def test_an_unread_firewall_is_not_taken_for_one_that_is_off() -> None:
    facts = facts_of(listener=settings(nla=False), firewall=unread(), logon=unread())
    assert named(facts) == ["the Azure Run Command DisableNLA"]
