# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How clients and servers are understood: profiles, facts, wire reports, releases, and what a user writes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import (
    PROFILES,
    BadParty,
    as_facts,
    client,
    of_facts,
    one_client,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_facts as server_of_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import (
    of_release,
    of_wire,
    rdp_versions,
    server,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client
from tests.unit.causes.healthy import (
    ace,
    bound,
    facts_of,
    key_file,
    ready,
    security,
    settings,
    unread,
    wire_of,
)

MACHINE: dict[str, Any] = {**as_facts("10-22h2"), "profile": "", "hostname": "PC17"}
ACCEPTED = {"result": "accepted", "alert": None, "preference": "server"}
REFUSED: dict[str, Any] = {"result": "alert", "alert": "protocol_version", "ciphers": [], "preference": None}


RC4 = {"usable_suites": ["TLS_RSA_WITH_RC4_128_SHA"]}
DES = {"usable_suites": ["TLS_RSA_WITH_DES_CBC_SHA"]}


def seven(**changes: Any) -> dict[str, Any]:
    facts = {**as_facts("7"), "profile": "", "tls_versions": ["TLS 1.0", "TLS 1.2"]}
    return {**facts, **changes}


# -- clients


def test_every_release_is_a_profile() -> None:
    assert {release.key for release in RELEASES} <= set(PROFILES)
    assert {"xp-sp3", "7-rdc8", "freerdp-2", "freerdp-3"} <= set(PROFILES)
    assert all(name == each["name"] for name, each in PROFILES.items())


def test_no_newer_windows_has_less() -> None:
    assert PROFILES["7"]["tls_versions"] == ["TLS 1.0"]
    assert PROFILES["8.1"]["tls_versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.2"]
    assert PROFILES["11-24h2"]["tls_versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    assert PROFILES["xp-sp3"]["protocols"] == ["rdp", "tls"]


@pytest.mark.parametrize("given", ["7", 7, " 11-24H2 ", 8.1])
def test_a_name_may_be_written_as_yaml_makes_it(given: object) -> None:
    assert client(given)["name"] == str(given).strip().lower()


def test_facts_of_a_machine() -> None:
    found = client(MACHINE)
    assert (found["name"], found["kind"]) == ("PC17", "mstsc")
    assert found["suites"] == list(DEFAULTS["10-22h2"])
    assert found["encryption_oracle"] == "mitigated"


def test_a_profile_keeps_what_it_is_as_facts() -> None:
    for name, profile in PROFILES.items():
        assert of_facts(as_facts(name)) == profile


@pytest.mark.parametrize(
    ("changes", "versions"),
    [
        ({"mstsc_version": "6.1.7601.17514"}, ["TLS 1.0"]),
        ({"mstsc_version": "6.3.9600.17415"}, ["TLS 1.0", "TLS 1.2"]),
        ({"mstsc_version": None}, ["TLS 1.0", "TLS 1.2"]),
        ({"mstsc_version": "6.1.7601.17514", "release": "10-22h2"}, ["TLS 1.0", "TLS 1.2"]),
    ],
)
def test_windows_7_needs_its_update(changes: dict[str, Any], versions: list[str]) -> None:
    assert of_facts(cast(Client, seven(**changes)))["tls_versions"] == versions


def test_a_description_changes_a_profile() -> None:
    given = {
        "name": "kiosk",
        "profile": "10-22h2",
        "tls_versions": ["TLS 1.2"],
        "suites": ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256_P256"],
        "protocols": ["tls"],
        "credssp_fixed": False,
        "encryption_oracle": "force_updated",
    }
    found = client(given)
    assert found["suites"] == ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"]
    assert {name: found[name] for name in given if name not in ("profile", "suites")} == {  # type: ignore[literal-required]
        name: value for name, value in given.items() if name not in ("profile", "suites")
    }
    assert client({})["tls_versions"] == PROFILES["11-25h2"]["tls_versions"]


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("windows 98", "no client profile"),
        ({"profile": "windows 98"}, "no client profile"),
        ({"tls": []}, "has no tls"),
        ({"tls_versions": ["TLS 9"]}, "TLS 9"),
        ({"tls_versions": "TLS 1.2"}, "list"),
        ({"protocols": ["ssh"]}, "ssh"),
        ({"suites": [1]}, "list"),
        ({"credssp_fixed": "yes"}, "true or false"),
        ({"encryption_oracle": "2"}, "encryption_oracle"),
        ({"status": "denied", "reason": "no right"}, "no right"),
    ],
)
def test_a_client_that_can_not_be_understood(given: object, word: str) -> None:
    with pytest.raises(BadParty, match=word):
        client(given)


@pytest.mark.parametrize(
    "given",
    [
        "nobody",
        {"hostname": "x"},
        {"status": "error", "reason": "broken"},
        {"status": "ok", "full_build": 5},
        {"status": "ok", "full_build": "many"},
        {**MACHINE, "servers": [{"server": "rds01"}]},
    ],
)
def test_diagnose_takes_profiles_and_facts_alone(given: object) -> None:
    with pytest.raises(BadParty):
        one_client(given)


def test_diagnose_gets_facts_in_every_case() -> None:
    assert one_client("freerdp-3")["profile"] == "freerdp-3"
    assert one_client(MACHINE) is MACHINE


# -- servers by release


@pytest.mark.parametrize(
    ("release", "layer", "nla"),
    [("2008r2", "negotiate", False), ("2012", "tls", True), ("2025", "tls", True), ("2003", "rdp", False)],
)
def test_a_release_as_it_is_shipped(release: str, layer: str, nla: bool) -> None:
    found = of_release("srv", release)
    assert (found["security_layer"], found["nla"], found["negotiation"]) == (layer, nla, release != "2003")


