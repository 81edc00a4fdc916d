# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SCHANNEL: which TLS versions and cipher suites a new credential handle of Remote Desktop gets.

Version defaults: the table "Protocols in TLS/SSL (Schannel SSP)" of Microsoft (2025). What Remote Desktop can do:
[MS-RDPBCGR] product notes 53 to 56 (TLS 1.3 from Windows 11 and Server 2022) and the update KB3080079 for TLS 1.1 and
1.2 on Windows 7 and Server 2008 R2. Enabled=0 switches off; a non-zero Enabled without DisabledByDefault switches on
(MEM: unverified for versions that are off by default). SSL 3.0 is off until Enabled says otherwise, on every version:
[MS-RDPBCGR] does not name it, so that Remote Desktop would take it then is MEM: unverified.
"""

from __future__ import annotations

from tests.lab.model.registry import HKLM, REG_MULTI_SZ, Registry

PROTOCOLS = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\Protocols"
CIPHER_POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\Configuration\\SSL\\00010002"
CIPHER_LOCAL = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Configuration\\Local\\SSL\\00010002"
CIPHERS = PROTOCOLS.removesuffix("Protocols") + "Ciphers"
OLD_CIPHERS = {"_RC4_128_": "RC4 128/128", "_3DES_EDE_": "Triple DES 168"}
SSL_3 = "SSL 3.0"
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


def without_disabled_ciphers(registry: Registry, suites: tuple[str, ...]) -> tuple[str, ...]:
    """The suites but for those of an old cipher whose key says Enabled=0 ("TLS registry settings", Microsoft)."""
    disabled = [part for part, key in OLD_CIPHERS.items() if registry.dword(f"{CIPHERS}\\{key}", "Enabled") == 0]
    return tuple(suite for suite in suites if not any(part in suite for part in disabled))


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
    """The suites of the cipher order policy, else of the local list, else None (the list of the version). Policy text
    is a comma list in a REG_SZ; some tools write a REG_MULTI_SZ."""
    for path in (CIPHER_POLICY, CIPHER_LOCAL):
        value = registry.get(path, "Functions")
        if value is None:
            continue
        if value.type == REG_MULTI_SZ and isinstance(value.data, tuple):
            parts = [part for text in value.data for part in text.split(",")]
        else:
            parts = str(value.data).split(",")
        names = tuple(part.strip() for part in parts if part.strip())
        if names:
            return names
    return None
