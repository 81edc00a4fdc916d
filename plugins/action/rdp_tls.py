# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from ansible_collections.winops.rdp.plugins.plugin_utils._action import CHANGES, Arguments, HostAction, Result
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author, owned_by_nobody
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import BadParty, client
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import BROKEN, KINDS, PROFILES, STRONG
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, Release, release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CipherSuites, Facts, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import LOCAL_SUITES, POLICY_SUITES, suites_of
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import locked_out, suites, switches, tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, from_json, to_json
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

# Schannel's values count for credentials that are made anew (Microsoft, "TLS registry settings").
RESTART = ("TermService",)
_AREAS = ("tls", "services", "system", "updates")
# Besides those, where it is asked whom a change locks out; what can not be read of them decides nothing.
_FOR_CLIENTS = ("listener", "certificate")


def _switch_option(kind: str) -> dict[str, Any]:
    names = [*STRONG[kind], *BROKEN[kind]]
    return {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True, "choices": names},
            "state": {"type": "str", "choices": ["default", "disabled"], "default": "default"},
        },
    }


class ActionModule(HostAction):
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "protocols": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True, "choices": list(PROTOCOLS)},
                "side": {"type": "str", "choices": ["server", "client", "both"], "default": "server"},
                "state": {"type": "str", "choices": ["enabled", "disabled", "default"], "default": "enabled"},
            },
        },
        **{kind: _switch_option(kind) for kind in KINDS},
        "repair_misused_values": {"type": "bool", "default": False},
        "cipher_suites": {"type": "list", "elements": "str", "default": []},
        "cipher_suites_policy": {"type": "str", "choices": [suites.ABSENT]},
        "profile": {"type": "str", "choices": list(PROFILES)},
        "clients": {"type": "list", "elements": "raw", "default": []},
        "allow_weaker": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        **CHANGES,
    }

    def validated(self) -> Arguments:
        arguments = super().validated()
        asked = ("protocols", *KINDS, "repair_misused_values", "cipher_suites", "cipher_suites_policy", "profile")
        if not any(arguments[option] for option in asked):
            raise AnsibleActionFail(f"nothing to do: give at least one of {', '.join(sorted(asked))}")
        if arguments["profile"] and not arguments["clients"]:
            raise AnsibleActionFail(
                "profile needs clients, so that nobody is locked out unawares: the clients that connect to this host, "
                "such as 11-24h2 and 10-22h2"
            )
        return arguments

    def on_host(self, host: Host, arguments: Arguments) -> Result:
        clients = _clients(arguments)
        facts = self.read(host, *_AREAS)
        key = facts["system"]["release"]
        windows = release(key) if key else None
        protocols, switched = _wishes(facts["tls"], arguments)
        allow_weaker, force = arguments["allow_weaker"], arguments["force"]
        changes = tls.plan(
            facts["tls"],
            facts["system"],
            facts["updates"],
            windows,
            protocols,
            allow_weaker=allow_weaker,
            force=force,
        )
        changes += switches.plan(facts["tls"], switched, allow_weaker=allow_weaker)
        left = facts["tls"]["cipher_suites"]
        if arguments["cipher_suites"] or arguments["cipher_suites_policy"]:
            lists = _lists(host)
            changes += self._plan_lists(host, lists, windows, arguments)
            left = _left(lists, changes)
        then = _then(facts["tls"], windows, protocols, switched, left)
        if changes and not force:
            tls.check_farm(facts["system"])
            if host.session.tls is not None:
                locked_out.check_controller(facts["tls"], then, host.session.tls)
            if locked_out.narrows(facts["tls"], then):
                known: Facts = {**facts, **self.gather(host, _FOR_CLIENTS, arguments)}
                locked_out.check(known, then, clients)
        before = _told(facts["tls"], protocols, switched, arguments)
        after = _told(then, protocols, switched, arguments)
        after["protocols"] = [_item(wish, tls.after(facts["tls"], windows, *wish)) for wish in protocols]
        # Microsoft, "Prioritizing Schannel Cipher Suites": a changed list asks for a restart of the computer.
        reboot = any(change["name"] == suites.FUNCTIONS for change in changes)
        journal = self.change(host, changes, risky=True, restart=[*RESTART, WINDOWS] if reboot else RESTART)
        if journal:
            after = _told(self.read(host, "tls")["tls"], protocols, switched, arguments)
        result = self.outcome(
            changes,
            before,
            after,
            journal=journal,
            restart_required=RESTART if changes else (),
        )
        result["reboot_required"] = reboot
        return result

    def _plan_lists(
        self, host: Host, lists: Mapping[str, suites.Value], windows: Release | None, arguments: Arguments
    ) -> list[Change]:
        changes: list[Change] = []
        if arguments["cipher_suites_policy"] == suites.ABSENT and lists[POLICY_SUITES] is not None:
            changes += suites.plan_policy(lists[POLICY_SUITES], self._author(host, arguments))
        if arguments["cipher_suites"]:
            by_policy = lists[POLICY_SUITES] is not None and not changes
            changes += suites.plan_local(
                lists[LOCAL_SUITES],
                arguments["cipher_suites"],
                windows,
                by_policy=by_policy,
                allow_weaker=arguments["allow_weaker"],
            )
        return changes

    def _author(self, host: Host, arguments: Arguments) -> str:
        """Who sets the policy's list; empty only where the host keeps a record of its policies, and it is not in it."""
        facts = self.gather(host, ["policies"], arguments)
        where = rf"{POLICY_SUITES}\{suites.FUNCTIONS}"
        if owned_by_nobody(facts, where):
            return ""
        return author(facts, where) or "Which Group Policy object sets it could not be read."


