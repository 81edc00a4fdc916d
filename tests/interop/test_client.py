# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that is not ours: xfreerdp goes on where the probe says ready, and fails where it says not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from tests.interop.client import Outcome, xfreerdp
from tests.interop.expect import quick
from tests.interop.identity import Identity
from tests.interop.lab_hosts import PASSWORD as LAB_PASSWORD
from tests.interop.lab_hosts import RDP_PORT
from tests.interop.lab_hosts import USER as LAB_USER
from tests.interop.servers import Server, shadow, xrdp
from tests.interop.tls_servers import gnutls_server, s_server
from tests.lab.runtime import LabHost

NO_SUITE = ("-tls1_2", "-cipher", "CAMELLIA:@SECLEVEL=0")
ONLY_3DES = "NONE:+VERS-TLS1.2:+RSA:+3DES-CBC:+SHA1:+COMP-NULL:+SIGN-ALL"

Start = Callable[[Path, Identity, str], AbstractContextManager[Server]]
# By name: how to start the server, whether the probe says ready, and the last state that xfreerdp reaches.
SERVERS: dict[str, tuple[Start, bool, str]] = {
    "xrdp tls": (lambda at, identity, _screen: xrdp(at, identity, "tls"), True, "ACTIVE"),
    "xrdp negotiate": (lambda at, identity, _screen: xrdp(at, identity, "negotiate"), True, "ACTIVE"),
    "xrdp fips": (lambda at, identity, _screen: xrdp(at, identity, "rdp", crypt_level="fips"), True, "ACTIVE"),
    # They agree on keys; but then FreeRDP 2.11 and xrdp 0.9.21, both on OpenSSL 3, make different checksums with RC4.
    "xrdp high": (lambda at, identity, _screen: xrdp(at, identity, "rdp", crypt_level="high"), True, "LICENSING"),
    "shadow rdp": (lambda at, identity, screen: shadow(at, identity, "rdp", on=screen), True, "ACTIVE"),
    "shadow tls": (lambda at, identity, screen: shadow(at, identity, "tls", on=screen), True, "ACTIVE"),
    "shadow nla": (lambda at, identity, screen: shadow(at, identity, "nla", on=screen), True, "ACTIVE"),
    "no common suite": (lambda at, identity, _screen: s_server(at, identity, *NO_SUITE), False, "NEGO"),
    "3DES alone": (lambda at, identity, _screen: gnutls_server(at, identity, ONLY_3DES), False, "NEGO"),
}
# By host of the lab: whether the probe says ready, and options for xfreerdp. The lab ends with MCS Connect. OpenSSL of
# Debian has TLS 1.0 and 1.1 only at security level 0, where clients of Windows have them as they come.
OLD_TLS = ("/tls-seclevel:0",)
HOSTS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "WIN-2022": (True, ()),
    "WIN-2012R2": (True, ()),
    "WIN-7SP1": (True, OLD_TLS),
    "LAYER0-NLA0": (True, ()),
    "LAYER1-NLA0": (True, ()),
    "OLD-TLS-ONLY": (True, OLD_TLS),
    "EXPIRED": (True, ()),
    "KEY-MISSING": (False, ()),
    "KEY-UNREADABLE": (False, ()),
    "NO-TLS": (False, OLD_TLS),
    "RDP-OFF": (False, ()),
}


@pytest.mark.parametrize("name", SERVERS)
def test_other_servers(rsa: Identity, tmp_path: Path, screen: str, name: str) -> None:
    start, ready, last = SERVERS[name]
    with start(tmp_path, rsa, screen) as server:
        report = quick(server.port)
        outcome = xfreerdp(server.port, tmp_path, screen)
    assert report["ready"] is ready, report
    assert outcome.past_security is ready, outcome.told
    assert outcome.states[-1] == last, outcome.told
    assert outcome.connected is (last == "ACTIVE"), outcome.told


def test_a_wrong_password_fails_after_the_probe_is_done(rsa: Identity, tmp_path: Path, screen: str) -> None:
    """The probe can not know, for it sends no credentials. The failure shows that the server looks at xfreerdp's."""
    with shadow(tmp_path, rsa, "nla", on=screen) as server:
        report = quick(server.port)
        outcome = xfreerdp(server.port, tmp_path, screen, password="not this one")
    assert report["ready"]
    assert (outcome.states[-1], outcome.connected) == ("NLA", False), outcome.told


@pytest.fixture(scope="module")
def outcomes(
    hosts: dict[str, LabHost], screen: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Report, Outcome]]:
    """What the probe and xfreerdp say of each of the lab's hosts, several at a time: both mostly wait."""

    def both(name: str) -> tuple[Report, Outcome]:
        address, (_ready, options) = hosts[name].address, HOSTS[name]
        home = tmp_path_factory.mktemp(name)
        report = quick(RDP_PORT, address)
        return report, xfreerdp(RDP_PORT, home, screen, *options, host=address, user=LAB_USER, password=LAB_PASSWORD)

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(HOSTS, pool.map(both, HOSTS), strict=True))


@pytest.mark.parametrize("name", HOSTS)
def test_lab_hosts(outcomes: dict[str, tuple[Report, Outcome]], name: str) -> None:
    ready, _options = HOSTS[name]
    report, outcome = outcomes[name]
    assert report["ready"] is ready, report
    assert outcome.past_security is ready, outcome.told
    over_nla = report["x224"]["selected"] in ("credssp", "credssp_early_auth")
    assert ("NLA" in outcome.states) is (ready and over_nla), outcome.told
