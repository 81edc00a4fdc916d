# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fact area over WinRM: of ten Windows versions, out of a domain, in one and as its controller, English and
German. What was put into the host comes out of it, and says so in no language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import AREAS
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import Run, playbook
from tests.integration.test_cost import VERSIONS

CLIENTS = ("7sp1", "8.1", "10-22h2", "11-24h2")
WITHOUT_NET_CLASSES = ("7sp1", "2008r2")
ENGLISH, GERMAN = 1033, 1031
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
TERMINAL_SERVICES = rf"{POLICIES}\Windows NT\Terminal Services"
LSA = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa"
SYSTEM_LOG = "System"
CORE = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS"
DENY_REMOTE = "SeDenyRemoteInteractiveLogonRight"
HASH = "AB" * 20


@dataclass(frozen=True)
class Case:
    windows: str
    place: str  # workgroup, member, controller
    language: int = ENGLISH

    @property
    def name(self) -> str:
        return f"{self.windows.replace('.', '')}-{self.place[0]}-{self.language}".upper()

    @property
    def is_client(self) -> bool:
        return self.windows in CLIENTS

    @property
    def is_session_host(self) -> bool:
        return not self.is_client and self.place != "controller"

    @property
    def has_core_log(self) -> bool:
        return self.windows not in WITHOUT_NET_CLASSES

    def scenario(self) -> dict[str, Any]:
        rights = {DENY_REMOTE: ["S-1-5-32-546", "S-1-5-113"]}
        policy = {"registry": {TERMINAL_SERVICES: {"MinEncryptionLevel": 3}, LSA: {"LmCompatibilityLevel": 5}}}
        found: dict[str, Any] = {
            "hostname": self.name,
            "windows": self.windows,
            "language": self.language,
            "updates": ["KB5012170", "KB5008218"],
            "sessions": [{"user": r"LAB\anna", "state": "Active", "client": "192.0.2.21"}],
            "policies": [{**policy, "rights": rights}],
            "registry": {rf"{LSA}\MSV1_0": {}, LSA: {"disabledomaincreds": 1}},
            "events": [
                {"id": 36870, "ago": 45, "count": 3, "data": {"ErrorCode": "0x8009030d", "ErrorStatus": "10001"}},
                {"id": 36888, "ago": 5 * 24 * 60},
                {"id": 1057, "ago": 46},
                {"id": 1026, "ago": 7, "count": 2, "data": {"Value": "516"}},
            ],
            "security_products": [
                {"name": "Bitdefender", "kinds": ["antivirus", "firewall"], "services": ["EPSecurityService"]}
            ],
            "user_hives": [{"user": "anna", "servers": {"srv.corp.example": {"cert_hash": HASH}}}],
        }
        if self.has_core_log:
            found["events"].append({"id": 140, "ago": 5, "count": 4, "address": ["198.51.100.7", "198.51.100.8"]})
        if self.place != "workgroup":
            found |= {"domain": "corp.example", "domain_controller": self.place == "controller"}
            found["policies"][0] |= {"name": "RDP hardening", "link": "OU=Servers,DC=corp,DC=example"}
        if self.is_session_host:
            servers = [{"name": "lic1.corp.example", "specified": True}]
            servers += [{"name": "lic2.corp.example", "specified": True, "status": "not_connectable"}]
            found["roles"] = ["session_host", "gateway"]
            found["licensing"] = {"mode": "per_user", "grace_days": 93, "servers": servers}
        return found


CASES = [
    Case(windows, place)
    for windows in VERSIONS
    for place in ("workgroup", "member", "controller")
    if place != "controller" or windows not in CLIENTS
]
GERMANS = [Case(each.windows, each.place, GERMAN) for each in CASES]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Run]]:
    """One host a case, and one run over all of them."""
    work = tmp_path_factory.mktemp("estate")
    tasks: list[dict[str, Any]] = [{"winops.rdp.rdp_facts": {}}, {"winops.rdp.rdp_client_facts": {}}]
    book = work / "facts.yml"
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    scenarios = [case.scenario() for case in (*CASES, *GERMANS)]
    with running(write_scenarios(work / "scenarios", scenarios), work, "127.45.0.0") as fleet:
        run = playbook(fleet.inventory, str(book), "--forks", "8")
        assert run.code == 0, run.output[-3000:]
        yield fleet, run


