# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rights.denied and rights.network_service_admin."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.rights import denied, network_service_admin
from tests.unit.causes.healthy import dropped, facts_of, ready, settings, unread

DENY_REMOTE = "SeDenyRemoteInteractiveLogonRight"
DENY_NETWORK = "SeDenyNetworkLogonRight"
ALLOW_REMOTE = "SeRemoteInteractiveLogonRight"
ALLOW_NETWORK = "SeNetworkLogonRight"
DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
WORKGROUP = {"part_of_domain": False, "domain_role": "standalone_server"}


def rights(accounts: dict[str, list[str]], gpo: str = "Hardening") -> dict[str, Any]:
    return {
        "rights": {
            name: {"accounts": sids, "gpo": gpo, "source": "RSOP_UserPrivilegeRight"} for name, sids in accounts.items()
        }
    }


@pytest.mark.parametrize(
    ("sid", "system", "impact"),
    [
        ("S-1-1-0", {}, "breaks"),
        ("S-1-5-11", {}, "breaks"),
        ("S-1-5-32-545", {}, "breaks"),
        (f"{DOMAIN}-513", {}, "breaks"),
        ("S-1-5-32-544", {}, "degrades"),
        ("S-1-5-32-555", {}, "degrades"),
        # What hardening guides ask for in a domain keeps everybody out of a host without one.
        ("S-1-5-113", {}, "informs"),
        ("S-1-5-113", WORKGROUP, "breaks"),
        ("S-1-5-114", {}, "informs"),
        ("S-1-5-114", WORKGROUP, "degrades"),
        (f"{DOMAIN}-512", WORKGROUP, "informs"),
        (f"{DOMAIN}-1105", {}, "informs"),
        ("CORP\\Leiharbeiter", {}, "informs"),
    ],
)
@pytest.mark.parametrize("wire", [None, ready(), dropped()])
def test_who_is_denied_decides(sid: str, system: dict[str, Any], impact: str, wire: Any) -> None:
    found = denied(facts_of(system=system, logon=rights({DENY_REMOTE: [sid]})), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("rights.denied", "proved", impact)
    assert sid in found["evidence"][0]["text"] and '"Hardening"' in found["evidence"][0]["text"]
    assert found["evidence"][0]["where"] == "RSOP_UserPrivilegeRight"
    assert found["explains"] == ["0x3/0x9"] and found["remedies"] == []
    assert sid in found["decision"] and DENY_REMOTE in found["decision"]


def test_an_unread_system_makes_local_accounts_a_note() -> None:
    found = denied(facts_of(system=unread(), logon=rights({DENY_REMOTE: ["S-1-5-113"]})), None)
    assert found is not None
    assert found["impact"] == "informs"


@pytest.mark.parametrize("right", [DENY_REMOTE, DENY_NETWORK])
@pytest.mark.parametrize("sids", [["S-1-5-32-546"], ["S-1-5-7", f"{DOMAIN}-501"], []])
def test_what_every_sound_host_denies(right: str, sids: list[str]) -> None:
    assert denied(facts_of(logon=rights({right: sids})), None) is None


def test_local_accounts_over_the_network_with_nla() -> None:
    facts = facts_of(system=WORKGROUP, logon=rights({DENY_NETWORK: ["S-1-5-113"]}, gpo=""))
    found = denied(facts, ready())
    assert found is not None
    assert (found["confidence"], found["impact"], found["explains"]) == ("proved", "breaks", ["0x1307/0x0"])
    assert "A policy of the host sets it." in found["evidence"][0]["text"]


@pytest.mark.parametrize("change", [{DENY_NETWORK: ["S-1-1-0"]}, {ALLOW_NETWORK: []}, {DENY_NETWORK: ["S-1-5-32-544"]}])
def test_this_tasks_own_logon_contradicts(change: dict[str, list[str]]) -> None:
    found = denied(facts_of(logon=rights(change)), None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "degrades")
    assert found["contradicts"][0]["where"] == "WinRM"


@pytest.mark.parametrize("change", [{DENY_NETWORK: ["S-1-1-0"]}, {ALLOW_NETWORK: []}])
def test_without_nla_the_network_rights_do_not_count(change: dict[str, list[str]]) -> None:
    assert denied(facts_of(listener=settings(nla=False), logon=rights(change)), None) is None


def test_a_right_that_is_given_to_nobody() -> None:
    found = denied(facts_of(logon=rights({ALLOW_REMOTE: []})), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "breaks")
    assert "given to nobody" in found["evidence"][0]["text"] and ALLOW_REMOTE in found["decision"]


def test_the_worst_comes_first_and_all_are_shown() -> None:
    change = {DENY_REMOTE: ["CORP\\x", "S-1-5-32-545"], ALLOW_REMOTE: ["S-1-5-32-544"]}
    found = denied(facts_of(logon=rights(change)), None)
    assert found is not None
    assert found["impact"] == "breaks"
    assert [("S-1-5-32-545" in one["text"], "CORP\\x" in one["text"]) for one in found["evidence"]] == [
        (True, False),
        (False, True),
    ]
    assert "CORP\\x" not in found["decision"]


@pytest.mark.parametrize(
    "logon", [None, unread(), {**rights({DENY_REMOTE: ["S-1-1-0"]}), "rights_status": "absent"}, rights({})]
)
def test_rights_that_nobody_set_or_read(logon: Any) -> None:
    assert denied(facts_of(logon=logon), dropped()) is None


def test_network_service_is_an_administrator() -> None:
    found = network_service_admin(facts_of(logon={"network_service_is_admin": True}), ready())
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("rights.network_service_admin", "proved", "degrades")
    assert found["decision"] and not found["remedies"]


@pytest.mark.parametrize("logon", [None, unread(), {"network_service_is_admin": None}, {}])
def test_network_service_is_none(logon: Any) -> None:
    assert network_service_admin(facts_of(logon=logon), None) is None
