# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Holds facts against a baseline: what differs, who has set it so, why it may be so, and what may be done. Pure.

A baseline is the least that is wanted. What has an order is in line when it is stronger, so nothing is made weaker
here; the rest is in line when it is the same.

What is repaired goes the way of every remedy: TLS is not raised where it is in doubt, a policy's value and a
connection broker are left alone, and what the module would refuse is not planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypedDict, cast, get_args

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.doubt import hold_back
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding, ok, remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, gpo_of
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import Limits, beyond
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.plan import left_alone, make_plan
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding, Remedy, Step
from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import BASELINES, Section, Wanted
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    ENCRYPTION_LEVELS,
    SECURITY_LAYERS,
    SERVICES,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import listener, tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

# From weak to strong.
_ORDERS: Final[dict[str, tuple[Any, ...]]] = {
    "listener.security_layer": SECURITY_LAYERS,
    "listener.min_encryption_level": ENCRYPTION_LEVELS,
    "listener.nla": (False, True),
    "listener.negotiation": (False, True),
    "services": ("disabled", "manual", "auto"),
}
_BROKEN_PROTOCOLS: Final = ("SSL 2.0", "SSL 3.0")
_MODULES: Final[dict[Section, str]] = {
    "listener": "rdp_listener",
    "protocols": "rdp_tls",
    "services": "rdp_service",
}
_SOURCES: Final = {"local": "set on the host", "default": "the default of this Windows version"}
_AREAS: Final[dict[Section, str]] = {"listener": "listener", "protocols": "tls", "services": "services"}
# Ids of the findings that differences become on their way through the planning.
_PREFIX: Final = "baseline."


class BadBaseline(Exception):
    """A baseline or a value of one that is none, in one sentence."""


class Drift(TypedDict):
    setting: str  # listener.nla, protocols.TLS 1.2, services.TermService
    found: Any
    wanted: Any
    wanted_by: str  # the source of the wanted value
    source: Literal["policy", "local", "default"]
    where: str  # registry path or WMI class that it was read from
    gpo: str  # name of the Group Policy object that sets it; empty when none is recorded
    causes: list[str]  # ids of the findings that know something of it
    known: list[str]  # what they know, one sentence each
    left_alone: str  # why it is not repaired; empty when it is
    text: str  # all of that in one line


class Comparison(NamedTuple):
    drift: list[Drift]
    plan: list[Step]
    unread: list[str]  # settings of the baseline that could not be read, with the reason


class _Found(NamedTuple):
    value: Any
    source: str
    where: str


# ---- the baseline


def wanted_of(name: str, settings: Mapping[str, Mapping[str, Any]]) -> list[Wanted]:
    """A baseline by name, empty for none of them, with the user's own values over it; None takes a value out."""
    if name and name not in BASELINES:
        raise BadBaseline(f"there is no baseline {name!r}; there are {', '.join(BASELINES)}")
    found = {each.setting: each for each in BASELINES.get(name, ())}
    for section, values in settings.items():
        if section not in get_args(Section) or not isinstance(values, Mapping):
            raise BadBaseline(
                f"settings has dictionaries named {', '.join(get_args(Section))}; {section!r} is none of them"
            )
        for option, value in values.items():
            one = Wanted(cast(Section, section), option, value, "the settings of this task")
            found.pop(one.setting, None)
            if value is not None:
                found[one.setting] = _checked(one)
    return list(found.values())


def _checked(wanted: Wanted) -> Wanted:
    """A value of the user's that means something; BadBaseline says what would."""
    names, values = _allowed(wanted)
    if wanted.name not in names:
        raise BadBaseline(f"{wanted.setting} is not known; {wanted.section} has {', '.join(names)}")
    if values is not None and not any(is_same(wanted.value, each) for each in values):
        raise BadBaseline(f"{wanted.setting} can not be {wanted.value!r}, but {', '.join(map(str, values))}")
    if values is None and (not isinstance(wanted.value, int) or isinstance(wanted.value, bool)):
        raise BadBaseline(f"{wanted.setting} is a number, not {wanted.value!r}")
    if wanted.name in _BROKEN_PROTOCOLS and wanted.value == "enabled":
        raise BadBaseline(f"{wanted.name} is broken, so no baseline can want it")
    return wanted