def facts_of(run: Run, case: Case) -> dict[str, Any]:
    found: dict[str, Any] = run.of(case.name, "rdp_facts")["result"]["ansible_facts"]["rdp"]
    return found


def client_of(run: Run, case: Case) -> dict[str, Any]:
    found: dict[str, Any] = run.of(case.name, "rdp_client_facts")["result"]["ansible_facts"]["rdp_client"]
    return found


def by_name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", [*CASES, *GERMANS], ids=by_name)
def test_every_area_is_read_and_nothing_is_changed(estate: tuple[Fleet, Run], case: Case) -> None:
    fleet, run = estate
    facts = facts_of(run, case)
    assert {area: (facts[area]["status"], facts[area]["reason"]) for area in AREAS} == dict.fromkeys(AREAS, ("ok", ""))
    assert client_of(run, case)["status"] == "ok"
    assert fleet.writes(case.name) == []
    assert fleet.shells(case.name) == 2  # one a task


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_what_was_put_in_comes_out(estate: tuple[Fleet, Run], case: Case) -> None:
    _fleet, run = estate
    facts = facts_of(run, case)
    for area, expected in expectation(case).items():
        assert {name: facts[area][name] for name in expected} == expected, area


def expectation(case: Case) -> dict[str, dict[str, Any]]:
    """What each area says of a case, as far as the scenario decides it.

    The groups of a domain controller are the domain's, which is not asked: their names stay, their members are unknown.
    """
    in_domain = case.place != "workgroup"
    gpo = "RDP hardening" if in_domain else "Local Group Policy"
    roles = ["gateway", "session_host"] if case.is_session_host else []
    roles += ["domain_controller"] if case.place == "controller" else []
    kind = "workstation" if case.is_client else "server"
    domain_role = {"workgroup": f"standalone_{kind}", "member": f"member_{kind}"}.get(case.place)
    product = "workstation" if case.is_client else "domain_controller" if case.place == "controller" else "server"
    counted = {"method": "Win32_LogonSession"} if case.windows in WITHOUT_NET_CLASSES else {}
    return {
        "system": {
            "hostname": case.name,
            "domain": "corp.example" if in_domain else "WORKGROUP",
            "part_of_domain": in_domain,
            "domain_role": domain_role or "primary_domain_controller",
            "product_type": product,
            "release": case.windows.removesuffix("sp1"),
            "language": case.language,
            "rds_roles": roles,
            "part_of_cluster": False,
            "pending_reboot": [],
        },
        "sessions": {"connected": 1, **counted},
        "port": {
            "number": 3389,
            "listening": True,
            "term_service_listens": True,
            "term_service_ports": [3389],
            "method": "netstat" if case.windows in WITHOUT_NET_CLASSES else "MSFT_NetTCPConnection",
        },
        "machine_keys": {"entries": 1},
        "endpoint_security": {
            "third_party": [*(["Bitdefender"] if case.is_client else []), "Bitdefender Endpoint Security"]
        },
        "policies": {"rsop": "ok", "rsop_reason": ""},
        "logon": {
            "rights": {
                DENY_REMOTE: {
                    "accounts": [r"CORP\Guests" if case.place == "controller" else "S-1-5-32-546", "S-1-5-113"],
                    "gpo": gpo,
                    "source": "RSOP_UserPrivilegeRight",
                }
            },
            "rights_status": "ok",
            "lm_compatibility_level": 5,
            "disable_domain_creds": True,
            "force_guest": False,
            "network_service_is_admin": None if case.place == "controller" else False,
        },
        "licensing": licensing(case),
    }


