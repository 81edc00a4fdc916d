# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making changes: the journal comes first, what fails is told with what stands, lost WinRM undoes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import RemedyError, apply, prove
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import (
    Change,
    describe,
    dword,
    from_json,
    perform,
    reverse,
    to_json,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import ROOT, Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManAuthError, WSManConnectionError
from tests.unit.windows.fake import FakeRegistry, output

KEY = "SOFTWARE\\Test"


def value_change(name: str = "V", before: int | None = 1, after: int | None = 2) -> Change:
    return Change(
        kind="registry_value",
        target="HKLM\\" + KEY,
        name=name,
        before=None if before is None else dword(before),
        after=None if after is None else dword(after),
    )


def host_of(values: dict[str, tuple[int, Any]]) -> tuple[Any, FakeRegistry]:
    fake = FakeRegistry({KEY: values})
    deadline = SimpleNamespace(sleep=lambda _seconds: None)
    registry = Registry(fake.session)  # type: ignore[arg-type]
    return SimpleNamespace(registry=registry, extend=lambda _seconds: None, deadline=deadline), fake


@pytest.mark.parametrize(
    "value",
    [
        RegistryValue(RegistryType.REG_SZ, "x"),
        RegistryValue(RegistryType.REG_BINARY, b"\x00\xff"),
        RegistryValue(RegistryType.REG_MULTI_SZ, ("a", "b")),
        RegistryValue(RegistryType.REG_DWORD, 4294967295),
        RegistryValue(RegistryType.REG_QWORD, 1 << 60),
        RegistryValue(RegistryType.REG_EXPAND_SZ, "%x%"),
    ],
)
def test_registry_values_survive_json(value: RegistryValue) -> None:
    assert from_json(json.loads(json.dumps(to_json(value)))) == value


@pytest.mark.parametrize(("before", "after"), [(1, 2), (None, 2), (1, None)])
def test_a_change_and_its_reverse_end_where_it_began(before: int | None, after: int | None) -> None:
    host, fake = host_of({} if before is None else {"V": (4, before)})
    start = dict(fake.keys[KEY])
    change = value_change(before=before, after=after)
    perform(host, change)
    assert fake.keys[KEY] == ({} if after is None else {"V": (4, after)})
    perform(host, reverse(change))
    assert fake.keys[KEY] == start


def test_a_deleted_key_comes_back_with_its_values() -> None:
    host, fake = host_of({"Blob": (3, [1, 2, 3])})
    blob = {"Blob": {"type": "REG_BINARY", "data": "010203"}}
    change = Change(kind="registry_key", target="HKLM\\" + KEY, name="", before=blob, after=None)
    perform(host, change)
    assert KEY not in fake.keys
    perform(host, reverse(change))
    assert list(fake.keys[KEY]["Blob"][1]) == [1, 2, 3]


def test_the_journal_is_written_before_the_change() -> None:
    host, fake = host_of({"V": (4, 1)})
    journal = Journal(host.registry, "rdp_listener", "feedbeef", ["TermService"])
    apply(host, [value_change()], journal)
    writes = [
        (method, parameters["sSubKeyName"])
        for _class, method, parameters, _keys in fake.session.calls
        if method.startswith("Set")
    ]
    assert [method for method, _key in writes] == ["SetStringValue", "SetDWORDValue"]
    assert writes[0][1] == journal.path.removeprefix("HKLM\\")
    entry = json.loads(fake.keys[journal.path.removeprefix("HKLM\\")]["0001"][1])
    assert entry.pop("at").startswith("20")
    assert entry == {
        "schema": 2,
        "run": "feedbeef",
        "module": "rdp_listener",
        "restart": ["TermService"],
        "change": value_change(),
    }


def test_no_change_no_journal() -> None:
    host, fake = host_of({})
    apply(host, [], Journal(host.registry, "rdp_listener"))
    assert not any(key.startswith(ROOT.removeprefix("HKLM\\")) for key in fake.keys)


def test_a_failure_names_what_stands() -> None:
    host, fake = host_of({"A": (4, 1), "B": (4, 1)})
    put = fake.session.answers["SetDWORDValue"]
    fake.session.answers["SetDWORDValue"] = lambda **p: output(5) if p["sValueName"] == "B" else put(**p)
    with pytest.raises(RemedyError, match=r"(?s)\\B: 1 -> 2 failed.*Changed before that.*\\A: 1 -> 2") as caught:
        apply(host, [value_change("A"), value_change("B")], Journal(host.registry, "m"))
    # B was begun: whatever became of it, it is in the journal and in the result.
    assert [change["name"] for change in caught.value.done] == ["A", "B"]


def test_a_write_that_does_not_read_back_is_a_failure() -> None:
    host, fake = host_of({"V": (4, 1)})
    fake.session.answers["SetDWORDValue"] = lambda **_: output()
    with pytest.raises(WindowsError, match="reads back as 1"):
        perform(host, value_change())


def test_a_lost_connection_takes_everything_back() -> None:
    host, fake = host_of({"V": (4, 1)})
    done = apply(host, [value_change()], Journal(host.registry, "m"))

    def unreachable() -> None:
        raise WSManConnectionError("refused", host="srv", operation="connect")

    with pytest.raises(RemedyError, match="taken back"):
        prove(host, done, unreachable)
    assert fake.keys[KEY] == {"V": (4, 1)}
    prove(host, [], unreachable)  # nothing was done: nothing to prove


def test_one_connection_that_breaks_takes_nothing_back() -> None:
    host, fake = host_of({"V": (4, 1)})
    done = apply(host, [value_change()], Journal(host.registry, "m"))
    tries: list[int] = []

    def breaks_once() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise WSManConnectionError("reset", dropped=True, host="srv", operation="connect")

    prove(host, done, breaks_once)
    assert fake.keys[KEY] == {"V": (4, 2)}


def test_a_refused_log_on_is_not_tried_again() -> None:
    host, fake = host_of({"V": (4, 1)})
    done = apply(host, [value_change()], Journal(host.registry, "m"))
    tries: list[int] = []

    def refuses() -> None:
        tries.append(1)
        raise WSManAuthError("refused", host="srv", operation="connect")

    with pytest.raises(RemedyError, match="taken back"):
        prove(host, done, refuses)
    assert len(tries) == 1
    assert fake.keys[KEY] == {"V": (4, 1)}


def test_what_is_done_already_is_not_done_again_and_not_noted() -> None:
    """netsh has switched it with the first rule of its group, or another run was quicker."""
    host, _fake = host_of({"V": (4, 2)})
    assert apply(host, [value_change(before=1, after=2)], Journal(host.registry, "m")) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (value_change(), "registry value HKLM\\SOFTWARE\\Test\\V: 1 -> 2"),
        (value_change(before=None), "registry value HKLM\\SOFTWARE\\Test\\V: absent -> 2"),
        (Change(kind="registry_key", target="HKLM\\X", name="", before={}, after=None), "delete the key HKLM\\X"),
        (
            Change(kind="start_mode", target="S", name="", before="disabled", after="manual"),
            "start mode S: disabled -> manual",
        ),
        (Change(kind="security", target="C:\\k", name="", before=None, after=None), "access list of C:\\k"),
    ],
)
def test_changes_are_told_in_one_line(change: Change, line: str) -> None:
    assert describe(change) == line
