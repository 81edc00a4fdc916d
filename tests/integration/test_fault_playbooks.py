# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs with a fault somewhere in them: a diagnosis, and a repair of broken hosts that is then run once more."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.integration.fleet import DEMO, Fleet, running, write_scenarios
from tests.integration.run import Run, playbook
from tests.integration.test_fault_matrix import FAULTS, unclear
from tests.lab.scenario import load_folder

SEED = 20261122
TIMEOUT = 10  # seconds for a task
FORKS = "10"
BROKEN = ("SRV-KEYACL", "SRV-NOSERVICE", "SRV-EXPIRED", "PC-OFF")
# The requests of the shortest run, over all of BROKEN.
DIAGNOSIS, REPAIR = 50, 130
# A repair is long; how a reply is spoiled makes no difference to it, so one of each way is enough. Cut connections are
# what test_crash is about.
IN_REPAIR = ("http_status 503", "soap_fault timed out", "length_short", "endless_pull", "slow", "reboot")


def scenarios(prefix: str, faults: Sequence[str]) -> list[dict[str, Any]]:
    """For each fault a host that is broken in one of a few ways."""
    demo = {scenario.hostname: scenario.data for scenario in load_folder(DEMO)}
    return [{**demo[BROKEN[row % len(BROKEN)]], "hostname": f"{prefix}{row}"} for row, _fault in enumerate(faults)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("faulty")
    every = [*scenarios("LOOK", list(FAULTS)), *scenarios("MEND", IN_REPAIR)]
    with running(write_scenarios(work / "scenarios", every), work, "127.63.0.0") as found:
        yield found


def run(fleet: Fleet, name: str, hosts: list[str]) -> Run:
    found = playbook(fleet.inventory, name, "-f", FORKS, rdp_timeout=TIMEOUT, rdp_fail_on=[], rdp_hosts=hosts)
    for host in hosts:
        fleet.lab.back(host)
        fleet.lab.clear_faults(host)
    assert "Traceback" not in found.output
    return found


def run_with_faults(
    fleet: Fleet, name: str, prefix: str, faults: Sequence[str], most: int
) -> tuple[Run, dict[str, str]]:
    """The run, and what each host met where."""
    chance = random.Random(SEED)  # noqa: S311 - the same places in every run
    met = {}
    for row, fault in enumerate(faults):
        nth = chance.randint(1, most)
        fleet.lab.inject(f"{prefix}{row}", fault.split()[0], nth=nth, **FAULTS[fault])
        met[f"{prefix}{row}"] = f"{fault} at request {nth}"
    found = run(fleet, name, list(met))
    missed = [f"{host}: {what}" for host, what in met.items() if not fleet.lab.hosts[host].injector.hits]
    assert not missed
    return found, met


def running_services(fleet: Fleet, host: str) -> set[str]:
    return {service.name for service in fleet.lab.hosts[host].model.services.all() if service.state == "Running"}


def failure_of(results: Run, host: str) -> str | None:
    """The sentence that a host's run ended with, None where it did not fail."""
    failed = [
        row["result"]
        for row in results.results
        if row["host"] == host and (row["result"].get("failed") or row["result"].get("unreachable"))
    ]
    return str(failed[-1]["msg"]) if failed else None


def test_a_diagnosis_is_right_or_says_why_not(fleet: Fleet) -> None:
    found, met = run_with_faults(fleet, "playbooks/diagnose_rdp.yml", "LOOK", list(FAULTS), DIAGNOSIS)
    wrong = []
    for host, what in met.items():
        lacks = []
        failure = failure_of(found, host)
        if failure is not None:
            lacks = unclear(failure, fleet.lab.hosts[host].address)
        else:
            verdict = found.of(host, "rdp_diagnose")["result"]["verdict"]
            expected = fleet.expect(host)["before"]
            causes = {finding["id"] for finding in verdict["findings"]}
            right = verdict["state"] == expected["state"] and set(expected["causes"]) <= causes
            if not right and (verdict["state"] == "healthy" or not verdict["unread"]):
                lacks = [f"the verdict is {verdict['state']}, {causes}, with nothing unread"]
        lacks += ["it was written to"] if fleet.writes(host) else []
        wrong += [f"{host}, {what}: {', '.join(lacks)} [{failure}]"] if lacks else []
    assert not wrong, "\n".join(wrong)


def test_a_repair_that_met_a_fault_is_completed_by_the_next(fleet: Fleet) -> None:
    ran = {f"MEND{row}": running_services(fleet, f"MEND{row}") for row, _fault in enumerate(IN_REPAIR)}
    found, met = run_with_faults(fleet, "playbooks/fix_rdp.yml", "MEND", IN_REPAIR, REPAIR)
    wrong = []
    for host, what in met.items():
        failure = failure_of(found, host)
        lacks = [] if failure is None else unclear(failure, fleet.lab.hosts[host].address)
        wrong += [f"{host}, {what}: {', '.join(lacks)} [{failure}]"] if lacks else []
    again = run(fleet, "playbooks/fix_rdp.yml", list(met))
    for host, what in met.items():
        failure = failure_of(again, host)
        state = None if failure else again.of(host, "rdp_diagnose")["result"]["verdict"]["state"]
        if state != "healthy":
            wrong.append(f"{host}, {what}: it is {state} after the second run [{failure}]")
        down = ran[host] - running_services(fleet, host)
        wrong += [f"{host}, {what}: {', '.join(down)} is down after the second run"] if down else []
    assert not wrong, "\n".join(wrong)
