# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package an update is, and when it may go."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import builds_of, is_same_update, number_of
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.update import Found, Plan, guidance, matching, plan
from tests.unit.causes.healthy import facts_of

ROLL_UP = ("Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.405.1.6", "", "20348.405")
OLDER = ("Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.380.1.1", "", "20348.380")
SINGLE = ("Package_for_KB5012170~31bf3856ad364e35~amd64~~20348.880.1.1", "KB5012170", "")
ALL = (ROLL_UP, OLDER, SINGLE)


@pytest.mark.parametrize(
    ("kb", "build", "found"),
    [
        ("KB5008223", "", [ROLL_UP[0]]),  # by the table
        ("", "20348.405", [ROLL_UP[0]]),
        ("KB5012170", "", [SINGLE[0]]),
        ("KB5099999", "", []),
        ("", "20348.999", []),
        ("", "", []),
    ],
)
def test_the_packages_of_an_update(kb: str, build: str, found: list[str]) -> None:
    assert matching(ALL, kb, build) == found


def test_builds_that_share_their_updates() -> None:
    assert is_same_update("19041.1466", "19044.1466")
    assert not is_same_update("19041.1466", "19044.1467")
    assert not is_same_update("20348.1466", "19044.1466")
    assert not is_same_update("20348", "20348")
    assert builds_of("KB5055523") == {"26100.3775"}
    assert [number_of(text) for text in ("5055523", " kb5055523", "KB1", "x")] == ["KB5055523", "KB5055523", None, None]


def planned(state: str, *, permanent: bool | None = None, allow_weaker: bool = True, **more: Any) -> Plan:
    found = [Found(ROLL_UP[0], state, permanent)]
    given: dict[str, Any] = {"installed": (), "kb": "KB5008223", "build": "", "instead": "Install KB1.", **more}
    return plan(found, allow_weaker=allow_weaker, **given)


def test_an_installed_update_goes() -> None:
    (change,) = planned("installed").changes
    assert (change["kind"], change["target"], change["before"], change["after"]) == (
        "package",
        ROLL_UP[0],
        "installed",
        "absent",
    )
    assert planned("install_pending").changes


@pytest.mark.parametrize(
    ("state", "note"), [("superseded", "is superseded"), ("uninstall_pending", "next restart"), ("absent", "")]
)
def test_what_is_not_in_use_is_left_alone(state: str, note: str) -> None:
    steps = planned(state, allow_weaker=False)
    assert steps.changes == []
    assert note in "".join(steps.notes)


@pytest.mark.parametrize(
    ("state", "more", "why"),
    [
        ("installed", {"allow_weaker": False}, "set allow_weaker to true.* Install KB1."),
        ("installed", {"permanent": True}, "wusa does not remove it either.* Install KB1."),
        ("permanent", {"instead": ""}, "is permanent.* Install a later cumulative update."),
    ],
)
def test_a_removal_is_refused(state: str, more: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        planned(state, **more)


def test_an_update_that_is_not_found() -> None:
    assert plan([], (), "KB5099999", "", allow_weaker=True, instead="") == Plan([], ["KB5099999 is not installed."])
    assert plan([], (), "", "", allow_weaker=True, instead="") == Plan([], [])
    with pytest.raises(Refused, match="name it as build"):
        plan([], {"KB5099999"}, "KB5099999", "", allow_weaker=True, instead="")


def test_guidance_is_about_this_windows() -> None:
    system = facts_of(system={"build": 20348, "full_build": "20348.405", "product_type": "server"})["system"]
    (told,) = guidance(system, "KB5008223", "")
    assert "KB5010197" in told
    assert guidance({**system, "full_build": "20348.407"}, "", "") == []
    assert guidance({**system, "full_build": "20348.407"}, "KB5008218", "") == []  # of Server 2019
