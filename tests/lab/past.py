# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that a scenario puts in a host's logs from before the lab."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab.model.event_types import EventType, event_type, listed
from tests.lab.model.host import Host

_KEYS = ("id", "log", "provider", "count", "ago", "data", "address", "level", "binary")
_WITH_PORT = "ClientIP"
_ADDRESSES = (_WITH_PORT, "IPString", "IpAddress", "Address", "Param3")
_SECONDS_APART = 1.0


def _type(item: Mapping[str, Any]) -> EventType:
    """The event that an entry means: by number, and by log and provider when they are given."""
    number = int(item["id"])
    found = [
        known
        for known in listed(number)
        if item.get("log", known.log) == known.log and item.get("provider", known.provider.name) == known.provider.name
    ]
    if len(found) == 1:
        return found[0]
    if "log" not in item or "provider" not in item:
        raise ValueError(f"event {number} needs a log and a provider")
    return event_type(str(item["log"]), str(item["provider"]), number, tuple(item.get("data") or ()))


def check(items: Any) -> None:
    """ValueError with a sentence's end for the first mistake."""
    if not isinstance(items, (list, tuple)):
        raise ValueError("the key must hold a list")
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("id"), int):
            raise ValueError("every entry needs an id that is a number")
        for key in item:
            if key not in _KEYS:
                raise ValueError(f"an entry has an unknown key {key!r}; known are {', '.join(_KEYS)}")
        for key in ("count", "ago"):
            if not isinstance(item.get(key, 1), (int, float)) or item.get(key, 1) < 0:
                raise ValueError(f"{key} must be a number that is not negative")
        names = [name for name, _default in _type(item).fields]
        unknown = [name for name in item.get("data") or () if name not in names]
        if unknown:
            raise ValueError(f"event {item['id']} has no data {unknown[0]!r}; it has {', '.join(names)}")
        if "address" in item and not set(names) & set(_ADDRESSES):
            raise ValueError(f"event {item['id']} has no place for an address")


def write(host: Host, items: Iterable[Mapping[str, Any]]) -> None:
    """Write what the entries say, oldest first: `count` events (1), a second apart, the youngest `ago` minutes old.
    `address` may be a list, whose members take turns."""
    found: list[tuple[float, Mapping[str, Any], int]] = []
    for item in items:
        for number in range(int(item.get("count", 1))):
            found.append((float(item.get("ago", 0)) * 60 + number * _SECONDS_APART, item, number))
    for seconds, item, number in sorted(found, key=lambda entry: -entry[0]):
        kind = _type(item)
        data = {key: str(value) for key, value in (item.get("data") or {}).items()}
        host.events.write(
            kind.log,
            kind.provider.name,
            kind.id,
            {**data, **_address(kind, item.get("address"), number)},
            binary=bytes.fromhex(str(item.get("binary", ""))),
            level=item.get("level"),
            ago=seconds,
        )


def _address(kind: EventType, given: Any, number: int) -> dict[str, str]:
    if given is None:
        return {}
    address = given[number % len(given)] if isinstance(given, list) else str(given)
    name = next(name for name, _default in kind.fields if name in _ADDRESSES)
    return {name: f"{address}:{50000 + number % 10000}" if name == _WITH_PORT else address}
