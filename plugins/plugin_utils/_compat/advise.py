# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The one change that lets a client in: each proposal is tried, and the first that works is named. Pure.

What would take security away from the server is no proposal: not SecurityLayer 0, not NLA off, no
AllowEncryptionOracle 2, no TLS older than 1.2, no cipher that is broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import CURRENT, profile
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import (
    Change,
    ClientParty,
    Prediction,
    ServerParty,
    Side,
    Summary,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import is_strong
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import DEFAULTS

Proposal = tuple[Side, str, Mapping[str, Any]]
# What every client and server of the last ten years has.
_PROVEN = "TLS 1.2"


def predict(client: ClientParty, server: ServerParty) -> Prediction:
    """How a connection goes, and what to change where it does not get through."""
    found = foresee(client, server)
    if found["connects"] is False:
        found["change"] = _change(client, server)
    return found


def matrix(clients: list[ClientParty], servers: list[ServerParty]) -> list[Prediction]:
    """Every client with every server, server by server."""
    return [predict(client, server) for server in servers for client in clients]


def summaries(rows: list[Prediction]) -> list[Summary]:
    """What the rows of a matrix say of each server."""
    found: dict[str, Summary] = {}
    for row in rows:
        summary = found.setdefault(row["server"], Summary(server=row["server"], connects=[], fails=[], unknown=[]))
        told = summary["unknown" if row["connects"] is None else "connects" if row["connects"] else "fails"]
        told.append(row["client"])
    return list(found.values())


def changed(client: ClientParty, server: ServerParty, proposal: Proposal) -> tuple[ClientParty, ServerParty]:
    """Both sides after a proposal."""
    side, _text, updates = proposal
    if side == "client":
        return cast(ClientParty, {**client, **updates}), server
    return client, cast(ServerParty, {**server, **updates})


def _change(client: ClientParty, server: ServerParty) -> Change:
    for proposal in proposals(client, server):
        if foresee(*changed(client, server, proposal))["connects"]:
            return Change(side=proposal[0], text=proposal[1])
    return Change(side="", text="No single change does: bring both sides up to date.")


def proposals(client: ClientParty, server: ServerParty) -> Iterator[Proposal]:
    """From the server's settings, which help every client, to replacing a machine."""
    yield from _server_settings(server)
    yield from _client_settings(client)
    current = profile(CURRENT)
    yield (
        "client",
        f"Connect from a supported release, such as Windows {CURRENT.replace('-', ' ')}.",
        {
            **current,
            "name": client["name"],
        },
    )
    newest = DEFAULTS["2025"]
    yield (
        "server",
        "Move the server to a supported release of Windows.",
        {
            "negotiation": True,
            "security_layer": "tls",
            "certificate": True,
            "key_usable": True,
            "key": "RSA",
            "tls_versions": ["TLS 1.2", "TLS 1.3"],
            "suites": list(newest),
            "credssp_fixed": True,
        },
    )


def _server_settings(server: ServerParty) -> Iterator[Proposal]:
    if server["negotiation"] is not False:
        yield (
            "server",
            "Set the security layer of the server to TLS (rdp_listener, security_layer: tls).",
            {"security_layer": "tls"},
        )
        yield (
            "server",
            "Give the server a certificate that it can use, with its key (rdp_certificate).",
            {"certificate": True, "key_usable": True},
        )
    yield (
        "server",
        ("Install the correction of CVE-2018-0886 on the server: a cumulative update of May 2018 or later."),
        {"credssp_fixed": True},
    )
    versions, suites = server["tls_versions"], server["suites"]
    if versions is not None and _PROVEN not in versions and _PROVEN in server["can_learn"]:
        update = ", and install KB3080079" if server["release"] in ("7", "2008r2") else ""
        yield "server", f"Enable TLS 1.2 on the server (rdp_tls){update}.", {"tls_versions": [*versions, _PROVEN]}
    if server["key"] not in (None, "RSA"):
        yield (
            "server",
            "Bind a certificate with an RSA key to the server's listener (rdp_certificate).",
            {"key": "RSA"},
        )
    defaults = [name for name in DEFAULTS.get(server["release"], DEFAULTS["2016"]) if is_strong(name)]
    if suites is not None:
        yield (
            "server",
            (
                "Lift the limit on the server's cipher suites: the policy SSL Cipher Suite Order, and the switches "
                "below SCHANNEL."
            ),
            {"suites": [*suites, *(name for name in defaults if name not in suites)]},
        )


def _client_settings(client: ClientParty) -> Iterator[Proposal]:
    if "credssp" not in client["protocols"] and client["credssp_available"]:
        yield (
            "client",
            "Turn CredSSP on at the client (on Windows XP SP3 as Microsoft's KB951608 says).",
            {"protocols": [*client["protocols"], "credssp"]},
        )
    if "tls" not in client["protocols"]:
        yield "client", "Let the client use TLS and CredSSP.", {"protocols": ["rdp", "tls", "credssp"]}
    yield (
        "client",
        ("Install the correction of CVE-2018-0886 on the client: a cumulative update of May 2018 or later."),
        {"credssp_fixed": True},
    )
    versions, suites = client["tls_versions"], client["suites"]
    if versions is not None and _PROVEN not in versions and _PROVEN in client["can_learn"]:
        update = f", and install {client['update']}" if client["update"] else ""
        yield (
            "client",
            f"Enable TLS 1.2 for clients on the client's machine (rdp_tls, side: client){update}.",
            {"tls_versions": [*versions, _PROVEN]},
        )
    if suites is not None and client["kind"] == "mstsc":
        strong = [name for name in DEFAULTS["10-22h2"] if name not in suites]
        if any(is_strong(name) for name in suites):
            yield "client", "Lift the limit on the client's cipher suites.", {"suites": [*suites, *strong]}
