# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own values over a baseline: what counts, and what is told of one that means nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import BASELINES, Wanted
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.wanted import BadBaseline, wanted_of


def values(name: str, **own: dict[str, Any]) -> dict[str, Any]:
    return {each.setting: each.value for each in wanted_of(name, own)}


def test_own_values_come_first_and_null_takes_one_out() -> None:
    found = values("cis", listener={"nla": None, "port": 3390, "min_encryption_level": "fips"}, firewall={"open": True})
    assert "listener.nla" not in found
    assert (found["listener.port"], found["listener.min_encryption_level"]) == (3390, "fips")
    assert found["firewall.open"] is True
    assert wanted_of("", {}) == []
    assert wanted_of("", {"services": {"KeyIso": "auto"}}) == [
        Wanted("services", "KeyIso", "auto", "the settings of this task")
    ]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_holds_what_a_user_may_say_as_well(name: str) -> None:
    own: dict[str, dict[str, Any]] = {}
    for each in BASELINES[name]:
        own.setdefault(each.section, {})[each.name] = each.value
    assert values("", **own) == values(name)


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("legacy_clients", {"protocols": {"TLS 1.0": "disabled"}}),  # fewer clients, and more security
        ("microsoft", {"hashes": {"SHA": "disabled"}}),
        ("microsoft", {"services": {"TermService": "auto"}}),
        ("microsoft", {"client": {"encryption_oracle": "mitigated"}}),  # what Windows does by default
        ("", {"listener": {"nla": False}}),
    ],
)
def test_what_is_no_weaker_than_the_baseline_counts(name: str, own: dict[str, Any]) -> None:
    [(section, named)] = own.items()
    [(option, value)] = named.items()
    assert values(name, **own)[f"{section}.{option}"] == value


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"listener": {"nla": False}}, "listener.nla false is weaker than true, which the baseline cis wants"),
        ({"listener": {"security_layer": "negotiate"}}, "negotiate is weaker than tls"),
        ({"client": {"encryption_oracle": "mitigated"}}, "mitigated is weaker than force_updated"),
    ],
)
def test_weaker_than_the_baseline_is_a_contradiction(own: dict[str, Any], said: str) -> None:
    with pytest.raises(BadBaseline, match=said) as refused:
        wanted_of("cis", own)
    assert "null" in str(refused.value)


def test_a_version_of_today_that_is_off_is_weaker() -> None:
    with pytest.raises(BadBaseline, match="weaker"):
        wanted_of("microsoft", {"protocols": {"TLS 1.2": "disabled"}})


@pytest.mark.parametrize(
    ("name", "own", "said"),
    [
        ("sci", {}, "there is no baseline 'sci'"),
        ("cis", {"listner": {}}, "settings has no 'listner', but listener, protocols"),
        ("cis", {"listener": 3}, "settings.listener is a dictionary of names and values, not 3"),
        ("cis", {"listener": {"nlla": True}}, "listener.nlla is not known; listener has enabled"),
        ("cis", {"listener": {"nlla": None}}, "listener.nlla is not known"),
        ("cis", {"listener": {"nla": 1}}, "listener.nla is true or false, not 1"),
        ("cis", {"listener": {"nla": "always"}}, "listener.nla is true or false, not 'always'"),
        ("cis", {"listener": {"security_layer": "ssl"}}, "listener.security_layer is rdp or negotiate or tls, not"),
        ("cis", {"listener": {"port": True}}, "listener.port is a number from 1 to 65535, not True"),
        ("cis", {"listener": {"port": 65536}}, "listener.port is a number from 1 to 65535, not 65536"),
        ("cis", {"services": {"TermService": "disabled"}}, "services.TermService is manual or auto"),
        ("cis", {"protocols": {"SSL 3.0": "enabled"}}, "no baseline can want it"),
        ("cis", {"ciphers": {"RC5": "disabled"}}, "ciphers.RC5 is not known"),
        ("cis", {"hashes": {"MD5": "enabled"}}, "hashes.MD5 is default or disabled"),
        ("cis", {"certificate": {"binding": "CN=srv"}}, "certificate.binding is self_signed or a thumbprint"),
        ("cis", {"certificate": {"sound": False}}, "certificate.sound is true, not False"),
        ("cis", {"firewall": {"domain": "off"}}, "firewall.domain is on, not 'off'"),
        ("cis", {"client": {"encryption_oracle": "vulnerable"}}, "client.encryption_oracle is default or mitigated"),
        ("cis", {"accounts": {"TermService": "LocalSystem"}}, "accounts.TermService is default"),
    ],
)
def test_what_means_nothing_is_told_in_a_sentence(name: str, own: dict[str, Any], said: str) -> None:
    with pytest.raises(BadBaseline, match=said.replace(".", r"\.")) as refused:
        wanted_of(name, own)
    assert "\n" not in str(refused.value)
