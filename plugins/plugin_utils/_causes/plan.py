# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""From ranked findings to a plan: which remedies are taken, merged for each module, in a safe order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.limits import RISKS
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding, LeftAlone, Remedy, Step
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import ENCRYPTION_LEVELS, SECURITY_LAYERS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS

# What may be taken in turn: helpers before the certificate they make, the service last, when all it reads is right.
_ORDER: Final[tuple[tuple[str, str], ...]] = (
    ("rdp_service", "KeyIso"),
    ("rdp_service", "CryptSvc"),
    ("rdp_service", "CertPropSvc"),
    ("rdp_service", "SessionEnv"),
    ("rdp_certificate", ""),
    ("rdp_tls", ""),
    ("rdp_listener", ""),
    ("rdp_firewall", ""),
    ("rdp_client", ""),
    ("rdp_service", "TermService"),
    ("rdp_service", "UmRdpService"),
    ("rdp_update", ""),
)
_RESTART_ORDER: Final = ("KeyIso", "CryptSvc", "CertPropSvc", "SessionEnv", "TermService", "UmRdpService")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_NAMED: Final = ("protocols", "ciphers", "hashes", "key_exchange")
# What counts only after a restart of Windows, though without one the rest of the step is worth taking: Microsoft,
# "Prioritizing Schannel Cipher Suites", and KB4093492 of AllowEncryptionOracle.
_COUNTS_AFTER_WINDOWS: Final = {
    "rdp_tls": frozenset({"cipher_suites", "cipher_suites_policy"}),
    "rdp_client": frozenset({"encryption_oracle"}),
}
# The safer value of an option stands later.
_SAFER: Final[dict[str, Sequence[str]]] = {
    "security_layer": SECURITY_LAYERS,
    "min_encryption_level": ENCRYPTION_LEVELS,
    "start_mode": ("auto", "manual"),
    "state": ("started", "restarted"),
}


def actionable(found: Finding) -> bool:
    """Whether the plan may act on a finding."""
    return bool(found["remedies"]) and not found["blocked_by"] and found["confidence"] != "possible"


def why_not(found: Finding) -> str:
    """Why the plan does not act on a finding."""
    if found["blocked_by"]:
        return found["blocked_by"]
    if not found["remedies"]:
        return found["decision"] or "It is worth knowing; nothing has to change."
    return "The evidence makes it possible only, so nothing is changed for it."


def _merge_named(first: list[dict[str, str]], second: list[dict[str, str]]) -> list[dict[str, str]]:
    """Protocols, or switches of Schannel; only protocols have sides."""
    merged = {(entry["name"], entry.get("side", "")): entry for entry in (*second, *first)}
    return [merged[key] for key in sorted(merged)]


def _safer(name: str, first: Any, second: Any) -> Any:
    """The safer of two values of an option; of the better-ranked finding where neither is known to be."""
    if name in _NAMED:
        return _merge_named(first, second)
    if isinstance(first, bool) and isinstance(second, bool):
        return first or second  # every switch of the modules is safer, or more whole, when on
    ranks = _SAFER.get(name, ())
    if first in ranks and second in ranks:
        return max(first, second, key=ranks.index)
    return first


def _slot(wanted: Remedy) -> tuple[str, str]:
    """What is merged into one step: a module, and for services one service."""
    return wanted["module"], wanted["options"]["name"] if wanted["module"] == "rdp_service" else ""


def _position(slot: tuple[str, str]) -> tuple[int, str, str]:
    return (_ORDER.index(slot) if slot in _ORDER else len(_ORDER), *slot)


def _restarts(*lists: Iterable[str]) -> list[str]:
    names = {name for one in lists for name in one}
    known = [name for name in _RESTART_ORDER if name in names]
    return known + sorted(names.difference(known))


def make_plan(findings: Sequence[Finding], held: Mapping[str, str] = _NONE, *, reboot: bool = False) -> list[Step]:
    """The steps for ranked findings but those held back (reasons by id). Findings are left as they are.

    ``reboot``: Windows may be restarted, so it is, where a step counts only then.
    """
    steps: dict[tuple[str, str], Step] = {}
    for found in (one for one in findings if actionable(one) and not held.get(one["id"])):
        for wanted in found["remedies"]:
            step = steps.setdefault(
                _slot(wanted), {"module": wanted["module"], "options": {}, "causes": [], "risk": "low", "restart": []}
            )
            for name, option in wanted["options"].items():
                have = step["options"]
                have[name] = _safer(name, have[name], option) if name in have else option
            if found["id"] not in step["causes"]:
                step["causes"].append(found["id"])
            step["risk"] = max(step["risk"], wanted["risk"], key=RISKS.index)
            step["restart"] = _restarts(step["restart"], wanted["restart"])
    plan = [steps[slot] for slot in sorted(steps, key=_position)]
    for step in plan if reboot else ():
        if not _COUNTS_AFTER_WINDOWS.get(step["module"], frozenset()).isdisjoint(step["options"]):
            step["restart"] = _restarts(step["restart"], [WINDOWS])
    return plan


def left_alone(findings: Sequence[Finding], held: Mapping[str, str] = _NONE) -> list[LeftAlone]:
    """Every finding that the plan does not act on, and why: by itself, or because it is held back."""
    reasons = {found["id"]: held.get(found["id"], "") if actionable(found) else why_not(found) for found in findings}
    return [{"cause": cause, "reason": reason} for cause, reason in reasons.items() if reason]
