# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tls.no_common_version."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.tls import no_common_version
from tests.unit.causes.healthy import (
    alert,
    dropped,
    facts_of,
    no_tcp,
    ready,
    settings,
    switched_off,
    unread,
    wire_of,
)

ALL_OFF = {
    "rdp_versions": [],
    "protocols": {
        **switched_off("TLS 1.0"),
        **switched_off("TLS 1.1"),
        **switched_off("TLS 1.2"),
        **switched_off("TLS 1.3"),
    },
}
WINDOWS_7 = {"release": "7", "product_type": "workstation", "build": 7601, "full_build": "7601"}
KB3080079 = {"installed": [{"kb": "KB3080079", "description": "Update", "installed_on": "1/1/2016"}]}


def only(*versions: str) -> dict[str, Any]:
    return {"rdp_versions": list(versions)}


@pytest.mark.parametrize("wire", [None, dropped("reset"), alert("protocol_version"), no_tcp()])
def test_no_version_is_left(wire: Report | None) -> None:
    found = no_common_version(facts_of(tls=ALL_OFF), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("tls.no_common_version", "proved", "breaks")
    assert found["evidence"][2] == {
        "text": "TLS 1.2 is disabled for servers: Enabled is 0 and DisabledByDefault is 1.",
        "where": "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Server",
    }
    assert found["remedies"] == [
        {
            "module": "rdp_tls",
            "options": {"protocols": [{"name": "TLS 1.2", "side": "server", "state": "enabled"}]},
            "risk": "medium",
            "restart": ["TermService"],
        }
    ]
    assert not found["blocked_by"] and not found["decision"]
    seen = [e["text"] for e in found["evidence"] if e["where"] == "wire"]
    assert len(seen) == (wire is not None and wire["stage"] == "tls")


def test_defaults_are_no_evidence() -> None:
    found = no_common_version(facts_of(tls=only()), None)
    assert found is not None
    assert [e["text"] for e in found["evidence"]] == ["No TLS version is enabled for servers."]


def test_only_what_is_off_is_evidence() -> None:
    where = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.1\\Server"
    asked = {"state": "disabled_by_default", "source": "local", "enabled": None, "disabled_by_default": 1}
    kept = {"state": "enabled", "source": "local", "enabled": 1, "disabled_by_default": 0, "where": where}
    tls = {
        "rdp_versions": ["TLS 1.0"],
        "protocols": {"TLS 1.1": {"server": {**asked, "where": where}}, "TLS 1.0": {"server": kept}},
    }
    found = no_common_version(facts_of(tls=tls), None)
    assert found is not None
    assert [e["text"] for e in found["evidence"]] == [
        "TLS 1.0 is all that is enabled for servers.",
        "TLS 1.1 is disabled by default for servers: DisabledByDefault is 1.",
    ]


@pytest.mark.parametrize("versions", [("TLS 1.0",), ("TLS 1.0", "TLS 1.1")])
@pytest.mark.parametrize("wire", [None, ready(), dropped(), alert("protocol_version")])
def test_old_versions_alone_degrade_at_most(versions: tuple[str, ...], wire: Report | None) -> None:
    found = no_common_version(facts_of(tls=only(*versions)), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert all(e["where"] != "wire" for e in found["evidence"])
    assert versions[-1] in found["title"]
    assert found["remedies"][0]["options"]["protocols"][0]["name"] == "TLS 1.2"


def test_a_ready_host_still_holds_the_old_settings() -> None:
    found = no_common_version(facts_of(tls=ALL_OFF), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert found["contradicts"]


def test_a_completed_handshake_contradicts() -> None:
    found = no_common_version(facts_of(tls=ALL_OFF), wire_of(ready=False, stage="tls"))
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "degrades")


def test_standard_rdp_security_does_without_tls() -> None:
    found = no_common_version(facts_of(tls=ALL_OFF, listener=settings(security_layer="rdp")), None)
    assert found is not None
    assert found["impact"] == "degrades"
    assert any("SecurityLayer is 0" in e["text"] for e in found["evidence"])


@pytest.mark.parametrize("change", [None, unread()])
def test_an_unread_listener_changes_nothing(change: dict[str, Any] | None) -> None:
    found = no_common_version(facts_of(tls=ALL_OFF, listener=change), None)
    assert found is not None
    assert found["impact"] == "breaks"


@pytest.mark.parametrize("release", ["7", "2008r2"])
def test_windows_7_without_the_update_needs_tls_1_0(release: str) -> None:
    found = no_common_version(facts_of(system={"release": release}, tls=only()), None)
    assert found is not None
    assert found["confidence"] == "proved"
    assert found["remedies"][0]["options"]["protocols"] == [{"name": "TLS 1.0", "side": "server", "state": "enabled"}]
    assert "KB3080079" in found["decision"]
    assert any("TLS 1.0 only" in e["text"] for e in found["evidence"])


def test_windows_7_with_tls_1_2_that_it_can_not_use() -> None:
    found = no_common_version(facts_of(system=WINDOWS_7, tls=only("TLS 1.2")), None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")
    assert found["remedies"][0]["options"]["protocols"][0]["name"] == "TLS 1.0"


def test_windows_7_with_the_update_uses_tls_1_2() -> None:
    assert no_common_version(facts_of(system=WINDOWS_7, updates=KB3080079, tls=only("TLS 1.2")), None) is None
    found = no_common_version(facts_of(system=WINDOWS_7, updates=KB3080079, tls=only()), None)
    assert found is not None
    assert found["remedies"][0]["options"]["protocols"][0]["name"] == "TLS 1.2"
    assert not found["decision"]


@pytest.mark.parametrize("change", [None, unread()])
def test_windows_7_whose_updates_are_not_known(change: dict[str, Any] | None) -> None:
    assert no_common_version(facts_of(system=WINDOWS_7, updates=change, tls=only("TLS 1.2")), None) is None
    found = no_common_version(facts_of(system=WINDOWS_7, updates=change, tls=only()), None)
    assert found is not None
    assert found["remedies"][0]["options"]["protocols"][0]["name"] == "TLS 1.0"


@pytest.mark.parametrize("release", ["vista", "2008"])
def test_older_windows_speaks_tls_1_0_only(release: str) -> None:
    assert no_common_version(facts_of(system={"release": release}, tls=only("TLS 1.0")), None) is None
    found = no_common_version(facts_of(system={"release": release}, tls=only()), None)
    assert found is not None
    assert found["remedies"][0]["options"]["protocols"][0]["name"] == "TLS 1.0" and not found["decision"]


@pytest.mark.parametrize("system", [{"rds_roles": ["connection_broker"]}, unread(), None])
def test_tls_of_a_broker_is_left_alone(system: dict[str, Any] | None) -> None:
    found = no_common_version(facts_of(system=system, tls=ALL_OFF), None)
    assert found is not None
    assert "broker" in found["blocked_by"]


@pytest.mark.parametrize("change", [None, unread(), unread("absent")])
def test_unread_schannel(change: dict[str, Any] | None) -> None:
    found = no_common_version(facts_of(tls=change), alert("protocol_version"))
    assert found is not None
    assert (found["confidence"], found["remedies"]) == ("possible", [])
    for wire in (None, ready(), dropped(), alert("handshake_failure")):
        assert no_common_version(facts_of(tls=change), wire) is None


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        facts_of(tls=only("TLS 1.2")),
        facts_of(tls=only("TLS 1.3")),
        facts_of(tls=only("TLS 1.0", "TLS 1.2")),
        facts_of(system=WINDOWS_7, tls=only("TLS 1.0")),
    ],
)
def test_a_version_is_left(facts: Any) -> None:
    assert no_common_version(facts, alert("protocol_version")) is None
