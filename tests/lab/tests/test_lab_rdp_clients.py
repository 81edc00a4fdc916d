# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RDP clients that are not ours against whole hosts: FreeRDP logs on, nmap reads names, methods and levels."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.lab.rdp.tests.freerdp import CONNECTED, LOGGED_ON, display, freerdp
from tests.lab.runtime import LabHost, LabThread
from tests.lab.scenario import DEFAULT_PASSWORD, DEFAULT_USER

__all__ = ["display"]

RunHost = Callable[..., tuple[LabThread, LabHost]]
NMAP_SECONDS = 30.0
NMAP_SCRIPTS = "rdp-ntlm-info,rdp-enum-encryption"
RDP_TCP = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\\WinStations\\RDP-Tcp"
TLS_12 = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols\\TLS 1.2\\Server"
USERS = [
    {"name": DEFAULT_USER, "password": DEFAULT_PASSWORD, "admin": True},
    {"name": "former", "password": "gone-Passw0rd", "admin": True, "disabled": True},
]


@pytest.mark.parametrize("windows", ["2008r2", "2012r2", "2016", "2022", "2025"])
def test_freerdp_logs_on(run_host: RunHost, display: str, windows: str) -> None:
    nla = {RDP_TCP: {"UserAuthentication": 1}}
    _lab, host = run_host(windows=windows, registry=nla)
    said, _seconds = freerdp(
        display, host.address, "/sec:nla", "/tls-seclevel:0", user=DEFAULT_USER, password=DEFAULT_PASSWORD
    )
    assert LOGGED_ON in said
    assert CONNECTED in said


@pytest.mark.parametrize(
    ("data", "options", "user", "password", "expected"),
    [
        ({}, ["/sec:nla"], DEFAULT_USER, "wrong", "ERRCONNECT_LOGON_FAILURE"),
        ({"users": USERS}, ["/sec:nla"], "former", "gone-Passw0rd", "ERRCONNECT_ACCOUNT_DISABLED"),
        ({"windows": "2008r2"}, ["/sec:nla"], DEFAULT_USER, "wrong", "ERRCONNECT_"),
        ({"certificate": {"key": "missing"}}, ["/sec:nla"], DEFAULT_USER, DEFAULT_PASSWORD, "ERRCONNECT_TLS_"),
        ({}, ["/sec:tls"], DEFAULT_USER, DEFAULT_PASSWORD, "HYBRID_REQUIRED_BY_SERVER"),
        (
            {"registry": {RDP_TCP: {"SecurityLayer": 0}}},
            ["/sec:nla"],
            DEFAULT_USER,
            DEFAULT_PASSWORD,
            "SSL_NOT_ALLOWED",
        ),
    ],
    ids=["wrong-password", "disabled-account", "wrong-password-version-2", "key-missing", "nla-demanded", "layer-0"],
)
def test_freerdp_is_refused(
    run_host: RunHost, display: str, data: dict[str, Any], options: list[str], user: str, password: str, expected: str
) -> None:
    _lab, host = run_host(**data)
    options = [*options, "/tls-seclevel:0"]
    said, _seconds = freerdp(display, host.address, *options, user=user, password=password)
    assert expected in said
    assert LOGGED_ON not in said
    assert CONNECTED not in said


def nmap(address: str) -> dict[str, str]:
    """What nmap's two scripts find: names and answers by label."""
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed (Debian: nmap)")
    done = subprocess.run(
        ["nmap", "-n", "-Pn", "-sT", "-p", "3389", "-d", "--script", NMAP_SCRIPTS, address],
        capture_output=True,
        text=True,
        timeout=NMAP_SECONDS,
        check=True,
    )
    return dict(re.findall(r"^\|[ _]+([^:\n]+): +(.+?) *$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            {"hostname": "Srv-One", "windows": "2019"},
            {
                "Target_Name": "SRV-ONE",
                "NetBIOS_Domain_Name": "SRV-ONE",
                "NetBIOS_Computer_Name": "SRV-ONE",
                "DNS_Domain_Name": "Srv-One",
                "DNS_Computer_Name": "Srv-One",
                "DNS_Tree_Name": None,
                "Product_Version": "10.0.17763",
                "Native RDP": "FAILED (HYBRID_REQUIRED_BY_SERVER)",
                "SSL": "FAILED (HYBRID_REQUIRED_BY_SERVER)",
                "CredSSP (NLA)": "SUCCESS",
                "CredSSP with Early User Auth": "SUCCESS",
                "RDSTLS": "SUCCESS",
                "128-bit RC4": "FAILURE",
            },
        ),
        (
            {"windows": "2016", "domain": "corp.example", "registry": {RDP_TCP: {"UserAuthentication": 0}}},
            {
                "Target_Name": "CORP",
                "NetBIOS_Domain_Name": "CORP",
                "NetBIOS_Computer_Name": "LABHOST",
                "DNS_Domain_Name": "corp.example",
                "DNS_Computer_Name": "LABHOST.corp.example",
                "DNS_Tree_Name": "corp.example",
                "Product_Version": "10.0.14393",
                "Native RDP": "FAILED (SSL_REQUIRED_BY_SERVER)",
                "SSL": "SUCCESS",
                "RDP Protocol Version": "RDP 10.2 server",
            },
        ),
        (
            # nmap's OpenSSL speaks no TLS 1.0, so the host needs the update for more.
            {"windows": "2008r2", "updates": ["KB3080079"], "registry": {TLS_12: {"Enabled": 1}}},
            {
                "Product_Version": "6.1.7601",
                "Native RDP": "SUCCESS",
                "SSL": "SUCCESS",
                "CredSSP (NLA)": "SUCCESS",
                "CredSSP with Early User Auth": "FAILED (SSL_REQUIRED_BY_SERVER)",
                "RDSTLS": "FAILED (SSL_REQUIRED_BY_SERVER)",
                "RDP Encryption level": "Client Compatible",
                "40-bit RC4": "SUCCESS",
                "56-bit RC4": "SUCCESS",
                "128-bit RC4": "SUCCESS",
                "FIPS 140-1": "SUCCESS",
                "RDP Protocol Version": "RDP 5.x, 6.x, 7.x, or 8.x server",
            },
        ),
        (
            {"registry": {RDP_TCP: {"SecurityLayer": 0, "MinEncryptionLevel": 3}}},
            {
                "Product_Version": None,
                "Native RDP": "SUCCESS",
                "SSL": "FAILED (SSL_NOT_ALLOWED_BY_SERVER)",
                "CredSSP (NLA)": "FAILED (SSL_NOT_ALLOWED_BY_SERVER)",
                "RDP Encryption level": "High",
                "40-bit RC4": "FAILURE",
                "56-bit RC4": "FAILURE",
                "128-bit RC4": "SUCCESS",
                "FIPS 140-1": "SUCCESS",
            },
        ),
    ],
    ids=["nla", "domain-without-nla", "2008r2", "layer-0-high"],
)
def test_nmap_finds_what_is_modelled(run_host: RunHost, data: dict[str, Any], expected: dict[str, str | None]) -> None:
    _lab, host = run_host(**data)
    found = nmap(host.address)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize("skew", [3600, -86400])
def test_nmap_finds_the_clock(run_host: RunHost, skew: int) -> None:
    _lab, host = run_host(clock_skew=skew)
    told = dt.datetime.fromisoformat(nmap(host.address)["System_Time"])
    real = dt.datetime.now(dt.timezone.utc)
    assert abs((told - real).total_seconds() - skew) < NMAP_SECONDS
    assert abs((host.model.now() - real).total_seconds() - skew) < NMAP_SECONDS
