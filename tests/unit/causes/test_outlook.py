# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verdict leaves open: the order of proof, causes that are ruled out, and what to look at next."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge, judge_unreachable
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.reading import AREAS, is_known
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Verdict
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import WAY, ends_at, is_passed, proof_rank
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes import healthy
from tests.unit.causes.healthy import (
    ace,
    alert,
    dropped,
    facts_of,
    key_file,
    no_certificate,
    no_name,
    no_tcp,
    ready,
    security,
    settings,
    unread,
    wire_of,
)

BAD_KEY = {"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}


def reasons(verdict: Verdict) -> dict[str, str]:
    return {one["cause"]: one["reason"] for one in verdict["ruled_out"]}


# ---- stages


@pytest.mark.parametrize(
    ("wire", "stage"),
    [
        (None, ""),
        (ready(), "logon"),
        (dropped(), "tls"),
        (no_certificate(), "tls"),  # refused by what TLS needs
        (no_tcp(), "tcp"),
        (no_name(), "dns"),
        (wire_of(stage="credssp", ready=False), "logon"),
    ],
)
def test_where_a_connection_ends(wire: Report | None, stage: str) -> None:
    assert ends_at(wire) == stage


def test_the_stage_at_hand_comes_first_then_the_later_ones_then_all_others() -> None:
    order = sorted(["", "client", *WAY], key=lambda stage: proof_rank(stage, "x224"))
    assert order == ["x224", "tls", "credssp", "logon", "session", "", "client", "dns", "tcp"]
    assert {proof_rank(stage, "") for stage in WAY} == {0}


def test_what_is_passed() -> None:
    assert is_passed("tcp", dropped()) and not is_passed("tls", dropped())
    assert not is_passed("tcp", None) and not is_passed("", ready()) and not is_passed("logon", ready())


def test_a_proved_cause_of_a_later_stage_waits() -> None:
    facts = facts_of(machine_keys=BAD_KEY, listener=settings(drain_mode="on"))
    causes = [one["id"] for one in judge(facts, no_tcp())["findings"]]
    assert causes == ["network.blocked", "machine_keys.acl", "listener.drain"]
    causes = [one["id"] for one in judge(facts, ready())["findings"]]
    assert causes == ["listener.drain", "machine_keys.acl"]


# ---- areas


def test_the_areas_are_those_of_the_schema() -> None:
    assert set(AREAS) == set(healthy.AREAS) == set(Facts.__annotations__) - {"schema", "client"}


def test_what_this_windows_does_not_have_is_known() -> None:
    assert is_known(facts_of(port=unread("absent")), None, "port")
    assert not is_known(facts_of(port=unread()), None, "port")
    assert not is_known(facts_of(machine_keys=unread("absent")), None, "machine_keys")
    assert not is_known(Facts(), None, "port") and not is_known(Facts(), None, "wire")
    denied = {"keys": [key_file(security={**unread(), "owner": None, "protected": None, "dacl": []})]}
    assert not is_known(facts_of(machine_keys=denied), None, "machine_keys")


# ---- ruled out


def test_what_was_looked_for_in_vain_is_ruled_out() -> None:
    found = reasons(judge(facts_of(), dropped()))
    assert found["service.stopped"].startswith("TermService runs, or Remote Desktop is off")
    assert found["service.stopped"].endswith("A new connection got past this stage (tcp).")
    assert found["machine_keys.acl"] == "No key file of the listener keeps NETWORK SERVICE or SYSTEM out."
    assert "listener.weakened" not in found  # it never breaks a host


@pytest.mark.parametrize(
    ("changes", "wire", "cause"),
    [
        ({"machine_keys": unread()}, dropped(), "machine_keys.acl"),
        ({"machine_keys": None}, dropped(), "machine_keys.missing"),
        ({"tls": unread()}, alert("handshake_failure"), "tls.no_common_version"),
        ({"port": unread("absent")}, dropped(), "listener.port_conflict"),
        ({}, None, "network.blocked"),
        ({}, no_name(), "network.blocked"),  # the wire did not get so far
        ({"machine_keys": BAD_KEY}, dropped(), "machine_keys.acl"),  # found
    ],
)
def test_what_is_not_known_is_not_ruled_out(changes: dict[str, Any], wire: Report | None, cause: str) -> None:
    assert cause not in reasons(judge(facts_of(**changes), wire))


# ---- next


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(), ready()),
        (facts_of(), None),
        (facts_of(port=unread(), events=unread()), ready()),
        (facts_of(listener=settings(nla=False)), ready()),
        (facts_of(machine_keys=BAD_KEY), dropped()),
    ],
)
def test_nothing_is_left_to_look_at(facts: Facts, wire: Report | None) -> None:
    assert judge(facts, wire)["next"] == []


@pytest.mark.parametrize(
    ("wire", "part"),
    [
        (no_name(), "Look the name up"),
        (no_tcp("refused"), "netstat"),
        (dropped(), "36870"),
        (no_certificate(), "36870"),
    ],
)
def test_what_to_look_at_follows_from_the_stage(wire: Report, part: str) -> None:
    steps = judge_unreachable("refused", wire)["next"]
    assert "rdp_doctor" in steps[0]
    assert any(part in step for step in steps)


def test_an_honest_unknown_says_what_to_look_at() -> None:
    verdict = judge(facts_of(machine_keys=unread(), tls=unread()), dropped())
    steps = " ".join(verdict["next"])
    assert "36870" in steps
    assert "Read the area machine_keys with an account that may: it decides on" in steps
    assert "machine_keys.missing, machine_keys.acl and" in steps and "tls.no_common_version" in steps
    assert "Read the area listener" not in steps
    assert len(set(verdict["next"])) == len(verdict["next"])


def test_what_may_be_the_cause_comes_first() -> None:
    verdict = judge(facts_of(), no_tcp())
    assert verdict["findings"][0]["id"] == "network.blocked"
    assert verdict["next"][0].startswith("Something between this machine and the host blocks Remote Desktop (likely)")


def test_security_products_are_asked_where_they_stand() -> None:
    products = {"third_party": ["Example Shield"]}
    for wire, expected in ((dropped(), True), (no_name(), False), (ready(), False)):
        steps = judge(facts_of(endpoint_security=products), wire)["next"]
        assert any("who runs Example Shield" in step for step in steps) == expected


def test_without_a_probe_the_gaps_are_named() -> None:
    verdict = judge(facts_of(services=unread()), None)
    assert verdict["state"] == "unknown"
    assert any(step.startswith("Read the area services") for step in verdict["next"])
    assert any(step.startswith("Probe the port of this host") for step in verdict["next"])


def test_what_is_proved_at_a_later_stage_explains_nothing() -> None:
    verdict = judge(facts_of(listener=settings(drain_mode="on")), dropped())
    assert (verdict["cause"], verdict["state"]) == ("listener.drain", "broken")
    assert verdict["summary"].startswith("A connection ends at tls")
    assert "Noted all the same: The host lets no new logons in." in verdict["summary"]
    assert any("36870" in step for step in verdict["next"])
    assert judge(facts_of(listener=settings(drain_mode="on")), ready())["next"] == []


@pytest.mark.parametrize("wire", [dropped(), no_tcp("refused"), no_certificate()])
def test_a_restart_that_is_due_may_end_connections_anywhere(wire: Report) -> None:
    found = judge(facts_of(services={"restart_pending": ["TermService"]}), wire)["findings"][0]
    assert (found["id"], found["stage"]) == ("service.restart_pending", ends_at(wire))
