# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""listener.missing, listener.port_conflict, listener.dead and listener.third_party."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.station import (
    dead,
    missing,
    port_conflict,
    third_party,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import (
    dropped,
    events,
    facts_of,
    logged,
    no_certificate,
    no_tcp,
    ready,
    refused_negotiation,
    services,
    settings,
    unread,
    wire_of,
)

ALL = (missing, port_conflict, dead, third_party)
RDP_TCP = {
    "name": "RDP-Tcp",
    "port": 3389,
    "enabled": True,
    "wd_name": "Microsoft RDP 8.0",
    "loadable_protocol": "{5828227c-20cf-4408-b73f-73ab70b8849f}",
}
NOBODY = {"listening": False, "owners": [], "term_service_listens": False, "term_service_ports": []}
OTHER = {"pid": 4321, "process": "nginx.exe", "services": ["web"]}
TAKEN = {"owners": [OTHER], "term_service_listens": False, "term_service_ports": []}


def stations(*changes: dict[str, Any]) -> dict[str, Any]:
    """The change of facts_of(listener=...) for other listeners; the first is RDP-Tcp."""
    return {"winstations": [{**RDP_TCP, **change} for change in changes]}


def unanswered(how: str = "closed") -> Report:
    wire = refused_negotiation()
    wire["x224"]["result"], wire["x224"]["failure"], wire["x224"]["failure_code"] = how, None, None
    return wire


@pytest.mark.parametrize("wire", [None, ready(), dropped(), no_tcp(), no_certificate()])
@pytest.mark.parametrize("facts", [facts_of(), facts_of(listener=unread(), port=unread()), Facts()])
def test_nothing_wrong_or_nothing_read(facts: Facts, wire: Report | None) -> None:
    assert [check(facts, wire) for check in ALL] == [None] * 4


# ---- listener.missing


def test_a_listener_that_is_gone() -> None:
    facts = facts_of(listener={"present": False, **stations({"name": "RDP-Tcp 2"})})
    found = missing(facts, no_tcp("refused"))
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == ("proved", "breaks", "tcp")
    assert found["remedies"] == [] and "same Windows version" in found["decision"]
    assert "RDP-Tcp 2" in found["evidence"][1]["text"]


def test_a_listener_that_is_gone_and_still_answers() -> None:
    found = missing(facts_of(listener={"present": False, "winstations": []}), ready())
    assert found is not None
    assert (found["confidence"], found["impact"], len(found["contradicts"])) == ("likely", "degrades", 1)


# ---- listener.port_conflict


def test_another_process_has_the_port() -> None:
    found = port_conflict(facts_of(port=TAKEN), unanswered("garbage"))
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == ("proved", "breaks", [])
    assert found["evidence"][0] == {
        "text": "Port 3389 belongs to nginx.exe (4321 with web).",
        "where": "MSFT_NetTCPConnection",
    }


def test_who_owns_the_port_may_be_told_by_the_process_alone() -> None:
    found = port_conflict(facts_of(port={**TAKEN, "term_service_listens": None}), None)
    assert found is not None
    assert found["confidence"] == "likely"


@pytest.mark.parametrize(
    "port",
    [
        {"owners": [{"pid": 1044, "process": "svchost.exe", "services": []}], "term_service_listens": None},
        {"owners": [{"pid": 1, "process": "", "services": ["TermService"]}], "term_service_listens": None},
        {"owners": [], "term_service_listens": None},
        NOBODY,
    ],
)
def test_a_port_that_is_the_services_or_nobodys(port: dict[str, Any]) -> None:
    assert port_conflict(facts_of(port=port), None) is None


