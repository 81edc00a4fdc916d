# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nmap and sslyze, the tools in use for what the probe does, and their answers in the words of its report."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from tests.interop.processes import need

SECONDS = 120.0
SSLYZE = Path(__file__).resolve().parents[2] / ".venv-peers/bin/sslyze"

# What rdp-enum-encryption prints, by the words of the report.
NMAP_PROTOCOLS = {
    "rdp": "Native RDP",
    "tls": "SSL",
    "credssp": "CredSSP (NLA)",
    "rdstls": "RDSTLS",
    "credssp_early_auth": "CredSSP with Early User Auth",
}
_NMAP_METHODS = {"40bit": "40-bit RC4", "56bit": "56-bit RC4", "128bit": "128-bit RC4", "fips": "FIPS 140-1"}
_NMAP_LEVELS = {
    "None": "none",
    "Low": "low",
    "Client Compatible": "client_compatible",
    "High": "high",
    "FIPS Compliant": "fips",
}
# Elements of rdp-ntlm-info, by the words of the report.
_NMAP_NTLM = {
    "netbios_computer": "NetBIOS_Computer_Name",
    "netbios_domain": "NetBIOS_Domain_Name",
    "dns_computer": "DNS_Computer_Name",
    "dns_domain": "DNS_Domain_Name",
    "dns_forest": "DNS_Tree_Name",
    "os_version": "Product_Version",
}
# sslyze's options and scans, by the words of the report.
SSLYZE_VERSIONS = {
    "SSL 3.0": ("--sslv3", "ssl_3_0_cipher_suites"),
    "TLS 1.0": ("--tlsv1", "tls_1_0_cipher_suites"),
    "TLS 1.1": ("--tlsv1_1", "tls_1_1_cipher_suites"),
    "TLS 1.2": ("--tlsv1_2", "tls_1_2_cipher_suites"),
    "TLS 1.3": ("--tlsv1_3", "tls_1_3_cipher_suites"),
}


@dataclass(frozen=True)
class Nmap:
    """What rdp-enum-encryption and rdp-ntlm-info say; empty where they print nothing."""

    protocols: set[str]  # those that it calls SUCCESS
    methods: set[str]
    level: str | None
    ntlm: dict[str, str]


def nmap_command(host: str, port: int) -> list[str]:
    """The command; a + makes the scripts run on any port, which else run on 3389 only."""
    scripts = "+rdp-enum-encryption,+rdp-ntlm-info"
    return [need("nmap", "nmap"), "-Pn", "-n", "-sT", "-p", str(port), "--script", scripts, "-oX", "-", host]


def nmap(host: str, port: int) -> Nmap:
    return read_nmap(_run(nmap_command(host, port)))


def read_nmap(printed: str) -> Nmap:
    """The answers in nmap's XML."""
    scripts = {script.get("id"): script for script in ElementTree.fromstring(printed).iter("script")}
    said = scripts["rdp-enum-encryption"].get("output", "") if "rdp-enum-encryption" in scripts else ""
    elements: dict[str, str] = {}
    if "rdp-ntlm-info" in scripts:
        elements = {one.get("key", ""): one.text or "" for one in scripts["rdp-ntlm-info"].iter("elem")}
    level = re.search(r"RDP Encryption level: (.+)", said)
    return Nmap(
        protocols={name for name, label in NMAP_PROTOCOLS.items() if f"    {label}: SUCCESS\n" in said},
        methods={name for name, label in _NMAP_METHODS.items() if f"    {label}: SUCCESS\n" in said},
        level=_NMAP_LEVELS[level.group(1).strip()] if level else None,
        ntlm={name: elements[label] for name, label in _NMAP_NTLM.items() if label in elements},
    )


@dataclass(frozen=True)
class Sslyze:
    """What sslyze says after --starttls rdp. ``suites`` has the versions that are accepted."""

    certificate: str | None  # SHA-256 of the server's own, as the report writes it
    suites: dict[str, set[str]] = field(default_factory=dict)


def sslyze_command(host: str, port: int, versions: Iterable[str] = tuple(SSLYZE_VERSIONS)) -> list[str]:
    """The command for what the probe answers too: versions, suites and certificate."""
    if not SSLYZE.exists():
        pytest.skip("sslyze is not installed (scripts/peers.sh installs it into .venv-peers)")
    scans = [SSLYZE_VERSIONS[version][0] for version in versions]
    return [str(SSLYZE), "--starttls", "rdp", *scans, "--certinfo", "--json_out", "-", f"{host}:{port}"]


def sslyze(host: str, port: int, versions: Iterable[str] = tuple(SSLYZE_VERSIONS)) -> Sslyze:
    return read_sslyze(_run(sslyze_command(host, port, versions)))


def read_sslyze(printed: str) -> Sslyze:
    """The answers in sslyze's JSON, which ends what it prints."""
    (server,) = json.loads(printed[printed.index("{\n") :])["server_scan_results"]
    if server["connectivity_status"] != "COMPLETED":
        return Sslyze(None)
    scans: dict[str, Any] = server["scan_result"]
    suites = {
        version: {one["cipher_suite"]["name"] for one in scans[scan]["result"]["accepted_cipher_suites"]}
        for version, (_option, scan) in SSLYZE_VERSIONS.items()
        if scans[scan]["status"] == "COMPLETED"
    }
    deployed = scans["certificate_info"]["result"]["certificate_deployments"]
    return Sslyze(
        certificate=_sha256(deployed[0]["received_certificate_chain"][0]["as_pem"]),
        suites={version: names for version, names in suites.items() if names},
    )


def _sha256(pem: str) -> str:
    command = [need("openssl", "openssl"), "x509", "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, input=pem, text=True, capture_output=True, timeout=10, check=True).stdout
    return said.partition("=")[2].strip().replace(":", "")


def _run(command: list[str]) -> str:
    # sslyze ends with 1 where a host does not meet a profile, or does not speak TLS.
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
