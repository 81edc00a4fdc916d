# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Whether the host itself explains that a connection ends, so that nothing else has to be blamed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes import (
    certificate,
    listener,
    machine_keys,
    network,
    service,
    station,
    tampered,
    tls,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.stage import is_later
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

# The causes on the host that look the same from outside: a port that is closed, a connection that is cut.
_CHECKS: Final[tuple[Callable[[Facts, Report | None], Finding | None], ...]] = (
    service.stopped,
    service.restart_pending,
    tampered.tampered,
    listener.disabled,
    station.missing,
    station.dead,
    station.port_conflict,
    station.third_party,
    network.blocked,
    certificate.not_created,
    certificate.binding_stale,
    machine_keys.missing,
    machine_keys.acl,
    tls.no_common_version,
    listener.contradiction,
)


def own_fault(facts: Facts, wire: Report | None, *, besides: str = "") -> str:
    """The id of a cause on the host that breaks and is more than possible; empty when there is none.

    What network.blocked finds in the path is no fault of the host's. ``besides``: a cause that does not count.
    """
    for check in _CHECKS:
        found = check(facts, wire)
        if found is None or found["impact"] != "breaks" or found["confidence"] == "possible":
            continue
        if found["id"] == besides or is_later(found["stage"], wire):
            continue  # what ends connections at a later stage did not end this one
        if check is not network.blocked or found["remedies"] or found["blocked_by"]:
            return found["id"]
    return ""
