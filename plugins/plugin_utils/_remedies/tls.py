# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of Schannel's protocols. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import System, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

_WEAK = ("SSL 2.0", "SSL 3.0")
# Enabled and DisabledByDefault of each state. Protocols take any number but 0 for on; Microsoft's page "TLS registry
# settings" writes 1.
_VALUES: dict[str, tuple[int | None, int | None]] = {
    "enabled": (1, 0),
    "disabled": (0, 1),
    "default": (None, None),
}


class Wanted(TypedDict):
    """One item of the option protocols."""

    name: str
    side: str  # server, client, both
    state: str  # enabled, disabled, default


def plan(
    facts: Tls,
    system: System,
    release: Release | None,
    wanted: Iterable[Wanted],
    *,
    allow_weaker: bool,
    force: bool,
) -> list[Change]:
    """The changes for the wanted protocols; Refused names what must not be done."""
    changes: list[Change] = []
    server: dict[str, str] = {name: sides["server"]["state"] for name, sides in facts["protocols"].items()}
    for item in wanted:
        sides = ("server", "client") if item["side"] == "both" else (item["side"],)
        for side in sides:
            now = facts["protocols"][item["name"]][side]
            if now["state"] == "unsupported" and item["state"] == "enabled":
                raise Refused(
                    f"{item['name']} can not be enabled on {system.get('caption') or 'this Windows'}: Microsoft does "
                    "not support it there"
                )
            if now["state"] in (item["state"], "unsupported"):
                continue
            if item["name"] in _WEAK and item["state"] == "enabled" and not allow_weaker:
                raise Refused(f"{item['name']} is broken; set allow_weaker to true if it is really wanted")
            enabled, by_default = _VALUES[item["state"]]
            for value, before, after in (
                ("Enabled", now["enabled"], enabled),
                ("DisabledByDefault", now["disabled_by_default"], by_default),
            ):
                if before != after:
                    changes.append(_change(now["where"], value, before, after))
            if side == "server":
                default = "unsupported" if release is None else release.server_defaults[item["name"]]
                server[item["name"]] = default if item["state"] == "default" else item["state"]
    if changes and not force:
        _check_safe(system, release, facts["rdp_versions"], server)
    return changes


def after(facts: Tls, release: Release | None, name: str, side: str, state: str) -> str:
    """The state that one side of a protocol has when a wanted state is reached."""
    if facts["protocols"][name][side]["state"] == "unsupported":
        return "unsupported"
    if state != "default":
        return state
    if release is None:
        return "unsupported"
    return (release.server_defaults if side == "server" else release.client_defaults)[name]


def _change(key: str, value: str, before: int | None, after: int | None) -> Change:
    return Change(
        kind="registry_value",
        target=key,
        name=value,
        before=None if before is None else dword(before),
        after=None if after is None else dword(after),
    )


def _check_safe(system: System, release: Release | None, now: list[str], server: dict[str, str]) -> None:
    if "connection_broker" in system.get("rds_roles", []):
        raise Refused(
            "this host is an RD Connection Broker, whose database may need TLS 1.0: change TLS there by hand, or set "
            "force to true"
        )
    usable = server if release is None else release.rdp_tls
    if now and not any(server[name] == "enabled" for name in usable if name in server):
        raise Refused(
            "this would leave the RDP listener without any TLS version: keep one of "
            f"{', '.join(now)} enabled, or set force to true"
        )
