# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of the host, the farm that it is in, what is left on its listener, and what gathering costs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import listener, system
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Services
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.services import NEEDED, ROLES
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.facts.hosts import DWORD, MULTI_SZ, NO_NAMESPACE, SZ, host_of, row
from tests.unit.windows.fake import output

SERVER = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
RDP_TCP = SERVER + r"\WinStations\RDP-Tcp"
POLICY = r"SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
LSA = r"SYSTEM\CurrentControlSet\Control\Lsa"
COMPUTER = row(Name="WIN01", Domain="corp.example", PartOfDomain="true", DomainRole=3)
NOW = datetime(2026, 10, 3, tzinfo=timezone.utc)


def services(*present: str) -> Services:
    names = (*NEEDED, *ROLES)
    return cast(Services, {"status": "ok", "services": {name: {"present": name in present} for name in names}})


def read(
    keys: dict[str, Any] | None = None,
    *,
    session_host: bool = True,
    product_type: int = 3,
    policies: set[str] | None = None,
) -> Any:
    host, _session = host_of(keys, {"Win32_ComputerSystem": [COMPUTER]}, product_type=product_type)
    return system.read(host, services("Tssdis"), NOW, session_host=session_host, policies=policies)


def test_roles_by_services_by_mode_and_by_product_type() -> None:
    assert read(session_host=False)["rds_roles"] == ["connection_broker"]
    assert read(product_type=2)["rds_roles"] == ["connection_broker", "session_host", "domain_controller"]


@pytest.mark.parametrize(
    ("keys", "member"),
    [
        ({}, False),
        ({SERVER: 0}, False),
        ({SERVER: 1}, True),
        ({SERVER: 0, SERVER + r"\ClusterSettings": 1}, True),
        ({POLICY: 0, SERVER: 1}, False),
        ({POLICY: 1, SERVER: 0}, True),
    ],
)
def test_the_farm(keys: dict[str, int], member: bool) -> None:
    written = {path: {"SessionDirectoryActive": (DWORD, value)} for path, value in keys.items()}
    assert read(written)["part_of_cluster"] is member
    assert read(written, session_host=False)["part_of_cluster"] is False


def test_a_policy_key_that_is_not_there_is_not_asked_for() -> None:
    keys = {POLICY: {"SessionDirectoryActive": (DWORD, 1)}}
    assert read(keys, policies={"windows"})["part_of_cluster"] is False


# ---- the listener


@pytest.mark.parametrize(
    ("keys", "present", "citrix"),
    [
        ({RDP_TCP: {}}, True, []),
        ({SERVER + r"\WinStations\Console": {}}, False, []),
        (
            {RDP_TCP: {"CitrixBackupRdpTcpLoadableProtocolObject": (SZ, "{18b726bb-6fe6-4fb9-9276-ed57ce7c7cb2}")}},
            True,
            [rf"HKLM\{RDP_TCP}\CitrixBackupRdpTcpLoadableProtocolObject"],
        ),
    ],
)
def test_the_listener_and_what_citrix_left(keys: dict[str, Any], present: bool, citrix: list[str]) -> None:
    host, _session = host_of(keys)
    found = listener.read(host, release("2022"), listener.rdp_tcp(host), None)
    assert (found["present"], found["citrix"]) == (present, citrix)


# ---- costs of each alone, with what it shares with others: the system, RSOP_GPO, policy keys, the settings object


def setting(mode: int) -> list[Instance]:
    return [row(ServerName="WIN01", TerminalServerMode=mode, LicensingType=4 if mode else 1)]


WORKGROUP = {"RSOP_GPO": [row(id="LocalGPO", name="Local", version=0)], "Win32_TerminalServiceSetting": setting(0)}
MEMBER = {"RSOP_GPO": [row(id="g", name="Default", version=3)], "Win32_TerminalServiceSetting": setting(0)}
SESSION_HOST = {**MEMBER, "Win32_TerminalServiceSetting": setting(1)}
LSA_VALUES = {
    "Security Packages": (MULTI_SZ, ["tspkg"]),
    "disabledomaincreds": (DWORD, 0),
}
KEYS: dict[str, Any] = {LSA: LSA_VALUES, POLICY: {"LicenseServers": (SZ, "lic1,lic2")}}


def requests(areas: list[str], host_rows: dict[str, Any]) -> int:
    rows: dict[str, Any] = {
        "Win32_Service": [],
        "Win32_Group": [row(Domain="WIN01", Name="Administrators", SID="S-1-5-32-544")],
        "ASSOCIATORS OF": [],
        "Win32_TSGeneralSetting": [row(PolicySourceSecurityLayer=0)],
        "RSOP_RegistryPolicySetting": [],
        "RSOP_RegistryValue": [],
        "RSOP_UserPrivilegeRight": [],
        **host_rows,
    }
    answers: dict[str, Any] = {
        "GetGracePeriodDays": lambda: output(DaysLeft=3),
        "GetTStoLSConnectivityStatus": lambda ServerName: output(TsToLsConnectivityStatus=1),
    }
    # The services are read by every diagnosis, and an area that needs them shares them.
    host, alone = host_of(KEYS, rows, answers)
    gather(host, ["services"])
    host, session = host_of(KEYS, rows, answers)
    facts: Any = gather(host, ["services", *areas])
    assert {facts[name]["status"] for name in areas} == {"ok"}
    return len(session.calls) + len(session.queries) - len(alone.calls) - len(alone.queries)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (WORKGROUP, {"policies": 3, "logon": 10, "licensing": 2}),
        (MEMBER, {"policies": 5, "logon": 11, "licensing": 2}),
        (SESSION_HOST, {"policies": 5, "logon": 11, "licensing": 6}),
    ],
    ids=["workgroup", "member", "session host"],
)
def test_what_an_area_costs(rows: dict[str, Any], expected: dict[str, int]) -> None:
    assert {area: requests([area], rows) for area in expected} == expected


def test_areas_share_what_they_ask_alike() -> None:
    areas = ["policies", "logon", "licensing"]
    alone = sum(requests([area], SESSION_HOST) for area in areas)
    # RSOP_GPO, Win32_TerminalServiceSetting
    assert requests(areas, SESSION_HOST) == alone - 2


def test_a_windows_without_the_terminal_services_namespace() -> None:
    rows: dict[str, Any] = {
        "Win32_ComputerSystem": [COMPUTER],
        "Win32_Service": [],
        "Win32_Group": [],
        "RSOP_GPO": NO_NAMESPACE,
        "Win32_TerminalServiceSetting": NO_NAMESPACE,
        "Win32_TSGeneralSetting": NO_NAMESPACE,
    }
    host, _session = host_of({LSA: LSA_VALUES}, rows)
    areas = ["system", "policies", "logon", "licensing"]
    facts: Any = gather(host, areas)
    assert [facts[name]["status"] for name in areas] == ["ok", "ok", "ok", "absent"]
    assert facts["system"]["rds_roles"] == []
