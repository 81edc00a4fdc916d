# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area network that lie between host and client, or in security software on the host."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="network.endpoint_security",
        title="Security software of another vendor on the host cuts Remote Desktop off",
        stage="x224",
        what="A firewall, a virus scanner or an endpoint agent sits between the network and the service. It drops the "
        "packets, closes the connection after it was made, or reads along in TLS and breaks it. Windows' own firewall "
        "and the listener are in order all the while.",
        needs=("wire", "endpoint_security", "listener", "services", "events"),
        proof=(
            "A product of another vendor is on (root/SecurityCenter2, or its service).",
            "The probe is not answered, or cut before or in TLS.",
            "The host has no event 131 of RdpCoreTS and no 261 of RemoteConnectionManager: nothing has come in.",
        ),
        against=(
            "The host explains the cut itself: service, listener, firewall, certificate, key or TLS.",
            "Connections of others have reached the service within the last hour (event 131 or 261).",
        ),
        confidence="Likely when the log of connections was read and is empty. Else possible. Never proved: the host "
        "does not say who cut it.",
        explains=("0x204/0x0", "0x108/0x0", "0x904/0x7"),
        done="Names the product.",
        refused="No security product is switched off, stopped or removed, not even to try: that is for those who run "
        "it, and an attacker would ask for the same.",
        by_hand=(
            "Ask those who run the product for its log at the time of the probe.",
            "Have them allow TCP to the listener's port inbound for TermService, and leave its TLS unread.",
            "Diagnose again; only when nothing else is left, have the vendor try without it on one host.",
        ),
        references=(
            sources.CANNOT_CONNECT,
            Reference("natfrp/wiki discussion 683: what is in the path closes with 0x904/0x7", "C"),
        ),
        breaks=True,
        ruled_out="No product of another vendor is on, or connections come through to the service.",
    ),
    Cause(
        id="network.unstable",
        title="The way to the host loses connections or large packets",
        stage="tls",
        what="Connections that are made one after the other end differently, or the small connection request is "
        "answered and the larger ClientHello is not: a tunnel with a smaller MTU, a VPN, a load balancer with a member "
        "that is down, a link that loses packets. Nothing on the host is wrong.",
        needs=("wire", "events"),
        proof=(
            "The probe's attempts differ in how far they get.",
            "The answer to the connection request (a few dozen bytes) came, and none to the ClientHello (hundreds).",
        ),
        against=(
            "The event 1006: then the host itself turns connections away (capacity.throttled).",
            "The host explains the cut itself.",
        ),
        confidence="Likely when attempts differ and the host's log has no event 1006. Else possible.",
        explains=("0x904/0x7", "0x108/0x0"),
        done="Nothing: the way is not on the host. Shows how each attempt ended.",
        refused="",
        by_hand=(
            "Probe from a machine in the host's own subnet, and from where people connect.",
            "Test the MTU: ping -f -l 1472 and smaller to the host.",
            "Follow the VPN, the load balancer and the links between.",
        ),
        references=(
            Reference(
                "Microsoft, The Local Security Authority can not be contacted: network congestion",
                "A",
                "https://learn.microsoft.com/troubleshoot/windows-server/remote/local-security-authority-cant-contact",
            ),
            Reference("The size of the packets of this collection's own probe", "L"),
        ),
        breaks=True,
        ruled_out="The probe's attempts end alike, and large packets are answered.",
    ),
)
