# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cause network.endpoint_security: a security product of another vendor on the host cuts connections."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    drop_facts,
    fact,
    finding,
    is_ready,
    listed,
    ok,
    running,
    value,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.own_fault import own_fault
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.traces import arrivals
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import (
    CONNECT_FAILED,
    CONNECT_TIMEOUT,
    SOCKET_CLOSED,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import EndpointSecurity, Facts

ENDPOINT_SECURITY = "network.endpoint_security"

_CUT = ("closed", "reset", "timeout")


def endpoint_security(facts: Facts, wire: Report | None) -> Finding | None:
    """A product of another vendor is on, connections are cut, and nothing else on the host explains it."""
    area = ok(facts.get("endpoint_security"))
    names = [] if area is None else area.get("third_party", [])
    if area is None or not names or wire is None or is_ready(wire):
        return None
    cut = _cut(wire)
    if not cut or not (value(facts, "enabled") and running(facts, "TermService")) or own_fault(facts, wire):
        return None
    before = wire["stage"] == "tcp"
    arrived = arrivals(facts)
    return finding(
        ENDPOINT_SECURITY,
        f"Security software on the host may cut Remote Desktop off: {listed(names)}",
        confidence="likely" if arrived.none else "possible",
        impact="breaks",
        evidence=[*_products(area), *cut, *arrived.none],
        contradicts=arrived.recent,
        explains=[CONNECT_FAILED, CONNECT_TIMEOUT] if before else [SOCKET_CLOSED],
        decision=f"Have whoever runs {listed(names)} allow TCP {wire['port']} inbound to the service TermService and "
        "leave its TLS unread; the product stays on. Then diagnose again.",
        stage=wire["stage"],
    )


def _products(area: EndpointSecurity) -> list[Evidence]:
    on = set(area.get("third_party", []))
    return [
        fact(f"{product['name']} ({product['kind']}) is {product['state']}.", product["source"])
        for product in area.get("products", [])
        if product["name"] in on
    ]


def _cut(wire: Report) -> list[Evidence]:
    """How the connection was cut; empty where something answered."""
    stage = wire["stage"]
    if stage == "tcp" and wire["tcp"]["result"] == "filtered":
        return [wire_fact(f"A connection to port {wire['port']} did not answer.")]
    if stage == "x224" and wire["x224"]["result"] in _CUT:
        return [wire_fact(f"The connection request was not answered: {wire['x224']['result']}.")]
    if stage == "tls" and wire["tls"]["result"] in _CUT:
        lost = [wire_fact("Nothing came back after the ClientHello.")]
        return drop_facts(wire) or lost
    return []
