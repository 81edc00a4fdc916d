# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning a client and licensing: only what was asked for, nothing that policy sets, nothing weaker."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import client, licensing
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.ownership import check_free
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import facts_of

ORACLE = rf"{client.SWITCHES[0].key}\AllowEncryptionOracle"
VALUE = {"where": ORACLE.upper(), "value": "2", "gpo": "Old servers", "gpo_id": "", "link": "", "precedence": 1}


def switched(wanted: dict[str, str], found: dict[str, Any], **more: Any) -> list[Change]:
    domain = more.pop("domain", True)
    policies = {"status": "ok", "reason": "", "rsop": "ok", "rsop_reason": "", "values": [], **more.pop("policies", {})}
    system = facts_of(system={"part_of_domain": domain})["system"]
    given = {"allow_weaker": False, "force": False, **more}
    return client.switch_changes(wanted, found, policies, system, **given)  # type: ignore[arg-type]


def test_a_default_deletes_the_value() -> None:
    (change,) = switched({"encryption_oracle": "default"}, {"encryption_oracle": dword(2)})
    assert (change["before"], change["after"]) == (dword(2), None)
    assert client.needs_reboot([change])


def test_what_is_so_already_is_left_alone() -> None:
    assert switched({"udp": "disabled"}, {"udp": dword(1)}) == []
    assert switched({"udp": "default"}, {"udp": None}) == []
    assert not client.needs_reboot(switched({"udp": "disabled"}, {"udp": None}))


@pytest.mark.parametrize("wanted", [{"encryption_oracle": "vulnerable"}, {"redirection_warning": "previous"}])
def test_weaker_needs_leave(wanted: dict[str, str]) -> None:
    found = dict.fromkeys(wanted)
    with pytest.raises(Refused, match="allow_weaker"):
        switched(wanted, found)
    assert switched(wanted, found, allow_weaker=True)


def test_a_value_of_a_group_policy_object_stays_whatever_is_forced() -> None:
    with pytest.raises(Refused, match="Old servers"):
        switched(
            {"encryption_oracle": "default"},
            {"encryption_oracle": dword(2)},
            policies={"values": [VALUE]},
            force=True,
        )


def test_policies_that_are_not_known() -> None:
    unknown = {"status": "ok", "reason": "", "rsop": "denied", "rsop_reason": "no right.", "values": []}
    member, single = (facts_of(system={"part_of_domain": domain})["system"] for domain in (True, False))
    with pytest.raises(Refused, match=r"\(no right\)"):
        check_free(ORACLE, unknown, member, force=False)  # type: ignore[arg-type]
    check_free(ORACLE, unknown, member, force=True)  # type: ignore[arg-type]
    check_free(ORACLE, unknown, single, force=False)  # type: ignore[arg-type]


def test_a_license_with_keys_below_is_none() -> None:
    one = client.License("LICENSE000", r"HKLM\X\LICENSE000", {"A": {"type": "REG_BINARY", "data": "00"}}, subkeys=False)
    (change,) = client.license_changes([one])
    assert (change["kind"], change["before"], change["after"]) == ("registry_key", one.values, None)
    with pytest.raises(Refused, match="by hand"):
        client.license_changes([one._replace(subkeys=True)])


# -- licensing -------------------------------------------------------------------------------------------------------


def server(name: str, source: str = "local") -> dict[str, Any]:
    return {"name": name, "source": source, "status": "valid", "status_code": 1}


def licensed(wanted_mode: str | None, wanted: list[str] | None, **facts: Any) -> list[Change]:
    domain = facts.pop("domain", True)
    area = {"terminal_server": True, "mode": "not_configured", "mode_source": "local", "servers": [], **facts}
    system = facts_of(system={"part_of_domain": domain})["system"]
    return licensing.plan(
        area,  # type: ignore[arg-type]
        system,
        mode=wanted_mode,
        servers=wanted,
        mode_now=dword(5),
        servers_now=None,
    )


def test_mode_and_servers() -> None:
    mode, servers = licensed("per_user", ["b", "a"])
    assert (mode["name"], mode["before"], mode["after"]) == ("LicensingMode", dword(5), dword(4))
    assert (servers["before"], servers["after"]) == (None, {"type": "REG_MULTI_SZ", "data": ["b", "a"]})
    assert licensed("per_user", ["A"], mode="per_user", servers=[server("a")]) == []


@pytest.mark.parametrize(
    ("mode", "servers", "facts", "why"),
    [
        ("per_device", None, {"terminal_server": False}, "has not the role"),
        ("per_user", None, {"domain": False}, "workgroup"),
        ("per_device", None, {"mode": "per_user", "mode_source": "policy"}, "Group Policy"),
        (None, ["b"], {"servers": [server("a", "policy")]}, "Group Policy"),
    ],
)
def test_licensing_is_refused(mode: str | None, servers: list[str] | None, facts: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        licensed(mode, servers, **facts)
