# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area capacity."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="capacity.throttled",
        title="The host turns connections away because too many wait for their logon",
        stage="x224",
        what="Windows limits how many connections may be open that have not logged on yet. Whoever tries passwords, "
        "scans, or monitors the port too often fills that limit, and everybody else is cut off before TLS, now and "
        "then. People who are connected notice nothing. Windows Server 2008 stops listening altogether meanwhile.",
        needs=("events", "listener", "wire"),
        proof=(
            "The event 1006 in TerminalServices-RemoteConnectionManager/Admin: too many incomplete connections.",
            "The probe's own attempts differ: some reach the logon, some are cut before TLS.",
            "Many events 131 (accepted) and 140 (wrong password) of RdpCoreTS from few addresses.",
            "MaxOutstandingConnections below Control\\Terminal Server is set lower than 50, or to 10000 in decimal, "
            "where guides mean 0x10000 (65536).",
        ),
        against=(
            "A new connection reaches the logon each time.",
            "The log was read and has no event 1006: attempts that differ have another cause then.",
            "MaxOutstandingConnections is 65536 or more already.",
        ),
        confidence="Proved when the event 1006 is less than an hour old and the probe was cut before TLS. Likely with "
        "the event alone. Possible with attempts that differ where that log could not be read. A host that turns "
        "nobody away and has a hundred failed logons gets a note on who tries them.",
        explains=("0x204/0x0", "0x904/0x7"),
        done="Names the addresses that connect the most. Raises a limit that somebody has set below 50 to 65536, with "
        "rdp_listener.",
        refused="The limit that Windows has by itself is not raised: it protects the host from floods, and a higher "
        "one only takes longer to fill.",
        by_hand=(
            "Keep the sources out: no Remote Desktop from the internet, a gateway or a VPN before it, or a firewall "
            "rule that lets in only those who may connect.",
            "Only where the connections are those of your own users, set MaxOutstandingConnections to 65536 "
            "(hexadecimal 10000) and restart TermService.",
            "Count the connections of scanners and monitors of your own: each is one that waits.",
        ),
        references=(
            Reference(
                "Microsoft, Event ID 1006: Remote Desktop Session Host Connections",
                "A",
                "http://technet.microsoft.com/en-us/library/ee891040(v=ws.10).aspx",
            ),
            Reference(
                "Microsoft, KB954398: A Windows Server 2008 terminal server stops listening on port 3389",
                "A",
                "http://support.microsoft.com/kb/954398",
            ),
            Reference("Users on 0x10000: the value that cures, and the decimal 10000 that does not", "C"),
            sources.ALIBABA,
        ),
        breaks=True,
        ruled_out="The host has not logged that too many connections waited.",
    ),
)
