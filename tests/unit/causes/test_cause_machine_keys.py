# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""machine_keys.acl and machine_keys.missing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.machine_keys import acl, missing
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.acl import granted, specific
from tests.unit.causes.healthy import (
    CUSTOM,
    CUSTOM_KEY_FILE,
    FOLDER_ACL,
    KEY_FILE,
    MACHINE_KEYS,
    ace,
    alert,
    bound,
    custom_certificate,
    dropped,
    facts_of,
    key_file,
    no_certificate,
    no_tcp,
    ready,
    security,
    self_signed,
    services,
    unread,
    wire_of,
)

SYSTEM_F = ace("S-1-5-18", 0x1F01FF)
NO_SERVICE = security(SYSTEM_F)  # the account of TermService is not in it
NO_SYSTEM = security(ace("S-1-5-18", 0x120089), ace("S-1-5-20", 0x120089))
LOCKED_FOLDER = security(ace("S-1-5-32-544", 0x1F01FF))
ACL_REMEDY = {"machine_keys_acl": True}


def keys(*files: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"keys": list(files), **changes}


@pytest.mark.parametrize(
    ("aces", "expected"),
    [
        ([ace("S-1-5-20", 0x120089)], 0x120089),
        ([ace("S-1-5-20", 0x1), ace("S-1-1-0", 0x120088)], 0x120089),
        ([ace("S-1-5-20", 0x120089, "deny"), ace("S-1-1-0", 0x12019F)], 0x116),
        # The first entry that names a right decides, whatever kind it is.
        ([ace("S-1-1-0", 0x120089), ace("S-1-5-20", 0x120089, "deny")], 0x120089),
        ([ace("S-1-5-20", 0x120089, flags=0x8 | 0x2)], 0),  # inherit only: for children
        ([ace("S-1-5-20", 0x120089, flags=0x10)], 0x120089),  # inherited entries count
        ([ace("S-1-5-19", 0x1F01FF)], 0),  # LOCAL SERVICE is somebody else
        ([ace("S-1-5-20", 0x80000000)], 0x120089),  # GENERIC_READ
        ([], 0),
    ],
)
def test_access_check(aces: list[Any], expected: int) -> None:
    assert granted(aces, {"S-1-5-20", "S-1-1-0"}) == expected


def test_generic_all_is_full_control() -> None:
    assert specific(0x10000000) == 0x1F01FF


@pytest.mark.parametrize(
    "sound",
    [
        security(SYSTEM_F, ace("S-1-5-20", 0x120089)),
        security(SYSTEM_F, ace("S-1-1-0", 0x120089)),
        security(SYSTEM_F, ace("S-1-5-11", 0x120089)),
        security(SYSTEM_F, ace("S-1-5-6", 0x1201BF)),
        security(ace("S-1-5-32-544", 0x1F01FF), ace("S-1-5-20", 0x80000000)),
        security(ace("S-1-1-0", 0x10000000)),
    ],
)
def test_a_key_that_both_accounts_can_use_is_no_finding(sound: dict[str, Any]) -> None:
    assert acl(facts_of(machine_keys=keys(key_file(security=sound))), None) is None


