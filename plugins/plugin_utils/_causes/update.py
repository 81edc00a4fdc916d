# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area update: Windows updates that broke Remote Desktop, and a restart that is due."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    is_ready,
    listed,
    ok,
    remedy,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RESTART_MARKS, WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.updates import Regression, regressions_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

REGRESSION = "update.regression"
PENDING_REBOOT = "update.pending_reboot"

# Programs leave renames for the next start all the time; that alone is no update that waits.
_RENAMES = "PendingFileRenameOperations"
_NOTED = "Windows has noted that it has to restart to finish an update."
_OWN = "What this collection has changed counts only after a restart of Windows."
_WHERE = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\UBR"


def regression(facts: Facts, wire: Report | None, extra: Iterable[Regression] = ()) -> Finding | None:
    """The installed cumulative update is one that is known to harm Remote Desktop. ``extra``: rows of the user.

    A build number alone never proves that its defect is what a user suffers from, so it never breaks by itself.
    """
    system = ok(facts.get("system"))
    if system is None:
        return None
    build = system.get("full_build", "")
    product = "client" if system.get("product_type") == "workstation" else "server"
    rows = regressions_of(build, product, extra)
    if not rows:
        return None
    here = [row for row in rows if row.role == "server"]
    failing = wire is not None and not wire["ready"] and wire["tcp"]["result"] == "open"
    fixes = sorted({row.fix_kb for row in rows})
    rollbacks = [f"Until then: {row.kir}." for row in rows if row.kir]
    return finding(
        REGRESSION,
        f"The build {build} has a known Remote Desktop defect"
        if here
        else f"The build {build} has a known defect as a Remote Desktop client",
        confidence="likely" if here and failing else "possible",
        impact="degrades" if here else "informs",
        evidence=[
            fact(
                f"Build {build} is between {row.build_from} ({row.kb}) and {row.build_fixed} ({row.fix_kb}): "
                f"{row.symptom}. Source: {row.source}.",
                _WHERE,
            )
            for row in rows
        ],
        decision=" ".join([f"Install {listed(fixes)} or any later cumulative update.", *rollbacks]),
    )


def pending_reboot(facts: Facts, wire: Report | None) -> Finding | None:
    """Windows is due for a restart. Old and new files of an update may be in use side by side until then, and what
    this collection has changed does not count."""
    system = ok(facts.get("system"))
    waiting = [] if system is None else system.get("pending_reboot", [])
    reasons = [path for path in waiting if not path.endswith(_RENAMES)]
    if not reasons:
        return None
    failing = wire is not None and not is_ready(wire) and wire["tcp"]["result"] == "open"
    return finding(
        PENDING_REBOOT,
        "Windows waits for a restart",
        confidence="proved",
        impact="degrades" if failing else "informs",
        evidence=[fact(_OWN if path == RESTART_MARKS else _NOTED, path) for path in reasons],
        remedies=[remedy("rdp_update", {"reboot": True}, risk="high", restart=[WINDOWS])],
        decision="Restart the host at a quiet time, and diagnose again.",
    )