def test_two_listeners_on_one_port() -> None:
    facts = facts_of(listener=stations({}, {"name": "RDP-Tcp 2"}), port=unread())
    found = port_conflict(facts, None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")
    assert "RDP-Tcp 2" in found["evidence"][0]["where"]


def test_two_listeners_and_the_service_has_the_port() -> None:
    found = port_conflict(facts_of(listener=stations({}, {"name": "RDP-Tcp 2"})), None)
    assert found is not None
    assert (found["confidence"], found["impact"], len(found["contradicts"])) == ("possible", "degrades", 1)


@pytest.mark.parametrize("change", [{"enabled": False}, {"port": 3390}, {"port": None}])
def test_a_second_listener_out_of_the_way(change: dict[str, Any]) -> None:
    assert port_conflict(facts_of(listener=stations({}, {"name": "EH-Tcp", **change})), None) is None


# ---- listener.dead

RESTART = {"name": "TermService", "state": "restarted"}


@pytest.mark.parametrize("wire", [None, no_tcp("refused"), no_tcp()])
def test_nobody_listens(wire: Report | None) -> None:
    found = dead(facts_of(port=NOBODY), wire)
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == ("proved", "breaks", "tcp")
    assert [r["options"] for r in found["remedies"]] == [RESTART]


def test_the_old_port_is_still_in_use() -> None:
    found = dead(facts_of(port={**NOBODY, "term_service_ports": [3390]}), None)
    assert found is not None
    assert found["title"].endswith("on another port than it is set to")
    assert "3390" in found["evidence"][-1]["text"]


def test_nobody_listens_and_a_client_gets_in() -> None:
    found = dead(facts_of(port=NOBODY), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")


@pytest.mark.parametrize(
    ("how", "port", "confidence"),
    [
        ("timeout", {}, "likely"),
        ("closed", {}, "possible"),
        ("garbage", {}, "possible"),
        ("timeout", unread(), "possible"),
    ],
)
def test_a_request_without_an_answer(how: str, port: dict[str, Any], confidence: str) -> None:
    found = dead(facts_of(port=port), unanswered(how))
    assert found is not None
    assert (found["confidence"], found["impact"], found["stage"]) == (confidence, "breaks", "x224")


def test_events_make_it_likely() -> None:
    crashed = logged("Service Control Manager", 7031, by_value={"TermService": 2})
    verdict = judge(facts_of(events=events(crashed)), unanswered())
    found = next(one for one in verdict["findings"] if one["id"] == "listener.dead")
    assert found["confidence"] == "likely"
    assert "7031" in found["evidence"][-1]["text"]


@pytest.mark.parametrize(
    "changes",
    [
        {"services": services(TermService={"state": "stopped"})},
        {"services": {"restart_pending": ["TermService"]}},
        {"services": unread()},
        {"listener": settings(enabled=False)},
        {"listener": settings(station_enabled=False)},
        {"listener": {"present": False}},
        {"listener": unread()},
        {"port": TAKEN},
        {"system": {"setup_in_progress": True}},
        {"listener": stations({"loadable_protocol": "{C6C0F6D4-6E4B-4C93-9F7E-0C6A4B3D5E11}"})},
    ],
)
def test_another_cause_explains_the_silence(changes: dict[str, Any]) -> None:
    facts = facts_of(**{"port": NOBODY, **changes})
    assert dead(facts, unanswered()) is None


@pytest.mark.parametrize(
    ("how", "when", "is_dead"),
    [
        ("reset", "2026-11-22T14:59:00Z", False),
        ("timeout", "2026-11-22T14:59:00Z", True),
        ("reset", "2026-11-20T02:00:00Z", True),
    ],
)
def test_a_host_that_turns_connections_away_says_so(how: str, when: str, is_dead: bool) -> None:
    manager = "Microsoft-Windows-TerminalServices-RemoteConnectionManager"
    facts = facts_of(events=events(logged(manager, 1006, first=when, last=when)))
    assert (dead(facts, unanswered(how)) is not None) is is_dead


@pytest.mark.parametrize(("stage", "result"), [("tls", "reset"), ("x224", "failure"), ("ready", "ready")])
def test_a_listener_that_answers_another_attempt_is_not_dead(stage: str, result: str) -> None:
    wire = unanswered("reset")
    cut, other = (dict(wire["attempts"][0]) if wire["attempts"] else {} for _turn in range(2))
    cut.update(stage="x224", result="reset")
    other.update(stage=stage, result=result)
    wire["attempts"] = [cut, other]  # type: ignore[list-item]
    assert dead(facts_of(), wire) is None


@pytest.mark.parametrize("wire", [refused_negotiation(), no_certificate(), wire_of(port=3390, stage="x224")])
def test_an_answer_or_another_port_is_no_silence(wire: Report) -> None:
    assert dead(facts_of(), wire) is None


def test_where_nobody_listens_the_path_is_not_blamed() -> None:
    found = [one["id"] for one in judge(facts_of(port=NOBODY), no_tcp())["findings"]]
    assert "listener.dead" in found and "network.blocked" not in found


# ---- listener.third_party

CITRIX = {"loadable_protocol": "{8b86d7d3-0e6a-4c53-a3b6-1b5f0d4d4f11}"}


@pytest.mark.parametrize("change", [CITRIX, {"wd_name": "Citrix ICA 3.0"}])
@pytest.mark.parametrize(
    ("wire", "impact"), [(None, "informs"), (ready(), "informs"), (unanswered(), "breaks"), (no_tcp(), "breaks")]
)
def test_another_vendors_protocol(change: dict[str, Any], wire: Report | None, impact: str) -> None:
    found = third_party(facts_of(listener=stations(change)), wire)
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == ("likely", impact, [])
    assert found["decision"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"loadable_protocol": ""},
        {"loadable_protocol": "{18B726BB-6FE6-4FB9-9276-ED57CE7C7CB2}"},
        {"wd_name": "RDPWD"},
        {"wd_name": ""},
    ],
)
def test_microsofts_own_protocols(change: dict[str, Any]) -> None:
    assert third_party(facts_of(listener=stations(change)), dropped()) is None


def test_what_a_citrix_agent_left_behind() -> None:
    path = "HKLM\\SYSTEM\\X\\RDP-Tcp\\CitrixBackupRdpTcpLoadableProtocolObject"
    found = third_party(facts_of(listener={"citrix": [path]}), dropped())
    assert found is not None
    assert found["evidence"] == [
        {"text": "A Citrix agent has set CitrixBackupRdpTcpLoadableProtocolObject.", "where": path}
    ]
    assert found["impact"] == "informs"
