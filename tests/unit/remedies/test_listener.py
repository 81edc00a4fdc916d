# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning changes of the listener: only what differs, nothing weaker, nothing under policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import listener
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import RDP_TCP, TS, facts_of, settings

ROLE = Path(__file__).resolve().parents[3] / "roles/listener"


def plan(desired: dict[str, Any], *, allow_weaker: bool = False, **changes: Any) -> list[Any]:
    return listener.plan(facts_of(listener=settings(**changes))["listener"], desired, allow_weaker=allow_weaker)


def test_nothing_to_do_changes_nothing() -> None:
    assert plan({"enabled": True, "security_layer": "tls", "nla": True, "port": 3389}) == []


def test_a_change_carries_the_value_before_and_after() -> None:
    assert plan({"enabled": True}, enabled=False) == [
        {
            "kind": "registry_value",
            "target": TS,
            "name": "fDenyTSConnections",
            "before": {"type": "REG_DWORD", "data": 1},
            "after": {"type": "REG_DWORD", "data": 0},
        }
    ]


def test_a_value_that_was_absent_is_absent_again_after_undo() -> None:
    (change,) = plan({"max_outstanding_connections": 65536})
    assert change["before"] is None
    assert change["after"] == {"type": "REG_DWORD", "data": 65536}


def test_an_unknown_number_is_kept_for_undo() -> None:
    (change,) = plan({"security_layer": "tls"}, security_layer=9)
    assert change["before"] == {"type": "REG_DWORD", "data": 9}


def test_the_secure_triple_from_a_vendors_reset() -> None:
    desired = {"security_layer": "tls", "nla": True, "min_encryption_level": "high"}
    changes = plan(desired, security_layer="rdp", min_encryption_level="low")
    assert {change["name"]: change["after"]["data"] for change in changes} == {
        "SecurityLayer": 2,
        "MinEncryptionLevel": 3,
    }
    assert all(change["target"] == RDP_TCP for change in changes)
    assert listener.restart_required(desired, changes) == ["TermService"]


@pytest.mark.parametrize(
    ("desired", "now"),
    [
        ({"security_layer": "rdp", "nla": False}, {}),
        ({"security_layer": "negotiate"}, {}),
        ({"nla": False}, {}),
        ({"min_encryption_level": "low", "security_layer": "negotiate"}, {"security_layer": "negotiate"}),
    ],
)
def test_weaker_is_refused_unless_it_is_asked_for(desired: dict[str, Any], now: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="allow_weaker"):
        plan(desired, **now)
    assert plan(desired, allow_weaker=True, **now)


@pytest.mark.parametrize(
    ("desired", "now", "words"),
    [
        (
            {"security_layer": "tls"},
            {"security_layer": "negotiate", "min_encryption_level": "low"},
            "min_encryption_level",
        ),
        ({"nla": True}, {"security_layer": "rdp", "nla": False}, "security_layer"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    desired: dict[str, Any], now: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        plan(desired, **now)


def test_a_policy_is_named_and_left_alone() -> None:
    with pytest.raises(Refused, match=r"SOFTWARE\\Policies.*SecurityLayer"):
        plan({"security_layer": "tls"}, security_layer=("rdp", "policy"))
    assert plan({"security_layer": "rdp", "nla": False}, security_layer=("rdp", "policy"), nla=False) == []


def test_switching_logons_needs_no_restart() -> None:
    desired = {"drain_mode": "off"}
    changes = plan(desired, drain_mode="on")
    assert [change["name"] for change in changes] == ["TSServerDrainMode"]
    assert listener.restart_required(desired, changes) == []


def test_nothing_is_set_on_a_listener_that_is_gone() -> None:
    """A value would make a key that has nothing else; what is not on that key can be set."""
    facts = facts_of(listener={**settings(), "present": False})["listener"]
    with pytest.raises(Refused, match="RDP-Tcp does not exist, so port can not be set: export"):
        listener.plan(facts, {"enabled": True, "port": 3390}, allow_weaker=False)
    assert listener.plan(facts, {"drain_mode": "on"}, allow_weaker=False)


def test_the_role_passes_every_setting_on() -> None:
    """A plan names settings by option, and one that the role does not know would be lost on the way."""
    tasks = yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    told = specs["argument_specs"]["main"]["options"]["listener_settings"]["options"]
    assert set(BY_OPTION) <= set(tasks[0]["winops.rdp.rdp_listener"])
    assert set(told) == set(BY_OPTION)
