# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against xrdp, a server that speaks standard security and TLS, but no CredSSP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.expect import accepted, full, of_windows, offers, picked, quick
from tests.interop.identity import Identity
from tests.interop.servers import xrdp
from tests.interop.tls_servers import openssl_suites

# What xrdp answers to a request for each protocol alone; CredSSP is asked for with TLS, which it builds on. Unlike
# Windows, it selects standard security also where the client has asked for something else (Windows refuses with
# SSL_NOT_ALLOWED_BY_SERVER), and to the newest protocol it answers with a disconnect of MCS, which is no X.224.
OFFERS = {
    "rdp": {
        "rdp": "rdp",
        "tls": "rdp",
        "credssp": "rdp",
        "credssp_early_auth": "rdp",
        "rdstls": "rdp",
        "entra": "garbage",
    },
    "negotiate": {
        "rdp": "rdp",
        "tls": "tls",
        "credssp": "tls",
        "credssp_early_auth": "tls",
        "rdstls": "rdp",
        "entra": "garbage",
    },
    "tls": {
        "rdp": "SSL_REQUIRED_BY_SERVER",
        "tls": "tls",
        "credssp": "tls",
        "credssp_early_auth": "tls",
        "rdstls": "SSL_REQUIRED_BY_SERVER",
        "entra": "garbage",
    },
}

OLD_AND_NEW = "TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"
# Debian's OpenSSL refuses old versions at its usual security level.
EVERYTHING = "ALL:@SECLEVEL=0"
OPTIONS = {"TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1", "TLS 1.2": "-tls1_2"}
OPENSSL_1_3 = {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}


@pytest.mark.parametrize(
    ("crypt_level", "level", "method"),
    [
        ("none", "none", "none"),
        ("low", "low", "40bit"),
        # xrdp has 40 bits alone here, where Windows takes whatever the client can.
        ("medium", "client_compatible", "40bit"),
        ("high", "high", "128bit"),
        ("fips", "fips", "fips"),
    ],
)
def test_standard_security(rsa: Identity, tmp_path: Path, crypt_level: str, level: str, method: str) -> None:
    with xrdp(tmp_path, rsa, "rdp", crypt_level=crypt_level) as server:
        report = full(server.port)
    values = {
        "stage": "ready",
        "x224/selected": "rdp",
        "x224/security_layer": "rdp",
        "x224/nla": "off",
        "tls/result": "not_tried",
        "credssp/result": "not_tried",
        "standard/result": "response",
        "standard/level": level,
        "standard/method": method,
        "standard/methods": [] if method == "none" else [method],
        "standard/key_bits": None if method == "none" else 2048,
    }
    assert picked(report, values) == values
    assert offers(report) == OFFERS["rdp"]


@pytest.mark.parametrize("security_layer", ["tls", "negotiate"])
def test_tls(rsa: Identity, tmp_path: Path, security_layer: str) -> None:
    with xrdp(tmp_path, rsa, security_layer) as server:
        report = full(server.port)
    values = {
        "stage": "ready",
        "x224/selected": "tls",
        "x224/security_layer": security_layer,
        "x224/nla": "off",
        "tls/result": "completed",
        "tls/version": "TLS 1.3",
        "tls/offer": "modern",
        "tls/key_proved": True,
        "tls/name_match": True,
        "credssp/result": "not_tried",
        **{f"tls/certificate/{name}": value for name, value in rsa.expected().items()},
    }
    assert picked(report, values) == values
    assert offers(report) == OFFERS[security_layer]


@pytest.mark.parametrize(
    ("ssl_protocols", "tls_ciphers", "versions"),
    [
        ("TLSv1.3", "", {"TLS 1.3"}),
        ("TLSv1.2", "ECDHE+AESGCM", {"TLS 1.2"}),
        ("TLSv1.2, TLSv1.3", "HIGH:!DHE", {"TLS 1.2", "TLS 1.3"}),
        ("TLSv1", EVERYTHING, {"TLS 1.0"}),
        (OLD_AND_NEW, EVERYTHING, {"TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"}),
        # The versions are on, but this level leaves no signature that TLS 1.0 and 1.1 could use.
        (OLD_AND_NEW, "ALL:@SECLEVEL=2", {"TLS 1.2", "TLS 1.3"}),
    ],
)
def test_versions_and_ciphers(
    rsa: Identity, tmp_path: Path, ssl_protocols: str, tls_ciphers: str, versions: set[str]
) -> None:
    with xrdp(tmp_path, rsa, "tls", ssl_protocols=ssl_protocols, tls_ciphers=tls_ciphers) as server:
        report = full(server.port)
    found = {name: set(suites) for name, suites in accepted(report).items()}
    assert set(found) == versions
    for name, suites in found.items():
        if name == "TLS 1.3":  # tls_ciphers says nothing about it
            assert suites == OPENSSL_1_3
        else:
            listed = of_windows(openssl_suites(OPTIONS[name], tls_ciphers))
            assert suites == {suite for suite in listed if "_RSA_WITH_" in suite}
        # OpenSSL lets the client choose, unlike Windows.
        assert report["tls"]["versions"][name]["preference"] == "client"
    assert report["ready"]


def test_a_certificate_that_has_run_out(identity_of: Callable[[str], Identity], tmp_path: Path) -> None:
    with xrdp(tmp_path, identity_of("expired"), "tls") as server:
        certificate = quick(server.port)["tls"]["certificate"]
    assert certificate is not None
    assert -1.1 < certificate["days_left"] < -0.9
