# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts there and back: announced, fixed, used, fixed again, and taken back; see test_round_trip.

What a host is, the lab's own digest and its record of writes say. What a fix may do, the plan that was announced says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import WAY
from tests.integration.fleet import Fleet
from tests.integration.run import Run
from tests.interop.client import Outcome

OWN = r"HKLM\SOFTWARE\winops.rdp"
RESTART_PENDING = "service.restart_pending"
STATES = ("unreachable", "unknown", "broken", "degraded", "healthy")
_STAGES = (*WAY[: WAY.index("logon")], "ready")
_CREDSSP = ("credssp", "credssp_early_auth")
# Why rdp_restore keeps what it keeps.
_RENEWED = "Windows has made the certificate"
_OF_OURS = re.compile(r"^hkey_local_machine\\software\\winops\.rdp(\\|$)")
# What no rollback brings back, by its name in the table: a certificate that Windows has made anew, key included, with
# the value that names it, its entry and its key file; and a restart of Windows that was due.
EXCEPTIONS = {
    "certificate": re.compile(
        r"\\terminal server\\winstations\\selfsignedcertificate$"
        r"|\\systemcertificates\\remote desktop\\certificates\\[0-9a-f]{40}(\\blob)?$"
        r"|\\machinekeys\\f686aace6942fb7f7ceb231212eef4a4_[-0-9a-f]+$"
    ),
    "reboot": re.compile(r"\\component based servicing\\rebootpending$"),
}
# A restart of TermService that waits because people are connected; what is due stays marked.
WAITS = "waits"
_DELETED_CERTIFICATE = re.compile(r"^delete the key .*\\Remote Desktop\\Certificates\\[0-9A-F]{40}$")


@dataclass
class Trip:
    """One host on its way. ``done``: columns of the table. ``wrong``: one sentence each."""

    host: str
    expect: Mapping[str, Any]
    origin: Mapping[str, Any]  # the digest of the host as its scenario describes it
    digest: str = ""  # that with which a run began
    written: int = 0  # how often the host had been written to then
    announced: frozenset[str] = frozenset()  # changes, one line each
    verdict: Mapping[str, Any] = field(default_factory=dict)  # of the check mode
    wire: Mapping[str, Any] = field(default_factory=dict)  # of the last diagnosis
    done: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    @property
    def causes(self) -> set[str]:
        """Those that the plan acts on."""
        return {cause for step in self.verdict["plan"] for cause in step["causes"]}

    @property
    def modules(self) -> set[str]:
        return {step["module"] for step in self.verdict["plan"]}

    @property
    def acts(self) -> bool:
        return bool(self.verdict["plan"])

    def expects(self, right: bool, phase: str, what: str) -> bool:
        if not right:
            self.wrong.append(f"{self.host}, {phase}: {what}")
        return right


