# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of Schannel's settings leaves the controller its own way in over HTTPS."""

from __future__ import annotations

import ssl
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.winrm import controller
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.locked_out import check_controller
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import TlsSide
from tests.unit.wire import certificates

RSA = certificates.der(certificates.make(rsa.generate_private_key(65537, 2048)))
EC = certificates.der(certificates.make(ec.generate_private_key(ec.SECP256R1())))
ALL = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
SUITES = DEFAULTS["2022"]
OLD = ("TLS_RSA_WITH_3DES_EDE_CBC_SHA",)
EC_ALONE = ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",)
RSA_ALONE = ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",)


def context_of(lowest: ssl.TLSVersion, highest: ssl.TLSVersion, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.maximum_version = lowest, highest
    context.set_ciphers(ciphers)
    return context


TODAY = context_of(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED)
NEWEST = context_of(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
ANCIENT = context_of(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1, "DEFAULT:@SECLEVEL=0")
WITHOUT_1_3 = context_of(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)


def settings(versions: tuple[str, ...], suites: tuple[str, ...] | None = SUITES) -> Tls:
    states = {name: {"server": {"state": "enabled" if name in versions else "disabled"}} for name in ALL}
    # The RDP listener is not asked: it may know less than WinRM.
    return cast(Tls, {"protocols": states, "usable_suites": None if suites is None else list(suites)})


@pytest.mark.parametrize(
    ("context", "versions"),
    [(TODAY, ["TLS 1.2", "TLS 1.3"]), (NEWEST, ["TLS 1.3"]), (ANCIENT, ["TLS 1.0"]), (WITHOUT_1_3, ["TLS 1.2"])],
)
def test_what_a_context_offers(context: ssl.SSLContext, versions: list[str]) -> None:
    found = controller(context)
    assert found["tls_versions"] == versions
    assert "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" in (found["suites"] or [])


@pytest.mark.parametrize(
    ("context", "certificate", "now", "then", "why"),
    [
        (TODAY, RSA, settings(ALL), settings(("TLS 1.2",)), ""),
        (TODAY, RSA, settings(ALL), settings(("TLS 1.3",)), ""),
        (TODAY, RSA, settings(ALL), settings(("TLS 1.0", "TLS 1.1")), "No TLS version in common"),
        (WITHOUT_1_3, RSA, settings(ALL), settings(("TLS 1.3",)), "No TLS version in common"),
        (NEWEST, RSA, settings(ALL), settings(("TLS 1.2",)), "No TLS version in common"),
        (ANCIENT, RSA, settings(ALL), settings(("TLS 1.2", "TLS 1.3")), "No TLS version in common"),
        # The list: what is left has to suit the controller and the key of WinRM's certificate.
        (TODAY, RSA, settings(("TLS 1.2",)), settings(("TLS 1.2",), OLD), "No cipher suite of TLS 1.2 in common"),
        (TODAY, RSA, settings(("TLS 1.2",)), settings(("TLS 1.2",), EC_ALONE), "RSA key serves none"),
        (TODAY, EC, settings(("TLS 1.2",)), settings(("TLS 1.2",), EC_ALONE), ""),
        (TODAY, EC, settings(("TLS 1.2",)), settings(("TLS 1.2",), RSA_ALONE), "ECDSA key serves none"),
        (TODAY, b"", settings(("TLS 1.2",)), settings(("TLS 1.2",), RSA_ALONE), ""),
        # What is not known refuses nothing, and who does not get in now is not locked out.
        (TODAY, RSA, settings(ALL), settings(("TLS 1.2",), None), ""),
        (TODAY, RSA, settings(("TLS 1.0",)), settings(()), ""),
    ],
)
def test_the_controller_keeps_its_way_in(
    context: ssl.SSLContext, certificate: bytes, now: Tls, then: Tls, why: str
) -> None:
    connection = TlsSide(context, certificate)
    if not why:
        check_controller(now, then, connection)
        return
    with pytest.raises(Refused, match=f"lock out the controller itself.*{why}.*or set force"):
        check_controller(now, then, connection)
