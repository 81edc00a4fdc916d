# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS survey against the TLS stacks of others: OpenSSL, GnuTLS and tlslite-ng, behind an X.224 stub.

What a server accepts is read from its own configuration (``openssl ciphers``), never from the probe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.interop.expect import accepted, full, of_windows, offers, picked, quick
from tests.interop.identity import Identity
from tests.interop.tls_servers import gnutls_server, openssl_suites, s_server, tlslite_server

IdentityOf = Callable[[str], Identity]

VERSIONS = {"TLS 1.0": "-tls1", "TLS 1.1": "-tls1_1", "TLS 1.2": "-tls1_2", "TLS 1.3": "-tls1_3"}
# Every suite that OpenSSL still has, with the short keys and old hashes that it would refuse.
ALL = "ALL:NULL:@SECLEVEL=0"
ALL_1_3 = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256"
AUTHENTICATION = {"rsa": ("TLS_RSA_", "TLS_DHE_RSA_", "TLS_ECDHE_RSA_"), "ec": ("TLS_ECDHE_ECDSA_",)}


def with_key(kind: str, suites: Sequence[str]) -> set[str]:
    """The suites that a server with this kind of key can use."""
    return {suite for suite in suites if suite.startswith(AUTHENTICATION[kind])}


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_every_version_and_suite_of_openssl(identity_of: IdentityOf, tmp_path: Path, kind: str) -> None:
    identity = identity_of(kind)
    with s_server(tmp_path, identity, "-cipher", ALL, "-ciphersuites", ALL_1_3) as server:
        report = full(server.port)
    expected = {
        name: with_key(kind, of_windows(openssl_suites(VERSIONS[name], ALL))) for name in VERSIONS if name != "TLS 1.3"
    }
    expected["TLS 1.3"] = set(of_windows(openssl_suites("-tls1_3", ALL_1_3)))
    assert all(expected.values())
    assert {name: set(suites) for name, suites in accepted(report).items()} == expected
    # This machine's OpenSSL has no SSL 3.0; its answer is an alert, not silence.
    assert report["tls"]["versions"]["SSL 3.0"]["result"] == "alert"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_of_one_version(rsa: Identity, tmp_path: Path, version: str) -> None:
    chosen = ALL_1_3 if version == "TLS 1.3" else ALL
    with s_server(tmp_path, rsa, VERSIONS[version], "-cipher", ALL, "-ciphersuites", ALL_1_3) as server:
        report = full(server.port)
    suites = of_windows(openssl_suites(VERSIONS[version], chosen))
    expected = set(suites) if version == "TLS 1.3" else with_key("rsa", suites)
    assert {name: set(found) for name, found in accepted(report).items()} == {version: expected}
    values = {
        "tls/result": "completed",
        "tls/version": version,
        "tls/key_proved": True,
        # No released Windows client has TLS 1.0 or 1.1 off by default (Microsoft, "TLS 1.0 and TLS 1.1 deprecation").
        "ready": True,
        "x224/security_layer": "tls",
        "x224/nla": "off",
    }
    assert picked(report, values) == values
    assert report["tls"]["cipher"] in expected
    # As the stub answers: TLS where it is among what is asked for, else that it insists on it.
    assert offers(report) == {
        "rdp": "SSL_REQUIRED_BY_SERVER",
        "tls": "tls",
        "credssp": "tls",
        "credssp_early_auth": "tls",
        "rdstls": "SSL_REQUIRED_BY_SERVER",
        "entra": "SSL_REQUIRED_BY_SERVER",
    }


