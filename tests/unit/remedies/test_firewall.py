# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning the firewall: Windows' own rules first, policy and block rules left alone."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import firewall
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import RDP_RULE, facts_of


def plan(state: str = "enabled", **changes: Any) -> list[Any]:
    return firewall.plan(facts_of(firewall=changes)["firewall"], state)


OFF = {**RDP_RULE, "enabled": False}


def test_an_open_port_is_left_alone() -> None:
    assert plan() == []


def test_windows_own_rule_is_switched_on() -> None:
    (change,) = plan(rules=[OFF])
    assert (change["kind"], change["target"], change["before"], change["after"]) == (
        "firewall_rule",
        "RemoteDesktop-UserMode-In-TCP",
        False,
        True,
    )


def test_a_port_that_no_rule_covers_gets_one() -> None:
    (change,) = plan(rules=[], port=3390, active_profiles=["domain"])
    assert (change["kind"], change["name"], change["after"]) == ("firewall_port", "3390", ["domain"])


def test_an_administrators_disabled_rule_is_not_switched_on() -> None:
    (change,) = plan(rules=[{**OFF, "group": "", "id": "{1}"}])
    assert change["kind"] == "firewall_port"


def test_a_block_rule_is_somebodys_purpose() -> None:
    with pytest.raises(Refused, match=r"\{2\} blocks TCP 3389"):
        plan(rules=[RDP_RULE, {**RDP_RULE, "id": "{2}", "action": "block"}])


def test_void_local_rules_are_the_policys_affair() -> None:
    profile = {"enabled": True, "default_inbound": "block", "local_rules_apply": False, "source": "policy"}
    with pytest.raises(Refused, match="AllowLocalPolicyMerge"):
        plan(rules=[OFF], profiles=dict.fromkeys(("domain", "private", "public"), profile))


def test_disabling_switches_off_what_allows() -> None:
    (change,) = plan("disabled")
    assert (change["before"], change["after"]) == (True, False)
    with pytest.raises(Refused, match="WinRM"):
        plan("disabled", rules=[{**RDP_RULE, "ports": ["3380-5990"]}])
    with pytest.raises(Refused, match="Group Policy"):
        plan("disabled", rules=[{**RDP_RULE, "source": "policy"}])
