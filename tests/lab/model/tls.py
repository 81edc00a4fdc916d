# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SCHANNEL: which TLS versions and cipher suites a new credential handle of Remote Desktop gets.

Version defaults: the table "Protocols in TLS/SSL (Schannel SSP)" of Microsoft (2025). What Remote Desktop can do:
[MS-RDPBCGR] product notes 53 to 56 (TLS 1.3 from Windows 11 and Server 2022) and the update KB3080079 for TLS 1.1 and
1.2 on Windows 7 and Server 2008 R2. Enabled=0 switches off; a non-zero Enabled without DisabledByDefault switches on
(MEM: unverified for versions that are off by default). SSL 3.0 is off until Enabled says otherwise, on every version:
[MS-RDPBCGR] does not name it, so that Remote Desktop would take it then is MEM: unverified.

Switches of single algorithms: Microsoft, "Restrict cryptographic algorithms and protocols in Schannel.dll" (key names;
PKCS takes every TLS_RSA suite away, SHA every suite that ends in it). Enabled 0 is off and 0xffffffff on; a tester's
host with 1 under all three lost every suite (0x6d69636b/windows_hardening#95), so any other value is off here too. That
Triple DES 168/168, the name before Vista, still counts, that Hashes\\SHA256 and SHA384 act on GCM suites, and that
KeyExchangeAlgorithms\\ECDH acts on TLS 1.3, is MEM: unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.lab.model.registry import HKLM, REG_MULTI_SZ, Registry

PROTOCOLS = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
CIPHER_POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002"
CIPHER_LOCAL = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Configuration\\Local\\SSL\\00010002"
SCHANNEL = PROTOCOLS.removesuffix("\\Protocols")
FIPS = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\FipsAlgorithmPolicy"
SSL_3 = "SSL 3.0"
_ON_REQUEST = ("_WITH_NULL_", "_PSK_", "SSL_CK_")
_ON = 0xFFFFFFFF
_CURVE = re.compile(r"_P(256|384|521)$")
_CIPHER_KEYS = {
    "_AES_128_": ("AES 128/128",),
    "_AES_256_": ("AES 256/256",),
    "_3DES_EDE_": ("Triple DES 168", "Triple DES 168/168"),
    "_RC4_128_": ("RC4 128/128",),
    "_DES_CBC_": ("DES 56/56",),
    "_NULL_": ("NULL",),
}
_HASH_KEYS = {"_SHA": "SHA", "_MD5": "MD5", "_SHA256": "SHA256", "_SHA384": "SHA384"}
# TLS 1.3 has no other key exchange on Windows: its groups are the elliptic curves.
_EXCHANGE_KEYS = {
    "TLS_RSA_": "PKCS",
    "TLS_DHE_": "Diffie-Hellman",
    "TLS_ECDHE_": "ECDH",
    "TLS_AES_": "ECDH",
    "TLS_CHACHA20_": "ECDH",
}
VERSIONS = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")


def server_versions(
    registry: Registry, enabled_by_default: tuple[str, ...], rdp_can: tuple[str, ...]
) -> tuple[str, ...]:
    """The TLS versions that the listener may use, lowest first. SSL 3.0 comes with an explicit Enabled only."""
    ssl_3 = (SSL_3,) if _enabled(registry, SSL_3, False) else ()
    return ssl_3 + tuple(
        version
        for version in VERSIONS
        if version in rdp_can and _enabled(registry, version, version in enabled_by_default)
    )


@dataclass(frozen=True)
class ServerSettings:
    """TLS versions, lowest first, and cipher suites, None for all, of a server's credential."""

    versions: tuple[str, ...]
    suites: tuple[str, ...] | None


def http_settings(registry: Registry, enabled_by_default: tuple[str, ...], fresh: Registry) -> ServerSettings:
    """What a credential of http.sys that is made now has; `fresh` is the registry of a host that nobody touched, for
    the cipher suites of a host whose list is gone. TLS 1.3 cannot be switched on where it is off by default, versions
    before can (Microsoft, "Protocols in TLS/SSL"); SSL 3.0 is left out."""
    ordered = cipher_suites(registry) or cipher_suites(fresh)
    can = tuple(version for version in VERSIONS if version != "TLS 1.3" or version in enabled_by_default)
    versions = server_versions(registry, enabled_by_default, can)
    return ServerSettings(
        tuple(version for version in versions if version != SSL_3),
        None if ordered is None else switched_on(registry, ordered),
    )


def switched_on(registry: Registry, suites: tuple[str, ...]) -> tuple[str, ...]:
    """The suites none of whose algorithms is switched off below Ciphers, Hashes or KeyExchangeAlgorithms."""
    return tuple(suite for suite in suites if not any(_is_off(registry, key) for key in algorithm_keys(suite)))


def _is_off(registry: Registry, key: str) -> bool:
    enabled = registry.dword(f"{SCHANNEL}\\{key}", "Enabled")
    return enabled is not None and enabled != _ON


def algorithm_keys(suite: str) -> list[str]:
    """The keys below SCHANNEL whose switches a suite depends on, by its name."""
    bare = _CURVE.sub("", suite)
    found = [f"Ciphers\\{key}" for part, keys in _CIPHER_KEYS.items() if part in bare for key in keys]
    found += [f"Hashes\\{key}" for end, key in _HASH_KEYS.items() if bare.endswith(end)]
    return found + [f"KeyExchangeAlgorithms\\{key}" for start, key in _EXCHANGE_KEYS.items() if bare.startswith(start)]


def fips(registry: Registry) -> bool:
    """Whether the FIPS policy of the host is on."""
    return registry.dword(FIPS, "Enabled") == 1


def _enabled(registry: Registry, version: str, default: bool) -> bool:
    path = f"{PROTOCOLS}\\{version}\\Server"
    enabled = registry.dword(path, "Enabled")
    off_by_default = registry.dword(path, "DisabledByDefault")
    if enabled == 0:
        return False
    if off_by_default is not None:
        return off_by_default == 0 and (default or bool(enabled))
    return default or bool(enabled)


def cipher_suites(registry: Registry) -> tuple[str, ...] | None:
    """The suites of the cipher order policy, else of the local list, else None. Policy text
    is a comma list in a REG_SZ; some tools write a REG_MULTI_SZ. Suites without encryption, with pre-shared keys and of
    SSL 2.0 are left out: they are used only when an application asks for them (Microsoft, "TLS Cipher Suites in
    Windows")."""
    for path in (CIPHER_POLICY, CIPHER_LOCAL):
        value = registry.get(path, "Functions")
        if value is None:
            continue
        if value.type == REG_MULTI_SZ and isinstance(value.data, tuple):
            parts = [part for text in value.data for part in text.split(",")]
        else:
            parts = str(value.data).split(",")
        listed = [part.strip() for part in parts if part.strip()]
        names = tuple(name for name in listed if not any(part in name for part in _ON_REQUEST))
        if listed:
            return names
    return None
