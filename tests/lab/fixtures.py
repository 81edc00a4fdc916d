# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pytest fixtures of the lab: import them into a conftest.py (`from tests.lab.fixtures import *`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.runtime import LabThread
from tests.lab.scenario import Scenario, load_folder

DEMO = Path(__file__).resolve().parent / "scenarios" / "demo"

__all__ = ["demo_lab", "demo_scenarios"]


@pytest.fixture(scope="session")
def demo_scenarios() -> list[Scenario]:
    """The demo fleet's scenarios."""
    return load_folder(DEMO)


@pytest.fixture
def demo_lab(demo_scenarios: list[Scenario]) -> Iterator[LabThread]:
    """The demo fleet, running on loopback addresses of its own; fresh for every test."""
    with LabThread(demo_scenarios, base="127.77.0.0") as lab:
        yield lab
