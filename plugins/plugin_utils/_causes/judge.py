# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The verdict: every cause asked, findings ranked, the state of the host, and the plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.both_sides import INTERCEPTED, is_another_machine
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.doubt import hold_back
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.error_code import (
    Given,
    client_error,
    explains,
    sentence,
    where_of,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import is_ready
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import NO_LIMITS, Limits, beyond, forced
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.outlook import look_at, next_steps, ruled_out
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.plan import left_alone, make_plan
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.reading import AREAS, is_known, unread
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import (
    SCHEMA_VERSION,
    ClientError,
    Confidence,
    Finding,
    Impact,
    State,
    Verdict,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import ends_at, is_later, proof_rank
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import with_traces
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.update import REGRESSION, regression
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.next_steps import ASK_DOCTOR
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import Regression
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

_IMPACTS: Final[tuple[Impact, ...]] = ("breaks", "degrades", "informs")
_CONFIDENCES: Final[tuple[Confidence, ...]] = ("proved", "likely", "possible")


def _own(facts: Facts, wire: Report | None) -> Report | None:
    """The wire where this host answered. What another computer says is no evidence for or against anything here."""
    return None if is_another_machine(facts, wire) else wire


def _findings(
    facts: Facts, wire: Report | None, extra_updates: Iterable[Regression], given: Given | None
) -> list[Finding]:
    """What the causes say, in the order in which to deal with it.

    By impact, then what explains the client's code, then what a new connection could prove, then confidence, then the
    way of a connection.
    """
    extra = tuple(extra_updates)
    own_wire = _own(facts, wire)
    found = []
    for cause, check in CAUSES:
        seen = wire if cause == INTERCEPTED else own_wire
        one = regression(facts, seen, extra) if cause == REGRESSION else check(facts, seen)
        if one is not None:
            found.append(with_traces(facts, one))
    where = None if given is None else where_of(given)
    ends = ends_at(own_wire)

    def rank(one: Finding) -> tuple[int, bool, int, int]:
        fits = where is not None and explains(one, where)
        sure = _CONFIDENCES.index(one["confidence"])
        return _IMPACTS.index(one["impact"]), not fits, proof_rank(one["stage"], ends), sure

    # sorted() keeps the order of equals, which is that of the causes.
    return hold_back(facts, sorted(found, key=rank))


def _all_that_matters_was_read(facts: Facts) -> bool:
    """Whether all is known that the host itself can say of what may break it."""
    needs = {name for cause in BY_ID.values() if cause.breaks for name in cause.needs}
    return all(is_known(facts, None, name) for name in needs.intersection(AREAS))


def _state(facts: Facts, wire: Report | None, findings: list[Finding]) -> State:
    if wire is not None and not is_ready(wire):
        return "broken"
    if any(one["impact"] == "breaks" and one["confidence"] != "possible" for one in findings):
        return "broken"
    if any(one["impact"] != "informs" for one in findings):
        return "degraded"
    if wire is not None and not wire["ready"]:
        return "unknown"
    # Without a look from outside, nothing wrong is good news only when everything was looked at.
    if wire is None and not _all_that_matters_was_read(facts):
        return "unknown"
    return "healthy"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _headline(found: Finding) -> str:
    return f"{_sentence(found['title'])} {found['evidence'][0]['text']}"


def _summary(state: State, wire: Report | None, first: Finding | None, unread_areas: list[str]) -> str:
    explains_it = first is not None and first["impact"] == "breaks" and not is_later(first["stage"], wire)
    if wire is not None and not wire["ready"] and not explains_it:
        noted = "" if first is None else f" Noted all the same: {_headline(first)}"
        gaps = f" Not read: {'; '.join(unread_areas)}." if unread_areas else ""
        return f"A connection ends at {wire['stage']}: {_sentence(wire['reason'])} No cause was found.{noted}{gaps}"
    if first is not None:
        return _headline(first)
    if state == "unknown":
        return f"Nothing wrong was found, but not everything was read: {'; '.join(unread_areas)}."
    if wire is None:
        return "Nothing wrong was found on the host; no connection was tried."
    return f"Remote Desktop works: a new connection to port {wire['port']} reached the logon."


def _with_code(summary: str, error: ClientError | None) -> str:
    return summary if error is None else f"{summary} {sentence(error)}"


def judge(
    facts: Facts,
    wire: Report | None,
    *,
    extra_updates: Iterable[Regression] = (),
    given: Given | None = None,
    limits: Limits = NO_LIMITS,
) -> Verdict:
    """The verdict on a host whose facts were asked for. ``wire`` None: no probe was made.

    ``extra_updates`` are rows of the user for the table of harmful updates. ``given`` is what a user sees at the
    client. ``limits`` are those of the plan; findings and state do not depend on them. Never raises for an area that
    could not be read: such areas are in RV(unread).
    """
    findings = forced(facts, _findings(facts, wire, extra_updates, given), limits)
    held = {one["id"]: beyond(facts, one, limits) for one in findings}
    own_wire = _own(facts, wire)
    state = _state(facts, own_wire, findings)
    first = next((one for one in findings if one["impact"] != "informs"), None)
    gaps = unread(facts)
    error = None if given is None else client_error(given, findings, own_wire)
    return {
        "schema": SCHEMA_VERSION,
        "state": state,
        "stage": wire["stage"] if wire is not None else "",
        "reason": wire["reason"] if wire is not None else "",
        "cause": first["id"] if first is not None else "",
        "summary": _with_code(_summary(state, own_wire, first, gaps), error),
        "findings": findings,
        "plan": make_plan(findings, held, reboot=limits.reboot),
        "left_alone": left_alone(findings, held),
        "unread": gaps,
        "ruled_out": ruled_out(facts, own_wire, findings),
        "next": next_steps(facts, own_wire, findings),
        "error": error,
    }


def judge_unreachable(reason: str, wire: Report | None, *, given: Given | None = None) -> Verdict:
    """The verdict on a host that WinRM does not reach; ``reason`` says why. Nothing can be planned for it."""
    verdict = judge(Facts(), wire, given=given)
    verdict["state"] = "unreachable"
    verdict["unread"] = [f"all areas: WinRM: {reason}"]
    verdict["next"] = [ASK_DOCTOR, *look_at(wire)]
    said = ""
    if wire is None:
        verdict["stage"], verdict["reason"] = "winrm", reason
    elif is_ready(wire):
        said = " Remote Desktop itself answers."
    elif verdict["findings"]:
        said = f" {_headline(verdict['findings'][0])}"
    else:
        said = f" A connection to Remote Desktop ends at {wire['stage']}: {_sentence(wire['reason'])}"
    verdict["summary"] = _with_code(f"WinRM does not reach the host: {_sentence(reason)}{said}", verdict["error"])
    return verdict
