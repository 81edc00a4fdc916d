# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against FreeRDP's shadow server, which also speaks CredSSP."""

from __future__ import annotations

import socket
from pathlib import Path

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.interop.expect import full, offers, picked
from tests.interop.identity import Identity
from tests.interop.servers import shadow

PROTOCOLS = ("rdp", "tls", "credssp", "credssp_early_auth", "rdstls", "entra")
# What it says to a protocol that /sec: does not allow, as Windows does with SecurityLayer 0, 2 and NLA.
REFUSALS = {
    "rdp": "SSL_NOT_ALLOWED_BY_SERVER",
    "tls": "SSL_REQUIRED_BY_SERVER",
    "credssp": "HYBRID_REQUIRED_BY_SERVER",
}
# CredSSP is asked for with TLS, and early user authentication with both: those requests are met by less.
INCLUDED_IN = {
    "rdp": ("rdp",),
    "tls": ("tls", "credssp", "credssp_early_auth"),
    "credssp": ("credssp", "credssp_early_auth"),
}


def offers_of(only: str) -> dict[str, str]:
    return {name: only if name in INCLUDED_IN[only] else REFUSALS[only] for name in PROTOCOLS}


def probed(folder: Path, identity: Identity, screen: str, sec: str) -> Report:
    with shadow(folder, identity, sec, on=screen) as server:
        return full(server.port)


def test_tls(rsa: Identity, tmp_path: Path, screen: str) -> None:
    report = probed(tmp_path, rsa, screen, "tls")
    values = {
        "stage": "ready",
        "x224/selected": "tls",
        "x224/security_layer": "tls",
        "x224/nla": "off",
        "tls/result": "completed",
        "tls/version": "TLS 1.3",
        "tls/key_proved": True,
        "credssp/result": "not_tried",
        "standard/result": "not_tried",
        **{f"tls/certificate/{name}": value for name, value in rsa.expected().items()},
    }
    assert picked(report, values) == values
    assert offers(report) == offers_of("tls")


def test_nla(rsa: Identity, tmp_path: Path, screen: str) -> None:
    report = probed(tmp_path, rsa, screen, "nla")
    name = socket.gethostname().split(".")[0]
    values = {
        "stage": "ready",
        "x224/selected": "credssp",
        # A server that insists on NLA does not say which of the two others it would take without.
        "x224/security_layer": None,
        "x224/nla": "required",
        "tls/result": "completed",
        "tls/key_proved": True,
        "credssp/result": "challenge",
        "credssp/error_code": None,
        # FreeRDP says that it is Windows 7 SP1, and takes its names from the host's.
        "credssp/os_version": "6.1.7601",
        "credssp/netbios_computer": name.upper()[:15],
        "standard/result": "not_tried",
    }
    assert picked(report, values) == values
    assert offers(report) == offers_of("credssp")
    skew = report["credssp"]["clock_skew"]
    assert skew is not None
    # The same clock on both sides, told in whole seconds.
    assert abs(skew) < 3


def test_standard_security(rsa: Identity, tmp_path: Path, screen: str) -> None:
    report = probed(tmp_path, rsa, screen, "rdp")
    values = {
        "stage": "ready",
        "x224/selected": "rdp",
        "x224/security_layer": "rdp",
        "x224/nla": "off",
        "standard/result": "response",
        # Unlike Windows, a client with no address of another machine gets no encryption.
        "standard/method": "none",
        "standard/level": "none",
    }
    assert picked(report, values) == values
    assert offers(report) == offers_of("rdp")
