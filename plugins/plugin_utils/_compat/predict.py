# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Foresees how a connection of a client to a server goes, stage by stage. Pure.

Sources. X.224: [MS-RDPBCGR] 2.2.1.2.1 and 2.2.1.2.2, and that a client gives up or goes on without TLS as its settings
say. TLS: "the highest supported TLS version is always preferred" and "Cipher suites not in the priority list will not
be used" (Microsoft, the pages of _data/cipher_suites.py); that a Schannel server goes by its own order is MEM.
CredSSP: the interoperability matrix of Microsoft's KB4093492.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.client_errors import CLIENT_ERRORS
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import (
    Change,
    ClientParty,
    Prediction,
    Protocol,
    ServerParty,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import of_key, of_version, offered

# FreeRDP, include/freerdp/error.h: ERRCONNECT_TLS_CONNECT_FAILED, ERRCONNECT_SECURITY_NEGO_CONNECT_FAILED.
_FREERDP: Final = {"tls": "0x00020008", "x224": "0x0002000C"}
# The text that mstsc shows; it has no code.
ORACLE_ERROR: Final = "CredSSP encryption oracle remediation"
_ORDER: Final = ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3")
_NOTHING: Final = Change(side="", text="")


@dataclass
class Way:
    """How far it goes, filled stage by stage."""

    client: ClientParty
    server: ServerParty
    missing: list[str] = field(default_factory=list)
    protocol: Protocol | None = None
    version: str | None = None
    common: list[str] = field(default_factory=list)
    nla: str = "unknown"
    credssp: str = "unknown"
    # stage, and why it ends there; None while it goes on
    end: tuple[str, str] | None = None

    def stop(self, stage: str, reason: str) -> None:
        self.end = (stage, reason)

    def lack(self, what: str) -> None:
        """Something that decides here is not known."""
        self.missing.append(what)


def foresee(client: ClientParty, server: ServerParty) -> Prediction:
    """How a connection goes, without a proposal for a change."""
    way = Way(client, server)
    for stage in (_negotiation, _certificate, _tls, _credssp):
        if way.end is None:
            stage(way)
    return _told(way)


def _negotiation(way: Way) -> None:
    """Which security protocol the server selects, of those that the client takes."""
    takes, layer, nla = way.client["protocols"], way.server["security_layer"], way.server["nla"]
    if way.server["negotiation"] is False or layer == "rdp":
        way.nla = "not_used"
        if "rdp" in takes:
            way.protocol = "rdp"
        else:
            way.stop("x224", "The server has standard RDP security alone, and the client insists on TLS.")
        return
    if layer is None:
        way.lack("server.security_layer")
        if "rdp" not in takes and "tls" not in takes and "credssp" not in takes:
            way.stop("x224", "The client takes no security protocol.")
            return
    if nla is None:
        way.lack("server.nla")
    if nla and "credssp" not in takes:
        way.stop("x224", "The server requires Network Level Authentication, and the client has no CredSSP.")
    elif "credssp" in takes:
        way.protocol = "credssp"
    elif "tls" in takes:
        way.protocol = "tls"
    elif layer == "tls":
        way.stop("x224", "The server requires TLS, and the client does not speak it.")
    else:
        way.protocol = "rdp"
    way.nla = "used" if way.protocol == "credssp" else "not_used"


def _certificate(way: Way) -> None:
    if way.protocol == "rdp":
        return
    if way.server["certificate"] is False:
        way.stop("x224", "The server has no certificate that it can use (SSL_CERT_NOT_ON_SERVER).")
    elif way.server["certificate"] is None:
        way.lack("server.certificate")
    elif way.server["key_usable"] is False:
        way.stop("tls", "The server can not use the private key of its certificate, and cuts every handshake.")
    elif way.server["key_usable"] is None:
        way.lack("server.key_usable")


def _tls(way: Way) -> None:
    """The newest version that both offer, and the suites that both have for it and the server's key can serve."""
    if way.protocol == "rdp":
        return
    theirs, ours = way.server["tls_versions"], way.client["tls_versions"]
    own_suites, client_suites = way.server["suites"], way.client["suites"]
    for what, value in (
        ("client.tls_versions", ours),
        ("client.suites", client_suites),
        ("server.tls_versions", theirs),
        ("server.suites", own_suites),
    ):
        if value is None:
            way.lack(what)
    if theirs is None or ours is None:
        return
    if own_suites is not None:
        theirs = offered(theirs, own_suites)
    if client_suites is not None:
        ours = offered(ours, client_suites)
    both = [version for version in _ORDER if version in theirs and version in ours]
    if not both:
        way.stop("tls", f"No TLS version in common: the client has {_list(ours)}, the server {_list(theirs)}.")
        return
    way.version = both[-1]
    if own_suites is None or client_suites is None:
        return
    shared = [name for name in of_version(own_suites, way.version) if name in client_suites]
    way.common = of_key(shared, way.server["key"])
    if way.common:
        if way.server["key"] is None and len({name.split("_WITH_")[0] for name in way.common}) > 1:
            way.lack("server.key")
    elif shared:
        way.stop("tls", f"The server's {way.server['key']} key serves none of the suites that both have.")
    else:
        way.stop("tls", f"No cipher suite of {way.version} in common.")


def _credssp(way: Way) -> None:
    """CVE-2018-0886: which side refuses the other."""
    if way.protocol != "credssp":
        way.credssp = "not_used"
        return
    client, server = way.client["credssp_fixed"], way.server["credssp_fixed"]
    oracle = way.server["encryption_oracle"]
    fates = {
        _refusal(way.client, client_fixed, server_fixed, server_oracle)
        for client_fixed in _either(client)
        for server_fixed in _either(server)
        for server_oracle in ([oracle] if oracle is not None else ["mitigated", "force_updated"])
    }
    if len(fates) > 1:
        known = (
            ("client.credssp_fixed", client),
            ("server.credssp_fixed", server),
            ("server.encryption_oracle", oracle),
        )
        for what, value in known:
            if value is None:
                way.lack(what)
        return
    reason = fates.pop()
    way.credssp = "blocked" if reason else "allowed"
    if reason:
        way.stop("credssp", reason)


def _either(known: bool | None) -> list[bool]:
    return [True, False] if known is None else [known]


def _refusal(client: ClientParty, client_fixed: bool, server_fixed: bool, server_oracle: str) -> str:
    """Why one side refuses the other, empty where none does: one that has the correction, one that lacks it."""
    if client_fixed and not server_fixed and client["encryption_oracle"] != "vulnerable":
        return "The server lacks the correction of CVE-2018-0886, and the client refuses such servers."
    if server_fixed and not client_fixed and server_oracle == "force_updated":
        return "The client lacks the correction of CVE-2018-0886, and the server refuses such clients."
    return ""


def _told(way: Way) -> Prediction:
    decided = _is_decided(way)
    if way.end is not None:
        stage, reason = way.end
    elif decided:
        stage, reason = "ready", _works(way)
    else:
        stage, reason = "unknown", f"Not known: {', '.join(way.missing)}."
    return Prediction(
        client=way.client["name"],
        server=way.server["name"],
        connects=False if way.end is not None else True if decided else None,
        stage=stage,
        protocol=way.protocol,
        tls_version=way.version,
        suite=way.common[0] if way.common else None,
        suites=way.common,
        nla=way.nla,
        credssp=way.credssp,
        errors=_errors(way, stage),
        reason=reason,
        change=_NOTHING,
        certainty="partly" if way.missing else "known",
        missing=way.missing,
    )


def _is_decided(way: Way) -> bool:
    """Whether what is missing could not change that it connects."""
    harmless = {"server.key", "server.nla"} if "credssp" in way.client["protocols"] else {"server.key"}
    if way.protocol == "credssp":
        harmless.add("server.security_layer")
    return set(way.missing) <= harmless


def _works(way: Way) -> str:
    if way.protocol == "rdp":
        return "It connects with standard RDP security, without TLS."
    name = "CredSSP" if way.protocol == "credssp" else "TLS"
    return f"It connects with {name} over {way.version} and {way.common[0]}."


def _errors(way: Way, stage: str) -> list[str]:
    if way.end is None:
        return []
    if way.client["kind"] == "freerdp":
        return [_FREERDP[stage]] if stage in _FREERDP else []
    if stage == "credssp":
        return [ORACLE_ERROR]
    return list(CLIENT_ERRORS[(stage, "failure" if stage == "x224" else "alert")])


def _list(versions: list[str]) -> str:
    return ", ".join(versions) or "none"
