# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of causes: whole, in one form, and the same in docs/causes."""

from __future__ import annotations

import re

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.reading import AREAS, WIRE
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import BY_CAUSE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import _AREAS, BY_ID
from scripts.causes import PAGES, pages

EVERY = pytest.mark.parametrize("cause", BY_ID.values(), ids=lambda cause: cause.id)


def test_the_pages_are_those_of_the_data() -> None:
    """After a change of the data: ``PYTHONPATH=.collections python -m scripts.causes``."""
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert sorted(written) == sorted(pages())
    assert [name for name, text in pages().items() if written[name] != text] == []


def test_no_cause_is_told_twice() -> None:
    assert len(BY_ID) == sum(len(area) for area in _AREAS)


@EVERY
def test_a_cause_is_told_in_one_form(cause: Cause) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", cause.id)
    assert cause.title and not cause.title.endswith(".")
    sentences = [cause.what, cause.confidence, cause.done, cause.refused, cause.ruled_out]
    assert all(text.endswith(".") and "\n" not in text for text in sentences if text)
    assert cause.what and cause.proof and cause.confidence and cause.done and cause.references
    assert set(cause.needs) <= {*AREAS, WIRE, "client"}
    assert all(re.fullmatch(r"0x[0-9A-F]+/0x[0-9A-F]+", pair) for pair in cause.explains)


def test_a_finding_has_stage_and_source_of_its_cause() -> None:
    found = finding("listener.drain", "x", confidence="proved", impact="breaks", evidence=[fact("It is.", "here")])
    assert found["stage"] == "logon"
    assert "strength A" in found["reference"] and "https://" in found["reference"]
    moved = finding("listener.drain", "x", confidence="proved", impact="breaks", evidence=[], stage="tcp")
    assert moved["stage"] == "tcp"


def test_a_source_without_an_address() -> None:
    assert str(Reference("A report", "C")) == "A report (strength C)"


def test_events_are_looked_for_by_causes_that_exist() -> None:
    assert set(BY_CAUSE) <= set(BY_ID)
