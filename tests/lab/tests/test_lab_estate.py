# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security products, roles, accounts, sessions, packages, user hives, and what each version has of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from winrm.exceptions import WSManFaultError

from tests.lab import estate
from tests.lab.model import packages
from tests.lab.model.host import Host
from tests.lab.model.profile import load_profile, profile_ids
from tests.lab.model.registry import HKLM
from tests.lab.model.tls import CIPHER_LOCAL
from tests.lab.runtime import LabThread
from tests.lab.scenario import ScenarioError
from tests.lab.tests.conftest import scenario
from tests.lab.tests.lab_clients import CIMV2, invoke, pywinrm, query, texts

MakeHost = Callable[..., Host]
BITDEFENDER = {
    "name": "Bitdefender Endpoint Security",
    "kinds": ["antivirus", "firewall"],
    "services": ["EPSecurityService"],
}
USERS = [
    {"name": "ansible", "password": "lab-Passw0rd", "admin": True},
    {"name": "anna", "password": "x", "remote_desktop": True},
]
SESSIONS = [{"user": "PC\\anna", "state": "Active"}, {"user": "PC\\otto", "state": "Disc"}]
CERT_HASH = "AB" * 20
ANNA = "S-1-5-21-1004336348-1177238915-682003330-1002"
SERVICING = HKLM + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"


@pytest.fixture(scope="module")
def lab() -> Iterator[LabThread]:
    hives = [{"user": "anna", "servers": {"srv.corp.example": {"username": "CORP\\anna", "cert_hash": CERT_HASH}}}]
    hosts = [
        scenario(
            hostname="PC",
            windows="11-24h2",
            users=USERS,
            sessions=SESSIONS,
            security_products=[BITDEFENDER],
            user_hives=hives,
        ),
        scenario(hostname="BROKER", windows="2019", domain="corp.example", roles=["connection_broker", "licensing"]),
        scenario(hostname="DC", windows="2022", domain="corp.example", domain_controller=True),
        scenario(hostname="DEUTSCH", windows="2022", language=1031, users=USERS),
        scenario(hostname="OLD", windows="2008r2", sessions=[{"user": "OLD\\otto", "state": "Disc"}]),
    ]
    with LabThread(hosts, base="127.63.3.0") as found:
        yield found


def rows(lab: LabThread, host: str, text: str, namespace: str = "root/cimv2") -> list[dict[str, str | None]]:
    return [texts(item) for item in query(pywinrm(lab.hosts[host].address), text, namespace)]


def names(found: list[dict[str, str | None]], key: str = "Name") -> set[str | None]:
    return {item[key] for item in found}


def test_security_center(lab: LabThread) -> None:
    found = {
        item["displayName"]: item for item in rows(lab, "PC", "SELECT * FROM AntiVirusProduct", "root/SecurityCenter2")
    }
    assert found["Windows Defender"]["productState"] == "393472"
    assert found["Bitdefender Endpoint Security"]["productState"] == "266240"
    firewalls = rows(lab, "PC", "SELECT * FROM FirewallProduct", "root/SecurityCenter2")
    assert names(firewalls, "displayName") == {"Bitdefender Endpoint Security"}
    assert rows(lab, "PC", "SELECT * FROM Win32_Service WHERE Name='EPSecurityService'")[0]["State"] == "Running"


def test_servers_have_no_security_center(lab: LabThread) -> None:
    with pytest.raises(WSManFaultError):
        rows(lab, "BROKER", "SELECT * FROM AntiVirusProduct", "root/SecurityCenter2")


def test_a_readme_scenario_is_one() -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    data = yaml.safe_load(text.split("```yaml\n", 1)[1].split("```", 1)[0])
    kept = {name: value for name, value in data.items() if name in (*estate.KEYS, "hostname", "domain", "windows")}
    assert set(kept) >= estate.KEYS
    assert scenario(**kept).build().roles >= {"gateway", "session_host"}


