# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each section of a baseline: what differs, who is named, and what brings it back or stands in the way."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.leftovers import LEFTOVERS, Leftover
from tests.unit.causes.healthy import (
    ace,
    bound,
    facts_of,
    key_file,
    security,
    self_signed,
    services,
    settings,
    switched_off,
)
from tests.unit.remedies.test_drift import by_setting, held

SCHANNEL = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL"
OFF = {name: {"enabled": False, "source": "local"} for name in ("domain", "private", "public")}
CLOSED = {"allowed": False, "rules": []}
OTHER = "B" * 40


def switch(kind: str, name: str, enabled: int) -> dict[str, Any]:
    return {name: {"enabled": enabled, "where": f"{SCHANNEL}\\{kind}\\{name}"}}


def changed_service(name: str, **changes: Any) -> dict[str, Any]:
    return services(**{name: {**facts_of()["services"]["services"][name], **changes}})


# ---- what is brought back, and by which step


@pytest.mark.parametrize(
    ("facts", "setting", "found", "steps"),
    [
        (
            facts_of(listener=settings(logons_allowed=False)),
            "listener.logons_allowed",
            False,
            [("rdp_listener", {"logons_allowed": True})],
        ),
        (facts_of(firewall=CLOSED), "firewall.open", False, [("rdp_firewall", {"state": "enabled"})]),
        (
            facts_of(tls={"hashes": switch("Hashes", "SHA256", 0)}),
            "hashes.SHA256",
            "disabled",
            [("rdp_tls", {"hashes": [{"name": "SHA256", "state": "default"}]})],
        ),
        (
            # What HardeningKitty's list wrote once: 1 is right below Protocols alone.
            facts_of(tls={"ciphers": switch("Ciphers", "AES 256/256", 1)}),
            "ciphers.AES 256/256",
            "misused",
            [("rdp_tls", {"ciphers": [{"name": "AES 256/256", "state": "default"}]})],
        ),
        (
            facts_of(certificate=self_signed(days_left=-3.0)),
            "certificate.sound",
            False,
            [("rdp_certificate", {"self_signed_valid": True})],
        ),
        (
            facts_of(machine_keys={"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}),
            "certificate.key_usable",
            False,
            [("rdp_certificate", {"machine_keys_acl": True})],
        ),
        (
            facts_of(certificate={"self_signed_store": "MY"}),
            "certificate.own_store",
            False,
            [("rdp_certificate", {"self_signed_store": True})],
        ),
        (
            facts_of(services=changed_service("SessionEnv", start_mode="disabled")),
            "services.SessionEnv",
            "disabled",
            [("rdp_service", {"name": "SessionEnv", "start_mode": "manual"})],
        ),
        (
            facts_of(services=changed_service("CertPropSvc", account="NT AUTHORITY\\LocalService")),
            "accounts.CertPropSvc",
            "NT AUTHORITY\\LocalService",
            [("rdp_service", {"name": "CertPropSvc", "account": "default", "state": "restarted"})],
        ),
        (
            facts_of(logon={"encryption_oracle": "vulnerable"}),
            "client.encryption_oracle",
            "vulnerable",
            [("rdp_client", {"encryption_oracle": "default"})],
        ),
    ],
)
def test_a_difference_is_brought_back(facts: Any, setting: str, found: Any, steps: list[tuple[str, Any]]) -> None:
    held_against = held(facts)
    row = by_setting(held_against)[setting]
    assert (row["found"], row["left_alone"]) == (found, "")
    assert row["text"].startswith(f"{setting} is ") and row["where"]
    planned = [
        (step["module"], step["options"]) for step in held_against.plan if f"baseline.{setting}" in step["causes"]
    ]
    assert planned == steps


def test_a_bound_certificate_that_is_another() -> None:
    facts = facts_of(certificate=bound())
    found = held(facts, "", certificate={"binding": OTHER})
    assert [step["options"] for step in found.plan] == [{"binding": OTHER}]
    assert held(facts, "", certificate={"binding": facts["certificate"]["bound_thumbprint"].lower()}).drift == []  # type: ignore[union-attr]
    assert [step["options"] for step in held(facts, "", certificate={"binding": "self_signed"}).plan] == [
        {"binding": "self_signed"}
    ]


def test_another_port_is_let_in_as_well() -> None:
    found = held(facts_of(), "", listener={"port": 3390})
    assert [step["module"] for step in found.plan] == ["rdp_listener", "rdp_firewall"]


# ---- what is told and left alone


def test_a_closed_port_is_no_difference_where_remote_desktop_is_off() -> None:
    facts = facts_of(listener=settings(enabled=False), firewall=CLOSED)
    assert "firewall.open" not in by_setting(held(facts))
    assert "firewall.open" in by_setting(held(facts, listener={"enabled": True}))


def test_a_firewall_that_is_off_is_a_persons_decision() -> None:
    found = held(facts_of(firewall={"profiles": OFF}))
    assert found.plan == []
    assert set(by_setting(found)) == {"firewall.domain", "firewall.private", "firewall.public"}
    row = by_setting(found)["firewall.private"]
    assert "privateprofile state on" in row["left_alone"]
    assert "AWSSupport-TroubleshootRDP with Firewall: Disable" in row["text"]
    assert row["where"].endswith("FirewallPolicy\\StandardProfile\\EnableFirewall")


def test_a_program_that_works_is_left_to_its_owner() -> None:
    found = held(facts_of(services={"service_dll": "C:\\rdpwrap.dll"}))
    row = by_setting(found)["programs.TermService"]
    assert (row["causes"], found.plan) == (["service.tampered"], [])
    assert "Find out who changed it" in row["left_alone"]


def test_an_account_in_the_language_of_the_host_may_be_the_right_one() -> None:
    found = held(facts_of(services=changed_service("TermService", account="NT-AUTORITÄT\\Netzwerkdienst")))
    assert found.plan == []
    assert "accounts.TermService" in by_setting(found)


def test_a_block_rule_is_not_planned_around() -> None:
    rule = {**facts_of()["firewall"]["rules"][0], "id": "{BLOCK}", "action": "block"}
    found = held(facts_of(firewall={"allowed": False, "rules": [rule]}))
    assert found.plan == []
    assert "{BLOCK}" in by_setting(found)["firewall.open"]["left_alone"]


def test_a_value_that_lives_in_a_key_of_policies_waits_where_nobody_knows_its_owner() -> None:
    facts = facts_of(logon={"encryption_oracle": "vulnerable"}, policies={"rsop": "absent", "rsop_reason": "none kept"})
    found = held(facts)
    assert found.plan == []
    assert "rdp_client refuses it" in by_setting(found)["client.encryption_oracle"]["left_alone"]


def test_a_broken_algorithm_stays_off() -> None:
    facts = facts_of(tls={"ciphers": switch("Ciphers", "RC4 128/128", 0)})
    assert held(facts, "", ciphers={"RC4 128/128": "default"}).drift == []


def test_nobody_is_locked_out() -> None:
    """A current client has no suite without these."""
    own: dict[str, Any] = {"ciphers": {"AES 128/128": "disabled", "AES 256/256": "disabled"}}
    found = held(facts_of(), "", **own)
    assert found.plan == []
    assert all("lock out clients" in row["left_alone"] for row in found.drift)


def test_one_setting_that_is_refused_does_not_keep_the_others() -> None:
    """NLA contradicts the policy's security layer; logons do not."""
    listener = settings(nla=False, logons_allowed=False)
    policy = deepcopy(facts_of()["listener"]["settings"]["security_layer"])
    listener["settings"]["security_layer"] = {**policy, "value": "rdp", "source": "policy", "policy": "rdp"}
    found = held(facts_of(listener=listener))
    assert [step["options"] for step in found.plan] == [{"logons_allowed": True}]
    assert "nla needs TLS" in by_setting(found)["listener.nla"]["left_alone"]


def test_force_reaches_a_connection_broker_as_a_whole() -> None:
    facts = facts_of(tls={"protocols": switched_off("TLS 1.2")}, system={"rds_roles": ["connection_broker"]})
    assert held(facts).plan == []
    assert [step["module"] for step in held(facts, force=True).plan] == ["rdp_tls"]


def test_a_key_whose_list_could_not_be_read_is_told() -> None:
    unreadable: dict[str, Any] = {
        "status": "denied",
        "reason": "access was denied",
        "owner": None,
        "protected": None,
        "dacl": [],
    }
    found = held(facts_of(machine_keys={"keys": [key_file(security=unreadable)]}))
    assert [each.partition(":")[0] for each in found.unread] == ["certificate.key_usable"]


# ---- what tools have left


def left_of(row: Leftover) -> Any:
    return facts_of(
        listener=settings(**row.listener),
        firewall={"profiles": OFF} if row.firewall_off else {},
        logon={"encryption_oracle": row.encryption_oracle},
    )


@pytest.mark.parametrize("row", LEFTOVERS, ids=lambda row: row.tool)
def test_what_a_tool_has_left_is_drift_that_names_it(row: Leftover) -> None:
    found = held(left_of(row))
    expected = {f"listener.{name}" for name in row.listener}
    expected |= {f"firewall.{name}" for name in OFF} if row.firewall_off else set()
    expected |= {"client.encryption_oracle"} if row.encryption_oracle else set()
    assert set(by_setting(found)) == expected
    assert all(row.tool in each["text"] for each in found.drift)
    mended = {cause.removeprefix("baseline.") for step in found.plan for cause in step["causes"]}
    assert mended == {name for name in expected if not name.startswith("firewall.")}


def test_the_binding_that_a_reset_has_deleted() -> None:
    facts = facts_of(listener=settings(security_layer="rdp", min_encryption_level="low"))
    row = by_setting(held(facts, certificate={"binding": OTHER}))["certificate.binding"]
    assert "ResetRDPCert" in row["text"]


def test_every_service_has_a_start_mode_and_an_account_in_the_baseline() -> None:
    for name in SERVICES:
        found = held(facts_of(services=changed_service(name, start_mode="disabled", account="CORP\\admin")))
        assert {f"services.{name}", f"accounts.{name}"} <= set(by_setting(found))
