# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Security products that may stand between a client and the listener.

Clients register them with the Security Center, root/SecurityCenter2; servers have no such namespace, so there the
services tell. productState is not documented: its bits 12 to 15 say whether the product is on (public analyses, C).
Uninstalled products may stay registered (C). So all of this is a hint at what to look into, never a proof.
"""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._data.security_products import (
    DEFENDER,
    SECURITY_SERVICES,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import EndpointSecurity, SecurityProduct
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManFault
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

_CENTER = "root/SecurityCenter2"
_DEFENDER_NAMESPACE = "root/Microsoft/Windows/Defender"
_DEFENDER_CLASS = "MSFT_MpComputerStatus"
_KINDS = {"AntiVirusProduct": "antivirus", "FirewallProduct": "firewall", "AntiSpywareProduct": "antispyware"}
_WORKSTATION = 1  # Win32_OperatingSystem.ProductType
_STATES = {0: "off", 1: "on", 2: "snoozed", 3: "off"}
_IN_FORCE = ("on", "running")
# How Defender registers itself: by a link to the Windows Security app, where others have a program (C).
_DEFENDER_LINK = "windowsdefender:"


def read(host: Host, services: Mapping[str, ServiceStatus]) -> EndpointSecurity:
    """``services``: those of SECURITY_SERVICES that the host has, by name."""
    found: list[tuple[SecurityProduct, bool]] = []  # with whether it is Microsoft's
    if host.operating_system.integer("ProductType") == _WORKSTATION:
        for class_name, kind in _KINDS.items():
            found += [(_registered(row, kind), _is_defender(row)) for row in _center(host, class_name)]
    found += _services(host, services)
    return EndpointSecurity(
        status="ok",
        reason="",
        products=[product for product, _microsoft in found],
        third_party=sorted(
            {product["name"] for product, microsoft in found if not microsoft and product["state"] in _IN_FORCE}
        ),
    )


def _services(host: Host, services: Mapping[str, ServiceStatus]) -> list[tuple[SecurityProduct, bool]]:
    found = []
    for known in SECURITY_SERVICES:
        if known.service not in services:
            continue
        running = services[known.service].state == "running"
        product = SecurityProduct(
            name=known.product, kind="endpoint", state="running" if running else "stopped", source=known.service
        )
        found.append((product, known.microsoft))
        if known.service == DEFENDER and running:
            found += [(product, True) for product in _defender(host)]
    return found


def _center(host: Host, class_name: str) -> list[Instance]:
    """A namespace or class that this Windows lacks has no rows."""
    try:
        return host.session.query(_CENTER, f"SELECT * FROM {class_name}")
    except WSManFault as fault:
        if fault.is_not_found:
            return []
        raise


def _registered(row: Instance, kind: str) -> SecurityProduct:
    state = row.integer("productState")
    return SecurityProduct(
        name=row.text("displayName") or "",
        kind=kind,
        state="unknown" if state is None else _STATES.get((state >> 12) & 0xF, "unknown"),
        source=_CENTER,
    )


def _is_defender(row: Instance) -> bool:
    return (row.text("pathToSignedProductExe") or "").lower().startswith(_DEFENDER_LINK)


def _defender(host: Host) -> list[SecurityProduct]:
    """Whether it guards; empty where its classes are missing or out of order, which says nothing of the service."""
    try:
        rows = host.session.query(_DEFENDER_NAMESPACE, f"SELECT * FROM {_DEFENDER_CLASS}")
    except WSManFault:
        return []
    states = {True: "on", False: "off", None: "unknown"}
    return [
        SecurityProduct(
            name="Microsoft Defender Antivirus",
            kind="antivirus",
            state=states[row.boolean("RealTimeProtectionEnabled")],
            source=_DEFENDER_CLASS,
        )
        for row in rows
    ]
