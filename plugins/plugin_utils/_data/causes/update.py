# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area update."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="update.regression",
        title="The installed build has a known Remote Desktop defect",
        stage="",
        what="A cumulative update broke Remote Desktop, and a later one repaired it. The table of such updates is data "
        "of this collection and can be extended; a row is a range of builds from the first bad to the first good one.",
        needs=("system",),
        proof=("The build and update revision lie in such a range.",),
        against=("A new connection reached the logon, which the defect may not concern.",),
        confidence="Possible by the build alone. Likely for a server's defect when connections fail after TCP.",
        explains=(),
        done="Nothing: installing updates is left to what manages them. The finding names the update that repairs it.",
        refused="An update is not removed: that opens what it has closed.",
        by_hand=(
            "Install the update that is named, or any later cumulative one, and restart the host.",
            "Where that is not possible, rdp_update removes the update, if Windows lets it go.",
        ),
        references=(
            Reference("Reports on each update, as the table _data/updates.py names them", "C"),
            Reference("Microsoft, Windows release health", "A", "https://learn.microsoft.com/windows/release-health/"),
        ),
    ),
    Cause(
        id="update.pending_reboot",
        title="Windows waits for a restart",
        stage="",
        what="Files of an update are in place only after the restart; until then new and old ones run side by side. "
        "Microsoft names servers that were updated and not restarted as failing with CredSSP. Some settings, such as "
        "the list of cipher suites, count only after a restart as well.",
        needs=("system",),
        proof=(
            "Component Based Servicing\\RebootPending or WindowsUpdate\\Auto Update\\RebootRequired exists.",
            "This collection has changed such a setting, and Windows has not been started since.",
        ),
        against=("A new connection reached the logon.", "PendingFileRenameOperations alone says nothing of updates."),
        confidence="That a restart is due is proved. Whether it is why connections fail shows only afterwards.",
        explains=(),
        done="Where rdp_allow_reboot is true, Windows is restarted once with rdp_update (reboot), after all other "
        "steps, waited for through WinRM and diagnosed again.",
        refused="No host is restarted without that leave, nor while people are connected, unless rdp_disconnect_users "
        "is true.",
        by_hand=("Restart the host at a quiet time; rdp_update with reboot does it and waits.",),
        references=(
            Reference(
                "Microsoft, CredSSP encryption oracle remediation error when you use RDP to a Windows VM",
                "A",
                "https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/"
                "credssp-encryption-oracle-remediation",
            ),
        ),
    ),
)
