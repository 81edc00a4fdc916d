# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which suites a host takes: each version's own, the cipher order policy, SCHANNEL's switches and FIPS.

The clients are OpenSSL's s_client, which speaks TLS at once as CredSSP's direct approach does, and tlslite-ng for what
OpenSSL no longer has.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from tlslite.errors import BaseTLSException
from tlslite.handshakesettings import HandshakeSettings
from tlslite.tlsconnection import TLSConnection

from tests.lab.model.host import Host
from tests.lab.model.tls import algorithm_keys
from tests.lab.rdp import ListenerState
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.lab_clients import pywinrm, registry
from tests.lab.tests.test_lab_heals import REQUEST, restart_term_service

BreakHost = Callable[..., tuple[LabThread, LabHost]]
MakeHost = Callable[..., Host]
SCHANNEL = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL"
LISTS = "Cryptography\\Configuration\\"
POLICY = f"HKLM\\SOFTWARE\\Policies\\Microsoft\\{LISTS}SSL\\00010002"
LOCAL = f"HKLM\\SYSTEM\\CurrentControlSet\\Control\\{LISTS}Local\\SSL\\00010002"
FIPS = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\FipsAlgorithmPolicy"
ON = 0xFFFFFFFF
AES_SHA, ECDHE_GCM = "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
TRIPLE_DES, RC4 = "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_RC4_128_SHA"
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl command")


def agreed(address: str, version: str, suites: str) -> str:
    """The suite that s_client and the host agree on, or the alert number, or "reset"."""
    kind = "-ciphersuites" if version == "tls1_3" else "-cipher"
    named = suites if version == "tls1_3" else f"{suites}:@SECLEVEL=0"
    line = ["openssl", "s_client", "-connect", f"{address}:3389", f"-{version}", kind, named]
    run = subprocess.run(line, input="", capture_output=True, text=True, timeout=10, check=False)
    alert = re.search(r"SSL alert number (\d+)", run.stderr)
    found = re.search(r"Cipher is (?!\(NONE\))(\S+)", run.stdout)
    return alert.group(1) if alert else found.group(1) if found else "reset"


def agreed_old(address: str, version: tuple[int, int], cipher: str) -> bool:
    """Whether tlslite-ng gets through with one old cipher."""
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = version
    settings.cipherNames, settings.macNames = [cipher], ["sha"]
    with socket.create_connection((address, 3389), 3) as connection:
        connection.sendall(REQUEST)
        connection.recv(64)
        try:
            TLSConnection(connection).handshakeClientCert(settings=settings)
        except (BaseTLSException, ConnectionError):
            return False
    return True


def state_of(host: Host) -> ListenerState:
    state = host.remote_desktop.listener()
    assert state is not None
    return state


def suites_of(host: Host) -> tuple[str, ...]:
    return state_of(host).cipher_suites or ()


