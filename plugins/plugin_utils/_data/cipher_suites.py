# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The cipher suites that Schannel enables by default, in its order of priority, by Windows release.

What a name stands for (key exchange, authentication, cipher, hash, versions) is in ``_wire/tls/suites.py``.

Sources, all Microsoft (win32, secauthn): "TLS Cipher Suites" (XP and 2003), "... in Windows Vista", "... Windows 7",
"... Windows 8", "... Windows 8.1", "... Windows 10 v1511", "v1607", "v1703", "v1709", "v1809", "v1903, v1909 and
v2004", "v22H2", "... Windows 11", "... Windows 11 v22H2 and later", "... Windows Server 2022 and later" (2024-11-13).
Windows 7, 8 and 2012 are as with the update 3042058, 8.1 and 2012 R2 as with 2919355: the pages have no other list.
MEM: 1507 is taken for 1511, and 20H2 to 21H2 for 2004; their pages were not read. L: Server 23H2 and 2025 are taken
for Windows 11 22H2 and later, with which they share their code. The page for servers still has DHE and 3DES at the end
of its list; a suite that is left out here costs a client that has nothing else, of which none is known.
Left out: SSL 2.0, PSK, and NULL suites, which count only for a program that asks for them.

Before Windows 10 a name ends in the curve of its key exchange (_P256, _P384, _P521), and stands once for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import MODERN, SUITES, Suite

BY_NAME: Final[Mapping[str, Suite]] = {suite.name: suite for suite in SUITES.values()}

_CURVE = re.compile(r"_P(256|384|521)$")

_XP = """
TLS_RSA_WITH_RC4_128_MD5 TLS_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA
TLS_RSA_WITH_DES_CBC_SHA TLS_DHE_DSS_WITH_DES_CBC_SHA TLS_RSA_EXPORT1024_WITH_RC4_56_SHA
TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA TLS_DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA TLS_RSA_EXPORT_WITH_RC4_40_MD5
TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5
"""
_VISTA = """
TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_3DES_EDE_CBC_SHA
TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_DHE_DSS_WITH_AES_128_CBC_SHA TLS_DHE_DSS_WITH_AES_256_CBC_SHA
TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA TLS_RSA_WITH_RC4_128_MD5
"""
_SEVEN_START = """
TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA
TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
"""
_DHE_RSA_CBC = "TLS_DHE_RSA_WITH_AES_256_CBC_SHA TLS_DHE_RSA_WITH_AES_128_CBC_SHA"
_RSA_AES = """
TLS_RSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_AES_128_GCM_SHA256 TLS_RSA_WITH_AES_256_CBC_SHA256
TLS_RSA_WITH_AES_128_CBC_SHA256 TLS_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_CBC_SHA
"""
_DSS = """
TLS_DHE_DSS_WITH_AES_256_CBC_SHA256 TLS_DHE_DSS_WITH_AES_128_CBC_SHA256 TLS_DHE_DSS_WITH_AES_256_CBC_SHA
TLS_DHE_DSS_WITH_AES_128_CBC_SHA
"""
_3DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
_3DES_DSS = "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"
_RC4 = "TLS_RSA_WITH_RC4_128_SHA TLS_RSA_WITH_RC4_128_MD5"
_SEVEN_END = f"""
{_RSA_AES}
TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
{_DSS} {_3DES} {_3DES_DSS} {_RC4}
"""
_SEVEN = f"{_SEVEN_START} {_DHE_RSA_CBC} {_SEVEN_END}"
# The page for Windows 8 and Server 2012 has no DHE_RSA suites with CBC.
_EIGHT = f"{_SEVEN_START} {_SEVEN_END}"

_ECDHE_GCM = """
TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
"""
_DHE_GCM = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
_ECDHE_CBC = """
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
"""
_TLS_1_3 = "TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256"

_10_1511 = f"{_ECDHE_GCM} {_DHE_GCM} {_ECDHE_CBC} {_DHE_RSA_CBC} {_RSA_AES} {_3DES} {_DSS} {_3DES_DSS} {_RC4}"
_10_1703 = f"{_ECDHE_GCM} {_DHE_GCM} {_ECDHE_CBC} {_RSA_AES} {_3DES} {_RC4}"
_10_1709 = f"{_ECDHE_GCM} {_DHE_GCM} {_ECDHE_CBC} {_RSA_AES} {_3DES}"
_10_22H2 = f"{_ECDHE_GCM} {_ECDHE_CBC} {_RSA_AES}"
_2022 = f"{_TLS_1_3} {_10_1709}"
_11_22H2 = " ".join(SUITES[code].name for code in MODERN)

# By the keys of _data/versions.py, and "xp" and "2003", which are older than that table.
_LISTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("xp", "2003"), _XP),
    **dict.fromkeys(("vista", "2008"), _VISTA),
    **dict.fromkeys(("7", "2008r2", "8.1", "2012r2"), _SEVEN),
    **dict.fromkeys(("8", "2012"), _EIGHT),
    **dict.fromkeys(("10-1507", "10-1511", "10-1607", "2016"), _10_1511),
    "10-1703": _10_1703,
    **dict.fromkeys(
        ("10-1709", "10-1803", "10-1809", "2019", "10-1903", "10-1909", "10-2004", "10-20h2", "10-21h1", "10-21h2"),
        _10_1709,
    ),
    "10-22h2": _10_22H2,
    **dict.fromkeys(("2022", "11-21h2"), _2022),
    **dict.fromkeys(("11-22h2", "11-23h2", "23h2", "11-24h2", "2025", "11-25h2"), _11_22H2),
}
DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {release: tuple(names.split()) for release, names in _LISTS.items()}

# ``openssl ciphers DEFAULT`` of OpenSSL 3.0, as far as some Windows has the suites. FreeRDP asks for OpenSSL's default
# list (FreeRDP, libfreerdp/crypto/tls.c: a list of its own is set by the option /tls:ciphers only).
OPENSSL_3: Final[tuple[str, ...]] = tuple(
    f"""
{_TLS_1_3}
TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 TLS_DHE_RSA_WITH_AES_256_GCM_SHA384
TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_DHE_RSA_WITH_AES_128_GCM_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_DHE_RSA_WITH_AES_256_CBC_SHA
TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_DHE_RSA_WITH_AES_128_CBC_SHA
{_RSA_AES}
""".split()
)


def known(names: Iterable[str]) -> list[str]:
    """The suites of a configured list, each once, in its order and without curves; what no TLS version has is left out.

    A list may have names that say nothing here: SSL 2.0, PSK, or a typing error, which Windows passes over, too (MEM).
    """
    bare = (_CURVE.sub("", name.strip()) for name in names)
    return list(dict.fromkeys(name for name in bare if name in BY_NAME and BY_NAME[name].cipher != "NULL"))
