# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""A change: one reversible step on a host, as plain data that JSON can carry.

``before`` and ``after`` have the shape of their kind:

=================  =====================  ==================================================================
kind               target, name           before / after
=================  =====================  ==================================================================
registry_value     key, value name        ``{"type": "REG_DWORD", "data": 1}``, binary as hex; None: no value
registry_key       key, empty             ``{value name: value, ...}`` of a key without subkeys; None: no key
start_mode         service, empty         auto, manual, disabled
service_account    service, empty         NT Authority\\NetworkService; only accounts without a password can be set
service_state      service, empty         running, stopped
security           path, empty            a ``Security`` of the facts
firewall_rule      rule id, group         True (enabled) or False
firewall_port      rule name, port        list of profiles; None: no such rule
package            identity, empty        installed, absent; nothing brings one back
licensing          key, value name        as of a registry_value, set through Windows' own class
undo_task          task, empty            ``{"commands": [...]}``, see _windows/undo_task.py; None: no such task
=================  =====================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import known_account
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import FirewallRule, Security
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl, undo_task
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import REMOTE_DESKTOP, store_path
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.packages import GONE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import (
    RegistryType,
    RegistryValue,
    is_expansion,
)

# Why a removed update stays removed.
NO_WAY_BACK = (
    "its files came from Microsoft and are not kept on the host, and this collection downloads nothing; install it, "
    "or a later cumulative update, from Windows Update"
)
# Kinds of changes that are about one value of the registry.
VALUES = ("registry_value", "licensing")


class _Step(TypedDict):
    kind: str
    target: str
    name: str
    before: Any
    after: Any


class Change(_Step, total=False):
    creates: list[str]  # registry keys that have to be made for the value, the outermost first
    removes: list[str]  # registry keys that go with the value when they are empty, the innermost first


def reverse(change: Change) -> Change:
    """The change that takes this one back."""
    back = Change(
        kind=change["kind"],
        target=change["target"],
        name=change["name"],
        before=change["after"],
        after=change["before"],
    )
    if "creates" in change:
        back["removes"] = change["creates"][::-1]
    if "removes" in change:
        back["creates"] = change["removes"][::-1]
    return back


def with_keys(host: Host, change: Change) -> Change:
    """The change, with the registry keys that are missing for its value, so that its reverse removes them again."""
    if change["kind"] not in VALUES or change["after"] is None or "creates" in change:
        return change
    missing: list[str] = []
    path = change["target"]
    while not host.registry.exists(path):
        missing.insert(0, path)
        path = path.rpartition("\\")[0]
    return Change(**{**change, "creates": missing}) if missing else change


def describe(change: Change) -> str:
    """One line for people."""
    what = f"{change['target']}\\{change['name']}" if change["kind"] in VALUES else change["target"]
    if change["kind"] == "registry_key":
        return f"{'delete' if change['after'] is None else 'create'} the key {what}"
    if change["kind"] == "undo_task":
        return f"{'call off' if change['after'] is None else 'set up'} the scheduled task {what}"
    if change["kind"] == "security":
        return f"access list of {what}"
    return f"{change['kind'].replace('_', ' ')} {what}: {_short(change['before'])} -> {_short(change['after'])}"


def _short(value: Any) -> str:
    if value is None:
        return "absent"
    return str(value["data"]) if isinstance(value, Mapping) and "data" in value else str(value)


# -- registry values as JSON -----------------------------------------------------------------------------------------


def to_json(value: RegistryValue | None) -> dict[str, Any] | None:
    if value is None:
        return None
    data = value.data
    plain = data.hex() if isinstance(data, bytes) else list(data) if isinstance(data, tuple) else data
    return {"type": value.type.name, "data": plain}


def from_json(value: Mapping[str, Any]) -> RegistryValue:
    kind = RegistryType[value["type"]]
    data = value["data"]
    if kind is RegistryType.REG_BINARY:
        return RegistryValue(kind, bytes.fromhex(data))
    return RegistryValue(kind, tuple(data) if kind is RegistryType.REG_MULTI_SZ else data)


