# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab with its inventory, as tests want it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab import inventory
from tests.lab.model.users import User
from tests.lab.runtime import LabThread
from tests.lab.scenario import load_folder

DEMO = Path(__file__).resolve().parents[1] / "lab/scenarios/demo"


@dataclass(frozen=True)
class Fleet:
    """Hosts by name, and the inventory that leads to them."""

    lab: LabThread
    inventory: Path

    def writes(self, host: str) -> list[Any]:
        """The lab's own log of everything that was written to a host."""
        return list(self.lab.hosts[host].model.audit.writes)

    def requests(self, host: str) -> int:
        return self.lab.hosts[host].model.counters.requests

    def shells(self, host: str) -> int:
        return self.lab.hosts[host].model.counters.shells_opened

    def expect(self, host: str) -> dict[str, Any]:
        return self.lab.hosts[host].scenario.expect

    def users(self, host: str) -> list[User]:
        return self.lab.hosts[host].scenario.users()


@contextmanager
def running(folder: Path, work: Path, base: str) -> Iterator[Fleet]:
    """The lab with the scenarios of a folder, at loopback addresses after ``base``."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / "inventory.yml"
    with LabThread(load_folder(folder), base=base) as lab:
        path.write_text(inventory.text(lab.lab), encoding="utf-8")
        yield Fleet(lab, path)


def write_scenarios(folder: Path, scenarios: Sequence[dict[str, Any]]) -> Path:
    """Scenario files from dictionaries."""
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios:
        (folder / f"{scenario['hostname']}.yml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return folder
