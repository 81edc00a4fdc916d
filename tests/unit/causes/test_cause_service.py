# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service.stopped and service.restart_pending."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.service import restart_pending, stopped
from tests.unit.causes.healthy import (
    dropped,
    facts_of,
    no_tcp,
    ready,
    services,
    settings,
    unread,
)

START = {"name": "TermService", "start_mode": "manual", "state": "started"}


def term(**changes: Any) -> dict[str, Any]:
    return services(TermService=changes)


@pytest.mark.parametrize("wire", [None, no_tcp("refused")])
@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"state": "stopped", "start_mode": "disabled"}, START),
        ({"state": "stopped"}, START),
        ({"state": "paused"}, START),
        # Automatic is not Windows' own, and nothing is wrong with it.
        ({"state": "stopped", "start_mode": "auto"}, {"name": "TermService", "state": "started"}),
    ],
)
def test_termservice_does_not_run(change: dict[str, Any], options: Any, wire: Report | None) -> None:
    found = stopped(facts_of(services=term(**change)), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("service.stopped", "proved", "breaks")
    assert found["remedies"] == [{"module": "rdp_service", "options": options, "risk": "low", "restart": []}]
    assert change["state"] in found["evidence"][0]["text"] and found["evidence"][0]["where"] == "Win32_Service"
    assert found["explains"] == ["0x204/0x0"]


@pytest.mark.parametrize("change", [None, unread(), {"settings": {}}])
def test_whether_it_should_run_may_be_unknown(change: Any) -> None:
    facts = facts_of(services=term(state="stopped"), listener=change)
    if change == {"settings": {}}:
        facts["listener"]["settings"] = {}
    found = stopped(facts, None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")


def test_a_host_without_remote_desktop_needs_no_service() -> None:
    off = settings(enabled=False)
    assert stopped(facts_of(services=term(state="stopped"), listener=off), None) is None
    found = stopped(facts_of(services=term(state="stopped", start_mode="disabled"), listener=off), None)
    assert found is not None
    assert found["confidence"] == "proved"


def test_disabled_and_running_breaks_later() -> None:
    found = stopped(facts_of(services=term(start_mode="disabled")), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert found["remedies"][0]["options"] == START


@pytest.mark.parametrize("state", ["stop_pending", "start_pending"])
def test_a_hanging_service_starts_anew(state: str) -> None:
    facts = facts_of(services=services(TermService={"state": state}, KeyIso={"start_mode": "disabled"}))
    found = stopped(facts, None)
    assert found is not None
    assert found["confidence"] == "likely"
    assert [one["options"] for one in found["remedies"]] == [
        {"name": "TermService", "state": "restarted", "end_hung": True}
    ]
    assert len(found["evidence"]) == 2


def test_a_service_that_is_gone_is_for_a_person() -> None:
    found = stopped(facts_of(services=term(present=False, state="", start_mode="", pid=None)), None)
    assert found is not None
    assert (found["impact"], found["remedies"]) == ("breaks", [])
    assert "TermService" in found["decision"]


def test_a_ready_host_contradicts() -> None:
    found = stopped(facts_of(services=term(state="stopped")), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert found["contradicts"]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("UmRdpService", "manual"),
        ("SessionEnv", "manual"),
        ("KeyIso", "manual"),
        ("CryptSvc", "auto"),
        ("CertPropSvc", "manual"),
    ],
)
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_disabled_helper_degrades(name: str, mode: str, state: str) -> None:
    found = stopped(facts_of(services=services(**{name: {"start_mode": "disabled", "state": state}})), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert found["title"] == f"{name} is disabled"
    assert [r["options"] for r in found["remedies"]] == [{"name": name, "start_mode": mode, "state": "started"}]
    assert f"Windows' own: {mode}" in found["evidence"][0]["text"]


def test_all_services_in_one_finding() -> None:
    off = {"start_mode": "disabled", "state": "stopped"}
    found = stopped(facts_of(services=services(TermService=off, UmRdpService=off, KeyIso=off)), None)
    assert found is not None
    assert found["impact"] == "breaks"
    assert {r["options"]["name"] for r in found["remedies"]} == {"TermService", "UmRdpService", "KeyIso"}
    assert len(found["evidence"]) == 3


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        facts_of(services=services(SessionEnv={"state": "stopped"}, UmRdpService={"state": "stopped"})),
        facts_of(services=services(TermService={"start_mode": "auto"})),
        facts_of(services=services(CryptSvc={"state": "stopped"})),
        facts_of(services=services(UmRdpService={"present": False, "state": "", "start_mode": ""})),
        facts_of(services=None),
        facts_of(services=unread()),
        facts_of(services=unread("absent")),
    ],
)
def test_nothing_wrong(facts: Any) -> None:
    assert stopped(facts, no_tcp("refused")) is None


def test_a_restart_that_is_due_is_found_and_asked_for() -> None:
    facts = facts_of(services={"restart_pending": ["TermService"]})
    found = restart_pending(facts, dropped())
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("service.restart_pending", "proved", "breaks")
    assert [r["options"] for r in found["remedies"]] == [{"name": "TermService", "state": "restarted"}]
    waiting = restart_pending(facts, ready())
    assert waiting is not None and waiting["impact"] == "degrades"


@pytest.mark.parametrize("services", [{"restart_pending": []}, {"restart_pending": ["SessionEnv"]}, unread()])
def test_no_restart_is_due(services: Any) -> None:
    assert restart_pending(facts_of(services=services), dropped()) is None
