# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge: state, ranking, plan, what is left alone and what was not read."""

from __future__ import annotations

from copy import deepcopy
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    CONNECTION_MANAGER,
    RDP_CORE,
    SERVICE_CONTROL,
    fact,
    finding,
    remedy,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge, judge_unreachable
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.plan import left_alone, make_plan
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding, Verdict
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import STRONG
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import Regression
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import (
    AREAS,
    RDP_RULE,
    ace,
    bound,
    comes_and_goes,
    cut_at_x224,
    dropped,
    events,
    facts_of,
    key_file,
    logged,
    no_certificate,
    no_name,
    no_tcp,
    ready,
    security,
    self_signed,
    services,
    settings,
    switched_off,
    unread,
)

DISABLED = {"start_mode": "disabled", "state": "stopped"}
BAD_KEY = {"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}
GONE_KEY = {"keys": [key_file(exists=False, security=None)]}
NO_TLS = {"rdp_versions": [], "protocols": switched_off("TLS 1.2")}
RULES_OFF = {"allowed": False, "rules": [{**RDP_RULE, "enabled": False}]}


def ids(verdict: Verdict) -> list[str]:
    return [one["id"] for one in verdict["findings"]]


def modules(verdict: Verdict) -> list[tuple[str, str]]:
    return [(step["module"], step["options"].get("name", "")) for step in verdict["plan"]]


# ---- state, cause, summary


def test_a_healthy_host() -> None:
    verdict = judge(facts_of(), ready())
    ruled_out = verdict.pop("ruled_out")  # type: ignore[misc]
    assert {one["cause"] for one in ruled_out} == {
        cause.id for cause in BY_ID.values() if cause.breaks and "client" not in cause.needs
    }
    assert all(one["reason"].endswith(".") for one in ruled_out)
    assert verdict == {
        "schema": 2,
        "state": "healthy",
        "stage": "ready",
        "reason": "A client can log on.",
        "cause": "",
        "summary": "Remote Desktop works: a new connection to port 3389 reached the logon.",
        "findings": [],
        "plan": [],
        "left_alone": [],
        "unread": [],
        "next": [],
        "error": None,
    }


def test_a_healthy_host_without_a_probe() -> None:
    verdict = judge(facts_of(), None)
    assert (verdict["state"], verdict["stage"], verdict["reason"]) == ("healthy", "", "")
    assert "no connection was tried" in verdict["summary"]


@pytest.mark.parametrize(
    ("facts", "wire", "state", "cause"),
    [
        (facts_of(machine_keys=BAD_KEY), dropped(), "broken", "machine_keys.acl"),
        (facts_of(machine_keys=BAD_KEY), None, "broken", "machine_keys.acl"),
        (facts_of(machine_keys=BAD_KEY), ready(), "degraded", "machine_keys.acl"),
        (facts_of(listener=settings(drain_mode="on")), ready(), "broken", "listener.drain"),
        (facts_of(listener=settings(nla=False)), ready(), "degraded", "listener.weakened"),
        (facts_of(listener=settings(nla=False)), None, "degraded", "listener.weakened"),
        (facts_of(listener=settings(nla=(False, "default"))), ready(), "healthy", ""),
        (facts_of(system={"release": "2012r2"}), ready(), "healthy", ""),
        (facts_of(), dropped(), "broken", ""),
        (facts_of(), no_tcp(), "broken", "network.blocked"),
        (facts_of(), no_name(), "broken", "network.unreachable"),
        (facts_of(firewall=RULES_OFF), None, "broken", "network.blocked"),
        (facts_of(certificate=unread()), no_certificate(), "broken", "certificate.not_created"),
        (Facts(), None, "unknown", ""),
        (Facts(), ready(), "healthy", ""),
        (Facts(), dropped(), "broken", ""),
        (facts_of(sessions=unread()), None, "healthy", ""),
        (facts_of(port=unread("absent"), licensing=unread("absent")), None, "healthy", ""),
        (facts_of(system={"full_build": "26100.3476"}), ready(), "degraded", "update.regression"),
    ],
)
def test_state_and_cause(facts: Facts, wire: Report | None, state: str, cause: str) -> None:
    verdict = judge(facts, wire)
    assert (verdict["state"], verdict["cause"]) == (state, cause)


@pytest.mark.parametrize("area", ["services", "listener", "certificate", "machine_keys", "tls", "firewall"])
@pytest.mark.parametrize("change", [None, unread()])
def test_without_a_probe_a_gap_is_not_health(area: str, change: Any) -> None:
    verdict = judge(facts_of(**{area: change}), None)
    assert verdict["state"] == "unknown"
    assert area in verdict["summary"]
    assert judge(facts_of(**{area: change}), ready())["state"] == "healthy"


@pytest.mark.parametrize(
    ("facts", "wire", "parts"),
    [
        (
            facts_of(machine_keys=BAD_KEY),
            dropped(),
            ["The private key of the Remote Desktop certificate can not be used by Windows.", "NETWORK SERVICE"],
        ),
        (facts_of(machine_keys=None), dropped(), ["ends at tls", "No cause was found", "machine_keys: not gathered"]),
        # What merely degrades is not sold as the reason of a break.
        (
            facts_of(listener=settings(nla=False)),
            dropped(),
            ["ends at tls", "No cause was found", "UserAuthentication"],
        ),
    ],
)
def test_the_summary_names_the_best_evidence(facts: Facts, wire: Report, parts: list[str]) -> None:
    summary = judge(facts, wire)["summary"]
    assert "\n" not in summary
    for part in parts:
        assert part in summary


def test_a_reason_is_told_as_a_sentence() -> None:
    wire = no_tcp()
    wire["reason"] = "no answer in 5 s"
    assert "ends at tcp: no answer in 5 s. No cause" in judge(facts_of(services=unread()), wire)["summary"]


def test_unread_areas_are_listed_with_their_reason() -> None:
    denied = {**unread(), "owner": None, "protected": None, "dacl": []}
    facts = facts_of(
        updates=None, tls=unread("error"), sessions=unread("absent"), machine_keys={"keys": [key_file(security=denied)]}
    )
    assert judge(facts, ready())["unread"] == [
        "tls: error: Access is denied.",
        "updates: not gathered",
        "sessions: absent: Access is denied.",
        f"machine_keys: ACL of {key_file()['path']}: denied: Access is denied.",
    ]


# ---- unreachable


def test_unreachable_without_a_probe() -> None:
    verdict = judge_unreachable("the connection timed out", None)
    assert (verdict["state"], verdict["stage"]) == ("unreachable", "winrm")
    assert verdict["reason"] == "the connection timed out"
    assert verdict["summary"] == "WinRM does not reach the host: the connection timed out."
    assert verdict["unread"] == ["all areas: WinRM: the connection timed out"]
    assert not verdict["findings"] and not verdict["plan"] and not verdict["left_alone"]


@pytest.mark.parametrize(
    ("wire", "stage", "cause", "part"),
    [
        (ready(), "ready", "", "Remote Desktop itself answers."),
        (no_tcp(), "tcp", "network.unreachable", "does not answer"),
        (no_name(), "dns", "network.unreachable", "does not resolve"),
        (dropped(), "tls", "", "ends at tls"),
        (no_certificate(), "x224", "certificate.not_created", "no usable Remote Desktop certificate"),
    ],
)
def test_unreachable_with_a_probe(wire: Report, stage: str, cause: str, part: str) -> None:
    verdict = judge_unreachable("refused", wire)
    assert (verdict["state"], verdict["stage"], verdict["cause"]) == ("unreachable", stage, cause)
    assert part in verdict["summary"] and verdict["summary"].startswith("WinRM does not reach the host: refused.")
    assert verdict["plan"] == []


# ---- ranking


def test_ranking_by_impact_then_proof_then_confidence_then_way() -> None:
    facts = facts_of(
        system={"release": "2012r2", "full_build": "26100.3476"},
        listener=settings(nla=False, drain_mode="on"),
        machine_keys=BAD_KEY,
        tls=NO_TLS,
        services=services(SessionEnv=DISABLED),
        certificate=unread(),
    )
    assert ids(judge(facts, dropped())) == [
        "tls.no_common_version",  # breaks, at the stage where connections end, proved
        "machine_keys.acl",  # the same, likely: whose key it is could not be read
        "listener.drain",  # breaks, later, proved
        "service.stopped",  # degrades, proved; connections get past its stage
        "listener.weakened",
        "update.regression",  # degrades, likely
        "os.obsolete",  # informs
    ]


def test_the_service_comes_before_what_it_serves() -> None:
    facts = facts_of(
        services=services(TermService=DISABLED), listener=settings(enabled=False), firewall=RULES_OFF, tls=NO_TLS
    )
    assert ids(judge(facts, no_tcp("refused"))) == ["service.stopped", "listener.disabled", "tls.no_common_version"]


# ---- plan


def test_one_plan_for_many_faults_in_a_safe_order() -> None:
    facts = facts_of(
        services=services(
            TermService=DISABLED, UmRdpService=DISABLED, SessionEnv=DISABLED, KeyIso=DISABLED, CryptSvc=DISABLED
        ),
        machine_keys=BAD_KEY,
        certificate=self_signed(days_left=-2.0),
        tls=NO_TLS,
        firewall=RULES_OFF,
        listener=settings(nla=False, min_encryption_level="low"),
    )
    verdict = judge(facts, no_tcp())
    assert modules(verdict) == [
        ("rdp_service", "KeyIso"),
        ("rdp_service", "CryptSvc"),
        ("rdp_service", "SessionEnv"),
        ("rdp_certificate", ""),
        ("rdp_tls", ""),
        ("rdp_listener", ""),
        ("rdp_firewall", ""),
        ("rdp_service", "TermService"),
        ("rdp_service", "UmRdpService"),
    ]
    by_module = {step["module"]: step for step in verdict["plan"]}
    assert by_module["rdp_certificate"] == {
        "module": "rdp_certificate",
        "options": {"machine_keys_acl": True, "self_signed_valid": True},
        "causes": ["machine_keys.acl", "certificate.expired"],
        "risk": "medium",
        "restart": ["SessionEnv", "TermService"],
    }
    # listener.contradiction asks for client_compatible, listener.weakened for high.
    assert by_module["rdp_listener"]["options"] == {
        "min_encryption_level": "high",
    }
    assert by_module["rdp_listener"]["causes"] == ["listener.contradiction", "listener.weakened"]
    key_iso = verdict["plan"][0]
    assert key_iso["causes"] == ["service.stopped", "certificate.expired"]
    assert verdict["left_alone"] == []


def test_the_plan_of_a_disabled_listener() -> None:
    facts = facts_of(listener=settings(enabled=False), firewall=RULES_OFF)
    assert modules(judge(facts, no_tcp())) == [("rdp_listener", ""), ("rdp_firewall", "")]


def test_a_missing_key_and_a_locked_folder_are_one_step() -> None:
    folder = security(ace("S-1-5-32-544", 0x1F01FF))
    verdict = judge(facts_of(machine_keys={**GONE_KEY, "folder": folder}), dropped())
    assert ids(verdict) == ["machine_keys.missing", "machine_keys.acl"]
    assert [step["options"] for step in verdict["plan"]] == [{"self_signed_valid": True, "machine_keys_acl": True}]


@pytest.mark.parametrize(
    ("facts", "wire", "cause", "word"),
    [
        (facts_of(listener=settings(enabled=(False, "policy"))), None, "listener.disabled", "policy"),
        (facts_of(listener=settings(enabled=(False, "policy"))), None, "policy.override", "Group Policy"),
        (facts_of(listener=settings(drain_mode="on")), ready(), "listener.drain", "maintenance"),
        (facts_of(certificate=bound(days_left=-1.0)), None, "certificate.expired", "Renew"),
        (facts_of(tls=NO_TLS, system={"rds_roles": ["connection_broker"]}), None, "tls.no_common_version", "broker"),
        (
            facts_of(certificate={"remote_desktop": [], "active": None}, machine_keys={"keys": []}),
            ready(),
            "certificate.not_created",
            "possible only",
        ),
    ],
)
def test_left_alone(facts: Facts, wire: Report | None, cause: str, word: str) -> None:
    verdict = judge(facts, wire)
    assert verdict["plan"] == []
    reasons = {left["cause"]: left["reason"] for left in verdict["left_alone"]}
    assert word in reasons[cause]


def test_every_finding_is_planned_or_left_alone() -> None:
    facts = facts_of(
        services=services(TermService=DISABLED),
        listener=settings(nla=(False, "policy"), drain_mode="on"),
        machine_keys=BAD_KEY,
        certificate=bound(days_left=-3.0, private_key=None),
        tls=NO_TLS,
        system={"full_build": "26100.3476", "release": "2012r2"},
    )
    verdict = judge(facts, no_tcp())
    planned = {cause for step in verdict["plan"] for cause in step["causes"]}
    left = {one["cause"] for one in verdict["left_alone"]}
    assert planned | left == set(ids(verdict)) and not planned & left
    assert len(ids(verdict)) >= 8


# ---- merging by itself


def _finding(cause: str, module: str, options: dict[str, Any], **extra: Any) -> Finding:
    confidence = extra.pop("confidence", "proved")
    blocked_by = extra.pop("blocked_by", "")
    return finding(
        cause,
        cause,
        confidence=confidence,
        impact="degrades",
        evidence=[fact("It is so.", "here")],
        remedies=[remedy(module, options, **extra)],
        blocked_by=blocked_by,
    )


CONFLICTS = [
    _finding("a.a", "rdp_listener", {"security_layer": "negotiate", "min_encryption_level": "fips"}, risk="low"),
    _finding(
        "b.b", "rdp_listener", {"security_layer": "tls", "nla": True, "min_encryption_level": "high"}, risk="high"
    ),
    _finding(
        "c.c", "rdp_listener", {"min_encryption_level": "client_compatible", "nla": False}, restart=["TermService"]
    ),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_safer_option_wins_in_any_order(order: tuple[int, ...]) -> None:
    [step] = make_plan([CONFLICTS[i] for i in order])
    assert step["options"] == {"security_layer": "tls", "nla": True, "min_encryption_level": "fips"}
    assert (step["risk"], step["restart"]) == ("high", ["TermService"])
    assert step["causes"] == [CONFLICTS[i]["id"] for i in order]


def test_protocols_are_united() -> None:
    def tls(name: str) -> dict[str, Any]:
        return {"protocols": [{"name": name, "side": "server", "state": "enabled"}]}

    [step] = make_plan(
        [
            _finding("a.a", "rdp_tls", tls("TLS 1.2")),
            _finding("b.b", "rdp_tls", tls("TLS 1.0")),
            _finding("c.c", "rdp_tls", tls("TLS 1.2")),
        ]
    )
    assert [entry["name"] for entry in step["options"]["protocols"]] == ["TLS 1.0", "TLS 1.2"]


def test_restarts_are_united_in_order() -> None:
    plan = make_plan(
        [
            _finding("a.a", "rdp_certificate", {"machine_keys_acl": True}, restart=["TermService", "Other"]),
            _finding("b.b", "rdp_certificate", {"self_signed_valid": True}, restart=["SessionEnv"]),
        ]
    )
    assert plan[0]["restart"] == ["SessionEnv", "TermService", "Other"]


@pytest.mark.parametrize(
    ("first", "second"), [("odd", "tls"), ("tls", "odd"), (True, 1), (3, False), (["a"], ["b"]), (3389, 3390)]
)
def test_values_that_can_not_be_ranked_go_by_the_better_finding(first: Any, second: Any) -> None:
    [step] = make_plan(
        [
            _finding("a.a", "rdp_listener", {"security_layer": first}),
            _finding("b.b", "rdp_listener", {"security_layer": second}),
        ]
    )
    assert step["options"]["security_layer"] is first


def test_an_unknown_module_comes_last() -> None:
    plan = make_plan([_finding("a.a", "rdp_new", {"x": 1}), _finding("b.b", "rdp_firewall", {"state": "enabled"})])
    assert [step["module"] for step in plan] == ["rdp_firewall", "rdp_new"]


def test_possible_and_blocked_findings_are_not_planned() -> None:
    findings = [
        _finding("a.a", "rdp_listener", {"nla": True}, confidence="possible"),
        _finding("b.b", "rdp_listener", {"nla": True}, blocked_by="A policy decides."),
        _finding("c.c", "rdp_firewall", {"state": "enabled"}, confidence="likely"),
    ]
    assert [step["causes"] for step in make_plan(findings)] == [["c.c"]]
    assert [left["cause"] for left in left_alone(findings)] == ["a.a", "b.b"]


def test_planning_leaves_the_findings_as_they_are() -> None:
    findings = deepcopy(CONFLICTS)
    make_plan(findings)
    assert findings == CONFLICTS


# ---- extra rows


def test_rows_of_the_user_reach_the_verdict() -> None:
    row = Regression("KB1", "server", "20348.1", "20348.9999", "server", "it hums", "KB2", "us", "C")
    assert judge(facts_of(), ready(), extra_updates=[row])["cause"] == "update.regression"
    # An iterator is spent once; the verdict is the same.
    assert judge(facts_of(), ready(), extra_updates=iter([row]))["cause"] == "update.regression"


# ---- what holds for any input

WIRES = [None, ready(), dropped(), no_certificate(), no_tcp(), no_tcp("refused"), no_tcp("unreachable"), no_name()]
WIRES += [
    comes_and_goes(),
    comes_and_goes(reached=False),
    cut_at_x224(),
]
FAULTS: dict[str, list[Any]] = {
    "system": [
        {},
        {"release": "2008r2"},
        {"rds_roles": ["connection_broker"]},
        {"full_build": "26100.3476"},
        {"clock_skew": 4000.0},
        {"part_of_domain": False, "clock_skew": -1e6},
    ],
    "listener": [
        {},
        settings(enabled=False),
        settings(enabled=(False, "policy")),
        settings(security_layer="rdp"),
        settings(drain_mode="on", nla=(False, "default")),
        settings(port=3390, min_encryption_level="low"),
        settings(max_outstanding_connections=10),
    ],
    "tls": [{}, NO_TLS, {"rdp_versions": ["TLS 1.0"]}],
    "certificate": [
        {},
        self_signed(days_left=-1.0),
        bound(private_key=None),
        {"remote_desktop": [], "active": None},
        {"bound_thumbprint": "AB" * 20},
    ],
    "machine_keys": [{}, BAD_KEY, GONE_KEY],
    "updates": [{}],
    "services": [{}, services(TermService=DISABLED), services(SessionEnv=DISABLED, CryptSvc=DISABLED)],
    "firewall": [{}, RULES_OFF],
    "sessions": [{}],
    "port": [{}, {"listening": False, "owners": [], "term_service_listens": False, "term_service_ports": []}],
    "endpoint_security": [{}, {"third_party": ["Example Shield"]}],
    "policies": [{}, {"rsop": "absent", "sources": {"enabled": "policy"}}],
    "logon": [
        {},
        {"disable_domain_creds": True, "network_service_is_admin": True, "endpoint_servers_ok": False},
        {"security_packages": ["msv1_0"], "force_guest": True},
        {"rights": {"SeDenyRemoteInteractiveLogonRight": {"accounts": ["S-1-1-0"], "gpo": "x", "source": "RSOP"}}},
        {"rights": {"SeDenyNetworkLogonRight": {"accounts": ["S-1-5-113"], "gpo": "", "source": "RSOP"}}},
    ],
    "licensing": [{}, *({"terminal_server": True, "mode": "not_configured", "grace_days": n} for n in (None, 0, 9))],
    "events": [
        {},
        events(),
        events(logged("Schannel", 36870), logged("Schannel", 36871, by_value={"10013": 2})),
        events(logged(CONNECTION_MANAGER, 1006), logged(RDP_CORE, 140, count=200, by_address={"192.0.2.7": 200})),
        events(logged(SERVICE_CONTROL, 7034, by_value={"TermService": 3})),
    ],
}
_AREA = st.sampled_from(["denied", "absent", "error"]).map(unread)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    """Any area missing, unread, healthy or at fault."""
    changes = {area: draw(st.one_of(st.none(), _AREA, st.sampled_from(FAULTS[area]), st.just({}))) for area in AREAS}
    return facts_of(**changes)


@hypothesis_settings(max_examples=300, deadline=None)
@given(facts=any_facts(), wire=st.sampled_from(WIRES))
def test_any_facts_get_a_consistent_verdict(facts: Facts, wire: Report | None) -> None:
    before = deepcopy((facts, wire))
    verdict = judge(facts, wire)
    assert (facts, wire) == before
    assert judge(facts, wire) == verdict
    known = [cause for cause, _check in CAUSES]
    planned = {cause for step in verdict["plan"] for cause in step["causes"]}
    left = {one["cause"] for one in verdict["left_alone"]}
    assert planned | left == set(ids(verdict)) and not planned & left
    assert len(set(ids(verdict))) == len(ids(verdict))
    for one in verdict["findings"]:
        assert one["id"] in known
        assert one["evidence"] and all(e["text"].endswith(".") and e["where"] for e in one["evidence"])
        assert not one["title"].endswith(".")
        assert one["remedies"] or one["decision"] or one["blocked_by"] or one["impact"] == "informs"
    for step in verdict["plan"]:
        assert_never_weaker(step["module"], step["options"])
    for area in AREAS:
        read = area in facts and facts[area]["status"] == "ok"  # type: ignore[literal-required]
        assert read != any(line.startswith(f"{area}: ") for line in verdict["unread"])
    if wire is not None and not wire["ready"]:
        assert verdict["state"] == "broken"


def assert_never_weaker(module: str, options: dict[str, Any]) -> None:
    """The safety rule: nothing that the plan sets lowers the security of a host."""
    allowed: dict[str, dict[str, set[Any]]] = {
        "rdp_service": {
            "name": {"KeyIso", "CryptSvc", "CertPropSvc", "SessionEnv", "TermService", "UmRdpService"},
            "start_mode": {"auto", "manual"},
            "state": {"started", "restarted"},
            "account": {"default"},
            "program": {"default"},
            "end_hung": {True},
        },
        "rdp_certificate": {
            "self_signed_valid": {True},
            "machine_keys_acl": {True},
            "binding": {"self_signed"},
            "self_signed_store": {True},
        },
        "rdp_client": {"encryption_oracle": {"default"}},
        "rdp_listener": {
            "enabled": {True},
            "station_enabled": {True},
            "logons_allowed": {True},
            "user_logons_allowed": {True},
            "max_instances": {0xFFFFFFFF},
            "drain_mode": {"off"},  # of a host that has a number without a meaning there
            "security_layer": {"tls", "negotiate"},  # Windows' own before 8, where a number without a meaning stands
            "nla": {True},
            "negotiation": {True},
            "min_encryption_level": {"client_compatible", "high", "fips"},
            "max_outstanding_connections": {65536},  # of a host whose limit somebody has lowered
        },
        "rdp_firewall": {"state": {"enabled"}},
    }
    if module == "rdp_tls":
        assert_tls_never_weaker(options)
        return
    for name, option in options.items():
        assert option in allowed[module][name]


def assert_tls_never_weaker(options: dict[str, Any]) -> None:
    """Versions that are not broken come back, and algorithms that are not broken become Windows' own again."""
    for entry in options.get("protocols", ()):
        assert entry["name"] in ("TLS 1.0", "TLS 1.2")
        assert (entry["side"], entry["state"]) == ("server", "enabled")
    for kind, names in STRONG.items():
        assert all(entry["name"] in names and entry["state"] == "default" for entry in options.get(kind, ()))
    others = {name: option for name, option in options.items() if name not in ("protocols", *STRONG)}
    assert others.items() <= {"repair_misused_values": True, "cipher_suites_policy": "absent"}.items()


@hypothesis_settings(max_examples=100, deadline=None)
@given(facts=any_facts())
def test_a_host_that_a_client_reaches_is_broken_only_by_what_a_client_can_not_see(facts: Facts) -> None:
    verdict = judge(facts, ready())
    if verdict["state"] == "broken":
        found = next(one for one in verdict["findings"] if one["id"] == verdict["cause"])
        assert found["stage"] in ("logon", "session") or found["id"] == "certificate.expired"


def test_the_catalogue_names_its_findings() -> None:
    assert len({cause for cause, _check in CAUSES}) == len(CAUSES)


def test_the_catalogue_and_the_data_name_the_same_causes() -> None:
    assert {cause for cause, _check in CAUSES} == set(BY_ID)
