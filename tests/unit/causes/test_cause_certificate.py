# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certificate.expired, certificate.binding_stale and certificate.not_created."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire import blank
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.certificate import (
    binding_stale,
    expired,
    not_created,
)
from tests.unit.causes.healthy import (
    CUSTOM,
    SELF_SIGNED,
    bound,
    certificate,
    dropped,
    facts_of,
    no_certificate,
    no_tcp,
    ready,
    self_signed,
    services,
    settings,
    unread,
    wire_of,
)

OLD = self_signed(days_left=-12.0, not_after="2026-11-10T03:12:44Z")
SERVES_OLD = {"tls": {"certificate": {"not_after": "2026-11-10T03:12:44Z", "days_left": -12.0}}}
SERVES_ANOTHER = {"tls": {"certificate": {"sha1": "BB" * 20, "days_left": 200.0}}}


@pytest.mark.parametrize("wire", [None, dropped(), no_tcp()])
def test_an_expired_self_signed_certificate_is_renewed(wire: Report | None) -> None:
    found = expired(facts_of(certificate=OLD), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("certificate.expired", "proved", "breaks")
    assert "2026-11-10" in found["evidence"][0]["text"] and "12 days ago" in found["evidence"][0]["text"]
    assert found["evidence"][0]["where"].endswith(f"Remote Desktop\\Certificates\\{SELF_SIGNED}")
    assert [(r["module"], r["options"], r["restart"]) for r in found["remedies"]] == [
        ("rdp_certificate", {"self_signed_valid": True}, ["SessionEnv"])
    ]
    assert not found["decision"]


def test_the_services_that_renewal_needs_come_with_it() -> None:
    off = {"start_mode": "disabled", "state": "stopped"}
    facts = facts_of(certificate=OLD, services=services(SessionEnv=off, CryptSvc=off, KeyIso=off, CertPropSvc=off))
    found = expired(facts, None)
    assert found is not None
    assert [r["options"] for r in found["remedies"]] == [
        {"name": "KeyIso", "start_mode": "manual", "state": "started"},
        {"name": "CryptSvc", "start_mode": "auto", "state": "started"},
        {"name": "CertPropSvc", "start_mode": "manual", "state": "started"},
        {"name": "SessionEnv", "start_mode": "manual", "state": "started"},
        {"self_signed_valid": True},
    ]
    assert sum("start mode is disabled" in e["text"] for e in found["evidence"]) == 4


@pytest.mark.parametrize("change", [None, unread()])
def test_unread_services_are_left_out(change: dict[str, Any] | None) -> None:
    found = expired(facts_of(certificate=OLD, services=change), None)
    assert found is not None
    assert [r["module"] for r in found["remedies"]] == ["rdp_certificate"]


def test_an_expired_bound_certificate_is_for_a_person() -> None:
    found = expired(facts_of(certificate=bound(days_left=-1.5)), None)
    assert found is not None
    assert found["impact"] == "breaks"
    assert found["remedies"] == []
    assert CUSTOM in found["decision"] and "Corp Issuing CA" in found["decision"]


def test_an_expired_certificate_that_is_served_breaks_since_clients_check_dates() -> None:
    found = expired(facts_of(certificate=OLD), ready(**SERVES_OLD))
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "breaks")
    assert found["evidence"][-1]["where"] == "wire" and not found["contradicts"]


def test_another_certificate_on_the_wire_contradicts() -> None:
    found = expired(facts_of(certificate=OLD), ready(**SERVES_ANOTHER))
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")
    assert "BB" * 20 in found["contradicts"][0]["text"]


def test_a_clock_ahead_is_not_a_certificate_problem() -> None:
    facts = facts_of(certificate=self_signed(days_left=-2.0), system={"clock_skew": 30 * 86400.0})
    found = expired(facts, None)
    assert found is not None
    assert found["confidence"] == "likely"
    assert found["remedies"] == [] and "clock" in found["decision"]
    assert "30 days ahead" in found["contradicts"][0]["text"]


