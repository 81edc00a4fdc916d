# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking back: the newest first, only what is still ours, and nothing of it twice."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import RemedyError, apply
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword, perform
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import KEPT, ROOT, Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.restore import (
    Item,
    Unknown,
    check_readable,
    chosen,
    plan,
    runs,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import REMOTE_DESKTOP, store_path
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from tests.unit.windows.fake import FakeRegistry

TEST = "SOFTWARE\\Test"
STORE = store_path(REMOTE_DESKTOP)


def host_of(keys: dict[str, dict[str, tuple[int, Any]]]) -> tuple[Any, FakeRegistry]:
    fake = FakeRegistry({"SOFTWARE": {}, **keys})
    return SimpleNamespace(registry=Registry(fake.session), extend=lambda _seconds: None), fake  # type: ignore[arg-type]


def setting(before: int | None, after: int | None, key: str = TEST) -> Change:
    sides = [None if number is None else dword(number) for number in (before, after)]
    return Change(kind="registry_value", target=f"HKLM\\{key}", name="V", before=sides[0], after=sides[1])


def take_back(host: Any, run: str = "all", *, force: bool = False) -> list[Item]:
    found = journal.read(host.registry)
    items = plan(host, chosen(found.entries, run), force=force)
    for item in items:
        if item.back is not None:
            perform(host, item.back)
    journal.forget(host.registry, [item.entry for item in items if item.final], found.empty)
    return items


def test_what_was_made_for_a_value_goes_with_it() -> None:
    host, fake = host_of({TEST: {"Other": (1, "x")}})
    before = copy.deepcopy(fake.keys)
    apply(host, [setting(None, 1), setting(None, 2, f"{TEST}\\A\\B")], Journal(host.registry, "m", "run"))
    assert f"{TEST}\\A\\B" in fake.keys
    take_back(host)
    assert fake.keys == before


def test_keys_that_were_made_before_a_task_was_cut_off_go_as_well() -> None:
    host, fake = host_of({TEST: {}})
    before = copy.deepcopy(fake.keys)
    apply(host, [setting(None, 2, f"{TEST}\\A\\B")], Journal(host.registry, "m", "run"))
    del fake.keys[f"{TEST}\\A\\B"]["V"]
    take_back(host)
    assert fake.keys == before


def test_several_changes_of_one_value_end_with_the_oldest_state() -> None:
    host, fake = host_of({TEST: {"V": (4, 1)}})
    apply(host, [setting(1, 2)], Journal(host.registry, "m", "first"))
    apply(host, [setting(2, 3), setting(3, 4)], Journal(host.registry, "m", "second"))
    assert [run["run"] for run in runs(journal.read(host.registry).entries)] == ["second", "first"]
    take_back(host, "last")
    assert fake.keys[TEST] == {"V": (4, 2)}
    take_back(host, "first")
    assert fake.keys[TEST] == {"V": (4, 1)}
    assert journal.read(host.registry) == ([], [], [])


def test_somebody_elses_value_stays_and_its_entry_too() -> None:
    host, fake = host_of({TEST: {"V": (4, 1)}})
    apply(host, [setting(1, 2)], Journal(host.registry, "m", "run"))
    fake.keys[TEST]["V"] = (4, 7)
    (item,) = take_back(host)
    assert item.kept.startswith("somebody has changed it since")
    assert fake.keys[TEST]["V"] == (4, 7)
    (forced,) = take_back(host, force=True)
    assert forced.back is not None
    assert forced.back["before"] == dword(7)
    assert fake.keys[TEST]["V"] == (4, 1)


def test_a_change_that_was_never_made_only_leaves_the_journal() -> None:
    host, fake = host_of({TEST: {"V": (4, 1)}})
    Journal(host.registry, "m", "run").write(setting(1, 2))
    (item,) = take_back(host)
    assert (item.back, item.kept) == (None, "")
    assert not [key for key in fake.keys if "winops" in key]


@pytest.mark.parametrize("made_anew", [True, False])
def test_a_deleted_certificate_comes_back_unless_windows_made_another(made_anew: bool) -> None:
    store = STORE.removeprefix("HKLM\\")
    key = f"{store}\\{'A' * 40}"
    host, fake = host_of({store: {}, key: {"Blob": (3, b"\x01\x02")}})
    blob = {"Blob": {"type": "REG_BINARY", "data": "0102"}}
    deletion = Change(kind="registry_key", target=f"HKLM\\{key}", name="", before=blob, after=None)
    apply(host, [deletion], Journal(host.registry, "rdp_certificate", "run"))
    if made_anew:
        fake.keys[f"{store}\\{'B' * 40}"] = {"Blob": (3, b"\x03")}
    (item,) = take_back(host)
    assert (key in fake.keys) is not made_anew
    assert ("the old key is gone" in item.kept) is made_anew
    assert journal.read(host.registry).entries == []


def test_an_unknown_run_names_those_that_there_are() -> None:
    host, _fake = host_of({TEST: {"V": (4, 1)}})
    apply(host, [setting(1, 2)], Journal(host.registry, "m", "feed"))
    with pytest.raises(Unknown, match="no run 'x'; it has feed"):
        chosen(journal.read(host.registry).entries, "x")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": 1, "change": {}}', '{"schema": 2, "change": {"kind": "x"}}']
)
def test_what_is_no_entry_is_told_and_stops_a_blind_rollback(text: str) -> None:
    host, _fake = host_of({f"{ROOT.removeprefix('HKLM' + chr(92))}\\2026": {"0001": (1, text)}})
    found = journal.read(host.registry)
    assert found.entries == []
    with pytest.raises(WindowsError, match="0001 is no entry"):
        check_readable(found.unreadable)