def test_defender(lab: LabThread) -> None:
    text, namespace = "SELECT * FROM MSFT_MpComputerStatus", "root/Microsoft/Windows/Defender"
    (off,) = rows(lab, "PC", text, namespace)
    (on,) = rows(lab, "BROKER", text, namespace)
    assert (off["AMRunningMode"], off["AntivirusEnabled"], off["AMEngineVersion"]) == (
        "Not running",
        "false",
        "0.0.0.0",
    )
    assert (on["AMRunningMode"], on["RealTimeProtectionEnabled"]) == ("Normal", "true")
    with pytest.raises(WSManFaultError):
        rows(lab, "OLD", text, namespace)


def test_roles_bring_services(lab: LabThread) -> None:
    text = (
        "SELECT * FROM Win32_Service WHERE Name='Tssdis' OR Name='RDMS' OR Name='TermServLicensing' OR Name='TSGateway'"
    )
    assert names(rows(lab, "BROKER", text)) == {"Tssdis", "RDMS", "TermServLicensing"}


def test_domain_controller(lab: LabThread) -> None:
    assert rows(lab, "DC", "SELECT DomainRole FROM Win32_ComputerSystem")[0]["DomainRole"] == "5"
    assert rows(lab, "DC", "SELECT ProductType FROM Win32_OperatingSystem")[0]["ProductType"] == "2"
    assert rows(lab, "DC", "SELECT * FROM Win32_Group WHERE LocalAccount=TRUE") == []
    assert rows(lab, "DC", "SELECT * FROM Win32_Group WHERE SID='S-1-5-32-544'")[0]["Domain"] == "CORP"


@pytest.mark.parametrize(
    ("host", "sid", "members"),
    [
        ("PC", "S-1-5-32-555", {"anna"}),
        ("DEUTSCH", "S-1-5-32-555", {"anna"}),
        ("PC", "S-1-5-32-544", {"Administrator", "ansible"}),
        ("BROKER", "S-1-5-32-544", {"Administrator", "ansible", "Domain Admins"}),
        ("BROKER", "S-1-5-32-576", {"NETWORK SERVICE"}),
        ("DEUTSCH", "S-1-5-32-576", set()),
    ],
)
def test_members_by_associators(lab: LabThread, host: str, sid: str, members: set[str]) -> None:
    (group,) = rows(lab, host, f"SELECT * FROM Win32_Group WHERE SID='{sid}'")
    path = f"Win32_Group.Domain='{group['Domain']}',Name='{group['Name']}'"
    where = "WHERE AssocClass=Win32_GroupUser Role=GroupComponent"
    assert names(rows(lab, host, f"ASSOCIATORS OF {{{path}}} {where}")) == members
    assert names(rows(lab, host, f"ASSOCIATORS OF {{{path}}} WHERE ResultClass=Win32_Account")) == members


def test_members_by_group_user(lab: LabThread) -> None:
    (group,) = rows(lab, "DEUTSCH", "SELECT * FROM Win32_Group WHERE SID='S-1-5-32-555'")
    assert group["Name"] == "Remotedesktopbenutzer"
    text = f"Win32_Group.Domain='DEUTSCH',Name='{group['Name']}'"
    client = pywinrm(lab.hosts["DEUTSCH"].address)
    (item,) = query(client, f'SELECT * FROM Win32_GroupUser WHERE GroupComponent="{text}"')
    part = next(child for child in item if child.tag.endswith("}PartComponent"))
    found = {child.get("Name"): child.text for child in part.iter() if child.tag.endswith("}Selector")}
    assert found == {"Domain": "DEUTSCH", "Name": "anna"}
    assert [child.text for child in part.iter() if child.tag.endswith("}ResourceURI")] == [CIMV2 + "Win32_UserAccount"]


def test_groups_of_a_user(lab: LabThread) -> None:
    text = "ASSOCIATORS OF {Win32_UserAccount.Domain='PC',Name='anna'} WHERE ResultClass=Win32_Group"
    assert names(rows(lab, "PC", text), "SID") == {"S-1-5-32-555"}