@pytest.mark.parametrize(
    ("wrong", "who"),
    [
        (NO_SERVICE, "NETWORK SERVICE"),
        (security(SYSTEM_F, ace("S-1-5-20", 0x120089, "deny"), ace("S-1-1-0", 0x120089)), "NETWORK SERVICE"),
        (security(SYSTEM_F, ace("S-1-5-20", 0x1)), "NETWORK SERVICE"),  # near miss: data, but no attributes
        (NO_SYSTEM, "SYSTEM lacks full control"),
        (security(), "NETWORK SERVICE"),
    ],
)
@pytest.mark.parametrize("wire", [None, dropped(), dropped("reset"), no_certificate(), no_tcp()])
def test_an_acl_that_was_read_is_proof(wrong: dict[str, Any], who: str, wire: Report | None) -> None:
    found = acl(facts_of(machine_keys=keys(key_file(security=wrong))), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("machine_keys.acl", "proved", "breaks")
    assert who in found["evidence"][0]["text"]
    assert found["evidence"][0]["where"] == KEY_FILE
    assert found["remedies"] == [
        {
            "module": "rdp_certificate",
            "options": ACL_REMEDY,
            "risk": "medium",
            "restart": ["SessionEnv", "TermService"],
        }
    ]
    assert "0x904/0x7" in found["explains"]
    assert not found["contradicts"] and not found["blocked_by"]


def test_a_wrong_folder_is_told_with_the_key() -> None:
    found = acl(facts_of(machine_keys=keys(key_file(security=NO_SERVICE), folder=LOCKED_FOLDER)), None)
    assert found is not None
    assert [e["where"] for e in found["evidence"]] == [KEY_FILE, MACHINE_KEYS]
    assert "Everyone lacks 0x0012019f" in found["evidence"][1]["text"]


def test_a_folder_that_nobody_read_is_not_told() -> None:
    facts = facts_of(machine_keys=keys(key_file(security=NO_SERVICE)))
    del facts["machine_keys"]["folder"]
    found = acl(facts, None)
    assert found is not None
    assert [e["where"] for e in found["evidence"]] == [KEY_FILE]


def test_the_wire_adds_its_sentence() -> None:
    found = acl(facts_of(machine_keys=keys(key_file(security=NO_SERVICE))), dropped())
    assert found is not None
    assert [e["text"] for e in found["evidence"] if e["where"] == "wire"] == [
        "The host closed the connection after the ClientHello, without a ServerHello."
    ]


def test_a_ready_wire_contradicts_a_wrong_acl() -> None:
    found = acl(facts_of(machine_keys=keys(key_file(security=NO_SERVICE))), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert found["contradicts"][0]["where"] == "wire"
    assert found["remedies"][0]["restart"] == []  # nobody is cut off for a key that works now


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (alert("handshake_failure"), ("likely", "breaks")),
        (wire_of(ready=False, stage="tls"), ("possible", "degrades")),  # the handshake itself was completed
    ],
)
def test_a_wire_that_looks_different_lowers_confidence(wire: Report, expected: tuple[str, str]) -> None:
    found = acl(facts_of(machine_keys=keys(key_file(security=NO_SERVICE))), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == expected
    assert found["contradicts"]


def test_the_key_of_a_bound_certificate_counts() -> None:
    custom = key_file(path=CUSTOM_KEY_FILE, thumbprint=CUSTOM, container="le-1f0c", security=NO_SERVICE)
    found = acl(facts_of(certificate=bound(), machine_keys=keys(key_file(), custom)), None)
    assert found is not None
    assert found["impact"] == "breaks"
    assert [e["where"] for e in found["evidence"]] == [CUSTOM_KEY_FILE]


def test_a_key_that_is_not_in_use_only_degrades() -> None:
    custom = key_file(path=CUSTOM_KEY_FILE, thumbprint=CUSTOM, container="le-1f0c")
    found = acl(facts_of(certificate=bound(), machine_keys=keys(key_file(security=NO_SERVICE), custom)), None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")


@pytest.mark.parametrize("change", [None, unread(), unread("error")])
def test_without_the_certificate_area_the_key_may_be_another_ones(change: dict[str, Any] | None) -> None:
    found = acl(facts_of(certificate=change, machine_keys=keys(key_file(security=NO_SERVICE))), None)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")


@pytest.mark.parametrize(
    "folder", [LOCKED_FOLDER, security(ace("S-1-1-0", 0x12019F)), security(ace("S-1-1-0", 0x120089), SYSTEM_F)]
)
def test_a_wrong_folder_alone_degrades(folder: dict[str, Any]) -> None:
    found = acl(facts_of(machine_keys=keys(key_file(), folder=folder)), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert found["remedies"] == [
        {"module": "rdp_certificate", "options": ACL_REMEDY, "risk": "low", "restart": []},
    ]


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(machine_keys=keys(key_file(), folder=LOCKED_FOLDER)), dropped()),
        (facts_of(machine_keys=keys(key_file(exists=False, security=None), folder=LOCKED_FOLDER)), None),
        (
            facts_of(certificate={"remote_desktop": [], "active": None}, machine_keys=keys(folder=LOCKED_FOLDER)),
            None,
        ),
    ],
)
def test_a_wrong_folder_breaks_when_a_key_has_to_be_made(facts: Any, wire: Report | None) -> None:
    found = acl(facts, wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")


@pytest.mark.parametrize("change", [{}, {"remote_desktop": []}, unread(), None])
def test_a_wrong_folder_does_not_break_what_exists(change: dict[str, Any] | None) -> None:
    certificates = {**bound(), **change} if change == {"remote_desktop": []} else change
    found = acl(facts_of(certificate=certificates, machine_keys=keys(folder=LOCKED_FOLDER)), None)
    assert found is not None
    assert found["impact"] == "degrades"


def test_an_unread_folder_is_no_finding() -> None:
    assert acl(facts_of(machine_keys=keys(key_file(), folder={**FOLDER_ACL, **unread()})), dropped()) is None


@pytest.mark.parametrize(
    "change",
    [unread(), unread("error"), keys(key_file(security={**unread(), "owner": None, "protected": None, "dacl": []}))],
)
def test_an_unreadable_acl_and_a_dropped_hello_are_likely(change: dict[str, Any]) -> None:
    found = acl(facts_of(machine_keys=change), dropped())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "breaks")
    assert found["remedies"] == [] and "NETWORK SERVICE needs Read" in found["decision"]
    assert any("Access is denied." in e["text"] for e in found["evidence"])


