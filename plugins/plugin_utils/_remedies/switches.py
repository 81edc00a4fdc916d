# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of Schannel's switches for ciphers, hashes and key exchange. Pure.

0 is off; anything but 0 and 0xffffffff is a value that is not meant for them, and may switch them off as well. What is
to be on is left to Windows: the value is deleted, never written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import ON
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import BROKEN, KINDS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Switch, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import SCHANNEL
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

_NUMBERS: Mapping[str, int | None] = {"default": None, "disabled": 0}


class Wish(NamedTuple):
    """The state that one switch shall have: disabled or default. ``kind`` is the option of rdp_tls."""

    kind: str
    name: str
    state: str


def wishes(kind: str, items: Iterable[Mapping[str, str]]) -> list[Wish]:
    """One option; of two items for the same switch the later one counts."""
    return list({item["name"].lower(): Wish(kind, item["name"], item["state"]) for item in items}.values())


def misused(facts: Tls) -> list[Wish]:
    """All switches with a value that is not meant for them, to be left to Windows."""
    return [
        Wish(kind, name, "default")
        for kind in KINDS
        for name, switch in _of(facts, kind).items()
        if switch["enabled"] not in (0, ON)
    ]


def plan(facts: Tls, wanted: Iterable[Wish], *, allow_weaker: bool) -> list[Change]:
    """Refused names a broken algorithm that would be on again."""
    changes = []
    for wish in wanted:
        now = find(facts, wish)
        number, wanted_number = None if now is None else now["enabled"], _NUMBERS[wish.state]
        if number == wanted_number:
            continue
        if number == 0 and not allow_weaker and wish.name.lower() in (name.lower() for name in BROKEN[wish.kind]):
            raise Refused(f"{wish.name} is broken, and off now; set allow_weaker to true if Windows is to decide on it")
        changes.append(
            Change(
                kind="registry_value",
                target=rf"{SCHANNEL}\{KINDS[wish.kind]}\{wish.name}" if now is None else now["where"],
                name="Enabled",
                before=None if number is None else dword(number),
                after=None if wanted_number is None else dword(wanted_number),
            )
        )
    return changes


def after(facts: Tls, wanted: Iterable[Wish]) -> Tls:
    """The facts with the switches as they are wanted."""
    found: dict[str, Any] = {**facts, **{kind: dict(_of(facts, kind)) for kind in KINDS}}
    for wish in wanted:
        for name in [name for name in found[wish.kind] if name.lower() == wish.name.lower()]:
            del found[wish.kind][name]
        number = _NUMBERS[wish.state]
        if number is not None:
            found[wish.kind][wish.name] = Switch(enabled=number, where="")
    return found  # type: ignore[return-value]


def state(facts: Tls, wish: Wish) -> str:
    """default, disabled, enabled, or misused."""
    now = find(facts, wish)
    if now is None:
        return "default"
    return {0: "disabled", ON: "enabled"}.get(now["enabled"], "misused")


def find(facts: Tls, wish: Wish) -> Switch | None:
    return next((one for name, one in _of(facts, wish.kind).items() if name.lower() == wish.name.lower()), None)


def _of(facts: Tls, kind: str) -> Mapping[str, Switch]:
    found: Mapping[str, Switch] = facts.get(kind, {})  # type: ignore[assignment]
    return found
