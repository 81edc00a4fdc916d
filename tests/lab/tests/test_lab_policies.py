# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Group Policy: RSoP over WinRM, what a refresh does, and user rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from winrm.exceptions import WSManFaultError

from tests.lab.model.host import Host
from tests.lab.model.policies import DENY_REMOTE
from tests.lab.model.registry import REG_DWORD
from tests.lab.runtime import LabThread
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import pywinrm, query, registry, texts

TS = "SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
LSA = r"SYSTEM\CurrentControlSet\Control\Lsa"
CIPHERS = "SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002"
RSOP = "root/rsop/computer"
POLICIES: list[dict[str, Any]] = [
    {
        "name": "RDP hardening",
        "guid": "{11111111-2222-3333-4444-555555555555}",
        "link": "OU=Servers,DC=corp,DC=example",
        "registry": {f"HKLM\\{TS}": {"UserAuthentication": 1}, f"HKLM\\{CIPHERS}": {"Functions": "A,B"}},
        "rights": {DENY_REMOTE: ["S-1-5-32-546", "S-1-5-113"]},
    },
    {
        "name": "Default Domain Policy",
        "registry": {
            f"HKLM\\{TS}": {"UserAuthentication": 0, "SecurityLayer": 2},
            f"HKLM\\{LSA}": {"LmCompatibilityLevel": 5},
        },
        "rights": {DENY_REMOTE: ["S-1-5-32-545"]},
    },
]
MakeHost = Callable[..., Host]


@pytest.fixture(scope="module")
def lab() -> Iterator[LabThread]:
    hosts = [
        scenario(hostname="DOMAIN", windows="2019", domain="corp.example", policies=POLICIES),
        scenario(hostname="GERMAN", windows="2016", language=1031, domain="corp.example", policies=POLICIES),
        scenario(hostname="ALONE", windows="7sp1"),
        scenario(hostname="OFF", windows="2022", rsop=False),
    ]
    with LabThread(hosts, base="127.63.1.0") as found:
        yield found


def rows(lab: LabThread, host: str, text: str, namespace: str = RSOP) -> list[dict[str, str | None]]:
    return [texts(item) for item in query(pywinrm(lab.hosts[host].address), text, namespace)]


def test_gpos(lab: LabThread) -> None:
    found = rows(lab, "DOMAIN", "SELECT * FROM RSOP_GPO")
    assert [item["name"] for item in found] == ["RDP hardening", "Default Domain Policy"]
    assert found[0]["id"] == "CN={11111111-2222-3333-4444-555555555555},CN=Policies,CN=System,DC=corp,DC=example"
    assert (found[0]["guidName"], found[0]["enabled"]) == ("{11111111-2222-3333-4444-555555555555}", "true")


def test_registry_settings_have_the_recorded_shape(lab: LabThread) -> None:
    text = "SELECT * FROM RSOP_RegistryPolicySetting WHERE valueName='UserAuthentication'"
    found = {item["precedence"]: item for item in rows(lab, "DOMAIN", text)}
    assert set(found) == {"1", "2"}
    first = found["1"]
    assert (first["registryKey"], first["name"], first["valueType"]) == (TS, "UserAuthentication", "4")
    assert first["SOMID"] == "OU=Servers,DC=corp,DC=example"
    assert found["2"]["SOMID"] == "DC=corp,DC=example" and found["2"]["id"] != first["id"]


def test_the_value_is_bytes(lab: LabThread) -> None:
    client = pywinrm(lab.hosts["DOMAIN"].address)
    text = "SELECT * FROM RSOP_RegistryPolicySetting WHERE valueName='Functions'"
    (item,) = query(client, text, RSOP)
    data = bytes(int(child.text or "") for child in item if child.tag.endswith("}value"))
    assert data == "A,B\0".encode("utf-16-le")