def test_who_is_logged_on(lab: LabThread) -> None:
    text = "SELECT * FROM Win32_LogonSession WHERE LogonType=10"
    (first, second) = sorted(rows(lab, "PC", text), key=lambda item: str(item["LogonId"]))
    path = f"Win32_LogonSession.LogonId='{first['LogonId']}'"
    assert names(rows(lab, "PC", f"ASSOCIATORS OF {{{path}}} WHERE AssocClass=Win32_LoggedOnUser")) == {"anna"}
    assert second["LogonId"] != first["LogonId"]


def test_sessions_are_counted_as_recorded(lab: LabThread) -> None:
    """services and the console count: recorded 3 in all and 2 disconnected with one disconnected user."""
    (found,) = rows(lab, "OLD", "SELECT * FROM Win32_TerminalService")
    assert (found["TotalSessions"], found["DisconnectedSessions"]) == ("3", "2")


def test_hive_of_a_user(lab: LabThread) -> None:
    client = pywinrm(lab.hosts["PC"].address)
    key = f"{ANNA}\\Software\\Microsoft\\Terminal Server Client\\Servers\\srv.corp.example"
    head = f"<p:hDefKey>2147483651</p:hDefKey><p:sSubKeyName>{key}</p:sSubKeyName>"
    hint = invoke(client, CIMV2 + "StdRegProv", "GetStringValue", head + "<p:sValueName>UsernameHint</p:sValueName>")
    data = invoke(client, CIMV2 + "StdRegProv", "GetBinaryValue", head + "<p:sValueName>CertHash</p:sValueName>")
    assert (hint["sValue"], data["uValue"]) == (["CORP\\anna"], ["171"] * 20)
    root = invoke(
        client, CIMV2 + "StdRegProv", "EnumKey", "<p:hDefKey>2147483651</p:hDefKey><p:sSubKeyName></p:sSubKeyName>"
    )
    assert {ANNA, ".DEFAULT"} <= set(root["sNames"])


def test_the_digest_sees_a_hive(make_host: MakeHost) -> None:
    host = make_host(user_hives=[{"user": "anna", "registry": {"Software\\Lab": {"A": 1}}}])
    before = host.digest()
    (sid,) = [name for name in host.registry.key("HKU").subkeys if name.startswith("s-1-5-21-")]
    host.registry.delete_value(f"HKU\\{sid}\\Software\\Lab", "A")
    assert host.digest()["digest"] != before["digest"]


def states(host: Host) -> dict[str, int | None]:
    found = host.registry.key(packages.PACKAGES).subkeys.values()
    return {
        key.name: host.registry.dword(f"{packages.PACKAGES}\\{key.name}", "CurrentState")
        for key in found
        if key.name.startswith("Package_for_")
    }


def test_packages(make_host: MakeHost) -> None:
    updates = [
        {"id": "KB5034129", "ubr": 2227, "state": "superseded"},
        {"id": "KB5022282", "ubr": 2322, "state": "install_pending"},
        "KB5012170",
    ]
    host = make_host(windows="2022", ubr=2227 + 50, updates=updates)
    found = {identity.rpartition("~")[2]: state for identity, state in states(host).items()}
    assert found == {"20348.2277.1.18": 112, "20348.2227.1.8": 80, "20348.2322.1.3": 96, "10.0.1.0": 112}
    assert host.registry.find(SERVICING + "\\RebootPending") is not None
    assert len(host.registry.key(packages.PACKAGES).subkeys) > 300
    manifests = [entry for entry in host.files.children(packages.FOLDER) if 'permanency="removable"' in entry.text]
    assert len(manifests) == 4


def test_hosts_share_the_packages(make_host: MakeHost) -> None:
    one, two = make_host(hostname="A"), make_host(hostname="B")
    assert one.registry.key(packages.PACKAGES) is two.registry.key(packages.PACKAGES)
    assert list(states(one).values()) == [112]


