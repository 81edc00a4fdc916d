# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller dies at every write of every remedy and of its rollback, and the connection is cut at every request.

Afterwards rdp_restore brings back what was, byte for byte, but for what can not come back, which it names; a second run
of the remedy leaves nothing to do; and a remedy whose connection was cut ends as an undisturbed one does. The lab
counts the writes and says what a host is; a controller that dies sends nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManConnectionError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.integration.aftermath import Tally
from tests.integration.crash import try_out
from tests.integration.fleet import running, write_scenarios
from tests.integration.inside import DONE, UNREAD, Inside, session_to
from tests.integration.remedies import REMEDIES
from tests.integration.test_host import connection_to
from tests.lab.scenario import load_folder

PROCESSES = 2
COLUMNS = {
    "kills": "kill points",
    "rollback_kills": "of the rollback",
    "restored": "restored",
    "kept": "but for what is named",
    "mended": "by a second run",
    "cuts": "cuts",
    "told": "told",
}


@pytest.fixture(scope="module")
def tallies(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[dict[str, Tally]]:
    folders = [str(tmp_path_factory.mktemp("crash")) for _remedy in REMEDIES]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(try_out, range(len(REMEDIES)), folders))
    request.config.pluginmanager.register(Summary(found))
    yield {tally.name: tally for tally in found}


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self, found: list[Tally]) -> None:
        self.found = found

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("crash test")
        for line in table(self.found):
            terminalreporter.write_line(line)


def table(found: list[Tally]) -> list[str]:
    width = max(len(tally.name) for tally in found)
    lines = ["  ".join(["remedy".ljust(width), *COLUMNS.values()])]
    for tally in found:
        numbers = [str(getattr(tally, name)).rjust(len(title)) for name, title in COLUMNS.items()]
        lines.append("  ".join([tally.name.ljust(width), *numbers]) + ("  WRONG" if tally.wrong else ""))
    kills = sum(tally.kills + tally.rollback_kills for tally in found)
    cuts = sum(tally.cuts for tally in found)
    wrong = sum(len(tally.wrong) for tally in found)
    lines.append(f"crash test: {kills} kill points and {cuts} cut connections, {wrong} wrong")
    return lines


@pytest.mark.parametrize("name", [remedy.name for remedy in REMEDIES])
def test_nothing_is_lost_and_nothing_half_done(tallies: dict[str, Tally], name: str) -> None:
    tally = tallies[name]
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills
    assert tally.cuts


FAULTS = {UNREAD: "drop_unread", DONE: "drop_done"}


@pytest.mark.parametrize("end", FAULTS)
def test_a_connection_ends_inside_as_over_a_socket(tmp_path: Path, end: str) -> None:
    """The crash test leaves the road out: what a cut means to the collection has to be the same."""
    folder = write_scenarios(tmp_path / "scenarios", [{"hostname": "SRV1", "windows": "2022"}])
    key = r"SOFTWARE\Lab"
    inside = Inside(load_folder(folder)[0], "127.47.201.1")
    inside.gate = lambda _envelope: end
    with running(folder, tmp_path, "127.47.200.0", ruled=False) as fleet:
        fleet.lab.inject("SRV1", FAULTS[end], at="invoke")
        over_socket = cut(open_session(connection_to(fleet, "SRV1", "winrm"), Deadline(20)), key)
        assert (fleet.lab.hosts["SRV1"].model.registry.find(rf"HKLM\{key}") is None) is (end == UNREAD)
    assert cut(session_to(inside, Deadline(20)), key) == over_socket
    assert (inside.model.registry.find(rf"HKLM\{key}") is None) is (end == UNREAD)


def cut(session: Session, key: str) -> tuple[object, ...]:
    """How a method call fails, without the address."""
    with session, pytest.raises(WSManConnectionError) as caught:
        session.invoke("root/default", "StdRegProv", "CreateKey", {"hDefKey": 2147483650, "sSubKeyName": key})
    error = caught.value
    return type(error), error.dropped, error.http_status, error.in_doubt, error.final, error.detail
