# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cause, what looks like it and is not, and two and three at once, on hosts that WinRM and the probe ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.integration.causes import (
    END_OF_SUPPORT,
    FOLDER,
    IDS,
    NEAR,
    Outcome,
    brief,
    diagnosed,
    singles,
    table,
)
from tests.integration.combinations import PAIRS, TRIPLES, Contradiction, combinations, first_to_end, hidden, merge
from tests.integration.fleet import write_scenarios

NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
BASE = "127.43.64.0"


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self) -> None:
        self.singles: list[Outcome] = []
        self.combined: list[Outcome] = []

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("causes")
        for line in table(self.singles, self.combined):
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest) -> Summary:
    found = Summary()
    request.config.pluginmanager.register(found)
    return found


@pytest.fixture(scope="module")
def alone(diagnosed_alone: dict[str, Outcome], summary: Summary) -> dict[str, Outcome]:
    """What was found on the hosts with one cause, or none that it seems, by the name of the scenario."""
    summary.singles += diagnosed_alone.values()
    return diagnosed_alone


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, summary: Summary) -> Iterator[list[Outcome]]:
    """What was found on the hosts with two and three causes."""
    work = tmp_path_factory.mktemp("combinations")
    made = list(combinations(singles()))
    folder = write_scenarios(work / "scenarios", [scenario for scenario, _case in made])
    found = diagnosed(folder, work, BASE, [case for _scenario, case in made])
    summary.combined += found.values()
    yield list(found.values())


def told(found: Outcome) -> str:
    """Why the diagnosis says what it says."""
    lines = [f"{found.case}: {found.verdict['state']}, {found.verdict['stage']}: {found.verdict['reason']}"]
    for one in found.findings:
        lines.append(f"  {brief(one)}: {[*(each['text'] for each in one['evidence'])]}")
    return "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_is_what_the_scenario_says(alone: dict[str, Outcome], name: str) -> None:
    found, expect = alone[name], singles_expect(name)
    assert (found.verdict["state"], found.verdict["cause"]) == (expect["state"], expect["cause"]), told(found)
    assert [brief(one) for one in found.findings] == expect["causes"], told(found)
    assert not found.found & set(expect["absent"]), told(found)
    assert found.verdict["unread"] == []


def singles_expect(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))["expect"]
    return found


@pytest.mark.parametrize("number", range(PAIRS + TRIPLES))
def test_of_several_causes_each_is_found_and_none_is_invented(together: list[Outcome], number: int) -> None:
    found = together[number]
    assert (found.missed, found.invented) == ([], []), told(found)
    assert not found.case.first or found.verdict["cause"] in found.case.first, told(found)
    assert found.verdict["unread"] == []


def test_there_is_a_scenario_for_each_cause_and_one_that_looks_like_it() -> None:
    assert sorted(NAMES) == sorted([*IDS, *(f"{cause}{NEAR}" for cause in IDS)])
    for cause in IDS:
        assert cause in [one["id"] for one in singles_expect(cause)["causes"]]
        assert cause in singles_expect(f"{cause}{NEAR}")["absent"]


def test_the_scenarios_are_spread_over_what_there_is() -> None:
    found = [scenario.data for scenario in singles().values()]
    assert {str(data["windows"]) for data in found} == set(END_OF_SUPPORT)
    assert sum(data.get("language") == 1031 for data in found) >= 10
    assert sum("domain" in data for data in found) >= 30
    assert sum(bool(data.get("domain_controller")) for data in found) >= 3


def test_combinations_are_the_same_in_every_run_and_leave_no_cause_out() -> None:
    scenarios = singles()
    made = [case for _scenario, case in combinations(scenarios)]
    assert made == [case for _scenario, case in combinations(scenarios)]
    assert set(IDS) == frozenset().union(*(case.required for case in made))
    assert {case.windows for case in made} == set(END_OF_SUPPORT)


def test_what_contradicts_is_not_merged() -> None:
    assert merge({"a": {"b": 1}, "l": [1]}, {"a": {"c": 2}, "l": [1, 2]}) == {"a": {"b": 1, "c": 2}, "l": [1, 2]}
    with pytest.raises(Contradiction):
        merge({"a": {"b": 1}}, {"a": {"b": 2}})


def test_what_ends_a_connection_hides_what_shows_only_later() -> None:
    assert hidden({"network.blocked", "network.intercepted"}) == {"network.intercepted"}
    assert hidden({"listener.weakened", "network.intercepted"}) == set()
    assert hidden({"service.stopped", "listener.dead"}) == {"listener.dead"}


def test_what_ends_a_connection_first_comes_first() -> None:
    assert first_to_end({"network.blocked", "machine_keys.acl"}) == {"network.blocked"}
    assert first_to_end({"listener.disabled", "listener.port_conflict"}) == {"listener.port_conflict"}
    assert first_to_end({"network.blocked", "listener.port_conflict"}) == {"network.blocked"}
    assert first_to_end({"listener.weakened", "os.obsolete"}) == set()
