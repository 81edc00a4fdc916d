# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""update.regression, policy.override and os.obsolete."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.os import obsolete
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.policy import override
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.update import regression
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import Regression
from tests.unit.causes.healthy import (
    POLICY,
    dropped,
    facts_of,
    no_tcp,
    ready,
    settings,
    unread,
)

MINE = Regression("KB1", "any", "20348.2000", "20348.2200", "server", "it hums", "KB2", "our own helpdesk", "C")


def build(full_build: str, product_type: str = "server") -> Any:
    return facts_of(system={"full_build": full_build, "product_type": product_type})


@pytest.mark.parametrize("full_build", ["26100.3194", "26100.3476", "26100.3774"])
@pytest.mark.parametrize(
    ("wire", "confidence"), [(None, "possible"), (ready(), "possible"), (no_tcp(), "possible"), (dropped(), "likely")]
)
def test_a_build_with_a_defect_never_breaks_alone(full_build: str, wire: Report | None, confidence: str) -> None:
    found = regression(build(full_build, "domain_controller"), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("update.regression", confidence, "degrades")
    assert found["remedies"] == []
    assert found["decision"] == "Install KB5055523 or any later cumulative update."
    assert "KB5051987" in found["evidence"][0]["text"]


@pytest.mark.parametrize(
    "facts",
    [
        build("26100.3193"),
        build("26100.3775"),
        build("26100.3700", "workstation"),  # the freeze is the server's
        build("26100.32234"),  # numbering of Server 2025 went on elsewhere
        build("26100.7623"),  # this number is a client's
        build("20348.2113"),
        build("7601"),
        build(""),
        build("what.ever"),
        facts_of(system=None),
        facts_of(system=unread()),
    ],
)
def test_no_known_defect(facts: Any) -> None:
    assert regression(facts, dropped()) is None


@pytest.mark.parametrize(
    ("full_build", "product_type", "fix"),
    [
        ("26100.7623", "workstation", "KB5077744"),
        ("26200.7625", "workstation", "KB5077744"),
        ("19045.6809", "workstation", "KB5077796"),
        ("26100.32230", "server", "KB5077793"),
        ("20348.4649", "server", "KB5077800"),
    ],
)
def test_a_defect_of_the_client_side_informs(full_build: str, product_type: str, fix: str) -> None:
    found = regression(build(full_build, product_type), dropped())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "informs")
    assert fix in found["decision"]


def test_rows_of_the_user_count() -> None:
    assert regression(facts_of(), None) is None
    found = regression(facts_of(), None, [MINE])
    assert found is not None
    assert "our own helpdesk" in found["evidence"][0]["text"] and "KB2" in found["decision"]


def test_a_known_issue_rollback_is_told() -> None:
    found = regression(build("26100.3100", "workstation"), dropped())
    assert found is not None
    assert found["decision"].startswith("Install KB5053656 or any later cumulative update. Until then: a Known Issue")


@pytest.mark.parametrize("row", [("20348.x", "20348.2200"), ("20348.2000", ""), ("17763.1", "26100.1")])
def test_a_broken_row_matches_nothing(row: tuple[str, str]) -> None:
    assert regression(facts_of(), None, [Regression("KB1", "any", *row, "server", "s", "KB2", "x", "C")]) is None


# ---- policy.override


@pytest.mark.parametrize(
    ("change", "impact", "value_name", "expected"),
    [
        ({"enabled": (False, "policy")}, "breaks", "fDenyTSConnections", "fDenyTSConnections is 0"),
        ({"security_layer": ("rdp", "policy"), "nla": False}, "degrades", "SecurityLayer", "SecurityLayer is 2 (tls)"),
        ({"security_layer": ("rdp", "policy")}, "degrades", "SecurityLayer", "SecurityLayer is 2 (tls)"),
        ({"nla": (False, "policy")}, "degrades", "UserAuthentication", "UserAuthentication is 1"),
        (
            {"min_encryption_level": ("low", "policy")},
            "degrades",
            "MinEncryptionLevel",
            "MinEncryptionLevel is 3 (high)",
        ),
    ],
)
def test_a_policy_against_remote_desktop(change: Any, impact: str, value_name: str, expected: str) -> None:
    found = override(facts_of(listener=settings(**change)), None)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("policy.override", "proved", impact)
    assert [e["where"] for e in found["evidence"]] == [f"{POLICY}\\{value_name}"]
    assert expected in found["evidence"][0]["text"] and expected in found["decision"]
    assert found["remedies"] == []


def test_a_ready_host_contradicts_a_policy_that_switches_off() -> None:
    found = override(facts_of(listener=settings(enabled=(False, "policy"))), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")


@pytest.mark.parametrize(
    "change",
    [
        settings(),
        settings(enabled=False, nla=False),  # local problems are not a policy's
        settings(enabled=(True, "policy"), nla=(True, "policy"), security_layer=("tls", "policy")),
        settings(security_layer=("negotiate", "policy")),
        None,
        unread(),
    ],
)
def test_no_policy_in_the_way(change: Any) -> None:
    assert override(facts_of(listener=change), None) is None


# ---- os.obsolete


@pytest.mark.parametrize(
    ("release", "local_time", "skew", "out"),
    [
        ("2012r2", "2026-11-22T15:00:00Z", 0.0, True),
        ("2022", "2026-11-22T15:00:00Z", 0.0, False),
        ("2012r2", "2023-10-10T15:00:00Z", 0.0, False),  # the last day of support
        ("2012r2", "2023-10-11T00:00:01Z", 0.0, True),
        ("2012r2", "2023-10-11T00:00:01Z", 3600.0, False),  # the host's clock is an hour ahead
        ("2012r2", "2023-10-11T00:00:01Z", None, True),
        ("2022", "2044-01-01T00:00:00Z", 20 * 365 * 86400.0, False),
        ("2012r2", None, None, False),
        ("2012r2", "11/22/2026", 0.0, False),
        ("2012r2", "2026-11-22T15:00:00Z", 1e18, False),
        ("no such release", "2026-11-22T15:00:00Z", 0.0, False),
    ],
)
@pytest.mark.parametrize("wire", [None, ready(), no_tcp()])
def test_support_has_ended(release: str, local_time: Any, skew: Any, out: bool, wire: Report | None) -> None:
    facts = facts_of(system={"release": release, "local_time": local_time, "clock_skew": skew})
    found = obsolete(facts, wire)
    assert (found is not None) == out
    if found is not None:
        assert (found["id"], found["confidence"], found["impact"]) == ("os.obsolete", "proved", "informs")
        assert "2023-10-10" in found["evidence"][0]["text"] and found["decision"] and not found["remedies"]


@pytest.mark.parametrize("change", [None, unread(), unread("error")])
def test_an_unread_system_is_not_obsolete(change: Any) -> None:
    assert obsolete(facts_of(system=change), None) is None
