# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found and left to people, and what is refused because of whom it would lock out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import ansible, playbook

BASE = "127.48.0.0"
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
RDP_TCP = rf"{CONTROL}\Terminal Server\WinStations\RDP-Tcp"
POLICY_LIST = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
RC4 = {"Functions": "TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_RC4_128_MD5"}
# What is found and left as it is, and a part of the reason.
LEFT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "GPO": (
        "tls.no_common_cipher",
        'The Group Policy object "TLS hardening"',
        {"domain": "corp.example", "policies": [{"name": "TLS hardening", "registry": {POLICY_LIST: RC4}}]},
    ),
    "NORECORD": ("tls.no_common_cipher", "Nobody is known", {"registry": {POLICY_LIST: RC4}, "rsop": False}),
    "GONE": ("listener.missing", "same Windows version", {"registry": {RDP_TCP: None}}),
    "DRAINED": (
        "listener.drain",
        "maintenance",
        {"registry": {rf"{CONTROL}\Terminal Server": {"TSServerDrainMode": 1}}},
    ),
}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    scenarios = [{"hostname": name, "windows": "2022", **broken} for name, (_cause, _why, broken) in LEFT.items()]
    scenarios.append({"hostname": "HEALTHY", "windows": "2022"})
    with running(write_scenarios(tmp_path / "scenarios", scenarios), tmp_path, BASE) as found:
        yield found


def kept(fleet: Fleet, host: str) -> dict[str, Any]:
    """All of the model but which processes run."""
    digest: dict[str, Any] = fleet.lab.digest(host)
    return {"parts": digest["parts"], "files": digest["files"]}


def test_what_nobody_may_decide_is_left_as_it_is_with_the_reason(fleet: Fleet) -> None:
    before = {host: kept(fleet, host) for host in LEFT}
    fixed = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[], rdp_hosts=[*LEFT])
    assert fixed.code == 0, fixed.output
    for host, (cause, why, _broken) in LEFT.items():
        verdict = fixed.of(host, "rdp_diagnose")["result"]["verdict"]
        (reason,) = [each["reason"] for each in verdict["left_alone"] if each["cause"] == cause]
        assert why in reason, (host, reason)
        assert kept(fleet, host) == before[host], host


def test_a_listener_that_is_gone_is_not_made_of_one_value(fleet: Fleet) -> None:
    refused = ansible(fleet.inventory, "GONE", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    assert "the listener RDP-Tcp does not exist" in refused.of("GONE")["result"]["msg"]
    assert fleet.lab.hosts["GONE"].model.registry.find(RDP_TCP) is None


def test_a_profile_is_held_against_the_clients(fleet: Fleet) -> None:
    before = kept(fleet, "HEALTHY")
    asked: dict[str, Any] = {"profile": "modern", "clients": ["11-24h2", "7"]}
    refused = ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_tls", asked)
    message = refused.of("HEALTHY")["result"]["msg"]
    assert "7: No TLS version in common" in message and "11-24h2" not in message
    assert kept(fleet, "HEALTHY") == before
    asked["clients"] = ["11-24h2", "freerdp-3"]
    made = ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_tls", asked).of("HEALTHY")["result"]
    assert (made["changed"], made["reboot_required"]) == (True, False)
    assert not ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_tls", asked).of("HEALTHY")["result"]["changed"]
    weaker = ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_tls", {"ciphers": [{"name": "RC4 128/128"}]})
    assert "is broken, and off now" in weaker.of("HEALTHY")["result"]["msg"]
    ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_restore", {"run": "all"})
    ansible(fleet.inventory, "HEALTHY", "winops.rdp.rdp_service", {"name": "TermService", "state": "restarted"})
    assert kept(fleet, "HEALTHY") == before
