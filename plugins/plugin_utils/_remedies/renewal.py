# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: other collections must not import it.
"""Has Windows make a new self-signed RDP certificate: the old one is deleted from the store Remote Desktop, and
SessionEnv makes a new one, with its key, when it starts (Microsoft, "Troubleshoot Azure VM RDP connection issues by
event ID"). A restart of SessionEnv cuts nobody off."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Certificate
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import apply, undo
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.certificate import plan_deletion, renewal_reason
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import REMOTE_DESKTOP, store_path
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError

SERVICE = "SessionEnv"
_POLL_SECONDS = 1.0


def plan(host: Host, current: Certificate | None) -> list[Change]:
    """The deletion of the certificate in use, if there is one."""
    if current is None:
        return []
    key = rf"{store_path(REMOTE_DESKTOP)}\{current['thumbprint']}"
    values = {name: to_json(value) for name, value in host.registry.values(key).items()}
    return [plan_deletion(current, values)]


def renew(
    host: Host, changes: list[Change], journal: Journal, restart: Callable[[], object], min_days_left: float
) -> list[Change]:
    """Deletes, restarts SessionEnv and waits for the new certificate and its key file; the changes that were made.

    ``restart`` is that of SessionEnv.
    When none comes, the old certificate is put back, and RemedyError says where Windows tells the reason.
    """
    done = apply(host, changes, journal)
    try:
        restart()
        _wait(host, min_days_left)
    except (WindowsError, WSManError) as error:
        undo(
            host,
            done,
            f"{SERVICE} made no new certificate: {error} Windows tells the reason in the System log, source "
            "TerminalServices-RemoteConnectionManager, events 1057 and 1058.",
        )
    return done


def _wait(host: Host, min_days_left: float) -> None:
    deadline = host.deadline.sub(host.wait_seconds)
    while True:
        facts = gather(host, ["certificate", "machine_keys"])
        if facts["certificate"]["status"] == "ok":
            reason = renewal_reason(facts["certificate"], facts["machine_keys"], min_days_left)
            if not reason:
                return
        deadline.check("wait for a new self-signed certificate")
        deadline.sleep(_POLL_SECONDS)
