# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is foreseen of clients and the lab's Windows hosts, against real connections, the versions of CredSSP included.

What is foreseen comes from the facts that are read over WinRM, from a full probe alone, and from both. Each connection
is made by our TLS engine with all that a client has, and by OpenSSL with what OpenSSL has of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import PROFILES, described
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import joined, of_facts, of_wire
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.gather import gather
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.test_host import connection_to
from tests.interop.agreement import Tally
from tests.interop.connecting import connect, openssl, openssl_knows
from tests.interop.lab_hosts import RDP_PORT
from tests.interop.lab_pairs import VARIANTS, scenarios

BASE = "127.44.0.0"
HOSTS = scenarios()
SOURCES = ("facts", "wire", "both")
# Where facts leave something open: what a wrong value of a switch does, and how Vista and Server 2008, of whose
# correction of CVE-2018-0886 nothing is known, fare with hosts that lack it or insist on it.
OPEN = ("switches with 1", "as shipped", "oracle: force updated")
AREAS = ("system", "listener", "tls", "certificate", "machine_keys", "updates", "logon")
OWN: tuple[Mapping[str, Any], ...] = (
    {"name": "xp-sp3 with CredSSP", "profile": "xp-sp3", "protocols": ["rdp", "tls", "credssp"]},
    {"name": "10 without the update", "profile": "10-1607", "credssp_fixed": False},
    {"name": "10, vulnerable", "profile": "10-22h2", "encryption_oracle": "vulnerable"},
    {"name": "10, force updated", "profile": "10-22h2", "encryption_oracle": "force_updated"},
    {"name": "11 with TLS 1.3 alone", "tls_versions": ["TLS 1.3"]},
    {"name": "10 with GCM alone", "profile": "10-22h2", "suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
    {"name": "without TLS", "profile": "10-22h2", "protocols": ["rdp"]},
    {"name": "without CredSSP", "profile": "10-22h2", "protocols": ["rdp", "tls"]},
)


def alike(clients: Iterable[tuple[ClientParty, int]], *features: str) -> list[tuple[ClientParty, int]]:
    """One client for those with the same features, each with the number of clients that it stands for."""
    found: dict[str, tuple[ClientParty, int]] = {}
    for client, number in clients:
        shape = str([client[feature] for feature in features])  # type: ignore[literal-required]
        first, others = found.get(shape, (client, 0))
        found[shape] = (first, others + number)
    return list(found.values())


TLS = ("kind", "protocols", "tls_versions", "suites")
CLIENTS = alike(
    ((client, 1) for client in [*PROFILES.values(), *(described(each) for each in OWN)]),
    *TLS, "credssp_fixed", "encryption_oracle",
)  # fmt: skip
# OpenSSL is another reading of TLS, not of CredSSP. XP has no suite that it knows.
OF_OPENSSL = alike(
    [({**client, "suites": openssl_knows(client["suites"] or [])}, number) for client, number in CLIENTS], *TLS
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Fleet]:
    pytestconfig.pluginmanager.register(COUNTED)
    work = tmp_path_factory.mktemp("pairs")
    hosts = [host for variant in HOSTS.values() for host in variant]
    with running(write_scenarios(work / "scenarios", hosts), work, BASE) as found:
        yield found


@dataclass
class Counted:
    """Shows the table at the end of the run of pytest."""

    variants: dict[str, dict[str, Tally]] = field(default_factory=dict)
    connections: int = 0

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("clients and the lab's hosts")
        terminalreporter.write_line(f"{'as foreseen/not/left open':40} {'facts':>14} {'wire':>14} {'both':>14}")
        for variant, tallies in [*self.variants.items(), ("all", self.all())]:
            cells = (f"{tally.agree}/{len(tally.wrong)}/{tally.open}" for tally in tallies.values())
            terminalreporter.write_line(f"{variant:40} {' '.join(f'{cell:>14}' for cell in cells)}")
        terminalreporter.write_line(f"{self.connections} connections were made.")

    def all(self) -> dict[str, Tally]:
        found = {source: Tally() for source in SOURCES}
        for tallies in self.variants.values():
            for source, tally in tallies.items():
                found[source].agree += tally.agree
                found[source].open += tally.open
                found[source].wrong += tally.wrong
        return found


COUNTED = Counted()


def read(fleet: Fleet, name: str) -> Facts:
    """As rdp_facts does, with gather_subset."""
    deadline = Deadline(60)
    with open_session(connection_to(fleet, name, "winrm"), deadline) as session:
        return gather(Host(session, deadline), AREAS)


def probed(address: str) -> Report:
    wire = probe(address, RDP_PORT, depth="full", deadline=60.0)
    assert wire["complete"]
    return wire


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_client_with_every_windows(fleet: Fleet, variant: str) -> None:
    tallies = {source: Tally() for source in SOURCES}
    for scenario in HOSTS[variant]:
        name, title = scenario["hostname"], f"{scenario['windows']}, {variant}"
        address = fleet.lab.hosts[name].address
        facts, wire = of_facts(title, read(fleet, name)), of_wire(title, probed(address))
        servers = {"facts": facts, "wire": wire, "both": joined([facts, wire])}
        for clients, handshake in ((CLIENTS, None), (OF_OPENSSL, openssl)):
            for client, number in clients:
                for fixed in [client["credssp_fixed"]] if client["credssp_fixed"] is not None else [True, False]:
                    seen = connect({**client, "credssp_fixed": fixed}, address, RDP_PORT, handshake, credssp=True)
                    COUNTED.connections += 1
                    for source, server in servers.items():
                        tallies[source].add(client, server, seen, weight=number)
    COUNTED.variants[variant] = tallies
    assert bool(tallies["facts"].open) is (variant in OPEN)
    assert [line for tally in tallies.values() for line in tally.wrong] == []
