# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared by the tests of one exchange: no proxy from the environment, and TLS that the clients trust."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.wsman.transport.throwaway import make, server_context


@dataclass(frozen=True)
class Scheme:
    """How a test speaks to its server: the context of the server and the options of the connection."""

    tls: ssl.SSLContext | None
    options: dict[str, Any]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def https(tmp_path: Path) -> Scheme:
    authority = make("Lab CA")
    trusted, _key = authority.save(tmp_path, "ca")
    options = {
        "ansible_winrm_scheme": "https",
        "ansible_psrp_protocol": "https",
        "ansible_winrm_ca_trust_path": trusted,
        "ansible_psrp_ca_cert": trusted,
    }
    return Scheme(server_context(make("127.0.0.1", authority), tmp_path), options)


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    if request.param == "http":
        return Scheme(None, {})
    found: Scheme = request.getfixturevalue("https")
    return found
