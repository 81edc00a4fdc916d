# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services, suites, store and switches that somebody has broken: told, mended, proved, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import ansible, playbook

BASE = "127.48.0.0"
CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
SCHANNEL = rf"{CONTROL}\SecurityProviders\SCHANNEL"
STATIONS = rf"{CONTROL}\Terminal Server\WinStations"
RDP_TCP = rf"{STATIONS}\RDP-Tcp"
POLICY_LIST = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
RC4 = {"Functions": "TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_RC4_128_MD5"}
# The host keeps a record of its policies, and it has nothing about TLS.
OTHER = {"name": "Other", "registry": {r"HKLM\SOFTWARE\Policies\Lab": {"Value": 1}}}
AES = ("AES 128/128", "AES 256/256")


def ciphers(number: int) -> dict[str, Any]:
    return {rf"{SCHANNEL}\Ciphers\{name}": {"Enabled": number} for name in AES}


# What is broken, by the cause that has to be found first. Nothing is left to do afterwards.
MENDED: dict[str, tuple[str, dict[str, Any]]] = {
    "DLL": (
        "service.tampered",
        {
            "services": {
                "TermService": {"dll": r"C:\Windows\x.dll", "state": "stopped"},
                "UmRdpService": {"state": "stopped"},
            }
        },
    ),
    "ACCOUNT": ("service.tampered", {"services": {"TermService": {"account": r"NT AUTHORITY\LocalService"}}}),
    "WEDGED": ("listener.dead", {"services": {"TermService": {"wedged": "silent"}}}),
    "MISUSED": ("tls.misused_value", {"registry": ciphers(1), "windows": "2025"}),
    "SWITCHES": ("tls.no_common_cipher", {"registry": ciphers(0), "windows": "2019"}),
    "LIST": (
        "tls.no_common_cipher",
        {"registry": {POLICY_LIST: RC4}, "windows": "2025", "domain": "corp.example", "policies": [OTHER]},
    ),
    "STORE": ("certificate.store", {"registry": {STATIONS: {"SelfSignedCertStore": "My"}}}),
    "LOGONS": (
        "listener.logon_disabled",
        {
            "registry": {
                RDP_TCP: {"fLogonDisabled": 1, "MaxInstanceCount": 0},
                rf"{CONTROL}\Terminal Server": {"TSUserEnabled": 1},
            }
        },
    ),
    "VALUE": ("listener.unknown_value", {"registry": {RDP_TCP: {"SecurityLayer": 7}}, "language": 1031}),
}
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
    scenarios = [
        {"hostname": name, "windows": "2022", **broken}
        for name, broken in (
            *((name, broken) for name, (_cause, broken) in MENDED.items()),
            *((name, broken) for name, (_cause, _why, broken) in LEFT.items()),
        )
    ]
    with running(write_scenarios(tmp_path / "scenarios", scenarios), tmp_path, BASE) as found:
        yield found


def kept(fleet: Fleet, host: str) -> dict[str, Any]:
    """All of the model but which processes run."""
    digest: dict[str, Any] = fleet.lab.digest(host)
    return {"parts": digest["parts"], "files": digest["files"]}


def test_what_is_broken_is_mended_and_can_be_taken_back(fleet: Fleet) -> None:
    before = {host: kept(fleet, host) for host in (*MENDED, *LEFT)}
    whole = {host: fleet.lab.digest(host) for host in before}
    told = playbook(fleet.inventory, "playbooks/fix_rdp.yml", "--check", rdp_fail_on=[])
    assert told.code == 0, told.output
    assert {host: fleet.lab.digest(host) for host in before} == whole
    for host, (cause, _broken) in MENDED.items():
        verdict = told.of(host, "rdp_diagnose")["result"]["verdict"]
        assert cause in [each["id"] for each in verdict["findings"]], (host, verdict["summary"])
        assert any(cause in step["causes"] for step in verdict["plan"]), (host, verdict["left_alone"])
    fixed = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
    assert fixed.code == 0, fixed.output
    for host in MENDED:
        verdict = fixed.of(host, "rdp_diagnose")["result"]["verdict"]
        assert verdict["state"] == "healthy", (host, verdict["summary"], verdict["left_alone"])
    for host, (cause, why, _broken) in LEFT.items():
        verdict = fixed.of(host, "rdp_diagnose")["result"]["verdict"]
        (reason,) = [each["reason"] for each in verdict["left_alone"] if each["cause"] == cause]
        assert why in reason, (host, reason)
        assert kept(fleet, host) == before[host], host
    again = playbook(fleet.inventory, "playbooks/fix_rdp.yml", rdp_fail_on=[])
    assert not [each for each in again.results if each["result"].get("changed")]
    back = playbook(fleet.inventory, "playbooks/rollback_rdp.yml", rollback_run="all")
    assert back.code == 0, back.output
    for host in before:
        assert kept(fleet, host) == before[host], host


def test_a_listener_that_is_gone_is_not_made_of_one_value(fleet: Fleet) -> None:
    refused = ansible(fleet.inventory, "GONE", "winops.rdp.rdp_listener", {"security_layer": "tls"})
    assert "the listener RDP-Tcp does not exist" in refused.of("GONE")["result"]["msg"]
    assert fleet.lab.hosts["GONE"].model.registry.find(RDP_TCP) is None


def test_a_profile_is_held_against_the_clients(fleet: Fleet) -> None:
    before = kept(fleet, "STORE")
    asked: dict[str, Any] = {"profile": "modern", "clients": ["11-24h2", "7"]}
    refused = ansible(fleet.inventory, "STORE", "winops.rdp.rdp_tls", asked)
    message = refused.of("STORE")["result"]["msg"]
    assert "7: No TLS version in common" in message and "11-24h2" not in message
    assert kept(fleet, "STORE") == before
    asked["clients"] = ["11-24h2", "freerdp-3"]
    made = ansible(fleet.inventory, "STORE", "winops.rdp.rdp_tls", asked).of("STORE")["result"]
    assert (made["changed"], made["reboot_required"]) == (True, False)
    assert not ansible(fleet.inventory, "STORE", "winops.rdp.rdp_tls", asked).of("STORE")["result"]["changed"]
    weaker = ansible(fleet.inventory, "STORE", "winops.rdp.rdp_tls", {"ciphers": [{"name": "RC4 128/128"}]})
    assert "is broken, and off now" in weaker.of("STORE")["result"]["msg"]
    ansible(fleet.inventory, "STORE", "winops.rdp.rdp_restore", {"run": "all"})
    ansible(fleet.inventory, "STORE", "winops.rdp.rdp_service", {"name": "TermService", "state": "restarted"})
    assert kept(fleet, "STORE") == before
