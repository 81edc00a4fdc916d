# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of the listener's settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BY_OPTION, RDP_TCP, is_same
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Listener
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

# From weak to strong.
_STRENGTH: dict[str, tuple[Any, ...]] = {
    "security_layer": ("rdp", "negotiate", "tls"),
    "nla": (False, True),
    "negotiation": (False, True),
    "prompt_for_password": (False, True),
    "min_encryption_level": ("low", "client_compatible", "high", "fips"),
}
# What a listener that runs may still hold in its old form. Microsoft's pages differ on whether the next connection or
# a restart of TermService takes these up; the probe afterwards tells.
_RESTART = frozenset(BY_OPTION) - {"enabled", "drain_mode", "user_logons_allowed", "logons_allowed"}


def plan(facts: Listener, desired: Mapping[str, Any], *, allow_weaker: bool) -> list[Change]:
    """The changes that bring the desired options about; Refused names what stands in the way of one."""
    changes = []
    _check_present(facts, desired)
    for option, value in desired.items():
        setting = BY_OPTION[option]
        now = facts["settings"][option]
        if is_same(now["value"], value):
            continue
        if now["policy"] is not None:
            raise Refused(
                f"{option} is {now['value']!r} by Group Policy ({now['where']}); a local change would not count: "
                f"set it to {value!r} in the policy"
            )
        if not allow_weaker and _is_weaker(option, now["value"], value):
            raise Refused(
                f"{option}: {value!r} is weaker than {now['value']!r}, which the host has now; "
                "set allow_weaker to true if that is really wanted"
            )
        before = None if now["local"] is None else dword(_number(option, now["local"]))
        changes.append(
            Change(
                kind="registry_value",
                target=setting.key,
                name=setting.value,
                before=before,
                after=dword(setting.encode(value)),
            )
        )
    if not allow_weaker:
        _check_together(facts, desired)
    return changes


def _check_present(facts: Listener, desired: Mapping[str, Any]) -> None:
    """Refused where RDP-Tcp is gone: a value would make a key of it that has nothing else. No source has all of what
    Windows puts there for each version, so the key comes from a host, or a backup, of the same one."""
    own = [option for option in desired if BY_OPTION[option].key == RDP_TCP]
    if own and facts.get("present") is False:
        raise Refused(
            f"the listener RDP-Tcp does not exist, so {', '.join(own)} can not be set: export {RDP_TCP} on a host of "
            "the same Windows version (reg.exe export), import it here (reg.exe import), and restart TermService"
        )


def after(facts: Listener, desired: Mapping[str, Any]) -> dict[str, Any]:
    return {**before(facts, desired), **desired}


def before(facts: Listener, desired: Mapping[str, Any]) -> dict[str, Any]:
    return {option: facts["settings"][option]["value"] for option in desired}


def restart_required(desired: Mapping[str, Any], changes: list[Change]) -> list[str]:
    changed = {change["name"] for change in changes}
    needs = any(BY_OPTION[option].value in changed for option in desired if option in _RESTART)
    return ["TermService"] if needs else []


def _number(option: str, value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else BY_OPTION[option].encode(value)


def _is_weaker(option: str, now: Any, value: Any) -> bool:
    order = _STRENGTH.get(option)
    return order is not None and now in order and order.index(value) < order.index(now)


def _check_together(facts: Listener, desired: Mapping[str, Any]) -> None:
    """Windows rejects TLS with the low encryption level (Microsoft, "SetSecurityLayer method")."""
    result = {
        option: facts["settings"][option]["value"] for option in ("security_layer", "min_encryption_level", "nla")
    }
    result.update({option: value for option, value in desired.items() if option in result})
    touched = any(option in desired for option in result)
    if touched and result["security_layer"] == "tls" and result["min_encryption_level"] == "low":
        raise Refused(
            "security_layer tls does not go with min_encryption_level low: set min_encryption_level to "
            "client_compatible or high as well"
        )
    if touched and result["security_layer"] == "rdp" and result["nla"] is True:
        raise Refused("nla needs TLS, which security_layer rdp does not offer: set security_layer to tls as well")
