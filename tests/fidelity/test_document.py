# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/fidelity.md beside the code: what is marked as memory is named there, and what is named there exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/fidelity.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`((?:plugins|tests|roles|docs)/[\w/.-]+\.(?:py|yml|md))`", DOCUMENT)


def marked() -> Iterator[str]:
    """The files that know something from memory alone."""
    for folder in ("plugins", "roles", "tests/lab"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml", ".md") and re.search(r"\bMEM\b", path.read_text(encoding="utf-8")):
                yield str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", list(marked()))
def test_what_comes_from_memory_is_written_down(path: str) -> None:
    """By its own name, or by that of its folder."""
    folder = f"{Path(path).parent}/"
    assert {path, folder} & set(re.findall(r"`([^`]+)`", DOCUMENT)), (
        f"docs/fidelity.md does not name {path}, which has a MEM mark: add it to the table of its area"
    )


@pytest.mark.parametrize("path", sorted(set(NAMED)))
def test_what_is_named_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_rows_have_a_grade_and_weak_ones_a_second_way() -> None:
    """In the tables with a column "grade": what, evidence, grade, second way."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for table in re.findall(r"\| \w+ \| evidence \| grade \|.*\n\|[-|]+\n((?:\|.*\n)+)", DOCUMENT)
        for line in table.splitlines()
    ]
    assert len(rows) > 50
    for row in rows:
        what, evidence, grade, way = row
        assert what and evidence, row
        assert re.fullmatch(r"[ABCD](, [ABCD])*", grade), row
        assert way and ("D" not in grade or way != "none"), row
