# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What a module would refuse of a step, foreseen from facts, so that it is not planned. Pure.

The modules' own planning is asked, with the options that the role remediate gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Step
from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import ORACLE_MEANINGS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import KINDS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release, release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import (
    client,
    firewall,
    listener,
    locked_out,
    switches,
    tls,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import dword
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused


def refusal(facts: Facts, step: Step, *, force: bool) -> str:
    """Why the module would refuse this step, in one sentence; empty when nothing speaks against it."""
    attempt = _ATTEMPTS.get(step["module"])
    if attempt is None:
        return ""
    try:
        attempt(facts, step["options"], force)
    except Refused as refused:
        return f"{step['module']} refuses it: {refused}."
    return ""


def _listener(facts: Facts, options: Mapping[str, Any], force: bool) -> None:
    del force  # the module has no such option
    area = ok(facts.get("listener"))
    if area is None:
        raise Refused("the settings of the listener could not be read")
    listener.plan(area, options, allow_weaker=False)


def _firewall(facts: Facts, options: Mapping[str, Any], force: bool) -> None:
    del force
    area = ok(facts.get("firewall"))
    if area is None:
        raise Refused("the firewall could not be read")
    firewall.plan(area, options["state"])


def _client(facts: Facts, options: Mapping[str, Any], force: bool) -> None:
    """Without force: only a person may say that no policy sets what lives in a key of policies."""
    del force
    logon, policies, system = ok(facts.get("logon")), ok(facts.get("policies")), ok(facts.get("system"))
    if logon is None or policies is None or system is None:
        raise Refused("what Group Policy sets here could not be read")
    numbers = {meaning: number for number, meaning in ORACLE_MEANINGS.items()}
    number = numbers.get(logon.get("encryption_oracle") or "")
    found = {"encryption_oracle": None if number is None else dword(number)}
    client.switch_changes(options, found, policies, system, allow_weaker=False, force=False)


def _tls(facts: Facts, options: Mapping[str, Any], force: bool) -> None:
    area, system, updates = ok(facts.get("tls")), ok(facts.get("system")), ok(facts.get("updates"))
    if area is None or system is None or updates is None:
        raise Refused("Schannel's settings, the Windows release and its updates could not all be read")
    key = system["release"]
    windows = release(key) if key else None
    protocols = tls.wishes(options.get("protocols", ()))
    switched = [wish for kind in KINDS for wish in switches.wishes(kind, options.get(kind, ()))]
    changes = tls.plan(area, system, updates, windows, protocols, allow_weaker=False, force=force)
    changes += switches.plan(area, switched, allow_weaker=False)
    if changes and not force:
        tls.check_farm(system)
        then = _then(area, windows, protocols, switched)
        # A list of suites that goes lets more in, never less.
        if "cipher_suites_policy" not in options and locked_out.narrows(area, then):
            locked_out.check(facts, then, locked_out.current())


def _then(facts: Tls, windows: Release | None, protocols: list[tls.Wish], switched: list[switches.Wish]) -> Tls:
    """The facts when everything that is asked for is so."""
    states = {name: sides["server"]["state"] for name, sides in facts["protocols"].items()}
    server = {wish.name: tls.after(facts, windows, *wish) for wish in protocols if wish.side == "server"}
    after = switches.after(facts, switched)
    return locked_out.after(after, windows, {**states, **server}, facts["cipher_suites"])


_ATTEMPTS: Final[Mapping[str, Callable[[Facts, Mapping[str, Any], bool], None]]] = MappingProxyType(
    {"rdp_listener": _listener, "rdp_firewall": _firewall, "rdp_client": _client, "rdp_tls": _tls}
)
