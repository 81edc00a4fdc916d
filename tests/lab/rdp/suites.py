# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cipher suites of Schannel by their Windows (IANA) names, and what OpenSSL calls them.

Names and order: "Cipher Suites in TLS/SSL (Schannel SSP)", lists of Windows 7 to Server 2022, newest first. Up to
Windows 8.1 an ECDHE name may end in the curve (``_P256``); the curve is not enforced here. A name that is in no list
is ignored, as a suite that Schannel does not know is; TLS_PSK_* is of no use to RDP and left out. The suites without
encryption are in Windows' lists, but a program must ask for them (dwMinimumCipherStrength -1; Microsoft, "Specifying
Schannel Ciphers and Cipher Strengths"), so the listener never takes them.

MinEncryptionLevel 3 asks for symmetric keys of at least 128 bits and level 4 for FIPS methods ([MS-RDPBCGR] 5.4.1,
which still words level 4 as RSA, 3DES and SHA-1); AES counts as FIPS here, RC4, DES and ChaCha20 do not
(MEM: unverified which suites TermService drops).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class CipherSuite:
    """One suite; ``bits`` as Schannel counts them (168 for 3DES), ``fips`` for the bulk cipher."""

    name: str
    openssl: str
    bits: int
    fips: bool = True


TLS13_SUITES = (
    CipherSuite("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", 256),
    CipherSuite("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", 128),
    CipherSuite("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", 256, fips=False),
)

SUITES = (
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", 256),
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", 128),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", 256),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", 128),
    CipherSuite("TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE-RSA-AES256-GCM-SHA384", 256),
    CipherSuite("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE-RSA-AES128-GCM-SHA256", 128),
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384", 256),
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256", 128),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "ECDHE-RSA-AES256-SHA384", 256),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256", 128),
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA", 256),
    CipherSuite("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA", 128),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA", 256),
    CipherSuite("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", 128),
    CipherSuite("TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA-AES256-SHA", 256),
    CipherSuite("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES128-SHA", 128),
    CipherSuite("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384", 256),
    CipherSuite("TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256", 128),
    CipherSuite("TLS_RSA_WITH_AES_256_CBC_SHA256", "AES256-SHA256", 256),
    CipherSuite("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256", 128),
    CipherSuite("TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA", 256),
    CipherSuite("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", 128),
    CipherSuite("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", 168),
    CipherSuite("TLS_DHE_DSS_WITH_AES_256_CBC_SHA256", "DHE-DSS-AES256-SHA256", 256),
    CipherSuite("TLS_DHE_DSS_WITH_AES_128_CBC_SHA256", "DHE-DSS-AES128-SHA256", 128),
    CipherSuite("TLS_DHE_DSS_WITH_AES_256_CBC_SHA", "DHE-DSS-AES256-SHA", 256),
    CipherSuite("TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "DHE-DSS-AES128-SHA", 128),
    CipherSuite("TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA", "DHE-DSS-DES-CBC3-SHA", 168),
    CipherSuite("TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA", 128, fips=False),
    CipherSuite("TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", 128, fips=False),
    CipherSuite("TLS_RSA_WITH_DES_CBC_SHA", "DES-CBC-SHA", 56, fips=False),
    CipherSuite("TLS_DHE_DSS_WITH_DES_CBC_SHA", "DHE-DSS-DES-CBC-SHA", 56, fips=False),
    CipherSuite("TLS_RSA_WITH_NULL_SHA256", "NULL-SHA256", 0, fips=False),
    CipherSuite("TLS_RSA_WITH_NULL_SHA", "NULL-SHA", 0, fips=False),
    CipherSuite("TLS_RSA_WITH_NULL_MD5", "NULL-MD5", 0, fips=False),
)

_BY_NAME = {suite.name: suite for suite in TLS13_SUITES + SUITES}
_CURVE_SUFFIX = re.compile(r"_P(256|384|521)$")
_LEVEL_HIGH = 3
_LEVEL_FIPS = 4


def allowed_suites(names: tuple[str, ...] | None, min_encryption_level: int) -> tuple[CipherSuite, ...]:
    """The suites that the listener takes, in its order of preference; ``None`` is every suite that encrypts."""
    if names is None:
        suites = [*TLS13_SUITES, *SUITES]
    else:
        bare = dict.fromkeys(_CURVE_SUFFIX.sub("", name) for name in names)
        suites = [_BY_NAME[name] for name in bare if name in _BY_NAME]
    return tuple(
        suite
        for suite in suites
        if suite.bits
        and (min_encryption_level < _LEVEL_HIGH or suite.bits >= 128)
        and (min_encryption_level < _LEVEL_FIPS or suite.fips)
    )
