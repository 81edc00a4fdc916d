# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Licensing of a session host over WinRM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from winrm.exceptions import WSManFaultError

from tests.lab.runtime import LabThread
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import invoke, pywinrm, query, selectors, texts
from tests.lab.wsman import names

URI = names.WMI_PREFIX + "root/cimv2/TerminalServices/Win32_TerminalServiceSetting"
POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
SERVERS = [
    {"name": "lic1.corp.example"},
    {"name": "lic2.corp.example", "status": "not_connectable"},
    {"name": "lic3.corp.example", "status": "lower_version", "specified": False},
]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabThread]:
    host = {"session_host": True, "servers": SERVERS, "registered": ["lic3.corp.example"]}
    hosts = [
        scenario(hostname="RDSH", windows="2022", licensing={**host, "mode": "per_user", "grace_days": 0}),
        scenario(hostname="FREE", windows="2019", licensing={**host, "grace_days": 93}),
        scenario(
            hostname="RULED",
            windows="2016",
            domain="corp.example",
            licensing=host,
            policies=[{"registry": {POLICY: {"LicensingMode": 2, "LicenseServers": "gpo1, gpo2"}}}],
        ),
        scenario(hostname="PLAIN", windows="2008r2"),
    ]
    with LabThread(hosts, base="127.63.2.0") as found:
        yield found


def call(lab: LabThread, host: str, method: str, inputs: str = "") -> dict[str, list[str]]:
    return invoke(pywinrm(lab.hosts[host].address), URI, method, inputs, selectors(ServerName=host))


def setting(lab: LabThread, host: str) -> dict[str, str | None]:
    text = "SELECT * FROM Win32_TerminalServiceSetting"
    (item,) = query(pywinrm(lab.hosts[host].address), text, "root/cimv2/TerminalServices")
    return texts(item)


def parameter(name: str, value: object) -> str:
    return f"<p:{name}>{value}</p:{name}>"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("RDSH", ("1", "4", "0", "Per User", "0")),
        ("FREE", ("1", "5", "0", "Not Configured", "0")),
        ("RULED", ("1", "2", "1", "Per Device", "1")),
        ("PLAIN", ("0", "1", "0", None, "0")),
    ],
)
def test_mode(lab: LabThread, host: str, wanted: tuple[str | None, ...]) -> None:
    found = setting(lab, host)
    listed = "TerminalServerMode LicensingType PolicySourceLicensingType LicensingName"
    assert tuple(found[name] for name in [*listed.split(), "PolicySourceConfiguredLicenseServers"]) == wanted


def test_properties_by_version(lab: LabThread) -> None:
    assert "EnableAutomaticReconnection" not in setting(lab, "PLAIN")
    assert setting(lab, "RDSH")["EnableAutomaticReconnection"] == "1"


def test_grace_period(lab: LabThread) -> None:
    assert call(lab, "RDSH", "GetGracePeriodDays")["DaysLeft"] == ["0"]
    assert call(lab, "FREE", "GetGracePeriodDays")["DaysLeft"] == ["93"]
    with pytest.raises(WSManFaultError):
        call(lab, "PLAIN", "GetGracePeriodDays")


@pytest.mark.parametrize(
    ("server", "status"),
    [("LIC1.corp.example", "11"), ("lic2.corp.example", "6"), ("lic3.corp.example", "4"), ("nowhere", "6")],
)
def test_connectivity(lab: LabThread, server: str, status: str) -> None:
    found = call(lab, "RDSH", "GetTStoLSConnectivityStatus", parameter("ServerName", server))
    assert found["TStoLSConnectivityStatus"] == [status]


def test_servers_are_listed_and_changed(lab: LabThread) -> None:
    listed = "GetSpecifiedLicenseServerList"
    assert call(lab, "FREE", listed)["SpecifiedLSList"] == ["lic1.corp.example", "lic2.corp.example"]
    call(lab, "FREE", "AddLSToSpecifiedLicenseServerList", parameter("LicenseServerName", "lic4"))
    call(lab, "FREE", "RemoveLSFromSpecifiedLicenseServerList", parameter("LicenseServerName", "LIC1.corp.example"))
    call(lab, "FREE", "SetPrimaryLicenseServer", parameter("LicenseServerName", "lic4"))
    assert call(lab, "FREE", listed)["SpecifiedLSList"] == ["lic4", "lic2.corp.example"]
    assert call(lab, "FREE", "GetRegisteredLicenseServerList")["RegisteredLSList"] == ["lic3.corp.example"]
    call(lab, "FREE", "SetSpecifiedLicenseServerList", parameter("SpecifiedLSList", "one"))
    assert call(lab, "FREE", listed)["SpecifiedLSList"] == ["one"]
    call(lab, "FREE", "EmptySpecifiedLicenseServerList")
    assert "SpecifiedLSList" not in call(lab, "FREE", listed)


def test_found_servers_are_objects(lab: LabThread) -> None:
    found = call(lab, "RDSH", "FindLicenseServers")
    assert found["Count"] == ["3"] and len(found["LicenseServersList"]) == 3


def test_mode_is_changed(lab: LabThread) -> None:
    assert call(lab, "FREE", "ChangeMode", parameter("LicensingType", 4))["ReturnValue"] == ["0"]
    assert setting(lab, "FREE")["LicensingType"] == "4"
    with pytest.raises(WSManFaultError):
        call(lab, "FREE", "ChangeMode", parameter("LicensingType", 3))


@pytest.mark.parametrize(
    ("method", "inputs"),
    [
        ("ChangeMode", parameter("LicensingType", 4)),
        ("AddLSToSpecifiedLicenseServerList", parameter("LicenseServerName", "x")),
        ("EmptySpecifiedLicenseServerList", ""),
    ],
)
def test_a_policy_refuses_changes(lab: LabThread, method: str, inputs: str) -> None:
    assert call(lab, "RULED", "GetSpecifiedLicenseServerList")["SpecifiedLSList"] == ["gpo1", "gpo2"]
    with pytest.raises(WSManFaultError) as refused:
        call(lab, "RULED", method, inputs)
    assert "2147749910" in str(refused.value) or "80041016" in str(refused.value).lower()