def test_the_journal_keeps_a_bounded_number_of_tasks() -> None:
    root = ROOT.removeprefix("HKLM\\")
    host, fake = host_of({f"{root}\\2026{number:04d}": {} for number in range(KEPT + 3)})
    apply(host, [setting(None, 1)], Journal(host.registry, "m", "run"))
    kept = sorted(key for key in fake.keys if key.startswith(f"{root}\\"))
    assert len(kept) == KEPT
    assert f"{root}\\20260003" not in kept
    assert f"{root}\\20260004" in kept


def test_a_removed_update_is_named_and_forgotten() -> None:
    host, fake = host_of({})
    host.packages = SimpleNamespace(state=lambda _identity: "uninstall_pending")
    change = Change(kind="package", target="Package_for_KB1~x", name="", before="installed", after="absent")
    Journal(host.registry, "rdp_update", "run").write(change)
    (item,) = take_back(host)
    assert (item.back, item.final) == (None, True)
    assert "can not be put back" in item.kept
    assert not [key for key in fake.keys if "Journal" in key]


def test_a_hive_that_is_not_loaded_is_not_made() -> None:
    host, fake = host_of({})
    change = Change(kind="registry_value", target="HKU\\S-1-5-21-1\\X", name="V", before=dword(1), after=None)
    Journal(host.registry, "rdp_client", "run").write(change)
    (item,) = take_back(host)
    assert (item.back, item.final) == (None, False)
    assert not [key for key in fake.keys if key.startswith("S-1-5-21-1")]


def test_the_current_run_is_its_own_even_when_it_has_changed_nothing() -> None:
    host, _fake = host_of({TEST: {}})
    apply(host, [setting(None, 1)], Journal(host.registry, "m", "one"))
    entries = journal.read(host.registry).entries
    assert [entry.run for entry in chosen(entries, "current", "one")] == ["one"]
    assert chosen(entries, "current", "two") == []


def test_a_change_that_was_planned_from_another_state_is_not_made() -> None:
    """Somebody has set the value between the reading of the facts and the lock."""
    host, fake = host_of({TEST: {"V": (4, 9)}})
    with pytest.raises(RemedyError, match="not what it was a moment ago"):
        apply(host, [setting(0, 1)], Journal(host.registry, "m", "one"))
    assert fake.keys[TEST] == {"V": (4, 9)}
    assert journal.read(host.registry).entries == []


@pytest.mark.parametrize(
    ("now", "taken_back"),
    [("C:\\Windows\\System32\\termsrv.dll", True), ("%SystemRoot%\\System32\\termsrv.dll", True), ("C:\\x.dll", False)],
)
def test_a_value_that_reads_expanded_is_still_ours(now: str, taken_back: bool) -> None:
    """Windows may give a text with its variables expanded, also where it was written with them."""
    host, _fake = host_of({TEST: {"V": (2, now)}})
    sides = [{"type": "REG_EXPAND_SZ", "data": text} for text in ("C:\\y.dll", "%SystemRoot%\\System32\\termsrv.dll")]
    change = Change(kind="registry_value", target=f"HKLM\\{TEST}", name="V", before=sides[0], after=sides[1])
    Journal(host.registry, "m", "run").write(change)
    (item,) = take_back(host)
    assert (item.back is not None) is taken_back
