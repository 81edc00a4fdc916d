# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area os: the Windows release itself, and whether it is set up."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding, ok, weigh_against_ready
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_FAILED, SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, System

OBSOLETE = "os.obsolete"
SETUP = "os.setup"


def _today(system: System) -> str | None:
    """The date as YYYY-MM-DD, by the controller's clock: the host's, less what it is ahead."""
    written = system.get("local_time")
    if not written:
        return None
    try:
        now = datetime.fromisoformat(written.replace("Z", "+00:00"))
        return (now - timedelta(seconds=system.get("clock_skew") or 0.0)).date().isoformat()
    except (ValueError, OverflowError):
        return None


def obsolete(facts: Facts, wire: Report | None) -> Finding | None:
    """Microsoft no longer supports this release, paid extensions aside."""
    system = ok(facts.get("system"))
    today = None if system is None else _today(system)
    if system is None or today is None:
        return None
    # Imported here: no other cause depends on the table of releases.
    from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release

    try:
        known = release(system.get("release", ""))
    except KeyError:
        return None
    if known.end_of_support is None or known.end_of_support >= today:
        return None
    return finding(
        OBSOLETE,
        f"{known.name} is out of support",
        confidence="proved",
        impact="informs",
        evidence=[
            fact(
                f"Support of {known.name} (build {system.get('full_build', known.build)}) ended on "
                f"{known.end_of_support}, LTSC editions and paid extensions aside.",
                "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\CurrentBuild",
            )
        ],
        decision="Plan the upgrade of this host: clients and servers of today are no longer tested against it.",
    )


def setup(facts: Facts, wire: Report | None) -> Finding | None:
    """Windows is not set up to the end; Remote Desktop waits for that."""
    system = ok(facts.get("system"))
    if system is None or not system.get("setup_in_progress"):
        return None
    found = finding(
        SETUP,
        "Windows is still being set up",
        confidence="likely",
        impact="breaks",
        evidence=[
            fact("SystemSetupInProgress or OOBEInProgress is set: the setup has not ended.", "HKLM\\SYSTEM\\Setup")
        ],
        explains=[CONNECT_FAILED, SOCKET_CLOSED],
        decision="Finish the setup at the console of the host, and restart it.",
    )
    return weigh_against_ready(found, wire)
