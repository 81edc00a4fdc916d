# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of a host: one run at a time, whatever the order of two that want it, and nothing left behind."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timezone

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.lock import LOCK, Holder, Lock, describe, parse
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from tests.unit.windows.fake import FakeRegistry

BELOW = LOCK.partition("\\")[2]
MINE = Holder("2026-11-22T08:15:00Z", "92d1ede2", "anna@ctl1", "rdp_tls")
OTHER = Holder("2026-11-22T08:14:59Z", "0badcafe", "bert@ctl2", "rdp_listener")


def lock_of(fake: FakeRegistry, who: Holder) -> Lock:
    return Lock(Registry(fake.session), who, wait=lambda _seconds: None)  # type: ignore[arg-type]


def held(fake: FakeRegistry) -> list[str]:
    return sorted(key.rpartition("\\")[2] for key in fake.keys if key.startswith(BELOW + "\\"))


def test_a_lock_is_one_write_and_leaves_nothing() -> None:
    fake = FakeRegistry({})
    lock = lock_of(fake, MINE)
    assert lock.take(break_others=False) == []
    assert held(fake) == [MINE.name]
    writes = [
        method for _class, method, _parameters, _keys in fake.session.calls if not method.startswith(("Enum", "Get"))
    ]
    assert writes == ["CreateKey"]
    lock.release()
    assert not [key for key in fake.keys if "winops" in key]


def test_another_run_is_refused_by_name_and_writes_nothing() -> None:
    fake = FakeRegistry({})
    lock_of(fake, OTHER).take(break_others=False)
    before = dict(fake.keys)
    with pytest.raises(
        Refused, match=r"rdp_listener of bert@ctl2, run 0badcafe, since 2026-11-22T08:14:59Z.*break_lock"
    ):
        lock_of(fake, MINE).take(break_others=False)
    assert fake.keys == before


def test_the_same_run_passes_and_takes_away_what_its_dead_task_left() -> None:
    fake = FakeRegistry({})
    lock_of(fake, MINE).take(break_others=False)
    second = lock_of(fake, MINE._replace(module="rdp_service"))
    second.take(break_others=False)
    second.release()
    assert held(fake) == []


def test_a_lock_can_be_broken_and_who_held_it_is_told() -> None:
    fake = FakeRegistry({})
    lock_of(fake, OTHER).take(break_others=False)
    broken = lock_of(fake, MINE).take(break_others=True)
    assert len(broken) == 1
    assert "bert@ctl2" in broken[0]
    assert held(fake) == [MINE.name]


def test_of_two_at_the_same_moment_at_most_one_holds_it() -> None:
    """Every order of the operations (write, read) of two tasks, each with its own lock."""
    for order in sorted(set(itertools.permutations("AABB"))):
        keys: set[str] = set()
        seen: dict[str, set[str]] = {}
        for who in order:
            if who in keys:
                seen[who] = set(keys)
            keys.add(who)
        assert [who for who in "AB" if seen[who] == {who}] != ["A", "B"], order


def test_one_that_comes_between_write_and_read_is_yielded_to() -> None:
    """The other one, which comes first by name, has its name there in the moment in which ours is written."""
    fake = FakeRegistry({})
    create = fake.session.answers["CreateKey"]

    def together(hDefKey: int, sSubKeyName: str) -> object:
        fake.keys.setdefault(rf"{BELOW}\{OTHER.name}", {})
        return create(hDefKey=hDefKey, sSubKeyName=sSubKeyName)

    fake.session.answers["CreateKey"] = together  # type: ignore[assignment]
    with pytest.raises(Refused, match="bert@ctl2"):
        lock_of(fake, MINE).take(break_others=False)
    assert held(fake) == [OTHER.name]


def test_the_first_by_name_waits_until_the_others_have_yielded() -> None:
    fake = FakeRegistry({})
    later = MINE._replace(run="ffffffff").name
    create = fake.session.answers["CreateKey"]

    def together(hDefKey: int, sSubKeyName: str) -> object:
        fake.keys.setdefault(rf"{BELOW}\{later}", {})
        return create(hDefKey=hDefKey, sSubKeyName=sSubKeyName)

    fake.session.answers["CreateKey"] = together  # type: ignore[assignment]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            del fake.keys[rf"{BELOW}\{later}"]

    Lock(Registry(fake.session), MINE, wait=wait).take(break_others=False)  # type: ignore[arg-type]
    assert len(waits) == 2
    assert held(fake) == [MINE.name]


def test_an_old_lock_is_called_most_likely_dead() -> None:
    now = datetime(2026, 11, 22, 9, 15, tzinfo=timezone.utc)
    assert "60 minutes ago" in describe(MINE, now)
    assert "dead" in describe(MINE, now)
    assert "dead" not in describe(MINE, datetime(2026, 11, 22, 8, 16, tzinfo=timezone.utc))


@pytest.mark.parametrize("name", ["", "somebody", "a b c d", "2026-99-99T00:00:00Z r o m"])
def test_a_name_of_somebody_else_is_told_as_it_is(name: str) -> None:
    assert describe(parse(name), datetime.now(timezone.utc)).strip(", ") or not name


def test_names_fit_into_the_registry() -> None:
    name = Holder("2026-11-22T08:15:00Z", "r" * 99, "DOMAIN\\some one@ctl", "m" * 99).name
    assert len(name) < 256
    assert re.fullmatch(r"[^\\]+", name)
    assert len(name.split(" ")) == len(Holder._fields)
