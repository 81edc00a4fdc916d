# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Holds facts against a baseline: what differs, who has set it so, why it may be so, and what may be done. Pure.

A baseline is the least that is wanted (see wanted.py). What is repaired goes the way of every remedy: TLS is not
raised where it is in doubt, a policy's value and a connection broker are left alone, and what the module would refuse
is not planned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypedDict, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.doubt import hold_back
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding, listed, value
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, gpo_of
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.leftovers import left_by, said_of, settings_of
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import NO_LIMITS, Limits, beyond, forced
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.listener import weakened_values
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.plan import left_alone, make_plan
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding, Step
from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import Wanted
from ansible_collections.winops.rdp.plugins.plugin_utils._data.leftovers import Leftover
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import KINDS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.foreseen import refusal
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.held import Held, mend, read
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.wanted import shown, stronger

_SOURCES: Final = {"local": "set on the host", "default": "the default of this Windows version"}
# Ids of the findings that differences become on their way through the planning.
_PREFIX: Final = "baseline."


class Drift(TypedDict):
    setting: str  # listener.nla, protocols.TLS 1.2, services.TermService
    found: Any
    wanted: Any
    wanted_by: str  # the source of the wanted value
    source: Literal["policy", "local", "default"]
    where: str  # registry path or WMI class that it was read from
    gpo: str  # name of the Group Policy object that sets it; empty when none is recorded
    causes: list[str]  # ids of the findings that know something of it
    known: list[str]  # what they know, and which tool leaves a host so; one sentence each
    left_alone: str  # why it is not repaired; empty when it is
    text: str  # all of that in one line


class Comparison(NamedTuple):
    drift: list[Drift]
    plan: list[Step]
    unread: list[str]  # settings of the baseline that could not be read, one sentence a reason


class _Difference(NamedTuple):
    wanted: Wanted
    held: Held
    row: Drift


def compare(
    facts: Facts, findings: Sequence[Finding], wanted: Sequence[Wanted], *, limits: Limits = NO_LIMITS
) -> Comparison:
    """``findings`` are the verdict's on the same facts."""
    differences: list[_Difference] = []
    unread: dict[str, list[str]] = {}
    for one in wanted:
        if not _counts(facts, one, wanted):
            continue
        held = read(facts, findings, one)
        if isinstance(held, str):
            unread.setdefault(held, []).append(one.setting)
        elif not _in_line(one, held):
            differences.append(_Difference(one, held, _row(facts, findings, one, held)))
    weighed = [_as_finding(facts, findings, each) for each in differences]
    weighed = forced(facts, hold_back(facts, [*findings, *weighed])[len(findings) :], limits)
    held_back = {each["id"]: beyond(facts, each, limits) for each in weighed}
    held_back.update(_refused(facts, weighed, held_back, force=limits.force))
    reasons = {each["cause"]: each["reason"] for each in left_alone(weighed, held_back)}
    rows = [each.row for each in differences]
    for row in rows:
        row["left_alone"] = reasons.get(_PREFIX + row["setting"], "")
        row["text"] = _text(row)
    return Comparison(
        rows,
        make_plan(weighed, held_back, reboot=limits.reboot),
        [f"{listed(settings)}: {reason}" for reason, settings in unread.items()],
    )


def _counts(facts: Facts, wanted: Wanted, all_wanted: Sequence[Wanted]) -> bool:
    """A port that nobody shall connect to may well be closed."""
    if wanted.setting != "firewall.open" or value(facts, "enabled") is not False:
        return True
    return any(each.setting == "listener.enabled" and each.value is True for each in all_wanted)


def _in_line(wanted: Wanted, held: Held) -> bool:
    if held.in_line is not None:
        return held.in_line
    return is_same(held.value, wanted.value) or stronger(wanted, held.value)


