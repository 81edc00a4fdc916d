# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One walk: the way that mstsc goes on one connection, from the X.224 request to the point where it would log on.

A walk sends no credentials. It says goodbye in TLS and ends TCP with FIN, wherever it stops.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import List, Optional

from ansible_collections.winops.rdp.plugins.module_utils._wire import (
    blank,
    exchanges,
    mcs,
    negotiation,
    net,
    reasons,
    x224,
    x509,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.line import PAUSE, Line, milliseconds
from ansible_collections.winops.rdp.plugins.module_utils._wire.negotiation import Exchange
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import X224, Attempt, Credssp, Standard, Tls
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client as tls
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import suites

# The stages of a walk in their order; a walk may be told to stop after one of them.
STAGES = ("tcp", "x224", "tls", "credssp")

MODERN = "modern"
EVERYTHING = "everything"

# Certificates that are described; a server that sends more is playing with us.
_LONGEST_CHAIN = 8

_SSL_NOT_ALLOWED = 2
_STANDARD_ONLY = (
    "Only standard RDP security is offered: no TLS, no network level authentication, and no proof of who the server is"
)
_NO_NEGOTIATION = "The server knows no security negotiation, as Windows XP and Windows Server 2003 do not"
# A rejection by SPNEGO, which has no code; STATUS_NTLM_BLOCKED and STATUS_NOT_SUPPORTED ([MS-ERREF] 2.3.1).
_NO_NTLM = (None, "0xC0000418", "0xC00000BB")
_OLD_VERSIONS = ("SSL 3.0", "TLS 1.0", "TLS 1.1")


@dataclass
class Walk:
    """How far one connection got, and what was seen on the way."""

    offer: str  # of TLS: modern or everything
    stage: str = "tcp"
    result: str = "not_tried"
    reason: str = ""
    x224: X224 = field(default_factory=blank.x224)
    tls: Tls = field(default_factory=blank.tls)
    credssp: Credssp = field(default_factory=blank.credssp)
    standard: Standard = field(default_factory=blank.standard)
    warnings: List[str] = field(default_factory=list)
    milliseconds: float = 0.0

    @property
    def ready(self) -> bool:
        return self.stage == "ready"

    @property
    def cut(self) -> bool:
        """The connection was closed or reset, which may be different the next time."""
        return self.result in ("closed", "reset")

    def end(self, stage: str, result: str, reason: str) -> None:
        self.stage, self.result, self.reason = stage, result, reason

    def as_attempt(self) -> Attempt:
        return {"offer": self.offer, "stage": self.stage, "result": self.result, "milliseconds": self.milliseconds}


def offer_of(name: str, host: str) -> tls.Offer:
    """The TLS offer with that name: what a current Windows client offers, or everything that Windows ever has."""
    if name == MODERN:
        return tls.Offer(tls.MODERN_VERSIONS, suites.MODERN, net.server_name(host), tls.MODERN_GROUPS)
    return tls.Offer(tls.ALL_VERSIONS, suites.EVERYTHING, net.server_name(host))


class Walker:
    """Makes walks to one host. ``last`` is the stage after which they stop, ``most`` the connections they may take."""

    def __init__(self, line: Line, host: str, last: str, most: Optional[int] = None) -> None:
        self._line = line
        self._host = host
        self._most = most
        self._last = STAGES.index(last)

    def walk(self, offer: str, connection: Optional[net.Connection] = None, seconds: Optional[float] = None) -> Walk:
        """One walk over ``connection``, or over a new one that has ``seconds``."""
        began = time.monotonic()
        walk = Walk(offer)
        try:
            with closing(connection or self._line.open(seconds)) as opened:
                self._x224(walk, opened)
                opened.finish()
            if walk.x224["failure_code"] == _SSL_NOT_ALLOWED:
                self._ask_for_standard(walk, seconds)
        except net.NotConnected as error:
            walk.end("tcp", error.result, f"The TCP connection failed: {error}")
        walk.milliseconds = milliseconds(began)
        return walk

    def _wants(self, stage: str) -> bool:
        return STAGES.index(stage) <= self._last

    def _x224(self, walk: Walk, connection: net.Connection) -> None:
        if not self._wants("x224"):
            walk.end("ready", "open", "The server accepted the TCP connection; nothing more was asked for")
            return
        exchange = exchanges.negotiate(self._line, connection, x224.MODERN_CLIENT)
        _note(walk, exchange)
        confirm = exchange.confirm
        if confirm is None:
            walk.end("x224", exchange.result, exchange.reason)
        elif confirm.failure_code is not None:
            why = reasons.failure(confirm.failure_code)
            walk.end("x224", "failure", f"The server refused the connection: {why}")
        elif not self._wants("tls"):
            chosen = walk.x224["selected"]
            walk.end("ready", "response", f"The server selected {chosen}; nothing more was asked for")
        elif confirm.selected and not confirm.selected & x224.MODERN_CLIENT:
            why = f"The server selected {walk.x224['selected']}, which was not asked for: a client ends there"
            walk.end("x224", "other", why)
        elif confirm.selected:
            self._tls(walk, connection)
        else:
            self._standard(walk, connection)

    def _ask_for_standard(self, walk: Walk, seconds: Optional[float]) -> None:
        """The server allows no TLS: asks once more, as mstsc does, for standard RDP security."""
        refused = f"The server refused TLS and CredSSP ({x224.FAILURES[_SSL_NOT_ALLOWED].name})"
        if self._most is not None and self._line.connections >= self._most:
            why = f"{refused}; it was not asked for standard RDP security after {self._most} connections"
            walk.end("x224", "failure", why)
            return
        self._line.pause(PAUSE)
        try:
            connection = self._line.open(seconds)
        except net.NotConnected as error:
            walk.end("x224", "failure", f"{refused}, and a second connection failed: {error}")
            return
        with closing(connection):
            exchange = exchanges.negotiate(self._line, connection, x224.PROTOCOL_RDP)
            walk.x224["protocols"]["rdp"] = negotiation.answer_to("rdp", exchange)
            confirm, _result, reason = exchange
            if confirm is None:
                walk.end("x224", "failure", f"{refused}. Asked for standard RDP security: {reason}")
            elif confirm.failure_code is not None:
                why = reasons.failure(confirm.failure_code)
                walk.end("x224", "failure", f"{refused}, and standard RDP security as well: {why}")
            elif confirm.selected:
                chosen = x224.PROTOCOLS[confirm.selected]
                why = f"{refused}, but selected {chosen} when asked for standard RDP security"
                walk.end("x224", "failure", why)
            else:
                # The failure code of the first answer stays: it tells that the server is set to standard security.
                walk.x224["requested"] = x224.protocol_names(x224.PROTOCOL_RDP)
                walk.x224["result"] = "response"
                walk.x224["selected"] = x224.PROTOCOLS[x224.PROTOCOL_RDP]
                walk.x224["flags"] = x224.flag_names(confirm.flags)
                self._standard(walk, connection)
            connection.finish()

    def _standard(self, walk: Walk, connection: net.Connection) -> None:
        walk.warnings.append(_STANDARD_ONLY)
        if not self._wants("tls"):
            walk.end("ready", "response", "The server selected standard RDP security; nothing more was asked for")
            return
        walk.standard = exchanges.agree_on_encryption(self._line, connection, mcs.ALL_METHODS)
        part = walk.standard
        if part["result"] == "response":
            how = f"encryption {part['method']}, level {part['level']}"
            walk.end("ready", "ready", f"The server goes on with standard RDP security, without TLS ({how})")
        else:
            why = reasons.standard(part["result"], part["detail"], connection.patience)
            walk.end("x224", "standard", why)

    def _tls(self, walk: Walk, connection: net.Connection) -> None:
        client = tls.Client(offer_of(walk.offer, self._host))
        part = walk.tls
        part["offer"] = walk.offer
        with self._line.timed("tls"):
            part["result"], part["alert"], part["detail"] = exchanges.shake(connection, client)
        self._describe(walk, client)
        if part["result"] != "completed":
            detail = part["alert"] or part["detail"]
            answered = client.bytes_received > 0
            walk.end("tls", part["result"], reasons.tls(part["result"], answered, detail, connection.patience))
            if part["result"] in ("error", "timeout"):
                connection.try_to_send(client.close())
            return
        selected = walk.x224["selected"]
        done = f"The server selected {selected} and completed {part['version']}"
        if self._wants("credssp") and selected in ("credssp", "credssp_early_auth"):
            self._credssp(walk, connection, client, done)
        else:
            walk.end("ready", "ready", done)
        connection.try_to_send(client.close())

    def _describe(self, walk: Walk, client: tls.Client) -> None:
        part = walk.tls
        part["version"] = tls.VERSIONS.get(client.version) if client.version is not None else None
        part["group"] = client.group
        part["cipher"] = client.suite.name if client.suite is not None else None
        part["key_proved"] = client.key_proved
        if part["result"] == "completed" and part["version"] in _OLD_VERSIONS:
            walk.warnings.append(f"{part['version']} is the newest version of TLS that the server speaks")
        now = datetime.now(timezone.utc)
        for n, encoded in enumerate(client.chain[:_LONGEST_CHAIN]):
            try:
                certificate = x509.parse(encoded)
            except x509.BadCertificate as error:
                walk.warnings.append(f"Certificate {n + 1} of the server can not be read: {error}")
                break
            shown = x509.describe(certificate, now)
            part["chain"].append(shown)
            if n == 0:
                part["certificate"] = shown
                part["name_match"] = x509.name_match(certificate, self._host)

    def _credssp(self, walk: Walk, connection: net.Connection, client: tls.Client, done: str) -> None:
        walk.credssp = exchanges.ask_for_challenge(self._line, connection, client)
        part = walk.credssp
        if part["result"] == "challenge":
            walk.end("ready", "ready", f"{done} and CredSSP")
        elif part["result"] == "refused" and part["error_code"] in _NO_NTLM:
            why = f"CredSSP refuses NTLM ({part['detail']}), so only Kerberos may log on"
            walk.warnings.append(f"The server's {why}")
            walk.end("ready", "ready", f"{done}; its {why}")
        else:
            detail = f"{part['detail']} {part['error_code']}".strip() if part["error_code"] else part["detail"]
            why = reasons.credssp(part["result"], detail, connection.patience)
            walk.end("credssp", part["result"], f"{done}; {why}")


def _note(walk: Walk, exchange: Exchange) -> None:
    """Puts the answer to the first request into the walk."""
    part = walk.x224
    part["requested"] = x224.protocol_names(x224.MODERN_CLIENT)
    part["result"] = exchange.result
    # The request of a current client is the one for CredSSP with early user authorization.
    part["protocols"]["credssp_early_auth"] = negotiation.answer_to("credssp_early_auth", exchange)
    confirm = exchange.confirm
    if confirm is None:
        return
    if confirm.failure_code is not None:
        part["result"] = "failure"
        part["failure_code"] = confirm.failure_code
        part["failure"] = x224.failure_name(confirm.failure_code)
    elif confirm.selected is None:
        part["result"] = "no_negotiation"
        part["selected"] = x224.PROTOCOLS[x224.PROTOCOL_RDP]
        walk.warnings.append(_NO_NEGOTIATION)
    else:
        part["selected"] = x224.PROTOCOLS[confirm.selected]
        part["flags"] = x224.flag_names(confirm.flags)
