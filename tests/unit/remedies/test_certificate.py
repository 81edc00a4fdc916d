# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning the certificate, its binding and the access to its key."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import certificate
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from tests.unit.causes.healthy import (
    CUSTOM,
    KEY_ACL,
    KEY_FILE,
    MACHINE_KEYS,
    ace,
    bound,
    custom_certificate,
    facts_of,
    key_file,
    security,
    self_signed,
)

FULL, READ, NETWORK_SERVICE, SYSTEM = 0x1F01FF, 0x120089, "S-1-5-20", "S-1-5-18"


def access(**changes: Any) -> list[Any]:
    return certificate.plan_access(facts_of(machine_keys=changes)["machine_keys"])


def test_a_sound_key_is_left_alone() -> None:
    assert access() == []


@pytest.mark.parametrize(
    "dacl",
    [
        [ace(SYSTEM, FULL)],
        [ace(SYSTEM, FULL), ace(NETWORK_SERVICE, READ, "deny")],
        [ace(SYSTEM, FULL), ace(NETWORK_SERVICE, 0x1)],
    ],
    ids=["no entry", "denied", "too little"],
)
def test_network_service_gets_read_back(dacl: list[Any]) -> None:
    (change,) = access(keys=[key_file(security=security(*dacl))])
    assert (change["kind"], change["target"]) == ("security", KEY_FILE)
    assert change["before"]["dacl"] == dacl
    entries = {(entry["sid"], entry["type"], entry["mask"]) for entry in change["after"]["dacl"]}
    assert entries == {(SYSTEM, "allow", FULL), (NETWORK_SERVICE, "allow", READ)}
    assert change["after"]["owner"] == "S-1-5-18"


def test_entries_of_others_stay() -> None:
    other = ace("S-1-5-32-544", FULL)
    (change,) = access(keys=[key_file(security=security(ace(SYSTEM, FULL), other))])
    assert other in change["after"]["dacl"]


def test_a_stronger_entry_is_enough() -> None:
    assert access(keys=[key_file(security=security(ace(SYSTEM, FULL), ace(NETWORK_SERVICE, FULL)))]) == []


def test_the_folder_gets_its_own_entries_back_and_nothing_below_it() -> None:
    (change,) = access(folder=security(ace("S-1-5-32-544", FULL)))
    assert change["target"] == MACHINE_KEYS
    assert ace("S-1-1-0", 0x12019F) in change["after"]["dacl"]
    assert all(entry["flags"] == 0 for entry in change["after"]["dacl"])


def test_a_list_that_could_not_be_read_is_not_touched() -> None:
    unread: dict[str, Any] = {"status": "denied", "reason": "no right", "owner": None, "protected": None, "dacl": []}
    assert access(keys=[key_file(security=unread)]) == []
    facts = facts_of(machine_keys={"folder": unread})["machine_keys"]
    assert certificate.access_is_right(facts) is None
    assert "no right" in certificate.unread(facts)[0]


@pytest.mark.parametrize(
    ("certificates", "keys", "words"),
    [
        ({}, {}, ""),
        ({"remote_desktop": [], "active": None}, {}, "no self-signed"),
        (self_signed(days_left=-1.0), {}, "it ends on"),
        ({}, {"keys": [key_file(exists=False, security=None)]}, "missing"),
        (self_signed(private_key=None), {}, "names no private key"),
    ],
    ids=["sound", "none", "expired", "key gone", "no key named"],
)
def test_when_the_self_signed_certificate_is_made_anew(
    certificates: dict[str, Any], keys: dict[str, Any], words: str
) -> None:
    facts = facts_of(certificate=certificates, machine_keys=keys)
    reason = certificate.renewal_reason(facts["certificate"], facts["machine_keys"], 0.0)
    assert (words in reason) if words else reason == ""


def test_days_left_are_the_callers_choice() -> None:
    facts = facts_of()
    assert certificate.renewal_reason(facts["certificate"], facts["machine_keys"], 500.0)


def test_only_the_store_remote_desktop_loses_certificates() -> None:
    with pytest.raises(Refused, match="MY"):
        certificate.plan_deletion(custom_certificate(), {})  # type: ignore[arg-type]


def binding(wanted: str, personal: Any = None, *, force: bool = False, **changes: Any) -> list[Any]:
    facts = facts_of(**changes)
    return certificate.plan_binding(facts["certificate"], personal, wanted, facts["system"], force=force)


def test_unbinding_deletes_the_value_and_keeps_it_for_undo() -> None:
    (change,) = binding("self_signed", certificate=bound())
    assert change["before"] == {"type": "REG_BINARY", "data": CUSTOM.lower()}
    assert change["after"] is None
    assert binding("self_signed") == []


def test_binding_what_can_not_serve_is_refused() -> None:
    with pytest.raises(Refused, match="there is no certificate"):
        binding(CUSTOM)
    with pytest.raises(Refused, match="expired"):
        binding(CUSTOM, custom_certificate(days_left=-2.0))
    with pytest.raises(Refused, match="no private key"):
        binding(CUSTOM, custom_certificate(private_key=None))
    (change,) = binding(CUSTOM.lower(), custom_certificate())
    assert change["after"]["data"] == CUSTOM.lower()


def test_brokers_are_left_alone() -> None:
    broker: dict[str, Any] = {"certificate": bound(), "system": {"rds_roles": ["connection_broker"]}}
    with pytest.raises(Refused, match="Connection Broker"):
        binding("self_signed", **broker)
    assert binding("self_signed", force=True, **broker)


def test_a_denial_to_a_group_of_the_account_gives_way() -> None:
    everyone = ace("S-1-1-0", FULL, "deny")
    (change,) = access(keys=[key_file(security=security(everyone, *KEY_ACL["dacl"]))])
    assert everyone not in change["after"]["dacl"]


def test_a_group_of_the_account_serves_as_well() -> None:
    assert access(keys=[key_file(security=security(ace(SYSTEM, FULL), ace("S-1-1-0", READ)))]) == []


@pytest.mark.parametrize("now", [None, {"type": "REG_SZ", "data": "My"}])
def test_the_store_is_set_as_windows_needs_it(now: Any) -> None:
    area = facts_of(certificate={"self_signed_store": now and now["data"]})["certificate"]
    (change,) = certificate.plan_store(area, now)
    assert (change["before"], change["after"]) == (now, {"type": "REG_SZ", "data": "Remote Desktop"})
    assert (
        certificate.plan_store(facts_of(certificate={"self_signed_store": "remote desktop"})["certificate"], now) == []
    )
