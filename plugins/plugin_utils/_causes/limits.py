# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How far a plan may go: what a user allows, and what a connection broker forbids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import listed, ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding, Risk
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

RISKS: Final[tuple[Risk, ...]] = ("low", "medium", "high")
_BROKER: Final = (
    "This host is an RDS connection broker, on which every connection to the farm depends: nothing is changed on it "
    "unless that is forced."
)


class UnknownCause(Exception):
    """A cause id that is none, in one sentence."""


@dataclass(frozen=True)
class Limits:
    """``causes``: act on these alone; None: on all. ``risk``: the highest that is taken."""

    causes: frozenset[str] | None = None
    risk: Risk = "high"
    restart: bool = True  # services may be restarted
    reboot: bool = False  # Windows may be restarted
    force: bool = False  # a connection broker may be changed


NO_LIMITS: Final = Limits()


def chosen(ids: Iterable[str]) -> frozenset[str] | None:
    """The option for causes: none named means all. UnknownCause for one that is none."""
    causes = frozenset(ids)
    unknown = sorted(causes.difference(BY_ID))
    if unknown:
        raise UnknownCause(
            f"no cause has the id {listed(unknown)}; docs/causes has all of them, such as {listed(sorted(BY_ID)[:3])}"
        )
    return causes or None


def forced(facts: Facts, findings: Sequence[Finding], limits: Limits) -> list[Finding]:
    """The findings, without the block that a farm role makes where the user overrides it."""
    farm = farm_block(facts) if limits.force else ""
    return [{**found, "blocked_by": ""} if farm and found["blocked_by"] == farm else found for found in findings]


def beyond(facts: Facts, found: Finding, limits: Limits) -> str:
    """Why the limits keep the plan from acting on a finding; empty when they do not."""
    remedies = found["remedies"]
    if limits.causes is not None and found["id"] not in limits.causes:
        return "It is not among the causes that may be acted on."
    risk = max((one["risk"] for one in remedies), key=RISKS.index, default="low")
    if RISKS.index(risk) > RISKS.index(limits.risk):
        return f"Its remedy has the risk {risk}, and no more than {limits.risk} is allowed."
    restarts = dict.fromkeys(name for one in remedies for name in _restarts(one["options"], one["restart"]))
    if WINDOWS in restarts and not limits.reboot:
        return "Its remedy needs a restart of Windows, which is not allowed."
    services = [name for name in restarts if name != WINDOWS]
    if services and not limits.restart:
        return f"Its remedy restarts {listed(services)}, and restarts are not allowed."
    system = ok(facts.get("system"))
    if system is not None and "connection_broker" in system.get("rds_roles", []) and not limits.force:
        return _BROKER
    return ""


def _restarts(options: dict[str, object], restart: list[str]) -> list[str]:
    """What a remedy restarts: what its change needs, and the service that it is to restart."""
    return [*restart, str(options["name"])] if options.get("state") == "restarted" else restart
