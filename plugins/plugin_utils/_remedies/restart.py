# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Restarts a service so that a controller that dies between stop and start leaves a note of what has to run.

Each service that is about to be stopped is noted in the journal as a change from running to stopped. When all of them
run again there is nothing to take back, and the notes go.
"""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host


def restart(host: Host, name: str, journal: Journal, *, end_hung: bool = False) -> list[str]:
    """Restarts a service and what runs and depends on it; their names as they started. ``journal`` is for this.

    ``end_hung``: a service that does not stop is ended with its process.
    """
    if host.services.get(name).state != "stopped":
        for each in host.services.chain(name):
            journal.write(Change(kind="service_state", target=each, name="", before="running", after="stopped"))
    restarted = host.services.restart(name, host.deadline, end_hung=end_hung)
    journal.retract()
    return restarted