def licensing(case: Case) -> dict[str, Any]:
    if not case.is_session_host:
        return {"terminal_server": False, "mode": "administration", "servers": [], "grace_days": None}
    states = {"lic1.corp.example": ("valid", 11), "lic2.corp.example": ("not_connectable", 6)}
    servers = [
        {"name": name, "source": "local", "status": status, "status_code": code}
        for name, (status, code) in states.items()
    ]
    return {"terminal_server": True, "mode": "per_user", "servers": servers, "grace_days": 93}


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_policy_is_named_with_its_gpo(estate: tuple[Fleet, Run], case: Case) -> None:
    _fleet, run = estate
    facts = facts_of(run, case)
    level = facts["listener"]["settings"]["min_encryption_level"]
    assert (level["value"], level["source"]) == ("high", "policy")
    values = {each["where"]: each for each in facts["policies"]["values"]}
    assert {where: each["value"] for where, each in values.items()} == {
        rf"{TERMINAL_SERVICES}\MinEncryptionLevel": "3",
        rf"{LSA}\LmCompatibilityLevel": "5",
    }
    domain = case.place != "workgroup"
    for each in values.values():
        assert each["gpo"] == ("RDP hardening" if domain else "Local Group Policy")
        assert each["link"] == ("OU=Servers,DC=corp,DC=example" if domain else "")
        assert each["precedence"] == 1
    assert level["where"] in values
    assert facts["policies"]["sources"]["min_encryption_level"] == "policy"


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_events_are_counted(estate: tuple[Fleet, Run], case: Case) -> None:
    _fleet, run = estate
    events = facts_of(run, case)["events"]
    seen = {each["id"]: each for each in events["seen"]}
    assert set(seen) == {36870, 1057, 258, *((140,) if case.has_core_log else ())}  # 258: the listener started
    assert seen[36870]["log"] == SYSTEM_LOG
    assert (seen[36870]["count"], seen[36870]["by_value"]) == (3, {"0x8009030D": 3})
    assert events["method"] == "wevtutil"
    if case.has_core_log:
        assert events["unread"] == []
        assert seen[140]["by_address"] == {"198.51.100.7": 2, "198.51.100.8": 2}
    else:
        assert events["unread"] == [f"{CORE}/Operational: this Windows has no such log"]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_updates_and_the_port_owner_are_read(estate: tuple[Fleet, Run], case: Case) -> None:
    _fleet, run = estate
    facts = facts_of(run, case)
    assert [each["kb"] for each in facts["updates"]["installed"]] == ["KB5008218", "KB5012170"]
    build = facts["system"]["build"]
    roll_ups = [each["build"] for each in facts["updates"]["packages"] if each["build"]]
    assert (bool(roll_ups), facts["updates"]["packages_reason"]) == (build > 10000, "")
    version = facts["updates"]["credssp_version"]
    assert version is None if build > 17133 else version.split(".")[2] == str(build)
    assert facts["updates"]["credssp_fixed"] is True
    (owner,) = facts["port"]["owners"]
    assert (owner["process"], owner["services"]) == ("svchost.exe", ["TermService"])
    assert owner["pid"] == facts["services"]["services"]["TermService"]["pid"]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_machine_is_read_as_a_client(estate: tuple[Fleet, Run], case: Case) -> None:
    _fleet, run = estate
    client, facts = client_of(run, case), facts_of(run, case)
    assert client["full_build"] == facts["system"]["full_build"]
    assert client["credssp_fixed"] is True
    assert client["mstsc_version"].split(".")[:2] == facts["system"]["version"].split(".")[:2]
    assert [(each["server"], each["cert_hash"]) for each in client["servers"]] == [("srv.corp.example", HASH)]
    assert [(each["id"], each["count"], each["by_value"]) for each in client["disconnects"]] == [(1026, 2, {"516": 2})]
    assert client["protocols"] == facts["tls"]["protocols"]


# What differs between two hosts of one kind, and what Windows itself writes in its language.
_OF_ONE_HOST = {"thumbprint", "not_before", "not_after", "days_left", "machine_guid", "file", "path", "first", "last"}
_OF_ONE_HOST |= {"self_signed_thumbprint", "boot_time", "local_time", "clock_skew"}
_IN_ITS_LANGUAGE = {"caption", "architecture", "language", "description"}


def comparable(facts: Any, name: str) -> Any:
    if isinstance(facts, dict):
        left = {key: each for key, each in facts.items() if key not in _OF_ONE_HOST | _IN_ITS_LANGUAGE}
        return {key: comparable(each, name) for key, each in left.items()}
    if isinstance(facts, list):
        return [comparable(each, name) for each in facts]
    if isinstance(facts, str):
        return re.sub(re.escape(name), "HOST", facts, flags=re.IGNORECASE).replace(r"CORP\Gäste", r"CORP\Guests")
    return facts


@pytest.mark.parametrize(("english", "german"), list(zip(CASES, GERMANS, strict=True)), ids=by_name)
def test_a_german_host_has_the_same_facts(estate: tuple[Fleet, Run], english: Case, german: Case) -> None:
    _fleet, run = estate
    for read in (facts_of, client_of):
        found = [comparable(read(run, case), case.name) for case in (english, german)]
        assert found[0] == found[1], json.dumps(found, indent=1)
    assert facts_of(run, german)["system"]["language"] == GERMAN
