# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of Schannel's protocols. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import TLS_1_0_RELEASES, TLS_1_2_UPDATE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import System, Tls, Updates
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


def of_profile(facts: Tls, states: Mapping[str, Iterable[str]]) -> list[dict[str, str]]:
    """A profile's protocols as the option protocols; those that this Windows does not know are left out."""
    return [
        {"name": name, "side": "server", "state": state}
        for state, names in states.items()
        for name in names
        if facts["protocols"][name]["server"]["state"] != "unsupported"
    ]


class Wish(NamedTuple):
    """The state that one side of one protocol shall have: enabled, disabled or default."""

    name: str
    side: str
    state: str


def wishes(protocols: Iterable[Mapping[str, str]]) -> list[Wish]:
    """The option protocols, each side once; of two items for the same side the later one counts."""
    found = {
        (item["name"], side): Wish(item["name"], side, item["state"])
        for item in protocols
        for side in (("server", "client") if item["side"] == "both" else (item["side"],))
    }
    return list(found.values())


def plan(
    facts: Tls,
    system: System,
    updates: Updates,
    release: Release | None,
    wanted: Iterable[Wish],
    *,
    allow_weaker: bool,
    force: bool,
) -> list[Change]:
    """The changes for the wanted protocols; Refused names what must not be done."""
    changes: list[Change] = []
    server: dict[str, str] = {name: sides["server"]["state"] for name, sides in facts["protocols"].items()}
    for name, side, state in wanted:
        now = facts["protocols"][name][side]
        if now["state"] == "unsupported" and state == "enabled":
            raise Refused(
                f"{name} can not be enabled on {system.get('caption') or 'this Windows'}: Microsoft does not support "
                "it there"
            )
        if now["state"] in (state, "unsupported"):
            continue
        if name in _WEAK and state == "enabled" and not allow_weaker:
            raise Refused(f"{name} is broken; set allow_weaker to true if it is really wanted")
        enabled, by_default = _VALUES[state]
        for value, before, wish in (
            ("Enabled", now["enabled"], enabled),
            ("DisabledByDefault", now["disabled_by_default"], by_default),
        ):
            if before != wish:
                changes.append(_change(now["where"], value, before, wish))
        if side == "server":
            server[name] = after(facts, release, name, side, state)
    if changes and not force:
        check_farm(system)
        _check_safe(_usable(release, updates), facts["rdp_versions"], server)
    return changes


def _usable(release: Release | None, updates: Updates) -> tuple[str, ...]:
    """The versions that the RDP listener itself knows."""
    if release is None:
        return PROTOCOLS
    taught = any(update["kb"] == TLS_1_2_UPDATE for update in updates["installed"])
    return ("TLS 1.0",) if release.key in TLS_1_0_RELEASES and not taught else release.rdp_tls


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


def check_farm(system: System) -> None:
    """Refused on a connection broker."""
    if "connection_broker" in system.get("rds_roles", []):
        raise Refused(
            "this host is an RD Connection Broker, whose database may need TLS 1.0: change TLS there by hand, or set "
            "force to true"
        )


def _check_safe(usable: tuple[str, ...], now: list[str], server: dict[str, str]) -> None:
    if now and not any(server[name] == "enabled" for name in usable if name in server):
        raise Refused(
            "this would leave the RDP listener without any TLS version that it knows (on this Windows "
            f"{', '.join(usable)}): keep one of them enabled, or set force to true"
        )
