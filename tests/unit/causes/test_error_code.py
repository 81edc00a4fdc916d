# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's error code: how it is read, what the lists say of it, and how it ranks and agrees with findings."""

from __future__ import annotations

from copy import deepcopy
from typing import get_args

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.winops.rdp.plugins.module_utils._wire.client_errors import CLIENT_ERRORS
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.error_code import (
    FITS,
    BadCode,
    Given,
    client_error,
    explains,
    parse,
    where_of,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.judge import judge, judge_unreachable
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import ClientError, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errinfo import EXTENDED, PROTOCOL_RANGE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CODES,
    GATEWAY,
    PAIRS,
    REPORTED,
    SOCKET_CLOSED,
    Code,
    Strength,
    Where,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import (
    ace,
    dropped,
    facts_of,
    key_file,
    no_name,
    no_tcp,
    ready,
    security,
    self_signed,
    services,
    settings,
    wire_of,
)
from tests.unit.causes.test_judge import WIRES, any_facts

# Microsoft's lists by their numbers, written down a second time: decimal, as the documents have them.
ON_DISCONNECTED = (
    "0 1 2 3 260 262 264 516 518 520 772 774 776 1028 1030 1032 1286 1288 1540 1542 1544 1796 1798 2052 2056 2308 2310 "
    "2312 2566 2822 3078 3080 2055 2567 2823 3079 3335 3591 3847 4615 5639 5895 6151 6919 7175 8455 8711"
)
EXTENDED_REASONS = "0 1 2 3 4 5 6 7 8 9 10 11 12 256 257 258 259 260 261 262 263 264 265 266 267 768"
BAD_KEY = {"keys": [key_file(security=security(ace("S-1-5-18", 0x1F01FF)))]}
EVERY = {**REPORTED, **EXTENDED, **CODES}


def numbers(text: str) -> set[int]:
    return {int(number) for number in text.split()}


def said(code: int, extended: int | None = None, facts: Facts | None = None, wire: Report | None = None) -> ClientError:
    verdict = judge(facts_of() if facts is None else facts, wire, given=Given(code, extended))
    assert verdict["error"] is not None
    return verdict["error"]


# ---- reading what the user gives


@pytest.mark.parametrize(
    ("code", "extended", "given"),
    [
        ("0x904", "0x7", Given(0x904, 7)),
        ("2308", "7", Given(0x904, 7)),
        (" 0X00000904 ", "0", Given(0x904, 0)),
        ("0xFFFFFFFF", None, Given(0xFFFFFFFF, None)),
        ("0", None, Given(0, None)),
        ("007", None, Given(7, None)),
        (None, None, None),
    ],
)
def test_codes_are_read_in_hexadecimal_and_decimal(code: str | None, extended: str | None, given: Given | None) -> None:
    assert parse(code, extended) == given


@pytest.mark.parametrize(
    ("code", "extended", "message"),
    [
        ("abc", None, "error_code must be a number such as 0x904 or 2308, not 'abc'"),
        ("", None, "error_code must be a number such as 0x904 or 2308, not ''"),
        ("9.5", None, "error_code must be a number such as 0x904 or 2308, not '9.5'"),
        ("1_0", None, "error_code must be a number such as 0x904 or 2308, not '1_0'"),
        ("0x", None, "error_code must be a number such as 0x904 or 2308, not '0x'"),
        ("\u0662\u0663", None, "error_code must be a number such as 0x904 or 2308, not '\u0662\u0663'"),
        ("True", None, "error_code must be a number such as 0x904 or 2308, not 'True'"),
        ("-1", None, "error_code must be from 0 to 0xFFFFFFFF, not -1"),
        ("0x100000000", None, "error_code must be from 0 to 0xFFFFFFFF, not 0x100000000"),
        ("4294967296", None, "error_code must be from 0 to 0xFFFFFFFF, not 4294967296"),
        ("0x904", "seven", "extended_code must be a number such as 0x904 or 2308, not 'seven'"),
        ("0x904", "-7", "extended_code must be from 0 to 0xFFFFFFFF, not -7"),
        (None, "0x7", "extended_code needs error_code: clients show both, such as 0x904 and 0x7"),
    ],
)
def test_what_is_no_code_is_refused_in_one_sentence(code: str | None, extended: str | None, message: str) -> None:
    with pytest.raises(BadCode) as caught:
        parse(code, extended)
    assert str(caught.value) == message


def test_a_text_of_thousands_of_digits_is_refused_too() -> None:
    with pytest.raises(BadCode, match="error_code must be from 0"):
        parse("9" * 5000, None)


@hypothesis_given(st.text())
def test_any_text_is_a_code_or_a_sentence(text: str) -> None:
    try:
        given = parse(text, None)
    except BadCode as error:
        assert str(error).startswith("error_code must be ")
    else:
        assert given is not None and 0 <= given.code <= 0xFFFFFFFF


# ---- the lists


def test_microsofts_lists_are_whole() -> None:
    assert set(CODES) == numbers(ON_DISCONNECTED)
    client = {code for code, row in EXTENDED.items() if row.name.startswith("exDiscReason")}
    assert client == numbers(EXTENDED_REASONS)
    protocol = {code for code, row in EXTENDED.items() if row.name.startswith("ERRINFO_") and code in PROTOCOL_RANGE}
    assert protocol == {
        *range(0x10C9, 0x10F9),
        *range(0x1111, 0x1127),
        *range(0x1129, 0x1137),
        *range(0x1191, 0x1196),
    } - {0x10CC, 0x10D6, 0x10D7, 0x10D8, 0x10D9, 0x10E4, 0x10E6, 0x10EB, 0x10EE, 0x10F1, 0x10F2}
    broker = {code for code in EXTENDED if 0x400 <= code < 0x500}
    assert broker == {0x400, 0x402, *range(0x404, 0x40A), 0x410, 0x411, 0x412}
    assert {code for code in EXTENDED if 0xC < code < 0x100} == {0xF, 0x10, 0x11, 0x12, 0x17, 0x18, 0x19, 0x1A}


def test_every_code_of_the_ssl_family_ends_in_07() -> None:
    assert {code for code, row in CODES.items() if row.name.startswith("SSL_ERR_")} == {
        code for code in CODES if code & 0xFF == 0x07
    }


@pytest.mark.parametrize(
    "row", [*CODES.values(), *EXTENDED.values(), *REPORTED.values()], ids=lambda row: row.name or "unnamed"
)
def test_every_row_is_whole(row: Code) -> None:
    assert row.meaning.endswith(".") and row.meaning[0].isupper()
    assert row.where in get_args(Where) and row.strength in get_args(Strength)
    assert row.source
    assert bool(row.name) == (row.strength == "A")


def test_names_are_unique() -> None:
    for table in (CODES, EXTENDED):
        names = [row.name for row in table.values() if row.name]
        assert len(set(names)) == len(names)
    assert not set(REPORTED) & (set(CODES) | set(EXTENDED))
    assert all(code in CODES and extended in EXTENDED for code, extended in PAIRS)


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_the_client(code: int) -> None:
    error = said(code)
    assert (error["code"], error["name"], error["meaning"]) == (f"0x{code:X}", CODES[code].name, CODES[code].meaning)
    assert error["documented"] and error["strength"] == "A" and error["source"].startswith("Microsoft")
    assert error["extended_name"] == "" and error["hint"] == ""


@pytest.mark.parametrize("extended", EXTENDED)
def test_every_extended_code(extended: int) -> None:
    row = EXTENDED[extended]
    error = said(0x3, extended)
    assert error["code"] == f"0x3/0x{extended:X}"
    assert error["extended_name"] == row.name
    assert error["documented"] == bool(row.name)
    assert (row.meaning in error["meaning"]) == (bool(row.name) and extended != 0)
    assert row.source in error["source"]


@pytest.mark.parametrize("code", sorted(set(EXTENDED) - set(CODES)))
def test_what_only_hosts_send_is_found_when_it_stands_alone(code: int) -> None:
    error = said(code)
    assert error["name"] == EXTENDED[code].name
    assert error["hint"]


@pytest.mark.parametrize("code", REPORTED)
def test_what_is_only_reported_is_called_undocumented(code: int) -> None:
    error = said(code)
    assert (error["name"], error["documented"]) == ("", False)
    assert error["meaning"] == f"Microsoft does not document the error code 0x{code:X}."
    assert (error["hint"], error["source"]) == (REPORTED[code].meaning, REPORTED[code].source)
    assert error["fits"] == list(FITS.get(REPORTED[code].where, ()))


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (0x1D07, "Codes that end in 07 belong to authentication and certificates."),
        (
            0x908 + 0x100,
            "Microsoft's nearest codes are 0x908 (disconnectReasonLicensingTimeout) and 0xC08 "
            "(disconnectReasonClientDecompressionError).",
        ),
        (
            0x60A,
            "Microsoft's nearest codes are 0x608 (disconnectReasonTimerError) and 0x704 "
            "(disconnectReasonTimeoutOccurred).",
        ),
        (0xE06, "Microsoft's nearest codes are 0xC06 (disconnectReasonDecryptionError)."),
        (904, "Clients show codes in hexadecimal: 0x904 is documented."),
        (0x1FFF, "As an extended code it is an error of the protocol: the event log of the host says more."),
        (0x3000008, "Numbers from 0x3000000 on are said to come from a Remote Desktop Gateway: look at its event log."),
        (0x3000061, "Numbers from 0x3000000 on are said to come from a Remote Desktop Gateway: look at its event log."),
        (0x3000064, "Numbers from 0x3000000 on are said to come from a Remote Desktop Gateway: look at its event log."),
        (0xDEADBEEF, ""),
    ],
)
def test_unknown_codes_have_neighbours_and_no_meaning(code: int, hint: str) -> None:
    error = said(code)
    assert (error["name"], error["documented"], error["strength"]) == ("", False, "L")
    assert error["meaning"] == f"Microsoft does not document the error code 0x{code:X}."
    assert error["hint"] == hint
    assert not error["fits"] and not error["explained_by"]


