# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installed updates, packages of Component Based Servicing, and the correction of CredSSP."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import MINIMUM, UPDATES, is_fixed
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import KNOWN_KBS, BadRow, regressions_of, rows_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import updates
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.packages import MOST
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Updates
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.packages import PACKAGES
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from tests.unit.facts.hosts import DENIED, DWORD, NO_CLASS, host_of, row
from tests.unit.windows.fake import FakeSession

KEY = PACKAGES.removeprefix("HKLM\\")
CURRENT_VERSION = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
TOO_LARGE = WSManFault(0x80338026)


def roll_up(version: str) -> str:
    return f"Package_for_RollupFix~31bf3856ad364e35~amd64~~{version}"


def single(kb: str, part: str = "") -> str:
    return f"Package_{part}for_{kb}~31bf3856ad364e35~amd64~~6.3.1.2"


def read(
    states: dict[str, int | None] | None = None,
    rows: dict[str, Any] | None = None,
    build: int = 20348,
    **answers: Any,
) -> tuple[Updates, FakeSession]:
    keys: dict[str, Any] = {}
    for identity, state in (states or {}).items():
        keys[rf"{KEY}\{identity}"] = {} if state is None else {"CurrentState": (DWORD, state)}
    defaults: dict[str, Any] = {"Win32_QuickFixEngineering": [], "CIM_DataFile": []}
    host, session = host_of(keys, {**defaults, **(rows or {})}, answers, build=build)
    return updates.read(host), session


@pytest.mark.parametrize(
    ("state", "name", "removable"),
    [
        (0x70, "installed", None),
        (0x80, "installed", False),
        (0x50, "superseded", False),
        (0x60, "pending", None),
        (0x65, "pending", None),
        (0x05, "pending", None),
        (0x40, "other", None),
        (None, "other", None),
    ],
)
def test_the_state_of_a_roll_up(state: int | None, name: str, removable: bool | None) -> None:
    found, _session = read({roll_up("20348.2113.1.5"): state})
    (package,) = found["packages"]
    assert (package["build"], package["kb"]) == ("20348.2113", "")
    assert (package["state"], package["removable"]) == (name, removable)


def test_the_newest_come_first_and_others_are_left_out() -> None:
    found, _session = read(
        {
            roll_up("20348.999.1.2"): 0x50,
            roll_up("20348.2113.1.5"): 0x70,
            single("KB5010215"): 0x70,
            single("KB1111111"): 0x70,
            single("KB5010215", "12_"): 0x70,
            "Package_for_RollupFix_Wrapper~31bf3856ad364e35~amd64~~20348.1.1.1": 0x70,
            "Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~10.0.20348.1": 0x70,
        }
    )
    assert [package["build"] or package["kb"] for package in found["packages"]] == [
        "20348.2113",
        "20348.999",
        "KB5010215",
    ]
    assert found["packages_reason"] == ""


def test_thousands_of_packages_cost_a_bounded_number_of_questions() -> None:
    states: dict[str, int | None] = {roll_up(f"20348.{number}.1.1"): 0x50 for number in range(2000)}
    states |= {f"Microsoft-Windows-Part{number}~31bf3856ad364e35~amd64~~10.0.1.1": 0x70 for number in range(3000)}
    found, session = read(states)
    assert [package["build"] for package in found["packages"]] == [f"20348.{1999 - number}" for number in range(MOST)]
    assert len(session.calls) == 1 + MOST


def test_a_host_without_the_key_has_no_packages() -> None:
    found, _session = read()
    assert (found["packages"], found["packages_reason"]) == ([], "")


@pytest.mark.parametrize("fault", [TOO_LARGE, DENIED, WindowsError("no")])
def test_packages_that_can_not_be_read_lose_nothing_else(fault: Exception) -> None:
    def fail(**_values: object) -> Any:
        raise fault

    rows = {"Win32_QuickFixEngineering": [row(HotFixID="kb2", Description="Update"), row(HotFixID="KB1")]}
    found, _session = read(rows=rows, EnumKey=fail)
    assert found["status"] == "ok"
    assert [update["kb"] for update in found["installed"]] == ["KB1", "KB2"]
    assert (found["packages"], found["packages_reason"]) == ([], str(fault))


