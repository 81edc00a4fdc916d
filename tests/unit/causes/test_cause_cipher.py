# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes in the cipher suites: none in common, FIPS mode, switches with a wrong value."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.cipher import fips, misused_value, no_common_cipher
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import alert, bound, certificate, dropped, facts_of, logged, ready, settings, unread

KEY = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL"
POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002\\Functions"
RC4 = ["TLS_RSA_WITH_RC4_128_SHA"]
RSA = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
ECDSA = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
NO_SUITE = logged("Schannel", 36874, by_value={"TLS 1.2": 3})
ALERT_40 = logged("Schannel", 36888, by_value={"40": 2})
FAILED = alert("handshake_failure")


def suites(*names: str, source: str = "policy", **changes: Any) -> dict[str, Any]:
    """The change of facts_of(tls=...) for a host whose settings leave these; TLS 1.3 would need suites of its own."""
    return {
        "cipher_suites": {"value": list(names), "source": source, "where": POLICY},
        "usable_suites": list(names),
        **changes,
    }


def switch(name: str, number: int, kind: str = "Ciphers") -> dict[str, Any]:
    return {name: {"enabled": number, "where": f"{KEY}\\{kind}\\{name}"}}


@pytest.mark.parametrize("names", [DEFAULTS["2022"], DEFAULTS["2016"], RSA, ["TLS_AES_128_GCM_SHA256"]])
@pytest.mark.parametrize("wire", [None, ready(), FAILED])
def test_a_suite_of_a_current_client_is_enough(names: list[str], wire: Report | None) -> None:
    assert no_common_cipher(facts_of(tls=suites(*names)), wire) is None


@pytest.mark.parametrize("names", [RC4, [], ["TLS_DHE_RSA_WITH_AES_256_CBC_SHA"]])
@pytest.mark.parametrize("wire", [None, dropped(), FAILED])
def test_no_suite_of_a_current_client_breaks(names: list[str], wire: Report | None) -> None:
    found = no_common_cipher(facts_of(tls=suites(*names)), wire)
    assert found is not None
    assert (found["confidence"], found["impact"], found["explains"]) == ("proved", "breaks", ["0x904/0x7"])
    assert found["evidence"][0]["text"].startswith(f"The settings leave {len(names)} cipher suites")
    assert POLICY in [each["where"] for each in found["evidence"]]
    (remedy,) = found["remedies"]
    assert (remedy["options"], remedy["risk"]) == ({"cipher_suites_policy": "absent"}, "high")
    assert "restart Windows" in found["decision"]
    assert (found["stage"], bool(found["reference"])) == ("tls", True)
    assert any(each["where"] == "wire" for each in found["evidence"]) is (wire is not None)


def test_switches_are_evidence() -> None:
    off = {**switch("AES 128/128", 0), **switch("AES 256/256", 0), **switch("RC4 128/128", 0xFFFFFFFF)}
    found = no_common_cipher(facts_of(tls=suites(*RC4, source="default", ciphers=off)), None)
    assert found is not None
    assert [each["text"] for each in found["evidence"]][1:3] == [
        "AES 128/128 is switched off.",
        "AES 256/256 is switched off.",
    ]
    (remedy,) = found["remedies"]
    assert remedy["options"] == {
        "ciphers": [{"name": "AES 128/128", "state": "default"}, {"name": "AES 256/256", "state": "default"}]
    }


GPO = {"where": POLICY, "value": "X", "gpo": "TLS", "gpo_id": "", "link": "", "precedence": 1}


@pytest.mark.parametrize(
    ("policies", "says"),
    [({"values": [GPO]}, 'object "TLS"'), ({"rsop": "absent"}, "Nobody is known"), (unread(), "A policy decides")],
)
def test_a_list_that_a_policy_may_set_is_left_alone(policies: dict[str, Any], says: str) -> None:
    found = no_common_cipher(facts_of(tls=suites(*RC4), policies=policies), FAILED)
    assert found is not None
    assert says in found["blocked_by"]
    assert "SSL Cipher Suite Order" in found["decision"]


def test_the_least_that_helps_is_changed() -> None:
    """A list that has suites is left alone when switches are what takes them away, and the list when they are not."""
    off = {**switch("AES 128/128", 0), **switch("AES 256/256", 0)}
    for names, options in ((RSA, {"ciphers"}), (RC4, {"ciphers", "cipher_suites_policy"})):
        tls = {**suites(*names, ciphers=off), "usable_suites": []}
        found = no_common_cipher(facts_of(tls=tls), FAILED)
        assert found is not None
        assert set(found["remedies"][0]["options"]) == options


def test_what_nothing_helps_against_is_for_a_person() -> None:
    found = no_common_cipher(facts_of(tls=suites(*RC4, source="default")), FAILED)
    assert found is not None
    assert not found["remedies"]
    assert "sound host" in found["decision"]


def test_a_bound_certificate_with_a_key_that_no_suite_takes() -> None:
    facts = facts_of(tls=suites(*RSA), certificate=bound(key_algorithm="EC"))
    found = no_common_cipher(facts, FAILED)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "breaks")
    assert "key" in found["title"]
    assert {each["module"] for each in found["remedies"]} == {"rdp_certificate"}
    assert not found["blocked_by"]


