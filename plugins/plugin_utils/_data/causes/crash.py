# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cause of services that die and come back."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="service.crashing",
        title="A service of Remote Desktop crashes again and again",
        stage="session",
        what="TermService or a service that it needs ends unexpectedly and is started again. Everybody who is "
        "connected is cut off each time, and whoever connects in that moment fails. In between all looks well.",
        needs=("events", "services"),
        proof=("Two or more events 7022, 7031 or 7034 of Service Control Manager for the service, which runs now.",),
        against=("It has run since without such an event.",),
        confidence="Proved by the events; what makes it crash is not.",
        explains=("0x904/0x7",),
        done="Reports how often it happened.",
        refused="",
        by_hand=(
            "Find the module that fails: the event 1000 of Application Error in the log Application.",
            "Install the newest cumulative update; update drivers of display and printers.",
            "Look for a changed termsrv.dll (service.tampered) and for security software that loads into it.",
        ),
        references=(sources.SERVICE_ISSUES, sources.SERVICE_BUSY),
    ),
)
