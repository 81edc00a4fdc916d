# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What to look at when a connection ends at a stage and no cause is proved.

The order is that of Microsoft's pages: the host by itself, the way to it, then what both sides agree on ("Remote
Desktop can't connect to the remote computer", "An internal error has occurred").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By the stage at which the wire report ends; "logon": nothing that a probe without credentials can see.
LOOK_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "dns": ("Look the name up on the machine of the user and on the controller: they may ask different servers.",),
    "tcp": (
        "Probe from a machine in the subnet of the host (rdp_probe): when that gets through, the path is what blocks.",
        "Look on the host at what listens on the port (netstat -ano), then at firewalls and security groups between.",
    ),
    "x224": (
        "Probe from a machine in the subnet of the host (rdp_probe): a device in the path may answer or close instead.",
        "Look at the log of RdpCoreTS on the host for the time of the attempt: without an event 131 the connection did "
        "not arrive there.",
    ),
    "tls": (
        "Connect once more, and look on the host at the events of Schannel (36870, 36871, 36874, 36888) and RdpCoreTS "
        "(139) of that minute.",
        "Probe in full depth (probe_depth: full): which TLS versions and suites are refused tells a policy from a key.",
        "Probe from a machine in the subnet of the host (rdp_probe): a device that opens TLS closes it as well.",
    ),
    "credssp": ("Look at the events 4625 and 139 on the host: the logon itself, or the correction of CVE-2018-0886.",),
}

# When WinRM does not reach the host.
ASK_DOCTOR: Final = "Make WinRM work first: rdp_doctor says which step of the way fails, and what to set."

# Where endpoint security products are known to close connections (Microsoft, "Remote Desktop can't connect to the
# remote computer": antivirus).
AGENT_STAGES: Final = frozenset({"tcp", "x224", "tls"})
