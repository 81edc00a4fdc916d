# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides on a logon: rights that Group Policy sets, the Lsa key, CredSSP, NETWORK SERVICE in two groups."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts import logon
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.rsop import Gpos
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Logon
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.facts.hosts import DENIED, DWORD, MULTI_SZ, NO_CLASS, host_of, row
from tests.unit.windows.fake import output

LSA = r"SYSTEM\CurrentControlSet\Control\Lsa"
ORACLE = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
DELEGATION = r"SOFTWARE\Policies\Microsoft\Windows\CredentialsDelegation"
NONE = Gpos("absent", "there is none", {}, used=False)
SOME = Gpos("ok", "", {"g1": "Baseline"}, used=True)
ADMINISTRATORS = row(Domain="WIN01", Name="Administratoren", SID="S-1-5-32-544")
ENDPOINTS = row(Domain="WIN01", Name="RDS-Endpunktserver", SID="S-1-5-32-576")
NETWORK_SERVICE = row(Name="NETZWERKDIENST", SID="S-1-5-20")


def read(
    rows: dict[str, Any] | None = None,
    keys: dict[str, Any] | None = None,
    gpos: Gpos = NONE,
    *,
    broker: bool = False,
    product_type: int = 3,
) -> tuple[Logon, list[str]]:
    defaults = {"Win32_Group": [ADMINISTRATORS], "ASSOCIATORS OF": []}
    host, session = host_of(keys or {LSA: {}}, {**defaults, **(rows or {})}, product_type=product_type)
    return logon.read(host, gpos, broker=broker), session.queries


def right(name: str, accounts: list[str], precedence: int = 1) -> Instance:
    return row(UserRight=name, AccountList=accounts, GPOID="G1", precedence=precedence)


def test_the_lsa_key() -> None:
    values = {
        "LmCompatibilityLevel": (DWORD, 5),
        "disabledomaincreds": (DWORD, 1),
        "ForceGuest": (DWORD, 0),
        "Security Packages": (MULTI_SZ, ["kerberos", "tspkg"]),
    }
    found, _queries = read(keys={LSA: values})
    assert found["status"] == "ok"
    assert (found["lm_compatibility_level"], found["disable_domain_creds"], found["force_guest"]) == (5, True, False)
    assert found["security_packages"] == ["kerberos", "tspkg"]


def test_an_empty_lsa_key() -> None:
    found, _queries = read()
    assert (found["lm_compatibility_level"], found["disable_domain_creds"], found["force_guest"]) == (
        None,
        False,
        False,
    )
    assert (found["security_packages"], found["encryption_oracle"]) == ([], None)


def test_the_packages_of_a_new_windows_are_its_own() -> None:
    found, _queries = read(keys={LSA: {"Security Packages": (MULTI_SZ, ['""'])}})
    assert found["security_packages"] == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({ORACLE: 2}, "vulnerable"),
        ({DELEGATION: 0}, "force_updated"),
        ({ORACLE: 1, DELEGATION: 2}, "mitigated"),
        ({ORACLE: 7}, "7"),
    ],
)
def test_the_encryption_oracle_at_both_places(keys: dict[str, int], expected: str) -> None:
    found, _queries = read(keys={path: {"AllowEncryptionOracle": (DWORD, value)} for path, value in keys.items()})
    assert found["encryption_oracle"] == expected


def test_a_denied_lsa_key_is_the_areas_fate() -> None:
    host, _session = host_of(rows={"Win32_Group": []}, answers={"GetMultiStringValue": lambda **_values: output(5)})
    with pytest.raises(AccessDenied):
        logon.read(host, NONE, broker=False)


# ---- rights


def test_rights_with_their_gpo_and_well_known_names_as_sids() -> None:
    accounts = [
        row(Name="Administratoren", SID="S-1-5-32-544"),
        row(Name="Jeder", SID="S-1-1-0"),
        row(Name="Helpdesk", SID="S-1-5-21-1-2-3-1105"),
    ]
    found, queries = read(
        {
            "RSOP_UserPrivilegeRight": [
                right("SeDenyRemoteInteractiveLogonRight", ["Jeder", "*S-1-5-113"]),
                right("SeRemoteInteractiveLogonRight", [r"VORDEFINIERT\Administratoren", r"CORP\Helpdesk", "O'Neill"]),
                right("SeRemoteInteractiveLogonRight", ["S-1-1-0"], precedence=2),
                right("SeNetworkLogonRight", []),
            ],
            "Win32_Account": accounts,
        },
        gpos=SOME,
    )
    assert found["rights_status"] == "ok" and "secpol.msc" in found["rights_reason"]
    assert {name: each["accounts"] for name, each in found["rights"].items()} == {
        "SeDenyRemoteInteractiveLogonRight": ["S-1-1-0", "S-1-5-113"],
        "SeRemoteInteractiveLogonRight": ["S-1-5-32-544", r"CORP\Helpdesk", "O'Neill"],
        "SeNetworkLogonRight": [],
    }
    assert {each["gpo"] for each in found["rights"].values()} == {"Baseline"}
    asked = next(query for query in queries if "Win32_Account" in query)
    assert "LocalAccount = TRUE" in asked and r"O\'Neill" in asked


