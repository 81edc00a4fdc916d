# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sets what: the Resultant Set of Policy, and what Windows takes for a policy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._facts import policies, rsop
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Policies
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.unit.facts.hosts import DENIED, NO_CLASS, NO_NAMESPACE, host_of, row

GPO = "cn={31B2F340-016D-11D2-945F-00C04FB984F9},cn=policies,cn=system,DC=corp,DC=example"
UNIT = "OU=Servers,DC=corp,DC=example"
TERMINAL_SERVICES = "Software\\Policies\\Microsoft\\Windows NT\\Terminal Services"
GPOS = [row(id=GPO, name="Härtung", version=65537), row(id="LocalGPO", name="Richtlinie", version=0)]


def setting(name: str = "SecurityLayer", value: bytes = b"\x02\0\0\0", kind: int = 4, **others: object) -> Instance:
    values: dict[str, Any] = {
        "registryKey": TERMINAL_SERVICES,
        "valueName": name,
        "valueType": kind,
        "value": value,
        "deleted": "false",
        "GPOID": GPO,
        "SOMID": UNIT,
        "precedence": 1,
    }
    return row(**{**values, **others})


def terminal_service(source: object = 0) -> Instance:
    return row(ServerName="WIN01", TerminalServerMode=0, PolicySourceAllowTSConnections=source)


def read(rows: dict[str, object], service: Instance | Exception | None = None) -> tuple[Policies, list[str]]:
    defaults = {
        "RSOP_GPO": GPOS,
        "RSOP_RegistryPolicySetting": [],
        "RSOP_RegistryValue": [],
        "Win32_TSGeneralSetting": [],
    }
    host, session = host_of(rows={**defaults, **rows})  # type: ignore[dict-item]

    def ask() -> Instance:
        if isinstance(service, Exception):
            raise service
        return service or terminal_service()

    return policies.read(host, rsop.read(host), ask), session.queries


def test_values_name_their_gpo_and_the_winning_one_is_first() -> None:
    found, _queries = read(
        {
            "RSOP_RegistryPolicySetting": [
                setting(precedence=2, GPOID=GPO.upper(), value=b"\1\0\0\0"),
                setting(),
                setting("LicenseServers", "lic01\0".encode("utf-16-le"), 1, GPOID="LocalGPO", SOMID="Local"),
            ],
            "RSOP_RegistryValue": [
                row(
                    Path=r"MACHINE\System\CurrentControlSet\Control\Lsa\LmCompatibilityLevel",
                    Data="5",
                    GPOID="cn={gone}",
                    SOMID=UNIT,
                    precedence=1,
                )
            ],
        }
    )
    assert (found["status"], found["rsop"], found["rsop_reason"]) == ("ok", "ok", "")
    below = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services"
    assert [(each["where"], each["value"], each["gpo"], each["precedence"]) for each in found["values"]] == [
        (rf"{below}\LicenseServers", "lic01", "Richtlinie", 1),
        (rf"{below}\SecurityLayer", "2", "Härtung", 1),
        (rf"{below}\SecurityLayer", "1", "Härtung", 2),
        (r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa\LmCompatibilityLevel", "5", "cn={gone}", 1),
    ]
    assert [each["link"] for each in found["values"]] == ["", UNIT, UNIT, UNIT]


def test_what_sets_nothing_is_left_out() -> None:
    found, _queries = read({"RSOP_RegistryPolicySetting": [setting(deleted="true"), setting("")]})
    assert found["values"] == []


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (1, "a,b\0".encode("utf-16-le"), "a,b"),
        (2, "%SystemRoot%".encode("utf-16-le"), "%SystemRoot%"),
        (7, "a\0b\0\0".encode("utf-16-le"), "a, b"),
        (4, b"\xff\xff\xff\xff", "4294967295"),
        (5, b"\0\0\0\2", "2"),
        (11, b"\1\0\0\0\0\0\0\0", "1"),
        (3, b"\x0a\xff", "0aff"),
        (1, b"\x41", "\ufffd"),
        (4, b"", "0"),
    ],
)
def test_values_are_decoded_by_their_type(kind: int, data: bytes, text: str) -> None:
    assert policies.decode(kind, data) == text


@pytest.mark.parametrize(
    ("gpos", "status"),
    [(NO_NAMESPACE, "absent"), (NO_CLASS, "absent"), ([], "absent"), (DENIED, "denied")],
)
def test_a_host_without_rsop_is_no_error(gpos: object, status: str) -> None:
    found, queries = read({"RSOP_GPO": gpos})
    assert (found["status"], found["rsop"], found["values"]) == ("ok", status, [])
    assert found["rsop_reason"]
    assert not any("RegistryPolicySetting" in query for query in queries)


def test_a_host_whose_gpos_set_nothing_costs_one_question() -> None:
    found, queries = read({"RSOP_GPO": [GPOS[1]]})
    assert (found["rsop"], found["values"]) == ("ok", [])
    assert [query for query in queries if "RSOP" in query] == ["SELECT id, name, version FROM RSOP_GPO"]


def test_what_was_read_stays_when_the_rest_is_denied() -> None:
    found, _queries = read({"RSOP_RegistryPolicySetting": [setting()], "RSOP_RegistryValue": DENIED})
    assert (found["rsop"], len(found["values"])) == ("denied", 1)


def test_thousands_of_values() -> None:
    found, _queries = read({"RSOP_RegistryPolicySetting": [setting(f"v{number:04}") for number in range(3000)]})
    assert len(found["values"]) == 3000


def test_sources_by_option() -> None:
    general = row(
        PolicySourceSecurityLayer=1, PolicySourceUserAuthenticationRequired=2, PolicySourceMinEncryptionLevel=9
    )
    found, queries = read({"Win32_TSGeneralSetting": [general]})
    assert found["sources"] == {"enabled": "server", "security_layer": "policy", "nla": "default"}
    assert not any("SELECT *" in query for query in queries)  # Certificates is a whole store


@pytest.mark.parametrize("general", [NO_CLASS, DENIED, []])
def test_sources_that_can_not_be_read_are_missing(general: object) -> None:
    found, _queries = read({"Win32_TSGeneralSetting": general}, terminal_service(1))
    assert found["sources"] == {"enabled": "policy"}
    assert read({"Win32_TSGeneralSetting": general}, NO_NAMESPACE)[0]["sources"] == {}


@pytest.mark.parametrize(("service", "status"), [(DENIED, "denied"), (None, "ok")])
def test_where_everything_is_denied_the_area_is(service: Exception | None, status: str) -> None:
    found, _queries = read({"RSOP_GPO": DENIED, "Win32_TSGeneralSetting": DENIED}, service)
    assert (found["status"], found["rsop"]) == (status, "denied")
    assert bool(found["reason"]) is (status == "denied")
