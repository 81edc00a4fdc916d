# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is foreseen of clients and servers, against real handshakes with servers of others.

Every client profile connects to servers that have the versions, suites and order of every server profile, as far as
OpenSSL has them, to servers that were hardened, to tlslite-ng for what is older, and to xrdp and FreeRDP's shadow
server. Predictions and outcomes are compared case by case. CredSSP's own answer is no part of it: none of the servers
has accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.probe import probe
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import PROFILES
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_release, of_wire
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES
from tests.interop import identity as identities
from tests.interop import pairs, servers
from tests.interop.agreement import compared
from tests.interop.client import xfreerdp
from tests.interop.connecting import openssl_knows
from tests.interop.identity import Identity
from tests.interop.pairs import HOST

IdentityOf = Callable[[str], Identity]


def _alike() -> dict[str, list[str]]:
    """Releases by the first of those that are alike as servers: it is played for all of them."""
    found: dict[tuple[object, ...], list[str]] = {}
    for release in RELEASES:
        server = of_release("", release.key)
        shape = (tuple(server["tls_versions"] or []), tuple(server["suites"] or []), server["nla"])
        found.setdefault(shape, []).append(release.key)
    return {releases[0]: releases for releases in found.values()}


ALIKE = _alike()
KEYS = {"rsa": "RSA", "ec": "ECDSA"}
GCM = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]
HARDENED: dict[str, dict[str, Any]] = {
    "TLS 1.2 alone": {"tls_versions": ["TLS 1.2"]},
    "TLS 1.3 alone": {"tls_versions": ["TLS 1.3"], "suites": ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]},
    "TLS 1.0 alone": {"tls_versions": ["TLS 1.0"]},
    "GCM alone": {"suites": GCM},
    "ECDHE_RSA with CBC alone": {"suites": ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"]},
    "DHE alone": {"suites": ["TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"], "tls_versions": ["TLS 1.2"]},
}


def real(release: str, **changes: Any) -> ServerParty:
    """A server profile as OpenSSL can play it: the suites that it has, and CVE-2018-0886 corrected."""
    found = {**of_release(release, release), "credssp_fixed": True, **changes}
    found["suites"] = openssl_knows(found["suites"])
    # Python can set neither the suites of TLS 1.3 nor their order; OpenSSL has CHACHA20 between them.
    return cast(ServerParty, found)


@pytest.mark.parametrize("release", ALIKE)
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_every_client_with_every_release(identity_of: IdentityOf, release: str, kind: str) -> None:
    server = real(release, key=KEYS[kind])
    with pairs.openssl(
        identity_of(kind), server["tls_versions"] or [], server["suites"] or [], nla=bool(server["nla"])
    ) as port:
        assert compared(server, HOST, port, stands_for=len(ALIKE[release])) == []


@pytest.mark.parametrize("name", HARDENED)
@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("nla", [False, True])
def test_every_client_with_hardened_hosts(identity_of: IdentityOf, name: str, kind: str, nla: bool) -> None:
    changes = {"tls_versions": ["TLS 1.0", "TLS 1.1", "TLS 1.2"], **HARDENED[name]}
    server = real("2022", name=name, key=KEYS[kind], nla=nla, **changes)
    with pairs.openssl(identity_of(kind), server["tls_versions"] or [], server["suites"] or [], nla=nla) as port:
        assert compared(server, HOST, port) == []


OLD = {
    "RC4 alone": (["rc4"], ["TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_RC4_128_MD5"]),
    "3DES alone": (["3des"], ["TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
    "AES 128": (["aes128"], ["TLS_RSA_WITH_AES_128_CBC_SHA"]),
}


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize(("version", "number"), [("TLS 1.0", (3, 1)), ("TLS 1.1", (3, 2))])
def test_every_client_with_what_openssl_has_no_more(
    rsa: Identity, name: str, version: str, number: tuple[int, int]
) -> None:
    ciphers, suites = OLD[name]
    changes: dict[str, Any] = {"tls_versions": [version], "suites": suites, "nla": False, "credssp_fixed": True}
    server = cast(ServerParty, {**of_release(f"{name} over {version}", "2008r2"), **changes})
    with pairs.tlslite(rsa, number, ciphers, nla=False) as port:
        assert compared(server, HOST, port) == []


def test_every_client_with_standard_security() -> None:
    with pairs.without_tls() as port:
        assert compared(of_release("xp", "xp"), HOST, port) == []


@pytest.mark.parametrize("protocols", ["TLSv1.2", "TLSv1.2, TLSv1.3", "TLSv1, TLSv1.1"])
def test_every_client_with_xrdp(rsa: Identity, tmp_path: Path, protocols: str) -> None:
    """What is known of it is what a full probe sees, and TLS is all that it does."""
    with servers.xrdp(tmp_path, rsa, "tls", ssl_protocols=protocols, tls_ciphers="ALL:@SECLEVEL=0") as running:
        clients = [_without_credssp(client) for client in PROFILES.values()]
        assert _as_probed(f"xrdp {protocols}", running.port, clients) == []


@pytest.mark.parametrize("security", ["rdp", "tls", "nla"])
def test_every_client_with_the_shadow_server(rsa: Identity, tmp_path: Path, screen: str, security: str) -> None:
    with servers.shadow(tmp_path, rsa, security, on=screen) as running:
        clients = (
            list(PROFILES.values()) if security != "tls" else [_without_credssp(each) for each in PROFILES.values()]
        )
        assert _as_probed(f"shadow {security}", running.port, clients) == []


def _as_probed(name: str, port: int, clients: list[ClientParty]) -> list[str]:
    """Pairs with a server of which only is known what a full probe sees."""
    wire = probe(identities.HOST, port, depth="full", deadline=60.0)
    assert wire["complete"]
    server = cast(ServerParty, {**of_wire(name, wire), "credssp_fixed": True})
    orders = {found["preference"] for found in wire["tls"]["versions"].values()} - {None}
    return compared(server, identities.HOST, port, clients, whose_order="server" if orders == {"server"} else None)


def _without_credssp(client: ClientParty) -> ClientParty:
    """xrdp knows no CredSSP, and Windows always does: the choice between them is not what is tested there."""
    return {**client, "protocols": ["rdp", "tls"]}


@pytest.mark.parametrize(("version", "through"), [("TLS 1.0", False), ("TLS 1.1", False), ("TLS 1.2", True)])
def test_the_profile_of_freerdp_is_freerdp(
    rsa: Identity, tmp_path: Path, screen: str, version: str, through: bool
) -> None:
    """The real client, with its own settings, against a server of one version."""
    server = real("2016", name=version, tls_versions=[version], nla=False)
    found = foresee({**PROFILES["freerdp-2"], "protocols": ["tls"]}, server)
    assert found["connects"] is through
    with pairs.openssl(rsa, [version], server["suites"] or [], nla=False) as port:
        outcome = xfreerdp(port, tmp_path, screen, "/sec:tls", host=HOST)
    assert outcome.past_security is through, outcome.told
    assert ("ERRCONNECT_TLS_CONNECT_FAILED" in outcome.told) is not through
