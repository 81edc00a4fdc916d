# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The journal: every change is written on the host before it is made, so that it can be taken back whatever happens
to the controller. One key a run below ``HKLM\\SOFTWARE\\winops.rdp\\Journal``, one REG_SZ value of JSON a change."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timezone

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    Registry,
    RegistryType,
    RegistryValue,
)

ROOT = r"HKLM\SOFTWARE\winops.rdp\Journal"
SCHEMA_VERSION = 1


class Journal:
    """The journal of one module run. Nothing is written before the first change."""

    def __init__(self, registry: Registry, module: str) -> None:
        self._registry = registry
        self._module = module
        started = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        # Two modules can start within one second: the random part keeps their keys apart.
        self._key = rf"{ROOT}\{started}-{secrets.token_hex(3)}"
        self._entries = 0

    @property
    def path(self) -> str:
        """The registry key of this run; empty while nothing is written."""
        return self._key if self._entries else ""

    def write(self, change: Change) -> None:
        """Notes a change that is about to be made."""
        if not self._entries:
            self._registry.create_key(self._key)
        self._entries += 1
        entry = {"schema": SCHEMA_VERSION, "module": self._module, "change": change}
        self._registry.set_value(
            self._key, f"{self._entries:04d}", RegistryValue(RegistryType.REG_SZ, json.dumps(entry, sort_keys=True))
        )