def test_security_options_have_a_class_of_their_own(lab: LabThread) -> None:
    (item,) = rows(lab, "DOMAIN", "SELECT * FROM RSOP_RegistryValue")
    assert (item["Path"], item["Data"], item["Type"]) == (rf"MACHINE\{LSA}\LmCompatibilityLevel", "5", "4")
    assert item["precedence"] == "1"
    assert rows(lab, "DOMAIN", "SELECT * FROM RSOP_RegistryPolicySetting WHERE valueName='LmCompatibilityLevel'") == []


@pytest.mark.parametrize(
    ("host", "accounts"), [("DOMAIN", ["Guests", "*S-1-5-113"]), ("GERMAN", ["Gäste", "*S-1-5-113"])]
)
def test_user_rights(lab: LabThread, host: str, accounts: list[str]) -> None:
    client = pywinrm(lab.hosts[host].address)
    text = f"SELECT * FROM RSOP_UserPrivilegeRight WHERE UserRight='{DENY_REMOTE}' AND precedence=1"
    (item,) = query(client, text, RSOP)
    assert [child.text for child in item if child.tag.endswith("}AccountList")] == accounts


def test_no_policy_no_instances(lab: LabThread) -> None:
    assert rows(lab, "ALONE", "SELECT * FROM RSOP_RegistryPolicySetting") == []


def test_no_namespace_without_logging(lab: LabThread) -> None:
    with pytest.raises(WSManFaultError):
        rows(lab, "OFF", "SELECT * FROM RSOP_GPO")


def test_the_policy_wins_and_comes_back(lab: LabThread) -> None:
    client = pywinrm(lab.hosts["DOMAIN"].address)
    found = rows(lab, "DOMAIN", "SELECT * FROM Win32_TSGeneralSetting", "root/cimv2/TerminalServices")[0]
    assert (found["UserAuthenticationRequired"], found["PolicySourceUserAuthenticationRequired"]) == ("1", "1")
    assert registry(client, "SetDWORDValue", TS, "UserAuthentication", "<p:uValue>0</p:uValue>")["ReturnValue"] == ["0"]
    assert registry(client, "GetDWORDValue", TS, "UserAuthentication")["uValue"] == ["0"]
    assert lab.refresh_policies("DOMAIN") == 1
    assert registry(client, "GetDWORDValue", TS, "UserAuthentication")["uValue"] == ["1"]
    assert lab.refresh_policies("DOMAIN") == 0
    last = lab.hosts["DOMAIN"].model.audit.writes[-1]
    assert (last.by, last.target.rpartition("\\")[2]) == ("NT AUTHORITY\\SYSTEM", "UserAuthentication")


def test_the_first_policy_wins(make_host: MakeHost) -> None:
    host = make_host(domain="corp.example", policies=POLICIES, registry={f"HKLM\\{TS}": {"UserAuthentication": 0}})
    assert host.registry.dword(f"HKLM\\{TS}", "UserAuthentication") == 1
    assert host.registry.dword(f"HKLM\\{TS}", "SecurityLayer") == 2
    assert host.policies.right(DENY_REMOTE) == ("S-1-5-32-546", "S-1-5-113")
    host.registry.set(f"HKLM\\{TS}", "SecurityLayer", REG_DWORD, 0)
    assert host.refresh_policies() == 1


def test_local_rights(make_host: MakeHost) -> None:
    host = make_host(rights={DENY_REMOTE: ["S-1-5-113"]})
    assert host.policies.right(DENY_REMOTE.lower()) == ("S-1-5-113",)
    assert host.policies.right("SeRemoteInteractiveLogonRight") == ("S-1-5-32-544", "S-1-5-32-555")
    assert host.policies.right("SeDenyBatchLogonRight") == ()


def test_a_host_without_domain_has_a_local_policy(make_host: MakeHost) -> None:
    host = make_host(policies=[{"registry": {f"HKLM\\{TS}": {"SecurityLayer": 1}}}])
    (policy,) = host.policies.applied
    assert (policy.id, policy.link, policy.name) == ("LocalGPO", "Local", "Local Group Policy")