@pytest.mark.parametrize("skew", [None, 300.0, -86400.0])
def test_a_small_skew_changes_nothing(skew: float | None) -> None:
    found = expired(facts_of(certificate=OLD, system={"clock_skew": skew}), None)
    assert found is not None
    assert found["confidence"] == "proved"


def test_a_broker_keeps_its_certificate() -> None:
    found = expired(facts_of(certificate=OLD, system={"rds_roles": ["connection_broker"]}), None)
    assert found is not None
    assert "broker" in found["blocked_by"]


def test_about_to_expire_with_sessionenv_disabled_degrades() -> None:
    off = services(SessionEnv={"start_mode": "disabled"})
    found = expired(facts_of(certificate=self_signed(days_left=13.9), services=off), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", "degrades")
    assert [r["options"]["name"] for r in found["remedies"]] == ["SessionEnv"]


def test_a_bound_certificate_that_ends_soon_informs() -> None:
    found = expired(facts_of(certificate=bound(days_left=5.0)), ready())
    assert found is not None
    assert found["impact"] == "informs" and found["remedies"] == [] and found["decision"]


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        facts_of(certificate=self_signed(days_left=0.0)),  # ends this moment, and SessionEnv may renew it
        facts_of(certificate=self_signed(days_left=13.9)),
        facts_of(certificate=self_signed(days_left=14.0), services=services(SessionEnv={"start_mode": "disabled"})),
        facts_of(certificate=self_signed(days_left=3.0), services=unread()),
        facts_of(certificate=bound(days_left=14.0)),
        facts_of(certificate=None),
        facts_of(certificate=unread()),
        facts_of(certificate={"remote_desktop": [], "active": None}),
    ],
)
def test_not_expired(facts: Any) -> None:
    assert expired(facts, dropped()) is None


STALE = {"bound_thumbprint": CUSTOM, "bound": None}


@pytest.mark.parametrize("wire", [None, dropped(), no_certificate(), no_tcp()])
@pytest.mark.parametrize(("change", "word"), [(STALE, "neither"), (bound(private_key=None), "no private key")])
def test_a_stale_binding_is_taken_off(change: dict[str, Any], word: str, wire: Report | None) -> None:
    found = binding_stale(facts_of(certificate=change), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("certificate.binding_stale", "proved", "breaks")
    assert CUSTOM in found["evidence"][0]["text"] and word in found["evidence"][0]["text"]
    assert found["remedies"] == [
        {
            "module": "rdp_certificate",
            "options": {"binding": "self_signed"},
            "risk": "medium",
            "restart": ["SessionEnv", "TermService"],
        }
    ]
    assert found["blocked_by"] == ""


@pytest.mark.parametrize("kept", [[], [certificate(days_left=-1.0)], [certificate(private_key=None)]])
def test_without_a_usable_self_signed_certificate_one_is_made(kept: list[dict[str, Any]]) -> None:
    found = binding_stale(facts_of(certificate={**STALE, "remote_desktop": kept, "active": None}), None)
    assert found is not None
    assert [r["options"] for r in found["remedies"]] == [{"self_signed_valid": True}, {"binding": "self_signed"}]


def test_a_stale_binding_of_a_broker_is_left() -> None:
    found = binding_stale(facts_of(certificate=STALE, system={"rds_roles": ["connection_broker"]}), None)
    assert found is not None
    assert "broker" in found["blocked_by"]


def test_a_ready_host_contradicts_a_stale_binding() -> None:
    found = binding_stale(facts_of(certificate=STALE), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("likely", "degrades")


def test_a_host_that_serves_the_bound_certificate_contradicts_more() -> None:
    found = binding_stale(facts_of(certificate=STALE), ready(tls={"certificate": {"sha1": CUSTOM.lower()}}))
    assert found is not None
    assert found["confidence"] == "possible"


@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        facts_of(certificate=bound()),
        facts_of(certificate={"bound_thumbprint": ""}),
        facts_of(certificate=None),
        facts_of(certificate=unread()),
    ],
)
def test_no_stale_binding(facts: Any) -> None:
    assert binding_stale(facts, dropped()) is None