# ---- CredSSP


def test_the_file_of_an_old_windows_is_looked_at() -> None:
    found, session = read(rows={"CIM_DataFile": [row(Version="6.3.9600.18999")]}, build=9600)
    assert (found["credssp_version"], found["credssp_fixed"]) == ("6.3.9600.18999", True)
    assert r"'D:\\Windows\\System32\\TSpkg.dll'" in session.queries[-1]


@pytest.mark.parametrize("files", [[], [row(Version=None)], DENIED, NO_CLASS])
def test_a_file_that_can_not_be_read_says_nothing(files: Any) -> None:
    found, _session = read(rows={"CIM_DataFile": files}, build=9600)
    assert (found["status"], found["credssp_version"], found["credssp_fixed"]) == ("ok", None, None)


def test_a_new_windows_is_not_asked() -> None:
    found, session = read()
    assert (found["credssp_version"], found["credssp_fixed"]) == (None, True)
    assert not any("CIM_DataFile" in query for query in session.queries)


@pytest.mark.parametrize("build", MINIMUM)
def test_the_minimum_is_fixed_and_one_less_is_not(build: int) -> None:
    *head, last = MINIMUM[build]
    for revision, fixed in ((last, True), (last + 1, True), (last - 1, False)):
        assert is_fixed(".".join(map(str, (*head, revision))), build) is fixed
    assert head[2] == build and UPDATES[build]


@pytest.mark.parametrize(
    ("version", "build", "fixed"),
    [
        ("", 9600, None),
        ("6.0.6002.24332", 6002, None),
        ("10.0.10240.17861", 10240, None),
        ("what", 9600, None),
        ("10.0.14393.2248 (rs1_release.180427-1804)", 14393, True),
        ("10.0.14393.22480000", 14393, None),
        ("", 17134, True),
        ("10.0.19041.1", 19045, True),
    ],
)
def test_what_a_version_says(version: str, build: int, fixed: bool | None) -> None:
    assert is_fixed(version, build) is fixed


# ---- rows of the user


def given(**values: str) -> dict[str, str]:
    defaults = {
        "kb": "5051987",
        "build_from": "26100.3194",
        "build_fixed": "26100.3775",
        "fix_kb": "kb5055523",
        "symptom": "it hums.",
        "product": "any",
        "role": "server",
        "kir": "",
        "source": "us.",
        "strength": "C",
    }
    return {**defaults, **values}


def test_a_row_of_the_user_matches_like_ours() -> None:
    rows = rows_of([given(build_from="20348.1", build_fixed="20348.9")])
    assert regressions_of("20348.5", "server", rows) == list(rows)
    assert (rows[0].kb, rows[0].fix_kb, rows[0].symptom, rows[0].source) == ("KB5051987", "KB5055523", "it hums", "us")
    assert rows_of([]) == ()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"build_from": "26100"}, "'26100' is no build with a revision; write it"),
        ({"build_fixed": "26100.x"}, "'26100.x' is no build with a revision; write it"),
        ({"build_fixed": "26100.3194"}, "26100.3194 to 26100.3194 is no range of one build; give"),
        ({"build_fixed": "26200.4000"}, "26100.3194 to 26200.4000 is no range of one build; give"),
        ({"kb": "KB12"}, "'KB12' is no number of an update; write it"),
        ({"fix_kb": "later"}, "'later' is no number of an update; write it"),
    ],
)
def test_a_bad_row_is_named(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadRow) as caught:
        rows_of([given(), given(**values)])
    assert str(caught.value).startswith(f"updates, row 2: {sentence}")


def test_the_packages_that_are_worth_a_look() -> None:
    assert {"KB5055523", "KB4103725", "KB5010215"} <= KNOWN_KBS
