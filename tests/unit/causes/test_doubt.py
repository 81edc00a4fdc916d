# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS is not raised where it would cut people off."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from tests.unit.causes.healthy import bound, facts_of, key_file, ready, security, settings, unread, wire_of

WITHOUT_TLS = wire_of(x224={"selected": "rdp"}, tls={"result": "not_tried", "certificate": None, "version": None})
RDP = settings(security_layer="rdp")
POLICY = {"value": ["TLS_X"], "source": "policy", "where": "HKLM\\SOFTWARE\\Policies\\X"}
UNREAD_KEY: dict[str, Any] = {"status": "denied", "reason": "no right", "owner": None, "protected": None, "dacl": []}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"machine_keys": {"keys": [key_file(security=security())]}}, "machine_keys.acl"),
        ({"certificate": bound(days_left=-3.0)}, "certificate.expired"),
        ({"tls": {"rdp_versions": []}}, "tls.no_common_version"),
        ({"services": {"restart_pending": ["TermService"]}}, "service.restart_pending"),
        ({"tls": unread()}, "could be read"),
        ({"machine_keys": {"keys": [key_file(security=UNREAD_KEY)]}}, "access list"),
        ({"tls": {"cipher_suites": POLICY}}, "cipher suites"),
    ],
)
def test_a_raise_waits_for_what_tls_needs(changes: dict[str, Any], word: str) -> None:
    verdict = judge(facts_of(listener=RDP, **changes), WITHOUT_TLS)
    assert "rdp_listener" not in [step["module"] for step in verdict["plan"]]
    reasons = {each["cause"]: each["reason"] for each in verdict["left_alone"]}
    assert word in reasons["listener.contradiction"]


def test_where_nothing_speaks_against_it_tls_is_raised() -> None:
    verdict = judge(facts_of(listener=RDP), WITHOUT_TLS)
    assert [(step["module"], step["options"]) for step in verdict["plan"]] == [
        ("rdp_listener", {"security_layer": "tls"})
    ]
    assert judge(facts_of(), ready())["plan"] == []