def _clients(arguments: Arguments) -> list[ClientParty]:
    try:
        return [client(each) for each in arguments["clients"]] or locked_out.current()
    except BadParty as error:
        raise AnsibleActionFail(str(error)) from None


def _wishes(facts: Tls, arguments: Arguments) -> tuple[list[tls.Wish], list[switches.Wish]]:
    """What the options ask for. What they say themselves counts more than what a profile says."""
    profile = PROFILES.get(arguments["profile"] or "")
    repaired = switches.misused(facts) if arguments["repair_misused_values"] or profile else []
    offered = tls.of_profile(facts, profile.protocols) if profile else []
    switched: list[switches.Wish] = []
    for kind in KINDS:
        items = [{"name": wish.name, "state": wish.state} for wish in repaired if wish.kind == kind]
        if profile:
            items += [
                {"name": name, "state": state} for state, names in profile.switches.items() for name in names[kind]
            ]
        switched += switches.wishes(kind, [*items, *arguments[kind]])
    return tls.wishes([*offered, *arguments["protocols"]]), switched


def _lists(host: Host) -> dict[str, suites.Value]:
    """Both lists of cipher suites, in the form of a change."""
    names = [suites.FUNCTIONS]
    return {
        path: to_json(host.registry.values(path, names).get(suites.FUNCTIONS)) for path in (POLICY_SUITES, LOCAL_SUITES)
    }


def _left(lists: Mapping[str, suites.Value], changes: list[Change]) -> CipherSuites:
    """The list that counts after the changes."""
    changed = {change["target"]: change["after"] for change in changes if change["name"] == suites.FUNCTIONS}
    found = {path: changed.get(path, value) for path, value in lists.items()}
    path = POLICY_SUITES if found[POLICY_SUITES] is not None else LOCAL_SUITES
    value = found[path]
    return CipherSuites(
        value=None if value is None else suites_of(from_json(value)),
        source="policy" if path == POLICY_SUITES else "default",
        where=rf"{path}\{suites.FUNCTIONS}",
    )


def _then(
    facts: Tls, windows: Release | None, protocols: list[tls.Wish], switched: list[switches.Wish], left: CipherSuites
) -> Tls:
    """The facts when everything that is asked for is so."""
    states = {name: sides["server"]["state"] for name, sides in facts["protocols"].items()}
    server = {wish.name: tls.after(facts, windows, *wish) for wish in protocols if wish.side == "server"}
    return locked_out.after(switches.after(facts, switched), windows, {**states, **server}, left)


def _told(facts: Tls, protocols: list[tls.Wish], switched: list[switches.Wish], arguments: Arguments) -> dict[str, Any]:
    """What the options are about, as it is by these facts."""
    told: dict[str, Any] = {"protocols": [_item(wish, _state(facts, wish)) for wish in protocols]}
    for kind in KINDS:
        told[kind] = [
            {"name": wish.name, "state": switches.state(facts, wish)} for wish in switched if wish.kind == kind
        ]
    if arguments["cipher_suites"] or arguments["cipher_suites_policy"]:
        told["cipher_suites"] = facts["cipher_suites"]["value"]
        told["cipher_suites_source"] = facts["cipher_suites"]["source"]
    return told


def _state(facts: Tls, wish: tls.Wish) -> str:
    return facts["protocols"][wish.name][wish.side]["state"]


def _item(wish: tls.Wish, state: str) -> dict[str, str]:
    return {"name": wish.name, "side": wish.side, "state": state}
