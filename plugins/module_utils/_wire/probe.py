# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The probe: how far an RDP connection to a host gets, without credentials.

It goes the way that mstsc goes, dns, tcp, x224, tls, and reports the first stage that does not let it through. One
deadline covers everything, name resolution included. It makes at most two connections, one after the other.
"""

from __future__ import annotations

import ipaddress
import math
import socket
import ssl
import time
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import net, reasons, tls, x224, x509
from ansible_collections.winops.rdp.plugins.module_utils._wire.client_errors import client_errors
from ansible_collections.winops.rdp.plugins.module_utils._wire.handshake import Handshake, TooMuch
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import SCHEMA_VERSION, Report

LONGEST_DEADLINE = 300.0

# nmap's RDP scripts wait as long between connections: some servers do not answer one that comes at once.
_PAUSE = 0.2
_SSL_NOT_ALLOWED = 2
# The most telling failure first, for a name with several addresses.
_TELLING = ("refused", "reset", "filtered", "unreachable")
_STANDARD_ONLY = (
    "Only standard RDP security is offered: no TLS, no network level authentication, and no proof of who the server is"
)
_NO_NEGOTIATION = "The server knows no security negotiation, as Windows XP and Windows Server 2003 do not"


class BadInput(ValueError):
    """An argument can not be used; the text is a sentence for the user."""


def probe(host: str, port: int = 3389, *, deadline: float = 10.0, source: Optional[str] = None) -> Report:
    """Probes ``host`` and always returns a report, whatever the peer does, within ``deadline`` seconds.

    ``source`` is the address of this machine to connect from. Raises BadInput, before anything is sent.
    """
    check_input(host, port, deadline, source)
    run = _Run(_blank(host, port), deadline, source)
    run.go()
    return run.report


def check_input(host: str, port: int, deadline: float, source: Optional[str]) -> None:
    """Raises BadInput with a sentence for the first argument that can not be used."""
    if not host or any(c.isspace() or not c.isprintable() for c in host):
        raise BadInput("The host must be a name or an address, without spaces")
    if not 1 <= port <= 65535:
        raise BadInput(f"The port must be from 1 to 65535, not {port}")
    if not (math.isfinite(deadline) and 0 < deadline <= LONGEST_DEADLINE):
        raise BadInput(f"The deadline must be more than 0 and at most {LONGEST_DEADLINE:g} seconds, not {deadline:g}")
    if source is None:
        return
    try:
        ipaddress.ip_address(source)
    except ValueError as error:
        raise BadInput(f"The source must be an IP address, not {source!r}") from error
    if not net.can_bind(source):
        raise BadInput(f"The source {source} is not an address of this machine")


def _blank(host: str, port: int) -> Report:
    return {
        "schema": SCHEMA_VERSION,
        "host": host,
        "port": port,
        "stage": "dns",
        "ready": False,
        "reason": "",
        "client_errors": [],
        "tcp": {"result": "not_tried", "address": None, "addresses": []},
        "x224": {
            "result": "not_tried",
            "requested": [],
            "selected": None,
            "flags": [],
            "failure_code": None,
            "failure": None,
        },
        "tls": {
            "result": "not_tried",
            "version": None,
            "cipher": None,
            "alert": None,
            "detail": "",
            "certificate": None,
        },
        "timings": {"dns": 0.0, "tcp": 0.0, "x224": 0.0, "tls": 0.0, "total": 0.0},
        "connections": 0,
        "warnings": [],
    }


class _Exchange(NamedTuple):
    """What came of one connection request: a confirm, or how it ended and a sentence on it."""

    confirm: Optional[x224.Confirm]
    result: str
    reason: str


class _Run:
    """One probe while it runs; every method fills its part of the report."""

    def __init__(self, report: Report, seconds: float, source: Optional[str]) -> None:
        self.report = report
        self._seconds = seconds
        self._deadline = net.Deadline(seconds)
        self._source = source

    def go(self) -> None:
        began = time.monotonic()
        targets = self._dns()
        if targets:
            opened = self._tcp(targets)
            if opened is not None:
                self._x224(*opened)
        self.report["timings"]["total"] = _milliseconds(began)

    def _dns(self) -> List[net.Target]:
        family = socket.AF_UNSPEC
        needed = ""
        if self._source is not None:
            family = socket.AF_INET6 if ":" in self._source else socket.AF_INET
            needed = f" to an address that fits the source {self._source}"
        host = self.report["host"]
        with self._timed("dns"):
            try:
                targets = net.resolve(host, self.report["port"], family, self._deadline)
            except net.NotResolved as error:
                self._end("dns", "failed", f"The name {host} could not be resolved{needed}: {error}")
                return []
        self.report["tcp"]["addresses"] = [target.address for target in targets]
        return targets

    def _tcp(self, targets: List[net.Target]) -> Optional[Tuple[net.Target, net.Connection]]:
        """Connects to the first address that lets us; each gets its share of the time that is left."""
        part = self.report["tcp"]
        failures: List[Tuple[str, str, str]] = []
        with self._timed("tcp"):
            for n, target in enumerate(targets):
                share = self._deadline.left() / (len(targets) - n)
                try:
                    connection = net.Connection.open(target, self._source, share, self._deadline)
                except net.NotConnected as error:
                    failures.append((error.result, target.address, str(error)))
                    continue
                self.report["connections"] += 1
                part["result"] = "open"
                part["address"] = target.address
                if net.is_own_address(target):
                    self._warn(f"{target.address} is an address of the machine that probes: mstsc there shows 0x708")
                return target, connection
        result, address, detail = min(reversed(failures), key=lambda failure: _TELLING.index(failure[0]))
        part["result"] = result
        part["address"] = address
        where = f"{address} port {self.report['port']}"
        self._end("tcp", result, reasons.tcp(result, where, detail, len(failures)))
        return None

    def _x224(self, target: net.Target, connection: net.Connection) -> None:
        with closing(connection):
            exchange = self._ask(connection, x224.MODERN_CLIENT)
            self._note(exchange, x224.MODERN_CLIENT)
            confirm = exchange.confirm
            if confirm is not None and confirm.selected:
                self._tls(connection)
                return
            connection.finish()
        if confirm is None:
            self._end("x224", exchange.result, exchange.reason)
        elif confirm.failure_code is None:
            self._standard()
        elif confirm.failure_code == _SSL_NOT_ALLOWED:
            self._ask_for_standard(target)
        else:
            why = reasons.failure(confirm.failure_code)
            self._end("x224", "failure", f"The server refused the connection: {why}")

    def _ask(self, connection: net.Connection, protocols: int) -> _Exchange:
        """Sends one connection request and reads the confirm: four bytes first, which tell its length."""
        answer = b""
        with self._timed("x224"):
            try:
                connection.send(x224.build_request(protocols))
                while len(answer) < x224.TPKT_HEADER:
                    answer += connection.receive(x224.TPKT_HEADER - len(answer))
                length = x224.confirm_length(answer)
                while len(answer) < length:
                    answer += connection.receive(length - len(answer))
                return _Exchange(x224.parse_confirm(answer), "response", "")
            except x224.BadConfirm as error:
                port = self.report["port"]
                return _Exchange(None, "garbage", f"The answer on port {port} is no RDP connection confirm: {error}")
            except net.Ended as error:
                why = reasons.x224_ended(error.result, len(answer), self._seconds)
                return _Exchange(None, error.result, why)

    def _note(self, exchange: _Exchange, requested: int) -> None:
        """Puts the outcome of the first request into the report."""
        part = self.report["x224"]
        part["requested"] = x224.protocol_names(requested)
        part["result"] = exchange.result
        confirm = exchange.confirm
        if confirm is None:
            return
        if confirm.failure_code is not None:
            known = x224.FAILURES.get(confirm.failure_code)
            part["result"] = "failure"
            part["failure_code"] = confirm.failure_code
            part["failure"] = known.name if known else None
        elif confirm.selected is None:
            part["result"] = "no_negotiation"
            part["selected"] = x224.PROTOCOLS[x224.PROTOCOL_RDP]
            self._warn(_NO_NEGOTIATION)
        else:
            part["selected"] = x224.PROTOCOLS[confirm.selected]
            part["flags"] = x224.flag_names(confirm.flags)
            if confirm.selected and not confirm.selected & requested:
                self._warn(f"The server selected {part['selected']}, which was not asked for")

    def _ask_for_standard(self, target: net.Target) -> None:
        """The server allows no TLS: asks once more, as mstsc does, for standard RDP security."""
        time.sleep(min(_PAUSE, self._deadline.left()))
        refused = f"The server refused TLS and CredSSP ({x224.FAILURES[_SSL_NOT_ALLOWED].name})"
        with self._timed("tcp"):
            try:
                connection = net.Connection.open(target, self._source, self._deadline.left(), self._deadline)
            except net.NotConnected as error:
                self._end("x224", "failure", f"{refused}, and a second connection failed: {error}")
                return
        self.report["connections"] += 1
        with closing(connection):
            confirm, _result, reason = self._ask(connection, x224.PROTOCOL_RDP)
            connection.finish()
        if confirm is None:
            self._end("x224", "failure", f"{refused}. Asked for standard RDP security: {reason}")
        elif confirm.failure_code is not None:
            why = reasons.failure(confirm.failure_code)
            self._end("x224", "failure", f"{refused}, and standard RDP security as well: {why}")
        elif confirm.selected:
            chosen = x224.PROTOCOLS[confirm.selected]
            self._end("x224", "failure", f"{refused}, but selected {chosen} when asked for standard RDP security")
        else:
            # The failure code of the first answer stays: it tells that the server is set to standard security.
            part = self.report["x224"]
            part["requested"] = x224.protocol_names(x224.PROTOCOL_RDP)
            part["result"] = "response"
            part["selected"] = x224.PROTOCOLS[x224.PROTOCOL_RDP]
            part["flags"] = x224.flag_names(confirm.flags)
            self._standard()

    def _standard(self) -> None:
        self._warn(_STANDARD_ONLY)
        self._ready("The server goes on with standard RDP security, without TLS")

    def _tls(self, connection: net.Connection) -> None:
        handshake = Handshake(self.report["host"])
        part = self.report["tls"]
        with self._timed("tls"):
            part["result"] = self._shake(connection, handshake)
        if part["result"] == "completed":
            self._describe(handshake)
            handshake.say_goodbye(connection)
            self._ready(f"The server selected {self.report['x224']['selected']} and completed {part['version']}")
        else:
            self._warn_of_old_servers(handshake)
            answered = bool(handshake.received)
            why = reasons.tls(part["result"], answered, part["alert"], part["detail"], self._seconds)
            self._end("tls", part["result"], why)
        connection.finish()

    def _shake(self, connection: net.Connection, handshake: Handshake) -> str:
        """Runs the handshake and returns the result for the report."""
        part = self.report["tls"]
        try:
            handshake.run(connection)
        except net.Ended as error:
            return error.result
        except TooMuch as error:
            part["detail"] = str(error)
            return "error"
        except ssl.SSLError as error:
            part["detail"] = tls.reason_text(error)
            alert = tls.plain_alert(handshake.received) or tls.alert_of(error.reason)
            if alert == "close_notify":
                return "closed"
            if alert is not None:
                part["alert"] = alert
                return "alert"
            if tls.is_local(error.reason):
                self._warn(
                    f"{ssl.OPENSSL_VERSION} on this machine can not speak with this server ({part['detail']}): "
                    "that says nothing against the server, so probe from another machine"
                )
            return "error"
        return "completed"

    def _describe(self, handshake: Handshake) -> None:
        part = self.report["tls"]
        part["version"] = handshake.version
        part["cipher"] = handshake.cipher
        encoded = handshake.certificate
        if not encoded:
            self._warn("The server completed TLS without a certificate")
            return
        try:
            part["certificate"] = x509.describe(x509.parse(encoded), datetime.now(timezone.utc))
        except x509.BadCertificate as error:
            self._warn(f"The server's certificate can not be read: {error}")

    def _warn_of_old_servers(self, handshake: Handshake) -> None:
        if handshake.offered and tls.VERSIONS[0x0301] not in handshake.offered:
            self._warn(
                f"{ssl.OPENSSL_VERSION} on this machine offers {', '.join(handshake.offered)} only: "
                "a server with older TLS versions looks broken from here"
            )

    def _warn(self, text: str) -> None:
        self.report["warnings"].append(text)

    def _end(self, stage: str, result: str, reason: str) -> None:
        self.report["stage"] = stage
        self.report["reason"] = reason
        self.report["client_errors"] = client_errors(stage, result)

    def _ready(self, reason: str) -> None:
        self.report["stage"] = "ready"
        self.report["ready"] = True
        self.report["reason"] = reason

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            timings = self.report["timings"]
            timings[stage] = round(timings[stage] + _milliseconds(began), 1)


def _milliseconds(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
