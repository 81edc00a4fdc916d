# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the findings leave open: the causes that are ruled out, and what to look at next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import is_ready, listed, ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.reading import AREAS, WIRE, gaps, is_read
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding, RuledOut
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import ends_at, is_later, is_passed, proof_rank
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.next_steps import AGENT_STAGES, LOOK_AT
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts


def _breaking(found: Iterable[Finding]) -> list[Cause]:
    """The causes that can break a host and were not found, in the order of a connection's way."""
    ids = {one["id"] for one in found}
    return [BY_ID[cause] for cause, _check in CAUSES if cause in BY_ID and BY_ID[cause].breaks and cause not in ids]


def ruled_out(facts: Facts, wire: Report | None, findings: Sequence[Finding]) -> list[RuledOut]:
    """The causes that would break the host, and were looked for in vain with all that decides at hand.

    Where the wire decides, it has to have got as far as the cause's stage.
    """
    return [
        {"cause": cause.id, "reason": _why(cause, wire)}
        for cause in _breaking(findings)
        if all(is_read(facts, wire, name) for name in cause.needs)
        and not (WIRE in cause.needs and is_later(cause.stage, wire))
    ]


def _why(cause: Cause, wire: Report | None) -> str:
    said = cause.ruled_out or f"All that decides was read, and nothing speaks for it: {listed(cause.needs)}."
    return f"{said} A new connection got past this stage ({cause.stage})." if is_passed(cause.stage, wire) else said


def next_steps(facts: Facts, wire: Report | None, findings: Sequence[Finding]) -> list[str]:
    """What to look at next, the nearest first; empty when a proved cause explains it, or all that matters is known.

    ``wire``: None also where another computer answered.
    """
    failing = wire is not None and not is_ready(wire)
    if any(
        one["impact"] == "breaks" and one["confidence"] == "proved" and not (failing and is_later(one["stage"], wire))
        for one in findings
    ):
        return []
    ends = ends_at(wire)
    sure = [one for one in findings if one["confidence"] == "proved"]
    still_open = [(cause, gaps(facts, wire, cause)) for cause in _breaking(sure)]
    still_open = [(cause, missing) for cause, missing in still_open if missing and not is_passed(cause.stage, wire)]
    still_open.sort(key=lambda pair: proof_rank(pair[0].stage, ends))
    blind = wire is None and any(name in AREAS for _cause, missing in still_open for name in missing)
    if not failing and not blind:
        return []
    steps = [f"{one['title']} ({one['confidence']}): {one['decision']}" for one in _unsure(findings) if one["decision"]]
    steps += look_at(wire)
    steps += _agents(facts, ends)
    steps += _to_read(still_open)
    return list(dict.fromkeys(steps))


def look_at(wire: Report | None) -> tuple[str, ...]:
    """What to look at where a connection ends; nothing where it got through, or was not tried."""
    return () if is_ready(wire) else LOOK_AT.get(ends_at(wire), ())


def _unsure(findings: Sequence[Finding]) -> list[Finding]:
    """What may break the host, and is for a person to find out."""
    return [one for one in findings if one["impact"] == "breaks"]


def _agents(facts: Facts, ends: str) -> list[str]:
    """Security products that stand where the connection ends."""
    area = ok(facts.get("endpoint_security"))
    products = [] if area is None else area.get("third_party", [])
    if not products or ends not in AGENT_STAGES:
        return []
    return [
        f"Ask who runs {listed(products)} whether it closes connections to Remote Desktop: look at its log for "
        "the time of the attempt."
    ]


def _to_read(still_open: Iterable[tuple[Cause, list[str]]]) -> list[str]:
    """One sentence for each thing that is not known, with the causes that wait for it."""
    waiting: dict[str, list[str]] = {}
    for cause, missing in still_open:
        for name in missing:
            waiting.setdefault(name, []).append(cause.id)
    how = {
        WIRE: "Probe the port of this host",
        "client": "Read the machine that people connect from (rdp_client_facts)",
    }
    return [
        f"{how.get(name, f'Read the area {name} with an account that may')}: it decides on {listed(causes)}."
        for name, causes in waiting.items()
    ]
