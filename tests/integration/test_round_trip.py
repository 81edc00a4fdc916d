# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario of the lab there and back, in one table.

Check mode leaves a host as it is, byte for byte; the fix makes what was announced; a client that is not ours gets as
far as the probe says; a second fix changes nothing; the rollback brings back what was, or the reason why not is named;
and a second rollback changes nothing. Scenarios of causes of which no remedy is known end at check mode: the diagnosis,
which is all of the playbook that touches such a host, is that of test_causes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from tests.integration.causes import FOLDER, FORKS, NEAR, Outcome
from tests.integration.fleet import DEMO, Fleet, running, write_scenarios
from tests.integration.round_trip import EXCEPTIONS, WAITS, RoundTrip, Trip
from tests.integration.run import Run, ansible, playbook
from tests.interop.client import Outcome as Reached
from tests.interop.client import xfreerdp
from tests.interop.processes import need
from tests.interop.servers import display
from tests.lab.scenario import Scenario, load_folder

BASE = "127.50.0.0"
FIX, ROLLBACK = "playbooks/fix_rdp.yml", "playbooks/rollback_rdp.yml"
SECONDS = 600  # for a run
# By cause, the module of its remedy, as its page in docs/causes names it.
REMEDIES = {
    cause.id: f"rdp_{found.group(1)}"
    for cause in BY_ID.values()
    if (found := re.search(r"with rdp_([a-z]+)", cause.done)) is not None
}
# Of the table, by what a trip has to show for it.
COLUMNS = {
    "identical": "check identical",
    "healthy": "fixed",
    "explained": "rest explained",
    "client": "client agrees",
    "again": "2nd run unchanged",
    "restored": "restored",
    **{name: f"but for {name}" for name in EXCEPTIONS},
    WAITS: "but for people",
    "client back": "client agrees",
    "back again": "2nd rollback unchanged",
}


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self, trips: Sequence[Trip], alone: dict[str, Outcome]) -> None:
        self.trips = trips
        self.alone = alone

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("round trips")
        for line in table(self.trips, self.alone):
            terminalreporter.write_line(line)


def table(trips: Sequence[Trip], alone: dict[str, Outcome]) -> list[str]:
    """A line for each remedy and each cause, one for hosts that were held back, and those that nothing is done for."""
    groups = {
        **{module: [trip for trip in trips if module in trip.modules] for module in sorted(modules(trips))},
        **{cause: [trip for trip in trips if cause in trip.causes] for cause in sorted(causes(trips))},
        "nothing to be done": [trip for trip in trips if not trip.acts],
        "all": trips,
    }
    width = max(map(len, groups))
    lines = [" " * width + f" scenarios | {' | '.join(COLUMNS.values())} | wrong"]
    for name, found in groups.items():
        counts = [f"{sum(column in trip.done for trip in found):{len(title)}}" for column, title in COLUMNS.items()]
        wrong = sum(bool(trip.wrong) for trip in found)
        lines.append(f"{name:{width}} {len(found):9} | {' | '.join(counts)} | {wrong:5}")
    near = sum(name.endswith(NEAR) for name in alone)
    lines.append(f"diagnosed in check mode, identical, without a remedy: {len(alone)} scenarios, {near} near misses")
    return [*lines, *(sentence for trip in trips for sentence in trip.wrong)]


def modules(trips: Iterable[Trip]) -> set[str]:
    return {module for trip in trips for module in trip.modules}


def causes(trips: Iterable[Trip]) -> set[str]:
    return {cause for trip in trips for cause in trip.causes}


def has_remedy(found: Outcome) -> bool:
    return any(one["remedies"] for one in found.findings)


def others() -> list[Scenario]:
    """The scenarios of all folders but that of the causes. Those of the demo speak English there, and German here."""
    folders = sorted(path for path in FOLDER.parent.iterdir() if path.is_dir() and path != FOLDER)
    found = [scenario for folder in folders for scenario in load_folder(folder)]
    return [replace(each, data={**each.data, "language": 1031}) if each.path.parent == DEMO else each for each in found]


def prepare(fleet: Fleet) -> None:
    """What the scenarios say of the diagnosis and of the run, as variables of the hosts."""
    inventory = yaml.safe_load(fleet.inventory.read_text(encoding="utf-8"))
    for host, variables in inventory["all"]["children"]["windows"]["hosts"].items():
        expect = fleet.expect(host)
        variables.update({f"diagnose_{name}": value for name, value in expect.get("options", {}).items()})
        variables.update(expect.get("variables", {}))
    fleet.inventory.write_text(yaml.safe_dump(inventory), encoding="utf-8")


