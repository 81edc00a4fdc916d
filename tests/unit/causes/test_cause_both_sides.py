# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host is set to against what its port answers."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import blank
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.both_sides import intercepted, not_as_configured
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from tests.unit.causes.healthy import (
    SELF_SIGNED,
    certificate,
    dropped,
    facts_of,
    no_tcp,
    ready,
    settings,
    unread,
)

OTHER = "AB" * 20
ELSEWHERE = {"netbios_computer": "GATE01", "dns_computer": "gate01.corp.example", "os_version": "10.0.17763"}


def versions(*accepted: str) -> dict[str, Any]:
    names = ("SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
    return {
        name: {
            "result": "accepted" if name in accepted else "alert",
            "alert": None if name in accepted else "protocol_version",
            "ciphers": ["TLS_RSA_WITH_AES_128_CBC_SHA"] if name in accepted else [],
            "preference": None,
        }
        for name in names
    }


GCM_ONLY = ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]
ECDSA_ONLY = ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"]


def cut(*accepted: str) -> dict[str, Any]:
    """As versions, but what was not accepted got no answer in time."""
    found = versions(*accepted)
    return {name: one if name in accepted else {**one, "result": "timeout"} for name, one in found.items()}


def texts(found: Finding | None) -> str:
    assert found is not None
    return " ".join(one["text"] for one in found["evidence"])


# ---- another machine


def test_a_host_that_answers_itself_is_not_intercepted() -> None:
    assert intercepted(facts_of(), ready()) is None
    assert not_as_configured(facts_of(), ready()) is None


@pytest.mark.parametrize(
    "name", ["srv22", "SRV22.corp.example", "A-NAME-OF-MORE-THAN-FIFTEEN", "a-name-of-more-than-fifteen"]
)
def test_names_are_compared_as_netbios_does(name: str) -> None:
    shown = name.partition(".")[0][:15].upper()
    wire = ready(credssp={"netbios_computer": shown})
    assert intercepted(facts_of(system={"hostname": name}), wire) is None


def test_another_computer_is_named() -> None:
    found = intercepted(facts_of(), ready(credssp=ELSEWHERE))
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == ("proved", "degrades", [])
    assert "calls itself gate01.corp.example" in texts(found) and "10.0.17763" in texts(found)
    assert "srv22.corp.example, port 3389" in found["decision"]


@pytest.mark.parametrize("wire", [ready(credssp=blank.credssp()), no_tcp(), None])
def test_without_a_name_nothing_is_said(wire: Report | None) -> None:
    assert intercepted(facts_of(), wire) is None


def test_what_another_computer_answers_proves_nothing_about_this_one() -> None:
    """Its failure does not break this host, and its success does not clear this host."""
    failing = ready(ready=False, stage="tls", credssp=ELSEWHERE, tls={"result": "closed", "key_proved": False})
    assert judge(facts_of(), failing)["state"] == "degraded"
    off = facts_of(listener=settings(enabled=False))
    verdict = judge(off, ready(credssp=ELSEWHERE))
    assert (verdict["state"], verdict["cause"]) == ("broken", "listener.disabled")


# ---- certificates


def test_a_certificate_that_is_not_the_hosts() -> None:
    found = intercepted(facts_of(), ready(tls={"certificate": {"sha1": OTHER}}))
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "informs")
    assert OTHER in texts(found) and SELF_SIGNED in texts(found)


def test_a_certificate_of_the_host_that_is_not_the_active_one() -> None:
    facts = facts_of(certificate={"remote_desktop": [certificate(), certificate(thumbprint=OTHER)]})
    wire = ready(tls={"certificate": {"sha1": OTHER.lower()}})
    assert intercepted(facts, wire) is None
    assert OTHER.lower() in texts(not_as_configured(facts, wire))


# ---- versions, NLA, SecurityLayer


@pytest.mark.parametrize(
    ("enabled", "tls", "words"),
    [
        (["TLS 1.2"], {"version": "TLS 1.3"}, "The port accepts TLS 1.3. The host lets Remote Desktop use TLS 1.2."),
        ([], {"version": "TLS 1.2"}, "use no version of TLS."),
        (["TLS 1.2", "TLS 1.3"], {"versions": versions("TLS 1.3")}, "The port does not accept TLS 1.2."),
        (["TLS 1.3"], {"versions": versions("TLS 1.0", "TLS 1.3")}, "The port accepts TLS 1.0."),
    ],
)
def test_versions_that_differ(enabled: list[str], tls: dict[str, Any], words: str) -> None:
    off = {name: {"server": {"state": "disabled"}} for name in versions() if name not in enabled}
    facts = facts_of(tls={"rdp_versions": enabled, "protocols": off})
    assert words in texts(not_as_configured(facts, ready(tls=tls)))


