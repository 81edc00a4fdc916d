# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes between a host and the client that somebody connects from."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.client import (
    credssp_oracle,
    stale_certificate,
    tls,
    udp,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import as_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client, Facts
from tests.unit.causes.healthy import CUSTOM, SELF_SIGNED, facts_of, ready, unread, wire_of

SUITES = {"usable_suites": list(DEFAULTS["2022"])}
SID = "S-1-5-21-1-2-3-1001"


def machine(**changes: Any) -> Client:
    """A client of Windows 11 24H2 that was read."""
    facts: dict[str, Any] = {**as_facts("11-24h2"), "profile": "", "hostname": "PC17", "full_build": "26100.4000"}
    return cast(Client, {**facts, **changes})


def with_client(client: Client | None, **changes: Any) -> Facts:
    facts = facts_of(**{"tls": SUITES, **changes})
    if client is not None:
        facts["client"] = client
    return facts


# -- CVE-2018-0886

OLD = {"credssp_fixed": False, "credssp_version": "10.0.14393.2214"}


@pytest.mark.parametrize("version", [None, 2, 4])
def test_a_host_without_the_correction(version: int | None) -> None:
    found = credssp_oracle(facts_of(updates=OLD), ready(credssp={"version": version}))
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == ("likely", "breaks", "credssp")
    assert "10.0.14393.2214" in found["evidence"][0]["text"]
    assert any(each["where"] == "wire" for each in found["evidence"]) is (version is not None)
    assert not found["remedies"]


@pytest.mark.parametrize("version", [5, 6])
def test_its_own_version_of_credssp_contradicts(version: int) -> None:
    found = credssp_oracle(facts_of(updates=OLD), ready(credssp={"version": version}))
    assert found is not None
    assert (found["confidence"], found["impact"], bool(found["contradicts"])) == ("possible", "degrades", True)