@hypothesis_given(code=st.integers(0, 0xFFFFFFFF), extended=st.none() | st.integers(0, 0xFFFFFFFF))
def test_no_code_is_guessed(code: int, extended: int | None) -> None:
    error = client_error(Given(code, extended), [], None)
    named = code in CODES or bool(code in EXTENDED and EXTENDED[code].name)
    assert bool(error["name"]) == named
    assert error["documented"] == (
        named and (extended is None or bool(extended in EXTENDED and EXTENDED[extended].name))
    )
    if code not in EVERY and extended not in EXTENDED:
        assert error["fits"] == []


@pytest.mark.parametrize(
    ("extended", "hint"),
    [
        (0x1FFF, "The extended code is an error of the protocol: the event log of the host says more."),
        (0x1196, EXTENDED[0x1196].meaning),
        (0x55, ""),
    ],
)
def test_an_unknown_extended_code(extended: int, hint: str) -> None:
    error = said(0x204, extended)
    assert not error["documented"] and error["name"] == CODES[0x204].name and not error["extended_name"]
    assert error["meaning"].endswith(f"Microsoft does not document the extended code 0x{extended:X}.")
    assert error["hint"] == hint
    assert error["strength"] != "A"


@pytest.mark.parametrize("pair", PAIRS)
def test_pairs_with_a_story(pair: tuple[int, int]) -> None:
    assert said(*pair)["hint"] == PAIRS[pair]