@pytest.mark.parametrize(
    ("suite", "version"),
    [
        ("ECDHE-RSA-AES256-GCM-SHA384", "-tls1_2"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2"),
        ("ECDHE-RSA-AES256-SHA384", "-tls1_2"),
        ("ECDHE-RSA-AES128-SHA256", "-tls1_2"),
        ("DHE-RSA-AES256-GCM-SHA384", "-tls1_2"),
        ("DHE-RSA-AES128-SHA", "-tls1_2"),
        ("AES256-GCM-SHA384", "-tls1_2"),
        ("AES128-SHA256", "-tls1_2"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "-tls1_2"),
        ("ECDHE-ECDSA-AES128-SHA", "-tls1_2"),
        ("ECDHE-RSA-AES256-SHA", "-tls1_1"),
        ("AES128-SHA", "-tls1_1"),
        ("ECDHE-ECDSA-AES256-SHA", "-tls1"),
        ("DHE-RSA-AES256-SHA", "-tls1"),
        ("AES256-SHA", "-tls1"),
        ("TLS_AES_256_GCM_SHA384", "-tls1_3"),
        ("TLS_AES_128_GCM_SHA256", "-tls1_3"),
    ],
)
def test_the_handshake_completes_with_each_suite(
    identity_of: IdentityOf, tmp_path: Path, suite: str, version: str
) -> None:
    """One suite is all that the server has: the key is proved with it, by a signature or by decryption."""
    identity = identity_of("ec" if "ECDSA" in suite else "rsa")
    newest = version == "-tls1_3"
    chosen = ["-ciphersuites", suite] if newest else ["-cipher", f"{suite}:@SECLEVEL=0"]
    with s_server(tmp_path, identity, version, *chosen) as server:
        report = quick(server.port)
    (name,) = openssl_suites(version, suite if newest else f"{suite}:@SECLEVEL=0")
    # Windows 11 22H2 and later offer no DHE by default.
    current = not suite.startswith("DHE")
    values = {
        "tls/result": "completed",
        "tls/cipher": name,
        "tls/key_proved": True,
        "tls/offer": "modern" if current else "everything",
        "ready": current,
    }
    assert picked(report, values) == values
    certificate = {f"tls/certificate/{place}": value for place, value in identity.expected().items()}
    assert picked(report, certificate) == certificate


@pytest.mark.parametrize("side", ["server", "client"])
def test_whose_preference_decides(rsa: Identity, tmp_path: Path, side: str) -> None:
    order = ["AES128-SHA", "ECDHE-RSA-AES256-GCM-SHA384", "AES256-SHA256"]
    ciphers = ":".join(order) + ":@SECLEVEL=0"
    options = ["-serverpref"] if side == "server" else []
    with s_server(tmp_path, rsa, "-tls1_2", "-cipher", ciphers, *options) as server:
        found = full(server.port)["tls"]["versions"]["TLS 1.2"]
    configured = openssl_suites("-tls1_2", ciphers)
    assert found["preference"] == side
    assert sorted(found["ciphers"]) == sorted(configured)
    if side == "server":
        assert found["ciphers"] == configured


def test_one_suite_tells_nothing_of_preference(rsa: Identity, tmp_path: Path) -> None:
    with s_server(tmp_path, rsa, "-tls1_2", "-cipher", "AES256-SHA", "-serverpref") as server:
        assert full(server.port)["tls"]["versions"]["TLS 1.2"]["preference"] is None


def test_the_suites_of_a_dss_key(identity_of: IdentityOf, tmp_path: Path) -> None:
    """Old Windows takes DSS certificates. The survey lists the suites; the probe completes no handshake with them."""
    ciphers = "aDSS:@SECLEVEL=0"
    with s_server(tmp_path, identity_of("dsa"), "-tls1_2", "-cipher", ciphers) as server:
        report = full(server.port)
    assert set(accepted(report)["TLS 1.2"]) == set(of_windows(openssl_suites("-tls1_2", ciphers)))
    assert not report["ready"]


@pytest.mark.parametrize("kind", ["rsa", "ec", "expired"])
def test_the_certificate(identity_of: IdentityOf, tmp_path: Path, kind: str) -> None:
    identity = identity_of(kind)
    with s_server(tmp_path, identity) as server:
        report = quick(server.port)
    found = report["tls"]["certificate"]
    assert found is not None
    assert {name: found[name] for name in identity.expected()} == identity.expected()  # type: ignore[literal-required]
    assert found["eku"] == ["1.3.6.1.5.5.7.3.1"]
    assert found["key_algorithm"] == ("EC" if kind == "ec" else "RSA")
    assert report["tls"]["name_match"] is True
    assert (found["days_left"] < 0) is (kind == "expired")
    # mstsc warns of an expired certificate and connects all the same.
    assert report["ready"]


def test_a_server_without_a_common_suite(rsa: Identity, tmp_path: Path) -> None:
    """Camellia is in no Windows: nothing that a client of Windows offers is taken."""
    with s_server(tmp_path, rsa, "-tls1_2", "-cipher", "CAMELLIA:@SECLEVEL=0") as server:
        report = full(server.port)
    values = {
        "stage": "tls",
        "ready": False,
        "tls/result": "alert",
        "tls/alert": "handshake_failure",
        "tls/key_proved": False,
        "tls/certificate": None,
    }
    assert picked(report, values) == values
    assert accepted(report) == {}


GNUTLS_OLD = "NONE:+VERS-{}:+RSA:+3DES-CBC:+ARCFOUR-128:+SHA1:+MD5:+COMP-NULL:%SERVER_PRECEDENCE"
# By number, as gnutls-cli --list prints them: 0x00,0x0a 0x00,0x05 0x00,0x04.
WEAK = ["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_RC4_128_MD5"]


@pytest.mark.parametrize("version", ["TLS 1.0", "TLS 1.1", "TLS 1.2"])
def test_the_weak_suites_of_gnutls(rsa: Identity, tmp_path: Path, version: str) -> None:
    """3DES and RC4, which no OpenSSL of Debian has any more."""
    with gnutls_server(tmp_path, rsa, GNUTLS_OLD.format(version.replace(" ", "")) + ":+SIGN-ALL") as server:
        report = full(server.port)
    assert accepted(report) == {version: WEAK}
    values = {
        f"tls/versions/{version}/preference": "server",
        "ready": False,
        "tls/result": "completed",
        "tls/key_proved": True,
        "tls/version": version,
        "tls/offer": "everything",
    }
    assert picked(report, values) == values


@pytest.mark.parametrize(
    ("group", "version"),
    [("SECP256R1", "TLS 1.3"), ("SECP384R1", "TLS 1.3"), ("X25519", "TLS 1.3"), ("SECP384R1", "TLS 1.2")],
)
def test_the_groups_of_gnutls(rsa: Identity, tmp_path: Path, group: str, version: str) -> None:
    """Each curve that Windows has, alone; a HelloRetryRequest where the client guessed another."""
    priority = (
        f"NONE:+VERS-{version.replace(' ', '')}:+ECDHE-RSA:+AES-256-GCM:+AEAD:+COMP-NULL:+SIGN-ALL:+GROUP-{group}"
    )
    with gnutls_server(tmp_path, rsa, priority) as server:
        report = quick(server.port)
    values = {"ready": True, "tls/result": "completed", "tls/version": version, "tls/key_proved": True}
    assert picked(report, values) == values


def test_ssl_3(rsa: Identity, tmp_path: Path) -> None:
    """SSL 3.0, which only a TLS library of pure Python still speaks."""
    with tlslite_server(rsa, (3, 0)) as server:
        report = full(server.port)
    assert set(accepted(report)) == {"SSL 3.0"}
    # tlslite-ng's settings below name these ciphers, with RSA key exchange.
    assert set(report["tls"]["versions"]["SSL 3.0"]["ciphers"]) == {
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        *WEAK,
    }
    values = {"ready": False, "tls/result": "completed", "tls/version": "SSL 3.0", "tls/offer": "everything"}
    assert picked(report, values) == values
