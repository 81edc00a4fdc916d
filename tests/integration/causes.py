# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the diagnosis: what stands in their scenarios, what was found, and the difference."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from tests.integration.fleet import Fleet, running
from tests.integration.run import playbook
from tests.lab.scenario import Scenario, load_folder

FOLDER = Path(__file__).resolve().parents[1] / "lab/scenarios/causes"
IDS = tuple(cause for cause, _check in CAUSES)
NEAR = ".near"
OBSOLETE = "os.obsolete"
# Microsoft's product lifecycle: the day on which support of a version ends, paid extensions aside. That a host is out
# of support is true of every scenario of that version, and the calendar makes it true of more of them.
END_OF_SUPPORT = {
    "7sp1": "2020-01-14",
    "2008r2": "2020-01-14",
    "8.1": "2023-01-10",
    "2012r2": "2023-10-10",
    "10-22h2": "2025-10-14",
    "11-24h2": "2026-10-13",
    "2016": "2027-01-12",
    "2019": "2029-01-09",
    "2022": "2031-10-14",
    "2025": "2034-11-14",
}

# Hosts that do not answer keep a fork waiting and no core busy.
FORKS = 12
CHANGED = "changed"
# The timeout is for machines that have more to do than this; what is decided by it waits for its end.
PLAY = [
    {
        "hosts": CHANGED,
        "gather_facts": False,
        "tasks": [
            {
                "name": "Change what counts after a restart",
                "check_mode": False,
                "winops.rdp.rdp_tls": "{{ first }}",
            }
        ],
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


@dataclass(frozen=True)
class Case:
    """One host and what is to be said of it.

    ``required``: causes that were put in and can be seen. ``hidden``: those that were put in and that another one
    hides; they may be found. Nothing else may. ``first``: those of which one has to be named first; empty for any.
    """

    host: str
    windows: str
    required: frozenset[str]
    hidden: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What the diagnosis of a case found of what was put in."""

    case: Case
    verdict: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]  # of the verdict, in its order, without what is true of all such hosts

    @property
    def found(self) -> frozenset[str]:
        return frozenset(one["id"] for one in self.findings)

    @property
    def missed(self) -> list[str]:
        return sorted(self.case.required - self.found)

    @property
    def invented(self) -> list[str]:
        return sorted(self.found - self.case.required - self.case.hidden)


def singles() -> dict[str, Scenario]:
    """Every scenario of one cause or its near miss, by the name of its file."""
    return {scenario.path.stem: scenario for scenario in load_folder(FOLDER)}


def case_of(scenario: Scenario) -> Case:
    causes = frozenset(one["id"] for one in scenario.expect["causes"])
    return Case(scenario.hostname, str(scenario.data["windows"]), causes)


def is_obsolete(windows: str, today: str) -> bool:
    return END_OF_SUPPORT[windows] < today


def outcome(case: Case, verdict: Mapping[str, Any], today: str) -> Outcome:
    """The verdict held against the case. That a version is out of support counts where the case names it, or where it
    is said of a version of which it is not true."""
    ambient = is_obsolete(case.windows, today) and OBSOLETE not in case.required
    findings = (one for one in verdict["findings"] if not (ambient and one["id"] == OBSOLETE))
    return Outcome(case, verdict, tuple(findings))


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
    """One run of rdp_diagnose over the hosts of a folder, in check mode, which has to leave them as they are; what it
    found, by host."""
    work.mkdir(parents=True, exist_ok=True)
    play = work / "play.yml"
    play.write_text(yaml.safe_dump(PLAY, sort_keys=False), encoding="utf-8")
    with running(folder, work, base) as fleet:
        prepare(fleet)
        still = [case.host for case in cases if "first" not in fleet.expect(case.host)]
        before = {host: (fleet.lab.digest(host), fleet.writes(host)) for host in still}
        run = playbook(fleet.inventory, str(play), "--check", "--forks", str(FORKS))
        touched = [host for host in still if (fleet.lab.digest(host), fleet.writes(host)) != before[host]]
    assert run.code == 0, run.output
    assert not touched, f"check mode has changed {touched}"
    today = dt.date.today().isoformat()
    return {case.host: outcome(case, run.of(case.host, "rdp_diagnose")["result"]["verdict"], today) for case in cases}


def brief(finding: Mapping[str, Any]) -> dict[str, str]:
    """What a scenario says of a finding."""
    return {name: finding[name] for name in ("id", "confidence", "impact")}


def table(singles: Sequence[Outcome], combined: Sequence[Outcome]) -> list[str]:
    """Counts by Windows version, and in all: scenarios, the causes in them, found, missed, invented."""
    lines = [f"{'':12} {'scenarios':>9} {'causes':>7} {'found':>6} {'missed':>7} {'invented':>9}"]
    for windows in END_OF_SUPPORT:
        lines.append(_row(windows, [one for one in (*singles, *combined) if one.case.windows == windows]))
    lines.append(_row("single", singles))
    lines.append(_row("combined", combined))
    lines.append(_row("all", [*singles, *combined]))
    return lines


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    count: Counter[str] = Counter()
    for one in outcomes:
        count["causes"] += len(one.case.required)
        count["found"] += len(one.case.required & one.found)
        count["missed"] += len(one.missed)
        count["invented"] += len(one.invented)
    return (
        f"{name:12} {len(outcomes):9} {count['causes']:7} {count['found']:6} {count['missed']:7} {count['invented']:9}"
    )