# ---- what fits


@pytest.mark.parametrize(
    ("code", "extended", "where"),
    [
        (0x904, 7, "closed"),
        (0x904, 0, "closed"),
        (0x904, None, "closed"),
        (0x3, 7, "closed"),
        (0x0, 7, "closed"),
        (0x904, 0x101, "license"),
        (0x3, 5, "session"),
        (0x904, 9, "account"),
        # What is precise by itself is not overruled by the extended code that comes with every closed socket.
        (0x1B07, 7, "certificate"),
        (0x204, 7, "connect"),
        (0x104, 0, "name"),
        (0x516, None, "unknown"),
        (0x516, 0x101, "license"),
    ],
)
def test_where_a_connection_ends(code: int, extended: int | None, where: Where) -> None:
    assert where_of(Given(code, extended)) == where


@pytest.mark.parametrize("where", FITS)
def test_what_fits_stands_in_the_order_of_the_way(where: Where) -> None:
    order = [cause for cause, _check in CAUSES]
    assert list(FITS[where]) == sorted(FITS[where], key=order.index)
    assert where != "unknown"


@pytest.mark.parametrize("codes", CLIENT_ERRORS.values())
def test_what_the_probe_says_of_codes_is_in_the_lists(codes: tuple[str, ...]) -> None:
    for pair in codes:
        code, extended = (int(number, 16) for number in pair.split("/"))
        assert code in CODES and extended in EXTENDED