def clients(fleet: Fleet, trips: Iterable[Trip], work: Path) -> dict[str, Reached]:
    """How far xfreerdp gets, several at a time, for it mostly waits; nothing where it is not installed."""
    if which("xfreerdp") is None or which("Xvfb") is None:
        return {}

    def reach(trip: Trip) -> Reached:
        host, home = fleet.lab.hosts[trip.host], work / trip.host
        home.mkdir(parents=True, exist_ok=True)
        admin = host.scenario.admin
        # As in tests/interop: without it, OpenSSL of Debian leaves out what older Windows needs.
        return xfreerdp(
            trip.wire["port"],
            home,
            screen,
            "/tls-seclevel:0",
            host=host.address,
            user=admin.name,
            password=admin.password,
        )

    work.mkdir(parents=True, exist_ok=True)
    with display(work) as screen, ThreadPoolExecutor(4) as pool:
        chosen = list(trips)
        return dict(zip([trip.host for trip in chosen], pool.map(reach, chosen), strict=True))


def travel(fleet: Fleet, work: Path) -> RoundTrip:
    """All runs, one after the other."""
    prepare(fleet)
    trip = RoundTrip(fleet)

    def run(name: str, *options: str, hosts: Iterable[str], **variables: Any) -> Run:
        trip.begin()
        given: dict[str, Any] = {"rdp_fail_on": [], "rdp_hosts": list(hosts), **variables}
        return playbook(fleet.inventory, name, "--forks", str(FORKS), *options, seconds=SECONDS, **given)

    for host in [name for name in trip.trips if "first" in fleet.expect(name)]:
        ansible(fleet.inventory, host, "winops.rdp.rdp_tls", fleet.expect(host)["first"])
    trip.after_check_mode(run(FIX, "--check", "--diff", hosts=trip.trips))
    trip.after_fix(run(FIX, hosts=trip.trips))
    trip.after_client(clients(fleet, trip.acting.values(), work / "fixed"), "client", "client")
    trip.after_second(run(FIX, hosts=trip.acting), "second fix", "again")
    trip.after_rollback(run(ROLLBACK, hosts=trip.acting, rollback_run="all"))
    trip.after_client(clients(fleet, trip.acting.values(), work / "back"), "client after the rollback", "client back")
    trip.begin()
    again = ansible(
        fleet.inventory, ":".join(trip.acting), "winops.rdp.rdp_restore", {"run": "all"}, "--forks", str(FORKS)
    )
    trip.after_second(again, "second rollback", "back again")
    return trip


@pytest.fixture(scope="module")
def trips(
    diagnosed_alone: dict[str, Outcome], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> list[Trip]:
    work = tmp_path_factory.mktemp("round_trip")
    acting = [name for name, found in diagnosed_alone.items() if has_remedy(found)]
    scenarios = [*(scenario for scenario in load_folder(FOLDER) if scenario.path.stem in acting), *others()]
    folder = write_scenarios(work / "scenarios", [scenario.data for scenario in scenarios])
    with running(folder, work, BASE) as fleet:
        found = list(travel(fleet, work).trips.values())
    rest = {name: one for name, one in diagnosed_alone.items() if name not in acting}
    request.config.pluginmanager.register(Summary(found, rest))
    return found


def test_every_host_goes_there_and_back(trips: list[Trip]) -> None:
    wrong = [sentence for trip in trips for sentence in trip.wrong]
    assert not wrong, "\n".join(wrong)


def test_a_real_client_has_tried_every_host_that_was_fixed(trips: list[Trip]) -> None:
    need("xfreerdp", "freerdp2-x11")
    need("Xvfb", "xvfb")
    assert not [trip.host for trip in trips if trip.acts and not {"client", "client back"} <= trip.done]


def test_every_remedy_is_in_the_table(trips: list[Trip]) -> None:
    assert causes(trips) == set(REMEDIES)
    assert modules(trips) == set(REMEDIES.values())


def test_a_host_without_a_remedy_has_no_plan(diagnosed_alone: dict[str, Outcome]) -> None:
    assert not [name for name, found in diagnosed_alone.items() if found.verdict["plan"] and not has_remedy(found)]