def test_sids_need_no_second_question() -> None:
    found, queries = read({"RSOP_UserPrivilegeRight": [right("SeNetworkLogonRight", ["*S-1-1-0"])]}, gpos=SOME)
    assert found["rights"]["SeNetworkLogonRight"]["accounts"] == ["S-1-1-0"]
    assert not any("Win32_Account" in query for query in queries)


def test_very_many_names_stay_names() -> None:
    names = [f"CORP\\user{number}" for number in range(5000)]
    found, queries = read({"RSOP_UserPrivilegeRight": [right("SeNetworkLogonRight", names)]}, gpos=SOME)
    assert found["rights"]["SeNetworkLogonRight"]["accounts"] == names
    assert not any("Win32_Account" in query for query in queries)


@pytest.mark.parametrize(("fault", "status"), [(DENIED, "denied"), (NO_CLASS, "absent")])
def test_rights_that_can_not_be_read(fault: Exception, status: str) -> None:
    found, _queries = read({"RSOP_UserPrivilegeRight": fault}, gpos=SOME)
    assert (found["status"], found["rights_status"], found["rights"]) == ("ok", status, {})
    assert found["rights_reason"]


def test_without_rsop_nobody_asks_for_rights() -> None:
    found, queries = read()
    assert (found["rights_status"], found["rights"]) == ("absent", {})
    assert found["rights_reason"].startswith("there is none. ") and "secpol.msc" in found["rights_reason"]
    assert not any("RSOP" in query for query in queries)


# ---- groups


@pytest.mark.parametrize(
    ("members", "expected"), [([NETWORK_SERVICE], True), ([row(Name="SYSTEM", SID="S-1-5-18")], False)]
)
def test_network_service_among_the_administrators(members: list[Instance], expected: bool) -> None:
    found, queries = read({"ASSOCIATORS OF": members})
    assert (found["network_service_is_admin"], found["endpoint_servers_ok"]) == (expected, None)
    groups, associators = queries[-2:]
    assert "LocalAccount = TRUE" in groups and "S-1-5-32-576" not in groups
    assert 'Win32_Group.Domain="WIN01",Name="Administratoren"' in associators
    assert "ResultClass = Win32_SystemAccount" in associators


def test_a_broker_is_asked_for_its_endpoint_servers() -> None:
    def members(wql: str) -> list[Instance]:
        return [NETWORK_SERVICE] if "Endpunktserver" in wql else []

    rows = {"Win32_Group": [ADMINISTRATORS, ENDPOINTS], "ASSOCIATORS OF": members}
    found, _queries = read(rows, broker=True)
    assert (found["network_service_is_admin"], found["endpoint_servers_ok"]) == (False, True)
    found, _queries = read({"Win32_Group": [ADMINISTRATORS]}, broker=True)  # before Server 2012
    assert found["endpoint_servers_ok"] is None


def test_a_domain_controller_is_never_asked_for_its_groups() -> None:
    found, queries = read(product_type=2, broker=True)
    assert (found["network_service_is_admin"], found["endpoint_servers_ok"]) == (None, None)
    assert not any("Win32_Group" in query for query in queries)


@pytest.mark.parametrize("rows", [{"Win32_Group": DENIED}, {"ASSOCIATORS OF": NO_CLASS}, {"Win32_Group": []}])
def test_groups_that_can_not_be_read_are_not_known(rows: dict[str, Any]) -> None:
    found, _queries = read(rows)
    assert (found["status"], found["network_service_is_admin"]) == ("ok", None)


def test_a_quote_in_a_group_name_ends_nothing() -> None:
    group = row(Domain="WIN01", Name='Ad"min', SID="S-1-5-32-544")
    _found, queries = read({"Win32_Group": [group]})
    assert r'Name="Ad\"min"' in queries[-1]
