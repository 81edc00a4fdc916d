# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The probe: how far an RDP connection to a host gets, without credentials.

It goes the way that mstsc goes, dns, tcp, x224, tls, credssp, and reports the first stage that does not let it
through. Quick depth makes at most three connections, unless more attempts are asked for; full depth asks for all that
the server would take. One deadline covers everything, name resolution included, and there is never more than one
connection at a time.
"""

from __future__ import annotations

import ipaddress
import math
import socket
import time
from typing import List, Optional, Sequence, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import (
    blank,
    conclude,
    negotiation,
    net,
    reasons,
    survey,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.client_errors import client_errors
from ansible_collections.winops.rdp.plugins.module_utils._wire.line import PAUSE, Line, milliseconds
from ansible_collections.winops.rdp.plugins.module_utils._wire.report import X224, Report, Tried
from ansible_collections.winops.rdp.plugins.module_utils._wire.suspects import suspects
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client as tls
from ansible_collections.winops.rdp.plugins.module_utils._wire.walk import (
    EVERYTHING,
    MODERN,
    STAGES,
    Walk,
    Walker,
)
from ansible_collections.winops.rdp.plugins.module_utils._wire.x224 import SINGLE_REQUESTS

DEPTHS = ("quick", "full")
DEADLINES = {"quick": 10.0, "full": 60.0}
LONGEST_DEADLINE = 300.0
MOST_ATTEMPTS = 10

# Half-open connections count against MaxOutstandingConnections, and some devices take many of them for an attack.
_QUICK_CONNECTIONS = 3
# The most telling failure first, for a name with several addresses.
_TELLING = ("refused", "filtered", "unreachable")


class BadInput(ValueError):
    """An argument can not be used; the text is a sentence for the user."""


def probe(
    host: str,
    port: int = 3389,
    *,
    depth: str = "quick",
    stages: Sequence[str] = STAGES,
    attempts: Optional[int] = None,
    deadline: Optional[float] = None,
    source: Optional[str] = None,
) -> Report:
    """Probes ``host`` and always returns a report, whatever the peer does, within ``deadline`` seconds.

    It goes as far as the last of ``stages``, and in full depth asks for all that those named have. ``attempts`` is how
    often it goes that way; without it, once, and again only after a connection that was cut. ``deadline`` is by
    default that of the depth in DEADLINES. ``source`` is the address of this machine to connect from. Raises BadInput,
    before anything is sent.
    """
    seconds = DEADLINES.get(depth, 0.0) if deadline is None else deadline
    check_input(host, port, depth=depth, stages=stages, attempts=attempts, deadline=seconds, source=source)
    run = _Run(blank.report(host, port, depth), seconds, source)
    run.go(stages, attempts)
    return run.report


def check_input(
    host: str,
    port: int,
    *,
    depth: str = "quick",
    stages: Sequence[str] = STAGES,
    attempts: Optional[int] = None,
    deadline: float = 10.0,
    source: Optional[str] = None,
) -> None:
    """Raises BadInput with a sentence for the first argument that can not be used."""
    if not host or any(c.isspace() or c in "[]" or not c.isprintable() for c in host):
        raise BadInput("The host must be a name or an address, without spaces and brackets")
    if not 1 <= port <= 65535:
        raise BadInput(f"The port must be from 1 to 65535, not {port}")
    if depth not in DEPTHS:
        raise BadInput(f"The depth must be one of {', '.join(DEPTHS)}, not {depth}")
    if not stages or any(stage not in STAGES for stage in stages):
        raise BadInput(f"The stages must be one or more of {', '.join(STAGES)}")
    if attempts is not None and not 1 <= attempts <= MOST_ATTEMPTS:
        raise BadInput(f"The attempts must be from 1 to {MOST_ATTEMPTS}, not {attempts}")
    if not (math.isfinite(deadline) and 0 < deadline <= LONGEST_DEADLINE):
        raise BadInput(f"The deadline must be more than 0 and at most {LONGEST_DEADLINE:g} seconds, not {deadline:g}")
    if source is None:
        return
    try:
        ipaddress.ip_address(source)
    except ValueError as error:
        raise BadInput(f"The source must be an IP address, not {source!r}") from error
    if net.is_address(host) and (":" in host) != (":" in source):
        raise BadInput(f"The source {source} and the host {host} are not both IPv4 or both IPv6")
    if not net.can_bind(source):
        raise BadInput(f"The source {source} is not an address of this machine")


class _Run:
    """One probe while it runs; every method fills its part of the report."""

    def __init__(self, report: Report, seconds: float, source: Optional[str]) -> None:
        self.report = report
        self._deadline = net.Deadline(seconds)
        self._source = source
        self._result = ""

    def go(self, stages: Sequence[str], attempts: Optional[int]) -> None:
        began = time.monotonic()
        last = max(stages, key=STAGES.index)
        targets = self._dns()
        if targets:
            opened = self._tcp(targets)
            if opened is not None:
                line, connection = opened
                most = _QUICK_CONNECTIONS if attempts is None and self.report["depth"] == "quick" else None
                walker = Walker(line, self.report["host"], last, most)
                self._walks(walker, line, connection, attempts)
                if last != "tcp":
                    self._questions(line, stages)
                self.report["connections"] += line.connections
        self.report["suspects"] = suspects(self.report, self._result)
        self.report["timings"]["total"] = milliseconds(began)

    def _dns(self) -> List[net.Target]:
        family = socket.AF_UNSPEC
        needed = ""
        if self._source is not None:
            family = socket.AF_INET6 if ":" in self._source else socket.AF_INET
            needed = f" to an address that fits the source {self._source}"
        host = self.report["host"]
        began = time.monotonic()
        try:
            targets = net.resolve(host, self.report["port"], family, self._deadline)
        except net.NotResolved as error:
            self._end("dns", "failed", f"The name {host} could not be resolved{needed}: {error}")
            targets = []
        self.report["timings"]["dns"] = milliseconds(began)
        self.report["tcp"]["addresses"] = [target.address for target in targets]
        return targets

    def _tcp(self, targets: List[net.Target]) -> Optional[Tuple[Line, net.Connection]]:
        """Connects to the first address that lets us; each gets its share of the time that is left."""
        part = self.report["tcp"]
        detail = ""
        for n, target in enumerate(targets):
            line = Line(target, self.report["port"], self._source, self._deadline, self.report["timings"])
            began = time.monotonic()
            tried: Tried = {"address": target.address, "result": "open", "milliseconds": 0.0}
            part["tried"].append(tried)
            try:
                connection = line.open(self._deadline.left() / (len(targets) - n))
            except net.NotConnected as error:
                self.report["connections"] += line.connections
                tried["result"] = error.result
                if part["address"] is None or _TELLING.index(error.result) <= _TELLING.index(part["result"]):
                    part["result"], part["address"], detail = error.result, target.address, str(error)
                continue
            finally:
                tried["milliseconds"] = milliseconds(began)
            connection.keep_until(self._deadline)
            part["result"], part["address"] = "open", target.address
            part["own_address"] = net.is_own_address(target)
            if part["own_address"]:
                self._warn(f"{target.address} is an address of the machine that probes: mstsc there shows 0x708")
            return line, connection
        where = f"{part['address']} port {self.report['port']}"
        self._end("tcp", part["result"], reasons.tcp(part["result"], where, detail, len(targets)))
        return None

    def _walks(self, walker: Walker, line: Line, connection: net.Connection, attempts: Optional[int]) -> None:
        """The first walk, those that follow from it, and what they mean together."""
        share = None
        if attempts is not None:
            # One more than asked for: a refusal in TLS brings the larger offer.
            share = max(0.0, self._deadline.left() - attempts * PAUSE) / (attempts + 1)
            connection.keep_until(net.Deadline(share))
        walks = [walker.walk(MODERN, connection, share)]
        if walks[0].stage == "tls" and self._has_time():
            line.pause(PAUSE)
            walks.append(walker.walk(EVERYTHING, None, share))
        while _goes_on(walks, line.connections, attempts) and self._has_time():
            line.pause(PAUSE)
            walks.append(walker.walk(MODERN, None, share))
        self.report["attempts"] = [walk.as_attempt() for walk in walks]
        self.report["pattern"] = conclude.pattern(walks)
        chosen = conclude.telling(walks)
        self.report["x224"], self.report["tls"] = chosen.x224, chosen.tls
        self.report["credssp"], self.report["standard"] = chosen.credssp, chosen.standard
        self.report["warnings"] += chosen.warnings
        self._end(chosen.stage, chosen.result, chosen.reason)
        if self.report["pattern"] == "intermittent":
            cut = sum(not walk.ready for walk in walks)
            self._warn(f"{cut} of {len(walks)} attempts did not get through, so what is said here may change")

    def _questions(self, line: Line, stages: Sequence[str]) -> None:
        """Asks beyond the walk: in quick depth whether NLA is required, in full depth for everything."""
        part = self.report["x224"]
        try:
            full = self.report["depth"] == "full"
            if self.report["ready"] and _leaves_nla_open(part) and (full or line.connections < _QUICK_CONNECTIONS):
                part["protocols"]["tls"] = survey.offer(line, "tls")
            if full:
                self._survey(line, stages)
        except survey.Interrupted as error:
            self._leave_out(str(error))
        part["security_layer"] = negotiation.security_layer(part["protocols"])
        part["nla"] = negotiation.nla(part["protocols"])

    def _survey(self, line: Line, stages: Sequence[str]) -> None:
        """Of x224, every protocol and encryption method; of tls, every version and suite. Raises Interrupted."""
        offers = self.report["x224"]["protocols"]
        if "x224" in stages:
            for protocol in SINGLE_REQUESTS:
                if protocol not in offers:
                    offers[protocol] = survey.offer(line, protocol)
            if offers["rdp"]["selected"] == "rdp":
                self.report["standard"] = survey.standard(line)
        if "tls" in stages and offers["credssp_early_auth"]["selected"] not in (None, "rdp"):
            part = self.report["tls"]
            for version, name in tls.VERSIONS.items():
                part["versions"][name] = survey.tls_version(line, self.report["host"], version)
            if part["result"] == "completed" and part["version"] and part["cipher"]:
                survey.confirm(line, self.report["host"], part["version"], part["cipher"])

    def _has_time(self) -> bool:
        """Whether the next connection, which there is reason for, can be made before the deadline."""
        if self._deadline.left() > 0:
            return True
        if self.report["complete"]:
            self._leave_out("the deadline came first")
        return False

    def _leave_out(self, why: str) -> None:
        self.report["complete"] = False
        self._warn(f"Not everything could be asked: {why}")

    def _warn(self, text: str) -> None:
        self.report["warnings"].append(text)

    def _end(self, stage: str, result: str, reason: str) -> None:
        self.report["stage"] = stage
        self.report["ready"] = stage == "ready"
        self.report["reason"] = reason
        self.report["client_errors"] = client_errors(stage, result, self.report["tcp"]["own_address"])
        self._result = result


def _goes_on(walks: List[Walk], connections: int, attempts: Optional[int]) -> bool:
    """Whether there is to be one more walk. Of itself the probe repeats only what may end differently next time."""
    if attempts is not None:
        return sum(walk.offer == MODERN for walk in walks) < attempts
    through = any(walk.ready and conclude.as_a_current_client(walk) for walk in walks)
    return walks[-1].cut and not through and connections < _QUICK_CONNECTIONS


def _leaves_nla_open(part: X224) -> bool:
    """The server selected CredSSP: whether it would also do without, only a request without it can tell."""
    return (part["selected"] or "").startswith("credssp")
