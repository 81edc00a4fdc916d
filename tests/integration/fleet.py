# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab with its inventory, as tests want it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.integration import rules
from tests.lab import inventory
from tests.lab.model import certificates
from tests.lab.model.host import Host
from tests.lab.model.users import User
from tests.lab.runtime import LabThread
from tests.lab.scenario import load_folder

WINSTATIONS = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations"
RDP_TCP = rf"{WINSTATIONS}\RDP-Tcp"
DEMO = Path(__file__).resolve().parents[1] / "lab/scenarios/demo"


@dataclass(frozen=True)
class Fleet:
    """Hosts by name, and the inventory that leads to them."""

    lab: LabThread
    inventory: Path

    def writes(self, host: str) -> list[Any]:
        """The lab's own log of everything that was written to a host."""
        return list(self.lab.hosts[host].model.audit.writes)

    def requests(self, host: str) -> int:
        return self.lab.hosts[host].model.counters.requests

    def shells(self, host: str) -> int:
        return self.lab.hosts[host].model.counters.shells_opened

    def expect(self, host: str) -> dict[str, Any]:
        return self.lab.hosts[host].scenario.expect

    def users(self, host: str) -> list[User]:
        return self.lab.hosts[host].scenario.users()


@contextmanager
def running(folder: Path, work: Path, base: str, *, ruled: bool = True) -> Iterator[Fleet]:
    """The lab with the scenarios of a folder, at loopback addresses after ``base``.

    ``ruled``: what was written must keep the rules. A test of single operations, with no remedy around, need not.
    """
    work.mkdir(parents=True, exist_ok=True)
    path = work / "inventory.yml"
    with LabThread(load_folder(folder), base=base) as lab:
        path.write_text(inventory.text(lab.lab), encoding="utf-8")
        keys = {name: own_keys(host.model) for name, host in lab.hosts.items()}
        yield Fleet(lab, path)
        told = [
            f"{name}: {each}"
            for name, host in lab.hosts.items()
            for each in rules.broken(host.model.audit.writes, keys[name])
        ]
        assert not (ruled and told), "\n".join(told)


def own_keys(host: Host) -> list[str]:
    """The key files of the certificates that Remote Desktop uses, or is set to use."""
    thumbprints = [
        (host.registry.binary(path, name) or b"").hex().upper()
        for path, name in ((RDP_TCP, "SSLCertificateSHA1Hash"), (WINSTATIONS, "SelfSignedCertificate"))
    ]
    stored = [
        certificates.find(host.registry, store, thumbprint)
        for thumbprint in thumbprints
        for store in ("MY", "Remote Desktop")
        if thumbprint
    ]
    return [host.remote_desktop.key_file(each.container, cng=each.cng) for each in stored if each and each.container]


def write_scenarios(folder: Path, scenarios: Sequence[dict[str, Any]]) -> Path:
    """Scenario files from dictionaries."""
    folder.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios:
        (folder / f"{scenario['hostname']}.yml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    return folder