@pytest.mark.parametrize(
    ("enabled", "wire"),
    [
        (["TLS 1.0", "TLS 1.2", "TLS 1.3"], ready()),
        (["TLS 1.2", "TLS 1.3"], ready(tls={"versions": versions("TLS 1.2", "TLS 1.3")})),
        (["TLS 1.2"], dropped()),
    ],
)
def test_versions_that_agree_or_were_not_seen(enabled: list[str], wire: Report) -> None:
    assert not_as_configured(facts_of(tls={"rdp_versions": enabled}), wire) is None


@pytest.mark.parametrize(
    ("changed", "x224", "words"),
    [
        ({"nla": True}, {"nla": "offered"}, "The port lets clients in without NLA."),
        ({"nla": False}, {"nla": "required"}, "The port insists on NLA."),
        ({"security_layer": "tls"}, {"security_layer": "negotiate"}, "the security layer negotiate"),
    ],
)
def test_security_that_differs(changed: dict[str, Any], x224: dict[str, Any], words: str) -> None:
    found = not_as_configured(facts_of(listener=settings(**changed)), ready(x224=x224))
    assert words in texts(found)
    assert found is not None and (found["impact"], found["remedies"]) == ("informs", [])


@pytest.mark.parametrize(
    ("changed", "x224"),
    [
        ({"nla": True}, {"nla": None}),
        ({"nla": False}, {"nla": "offered"}),
        # Standard security has no NLA, whatever the setting.
        ({"nla": True, "security_layer": "rdp"}, {"nla": "off", "security_layer": "rdp"}),
        ({"security_layer": "negotiate"}, {"security_layer": None}),
    ],
)
def test_security_that_agrees_or_was_not_seen(changed: dict[str, Any], x224: dict[str, Any]) -> None:
    assert not_as_configured(facts_of(listener=settings(**changed)), ready(x224=x224)) is None


@pytest.mark.parametrize(
    ("tls", "version", "asked"),
    [
        pytest.param({}, "TLS 1.3", {"TLS 1.2": versions("TLS 1.2")["TLS 1.2"]}, id="the deadline came first"),
        pytest.param({}, "TLS 1.3", cut("TLS 1.2"), id="no answer in time"),
        pytest.param({}, "TLS 1.3", versions("TLS 1.0"), id="what went through before is cut now"),
        pytest.param(
            {"rdp_versions": ["TLS 1.0", "TLS 1.2", "TLS 1.3"], "usable_suites": GCM_ONLY},
            "TLS 1.3", versions("TLS 1.2", "TLS 1.3"), id="no cipher suite of that version is left",
        ),
        pytest.param(
            {"rdp_versions": ["TLS 1.2", "TLS 1.3"], "usable_suites": ECDSA_ONLY},
            "TLS 1.3", versions("TLS 1.3"), id="no cipher suite is left for the key",
        ),
        pytest.param(
            {"protocols": {"SSL 3.0": {"server": {"state": "enabled"}}}},
            "TLS 1.3", versions("SSL 3.0", "TLS 1.0", "TLS 1.2", "TLS 1.3"), id="SSL 3.0 is on and answered",
        ),
    ],
)  # fmt: skip
def test_refusals_that_contradict_nothing(tls: dict[str, Any], version: str, asked: dict[str, Any]) -> None:
    facts = facts_of(tls={"rdp_versions": ["TLS 1.0", "TLS 1.2", "TLS 1.3"], **tls})
    assert not_as_configured(facts, ready(tls={"version": version, "versions": asked})) is None


def test_a_refused_version_with_a_suite_left_is_a_contradiction() -> None:
    facts = facts_of(tls={"rdp_versions": ["TLS 1.2", "TLS 1.3"], "usable_suites": GCM_ONLY})
    found = not_as_configured(facts, ready(tls={"version": "TLS 1.3", "versions": versions("TLS 1.3")}))
    assert "The port does not accept TLS 1.2." in texts(found)


def test_a_restart_that_is_due_explains_it() -> None:
    facts = facts_of(tls={"rdp_versions": ["TLS 1.2"]}, services={"restart_pending": ["TermService"]})
    assert not_as_configured(facts, ready()) is None


@pytest.mark.parametrize("area", ["tls", "listener", "certificate", "services", "system"])
@pytest.mark.parametrize("change", [None, unread()])
def test_what_was_not_read_is_not_compared(area: str, change: dict[str, Any] | None) -> None:
    everything = ready(
        tls={"versions": versions(), "certificate": {"sha1": OTHER}}, x224={"nla": "off", "security_layer": "rdp"}
    )
    for check in (intercepted, not_as_configured):
        check(facts_of(**{area: change}), everything)
    assert not_as_configured(facts_of(tls=None, listener=None, certificate=None), everything) is None
