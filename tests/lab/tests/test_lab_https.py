# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM over HTTPS has the TLS versions and cipher suites that Schannel had when Windows started."""

from __future__ import annotations

import socket
import ssl
import warnings
from collections.abc import Callable

import pytest
import requests

from tests.lab.model.registry import REG_DWORD, REG_SZ
from tests.lab.model.tls import CIPHER_POLICY, PROTOCOLS
from tests.lab.runtime import LabHost, LabThread
from tests.lab.tests.test_lab_connections import over_https, reads

RunHost = Callable[..., tuple[LabThread, LabHost]]
VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def negotiated(host: LabHost, version: str, ciphers: str = "ALL") -> str:
    """The suite that a client with one version gets; empty when it gets none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = VERSIONS[version]
    with socket.create_connection((host.address, 5986), 5) as raw:
        try:
            with context.wrap_socket(raw) as secure:
                secure.sendall(b"G")
                suite = secure.cipher()
                return suite[0] if suite else ""
        except OSError:
            return ""


def offered(host: LabHost) -> list[str]:
    return [version for version in VERSIONS if negotiated(host, version)]


@pytest.mark.parametrize(
    ("windows", "versions"),
    [
        ("2008r2", ["TLSv1"]),
        ("2019", ["TLSv1", "TLSv1.1", "TLSv1.2"]),
        ("2022", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ],
)
def test_versions_of_windows(run_host: RunHost, windows: str, versions: list[str]) -> None:
    _lab, host = run_host(windows=windows, winrm={"https": True})
    assert offered(host) == versions


def test_a_version_that_is_switched_off_goes_with_the_restart_of_windows(run_host: RunHost) -> None:
    lab, host = run_host(windows="2022", winrm={"https": True})
    for version in ("TLS 1.0", "TLS 1.1", "TLS 1.2"):
        host.model.registry.set(f"{PROTOCOLS}\\{version}\\Server", "Enabled", REG_DWORD, 0)
    assert offered(host) == list(VERSIONS), "http.sys keeps what it took"
    lab.reboot(host.name, 0.05)
    lab.back(host.name)
    assert offered(host) == ["TLSv1.3"]
    reads(over_https(host, "ntlm"))
    host.model.registry.set(f"{PROTOCOLS}\\TLS 1.3\\Server", "Enabled", REG_DWORD, 0)
    lab.reboot(host.name, 0.05)
    lab.back(host.name)
    assert offered(host) == []
    with pytest.raises(requests.exceptions.ConnectionError):
        reads(over_https(host, "ntlm"))


def test_cipher_suites_of_the_policy(run_host: RunHost) -> None:
    suites = "TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    lab, host = run_host(windows="2022", winrm={"https": True}, registry={CIPHER_POLICY: {"Functions": suites}})
    assert negotiated(host, "TLSv1.2") == "ECDHE-RSA-AES256-GCM-SHA384"
    assert negotiated(host, "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256") == ""
    assert offered(host)[0] == "TLSv1.2", "no suite of the list is one of TLS 1.0 and 1.1"
    host.model.registry.set(CIPHER_POLICY, "Functions", REG_SZ, "TLS_RSA_WITH_AES_128_CBC_SHA")
    lab.reboot(host.name, 0.05)
    lab.back(host.name)
    assert {version: negotiated(host, version) for version in VERSIONS} == {
        **dict.fromkeys(("TLSv1", "TLSv1.1", "TLSv1.2"), "AES128-SHA"),
        "TLSv1.3": "",
    }
