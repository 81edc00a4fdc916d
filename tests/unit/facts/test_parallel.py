# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading over several connections: each thing once, nothing lost, and no thread left."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.parallel import connections_for, in_parallel
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.once import Once
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManConnectionError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session
from tests.unit.wsman.samples import ScriptedTransport

NAMES = [str(number) for number in range(12)]


def session(requests: int = 0) -> Session:
    made = Session(ScriptedTransport(), "win01", Deadline(60))
    made.requests = requests
    return made


@pytest.mark.parametrize(
    ("trip", "build", "quota_faults", "requests", "connections"),
    [
        (0.1, 20348, 0, 57, 4),
        (0.1, 20348, 0, 500, 4),
        (0.1, 20348, 0, 30, 2),
        (0.1, 20348, 0, 10, 1),
        (0.05, 20348, 0, 57, 4),
        (0.02, 20348, 0, 57, 1),
        (0.001, 20348, 0, 57, 1),
        (None, 20348, 0, 57, 1),
        (0.1, 7601, 0, 57, 1),
        (0.1, 20348, 1, 57, 1),
    ],
)
def test_more_connections_are_opened_only_where_they_pay(
    trip: float | None, build: int, quota_faults: int, requests: int, connections: int
) -> None:
    measured: Any = SimpleNamespace(round_trip=trip, quota_faults=quota_faults)
    host: Any = SimpleNamespace(session=measured, build=build)
    assert connections_for(host, requests) == connections


class Readers:
    """Readers that meet, so that each one reads at least one name."""

    def __init__(self, parties: int) -> None:
        self.read: dict[str, int] = {}
        self._meet = threading.Barrier(parties)
        self._met = threading.local()

    def __call__(self, name: str) -> object:
        if not getattr(self._met, "already", False):
            self._met.already = True
            self._meet.wait(5)
        self.read[name] = threading.get_ident()
        return name


def test_all_connections_read_and_are_counted_and_closed() -> None:
    before = threading.active_count()
    readers, known, main = Readers(4), Once(), session(10)
    others = [session(number) for number in (1, 2, 3)]

    def read(name: str) -> object:
        return known.get(name, lambda: readers(name))

    in_parallel(NAMES, read, [(read, each) for each in others], main)
    assert sorted(readers.read, key=int) == NAMES
    assert len(set(readers.read.values())) == 4
    assert main.requests == 16
    assert threading.active_count() == before
    assert [each._transport.closed for each in others] == [1, 1, 1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [WSManConnectionError("gone; wait"), RuntimeError("a bug")])
def test_what_another_connection_cannot_bring_the_first_one_does(error: Exception) -> None:
    known = Once()

    def broken(name: str) -> object:
        def fail() -> object:
            raise error

        return known.get(name, fail)

    def sound(name: str) -> object:
        return known.get(name, lambda: name)

    if isinstance(error, WSManConnectionError):
        in_parallel(NAMES, sound, [(broken, session()) for _number in range(3)], session())
        assert [sound(name) for name in NAMES] == NAMES
    else:  # a bug is not hidden: the first connection meets it
        with pytest.raises(RuntimeError):
            in_parallel(["1"], broken, [(broken, session())], session())


def test_a_host_without_room_is_read_by_the_first_connection_alone() -> None:
    full, main = session(), session()
    full.quota_faults = 1
    by: list[int] = []

    def read(_name: str) -> None:
        by.append(threading.get_ident())

    in_parallel(NAMES, read, [(read, full)], main)
    assert set(by) == {threading.get_ident()}
    assert main.quota_faults == 1


def test_an_error_of_the_first_connection_ends_it_all() -> None:
    before = threading.active_count()
    others = [session() for _number in range(3)]

    def fail(_name: str) -> None:
        raise WSManConnectionError("the host is gone; wait")

    with pytest.raises(WSManConnectionError):
        in_parallel(NAMES, fail, [(lambda _name: None, each) for each in others], session())
    assert threading.active_count() == before


def run(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def test_a_value_is_read_once_however_many_ask() -> None:
    known, reads, found = Once(), [], []
    gate = threading.Event()

    def read() -> int:
        gate.wait(5)
        reads.append(1)
        return 7

    def ask() -> None:
        found.append(known.get("x", read))

    threading.Timer(0.05, gate.set).start()
    run(*[ask] * 8)
    assert (len(reads), found) == (1, [7] * 8)


def test_an_error_is_kept_and_a_broken_connection_is_not() -> None:
    known, reads = Once(), []

    def fail() -> int:
        reads.append(1)
        raise ValueError("no")

    for _number in range(2):
        with pytest.raises(ValueError, match="no"):
            known.get("x", fail)
    assert len(reads) == 1

    def broken() -> int:
        raise WSManConnectionError("gone; wait")

    with pytest.raises(WSManConnectionError):
        known.get("y", broken)
    assert known.get("y", lambda: 5) == 5