@needs_openssl
@pytest.mark.parametrize(
    ("windows", "version", "suites", "expected"),
    [
        ("2008r2", "tls1", "AES128-SHA", "AES128-SHA"),
        ("2008r2", "tls1_2", "ALL", "70"),
        ("2012r2", "tls1_2", "ECDHE-RSA-AES256-GCM-SHA384", "40"),
        ("2016", "tls1_2", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("2019", "tls1_1", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-AES256-SHA"),
        ("2019", "tls1_3", "TLS_AES_256_GCM_SHA384", "70"),
        ("2022", "tls1_3", "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
        ("2025", "tls1", "AES128-SHA:AES256-SHA", "AES256-SHA"),
        ("2025", "tls1_2", "ECDHE-RSA-CHACHA20-POLY1305", "40"),
        ("2025", "tls1_2", "NULL-SHA256", "40"),
    ],
)
def test_version_takes_its_own_suites(
    break_host: BreakHost, windows: str, version: str, suites: str, expected: str
) -> None:
    _lab, host = break_host(windows=windows)
    found = agreed(host.address, version, suites)
    if expected == "70":
        assert found in ("70", "reset"), "the client's own alert, or the end"
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("windows", "version", "cipher", "taken"),
    [("7sp1", (3, 1), "3des", True), ("7sp1", (3, 1), "rc4", True), ("2016", (3, 3), "3des", True),
     ("2025", (3, 3), "3des", False), ("11-24h2", (3, 3), "rc4", False)],
)  # fmt: skip
def test_old_suites_by_version(
    break_host: BreakHost, windows: str, version: tuple[int, int], cipher: str, taken: bool
) -> None:
    _lab, host = break_host(windows=windows)
    assert agreed_old(host.address, version, cipher) is taken


def test_old_suites_come_in_no_newer_version_than_the_host_has(break_host: BreakHost) -> None:
    """To a client whose supported_versions name newer ones, too."""
    _lab, host = break_host(windows="7sp1", registry={POLICY: {"Functions": TRIPLE_DES}})
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = (3, 1), (3, 4)
    settings.cipherNames = ["aes128gcm", "3des"]
    with socket.create_connection((host.address, 3389), 3) as stream:
        stream.sendall(REQUEST)
        stream.recv(64)
        client = TLSConnection(stream)
        client.handshakeClientCert(settings=settings)
        assert client.version == (3, 1)


@needs_openssl
@pytest.mark.parametrize("functions", [f"{TRIPLE_DES},{RC4}", [TRIPLE_DES, RC4]], ids=["REG_SZ", "REG_MULTI_SZ"])
def test_policy_without_a_common_suite_until_it_goes(break_host: BreakHost, functions: Any) -> None:
    lab, host = break_host(windows="2019", registry={POLICY: {"Functions": functions}})
    assert agreed(host.address, "tls1_2", "ALL") in ("40", "reset")
    assert 36874 in host.model.events.ids()
    protocol = pywinrm(host.address)
    gone = registry(protocol, "DeleteValue", POLICY.removeprefix("HKLM\\"), "Functions")
    assert gone["ReturnValue"] == ["0"]
    assert agreed(host.address, "tls1_2", "AES128-SHA") in ("40", "reset"), "a restart is needed"
    restart_term_service(lab, host, protocol)
    assert agreed(host.address, "tls1_2", "AES128-SHA") == "AES128-SHA"


@needs_openssl
@pytest.mark.parametrize(("alerts", "expected"), [(True, "40"), (False, "reset")])
def test_no_common_suite_with_and_without_an_alert(break_host: BreakHost, alerts: bool, expected: str) -> None:
    _lab, host = break_host(schannel_alerts=alerts, registry={POLICY: {"Functions": ECDHE_GCM}})
    assert agreed(host.address, "tls1_2", "AES128-SHA") == expected
    assert {36874, 36888, 139} <= set(host.model.events.ids())


def test_policy_before_local_list_before_the_default(make_host: MakeHost) -> None:
    both = {POLICY: {"Functions": ECDHE_GCM}, LOCAL: {"Functions": [AES_SHA]}}
    assert suites_of(make_host(registry=both)) == (ECDHE_GCM,)
    assert suites_of(make_host(registry={LOCAL: both[LOCAL]})) == (AES_SHA,)
    untouched = suites_of(make_host())
    assert len(untouched) > 10
    assert suites_of(make_host(registry={LOCAL: {"Functions": None}})) == untouched


@pytest.mark.parametrize(
    ("key", "gone"),
    [
        ("Ciphers\\AES 128/128", "_AES_128_"),
        ("Ciphers\\Triple DES 168", "_3DES_"),
        ("Hashes\\SHA", "_SHA$"),
        ("Hashes\\SHA256", "_SHA256$"),
        ("KeyExchangeAlgorithms\\PKCS", "^TLS_RSA_"),
        ("KeyExchangeAlgorithms\\ECDH", "^TLS_ECDHE_"),
        ("KeyExchangeAlgorithms\\Diffie-Hellman", "^TLS_DHE_"),
    ],
)
def test_switches(make_host: MakeHost, key: str, gone: str) -> None:
    whole = suites_of(make_host(windows="2016"))
    left = tuple(suite for suite in whole if not re.search(gone, suite))
    assert left != whole
    for value, expected in ((0, left), (1, left), (ON, whole)):
        host = make_host(windows="2016", registry={f"{SCHANNEL}\\{key}": {"Enabled": value}})
        assert suites_of(host) == expected, value


def test_tls_1_3_has_no_key_exchange_without_ecdh(make_host: MakeHost) -> None:
    host = make_host(windows="2022", registry={f"{SCHANNEL}\\KeyExchangeAlgorithms\\ECDH": {"Enabled": 0}})
    assert {suite.partition("_WITH_")[0] for suite in suites_of(host)} == {"TLS_RSA", "TLS_DHE_RSA"}


def test_one_everywhere_leaves_nothing(make_host: MakeHost) -> None:
    keys = {key for suite in suites_of(make_host()) for key in algorithm_keys(suite)}
    host = make_host(registry={f"{SCHANNEL}\\{key}": {"Enabled": 1} for key in keys})
    assert suites_of(host) == ()
    assert state_of(host).tls_versions, "1 is enough below Protocols"


@needs_openssl
def test_bound_certificate_with_an_ec_key(break_host: BreakHost) -> None:
    _lab, host = break_host(windows="2019", certificate={"bound": "valid", "bound_key": "ec"})
    suite = "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert agreed(host.address, "tls1_2", suite) == suite
    assert agreed(host.address, "tls1_2", "ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA") == "40"


@needs_openssl
def test_fips(break_host: BreakHost) -> None:
    lab, host = break_host(windows="7sp1", registry={FIPS: {"Enabled": 1}})
    assert state_of(host.model).min_encryption_level == 4
    assert not agreed_old(host.address, (3, 1), "rc4")
    assert agreed_old(host.address, (3, 1), "3des")
    assert agreed(host.address, "tls1", "AES128-SHA") == "AES128-SHA"
    protocol = pywinrm(host.address)
    registry(protocol, "SetDWORDValue", FIPS.removeprefix("HKLM\\"), "Enabled", "<p:uValue>0</p:uValue>")
    restart_term_service(lab, host, protocol)
    assert agreed_old(host.address, (3, 1), "rc4")