def dword(number: int) -> dict[str, Any]:
    return {"type": RegistryType.REG_DWORD.name, "data": number}


# -- making a change -------------------------------------------------------------------------------------------------


def perform(host: Host, change: Change) -> None:
    """Brings ``after`` about and reads it back; WindowsError when the host ends up with something else."""
    _PERFORM[change["kind"]](host, change)


def _registry_value(host: Host, change: Change) -> None:
    path, name, after = change["target"], change["name"], change["after"]
    if after is not None:
        host.registry.create_key(path)
        host.registry.set_value(path, name, from_json(after))
        return
    host.registry.delete_value(path, name)
    host.registry.delete_empty(change.get("removes", ()))


def _registry_key(host: Host, change: Change) -> None:
    path, after = change["target"], change["after"]
    if after is None:
        host.registry.delete_key(path)
        return
    host.registry.create_key(path)
    for name, value in after.items():
        host.registry.set_value(path, name, from_json(value))
    found = {name: to_json(value) for name, value in host.registry.values(path).items()}
    _confirm(path, found, after)


def _start_mode(host: Host, change: Change) -> None:
    host.services.set_start_mode(change["target"], change["after"])


def _service_account(host: Host, change: Change) -> None:
    host.services.set_account(change["target"], change["after"])


def _service_state(host: Host, change: Change) -> None:
    if change["after"] == "running":
        host.services.start(change["target"], host.deadline)
    else:
        host.services.stop(change["target"], host.deadline)


def _security(host: Host, change: Change) -> None:
    before, after = cast(Security, change["before"]), cast(Security, change["after"])
    host.files.set_security(change["target"], before, after, host.deadline)


def _firewall_rule(host: Host, change: Change) -> None:
    rule = cast(FirewallRule, {"id": change["target"], "group": change["name"]})
    host.firewall.set_enabled(rule, change["after"], classes=host.has_firewall_classes, deadline=host.deadline)


def _firewall_port(host: Host, change: Change) -> None:
    adding = change["after"] is not None
    switch = host.firewall.add_port if adding else host.firewall.delete_port
    profiles = change["after"] if adding else change["before"]
    classes, deadline = host.has_firewall_classes, host.deadline
    switch(change["target"], int(change["name"]), profiles, classes=classes, deadline=deadline)


def _package(host: Host, change: Change) -> None:
    if change["after"] != "absent":
        raise WindowsError(f"{change['target']} can not be put back: {NO_WAY_BACK}")
    host.packages.remove(change["target"], host.deadline)


def _licensing(host: Host, change: Change) -> None:
    after = change["after"]
    host.licensing.write(change["name"], None if after is None else from_json(after))
    host.registry.delete_empty(change.get("removes", ()))


def _undo_task(host: Host, change: Change) -> None:
    if change["after"] is None:
        undo_task.call_off(host)
    else:
        undo_task.set_up(host, change["after"]["commands"])


_PERFORM: dict[str, Callable[[Host, Change], None]] = {
    "registry_value": _registry_value,
    "registry_key": _registry_key,
    "start_mode": _start_mode,
    "service_account": _service_account,
    "service_state": _service_state,
    "security": _security,
    "firewall_rule": _firewall_rule,
    "firewall_port": _firewall_port,
    "package": _package,
    "licensing": _licensing,
    "undo_task": _undo_task,
}


KINDS = frozenset(_PERFORM)


def is_ours(change: Change, now: Any) -> bool:
    """Whether what the host has now is what it had before or after a change, or on the way to either."""
    before, after = change["before"], change["after"]
    if now in (before, after):
        return True
    if change["kind"] == "registry_key":
        return any(_is_part(now, whole) for whole in (before, after))
    return (
        change["kind"] == "security"
        and now["status"] == "ok"
        and any(
            acl.is_on_the_way(now, cast(Security, begin), cast(Security, end))
            for begin, end in ((before, after), (after, before))
        )
    )


