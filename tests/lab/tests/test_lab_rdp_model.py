# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the model hands to the RDP listener: CredSSP versions, names, accounts, clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.model.host import Host
from tests.lab.model.remote_desktop import TSPKG
from tests.lab.rdp import Account, ListenerState
from tests.lab.scenario import ScenarioError, check

MakeHost = Callable[..., Host]
SCHANNEL = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL"


def listener(host: Host) -> ListenerState:
    state = host.remote_desktop.listener()
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("windows", "tspkg", "version"),
    [
        ("7sp1", None, 6),
        ("7sp1", "6.1.7601.24059", 2),
        ("7sp1", "6.1.7601.24117", 6),
        ("2012r2", None, 6),
        ("2012r2", "6.3.9600.18949", 3),
        ("2012r2", "6.3.9600.18999", 6),
        ("2016", "10.0.14393.2189", 3),
        ("2016", "10.0.14393.2248", 6),
        ("2019", None, 6),
        ("2025", None, 6),
    ],
)
def test_credssp_version_follows_tspkg(make_host: MakeHost, windows: str, tspkg: str | None, version: int) -> None:
    host = make_host(windows=windows)
    if tspkg:
        entry = host.files.find(TSPKG)
        assert entry is not None
        host.files.put(replace(entry, version=tspkg))
    assert listener(host).credssp_version == version


def test_names_and_clock(make_host: MakeHost) -> None:
    alone = listener(make_host(hostname="Srv1", clock_skew=-30))
    assert (alone.hostname, alone.domain, alone.authority, alone.clock_skew) == ("Srv1", None, "SRV1", -30)
    member = listener(make_host(hostname="Srv1", domain="corp.example"))
    assert (member.domain, member.authority) == ("corp.example", "CORP")


def test_accounts(make_host: MakeHost) -> None:
    users = [
        {"name": "boss", "password": "a", "admin": True},
        {"name": "anna", "password": "b", "remote_desktop": True},
        {"name": "helpdesk", "password": "c"},
        {"name": "former", "password": "d", "disabled": True},
    ]
    assert listener(make_host(users=users)).accounts == (
        Account("boss", "a"),
        Account("anna", "b"),
        Account("helpdesk", "c", remote_desktop=False),
        Account("former", "d", disabled=True, remote_desktop=False),
    )
    assert "'a'" not in repr(listener(make_host(users=users)))


@pytest.mark.parametrize(("enabled", "expected"), [(None, False), (0, False), (1, True)])
def test_ssl_3_comes_with_enabled_only(make_host: MakeHost, enabled: int | None, expected: bool) -> None:
    registry: dict[str, Any] = {f"{SCHANNEL}\\Protocols\\SSL 3.0\\Server": {"Enabled": enabled}}
    assert ("SSL 3.0" in listener(make_host(registry=registry)).tls_versions) is expected


def test_clock_skew_must_be_a_number() -> None:
    with pytest.raises(ScenarioError, match="clock_skew must be a number of seconds"):
        check(Path("x.yml"), {"hostname": "A", "windows": "2022", "clock_skew": "late"})
