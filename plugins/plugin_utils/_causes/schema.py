# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shape of the verdict that rdp_diagnose returns, version 2."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

SCHEMA_VERSION = 2

Confidence = Literal["proved", "likely", "possible"]
# breaks: nobody can connect, or no new logon is let in. degrades: it works, but is weak or will break.
# informs: worth knowing.
Impact = Literal["breaks", "degrades", "informs"]
Risk = Literal["low", "medium", "high"]
State = Literal["healthy", "degraded", "broken", "unreachable", "unknown"]


class Evidence(TypedDict):
    text: str  # one sentence, with the value that was read
    where: str  # where it was read: a registry path, a WMI class, a file, or "wire"


class Remedy(TypedDict):
    """A desired state that one module of the collection brings about."""

    module: str  # rdp_service, rdp_certificate, rdp_tls, rdp_listener, rdp_firewall, rdp_client, rdp_update
    options: dict[str, Any]  # in the shape of that module's options
    risk: Risk
    restart: list[str]  # services that must restart before the change counts, or WINDOWS of _data/settings.py


class Finding(TypedDict):
    id: str  # area.problem
    title: str  # what is wrong, in one short sentence
    confidence: Confidence
    impact: Impact
    evidence: list[Evidence]  # for it; at least one
    contradicts: list[Evidence]  # against it
    explains: list[str]  # what a user sees at the client: "0x904/0x7", "0x204/0x0", ...
    remedies: list[Remedy]  # empty: there is nothing that may be done automatically
    blocked_by: str  # a sentence: what stands in the way of the remedies (a policy, a farm role); else empty
    decision: str  # a sentence: what a person has to decide or do; else empty
    stage: str  # the wire's stage at which it ends a connection, so what a fix of it would prove; else empty
    reference: str  # the best source on this cause, with its strength


class Step(TypedDict):
    """Remedies for the same module (and for rdp_service: the same service), merged."""

    module: str
    options: dict[str, Any]
    causes: list[str]
    risk: Risk
    restart: list[str]


class LeftAlone(TypedDict):
    cause: str
    reason: str


class RuledOut(TypedDict):
    cause: str
    reason: str  # what was read that speaks against it


class ClientError(TypedDict):
    """The code that a user sees at the client, held against the findings."""

    code: str  # "0x904/0x7"; "0x904" when no extended code was given
    name: str  # Microsoft's name of the error code; empty when Microsoft does not document it
    extended_name: str  # the same of the extended code; empty when none was given as well
    meaning: str
    source: str  # the lists, or reports, that this is from
    strength: str  # A Microsoft, C reported by others, D pages without a source, L worked out; the weakest counts
    documented: bool  # Microsoft's lists have every code that was given
    hint: str  # what may help and is no meaning: reports, or the nearest codes; else empty
    fits: list[str]  # ids of all causes that can make a client show it
    explained_by: list[str]  # ids of the findings that do; they come before others of the same impact
    not_explained_by: list[str]  # ids of the other findings
    contradicts: list[Evidence]  # what was seen from outside and does not agree with the code


class Verdict(TypedDict):
    schema: int
    state: State
    stage: str  # of the wire report: where a connection ends; "winrm" when the host itself could not be asked
    reason: str  # the wire report's one line on why it ends there
    cause: str  # id of the first finding that breaks or degrades, else empty
    summary: str  # one line: the first finding's title and its best evidence, or that all is well
    findings: list[Finding]  # ranked
    plan: list[Step]  # in the order in which it is safe to take
    left_alone: list[LeftAlone]  # findings that the plan does not act on, and why
    unread: list[str]  # fact areas that could not be read, with the reason
    ruled_out: list[RuledOut]  # causes that would break, and for which all that decides was read
    next: list[str]  # sentences: what to look at next; empty when a proved cause breaks, or all is well
    error: ClientError | None  # None: no error code was given