def _allowed(wanted: Wanted) -> tuple[Iterable[str], Sequence[Any] | None]:
    """The names of a section, and the values of this setting; None for a number."""
    if wanted.section == "protocols":
        return PROTOCOLS, ("enabled", "disabled")
    if wanted.section == "services":
        return SERVICES, ("manual", "auto")
    known = BY_OPTION.get(wanted.name)
    return BY_OPTION, None if known is None or known.meanings is None else list(known.meanings.values())


# ---- the comparison


def compare(facts: Facts, findings: Sequence[Finding], wanted: Sequence[Wanted], *, force: bool = False) -> Comparison:
    """``findings`` are the verdict's on the same facts; ``force`` allows to change a connection broker."""
    drift: list[Drift] = []
    unread: list[str] = []
    for one in wanted:
        found = _found(facts, one)
        if isinstance(found, str):
            unread.append(f"{one.setting}: {found}")
        elif not _in_line(one, found.value):
            drift.append(_drift(facts, findings, one, found))
    differences = [_as_finding(facts, each) for each in drift]
    weighed = [*hold_back(facts, [*findings, *differences])][len(findings) :]
    held = {each["id"]: beyond(facts, each, Limits(force=force)) for each in weighed}
    refused = _refused(facts, make_plan(weighed, held), force)
    for each in weighed:
        section = cast(Section, each["id"].removeprefix(_PREFIX).partition(".")[0])
        held[each["id"]] = held[each["id"]] or refused.get(_MODULES[section], "")
    reasons = {each["cause"]: each["reason"] for each in left_alone(weighed, held)}
    for row in drift:
        row["left_alone"] = reasons.get(_PREFIX + row["setting"], "")
        row["text"] = _text(row)
    return Comparison(drift, make_plan(weighed, held), unread)


def _found(facts: Facts, wanted: Wanted) -> _Found | str:
    """What the host has, or why that is not known."""
    area: Any = facts.get(_AREAS[wanted.section])
    if ok(area) is None:
        return str(area["reason"]) if area else "it was not read"
    if wanted.section == "listener":
        effective = area["settings"][wanted.name]
        return _Found(effective["value"], effective["source"], effective["where"])
    if wanted.section == "protocols":
        state = area["protocols"][wanted.name]["server"]
        return _Found(state["state"], state["source"], state["where"])
    service = area["services"].get(wanted.name)
    if service is None or not service["present"]:
        return "this Windows has no such service"
    return _Found(service["start_mode"], "local", "Win32_Service")


def _in_line(wanted: Wanted, found: Any) -> bool:
    if is_same(found, wanted.value) or (wanted.value == "disabled" and found == "unsupported"):
        return True
    order = _ORDERS.get(wanted.setting) or _ORDERS.get(wanted.section)
    places = [place for value in (wanted.value, found) for place in _place(order or (), value)]
    return len(places) == 2 and places[0] < places[1]


def _place(order: Sequence[Any], value: Any) -> list[int]:
    return [place for place, each in enumerate(order) if is_same(each, value)]


def _drift(facts: Facts, findings: Sequence[Finding], wanted: Wanted, found: _Found) -> Drift:
    policy = _policy(facts, wanted, found)
    about = [each for each in findings if any(_is_about(one, wanted, found) for one in each["evidence"])]
    return Drift(
        setting=wanted.setting,
        found=found.value,
        wanted=wanted.value,
        wanted_by=wanted.source,
        source="policy" if policy or found.source == "policy" else cast(Any, found.source),
        where=policy or found.where,
        gpo=_gpo(facts, policy or found.where),
        causes=[each["id"] for each in about],
        known=[_known(each) for each in about],
        left_alone="",
        text="",
    )


