# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area network."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="network.unreachable",
        title="The name does not resolve, or there is no route to the host",
        stage="dns",
        what="Before anything of Remote Desktop is asked, the name has no address, or packets have no way.",
        needs=("wire",),
        proof=("The look-up of the name fails.", "The connection ends with network or host unreachable."),
        against=("WinRM reaches the host by the same address.",),
        confidence="Proved by the answer of the resolver or the network. Likely or possible when the port does not "
        "answer and nothing of the host is known.",
        explains=("0x104/0x0", "0x208/0x0", "0x204/0x0", "0x108/0x0"),
        done="Nothing: names and routes are not on the host.",
        refused="",
        by_hand=("Correct the name or its DNS record.", "Look at the routes, the VPN, and whether the host is up."),
        references=(sources.DISCONNECT_REASONS, sources.GENERAL_TROUBLESHOOTING),
        breaks=True,
        ruled_out="The name resolves, and the host has answered.",
    ),
    Cause(
        id="network.blocked",
        title="A firewall does not let Remote Desktop in",
        stage="tcp",
        what="The listener is on, and the Windows firewall of an active profile, a security group or a device in the "
        "path keeps TCP to its port out. After a change of the port the built-in rules still name 3389.",
        needs=("wire", "firewall", "listener", "services"),
        proof=(
            "No enabled rule of the active profiles lets the port in, or a rule blocks it.",
            "TCP is not answered or refused although TermService listens.",
            "The host has no event 131 of RdpCoreTS and no 261 of TerminalServices-RemoteConnectionManager: no "
            "connection has come in.",
        ),
        against=("TCP connects.", "The host has just logged a connection of somebody else."),
        confidence="Proved when the firewall's rules and the probe agree. Likely for a device in the path. Possible "
        "when the connection is refused although all seems to be in order.",
        explains=("0x204/0x0", "0x108/0x0"),
        done="Switches on Windows' own rules, or makes one for the listener's port, with rdp_firewall.",
        refused="No profile is switched off, and no rule that blocks is removed: somebody wrote it.",
        by_hand=(
            "Enable the group of rules @FirewallAPI.dll,-28752.",
            "For another port than 3389 add a rule for TCP, and UDP where it is used.",
            "Ask for the firewalls and security groups between.",
        ),
        references=(sources.CANNOT_CONNECT, sources.GENERAL_TROUBLESHOOTING),
        breaks=True,
        ruled_out="TCP to the port connects, or another finding says why it does not.",
    ),
    Cause(
        id="network.intercepted",
        title="Something else than this host answers on the Remote Desktop port",
        stage="x224",
        what="A port forwarding, a load balancer, a wrong name or a device that opens TLS stands between, and what the "
        "client sees is not this host. Tunnels and inspection devices close connections with 0x904/0x7 as well.",
        needs=("wire", "system", "certificate"),
        proof=(
            "The NTLM challenge on the port carries another computer's name ([MS-NLMP] 2.2.2.1).",
            "The certificate on the port is in no store of the host.",
        ),
        against=("The name, build and certificate on the port are the host's.",),
        confidence="Proved by the computer's name. Possible by the certificate alone: a deleted one may still be used.",
        explains=("0x904/0x7",),
        done="Nothing; what the other computer says counts neither for nor against this host.",
        refused="",
        by_hand=("Follow name, address and port from the client to the host.", "Probe from a machine in its subnet."),
        references=(
            sources.NLMP,
            Reference("natfrp/wiki discussion 683: a tunnel's gate closes with 0x904/0x7", "C"),
            Reference("dockur/windows#345: a port forwarder in front of the guest", "C"),
        ),
        breaks=True,
        ruled_out="Nothing that was seen on the port belongs to another computer.",
    ),
)