def test_no_release() -> None:
    with pytest.raises(BadParty, match="choose from"):
        of_release("srv", "2020")


# -- servers by facts


def test_facts_of_a_healthy_host() -> None:
    found = server_of_facts("srv", facts_of(tls={"usable_suites": list(DEFAULTS["2022"])}))
    assert found == {
        **of_release("srv", "2022"),
        "can_learn": ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"],
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"listener": settings(security_layer=7)}, {"security_layer": None}),
        ({"listener": unread()}, {"security_layer": None, "nla": None, "negotiation": None}),
        ({"tls": unread()}, {"tls_versions": None, "suites": None}),
        ({"certificate": unread()}, {"certificate": None, "key": None}),
        ({"certificate": bound(key_algorithm="EC")}, {"key": "ECDSA"}),
        ({"certificate": bound(private_key=None)}, {"certificate": True, "key_usable": False}),
        ({"certificate": {"active": None}}, {"certificate": False, "key_usable": False, "key": None}),
        ({"machine_keys": unread()}, {"certificate": True, "key_usable": None}),
        ({"machine_keys": {"keys": [key_file(exists=False, security=None)]}}, {"key_usable": False}),
        ({"machine_keys": {"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}}, {"key_usable": False}),
        ({"machine_keys": {"keys": [key_file(security=unread())]}}, {"key_usable": None}),
        ({"listener": settings(min_encryption_level="fips"), "tls": RC4}, {"suites": []}),
        ({"listener": settings(min_encryption_level="high"), "tls": RC4}, {"suites": RC4["usable_suites"]}),
        ({"listener": settings(min_encryption_level="high"), "tls": DES}, {"suites": []}),
        ({"tls": {**RC4, "hashes": {"SHA": {"enabled": 0xFFFFFFFF, "where": ""}}}}, {"suites": RC4["usable_suites"]}),
        ({"tls": {**RC4, "hashes": {"SHA": {"enabled": 1, "where": ""}}}}, {"suites": None}),
        ({"logon": unread()}, {"encryption_oracle": None}),
        ({"updates": {"credssp_fixed": False}}, {"credssp_fixed": False}),
        ({"logon": {"encryption_oracle": "force_updated"}}, {"encryption_oracle": "force_updated"}),
        ({"system": unread()}, {"release": "", "can_learn": []}),
    ],
)
def test_each_area_tells_its_part(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    found = server_of_facts("srv", facts_of(**changes))
    assert {name: found[name] for name in expected} == expected  # type: ignore[literal-required]


ALL = ["TLS 1.0", "TLS 1.1", "TLS 1.2"]


@pytest.mark.parametrize(
    ("release", "updates", "versions"),
    [
        ("2008", {"installed": []}, ["TLS 1.0"]),
        ("2008r2", {"installed": []}, ["TLS 1.0"]),
        ("2008r2", {"installed": [{"kb": "KB3080079", "description": "", "installed_on": ""}]}, ALL),
        ("2008r2", unread(), None),
        ("2019", {"installed": []}, ALL),
    ],
)
def test_what_the_listener_of_a_release_speaks(
    release: str, updates: dict[str, Any], versions: list[str] | None
) -> None:
    facts = facts_of(system={"release": release}, tls={"rdp_versions": ALL}, updates=updates)
    assert rdp_versions(facts) == versions


# -- servers by the wire


def test_a_quick_probe_tells_of_the_choice_alone() -> None:
    found = of_wire("srv", ready())
    assert (found["negotiation"], found["certificate"], found["key"], found["nla"]) == (True, True, "RSA", True)
    assert (found["tls_versions"], found["suites"]) == (None, None)


@pytest.mark.parametrize(("version", "fixed"), [(None, None), (2, False), (4, False), (5, True), (6, True)])
def test_the_version_of_credssp_tells_of_its_correction(version: int | None, fixed: bool | None) -> None:
    assert of_wire("srv", wire_of(credssp={"version": version}))["credssp_fixed"] is fixed


def test_a_full_probe_tells_versions_and_suites() -> None:
    suites = {"TLS 1.0": ["TLS_RSA_WITH_AES_128_CBC_SHA"], "TLS 1.2": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]}
    versions = {name: {**ACCEPTED, "ciphers": names} for name, names in suites.items()}
    found = of_wire("srv", wire_of(tls={"versions": {"SSL 3.0": REFUSED, **versions, "TLS 1.3": REFUSED}}))
    assert found["tls_versions"] == ["TLS 1.0", "TLS 1.2"]
    assert found["suites"] == ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA"]


def test_a_server_without_negotiation() -> None:
    found = of_wire("srv", wire_of(x224={"result": "no_negotiation", "selected": None}))
    assert (found["negotiation"], found["security_layer"], found["nla"]) == (False, "rdp", False)


def test_a_server_without_a_certificate() -> None:
    wire = wire_of(
        x224={"result": "failure", "failure": "SSL_CERT_NOT_ON_SERVER", "selected": None},
        tls={"certificate": None, "key_proved": False},
    )
    assert of_wire("srv", wire)["certificate"] is False


# -- servers as the option names them


def test_what_the_facts_leave_open_the_others_fill() -> None:
    given = {"name": "srv", "facts": facts_of(tls=unread(), updates=unread()), "wire": ready(), "release": "2022"}
    found = server(given)
    assert found["suites"] == list(DEFAULTS["2022"])
    assert (found["credssp_fixed"], found["security_layer"]) == (True, "tls")


def test_a_server_needs_something() -> None:
    with pytest.raises(BadParty, match="facts, wire or release"):
        server({"name": "srv", "facts": None, "wire": None, "release": None})
