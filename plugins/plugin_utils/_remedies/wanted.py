# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What a host is held to: a baseline with the user's own values over it, each checked. Pure.

What a value may be follows from what the module takes that brings it about. What has an order is in line when it is
stronger, so nothing is made weaker here; and a value of one's own that is weaker than the baseline's is a
contradiction, not a wish.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast, get_args

from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import BASELINES, Section, Wanted
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import (
    ENCRYPTION_LEVELS,
    SECURITY_LAYERS,
    SERVICES,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, RANGES, is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import BROKEN, STRONG
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS

SELF_SIGNED: Final = "self_signed"
_BOTH: Final = (True, False)
# From weak to strong, by setting or by section. What stands together is as strong.
_ORDERS: Final[Mapping[str, tuple[tuple[Any, ...], ...]]] = MappingProxyType(
    {
        "listener.security_layer": tuple((value,) for value in SECURITY_LAYERS),
        "listener.min_encryption_level": tuple((value,) for value in ENCRYPTION_LEVELS),
        **{f"listener.{name}": ((False,), (True,)) for name in ("nla", "negotiation", "prompt_for_password")},
        "services": (("disabled",), ("manual",), ("auto",)),
        "client.encryption_oracle": (("vulnerable",), ("default", "mitigated"), ("force_updated",)),
        # What is broken is better off, whatever Windows does with it; what is not, is better left to Windows.
        **{
            f"{kind}.{name}": (("default", "enabled"), ("disabled",))
            for kind, names in BROKEN.items()
            for name in names
        },
    }
)
_BROKEN_PROTOCOLS: Final = ("SSL 2.0", "SSL 3.0")
_CURRENT_PROTOCOLS: Final = ("TLS 1.2", "TLS 1.3")
_SWITCH_STATES: Final = ("default", "disabled")
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}")
# The values by name of each section that is a plain list of names; listener and certificate.binding are checked by
# themselves.
_CHOICES: Final[Mapping[Section, Mapping[str, tuple[Any, ...]]]] = MappingProxyType(
    {
        "protocols": dict.fromkeys(PROTOCOLS, ("enabled", "disabled")),
        "ciphers": dict.fromkeys((*STRONG["ciphers"], *BROKEN["ciphers"]), _SWITCH_STATES),
        "hashes": dict.fromkeys((*STRONG["hashes"], *BROKEN["hashes"]), _SWITCH_STATES),
        "key_exchange": dict.fromkeys((*STRONG["key_exchange"], *BROKEN["key_exchange"]), _SWITCH_STATES),
        "tls": {"usable_suite": (True,)},
        "certificate": {**dict.fromkeys(("sound", "key_usable", "own_store"), (True,)), "binding": ()},
        "firewall": {"open": (True,), **dict.fromkeys(("domain", "private", "public"), ("on",))},
        "services": dict.fromkeys(SERVICES, ("manual", "auto")),
        "accounts": dict.fromkeys(SERVICES, ("default",)),
        "programs": {"TermService": ("default",)},
        "client": {"encryption_oracle": ("default", "mitigated", "force_updated")},
    }
)


class BadBaseline(Exception):
    """A baseline or a value of one that is none, in one sentence."""


def wanted_of(name: str, settings: Mapping[str, Any]) -> list[Wanted]:
    """A baseline by name, empty for none of them, with the user's own values over it; None takes a value out."""
    if name and name not in BASELINES:
        raise BadBaseline(f"there is no baseline {name!r}; there are {', '.join(BASELINES)}")
    found = {each.setting: each for each in BASELINES.get(name, ())}
    for section, values in settings.items():
        if section not in get_args(Section):
            raise BadBaseline(f"settings has no {section!r}, but {', '.join(get_args(Section))}")
        if not isinstance(values, Mapping):
            raise BadBaseline(f"settings.{section} is a dictionary of names and values, not {values!r}")
        for option, value in values.items():
            one = Wanted(cast(Section, section), option, value, "the settings of this task")
            of_baseline = found.get(one.setting)
            _check_name(one)
            if value is None:
                found.pop(one.setting, None)
                continue
            _check_value(one)
            if of_baseline is not None and _contradicts(one, of_baseline):
                raise BadBaseline(
                    f"{one.setting} {shown(value)} is weaker than {shown(of_baseline.value)}, which the baseline "
                    f"{name} wants; take it out with null, or name another baseline"
                )
            found[one.setting] = one
    return list(found.values())


def shown(value: Any) -> str:
    """A value as YAML has it."""
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def stronger(wanted: Wanted, found: Any) -> bool:
    """Whether a host has something stronger than what is wanted, or something as good."""
    order = _ORDERS.get(wanted.setting) or _ORDERS.get(wanted.section, ())
    places = [place for value in (wanted.value, found) for place in _place(order, value)]
    return len(places) == 2 and places[0] <= places[1]


def _contradicts(own: Wanted, of_baseline: Wanted) -> bool:
    """Whether a user wants something weaker than the baseline.

    To have an old version of TLS off that a baseline for old clients has on is stronger, and one of today weaker.
    """
    if own.section == "protocols":
        off = (own.value, of_baseline.value) == ("disabled", "enabled")
        return off and own.name in _CURRENT_PROTOCOLS or (own.value, of_baseline.value) == ("enabled", "disabled")
    order = _ORDERS.get(own.setting) or _ORDERS.get(own.section, ())
    return bool(_place(order, own.value)) and not stronger(of_baseline, own.value)


def _place(order: Sequence[Sequence[Any]], value: Any) -> list[int]:
    return [place for place, same in enumerate(order) if any(is_same(each, value) for each in same)]


def _check_name(wanted: Wanted) -> None:
    names: Mapping[str, Any] = BY_OPTION if wanted.section == "listener" else _CHOICES[wanted.section]
    if wanted.name not in names:
        raise BadBaseline(f"{wanted.setting} is not known; {wanted.section} has {', '.join(names)}")


def _check_value(wanted: Wanted) -> None:
    """BadBaseline says what would mean something."""
    value = wanted.value
    if wanted.setting in {f"listener.{name}" for name in RANGES}:
        low, high = RANGES[wanted.name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadBaseline(f"{wanted.setting} is a number from {low} to {high}, not {value!r}")
        return
    if wanted.setting == "certificate.binding":
        if value != SELF_SIGNED and not (isinstance(value, str) and _THUMBPRINT.fullmatch(value)):
            raise BadBaseline(f"{wanted.setting} is {SELF_SIGNED} or a thumbprint of 40 hex digits, not {value!r}")
        return
    if wanted.name in _BROKEN_PROTOCOLS and value == "enabled":
        raise BadBaseline(f"{wanted.name} is broken, so no baseline can want it")
    choices = _choices(wanted)
    if not any(is_same(value, each) for each in choices):
        raise BadBaseline(f"{wanted.setting} is {' or '.join(map(shown, choices))}, not {value!r}")


def _choices(wanted: Wanted) -> Sequence[Any]:
    if wanted.section != "listener":
        return _CHOICES[wanted.section][wanted.name]
    meanings = BY_OPTION[wanted.name].meanings or {}
    return _BOTH if set(meanings.values()) == set(_BOTH) else tuple(meanings.values())
