# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Whom a change of Schannel's settings would lock out: clients of Remote Desktop, and the controller itself. Pure.

Only TLS is looked at: another fault of the host, such as a certificate that is gone, locks out nobody more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import profile
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, Prediction, ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.servers import of_facts
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import usable
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.winrm import controller, listener
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import CipherSuites, Facts, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.transport import TlsSide

# Who is looked at where no clients are named: those of today.
CURRENT: Final = ("10-22h2", "11-23h2", "11-24h2", "11-25h2")


def current() -> list[ClientParty]:
    return [profile(name) for name in CURRENT]


def after(facts: Tls, release: Release | None, states: Mapping[str, str], suites: CipherSuites) -> Tls:
    """The facts as they will be: ``facts`` with the wanted switches, the server's protocols by their states, and the
    list of suites that will count."""
    capable = PROTOCOLS if release is None else release.rdp_tls
    left = usable(
        suites,
        "" if release is None else release.key,
        ciphers=facts.get("ciphers", {}),
        hashes=facts.get("hashes", {}),
        key_exchange=facts.get("key_exchange", {}),
        fips=bool(facts["fips"]["value"]),
    )
    versions = [name for name in capable if states[name] == "enabled"]
    protocols = {
        name: {**sides, "server": {**sides["server"], "state": states[name]}}
        for name, sides in facts["protocols"].items()
    }
    return cast(
        Tls,
        {
            **facts,
            "protocols": protocols,
            "rdp_versions": versions,
            "cipher_suites": suites,
            "usable_suites": left,
        },
    )


def narrows(facts: Tls, then: Tls) -> bool:
    """Whether a TLS version or cipher suite is lost, as far as that is known."""
    suites, left = facts.get("usable_suites"), then.get("usable_suites")
    return (
        not set(facts["rdp_versions"]) <= set(then["rdp_versions"])
        or suites is None
        or left is None
        or not set(suites) <= set(left)
    )


def check(facts: Facts, then: Tls, clients: Sequence[ClientParty]) -> None:
    """Refused when a client that may get in now would have no TLS version or cipher suite in common any more."""
    lost = list(locked_out(facts, then, clients))
    if lost:
        told = "; ".join(f"{each['client']}: {each['reason'].rstrip('.')}" for each in lost)
        raise Refused(f"this would lock out clients ({told}): keep what they need, or set force to true")


def check_controller(facts: Tls, then: Tls, connection: TlsSide) -> None:
    """Refused when this controller, which gets in over HTTPS now, would not any more.

    WinRM over HTTPS keeps its Schannel credentials until Windows starts anew, so a new connection after the change
    proves nothing, and the way in would be lost with the next restart.
    """
    client = controller(connection.context)
    now, later = (foresee(client, listener(each, connection.certificate)) for each in (facts, then))
    if later["connects"] is False and now["connects"] is not False:
        raise Refused(
            f"this would lock out the controller itself, whose connection goes over HTTPS "
            f"({later['reason'].rstrip('.')}): keep what it needs, connect over HTTP with encrypted messages, or set "
            "force to true"
        )


def locked_out(facts: Facts, then: Tls, clients: Iterable[ClientParty]) -> Iterable[Prediction]:
    now, later = _server(facts), _server({**facts, "tls": then})
    for client in clients:
        found = foresee(client, later)
        if found["connects"] is False and foresee(client, now)["connects"] is not False:
            yield found


def _server(facts: Facts) -> ServerParty:
    return {**of_facts("", facts), "certificate": True, "credssp_fixed": True, "encryption_oracle": "mitigated"}