@pytest.mark.parametrize(
    ("windows", "ubr", "version", "credssp"),
    [
        ("10-22h2", 5371, "10.0.19041.5371", 6),
        ("2016", 1000, "10.0.14393.1000", 3),
        ("7sp1", 24117, "6.1.7601.24117", 6),
    ],
)
def test_file_versions_follow_the_revision(
    make_host: MakeHost, windows: str, ubr: int, version: str, credssp: int
) -> None:
    host = make_host(windows=windows, ubr=ubr)
    for name in ("TSpkg.dll", "termsrv.dll", "mstsc.exe", "rdpcorets.dll"):
        entry = host.files.find(f"C:\\Windows\\System32\\{name}")
        assert entry is not None and entry.version == version
    state = host.remote_desktop.listener()
    assert state is not None and state.credssp_version == credssp


@pytest.mark.parametrize("windows", profile_ids())
def test_what_each_version_has(make_host: MakeHost, windows: str) -> None:
    host = make_host(windows=windows)
    profile = host.profile
    client, new = not profile.is_server, profile.version >= (6, 2, 0)
    assert bool(host.security_products) == (client or profile.version[0] >= 10)
    assert (host.services.find("WinDefend") is not None) == (new and (client or profile.version[0] >= 10))
    assert (host.groups.find("S-1-5-32-576") is not None) == (new and profile.is_server)
    value = host.registry.get(CIPHER_LOCAL, "Functions")
    assert value is not None and isinstance(value.data, tuple)
    assert ("TLS_AES_256_GCM_SHA384" in value.data) == ("TLS 1.3" in profile.schannel_enabled)
    assert (host.registry.get(CIPHER_LOCAL, "EccCurves") is not None) == (profile.version[0] >= 10)
    lsa = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Lsa"
    assert host.registry.get(lsa, "LmCompatibilityLevel") is None
    where = lsa if profile.version < (6, 2, 0) else lsa + "\\OSConfig"
    security_packages = host.registry.get(where, "Security Packages")
    assert security_packages is not None and "tspkg" in (security_packages.data or ())  # type: ignore[operator]
    assert host.licensing.mode() == (1, 0)


def test_suites_equal_the_recorded_windows_10_order(captures: Any) -> None:
    """A recorded Windows 10 and the documented list of Server 2022, the same build line, agree."""
    raw = (captures / "registry-exports" / "SYSTEM_B.reg").read_bytes()
    text = (
        raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
        .replace("\r", "")
        .replace("\\\n  ", "")
    )
    part = text.split("Local\\SSL\\00010002]", 1)[1].split('"Functions"=hex(7):', 1)[1].split("\n", 1)[0]
    recorded = bytes(int(byte, 16) for byte in part.split(",")).decode("utf-16-le").rstrip("\0").split("\0")
    value = load_profile("2022").registry.get(CIPHER_LOCAL, "Functions")
    assert value is not None and list(value.data) == recorded  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"roles": ["rdsh"]}, "roles: 'rdsh' is not one of"),
        ({"windows": "11-24h2", "roles": ["gateway"]}, "need a Windows Server"),
        ({"domain_controller": True}, "domain_controller needs a domain"),
        ({"licensing": {"mode": "both"}}, "licensing.mode must be one of"),
        ({"licensing": {"servers": [{"name": "a", "status": "b"}]}}, "licensing.servers: status must be one of"),
        ({"policies": [{"registry": {"HKCU\\A": {}}}]}, "does not begin with HKLM"),
        ({"rights": {"SeA": ["Everyone"]}}, "rights: SeA must be a list of SIDs"),
        ({"security_products": [{"name": "A", "kinds": ["edr"]}]}, "kinds must be of"),
        ({"user_hives": [{}]}, "needs a user"),
        ({"updates": [{"id": "KB1", "state": "gone"}]}, "updates: state must be one of"),
    ],
)
def test_mistakes_are_told(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        scenario(**wrong)
