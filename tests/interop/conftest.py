# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the interop tests share: the identities of the servers and one display."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.interop import identity, servers
from tests.interop.identity import Identity
from tests.interop.lab_hosts import lab
from tests.lab.runtime import LabHost


@pytest.fixture(scope="session")
def identity_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Identity]:
    """Gives the certificate and key of a kind: rsa, ec, dsa, or expired."""

    @cache
    def make(kind: str) -> Identity:
        expired = kind == "expired"
        return identity.make(tmp_path_factory.mktemp(kind), "rsa" if expired else kind, expired=expired)

    return make


@pytest.fixture(scope="session")
def rsa(identity_of: Callable[[str], Identity]) -> Identity:
    return identity_of("rsa")


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an X display for the programs that can not do without."""
    with servers.display(tmp_path_factory.mktemp("display")) as name:
        yield name


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LabHost]]:
    """The lab's hosts by name. Tests must not change them."""
    with lab(tmp_path_factory.mktemp("lab")) as running:
        yield running.hosts