class RoundTrip:
    """The hosts of a fleet, and what each run has to have done to them."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.trips = {name: Trip(name, fleet.expect(name), fleet.lab.digest(name)) for name in fleet.lab.hosts}

    @property
    def acting(self) -> dict[str, Trip]:
        return {name: trip for name, trip in self.trips.items() if trip.acts}

    def begin(self) -> None:
        """A run begins: what it leaves as it is, is held against what is now."""
        for trip in self.trips.values():
            trip.digest, trip.written = self.fleet.lab.digest(trip.host)["digest"], len(self.fleet.writes(trip.host))

    def after_check_mode(self, run: Run) -> None:
        """There is a plan, and nothing has changed."""
        results = by_host(run)
        for trip in self.trips.values():
            trip.verdict = last(results[trip.host], "rdp_diagnose", run)["verdict"]
            trip.announced = frozenset(changes(results[trip.host]))
            right = [self._ended_well(trip, "check mode", results), self._unchanged(trip, "check mode")]
            if "before" in trip.expect:
                expected, found = trip.expect["before"], {one["id"] for one in trip.verdict["findings"]}
                as_told = trip.verdict["state"] == expected["state"] and set(expected["causes"]) <= found
                right.append(trip.expects(as_told, "check mode", f"{trip.verdict['state']}: {sorted(found)}"))
            if all(right):
                trip.done.add("identical")

    def after_fix(self, run: Run) -> None:
        """What was announced was made, and mends what the plan names; hosts without a plan are as they were."""
        results = by_host(run)
        for trip in self.trips.values():
            right = [self._ended_well(trip, "fix", results)]
            if trip.acts:
                found = last(results[trip.host], "rdp_diagnose", run)
                trip.wire = found["wire"]
                right += [trip.expects(False, "fix", each) for each in not_mended(trip, found["verdict"])]
                made = changes(results[trip.host])
                # Windows renews by itself, too, when the fix starts SessionEnv.
                odd = {line for line in trip.announced ^ made if not _DELETED_CERTIFICATE.match(line)}
                right.append(trip.expects(not odd, "fix", f"not both announced and made: {sorted(odd)}"))
                mended = found["verdict"]["state"] == "healthy"
            else:
                right.append(self._unchanged(trip, "fix"))
                mended = False
            if all(right):
                trip.done.add("healthy" if mended else "explained")

    def after_client(self, outcomes: Mapping[str, Outcome], phase: str, column: str) -> None:
        """It got as far as the probe says."""
        for host, outcome in outcomes.items():
            trip = self.trips[host]
            told = f"probe: {trip.wire['stage']}, xfreerdp: {outcome.states}"
            if trip.expects(agrees(trip.wire, outcome), phase, told):
                trip.done.add(column)

    def after_second(self, run: Run, phase: str, column: str) -> None:
        """Nothing has changed."""
        results = by_host(run)
        for trip in self.acting.values():
            changed = [each["task"] for each in results[trip.host] if each["result"].get("changed")]
            right = [
                self._ended_well(trip, phase, results),
                trip.expects(not changed, phase, f"changed: {changed}"),
                self._unchanged(trip, phase),
            ]
            if all(right):
                trip.done.add(column)

    def after_rollback(self, run: Run) -> None:
        """The host is what it was, but for what is named."""
        results = by_host(run)
        for trip in self.acting.values():
            result = last(results[trip.host], "rdp_restore", run)
            trip.wire = last(results[trip.host], "rdp_diagnose", run)["wire"]
            services = every(results[trip.host], "rdp_service")
            waits = any(each["connected"] and not each["restarted"] for each in services)
            allowed = {OWN, rf"{OWN}\RestartPending"} if waits else set()
            strange = [each for each in result["kept"] if not each["reason"].startswith(_RENEWED)]
            left = self._ours(trip.host)
            right = [
                self._ended_well(trip, "rollback", results),
                trip.expects(not strange, "rollback", f"kept: {strange}"),
                trip.expects(left <= allowed, "rollback", f"left: {left}"),
            ]
            why = {"restored"}
            if self.fleet.lab.digest(trip.host)["digest"] != trip.origin["digest"]:
                differing = self._differing(trip)
                why = {name for name, known in EXCEPTIONS.items() if any(known.search(each) for each in differing)}
                unnamed = [each for each in differing if not any(known.search(each) for known in EXCEPTIONS.values())]
                right.append(trip.expects(not unnamed, "rollback", f"not as before: {unnamed}"))
                why |= {WAITS} if waits else set()
                right.append(trip.expects(bool(why), "rollback", "it differs, and nobody knows in what"))
            if all(right):
                trip.done |= why

    # -- looking -----------------------------------------------------------------------------------------------------

    def _ended_well(self, trip: Trip, phase: str, results: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
        of_host = results[trip.host]
        failed = [each["result"].get("msg", "") for each in of_host if each["outcome"] in ("failed", "unreachable")]
        return trip.expects(bool(of_host) and not failed, phase, f"failed: {failed}")

    def _unchanged(self, trip: Trip, phase: str) -> bool:
        writes = [f"{each.kind} {each.target}" for each in self.fleet.writes(trip.host)[trip.written :]]
        same = self.fleet.lab.digest(trip.host)["digest"] == trip.digest
        return trip.expects(same and not writes, phase, f"digest {'same' if same else 'differs'}, written to: {writes}")

    def _ours(self, host: str) -> set[str]:
        """The keys of this collection that stand on a host."""
        registry = self.fleet.lab.hosts[host].model.registry
        return {path for path, _key in registry.walk(OWN)}

    def _differing(self, trip: Trip) -> list[str]:
        """What is not what it was at first, by the lab's record of writes, this collection's own keys aside. The record
        has no keys that come with others, so it explains a digest and does not stand in for it."""
        first: dict[str, Any] = {}
        now: dict[str, Any] = {}
        for write in self.fleet.writes(trip.host):
            target = write.target.lower()
            key = {"registry.key.create": (None, "key"), "registry.key.delete": ("key", None)}.get(write.kind)
            before, after = key or (write.before, write.after)
            first.setdefault(target, before)
            now[target] = after
        return [each for each in first if first[each] != now[each] and not _OF_OURS.match(each)]


def not_mended(trip: Trip, after: Mapping[str, Any]) -> list[str]:
    """What a fix has left undone, or made worse. What remains was left alone before, waits for a restart, or is named
    by the scenario."""
    before = trip.verdict
    told = []
    if STATES.index(after["state"]) < STATES.index(before["state"]):
        told.append(f"{before['state']} before and {after['state']} now: {after['summary']}")
    if _STAGES.index(after["stage"]) < _STAGES.index(before["stage"]):
        told.append(f"a connection ends at {after['stage']}, before at {before['stage']}")
    expected = trip.expect.get("after", {})
    if after["state"] != expected.get("state", after["state"]):
        told.append(f"it is {after['state']}: {after['summary']}")
    known = {each["cause"] for each in before["left_alone"]} | set(expected.get("causes", ()))
    waits = any(one["id"] == RESTART_PENDING for one in after["findings"])
    left = [one for one in after["findings"] if one["impact"] != "informs" and one["id"] not in known and not waits]
    return [*told, *(f"still {one['id']}: {one['title']}" for one in left)]


def agrees(wire: Mapping[str, Any], outcome: Outcome) -> bool:
    """Whether xfreerdp got as far as the probe says."""
    if not wire["ready"]:
        return not outcome.past_security and "NLA" not in outcome.states
    return outcome.past_security and ("NLA" in outcome.states) is (wire["x224"]["selected"] in _CREDSSP)


def by_host(run: Run) -> Mapping[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in run.results:
        found[each["host"]].append(each)
    return found


def every(results: Iterable[Mapping[str, Any]], module: str) -> list[Mapping[str, Any]]:
    """The results of a module's tasks that ran, those of loops one by one."""
    ran = [each["result"] for each in results if module in each["action"] and each["outcome"] == "ok"]
    return [one for result in ran for one in result.get("results", [result]) if not one.get("skipped")]


def last(results: Iterable[Mapping[str, Any]], module: str, run: Run) -> Mapping[str, Any]:
    found = every(results, module)
    assert found, f"no result of {module} in:\n{run.output}"
    return found[-1]


def changes(results: Iterable[Mapping[str, Any]]) -> set[str]:
    """The changes of all tasks, in one line each."""
    return {line for result in every(results, "rdp_") for line in result.get("changes", ())}
