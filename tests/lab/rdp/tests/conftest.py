# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the tests of the lab's RDP listener."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.rdp.tests.client import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab whose listeners are closed after the test."""
    lab = Lab()
    yield lab
    lab.stop()
