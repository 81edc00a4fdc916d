# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""WinRM over HTTPS as a server, and this controller as its client. Pure.

MEM: HTTP.sys, behind which WinRM listens, takes TLS versions and cipher suites from Schannel's settings of the machine
when Windows starts, also those that the RDP listener does not know.
"""

from __future__ import annotations

import ssl
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire import x509
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import SUITES
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import KEYS, unknown
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Tls

_VERSIONS: Final = {
    "TLS 1.0": (ssl.TLSVersion.TLSv1, ssl.OP_NO_TLSv1, ssl.HAS_TLSv1),
    "TLS 1.1": (ssl.TLSVersion.TLSv1_1, ssl.OP_NO_TLSv1_1, ssl.HAS_TLSv1_1),
    "TLS 1.2": (ssl.TLSVersion.TLSv1_2, ssl.OP_NO_TLSv1_2, ssl.HAS_TLSv1_2),
    "TLS 1.3": (ssl.TLSVersion.TLSv1_3, ssl.OP_NO_TLSv1_3, ssl.HAS_TLSv1_3),
}
# OpenSSL 3.0, CHANGES: TLS 1.0 and 1.1 need security level 0, since their signatures are made with SHA-1.
_SIGNED_WITH_SHA1: Final = ("TLS 1.0", "TLS 1.1")


def controller(context: ssl.SSLContext) -> ClientParty:
    """What this controller offers with the context of its connection."""
    return ClientParty(
        name="this controller",
        kind="freerdp",
        protocols=["tls"],
        tls_versions=[name for name, version in _VERSIONS.items() if _offers(context, name, *version)],
        # The lower half of OpenSSL's id is IANA's number.
        suites=[SUITES[code].name for each in context.get_ciphers() if (code := each["id"] & 0xFFFF) in SUITES],
        credssp_fixed=True,
        encryption_oracle="mitigated",
        credssp_available=False,
        can_learn=[],
        update="",
    )


def listener(tls: Tls, certificate: bytes) -> ServerParty:
    """WinRM on a host with these settings; ``certificate``: the one that it shows, DER."""
    return {
        **unknown("WinRM"),
        "negotiation": True,
        "security_layer": "tls",
        "nla": False,
        "certificate": True,
        "key_usable": True,
        "key": _key(certificate),
        "tls_versions": [name for name in _VERSIONS if tls["protocols"][name]["server"]["state"] == "enabled"],
        "suites": tls.get("usable_suites"),
    }


def _offers(context: ssl.SSLContext, name: str, version: ssl.TLSVersion, no: ssl.Options, known: bool) -> bool:
    lowest, highest = context.minimum_version, context.maximum_version
    return (
        known
        and not context.options & no
        and (lowest == ssl.TLSVersion.MINIMUM_SUPPORTED or lowest <= version)
        and (highest == ssl.TLSVersion.MAXIMUM_SUPPORTED or version <= highest)
        and not (name in _SIGNED_WITH_SHA1 and ssl.OPENSSL_VERSION_INFO >= (3,) and context.security_level > 0)
    )


def _key(certificate: bytes) -> str | None:
    try:
        return KEYS.get(x509.parse(certificate).key_algorithm)
    except x509.BadCertificate:
        return None
