# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning Schannel: both values, no broken protocol, never the last version."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import facts_of, switched_off


def want(name: str, state: str, side: str = "server") -> list[Any]:
    return [{"name": name, "side": side, "state": state}]


def plan(wanted: list[Any], *, allow_weaker: bool = False, force: bool = False, **changes: Any) -> list[Any]:
    facts = facts_of(**changes)
    return tls.plan(
        facts["tls"],
        facts["system"],
        facts["updates"],
        release(facts["system"]["release"]),
        tls.wishes(wanted),
        allow_weaker=allow_weaker,
        force=force,
    )


OFF: dict[str, Any] = {"tls": {"protocols": switched_off("TLS 1.2"), "rdp_versions": ["TLS 1.3"]}}


def test_enabling_sets_both_values() -> None:
    changes = plan(want("TLS 1.2", "enabled"), **OFF)
    assert {change["name"]: (change["before"]["data"], change["after"]["data"]) for change in changes} == {
        "Enabled": (0, 1),
        "DisabledByDefault": (1, 0),
    }
    assert {change["target"].rpartition("Protocols")[2] for change in changes} == {"\\TLS 1.2\\Server"}


def test_default_deletes_the_values() -> None:
    assert [change["after"] for change in plan(want("TLS 1.2", "default"), **OFF)] == [None, None]


def test_what_is_so_already_is_left_alone() -> None:
    assert plan(want("TLS 1.2", "enabled")) == []
    assert plan(want("TLS 1.2", "default")) == []


def test_both_sides() -> None:
    changes = plan([*want("TLS 1.0", "disabled", "both")])
    assert len(changes) == 4


def test_a_broken_protocol_needs_a_word_more() -> None:
    with pytest.raises(Refused, match="SSL 3.0 is broken"):
        plan(want("SSL 3.0", "enabled"))
    assert plan(want("SSL 3.0", "enabled"), allow_weaker=True)


def test_what_windows_does_not_have_is_refused() -> None:
    with pytest.raises(Refused, match="SSL 2.0 can not be enabled"):
        plan(want("SSL 2.0", "enabled"), allow_weaker=True)


def test_the_last_version_stays() -> None:
    wanted = [item for name in ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3") for item in want(name, "disabled")]
    with pytest.raises(Refused, match="without any TLS version"):
        plan(wanted)
    assert len(plan(wanted, force=True)) == 8
    assert plan(wanted[:3])


def test_brokers_are_left_alone() -> None:
    broker: dict[str, Any] = {"system": {"rds_roles": ["connection_broker"]}}
    with pytest.raises(Refused, match="Connection Broker"):
        plan(want("TLS 1.0", "disabled"), **broker)
    assert plan(want("TLS 1.0", "disabled"), force=True, **broker)
    assert plan(want("TLS 1.0", "enabled"), **broker) == []


def test_of_two_wishes_for_one_side_the_later_counts() -> None:
    assert plan([*want("TLS 1.2", "disabled"), *want("TLS 1.2", "enabled")]) == []


def test_windows_7_keeps_the_version_that_its_listener_knows() -> None:
    """Microsoft: KB3080079 has to be there before TLS 1.0 is disabled, otherwise access is lost."""
    seven: dict[str, Any] = {"system": {"release": "7"}}
    with pytest.raises(Refused, match="TLS 1.0"):
        plan(want("TLS 1.0", "disabled"), **seven)
    taught = {"installed": [{"kb": "KB3080079", "description": "Update", "installed_on": ""}]}
    assert plan(want("TLS 1.0", "disabled"), updates=taught, **seven)
