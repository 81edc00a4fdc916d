# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller that dies, or loses its connection, in the middle of a remedy; see test_crash.

A remedy is run once. Wherever something is to happen to it, the process is copied: the copy tries what becomes of the
host, and the original goes on undisturbed. A controller that dies is one whose task is never gone on with.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from tests.integration.acting import load
from tests.integration.aftermath import ORDER, ROLLBACK, Aftermath, Failed, Tally, in_order, mend
from tests.integration.copies import COPY, Copies
from tests.integration.fleet import write_scenarios
from tests.integration.inside import DONE, UNREAD, WHOLE, Gate, Inside, always_whole
from tests.integration.picture import Differences, without_times
from tests.integration.remedies import REMEDIES, Remedy
from tests.integration.test_host import connect
from tests.lab.scenario import load_folder

# Each so-manieth kill point is also mended by a second run, besides restored; that of a whole fix has two diagnoses.
STRIDE, FIX_STRIDE = 3, 8
# A command is several requests.
SHELL = b"/windows/shell/"
# What is lost of the end of a shell is not asked again. The identification has no action.
NOT_REPEATED = (b"/Delete", b"/signal", b"/Signal")
IDENTIFY = b"identify"
_ACTION = re.compile(rb"Action[^>]*>([^<]*)<|$")
# Each so-manieth request that only reads is cut in one run, and the others in as many more.
EACH = 3


@dataclass
class Request:
    shell: bool
    writes: bool = False


def ways_to_cut(requests: list[Request]) -> list[tuple[str, ...]]:
    """How to cut each request on its own: one that writes both before and after the host has done it, and one of a
    command that writes before. A read, which is just asked again, is cut together with others."""
    ways: list[tuple[str, ...]] = []
    for shell, group in groupby(requests, key=lambda each: each.shell):
        together = list(group)
        command = shell and any(each.writes for each in together)
        ways += [(UNREAD, DONE) if each.writes else (UNREAD,) if command else () for each in together]
    return ways


@dataclass(frozen=True)
class Trace:
    """What an undisturbed run does: for each request how to cut it on its own, and what has changed when it is done."""

    cuts: list[tuple[str, ...]]
    end: Differences
    failure: str


class Bench(Aftermath):
    """All ways to interrupt one remedy."""

    def __init__(self, inside: Inside, remedy: Remedy) -> None:
        super().__init__(inside, remedy)
        self.copies = Copies()
        self.steps = self.steps or in_order(self.copies.apart(self.diagnosis)["plan"])

    def everything(self) -> Tally:
        trace, again = (self.copies.apart(self.undisturbed) for _try in range(2))
        if trace.failure:
            self.complain("undisturbed", trace.failure)
            return self.tally
        # What Windows draws by lot, such as a key, differs between two runs that nobody disturbs.
        self.end = trace.end if trace.end == again.end else None
        for phase in range(EACH):
            self.tally.add(self.copies.apart(partial(self.reads_cut, trace, phase)))
        self.tally.add(self.copies.apart(lambda: self.writes_cut_and_killed(trace)))
        self.tally.add(self.copies.apart(self.rollback_killed))
        return self.tally

    def undisturbed(self) -> Trace:
        requests: list[Request] = []
        seen = self.written

        def look_back() -> None:
            nonlocal seen
            if self.written > seen:
                requests[-1].writes = True
            seen = self.written

        def gate(envelope: bytes) -> str:
            look_back()
            requests.append(Request(SHELL in envelope))
            return WHOLE

        failure = self.attempt(gate)
        look_back()
        return Trace(ways_to_cut(requests), without_times(self.before.differences(self.inside.model)), failure)

    def reads_cut(self, trace: Trace, phase: int) -> Tally:
        """Of all that is read each ``EACH``th request is cut, and so asked again: a command from its beginning."""
        nth, awaited, cuts = -1, b"", 0

        def gate(envelope: bytes) -> str:
            nonlocal nth, awaited, cuts
            action = _ACTION.findall(envelope)[0] or IDENTIFY
            if awaited:
                awaited = b"" if action == awaited else awaited
                return WHOLE
            nth += 1
            if nth >= len(trace.cuts) or trace.cuts[nth] or nth % EACH != phase:
                return WHOLE
            awaited = b"" if action.endswith(NOT_REPEATED) else action
            cuts += 1
            return UNREAD

        failure = self.attempt(gate)
        self.tally = Tally(self.remedy.name, cuts=cuts)
        self.judge_end(f"reads {phase} of {EACH} cut", failure)
        return self.tally

    def writes_cut_and_killed(self, trace: Trace) -> Tally:
        """Goes through the remedy once: for each write, and each request of a command, copies lose the connection
        before and after the host has done it, and after each write others lose the controller."""
        self.tally = Tally(self.remedy.name)
        start, seen, nth, mine = self.written, self.written, -1, ""

        def gate(_envelope: bytes) -> str:
            nonlocal seen, nth, mine
            if mine:
                return WHOLE
            if self.written > seen:
                seen = self.written
                self.killed(f"killed after write {seen - start}")
            nth += 1
            for cut in trace.cuts[nth]:
                found = self.copies.make()
                if found is COPY:
                    mine = f"{cut} at request {nth}"
                    return cut
                self.tally.add(found)
            return WHOLE

        try:
            failure = self.attempt(gate)
        except BaseException:
            if mine:
                self.copies.report(None, f"{mine}: {traceback.format_exc()}")
            raise
        if mine:
            self.copies.finish(lambda: self.after_cut(mine, failure))
        return self.tally

    def rollback_killed(self) -> Tally:
        """The remedy is taken back, and the controller dies after each write of that, too."""
        self.tally = Tally(self.remedy.name)
        self.attempt(always_whole)
        start, seen = self.written, self.written

        def gate(_envelope: bytes) -> str:
            nonlocal seen
            if self.written > seen:
                seen = self.written
                where = f"{ROLLBACK} killed after write {seen - start}"
                self.tally.rollback_kills += 1
                self.tally.add(self.copies.apart(lambda: self.after_death(lambda: self.restore(where))))
            return WHOLE

        self.inside.gate = gate
        self.restore("undisturbed")
        return self.tally

    def attempt(self, gate: Gate) -> str:
        """Runs the remedy; why it failed, empty when it did not."""
        self.inside.gate = gate
        try:
            mend(self.run(), self.steps)
        except Failed as error:
            return str(error)
        return ""

    def killed(self, where: str) -> None:
        again = self.tally.kills % (STRIDE if self.remedy.steps else FIX_STRIDE) == 0
        self.tally.kills += 1
        self.tally.add(self.copies.apart(lambda: self.after_death(lambda: self.restore(where))))
        if again:
            self.tally.add(self.copies.apart(lambda: self.after_death(lambda: self.again(where))))


def try_out(number: int, folder: str) -> Tally:
    """Everything with one remedy; in a process of its own, since Python uses one core."""
    remedy = REMEDIES[number]
    scenarios = write_scenarios(Path(folder) / "scenarios", [{**remedy.host, "hostname": "CRASH"}])
    inside = Inside(load_folder(scenarios)[0], f"127.47.{number}.1")
    # Copies have what is loaded already.
    load(*(module for module, _arguments in remedy.steps), *ORDER, "rdp_service", "rdp_restore", "rdp_diagnose")
    connect(inside.host, "winrm")
    with inside.reached():
        return Bench(inside, remedy).everything()
