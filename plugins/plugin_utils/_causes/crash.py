# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cause service.crashing: a service of Remote Desktop dies again and again, and runs in between."""

from __future__ import annotations

from collections import Counter
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    SERVICE_CONTROL,
    event_facts,
    events,
    finding,
    listed,
    ok,
    running,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

CRASHING = "service.crashing"

# Service Control Manager: hung while it started, ended unexpectedly (with and without something to do about it).
_EVENTS: Final = (7022, 7031, 7034)
# Once may be an update or an administrator.
_AGAIN: Final = 2
_MAIN: Final = "TermService"


def crashing(facts: Facts, wire: Report | None) -> Finding | None:
    """A service has ended unexpectedly more than once. One that does not run now is the cause service.stopped."""
    counted: Counter[str] = Counter()
    for seen in events(facts, SERVICE_CONTROL, *_EVENTS):
        for name, count in seen["by_value"].items():
            known = {service.casefold(): service for service in SERVICES}.get(name.casefold())
            if known is not None:
                counted[known] += count
    names = [name for name, count in counted.most_common() if count >= _AGAIN and running(facts, name)]
    if not names:
        return None
    log = ok(facts.get("events"))
    hours = 0 if log is None else log.get("hours", 0)
    times = listed([f"{name} {counted[name]} times" for name in names])
    return finding(
        CRASHING,
        f"{listed(names)} {'has' if len(names) == 1 else 'have'} crashed again and again",
        confidence="proved",
        impact="degrades" if _MAIN in names else "informs",
        evidence=event_facts(facts, SERVICE_CONTROL, *_EVENTS, values=names, means=f"{times} in {hours} hours"),
        explains=[SOCKET_CLOSED] if _MAIN in names else [],
        decision="Look in the log Application for the module that fails (event 1000 of Application Error): a driver, a "
        "security product or a patched termsrv.dll. Install the newest cumulative update before anything else.",
    )