HOSTS: list[tuple[Facts, Report | None]] = [
    (facts_of(machine_keys=BAD_KEY), dropped()),
    (facts_of(services=services(TermService={"start_mode": "disabled", "state": "stopped"})), no_tcp("refused")),
    (facts_of(services=services(TermService={"start_mode": "manual", "state": "start_pending"})), None),
    (facts_of(listener=settings(enabled=False)), no_tcp("refused")),
    (facts_of(listener=settings(enabled=(False, "policy"))), None),
    (facts_of(listener=settings(drain_mode="on")), ready()),
    (facts_of(listener=settings(security_layer="rdp", nla=True)), None),
    (facts_of(certificate=self_signed(days_left=-1.0)), None),
    (facts_of(), no_tcp()),
    (facts_of(), no_name()),
]


@pytest.mark.parametrize(
    ("code", "extended", "cause"),
    [
        (0x904, 0x7, "machine_keys.acl"),
        (0x304, None, "machine_keys.acl"),
        (0x204, 0x0, "service.stopped"),
        (0x108, 0x0, "service.stopped"),
        (0x204, 0x0, "listener.disabled"),
        (0x204, 0x0, "policy.override"),
        (0x904, 0x7, "listener.drain"),
        (0x904, 0x7, "listener.contradiction"),
        (0x1B07, 0x7, "certificate.expired"),
        (0x3000019, 0x0, "certificate.expired"),
        (0x108, 0x0, "network.blocked"),
        (0x104, 0x0, "network.unreachable"),
        (0x508, 0x0, "network.unreachable"),
        (0x604, None, "network.unreachable"),
    ],
)
def test_findings_that_explain_a_code(code: int, extended: int | None, cause: str) -> None:
    errors = [said(code, extended, *host) for host in HOSTS]
    assert any(cause in error["explained_by"] for error in errors)
    assert all(cause in error["fits"] for error in errors)


def test_a_code_that_nothing_here_explains() -> None:
    verdict = judge(facts_of(listener=settings(drain_mode="on")), ready(), given=Given(0x807, None))
    assert verdict["error"] is not None
    assert (verdict["error"]["explained_by"], verdict["error"]["not_explained_by"]) == ([], ["listener.drain"])
    assert verdict["summary"].endswith("Nothing that was found explains the error code 0x807.")


def test_an_undocumented_code_is_called_so_in_the_summary() -> None:
    summary = judge(facts_of(), ready(), given=Given(0x609, None))["summary"]
    assert summary.endswith("Nothing that was found explains the error code 0x609, which Microsoft does not document.")


# ---- ranking


BROKEN = facts_of(
    services=services(TermService={"start_mode": "disabled", "state": "stopped"}),
    machine_keys=BAD_KEY,
    certificate=self_signed(days_left=-1.0),
)