def test_the_key_alone_is_not_to_blame_where_the_self_signed_one_would_not_help() -> None:
    found = no_common_cipher(facts_of(tls=suites(*ECDSA)), None)
    assert found is not None
    assert not found["remedies"]
    assert "Bind a certificate" in found["decision"]


def test_a_broker_keeps_its_certificate() -> None:
    facts = facts_of(
        tls=suites(*RSA), certificate=bound(key_algorithm="EC"), system={"rds_roles": ["connection_broker"]}
    )
    found = no_common_cipher(facts, None)
    assert found is not None
    assert "broker" in found["blocked_by"]


def test_a_logon_that_works_contradicts() -> None:
    found = no_common_cipher(facts_of(tls=suites(*RC4)), ready())
    assert found is not None
    assert (found["confidence"], found["impact"], bool(found["contradicts"])) == ("likely", "degrades", True)


def test_without_tls_it_only_degrades() -> None:
    found = no_common_cipher(facts_of(tls=suites(*RC4), listener=settings(security_layer="rdp")), None)
    assert found is not None
    assert (found["impact"], found["explains"]) == ("degrades", [])


def test_events_speak_for_it() -> None:
    facts = facts_of(tls=suites(*RC4), events={"seen": [NO_SUITE, ALERT_40, logged("Schannel", 36888)]})
    found = no_common_cipher(facts, None)
    assert found is not None
    assert sum("event 36874" in each["text"] for each in found["evidence"]) == 1
    assert sum("event 36888" in each["text"] for each in found["evidence"]) == 1


@pytest.mark.parametrize("tls", [unread(), {"usable_suites": None}])
def test_unread_suites_leave_the_alert(tls: dict[str, Any]) -> None:
    assert no_common_cipher(facts_of(tls=tls), ready()) is None
    assert no_common_cipher(facts_of(tls=tls), dropped()) is None
    found = no_common_cipher(facts_of(tls=tls), FAILED)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "breaks")


def test_no_version_is_another_cause() -> None:
    assert no_common_cipher(facts_of(tls=suites(*RC4, rdp_versions=[])), None) is None


def test_an_unread_certificate_leaves_the_list_to_judge_by() -> None:
    assert no_common_cipher(facts_of(tls=suites(*RSA), certificate=unread()), None) is None
    assert no_common_cipher(facts_of(tls=suites(*RC4), certificate=unread()), None) is not None


# -- FIPS


ON = {"fips": {"value": True, "where": f"{KEY}\\X\\Enabled"}}


@pytest.mark.parametrize(
    ("facts", "count"),
    [
        (facts_of(tls=ON), 1),
        (facts_of(listener=settings(min_encryption_level="fips")), 1),
        (facts_of(tls=ON, listener=settings(min_encryption_level="fips")), 2),
    ],
)
def test_fips_informs(facts: Facts, count: int) -> None:
    found = fips(facts, ready())
    assert found is not None
    assert (found["confidence"], found["impact"], len(found["evidence"])) == ("possible", "informs", count)
    assert "0x904/0x8" in found["explains"]
    assert not found["remedies"]


def test_fips_and_a_handshake_that_fails() -> None:
    found = fips(facts_of(tls=ON), FAILED)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")


@pytest.mark.parametrize("facts", [facts_of(), facts_of(tls=unread(), listener=unread())])
def test_no_fips(facts: Facts) -> None:
    assert fips(facts, FAILED) is None


# -- a value that is not meant


@pytest.mark.parametrize(
    ("wire", "confidence", "impact"),
    [
        (None, "possible", "degrades"),
        (ready(), "possible", "informs"),
        (FAILED, "likely", "breaks"),
        (dropped(), "likely", "breaks"),
    ],
)
@pytest.mark.parametrize("kind", ["ciphers", "hashes", "key_exchange"])
def test_one_is_no_value_for_algorithms(wire: Report | None, confidence: str, impact: str, kind: str) -> None:
    found = misused_value(facts_of(tls={kind: switch("AES 128/128", 1)}), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, impact)
    assert found["evidence"][0]["text"] == "Enabled of AES 128/128 is 1, not 4294967295 (0xffffffff)."
    assert [each["options"] for each in found["remedies"]] == [{"repair_misused_values": True}]
    assert bool(found["contradicts"]) is (impact == "informs")


@pytest.mark.parametrize("number", [0, 0xFFFFFFFF])
def test_right_values_are_no_finding(number: int) -> None:
    assert misused_value(facts_of(tls={"ciphers": switch("AES 128/128", number)}), FAILED) is None


def test_unread_switches_are_no_finding() -> None:
    assert misused_value(facts_of(tls=unread()), FAILED) is None


# -- TLS is raised where it is known that suites are left


@pytest.mark.parametrize(("names", "raised"), [(RSA, True), (RC4, False)])
def test_a_policy_whose_suites_are_known_does_not_hold_tls_back(names: list[str], raised: bool) -> None:
    verdict = judge(facts_of(tls=suites(*names), listener=settings(security_layer="rdp")), None)
    assert ("rdp_listener" in [step["module"] for step in verdict["plan"]]) is raised


def test_the_certificate_of_the_healthy_host_has_an_rsa_key() -> None:
    assert certificate()["key_algorithm"] == "RSA"
