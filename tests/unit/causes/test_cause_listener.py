# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""listener.disabled, listener.contradiction and listener.weakened."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import registry_text
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import (
    contradiction,
    disabled,
    weakened,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.logons import drain, logon_disabled
from tests.unit.causes.healthy import (
    POLICY,
    RDP_TCP,
    TS,
    dropped,
    facts_of,
    no_certificate,
    no_tcp,
    ready,
    refused_negotiation,
    services,
    settings,
    unread,
    wire_of,
)

UNREAD: list[dict[str, Any] | None] = [None, unread(), unread("error"), {"settings": {}}]


def listener(**changes: Any) -> Any:
    return facts_of(listener=settings(**changes))


@pytest.mark.parametrize(
    ("name", "shown", "text"),
    [
        ("enabled", False, "fDenyTSConnections is 1"),
        ("enabled", True, "fDenyTSConnections is 0"),
        ("security_layer", "negotiate", "SecurityLayer is 1 (negotiate)"),
        ("security_layer", 7, "SecurityLayer is 7"),
        ("user_logons_allowed", False, "TSUserEnabled is 1"),
        ("nla", 0, "UserAuthentication is 0"),
        ("max_instances", 0, "MaxInstanceCount is 0"),
        ("something_new", 5, "something_new is 5"),
    ],
)
def test_registry_text(name: str, shown: Any, text: str) -> None:
    assert registry_text(name, shown) == text


# ---- listener.disabled


@pytest.mark.parametrize("wire", [None, no_tcp("refused"), no_tcp("filtered")])
@pytest.mark.parametrize(
    ("change", "options", "where"),
    [
        ({"enabled": False}, {"enabled": True}, f"{TS}\\fDenyTSConnections"),
        ({"station_enabled": False}, {"station_enabled": True}, f"{RDP_TCP}\\fEnableWinStation"),
        (
            {"enabled": False, "station_enabled": False},
            {"enabled": True, "station_enabled": True},
            f"{TS}\\fDenyTSConnections",
        ),
        ({"enabled": (False, "default")}, {"enabled": True}, f"{TS}\\fDenyTSConnections"),
    ],
)
def test_a_disabled_listener(change: Any, options: Any, where: str, wire: Report | None) -> None:
    found = disabled(listener(**change), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("listener.disabled", "proved", "breaks")
    assert found["evidence"][0]["where"] == where
    assert found["remedies"] == [{"module": "rdp_listener", "options": options, "risk": "low", "restart": []}]
    assert found["explains"] == ["0x204/0x0"] and not found["blocked_by"]
    assert (
        found["title"] == ("Remote Desktop is" if "enabled" in change else "The listener RDP-Tcp is") + " switched off"
    )


def test_a_closed_firewall_and_a_stopped_service_come_with_it() -> None:
    facts = facts_of(
        listener=settings(enabled=False),
        firewall={"allowed": False},
        services=services(TermService={"state": "stopped"}),
    )
    found = disabled(facts, None)
    assert found is not None
    assert [(r["module"], r["options"]) for r in found["remedies"]] == [
        ("rdp_listener", {"enabled": True}),
        ("rdp_firewall", {"state": "enabled"}),
        ("rdp_service", {"name": "TermService", "start_mode": "manual", "state": "started"}),
    ]


def test_a_firewall_of_a_policy_is_not_touched() -> None:
    profile = {"enabled": True, "default_inbound": "block", "local_rules_apply": False, "source": "policy"}
    firewall = {"allowed": False, "profiles": {"domain": profile}}
    found = disabled(facts_of(listener=settings(enabled=False), firewall=firewall), None)
    assert found is not None
    assert [r["module"] for r in found["remedies"]] == ["rdp_listener"]


@pytest.mark.parametrize("area", ["firewall", "services", "system"])
@pytest.mark.parametrize("change", [None, unread()])
def test_disabled_without_other_areas(area: str, change: Any) -> None:
    changes = {"listener": settings(enabled=False), area: change}
    found = disabled(facts_of(**changes), None)
    assert found is not None
    assert [r["module"] for r in found["remedies"]] == ["rdp_listener"]


def test_disabled_by_policy_is_blocked() -> None:
    found = disabled(listener(enabled=(False, "policy")), None)
    assert found is not None
    assert found["blocked_by"].startswith(f"A policy decides: fDenyTSConnections is 1 ({POLICY}\\fDenyTSConnections).")
    assert found["remedies"]


@pytest.mark.parametrize("edition", ["Core", "CoreSingleLanguage"])
def test_windows_home_has_no_host(edition: str) -> None:
    found = disabled(facts_of(listener=settings(enabled=False), system={"edition": edition}), None)
    assert found is not None
    assert edition in found["blocked_by"]


def test_a_ready_host_contradicts_a_disabled_listener() -> None:
    found = disabled(listener(enabled=False), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")


@pytest.mark.parametrize("change", UNREAD)
def test_an_unread_listener_is_never_at_fault(change: Any) -> None:
    facts = facts_of(listener=change)
    if change == {"settings": {}}:
        facts["listener"]["settings"] = {}
    for check in (disabled, contradiction, weakened, drain, logon_disabled):
        for wire in (None, ready(), dropped(), no_tcp(), refused_negotiation()):
            assert check(facts, wire) is None


@pytest.mark.parametrize("check", [disabled, contradiction, weakened, drain, logon_disabled])
@pytest.mark.parametrize("wire", [None, ready(), dropped(), no_tcp()])
def test_a_healthy_listener(check: Any, wire: Report | None) -> None:
    assert check(facts_of(), wire) is None


@pytest.mark.parametrize("check", [disabled, contradiction, weakened, drain, logon_disabled])
@pytest.mark.parametrize(
    "change",
    [
        {"enabled": 5},
        {"security_layer": 7, "nla": 0},  # numbers that nobody knows are no known weakness
        {"min_encryption_level": 0},
        {"max_instances": 4294967295},
        {"drain_mode": 3},
        {"enabled": None, "security_layer": None, "nla": None, "drain_mode": None, "max_instances": None},
        {"security_layer": "negotiate"},
        {"min_encryption_level": "fips"},
        {"min_encryption_level": "client_compatible"},
        {"max_instances": 1},
    ],
)
def test_near_misses(check: Any, change: Any) -> None:
    assert check(listener(**change), None) is None


# ---- listener.contradiction


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"security_layer": "rdp"}, {"security_layer": "tls"}),
        ({"min_encryption_level": "low"}, {"min_encryption_level": "client_compatible"}),
        (
            {"security_layer": "rdp", "min_encryption_level": "low"},
            {"security_layer": "tls", "min_encryption_level": "client_compatible"},
        ),
        ({"security_layer": "rdp", "min_encryption_level": "fips"}, {"security_layer": "tls"}),
        ({"negotiation": False}, {"negotiation": True}),
        # NLA stays off: that is no part of the contradiction.
        ({"negotiation": False, "nla": False, "security_layer": "negotiate"}, {"negotiation": True}),
    ],
)
def test_contradictions(change: Any, options: Any) -> None:
    found = contradiction(listener(**change), None)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("listener.contradiction", "proved", "degrades")
    assert [(r["module"], r["options"], r["risk"]) for r in found["remedies"]] == [("rdp_listener", options, "medium")]
    assert not found["blocked_by"]