def _is_part(now: Mapping[str, Any] | None, whole: Mapping[str, Any] | None) -> bool:
    """Whether a key has nothing but values that it is about to have: a key is made first, and they one by one."""
    return now is not None and whole is not None and all(whole.get(name) == value for name, value in now.items())


def current(host: Host, change: Change) -> Any:
    """What the host has now, in the shape of ``before`` and ``after``."""
    return _CURRENT[change["kind"]](host, change)


def gone_for_good(host: Host, change: Change) -> str:
    """Why a change can not be taken back at all; empty when it can.

    Windows makes a new self-signed certificate with a new key in the container of the old one, so the old certificate
    would have no key.
    """
    if change["kind"] == "service_account" and known_account(change["before"]) is None:
        return f"the password of {change['before']} is not known here: enter both in the properties of the service"
    if change["kind"] == "package":
        return f"a removed update can not be put back: {NO_WAY_BACK}"
    store = store_path(REMOTE_DESKTOP)
    if change["kind"] != "registry_key" or change["after"] is not None or not _is_below(change["target"], store):
        return ""
    others = [
        name for name in host.registry.subkeys(store) or () if not change["target"].lower().endswith(name.lower())
    ]
    if not others:
        return ""
    return f"Windows has made the certificate {others[0]} in its place, and with it a new key: the old key is gone"


def _is_below(path: str, parent: str) -> bool:
    return path.lower().startswith(parent.lower() + "\\")


def _value_now(host: Host, change: Change) -> Any:
    """The value; that of the change when it reads as the same with variables expanded, as Windows may give it."""
    name = change["name"]
    found = to_json(host.registry.values(change["target"], [name]).get(name))
    for known in (change["before"], change["after"]):
        if _is_expansion(found, known):
            return known
    return found


def _is_expansion(found: Any, known: Any) -> bool:
    if not found or not known or {found["type"], known["type"]} != {RegistryType.REG_EXPAND_SZ.name}:
        return False
    return is_expansion(found["data"], known["data"])


def _key_now(host: Host, change: Change) -> Any:
    found = host.registry.key(change["target"])
    return None if found is None else {name: to_json(value) for name, value in found.values.items()}


def _start_mode_now(host: Host, change: Change) -> Any:
    return host.services.get(change["target"]).start_mode


def _service_account_now(host: Host, change: Change) -> Any:
    return host.services.get(change["target"]).account


def _service_state_now(host: Host, change: Change) -> Any:
    return host.services.steady(change["target"], host.deadline).state


def _security_now(host: Host, change: Change) -> Any:
    """The list of the change when it is the host's: entries count, not the order that Windows gives them in."""
    found = host.files.security(change["target"])
    if found["status"] == "ok":
        for known in (change["before"], change["after"]):
            if acl.same(found, cast(Security, known)):
                return known
    return found


def _firewall_rule_now(host: Host, change: Change) -> Any:
    return host.firewall.is_enabled(change["target"], classes=host.has_firewall_classes)


def _firewall_port_now(host: Host, change: Change) -> Any:
    profiles = change["after"] if change["after"] is not None else change["before"]
    there = host.firewall.own_rules(int(change["name"]), profiles, classes=host.has_firewall_classes)
    return profiles if there else None


def _package_now(host: Host, change: Change) -> Any:
    state = host.packages.state(change["target"])
    return "absent" if state in GONE else state


def _undo_task_now(host: Host, change: Change) -> Any:
    """That of the change where one is there: it is called off whatever it would do."""
    return (change["after"] or change["before"]) if undo_task.is_set(host) else None


_CURRENT: dict[str, Callable[[Host, Change], Any]] = {
    "registry_value": _value_now,
    "registry_key": _key_now,
    "start_mode": _start_mode_now,
    "service_account": _service_account_now,
    "service_state": _service_state_now,
    "security": _security_now,
    "firewall_rule": _firewall_rule_now,
    "firewall_port": _firewall_port_now,
    "package": _package_now,
    "licensing": _value_now,
    "undo_task": _undo_task_now,
}


def _confirm(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise WindowsError(f"{what} reads back as {_short(found)} after it was set to {_short(wanted)}")
