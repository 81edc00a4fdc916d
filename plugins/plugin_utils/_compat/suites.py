# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
r"""Which cipher suites a machine's settings leave. Pure.

Names below SCHANNEL and what they switch: Microsoft, "How to restrict the use of certain cryptographic algorithms and
protocols in Schannel.dll" (KB245030). Suites in FIPS mode: the column of "TLS Cipher Suites in Windows Vista": neither
RC4 nor DES, MD5 or NULL. MEM: Hashes\SHA256 and SHA384 count for every suite whose name ends so, and ECDH for TLS 1.3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.offer import VERSIONS
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls.suites import Suite
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import BY_NAME, DEFAULTS, known
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CipherSuites, Switch, Tls

# The value that is right below Ciphers, Hashes and KeyExchangeAlgorithms; below Protocols any number but 0 is "on".
ON = 0xFFFFFFFF

# Keys below SCHANNEL\Ciphers by the cipher of a suite; Triple DES has another name before Vista.
_CIPHER_KEYS: Mapping[str, tuple[str, ...]] = {
    "AES-256-GCM": ("aes 256/256",),
    "AES-128-GCM": ("aes 128/128",),
    "AES-256-CBC": ("aes 256/256",),
    "AES-128-CBC": ("aes 128/128",),
    "3DES-CBC": ("triple des 168", "triple des 168/168"),
    "DES-CBC": ("des 56/56",),
    "RC4-128": ("rc4 128/128",),
    "RC4-56": ("rc4 56/128",),
    "RC4-40": ("rc4 40/128",),
    "RC2-40-CBC": ("rc2 40/128",),
    "NULL": ("null",),
}
_EXCHANGE_KEYS: Mapping[str, str] = {
    "RSA": "pkcs",
    "RSA_EXPORT": "pkcs",
    "DHE": "diffie-hellman",
    "DHE_EXPORT": "diffie-hellman",
    "ECDHE": "ecdh",
    "TLS13": "ecdh",
}
_SHORT_KEYS = frozenset({"DES-CBC", "RC4-56", "RC4-40", "RC2-40-CBC", "NULL"})
_FIPS_CIPHERS = frozenset({"AES-256-GCM", "AES-128-GCM", "AES-256-CBC", "AES-128-CBC", "3DES-CBC"})


def usable(
    suites: CipherSuites,
    release: str,
    *,
    ciphers: Mapping[str, Switch],
    hashes: Mapping[str, Switch],
    key_exchange: Mapping[str, Switch],
    fips: bool,
) -> list[str] | None:
    """What a list, or else the default of ``release``, leaves after the switches; None: neither is known.

    A list without a single suite that is known counts as no list: then Windows has none to take (MEM).
    A switch with another value than 0 counts as on, also where that value is wrong: see ``misused``.
    """
    names = known(suites["value"]) if suites["value"] is not None else []
    if not names and suites["source"] != "policy":
        names = list(DEFAULTS.get(release, ()))
        if not names:
            return None
    off_ciphers, off_hashes, off_exchanges = _off(ciphers), _off(hashes), _off(key_exchange)
    return [
        name
        for name in names
        if not off_ciphers.intersection(_CIPHER_KEYS.get(BY_NAME[name].cipher, ()))
        and hash_key(BY_NAME[name]) not in off_hashes
        and _EXCHANGE_KEYS[BY_NAME[name].key_exchange] not in off_exchanges
        and (not fips or is_fips(BY_NAME[name]))
    ]


def misused(tls: Tls) -> list[tuple[str, Switch]]:
    """The switches whose value is neither 0 nor 0xffffffff, by name: what Windows makes of those is not documented, and
    a tester's host with 1 lost every suite (0x6d69636b/windows_hardening#95)."""
    kinds = (tls.get("ciphers", {}), tls.get("hashes", {}), tls.get("key_exchange", {}))
    return [(name, switch) for kind in kinds for name, switch in kind.items() if switch["enabled"] not in (0, ON)]


def of_level(names: Iterable[str], level: object) -> list[str]:
    """The suites that the listener's MinEncryptionLevel leaves: high asks for keys of 128 bits, fips for FIPS methods
    ([MS-RDPBCGR] 5.4.1). MEM: that the listener holds TLS to it."""
    if level == "fips":
        return [name for name in names if is_fips(BY_NAME[name])]
    return [name for name in names if level != "high" or BY_NAME[name].cipher not in _SHORT_KEYS]


def hash_key(suite: Suite) -> str:
    """The key below SCHANNEL\\Hashes that switches a suite, in lower case: sha for SHA-1."""
    return suite.name.rpartition("_")[2].lower()


def is_fips(suite: Suite) -> bool:
    return suite.cipher in _FIPS_CIPHERS and suite.mac != "md5"


def is_strong(name: str) -> bool:
    """AES without anything that is broken: the suites that may be proposed."""
    return BY_NAME[name].cipher.startswith("AES") and "EXPORT" not in BY_NAME[name].key_exchange


def of_version(names: Iterable[str], version: str) -> list[str]:
    """The suites that a TLS version may negotiate."""
    return [name for name in names if version in (VERSIONS[code] for code in BY_NAME[name].versions)]


def of_key(names: Iterable[str], key: str | None) -> list[str]:
    """The suites that a certificate with a key of this kind can serve; None, not known, leaves all."""
    return [name for name in names if key is None or BY_NAME[name].authentication in (key, "TLS13")]


def offered(versions: Iterable[str], names: Collection[str]) -> list[str]:
    """The versions for which there is a suite: one without is not offered and not accepted (MEM for Schannel)."""
    return [version for version in versions if of_version(names, version)]


def _off(switches: Mapping[str, Switch]) -> frozenset[str]:
    return frozenset(name.lower() for name, switch in switches.items() if switch["enabled"] == 0)