def _row(facts: Facts, findings: Sequence[Finding], wanted: Wanted, held: Held) -> Drift:
    policy = _policy(facts, wanted, held)
    about = [each for each in findings if any(_is_about(one, wanted, held) for one in each["evidence"])]
    known = [_known(each) for each in about]
    left = _left_behind(facts, wanted)
    if not all(any(row.tool in each for each in known) for row in left):
        known.append(said_of(left))
    return Drift(
        setting=wanted.setting,
        found=held.value,
        wanted=wanted.value,
        wanted_by=wanted.source,
        source="policy" if policy or held.source == "policy" else cast(Any, held.source),
        where=policy or held.where,
        gpo=_gpo(facts, policy or held.where),
        causes=[each["id"] for each in about],
        known=known,
        left_alone="",
        text="",
    )


def _policy(facts: Facts, wanted: Wanted, held: Held) -> str:
    """The value outside SOFTWARE\\Policies that a Group Policy object sets all the same; empty when none does."""
    names = ("Enabled", "DisabledByDefault") if wanted.section in ("protocols", *KINDS) else ()
    paths = [rf"{held.where}\{name}" for name in names] or [held.where]
    return next((path for path in paths if gpo_of(facts, path) is not None), "")


def _gpo(facts: Facts, where: str) -> str:
    known = gpo_of(facts, where)
    return "" if known is None else known["gpo"]


def _is_about(evidence: Evidence, wanted: Wanted, held: Held) -> bool:
    """Whether evidence was read from this place, or from below it. One place has all services, by name."""
    if not held.where:
        return False
    same = f"{evidence['where']}\\".casefold().startswith(f"{held.where}\\".casefold())
    return same and (wanted.section not in ("services", "accounts") or f" {wanted.name}" in evidence["text"])


def _known(found: Finding) -> str:
    """A finding in a line: its title, and what its evidence says beyond the values themselves."""
    beyond_values = [one["text"] for one in found["evidence"] if not one["where"].startswith("HKLM\\")]
    return " ".join([f"{found['title'].rstrip('.')}.", *beyond_values])


def _left_behind(facts: Facts, wanted: Wanted) -> list[Leftover]:
    """The tools that leave a host so; none where none is known for this setting."""
    rows = left_by(facts, {one.name: one.effective for one in weakened_values(facts)})
    return [row for row in rows if wanted.setting in settings_of(row) or wanted.setting in row.besides]


# ---- what may be done


def _as_finding(facts: Facts, findings: Sequence[Finding], one: _Difference) -> Finding:
    row, way = one.row, mend(facts, findings, one.wanted, one.held)
    by_policy = ""
    if row["source"] == "policy":
        by_policy = f"A policy decides ({row['where']}). {author(facts, row['where'], one.wanted.name)}".rstrip()
    return finding(
        _PREFIX + row["setting"],
        row["setting"],
        confidence=way.confidence,
        impact="degrades",
        evidence=[fact(row["setting"], row["where"])],
        remedies=way.remedies,
        blocked_by=by_policy or way.blocked_by,
        decision=way.decision,
    )


def _refused(facts: Facts, weighed: Sequence[Finding], held_back: dict[str, str], *, force: bool) -> dict[str, str]:
    """By finding, why a module would refuse the step that it is part of.

    Settings that only make sense together are looked at together. Those without which the module would do the rest are
    held back, and all of them where there is none such.
    """
    reasons: dict[str, str] = {}
    for step in make_plan(weighed, held_back):
        reason = refusal(facts, step, force=force)
        if not reason:
            continue
        party = [name for name in step["causes"] if not _refused_without(facts, weighed, held_back, step, name, force)]
        reasons.update(dict.fromkeys(party or step["causes"], reason))
    return reasons


def _refused_without(
    facts: Facts, weighed: Sequence[Finding], held_back: Mapping[str, str], step: Step, name: str, force: bool
) -> bool:
    """Whether a module refuses its step also when one of the findings has no part in it."""
    rest = make_plan(weighed, {**held_back, name: "left out"})
    return any(refusal(facts, each, force=force) for each in rest if each["module"] == step["module"])


def _text(row: Drift) -> str:
    if row["gpo"]:
        source = f'set by the Group Policy object "{row["gpo"]}"'
    else:
        source = _SOURCES.get(row["source"], "set by policy")
    left = f"Left alone: {row['left_alone']}" if row["left_alone"] else ""
    first = f"{row['setting']} is {shown(row['found'])}, {source}; {shown(row['wanted'])} is wanted."
    return " ".join(filter(None, [first, *row["known"], left]))
