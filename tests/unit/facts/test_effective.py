# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effective values: policy before local before default, and Schannel's two values over the defaults of a release."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, SETTINGS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES, release, release_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import lets_in
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import AREAS, subset
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.listener import effective
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import FirewallProfile, FirewallRule
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import state
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType, RegistryValue
from tests.unit.causes.healthy import RDP_RULE


def numbers(**values: int) -> dict[str, RegistryValue]:
    return {name: RegistryValue(RegistryType.REG_DWORD, number) for name, number in values.items()}


@pytest.mark.parametrize(
    ("policy", "local", "value", "source"),
    [
        ({}, {}, "tls", "default"),
        ({}, {"SecurityLayer": 0}, "rdp", "local"),
        ({"SecurityLayer": 1}, {"SecurityLayer": 0}, "negotiate", "policy"),
        ({}, {"SecurityLayer": 9}, 9, "local"),
    ],
)
def test_policy_wins_over_local_wins_over_default(
    policy: dict[str, int], local: dict[str, int], value: object, source: str
) -> None:
    found = effective(BY_OPTION["security_layer"], numbers(**policy), numbers(**local), release("2022"))
    assert (found["value"], found["source"]) == (value, source)
    assert ("Policies" in found["where"]) is (source == "policy")


def test_a_text_where_a_number_belongs_counts_as_absent() -> None:
    text = {"SecurityLayer": RegistryValue(RegistryType.REG_SZ, "0")}
    assert effective(BY_OPTION["security_layer"], {}, text, release("7"))["value"] == "negotiate"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.option)
def test_what_a_setting_decodes_it_encodes(setting) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    for number in setting.meanings or (0, 3389, 0xFFFFFFFF):
        assert setting.encode(setting.decode(number)) == number


@pytest.mark.parametrize(
    ("values", "default", "expected", "source"),
    [
        ({}, "enabled", "enabled", "default"),
        ({"Enabled": 0}, "enabled", "disabled", "local"),
        ({"Enabled": 0xFFFFFFFF}, "disabled", "enabled", "local"),
        ({"Enabled": 1}, "disabled_by_default", "disabled_by_default", "local"),
        ({"Enabled": 1, "DisabledByDefault": 0}, "disabled_by_default", "enabled", "local"),
        ({"DisabledByDefault": 0}, "disabled_by_default", "enabled", "local"),
        ({"DisabledByDefault": 1}, "enabled", "disabled_by_default", "local"),
        ({"Enabled": 1, "DisabledByDefault": 0}, "unsupported", "unsupported", "local"),
    ],
)
def test_schannel_states(values: dict[str, int], default: str, expected: str, source: str) -> None:
    found = state(numbers(**values), default, "HKLM\\X")
    assert (found["state"], found["source"]) == (expected, source)


@pytest.mark.parametrize(
    ("build", "product", "key"),
    [
        (7601, "client", "7"),
        (7601, "server", "2008r2"),
        (9600, "server", "2012r2"),
        (14393, "server", "2016"),
        (17763, "server", "2019"),
        (19045, "client", "10-22h2"),
        (20348, "server", "2022"),
        (26100, "client", "11-24h2"),
        (26100, "server", "2025"),
        (99999, "server", "2025"),
        (16300, "client", "10-1709"),
    ],
)
def test_releases_by_build(build: int, product: str, key: str) -> None:
    found = release_of(build, product)
    assert found is not None
    assert found.key == key


def test_nothing_is_older_than_vista_and_keys_are_unique() -> None:
    assert release_of(3790, "server") is None
    assert len({each.key for each in RELEASES}) == len(RELEASES)
    assert [each.build for each in RELEASES] == sorted(each.build for each in RELEASES)


@pytest.mark.parametrize(
    ("names", "areas"),
    [
        (["all"], list(AREAS)),
        (["min"], ["system"]),
        (["tls", "system"], ["system", "tls"]),
        (["all", "!updates"], [area for area in AREAS if area != "updates"]),
        (["!updates"], [area for area in AREAS if area != "updates"]),
    ],
)
def test_subsets(names: list[str], areas: list[str]) -> None:
    assert subset(names) == areas


def test_an_unknown_subset_is_named() -> None:
    with pytest.raises(ValueError, match="'tsl' is no subset"):
        subset(["tsl"])


PROFILE = FirewallProfile(enabled=True, default_inbound="block", local_rules_apply=True, source="default")


@pytest.mark.parametrize(
    ("profile", "rule", "allowed"),
    [
        ({}, {}, True),
        ({}, {"enabled": False}, False),
        ({}, {"profiles": ["public"]}, False),
        ({}, {"action": "block"}, False),
        ({"enabled": False}, {"enabled": False}, True),
        ({"default_inbound": "allow"}, {"enabled": False}, True),
        ({"default_inbound": "allow"}, {"action": "block"}, False),
        ({"local_rules_apply": False}, {}, False),
        ({"local_rules_apply": False}, {"source": "policy"}, True),
    ],
)
def test_what_a_profile_lets_in(profile: dict[str, object], rule: dict[str, object], allowed: bool) -> None:
    merged: Any = {**PROFILE, **profile}
    assert lets_in(merged, "domain", [cast(FirewallRule, {**RDP_RULE, **rule})]) is allowed