NONE: dict[str, Any] = {"remote_desktop": [], "active": None, "self_signed_thumbprint": None}


@pytest.mark.parametrize("wire", [None, dropped(), no_certificate(), no_tcp()])
def test_no_certificate_at_all(wire: Report | None) -> None:
    found = not_created(facts_of(certificate=NONE), wire)
    assert found is not None
    assert (found["id"], found["confidence"], found["impact"]) == ("certificate.not_created", "proved", "breaks")
    assert [r["options"] for r in found["remedies"]] == [{"self_signed_valid": True}]
    on_the_wire = [e["text"] for e in found["evidence"] if e["where"] == "wire"]
    assert any("SSL_CERT_NOT_ON_SERVER" in text for text in on_the_wire) == (wire == no_certificate())


@pytest.mark.parametrize(("store", "word"), [("My", "'My'"), (None, "is not set")])
def test_a_wrong_store_is_evidence(store: str | None, word: str) -> None:
    found = not_created(facts_of(certificate={**NONE, "self_signed_store": store}), None)
    assert found is not None
    assert any("SelfSignedCertStore" in e["text"] and word in e["text"] for e in found["evidence"])


def test_a_wrong_programdata_is_evidence() -> None:
    facts = facts_of(
        certificate=NONE, machine_keys={"path": "D:\\Data\\Microsoft\\Crypto\\RSA\\MachineKeys", "keys": []}
    )
    found = not_created(facts, None)
    assert found is not None
    assert any(e["where"].endswith("ProfileList\\ProgramData") for e in found["evidence"])
    sound = not_created(facts_of(certificate=NONE), None)
    assert sound is not None
    assert len(sound["evidence"]) == 1


def test_disabled_services_come_first() -> None:
    off = services(SessionEnv={"start_mode": "disabled"})
    found = not_created(facts_of(certificate=NONE, services=off), None)
    assert found is not None
    assert [r["module"] for r in found["remedies"]] == ["rdp_service", "rdp_certificate"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"listener": settings(enabled=False)}, "fDenyTSConnections"),
        ({"services": services(TermService={"state": "stopped"})}, "Win32_Service"),
        ({"services": services(TermService={"state": "stopped"}), "listener": unread()}, "Win32_Service"),
    ],
)
def test_a_host_that_never_ran_remote_desktop_needs_no_certificate(change: dict[str, Any], where: str) -> None:
    found = not_created(facts_of(certificate=NONE, **change), no_tcp())
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("possible", "informs")
    assert found["contradicts"][0]["where"].endswith(where)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (ready(), ("possible", "degrades")),
        (ready(x224={"selected": "rdp"}, tls=blank.tls()), None),
    ],
)
def test_a_ready_host_contradicts_a_missing_certificate(wire: Report, expected: tuple[str, str] | None) -> None:
    found = not_created(facts_of(certificate=NONE), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == (expected or ("likely", "degrades"))
    assert found["contradicts"]


def test_a_broker_without_certificate_is_left() -> None:
    found = not_created(facts_of(certificate=NONE, system={"rds_roles": ["connection_broker"]}), None)
    assert found is not None
    assert found["blocked_by"]


@pytest.mark.parametrize("change", [None, unread(), unread("error")])
def test_unread_stores_and_the_refusal_on_the_wire_are_possible_only(change: dict[str, Any] | None) -> None:
    found = not_created(facts_of(certificate=change), no_certificate())
    assert found is not None
    assert (found["confidence"], found["remedies"]) == ("possible", [])
    for wire in (None, ready(), dropped(), wire_of()):
        assert not_created(facts_of(certificate=change), wire) is None


@pytest.mark.parametrize("facts", [facts_of(), facts_of(certificate=bound()), facts_of(certificate={**NONE, **STALE})])
def test_a_certificate_exists_or_is_bound(facts: Any) -> None:
    assert not_created(facts, no_certificate()) is None
