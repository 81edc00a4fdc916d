# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""listener.drain, listener.logon_disabled and listener.unknown_value."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.logons import drain, logon_disabled
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.values import unknown_value
from tests.unit.causes.healthy import facts_of, no_tcp, ready, settings, unread


def listener(**changes: Any) -> Any:
    return facts_of(listener=settings(**changes))


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("until_restart", "TSServerDrainMode is 1 (until_restart), set on the host."),
        ("on", "TSServerDrainMode is 2 (on), set on the host."),
    ],
)
@pytest.mark.parametrize("wire", [None, ready(), no_tcp()])
def test_a_host_that_is_drained(mode: str, text: str, wire: Report | None) -> None:
    found = drain(listener(drain_mode=mode), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("listener.drain", "proved", "breaks")
    assert [e["text"] for e in found["evidence"]] == [text]
    assert found["remedies"] == [] and not found["contradicts"]
    assert ("next restart" in found["decision"]) == (mode == "until_restart")
    assert logon_disabled(listener(drain_mode=mode), wire) is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"logons_allowed": False}, "fLogonDisabled is 1, set on the host."),
        ({"user_logons_allowed": False}, "TSUserEnabled is 1, set on the host."),
        ({"max_instances": 0}, "MaxInstanceCount is 0, set on the host."),
        ({"max_instances": (0, "policy")}, "MaxInstanceCount is 0, set by policy."),
    ],
)
@pytest.mark.parametrize("wire", [None, ready(), no_tcp()])
def test_logons_are_refused(change: Any, text: str, wire: Report | None) -> None:
    found = logon_disabled(listener(**change), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("listener.logon_disabled", "proved", "breaks")
    assert (found["title"], found["stage"]) == ("The listener refuses logons", "logon")
    assert [e["text"] for e in found["evidence"]] == [text]
    ((option, given),) = change.items()
    (remedy,) = found["remedies"]
    assert remedy["options"] == {option: 0xFFFFFFFF if option == "max_instances" else True}
    assert (bool(found["blocked_by"]), found["decision"]) == (isinstance(given, tuple), "")
    assert drain(listener(**change), wire) is None


def test_a_limit_that_is_reached() -> None:
    facts = facts_of(listener=settings(max_instances=2), sessions={"connected": 2})
    found = logon_disabled(facts, ready())
    assert found is not None
    assert (found["confidence"], found["title"]) == ("likely", "As many people are connected as the listener takes")
    assert found["evidence"][1]["text"] == "2 people are connected."
    assert found["remedies"] == [] and "max_instances" in found["decision"]


@pytest.mark.parametrize("sessions", [{"connected": 1}, unread(), None])
def test_a_limit_that_is_not_known_to_be_reached(sessions: Any) -> None:
    assert logon_disabled(facts_of(listener=settings(max_instances=2), sessions=sessions), ready()) is None


# ---- listener.unknown_value


@pytest.mark.parametrize(
    ("change", "text", "choices", "options"),
    [
        ({"security_layer": 7}, "SecurityLayer is 7; Microsoft", "", {"security_layer": "tls"}),
        ({"enabled": 2}, "fDenyTSConnections is 2; Microsoft", "", {"enabled": True}),
        ({"nla": (3, "policy")}, "UserAuthentication is 3; Microsoft", "UserAuthentication (0, 1)", {"nla": True}),
        ({"nla": 3}, "UserAuthentication is 3; Microsoft", "", {"nla": True}),
    ],
)
def test_a_number_without_a_meaning(change: Any, text: str, choices: str, options: dict[str, Any]) -> None:
    found = unknown_value(listener(**change), no_tcp())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert [one["options"] for one in found["remedies"]] == ([options] if options else [])
    assert bool(found["blocked_by"]) is (change == {"nla": (3, "policy")})
    assert found["evidence"][0]["text"].startswith(text)
    assert choices in found["decision"] if choices else not found["decision"]


@pytest.mark.parametrize("change", [{}, {"port": 4000}, {"max_instances": 3}, {"security_layer": None}])
def test_numbers_that_mean_something(change: Any) -> None:
    assert unknown_value(listener(**change), no_tcp()) is None


@pytest.mark.parametrize("area", [None, unread()])
def test_an_unread_listener(area: Any) -> None:
    assert unknown_value(facts_of(listener=area), ready()) is None
    assert logon_disabled(facts_of(listener=area), ready()) is None
