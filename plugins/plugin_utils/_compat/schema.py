# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shapes of a client, a server and what is foreseen of a connection between them.

None stands for what is not known. TLS versions are spelled as "TLS 1.2", cipher suites by their IANA names.
"""

from __future__ import annotations

from typing import Literal, TypedDict

Protocol = Literal["rdp", "tls", "credssp"]
Side = Literal["client", "server", ""]


class ClientParty(TypedDict):
    """A program that people connect with, on its machine."""

    name: str
    kind: Literal["mstsc", "freerdp"]  # whose error codes its user sees
    protocols: list[Protocol]  # security protocols that it takes
    tls_versions: list[str] | None
    suites: list[str] | None  # in its order
    credssp_fixed: bool | None  # it has the correction of CVE-2018-0886
    encryption_oracle: str  # force_updated, mitigated, vulnerable: what a fixed one makes of others
    credssp_available: bool  # CredSSP can be switched on where it is off
    can_learn: list[str]  # TLS versions that settings or updates could add
    update: str  # the update that it needs for TLS 1.2, besides settings; empty: none


class ServerParty(TypedDict):
    """A Remote Desktop listener."""

    name: str
    release: str  # a key of _data/versions.py, or "xp", "2003"; empty where it is not known
    negotiation: bool | None  # it answers negotiation requests; XP and 2003 do without
    security_layer: Literal["rdp", "negotiate", "tls"] | None
    nla: bool | None  # required
    certificate: bool | None  # it has a certificate
    key_usable: bool | None  # and the service can use that one's private key
    key: str | None  # of that certificate: RSA, ECDSA, DSS
    tls_versions: list[str] | None
    suites: list[str] | None  # in its order, whatever its key can serve
    credssp_fixed: bool | None
    encryption_oracle: str | None  # as above
    can_learn: list[str]


class Change(TypedDict):
    """The one change that lets the client in. It never takes security away from the server."""

    side: Side  # empty: no single change does
    text: str  # a sentence; empty where nothing has to change


class Prediction(TypedDict):
    client: str
    server: str
    connects: bool | None  # it gets as far as the logon; None: too little is known
    stage: str  # where it ends: x224, tls, credssp; ready; "unknown"
    protocol: Protocol | None  # the security protocol that the server selects
    tls_version: str | None
    suite: str | None  # the one that the server chooses by its own order, as Schannel does
    suites: list[str]  # all that both have for that version
    nla: str  # used, not_used, unknown
    credssp: str  # allowed, blocked, not_used, unknown
    errors: list[str]  # what the user sees: "0x904/0x7", or the text that has no code
    reason: str  # one sentence
    change: Change
    certainty: Literal["known", "partly"]
    missing: list[str]  # what was not known: "server.suites", ...


class Summary(TypedDict):
    """One server for all clients."""

    server: str
    connects: list[str]  # names of clients
    fails: list[str]
    unknown: list[str]