def test_a_host_that_was_left_vulnerable() -> None:
    found = credssp_oracle(facts_of(logon={"encryption_oracle": "vulnerable"}), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert "AllowEncryptionOracle is 2" in found["evidence"][0]["text"]
    (wanted,) = found["remedies"]
    assert (wanted["module"], wanted["options"]) == ("rdp_client", {"encryption_oracle": "default"})


ORACLE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters\AllowEncryptionOracle"
BY_POLICY = {"where": ORACLE, "value": "2", "gpo": "Old servers", "gpo_id": "", "link": "", "precedence": 1}


@pytest.mark.parametrize(
    ("domain", "policies", "blocked"),
    [
        (True, {"rsop": "ok", "rsop_reason": "", "values": [BY_POLICY], "sources": {}}, "Old servers"),
        (True, {"rsop": "ok", "rsop_reason": "", "values": [], "sources": {}}, ""),
        (True, {"rsop": "denied", "rsop_reason": "x", "values": [], "sources": {}}, "could not be read"),
        (False, {"rsop": "absent", "rsop_reason": "x", "values": [], "sources": {}}, ""),
    ],
)
def test_what_group_policy_sets_is_left_alone(domain: bool, policies: dict[str, Any], blocked: str) -> None:
    facts = facts_of(logon={"encryption_oracle": "vulnerable"}, policies=policies, system={"part_of_domain": domain})
    found = credssp_oracle(facts, ready())
    assert found is not None
    assert blocked in found["blocked_by"]
    assert bool(found["blocked_by"]) is bool(blocked)


def test_a_host_without_the_correction_is_updated_first() -> None:
    found = credssp_oracle(facts_of(updates=OLD, logon={"encryption_oracle": "vulnerable"}), ready())
    assert found is not None
    assert found["remedies"] == []


@pytest.mark.parametrize("oracle", [None, "mitigated", "force_updated"])
def test_other_settings_are_no_finding(oracle: str | None) -> None:
    assert credssp_oracle(facts_of(logon={"encryption_oracle": oracle}), ready()) is None


def test_the_client_that_was_named_is_refused() -> None:
    facts = with_client(
        machine(credssp_fixed=False, full_build="14393.1"), logon={"encryption_oracle": "force_updated"}
    )
    found = credssp_oracle(facts, None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "breaks")
    assert "PC17" in found["evidence"][0]["text"]
    assert "on the client" in found["decision"]


@pytest.mark.parametrize("area", ["updates", "logon"])
def test_what_was_not_read_is_no_finding(area: str) -> None:
    assert credssp_oracle(facts_of(**{area: unread()}), None) is None
    assert credssp_oracle(facts_of(**{area: None}), None) is None


# -- TLS of one client


def test_a_client_that_shares_no_version() -> None:
    facts = with_client(machine(tls_versions=["TLS 1.0"]), tls={**SUITES, "rdp_versions": ["TLS 1.2", "TLS 1.3"]})
    found = tls(facts, None)
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == ("proved", "degrades", "tls")
    assert found["explains"] == ["0x904/0x7"]
    assert "TLS 1.2" in found["decision"]


def test_a_profile_is_likely_at_most() -> None:
    facts = with_client(as_facts("7"), tls={**SUITES, "rdp_versions": ["TLS 1.2"]})
    found = tls(facts, None)
    assert found is not None
    assert (found["confidence"], found["evidence"][0]["where"]) == ("likely", "the client profile")


def test_a_client_without_credssp() -> None:
    found = tls(with_client(as_facts("xp-sp3")), None)
    assert found is not None
    assert found["stage"] == "x224"
    assert "Network Level Authentication" in found["evidence"][0]["text"]


@pytest.mark.parametrize(
    "facts",
    [
        with_client(None),
        with_client(machine()),
        with_client(cast(Client, {"status": "denied", "reason": "no"})),
        # Nobody gets through: that is the host's own fault.
        with_client(as_facts("7"), tls={"rdp_versions": [], **SUITES}),
        with_client(as_facts("7"), tls=unread()),
    ],
)
def test_no_finding_without_a_client_that_differs(facts: Facts) -> None:
    assert tls(facts, None) is None


def test_a_named_client_does_not_make_the_host_a_broken_one() -> None:
    facts = with_client(as_facts("xp-sp3"))
    assert judge(facts, ready())["state"] == "degraded"
    assert judge(with_client(machine()), ready())["state"] == "healthy"


# -- a certificate that the client remembers


def memory(server: str, cert_hash: str) -> dict[str, str]:
    return {"sid": SID, "server": server, "cert_hash": cert_hash}


@pytest.mark.parametrize("name", ["SRV22", "srv22.corp.example", "127.0.0.22"])
def test_another_certificate_is_remembered(name: str) -> None:
    found = stale_certificate(with_client(machine(servers=[memory(name, CUSTOM)])), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "informs")
    assert SID in found["evidence"][0]["where"]
    assert SELF_SIGNED in found["evidence"][1]["text"]


@pytest.mark.parametrize(
    ("servers", "wire"),
    [
        ([], ready()),
        ([memory("srv22", SELF_SIGNED.lower())], ready()),
        ([memory("srv22", "")], ready()),
        ([memory("other", CUSTOM)], ready()),
        ([memory("127.0.0.22", CUSTOM)], None),
    ],
)
def test_nothing_stale_is_remembered(servers: list[dict[str, str]], wire: Report | None) -> None:
    assert stale_certificate(with_client(machine(servers=servers)), wire) is None


def test_without_the_certificate_nothing_is_stale() -> None:
    facts = with_client(machine(servers=[memory("srv22", CUSTOM)]), certificate=unread())
    assert stale_certificate(facts, ready()) is None


# -- UDP

OLD_HOST = {"build": 14393, "full_build": "14393.6796", "release": "2016"}


@pytest.mark.parametrize("build", ["26100.3037", "26100.3476"])
def test_a_client_that_drops_udp(build: str) -> None:
    found = udp(with_client(machine(full_build=build), system=OLD_HOST), None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "degrades")
    assert "KB5053656" in found["decision"]


@pytest.mark.parametrize(
    ("client", "system"),
    [
        ({"full_build": "26100.3036"}, OLD_HOST),
        ({"full_build": "26100.3624"}, OLD_HOST),
        ({"full_build": "26100"}, OLD_HOST),
        ({"full_build": "26100.3476", "udp_disabled": True}, OLD_HOST),
        ({"full_build": "26100.3476"}, {"build": 17763}),
        ({"full_build": "26100.3476"}, unread()),
    ],
)
def test_udp_holds(client: dict[str, Any], system: dict[str, Any]) -> None:
    assert udp(with_client(machine(**client), system=system), wire_of()) is None


def test_udp_needs_a_client() -> None:
    assert udp(with_client(None, system=OLD_HOST), None) is None
