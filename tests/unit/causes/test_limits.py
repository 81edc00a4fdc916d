# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a plan may go, and that what is kept out of it is told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import finding, remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import Limits, UnknownCause, beyond, chosen
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS
from tests.unit.causes.healthy import facts_of, ready, self_signed, settings

BROKER = {"rds_roles": ["connection_broker"]}
# A remedy that restarts SessionEnv, and one of medium risk.
FACTS: dict[str, Any] = {
    "certificate": self_signed(days_left=-2.0),
    "listener": settings(min_encryption_level="low", security_layer="negotiate"),
}


def planned(limits: Limits, **more: Any) -> tuple[list[str], dict[str, str]]:
    verdict = judge(facts_of(**{**FACTS, **more}), ready(), limits=limits)
    return (
        [cause for step in verdict["plan"] for cause in step["causes"]],
        {each["cause"]: each["reason"] for each in verdict["left_alone"]},
    )


def a_finding(**changes: Any) -> Finding:
    return finding(
        "a.a",
        "title",
        confidence="proved",
        impact="degrades",
        evidence=[],
        remedies=[remedy("rdp_service", {"name": "SessionEnv", **changes.pop("options", {})}, **changes)],
    )


def test_without_limits_everything_that_is_planned_is_in() -> None:
    causes, left = planned(Limits())
    assert causes == ["certificate.expired", "listener.weakened"]
    assert left == {}


def test_only_the_causes_that_were_named() -> None:
    causes, left = planned(Limits(causes=frozenset({"certificate.expired"})))
    assert causes == ["certificate.expired"]
    assert left == {"listener.weakened": "It is not among the causes that may be acted on."}


def test_no_more_than_the_risk_that_is_allowed() -> None:
    causes, left = planned(Limits(risk="low"))
    assert causes == ["certificate.expired"]
    assert left == {"listener.weakened": "Its remedy has the risk medium, and no more than low is allowed."}


def test_no_restart_of_a_service() -> None:
    causes, left = planned(Limits(restart=False))
    assert causes == ["listener.weakened"]
    assert left == {"certificate.expired": "Its remedy restarts SessionEnv, and restarts are not allowed."}


def test_a_service_that_is_to_be_restarted_is_a_restart() -> None:
    restarted = a_finding(options={"state": "restarted"})
    assert "restarts SessionEnv" in beyond(facts_of(), restarted, Limits(restart=False))
    assert beyond(facts_of(), a_finding(options={"state": "started"}), Limits(restart=False)) == ""


def test_a_restart_of_windows_is_taken_only_where_it_is_allowed() -> None:
    found = a_finding(restart=[WINDOWS])
    assert beyond(facts_of(), found, Limits()) == "Its remedy needs a restart of Windows, which is not allowed."
    assert beyond(facts_of(), found, Limits(reboot=True)) == ""
    # It is no restart of a service.
    assert beyond(facts_of(), found, Limits(reboot=True, restart=False)) == ""


def test_a_broker_is_changed_only_when_forced() -> None:
    causes, left = planned(Limits(), system=BROKER)
    assert causes == []
    assert all("broker" in reason for reason in left.values())
    assert set(left) == {"certificate.expired", "listener.weakened"}
    causes, left = planned(Limits(force=True), system=BROKER)
    assert (causes, left) == (["certificate.expired", "listener.weakened"], {})


def test_force_moves_no_policy() -> None:
    listener = settings(nla=False)
    listener["settings"]["nla"]["source"] = "policy"
    causes, left = planned(Limits(force=True), listener=listener)
    assert causes == ["certificate.expired"]
    assert "policy" in left["listener.weakened"]


def test_limits_change_the_plan_alone() -> None:
    free = judge(facts_of(**FACTS), ready())
    tight = judge(facts_of(**FACTS), ready(), limits=Limits(causes=frozenset(), risk="low", restart=False))
    assert tight["plan"] == []
    assert {**free, "plan": [], "left_alone": []} == {**tight, "plan": [], "left_alone": []}


def test_a_cause_that_is_none_is_told_in_a_sentence() -> None:
    assert chosen([]) is None
    assert chosen(["certificate.expired"]) == frozenset({"certificate.expired"})
    with pytest.raises(UnknownCause, match=r"no cause has the id certificate\.old; docs/causes"):
        chosen(["certificate.old", "certificate.expired"])
