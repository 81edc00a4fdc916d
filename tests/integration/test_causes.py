# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every cause, what looks like it and is not, and two and three at once, on hosts that WinRM and the probe ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.causes import (
    END_OF_SUPPORT,
    FOLDER,
    IDS,
    NEAR,
    Case,
    Outcome,
    brief,
    case_of,
    outcome,
    singles,
    table,
)
from tests.integration.combinations import PAIRS, TRIPLES, Contradiction, combinations, first_to_end, hidden, merge
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import playbook

NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
# Hosts that do not answer keep a fork waiting and no core busy.
FORKS = 12
BASES = ("127.43.0.0", "127.43.64.0")
CHANGED = "changed"
# The timeout is for machines that have more to do than this; what is decided by it waits for its end.
PLAY = [
    {
        "hosts": CHANGED,
        "gather_facts": False,
        "tasks": [{"name": "Change what counts after a restart", "winops.rdp.rdp_tls": "{{ first }}"}],
    },
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Find out why Remote Desktop fails",
                "winops.rdp.rdp_diagnose": {
                    "probe_timeout": "{{ (options | default({})).probe_timeout | default(30) }}",
                    **{
                        name: f"{{{{ (options | default({{}})).{name} | default(omit) }}}}"
                        for name in ("host", "client", "probe_depth")
                    },
                },
            }
        ],
    },
]


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self) -> None:
        self.singles: list[Outcome] = []
        self.combined: list[Outcome] = []

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("causes")
        for line in table(self.singles, self.combined):
            terminalreporter.write_line(line)


def prepare(fleet: Fleet) -> None:
    """What the scenarios say of the task, as variables of the hosts; those that are changed first are a group."""
    inventory = yaml.safe_load(fleet.inventory.read_text(encoding="utf-8"))
    groups = inventory["all"]["children"]
    groups[CHANGED] = {"hosts": {}}
    for host, variables in groups["windows"]["hosts"].items():
        expect = fleet.expect(host)
        variables.update({name: expect[name] for name in ("options", "first") if name in expect})
        if "first" in expect:
            groups[CHANGED]["hosts"][host] = {}
    fleet.inventory.write_text(yaml.safe_dump(inventory), encoding="utf-8")


def diagnosed(folder: Path, work: Path, base: str, cases: Sequence[Case]) -> dict[str, Outcome]:
    """One run of rdp_diagnose over the hosts of a folder; what it found, by host."""
    work.mkdir(parents=True, exist_ok=True)
    play = work / "play.yml"
    play.write_text(yaml.safe_dump(PLAY, sort_keys=False), encoding="utf-8")
    with running(folder, work, base) as fleet:
        prepare(fleet)
        run = playbook(fleet.inventory, str(play), "--forks", str(FORKS))
    assert run.code == 0, run.output
    today = dt.date.today().isoformat()
    return {case.host: outcome(case, run.of(case.host, "rdp_diagnose")["result"]["verdict"], today) for case in cases}


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest) -> Summary:
    found = Summary()
    request.config.pluginmanager.register(found)
    return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, summary: Summary) -> dict[str, Outcome]:
    """What was found on the hosts with one cause, or none that it seems, by the name of the scenario."""
    scenarios = singles()
    cases = [case_of(scenario) for scenario in scenarios.values()]
    found = diagnosed(FOLDER, tmp_path_factory.mktemp("causes"), BASES[0], cases)
    summary.singles += found.values()
    return {name: found[scenario.hostname] for name, scenario in scenarios.items()}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory, summary: Summary) -> Iterator[list[Outcome]]:
    """What was found on the hosts with two and three causes."""
    work = tmp_path_factory.mktemp("combinations")
    made = list(combinations(singles()))
    folder = write_scenarios(work / "scenarios", [scenario for scenario, _case in made])
    found = diagnosed(folder, work, BASES[1], [case for _scenario, case in made])
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
