# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller dies at every write of every remedy, and the connection is cut at every request that may write.

Afterwards rdp_restore brings back what was, byte for byte, and a second run of the remedy ends as an undisturbed one
does. The lab counts the writes and says what a host is; a controller that dies sends nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from tests.integration.crash import REMEDIES, Tally, try_out

PROCESSES = 2


@pytest.fixture(scope="module")
def tallies(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[dict[str, Tally]]:
    folders = [str(tmp_path_factory.mktemp("crash")) for _remedy in REMEDIES]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(try_out, range(len(REMEDIES)), folders))
    request.config.pluginmanager.register(Summary(found))
    yield {tally.remedy.name: tally for tally in found}


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self, found: list[Tally]) -> None:
        self.found = found

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("crash test")
        for line in table(self.found):
            terminalreporter.write_line(line)


def table(found: list[Tally]) -> list[str]:
    width = max(len(tally.remedy.name) for tally in found)
    head = f"{'remedy':{width}} kill points  restored  but for a new certificate  mended by a second run  cuts  told"
    lines = [head]
    for tally in found:
        lines.append(
            f"{tally.remedy.name:{width}} {tally.writes:11} {tally.restored:9} {tally.kept:26} {tally.mended:23} "
            f"{tally.cuts:5} {tally.told:5}" + ("  WRONG" if tally.wrong else "")
        )
    kills, cuts = sum(tally.writes for tally in found), sum(tally.cuts for tally in found)
    wrong = sum(len(tally.wrong) for tally in found)
    lines.append(f"crash test: {kills} kill points and {cuts} cut connections, {wrong} wrong")
    return lines


@pytest.mark.parametrize("name", [remedy.name for remedy in REMEDIES])
def test_nothing_is_lost_and_nothing_half_done(tallies: dict[str, Tally], name: str) -> None:
    tally = tallies[name]
    assert not tally.wrong, "\n".join(tally.wrong)