@pytest.mark.parametrize(
    ("facts", "wire"),
    [
        (facts_of(machine_keys=unread()), None),
        (facts_of(machine_keys=unread()), ready()),
        (facts_of(machine_keys=unread()), no_tcp()),
        (facts_of(machine_keys=unread(), certificate=self_signed(days_left=-3.0)), dropped()),
        (facts_of(machine_keys=unread(), certificate=self_signed(private_key=None)), dropped()),
        (facts_of(machine_keys=unread(), certificate=unread()), dropped()),
        (facts_of(machine_keys=unread(), tls={"rdp_versions": []}), dropped()),
        (facts_of(machine_keys=None), dropped()),
        (facts_of(machine_keys=unread("absent")), dropped()),
        (facts_of(), dropped()),
        (facts_of(), ready()),
        (facts_of(machine_keys=keys(key_file(exists=False, security=None))), None),
        (facts_of(machine_keys=keys(key_file(security=None))), None),
    ],
)
def test_no_acl_finding(facts: Any, wire: Report | None) -> None:
    assert acl(facts, wire) is None


GONE = keys(key_file(exists=False, security=None))


@pytest.mark.parametrize("wire", [None, dropped(), no_certificate(), no_tcp()])
def test_a_missing_self_signed_key_is_made_anew(wire: Report | None) -> None:
    found = missing(facts_of(machine_keys=GONE), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("machine_keys.missing", "proved", "breaks")
    assert found["evidence"][0]["where"] == KEY_FILE
    assert found["remedies"] == [
        {
            "module": "rdp_certificate",
            "options": {"self_signed_valid": True},
            "risk": "low",
            "restart": ["SessionEnv"],
        }
    ]
    assert not found["blocked_by"]


def test_a_missing_key_brings_the_services_that_make_a_new_one() -> None:
    facts = facts_of(machine_keys=GONE, services=services(SessionEnv={"start_mode": "disabled"}))
    found = missing(facts, None)
    assert found is not None
    assert found["remedies"][0]["options"] == {"name": "SessionEnv", "start_mode": "manual", "state": "started"}


def test_a_missing_bound_key_falls_back_to_self_signed() -> None:
    gone = key_file(path=CUSTOM_KEY_FILE, thumbprint=CUSTOM, exists=False, security=None)
    found = missing(facts_of(certificate=bound(), machine_keys=keys(key_file(), gone)), dropped())
    assert found is not None
    assert [r["options"] for r in found["remedies"]] == [{"binding": "self_signed"}]
    assert found["confidence"] == "proved"


@pytest.mark.parametrize(
    ("system", "word"), [({"rds_roles": ["connection_broker"]}, "broker"), (unread(), "could not be read"), (None, "")]
)
def test_a_certificate_of_a_farm_is_left_alone(system: dict[str, Any] | None, word: str) -> None:
    found = missing(facts_of(system=system, machine_keys=GONE), None)
    assert found is not None
    assert found["blocked_by"] and word in found["blocked_by"]


@pytest.mark.parametrize(("change", "blocks"), [(unread(), True), (unread("error"), True), (None, False)])
def test_roles_are_not_known_without_services(change: dict[str, Any] | None, blocks: bool) -> None:
    found = missing(facts_of(services=change, machine_keys=GONE), None)
    assert found is not None
    assert bool(found["blocked_by"]) == blocks


def test_other_rds_roles_block_nothing() -> None:
    found = missing(facts_of(system={"rds_roles": ["gateway", "licensing"]}, machine_keys=GONE), None)
    assert found is not None
    assert found["blocked_by"] == ""


@pytest.mark.parametrize(
    ("wire", "expected"),
    [(ready(), ("likely", "degrades")), (wire_of(ready=False, stage="tls"), ("possible", "breaks"))],
)
def test_a_handshake_contradicts_a_missing_key(wire: Report, expected: tuple[str, str]) -> None:
    found = missing(facts_of(machine_keys=GONE), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == expected
    assert found["contradicts"]


def test_without_the_certificate_area_the_container_tells_the_key() -> None:
    found = missing(facts_of(certificate=unread(), machine_keys=GONE), None)
    assert found is not None
    assert found["confidence"] == "likely"
    other = keys(key_file(exists=False, security=None, container="le-1f0c"))
    assert missing(facts_of(certificate=unread(), machine_keys=other), None) is None


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        facts_of(machine_keys=None),
        facts_of(machine_keys=unread()),
        # The self-signed certificate's key is gone, but another certificate is in use.
        facts_of(certificate={**bound(), "bound": custom_certificate()}, machine_keys=GONE),
    ],
)
def test_no_missing_key(facts: Any) -> None:
    assert missing(facts, dropped()) is None
