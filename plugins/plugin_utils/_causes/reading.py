# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which areas of the facts were read, and which of those that were not would have mattered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Security

WIRE: Final = "wire"
# Areas that tell of another machine than the host that is judged.
_NOT_OF_THE_HOST: Final = frozenset({"schema", "client"})
# What every Windows with Remote Desktop has: an area that is absent there is broken, not spared.
_EVERYWHERE: Final = frozenset({"system", "listener", "tls", "certificate", "machine_keys", "services", "firewall"})
AREAS: Final = tuple(name for name in Facts.__annotations__ if name not in _NOT_OF_THE_HOST)


def _area(facts: Facts, name: str) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Mapping[str, Any]]", facts).get(name)


def unread(facts: Facts) -> list[str]:
    """``area: status: reason`` for every area, and every ACL, that could not be read or was not asked for."""
    lines = []
    for name in AREAS:
        area = _area(facts, name)
        if area is None:
            lines.append(f"{name}: not gathered")
        elif area["status"] != "ok":
            lines.append(f"{name}: {area['status']}: {area['reason']}")
    return lines + _unread_acls(facts)


def _unread_acls(facts: Facts) -> list[str]:
    keys = ok(facts.get("machine_keys"))
    if keys is None:
        return []
    acls: list[tuple[str, Security | None]] = [(keys.get("path", "MachineKeys"), keys.get("folder"))]
    acls += [(key["path"], key["security"]) for key in keys.get("keys", []) if key["exists"]]
    return [
        f"machine_keys: ACL of {path}: {security['status']}: {security['reason']}"
        for path, security in acls
        if security is not None and security["status"] != "ok"
    ]


def is_known(facts: Facts, wire: Report | None, name: str) -> bool:
    """Whether nothing more can be known of an area, or the wire: it was read, or this Windows does not have it."""
    area = _area(facts, name)
    return is_read(facts, wire, name) or (area is not None and area["status"] == "absent" and name not in _EVERYWHERE)


def is_read(facts: Facts, wire: Report | None, name: str) -> bool:
    """Whether all of an area, or the wire, is at hand."""
    if name == WIRE:
        return wire is not None
    area = _area(facts, name)
    return area is not None and area["status"] == "ok" and not (name == "machine_keys" and _unread_acls(facts))


def gaps(facts: Facts, wire: Report | None, cause: Cause) -> list[str]:
    """What a cause needs to be ruled out, and what could still be known."""
    return [name for name in cause.needs if not is_known(facts, wire, name)]