def ids(facts: Facts, wire: Report | None, given: Given | None = None) -> list[str]:
    return [found["id"] for found in judge(facts, wire, given=given)["findings"]]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        (None, ["service.stopped", "machine_keys.acl", "certificate.expired"]),
        (Given(0x204, 0), ["service.stopped", "machine_keys.acl", "certificate.expired"]),
        (Given(0x904, 7), ["machine_keys.acl", "certificate.expired", "service.stopped"]),
        (Given(0x1B07, 0), ["certificate.expired", "service.stopped", "machine_keys.acl"]),
        (Given(0x807, 0), ["service.stopped", "machine_keys.acl", "certificate.expired"]),
    ],
)
def test_the_ranking_starts_from_the_code(given: Given | None, first: list[str]) -> None:
    verdict = judge(BROKEN, None, given=given)
    assert [found["id"] for found in verdict["findings"]][: len(first)] == first
    assert verdict["cause"] == first[0]
    assert verdict["plan"] and {s["module"] for s in verdict["plan"]} == {
        s["module"] for s in judge(BROKEN, None)["plan"]
    }


def test_what_explains_a_code_comes_before_what_is_surer() -> None:
    facts = facts_of(
        services=services(TermService={"start_mode": "disabled", "state": "stopped"}),
        machine_keys=BAD_KEY,
        certificate={"status": "denied", "reason": "Access is denied."},
    )
    found = {one["id"]: one["confidence"] for one in judge(facts, None)["findings"]}
    assert (found["service.stopped"], found["machine_keys.acl"]) == ("proved", "likely")
    assert ids(facts, None)[0] == "service.stopped"
    assert ids(facts, None, Given(0x904, 7))[0] == "machine_keys.acl"


def test_a_code_does_not_lift_what_is_less_bad() -> None:
    other = wire_of(credssp={"netbios_computer": "ELSEWHERE", "dns_computer": None})
    facts = facts_of(listener=settings(drain_mode="on", nla=False))
    assert ids(facts, other, Given(0x904, 7))[:2] == ["listener.drain", "network.intercepted"]
    assert ids(facts, other, Given(0x204, 0))[0] == "listener.drain"


# ---- what contradicts


@pytest.mark.parametrize(
    ("code", "wire", "text"),
    [
        (0x104, ready(), "reached the logon"),
        (0x204, ready(), "reached the logon"),
        (0x108, ready(), "reached the logon"),
        (0x904, ready(), "reached the logon"),
        (0x104, dropped(), "got further and ended at tls"),
        (0x204, dropped(), "got further and ended at tls"),
        (0x904, no_tcp(), "did not get as far as that: it ended at tcp"),
        (0x904, no_name(), "did not get as far as that: it ended at dns"),
        (0x807, dropped(), "did not get as far as that: it ended at tls"),
        (0x808, no_tcp(), "did not get as far as that: it ended at tcp"),
        (0x1B07, ready(), "The host serves a certificate that is valid until 2027-03-22T03:12:44Z."),
        (0x104, no_name(), ""),
        (0x204, no_tcp(), ""),
        (0x108, no_tcp(), ""),
        (0x904, dropped(), ""),
        (0x807, ready(), ""),
        (0x808, ready(), ""),
        (0x906, ready(), ""),
        (0x106, no_name(), ""),
        (0x3000019, ready(), ""),
        (0x609, ready(), ""),
        (0x104, None, ""),
    ],
)
def test_a_code_that_contradicts_what_was_seen_is_said(code: int, wire: Report | None, text: str) -> None:
    verdict = judge(facts_of(), wire, given=Given(code, None))
    error = verdict["error"]
    assert error is not None
    assert [text in one["text"] for one in error["contradicts"]] == ([True] if text else [])
    assert ("does not agree with that" in verdict["summary"]) == bool(text)


