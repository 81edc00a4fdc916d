# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts held against a baseline."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import Limits
from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import BASELINES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import ENCRYPTION_LEVELS, SECURITY_LAYERS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.drift import Comparison, compare
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.wanted import wanted_of
from tests.unit.causes.healthy import POLICY, effective, facts_of, ready, services, settings, switched_off

GPO = {
    "where": f"{POLICY}\\UserAuthentication",
    "value": "0",
    "gpo": "Old clients",
    "gpo_id": "{1}",
    "link": "",
    "precedence": 1,
}


def held(facts: Facts, name: str = "microsoft", force: bool = False, **own: dict[str, Any]) -> Comparison:
    return compare(facts, judge(facts, None)["findings"], wanted_of(name, own), limits=Limits(force=force))


def by_setting(found: Comparison) -> dict[str, Any]:
    return {row["setting"]: row for row in found.drift}


@pytest.mark.parametrize("name", ["microsoft", "legacy_clients"])
def test_a_sound_host_is_in_line(name: str) -> None:
    assert held(facts_of(), name) == Comparison([], [], [])


def test_what_cis_wants_beyond_windows_own() -> None:
    found = held(facts_of(), "cis")
    assert set(by_setting(found)) == {"listener.prompt_for_password", "client.encryption_oracle"}
    facts = facts_of(listener=settings(prompt_for_password=True), logon={"encryption_oracle": "force_updated"})
    assert held(facts, "cis") == Comparison([], [], [])


# What only the owner of a host can want.
OWNERS = (
    "listener.enabled",
    "listener.port",
    "listener.drain_mode",
    "listener.max_instances",
    "listener.max_outstanding_connections",
    "certificate.binding",
)


def test_no_baseline_is_weak() -> None:
    for wanted in (each for values in BASELINES.values() for each in values):
        assert wanted.source
        assert wanted.setting not in OWNERS
        assert wanted.name != "nla" or wanted.value is True
        assert wanted.name != "security_layer" or wanted.value in SECURITY_LAYERS[1:]
        assert wanted.name != "min_encryption_level" or wanted.value in ENCRYPTION_LEVELS[1:]


def test_a_difference_says_what_who_and_why() -> None:
    found = held(facts_of(listener=settings(nla=False)))
    [row] = found.drift
    assert row["text"] == (
        "listener.nla is false, set on the host; true is wanted. The security settings of the listener are weakened. "
        "This is as the Azure Run Command DisableNLA leaves it."
    )
    assert row["causes"] == ["listener.weakened"]
    assert row["wanted_by"] == "Microsoft's support tool MSRD-Collect expects 1 (B)"
    assert found.plan == [
        {
            "module": "rdp_listener",
            "options": {"nla": True},
            "causes": ["baseline.listener.nla"],
            "risk": "medium",
            "restart": [],
        }
    ]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("min_encryption_level", "fips"), ("security_layer", "tls"), ("nla", True)],
)
def test_stronger_is_in_line(setting: str, value: Any) -> None:
    assert held(facts_of(listener=settings(**{setting: value})), "legacy_clients").drift == []


def test_a_wish_for_something_weaker_makes_nothing_weaker() -> None:
    found = held(facts_of(), "", listener={"nla": False, "security_layer": "rdp", "min_encryption_level": "low"})
    assert found == Comparison([], [], [])


def test_a_policy_is_named_and_left_alone() -> None:
    listener = settings()
    listener["settings"]["nla"] = {**effective("nla", False, "policy"), "where": GPO["where"]}
    policies = {"rsop": "ok", "values": [GPO]}
    found = held(facts_of(listener=listener, policies=policies))
    [row] = found.drift
    assert (row["source"], row["gpo"], found.plan) == ("policy", "Old clients", [])
    assert "Old clients" in row["left_alone"]
    assert 'set by the Group Policy object "Old clients"' in row["text"]


def test_a_policy_outside_its_own_key_counts_as_one() -> None:
    facts = facts_of(tls={"protocols": switched_off("TLS 1.2")})
    where = facts["tls"]["protocols"]["TLS 1.2"]["server"]["where"]
    policies = {**facts["policies"], "rsop": "ok", "values": [{**GPO, "where": rf"{where}\Enabled"}]}
    facts = facts_of(tls={"protocols": switched_off("TLS 1.2")}, policies=policies)
    row = by_setting(held(facts))["protocols.TLS 1.2"]
    assert (row["source"], row["gpo"]) == ("policy", "Old clients")


def test_what_the_module_would_refuse_is_not_planned() -> None:
    """NLA on, with a policy that takes TLS away, is a contradiction."""
    listener = settings(nla=False)
    listener["settings"]["security_layer"] = {
        **effective("security_layer", "rdp", "policy"),
        "where": f"{POLICY}\\SecurityLayer",
    }
    found = held(facts_of(listener=listener))
    assert found.plan == []
    assert "nla needs TLS" in by_setting(found)["listener.nla"]["left_alone"]


def test_tls_is_not_turned_on_where_it_is_in_doubt() -> None:
    facts = facts_of(listener=settings(security_layer="rdp", nla=False), tls={"protocols": switched_off("TLS 1.2")})
    findings = [{**each, "id": "certificate.expired"} for each in judge(facts, ready())["findings"]][:1]
    found = compare(facts, findings, wanted_of("cis", {}))  # type: ignore[arg-type]
    assert not [step for step in found.plan if {"security_layer", "nla"} & set(step["options"])]
    assert {row["setting"] for row in found.drift if "open first" in row["left_alone"]} == {
        "listener.security_layer",
        "listener.nla",
    }


def test_a_broker_is_left_alone_unless_forced() -> None:
    facts = facts_of(listener=settings(nla=False), system={"rds_roles": ["connection_broker"]})
    assert held(facts).plan == []
    assert "broker" in held(facts).drift[0]["left_alone"]
    assert len(held(facts, force=True).plan) == 1


def test_services_have_an_order_too() -> None:
    disabled = {"present": True, "state": "stopped", "start_mode": "disabled", "account": "", "pid": 0, "exit_code": 0}
    facts = facts_of(services=services(UmRdpService=disabled, KeyIso={**disabled, "start_mode": "auto"}))
    found = held(facts)
    assert [row["setting"] for row in found.drift] == ["services.UmRdpService"]
    assert found.plan[0]["options"] == {"name": "UmRdpService", "start_mode": "manual"}


def test_what_was_not_read_is_told() -> None:
    facts = deepcopy(facts_of())
    facts["tls"] = {"status": "denied", "reason": "access was denied"}
    assert held(facts, "", protocols={"TLS 1.2": "enabled"}, hashes={"SHA": "default"}).unread == [
        "protocols.TLS 1.2 and hashes.SHA: access was denied"
    ]


def test_limits_hold_back_what_they_hold_back_of_a_fix() -> None:
    facts = facts_of(listener=settings(nla=False), tls={"protocols": switched_off("TLS 1.2")})
    findings = judge(facts, None)["findings"]
    found = compare(facts, findings, wanted_of("microsoft", {}), limits=Limits(restart=False))
    assert [step["module"] for step in found.plan] == ["rdp_listener"]
    assert "restarts are not allowed" in by_setting(found)["protocols.TLS 1.2"]["left_alone"]
    assert compare(facts, findings, wanted_of("microsoft", {}), limits=Limits(risk="low")).plan == []
