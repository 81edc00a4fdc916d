# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/StandardCimv2: MSFT_NetTCPConnection and MSFT_NetConnectionProfile (property lists: Microsoft's pages)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host
from tests.lab.model.troubles import listening

_NAMESPACE = ("root/standardcimv2",)
_LISTEN, _ESTABLISHED = 2, 5
_CATEGORIES = {"Public": 0, "Private": 1, "Domain": 2}
_CONNECTION = {
    **dict.fromkeys("Caption Description ElementName InstanceID LocalAddress RemoteAddress".split(), "string"),
    **dict.fromkeys(
        "AppliedSetting LocalPort OffloadState OwningProcess RemotePort RequestedState State".split(), "uint32"
    ),
    "CreationTime": "datetime",
}
_PROFILE = {
    **dict.fromkeys("Caption Description ElementName InstanceID InterfaceAlias Name".split(), "string"),
    **dict.fromkeys("InterfaceIndex IPv4Connectivity IPv6Connectivity NetworkCategory".split(), "uint32"),
}


def _connection(host: Host, local: tuple[str, int], remote: tuple[str, int], state: int, pid: int) -> dict[str, Any]:
    return {
        "AppliedSetting": 0,
        "CreationTime": host.boot_time,
        "InstanceID": f"{local[0]}++{local[1]}++{remote[0]}++{remote[1]}",
        "LocalAddress": local[0],
        "LocalPort": local[1],
        "OffloadState": 0,
        "OwningProcess": pid,
        "RemoteAddress": remote[0],
        "RemotePort": remote[1],
        "State": state,
    }


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    return tcp_connections(host)


def tcp_connections(host: Host) -> Iterator[dict[str, Any]]:
    """What listens and who is connected, as the class has it."""
    for found in listening(host):
        for address in found.wildcards:
            yield _connection(host, (address, found.port), (address, 0), _LISTEN, found.pid)
    port = host.remote_desktop.port
    service = host.services.find("TermService")
    if port is None or service is None:
        return
    for number, session in enumerate(host.sessions):
        if session.remote and session.state == "Active":
            client = session.client or "192.0.2.10"
            yield _connection(host, ("192.0.2.1", port), (client, 50000 + number), _ESTABLISHED, service.pid)


def _profile_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    yield {
        "InstanceID": "{5F0A2F4E-6A86-5C0E-9F5D-2F1D3C1B7A10}",
        "InterfaceAlias": "Ethernet",
        "InterfaceIndex": 4,
        "IPv4Connectivity": 4,
        "IPv6Connectivity": 1,
        "Name": host.domain or "Network",
        "NetworkCategory": _CATEGORIES[host.firewall.profile],
    }


CLASSES = (
    CimClass("MSFT_NetTCPConnection", _NAMESPACE, _CONNECTION, ("InstanceID",), _rows),
    CimClass("MSFT_NetConnectionProfile", _NAMESPACE, _PROFILE, ("InstanceID",), _profile_rows),
)