def test_a_finding_that_breaks_and_explains_settles_it() -> None:
    # The probe stops at the logon; a drained host refuses there.
    verdict = judge(facts_of(listener=settings(drain_mode="on")), ready(), given=Given(0x904, 7))
    assert verdict["error"] is not None and verdict["error"]["contradicts"] == []
    assert verdict["summary"].endswith("The error code 0x904/0x7 is explained by listener.drain.")


def test_another_computer_on_the_wire_contradicts_nothing() -> None:
    other = wire_of(credssp={"netbios_computer": "ELSEWHERE", "dns_computer": None})
    error = said(0x904, 7, facts_of(), other)
    assert error["contradicts"] == [] and error["explained_by"] == ["network.intercepted"]


def test_a_host_that_winrm_does_not_reach() -> None:
    verdict = judge_unreachable("refused", no_name(), given=Given(0x104, 0))
    assert verdict["error"] is not None and verdict["error"]["explained_by"] == ["network.unreachable"]
    assert verdict["summary"].endswith("The error code 0x104/0x0 is explained by network.unreachable.")
    assert judge_unreachable("refused", None)["error"] is None


# ---- what holds for any input


ANY_CODE = st.sampled_from(sorted(EVERY)) | st.integers(0, 0xFFFFFFFF)


@hypothesis_settings(max_examples=200, deadline=None)
@hypothesis_given(
    facts=any_facts(),
    wire=st.sampled_from(WIRES),
    code=ANY_CODE,
    extended=st.none() | st.sampled_from(sorted(EXTENDED)),
)
def test_a_code_changes_the_order_and_nothing_else(
    facts: Facts, wire: Report | None, code: int, extended: int | None
) -> None:
    before = deepcopy((facts, wire))
    given = Given(code, extended)
    plain, verdict = judge(facts, wire), judge(facts, wire, given=given)
    assert (facts, wire) == before
    assert plain["error"] is None and verdict["error"] is not None
    error = verdict["error"]
    for key in ("schema", "state", "stage", "reason", "unread"):
        assert verdict[key] == plain[key]
    assert by_id(verdict["findings"]) == by_id(plain["findings"])
    assert [f["impact"] for f in verdict["findings"]] == [f["impact"] for f in plain["findings"]]
    assert verdict["summary"].startswith(plain["summary"]) or verdict["cause"] != plain["cause"]
    explained, others = error["explained_by"], error["not_explained_by"]
    assert sorted([*explained, *others]) == sorted(found["id"] for found in verdict["findings"])
    assert set(explained) <= set(error["fits"])
    for impact in ("breaks", "degrades", "informs"):
        same = [found["id"] in explained for found in verdict["findings"] if found["impact"] == impact]
        assert same == sorted(same, reverse=True)
    assert error["meaning"].endswith(".") and error["source"] and "\n" not in verdict["summary"]
    assert all(one["where"] == "wire" and one["text"].endswith(".") for one in error["contradicts"])
    if not error["documented"] and code not in EVERY and extended is None:
        assert not error["fits"]


@hypothesis_settings(max_examples=100, deadline=None)
@hypothesis_given(facts=any_facts(), wire=st.sampled_from(WIRES))
def test_every_finding_that_names_codes_fits_them(facts: Facts, wire: Report | None) -> None:
    for found in judge(facts, wire)["findings"]:
        for pair in found["explains"]:
            code, extended = (int(number, 16) for number in pair.split("/"))
            given = Given(code, extended)
            assert str(given) == pair
            assert code in CODES or code in REPORTED
            where = where_of(given)
            assert found["id"] in FITS[where] and explains(found, where)


def by_id(findings: list[Finding]) -> dict[str, Finding]:
    """hold_back names the open findings in their order, so its sentence is left out."""
    return {found["id"]: {**found, "blocked_by": ""} for found in findings}


def test_the_constants_are_pairs_of_the_lists() -> None:
    assert where_of(Given(*(int(number, 16) for number in SOCKET_CLOSED.split("/")))) == "closed"
    assert 0x3000019 in GATEWAY
