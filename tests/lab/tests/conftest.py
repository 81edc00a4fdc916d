# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the lab's own tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.model.host import Host
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import Scenario, check

BASES = iter(range(1, 250))


def scenario(**data: Any) -> Scenario:
    """A scenario from Python, checked as a file would be."""
    whole = {"hostname": "LABHOST", "windows": "2022", "service_delay": 0.02, **data}
    check(Path("test.yml"), whole)
    return Scenario(Path("test.yml"), whole)


@pytest.fixture
def make_host() -> Callable[..., Host]:
    """A model without sockets."""
    return lambda **data: scenario(service_delay=0, **data).build()


@pytest.fixture
def run_host() -> Iterator[Callable[..., tuple[LabThread, LabHost]]]:
    """A running host on an address of its own."""
    running: list[LabThread] = []

    def start(**data: Any) -> tuple[LabThread, LabHost]:
        lab = LabThread([scenario(**data)], base=f"127.66.{next(BASES)}.0")
        lab.__enter__()
        running.append(lab)
        return lab, next(iter(lab.hosts.values()))

    yield start
    for lab in running:
        lab.__exit__(None, None, None)


@pytest.fixture
def break_host() -> Iterator[Callable[..., tuple[LabThread, LabHost]]]:
    """The same for the tests of what breaks a listener."""
    with contextlib.ExitStack() as running:
        yield lambda **data: _run(running, f"127.64.{next(BASES)}.0", data)


def _run(running: contextlib.ExitStack, base: str, data: dict[str, Any]) -> tuple[LabThread, LabHost]:
    lab = running.enter_context(LabThread([scenario(**data)], base=base))
    return lab, next(iter(lab.hosts.values()))


@pytest.fixture
def captures() -> Path:
    """The folder of recorded captures; tests that need it are skipped without."""
    folder = os.environ.get("RDP_CAPTURES", "")
    if not folder:
        pytest.skip("RDP_CAPTURES names no folder of captures")
    return Path(folder)