def _policy(facts: Facts, wanted: Wanted, found: _Found) -> str:
    """The value outside SOFTWARE\\Policies that a Group Policy object sets all the same; empty when none does."""
    values = ("Enabled", "DisabledByDefault") if wanted.section == "protocols" else ("",)
    paths = [rf"{found.where}\{value}".rstrip("\\") for value in values]
    return next((path for path in paths if gpo_of(facts, path) is not None), "")


def _gpo(facts: Facts, where: str) -> str:
    known = gpo_of(facts, where)
    return "" if known is None else known["gpo"]


def _is_about(evidence: Evidence, wanted: Wanted, found: _Found) -> bool:
    """Whether evidence was read from this place, or from below it. One place has all services, by name."""
    same = f"{evidence['where']}\\".casefold().startswith(f"{found.where}\\".casefold())
    return same and (wanted.section != "services" or f" {wanted.name}" in evidence["text"])


def _known(found: Finding) -> str:
    """A finding in a line: its title, and what its evidence says beyond the values themselves."""
    beyond_values = [one["text"] for one in found["evidence"] if not one["where"].startswith("HKLM\\")]
    return " ".join([f"{found['title'].rstrip('.')}.", *beyond_values])


# ---- what may be done


def _as_finding(facts: Facts, row: Drift) -> Finding:
    section, _dot, name = row["setting"].partition(".")
    return finding(
        _PREFIX + row["setting"],
        row["setting"],
        confidence="proved",
        impact="degrades",
        evidence=[fact(row["setting"], row["where"])],
        remedies=[_remedy(section, name, row["wanted"])],
        blocked_by=_block(facts, row, section),
    )


def _remedy(section: str, name: str, value: Any) -> Remedy:
    if section == "listener":
        return remedy("rdp_listener", {name: value}, risk="medium")
    if section == "protocols":
        options = {"protocols": [{"name": name, "side": "server", "state": value}]}
        return remedy("rdp_tls", options, risk="medium", restart=["TermService"])
    return remedy("rdp_service", {"name": name, "start_mode": value})


def _block(facts: Facts, row: Drift, section: str) -> str:
    if row["source"] == "policy":
        by = author(facts, row["where"], row["setting"].partition(".")[2])
        return " ".join(filter(None, [f"A policy decides ({row['where']}).", by]))
    if section == "protocols":
        if row["found"] == "unsupported":
            return "This version of Windows does not support it."
        return farm_block(facts)
    return ""


def _refused(facts: Facts, plan: Sequence[Step], force: bool) -> dict[str, str]:
    """By module, why it would refuse its step: settings that only make sense together are looked at there."""
    reasons: dict[str, str] = {}
    for step in plan:
        try:
            if step["module"] == "rdp_listener":
                listener.plan(facts["listener"], step["options"], allow_weaker=False)
            elif step["module"] == "rdp_tls":
                _try_protocols(facts, step, force)
        except Refused as refusal:
            reasons[step["module"]] = f"{step['module']} refuses it: {refusal}."
    return reasons


def _try_protocols(facts: Facts, step: Step, force: bool) -> None:
    system, updates = ok(facts.get("system")), ok(facts.get("updates"))
    if system is None or updates is None:
        raise Refused("the Windows release and its updates could not be read")
    key = system["release"]
    wishes = tls.wishes(step["options"]["protocols"])
    windows = release(key) if key else None
    tls.plan(facts["tls"], system, updates, windows, wishes, allow_weaker=False, force=force)


def _text(row: Drift) -> str:
    if row["gpo"]:
        source = f'set by the Group Policy object "{row["gpo"]}"'
    else:
        source = _SOURCES.get(row["source"], "set by policy")
    left = f"Left alone: {row['left_alone']}" if row["left_alone"] else ""
    first = f"{row['setting']} is {_shown(row['found'])}, {source}; {_shown(row['wanted'])} is wanted."
    return " ".join(filter(None, [first, *row["known"], left]))


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