@pytest.mark.parametrize(
    "change",
    [
        {"security_layer": "rdp", "nla": False},
        {"security_layer": "negotiate", "min_encryption_level": "low"},
        {"negotiation": False, "nla": False},  # TLS for everybody needs no negotiation
    ],
)
def test_no_contradiction(change: Any) -> None:
    assert contradiction(listener(**change), refused_negotiation()) is None


@pytest.mark.parametrize("level", [("low", "policy"), 0, None])
def test_a_level_that_is_not_ours_to_set_is_left_out(level: Any) -> None:
    found = contradiction(listener(security_layer="rdp", min_encryption_level=level), None)
    assert found is not None
    assert found["remedies"][0]["options"] == {"security_layer": "tls"}


def test_a_contradiction_of_policies_alone_leaves_nothing_to_set() -> None:
    change = {name: (value, "policy") for name, value in (("security_layer", "rdp"), ("nla", True))}
    found = contradiction(listener(**change, min_encryption_level=("high", "policy")), None)
    assert found is not None
    assert found["remedies"] == [] and found["blocked_by"]


def test_the_evidence_shows_both_sides_once() -> None:
    found = contradiction(listener(security_layer="rdp"), None)
    assert found is not None
    assert [e["text"] for e in found["evidence"]] == [
        "SecurityLayer is 0 (rdp), set on the host.",
        "UserAuthentication is 1, set on the host.",
        "NLA needs TLS, and the security layer RDP excludes it.",
    ]


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (refused_negotiation(), "The host answered the negotiation with SSL_NOT_ALLOWED_BY_SERVER."),
        (
            wire_of(ready=False, stage="x224", x224={"result": "reset"}),
            "The host answered the negotiation with a connection that was reset.",
        ),
    ],
)
def test_a_refused_negotiation_makes_it_the_breaking_cause(wire: Report, text: str) -> None:
    found = contradiction(listener(security_layer="rdp"), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")
    assert found["evidence"][-1] == {"text": text, "where": "wire"}


def test_a_missing_certificate_is_another_refusal() -> None:
    found = contradiction(listener(security_layer="rdp"), no_certificate())
    assert found is not None
    assert found["impact"] == "degrades"


def test_a_contradiction_that_a_policy_makes_is_blocked() -> None:
    found = contradiction(listener(security_layer=("rdp", "policy")), None)
    assert found is not None
    assert f"{POLICY}\\SecurityLayer" in found["blocked_by"]


def test_a_policy_on_the_sound_side_blocks_nothing_and_is_not_written() -> None:
    found = contradiction(listener(security_layer="rdp", nla=(True, "policy")), None)
    assert found is not None
    assert found["blocked_by"] == ""
    assert found["remedies"][0]["options"] == {"security_layer": "tls"}


# ---- listener.weakened


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"security_layer": "rdp", "nla": False}, {"security_layer": "tls"}),
        ({"min_encryption_level": "low"}, {"min_encryption_level": "high"}),
        (
            {"security_layer": "rdp", "nla": False, "min_encryption_level": "low"},
            {"security_layer": "tls", "min_encryption_level": "high"},
        ),
        ({"nla": (False, "default"), "security_layer": "rdp"}, {"security_layer": "tls"}),
    ],
)
def test_weakened_by_hand(change: Any, options: Any) -> None:
    found = weakened(listener(**change), ready())
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("listener.weakened", "proved", "degrades")
    assert [r["options"] for r in found["remedies"]] == [options]
    assert not found["blocked_by"]


def test_nla_that_is_off_is_a_persons_decision() -> None:
    found = weakened(listener(nla=False), ready())
    assert found is not None
    assert (found["impact"], found["remedies"]) == ("degrades", [])
    assert "nla: true" in found["decision"]


def test_what_setup_wrote_was_weakened_by_nobody() -> None:
    """Windows 7 writes UserAuthentication 0 itself, as a recorded registry of it shows."""
    facts = listener(nla=False)
    facts["listener"]["settings"]["nla"]["default"] = False
    assert weakened(facts, ready()) is None
    assert weakened(listener(nla=(False, "default")), None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"nla": (False, "policy")},
        # A local NLA beside a policy's security layer RDP would be a contradiction.
        {"nla": False, "security_layer": ("rdp", "policy")},
    ],
)
def test_weakened_by_policy_is_blocked(change: Any) -> None:
    found = weakened(listener(**change), None)
    assert found is not None
    assert found["impact"] == "degrades" and POLICY in found["blocked_by"]


def test_the_wire_shows_standard_security() -> None:
    found = weakened(listener(security_layer="rdp", nla=False), wire_of(x224={"selected": "rdp"}))
    assert found is not None
    assert found["evidence"][-1]["where"] == "wire"
