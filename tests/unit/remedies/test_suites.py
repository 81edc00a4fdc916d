# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning switches and lists of cipher suites: values go, nothing broken comes back, nobody is locked out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import profile
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import locked_out, suites, switches, tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import facts_of, settings

KEY = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Ciphers\\"
LIST = {"type": "REG_SZ", "data": "TLS_RSA_WITH_RC4_128_SHA"}
GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"


def ciphers(**numbers: int) -> Any:
    """By key name, with _ for what a keyword can not have: AES_128 for AES 128/128."""
    names = {"AES_128": "AES 128/128", "AES_256": "AES 256/256", "RC4": "RC4 128/128"}
    found = {names[name]: {"enabled": number, "where": KEY + names[name]} for name, number in numbers.items()}
    return facts_of(tls={"ciphers": found})["tls"]


def want(name: str, state: str = "default") -> list[switches.Wish]:
    return switches.wishes("ciphers", [{"name": name, "state": state}])


# -- switches


def test_default_deletes_the_value() -> None:
    (change,) = switches.plan(ciphers(AES_128=0), want("AES 128/128"), allow_weaker=False)
    assert (change["target"], change["name"]) == (KEY + "AES 128/128", "Enabled")
    assert (change["before"], change["after"]) == ({"type": "REG_DWORD", "data": 0}, None)


@pytest.mark.parametrize("state", ["default", "disabled"])
def test_nothing_but_0_is_ever_written(state: str) -> None:
    for number in (0, 1, 0xFFFFFFFF):
        for change in switches.plan(ciphers(RC4=number), want("RC4 128/128", state), allow_weaker=True):
            assert change["after"] in (None, {"type": "REG_DWORD", "data": 0})
    assert switches.plan(ciphers(RC4=0), want("rc4 128/128", "disabled"), allow_weaker=False) == []


def test_what_is_broken_stays_off() -> None:
    with pytest.raises(Refused, match="RC4 128/128 is broken"):
        switches.plan(ciphers(RC4=0), want("RC4 128/128"), allow_weaker=False)
    assert switches.plan(ciphers(RC4=0), want("RC4 128/128"), allow_weaker=True)


def test_values_that_are_not_meant_are_found() -> None:
    facts = ciphers(AES_128=1, AES_256=0xFFFFFFFF, RC4=0)
    assert switches.misused(facts) == want("AES 128/128")
    assert [switches.state(facts, want(name)[0]) for name in ("AES 128/128", "AES 256/256", "RC4 128/128", "NULL")] == [
        "misused",
        "enabled",
        "disabled",
        "default",
    ]


def test_what_comes_of_wishes() -> None:
    after = switches.after(ciphers(AES_128=1, RC4=1), [*want("AES 128/128"), *want("RC4 128/128", "disabled")])
    assert {name: switch["enabled"] for name, switch in after["ciphers"].items()} == {"RC4 128/128": 0}


# -- lists


def test_a_list_goes_only_where_nobody_sets_it() -> None:
    (change,) = suites.plan_policy(LIST, "")
    assert (change["before"], change["after"]) == (LIST, None)
    assert suites.plan_policy(None, "The GPO sets it.") == []
    with pytest.raises(Refused, match="The GPO sets it. Set the policy"):
        suites.plan_policy(LIST, "The GPO sets it.")


def local(wanted: list[str], key: str = "2022", **options: Any) -> list[Any]:
    return suites.plan_local(None, wanted, release(key), **{"by_policy": False, "allow_weaker": False, **options})


def test_the_hosts_own_list_is_written_as_windows_does() -> None:
    (change,) = local([GCM])
    assert change["after"] == {"type": "REG_MULTI_SZ", "data": [GCM]}
    assert suites.plan_local(change["after"], [GCM], release("2022"), by_policy=False, allow_weaker=False) == []


@pytest.mark.parametrize(
    ("wanted", "options", "says"),
    [
        (["TLS_NOPE"], {}, "TLS_NOPE: no cipher suites"),
        ([GCM, GCM], {}, "named twice"),
        ([f"{GCM}_P256"], {}, "has no curve"),
        (["TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"], {"key": "2012r2"}, "_P256"),
        (["TLS_RSA_WITH_RC4_128_SHA"], {}, "broken ciphers"),
        ([GCM], {"by_policy": True}, "counts in place"),
    ],
)
def test_lists_that_are_refused(wanted: list[str], options: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        local(wanted, **options)


# -- whom it locks out


def after(facts: Any, wanted: list[Any]) -> Any:
    windows = release("2022")
    states = {name: sides["server"]["state"] for name, sides in facts["tls"]["protocols"].items()}
    states.update({each["name"]: each["state"] for each in wanted})
    return locked_out.after(facts["tls"], windows, states, facts["tls"]["cipher_suites"])


NO_OLD = [{"name": name, "state": "disabled"} for name in ("TLS 1.0", "TLS 1.1")]
SUITES = {"cipher_suites": {"value": list(DEFAULTS["2022"]), "source": "default", "where": ""}}


def test_a_client_that_needs_an_old_version_is_named() -> None:
    facts = facts_of(tls=SUITES)
    then = after(facts, NO_OLD)
    assert locked_out.narrows(facts["tls"], then)
    locked_out.check(facts, then, locked_out.current())
    with pytest.raises(Refused, match="7: No TLS version in common"):
        locked_out.check(facts, then, [*locked_out.current(), profile("7")])


def test_who_is_out_already_or_needs_no_tls_is_not_locked_out() -> None:
    facts = facts_of(tls={**SUITES, "rdp_versions": ["TLS 1.2"]})
    locked_out.check(facts, after(facts, NO_OLD), [profile("7")])
    without = facts_of(tls=SUITES, listener=settings(security_layer="rdp"))
    locked_out.check(without, after(without, NO_OLD), [profile("7")])


def test_what_gives_more_narrows_nothing() -> None:
    facts = facts_of(tls=SUITES)
    then = after(facts, [])
    same = {**facts["tls"], "usable_suites": then["usable_suites"]}
    assert not locked_out.narrows(same, then)  # type: ignore[arg-type]


def test_a_profile_leaves_out_what_windows_does_not_have() -> None:
    facts = facts_of()["tls"]
    names = [each["name"] for each in tls.of_profile(facts, {"enabled": ("TLS 1.2",), "disabled": ("SSL 2.0",)})]
    assert names == ["TLS 1.2"]
