# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loaded hives of users: what mstsc of a person's PC remembers.

Key and value names: Microsoft's support diagnostics and the registry map of mstsc (`Terminal Server Client\\Servers\\
<host>` with UsernameHint and CertHash, `Default` with MRU0). A hive is below HKEY_USERS while its user is logged on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.lab.model.profile import CURRENT_VERSION, apply_values
from tests.lab.model.registry import REG_BINARY, REG_EXPAND_SZ, REG_SZ, Registry

MSTSC = "Software\\Microsoft\\Terminal Server Client"
PROFILES = CURRENT_VERSION + "\\ProfileList"


@dataclass(frozen=True)
class Server:
    """A server that the user has connected to; `cert_hash` empty for none remembered."""

    name: str
    username: str = ""
    cert_hash: bytes = b""


def load(registry: Registry, sid: str, user: str, servers: tuple[Server, ...], values: dict[str, Any]) -> None:
    """The hive of one user. `values` are keys below the hive with their values, as in a scenario's `registry`."""
    hive = f"HKEY_USERS\\{sid}"
    registry.create_key(f"{hive}\\{MSTSC}\\Servers")
    registry.create_key(f"{hive}\\{MSTSC}\\Default")
    for number, server in enumerate(servers):
        registry.set(f"{hive}\\{MSTSC}\\Default", f"MRU{number}", REG_SZ, server.name)
        key = f"{hive}\\{MSTSC}\\Servers\\{server.name}"
        registry.set(key, "UsernameHint", REG_SZ, server.username)
        if server.cert_hash:
            registry.set(key, "CertHash", REG_BINARY, server.cert_hash)
    apply_values(registry, {f"{hive}\\{path}": found for path, found in values.items()})
    registry.set(f"{PROFILES}\\{sid}", "ProfileImagePath", REG_EXPAND_SZ, f"C:\\Users\\{user}")
