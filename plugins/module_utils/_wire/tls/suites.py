# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cipher suites that Schannel of Windows 2000 to Server 2025 knows, and what their names stand for.

Sources: Microsoft's pages "TLS Cipher Suites in Windows 7", "... 8.1", "... Windows 10 v1607",
"... Windows Server 2022", "... Windows 11 v22H2 and later", "... Windows Vista", and for XP and older "Using Schannel
Supported Protocols" of the Platform SDK of April 2000. The names there are IANA's, but for the curve that Windows
before 10 put at their end. Left out: PSK suites (no certificate), SSL 2.0, FORTEZZA, and the RC4_64 suites of one
Microsoft product.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, NamedTuple, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import (
    SSL_3_0,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
)


class Suite(NamedTuple):
    """``cipher`` is a name such as AES-128-GCM; ``mac`` is a hash name, or AEAD where the cipher does that work.

    ``versions`` are those that may negotiate it: the defining RFC's, and SSL 3.0, in which old servers also use suites
    that are younger than it.
    """

    code: int
    name: str
    key_exchange: str  # RSA, RSA_EXPORT, DHE, DHE_EXPORT, ECDHE, or TLS13 when the suite does not say
    authentication: str  # RSA, DSS, ECDSA, or TLS13 when the suite does not say
    cipher: str
    mac: str
    versions: Tuple[int, ...]

    @property
    def hash_name(self) -> str:
        """The hash of TLS 1.2's PRF and of TLS 1.3's key schedule (RFC 5246 5, RFC 5289 3, RFC 8446 B.4)."""
        return "sha384" if self.name.endswith("SHA384") else "sha256"


_TO_1_2 = (SSL_3_0, TLS_1_0, TLS_1_1, TLS_1_2)
_KEY_EXCHANGES = {
    "RSA": ("RSA", "RSA"),
    "RSA_EXPORT": ("RSA_EXPORT", "RSA"),
    "RSA_EXPORT1024": ("RSA_EXPORT", "RSA"),
    "DHE_RSA": ("DHE", "RSA"),
    "DHE_DSS": ("DHE", "DSS"),
    "DHE_DSS_EXPORT1024": ("DHE_EXPORT", "DSS"),
    "ECDHE_RSA": ("ECDHE", "RSA"),
    "ECDHE_ECDSA": ("ECDHE", "ECDSA"),
}
_CIPHERS = {
    "AES_256_GCM": "AES-256-GCM",
    "AES_128_GCM": "AES-128-GCM",
    "CHACHA20_POLY1305": "CHACHA20-POLY1305",
    "AES_256_CBC": "AES-256-CBC",
    "AES_128_CBC": "AES-128-CBC",
    "3DES_EDE_CBC": "3DES-CBC",
    "DES_CBC": "DES-CBC",
    "RC4_128": "RC4-128",
    "RC4_56": "RC4-56",
    "RC4_40": "RC4-40",
    "RC2_CBC_40": "RC2-40-CBC",
    "NULL": "NULL",
}


def _suite(code: int, name: str) -> Suite:
    """The suite that a name such as TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA spells out."""
    before, with_, after = name[len("TLS_") :].partition("_WITH_")
    cipher, _underscore, hash_name = (after if with_ else before).rpartition("_")
    mac = "AEAD" if "GCM" in cipher or "CHACHA20" in cipher else {"SHA": "sha1"}.get(hash_name, hash_name.lower())
    if not with_:
        return Suite(code, name, "TLS13", "TLS13", _CIPHERS[cipher], mac, (TLS_1_3,))
    key_exchange, authentication = _KEY_EXCHANGES[before]
    # RFC 5288 and RFC 5246 A.5 bring GCM and the SHA-2 MACs to TLS 1.2 only.
    versions: Tuple[int, ...] = (TLS_1_2,) if mac in ("AEAD", "sha256", "sha384") else _TO_1_2
    return Suite(code, name, key_exchange, authentication, _CIPHERS[cipher], mac, versions)


# What Schannel offers by default on Windows 11 22H2 and later, and on Server 2025, in that order.
_MODERN = {
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1301: "TLS_AES_128_GCM_SHA256",
    0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0xC027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x003C: "TLS_RSA_WITH_AES_128_CBC_SHA256",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
}
# What else some Windows offers, or can be told to; the stronger come first.
_OTHERS = {
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    0x006A: "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256",
    0x0040: "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256",
    0x0038: "TLS_DHE_DSS_WITH_AES_256_CBC_SHA",
    0x0032: "TLS_DHE_DSS_WITH_AES_128_CBC_SHA",
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    0x0013: "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA",
    0x0005: "TLS_RSA_WITH_RC4_128_SHA",
    0x0004: "TLS_RSA_WITH_RC4_128_MD5",
    0x0009: "TLS_RSA_WITH_DES_CBC_SHA",
    0x0012: "TLS_DHE_DSS_WITH_DES_CBC_SHA",
    0x0064: "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA",
    0x0062: "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA",
    0x0063: "TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA",
    0x0003: "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    0x0006: "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5",
    0x003B: "TLS_RSA_WITH_NULL_SHA256",
    0x0002: "TLS_RSA_WITH_NULL_SHA",
    0x0001: "TLS_RSA_WITH_NULL_MD5",
}

SUITES: Dict[int, Suite] = {code: _suite(code, name) for code, name in {**_MODERN, **_OTHERS}.items()}
MODERN: Tuple[int, ...] = tuple(_MODERN)
EVERYTHING: Tuple[int, ...] = tuple(SUITES)

# The suites whose handshake this engine can finish. The others can be offered to learn whether the server picks them.
_EXCHANGES = ("RSA", "DHE", "ECDHE", "TLS13")
_AUTHENTICATIONS = ("RSA", "ECDSA", "TLS13")
_ENCRYPTIONS = ("AES-256-GCM", "AES-128-GCM", "AES-256-CBC", "AES-128-CBC", "3DES-CBC", "RC4-128")
COMPLETABLE: FrozenSet[int] = frozenset(
    suite.code
    for suite in SUITES.values()
    if suite.key_exchange in _EXCHANGES and suite.authentication in _AUTHENTICATIONS and suite.cipher in _ENCRYPTIONS
)
