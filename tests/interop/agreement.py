# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what is foreseen of pairs against how they really fared, and counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.winops.rdp.plugins.module_utils._wire.client_errors import CLIENT_ERRORS
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import PROFILES
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.predict import ORACLE_ERROR, foresee
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ClientParty, Prediction, ServerParty
from tests.interop.connecting import Outcome, connect

# Where no code is told: FreeRDP has its own, and a connection that stands has none.
_MSTSC = "mstsc"


@dataclass
class Tally:
    """Cases, and one line for each that is not as foreseen. ``open``: nothing was foreseen, and it was said why."""

    agree: int = 0
    open: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.agree + self.open + len(self.wrong)

    def add(
        self, client: ClientParty, server: ServerParty, seen: Outcome, *, weight: int = 1, any_suite: bool = False
    ) -> None:
        """One pair that stands for ``weight`` pairs which are alike."""
        found = foresee(client, server)
        if found["connects"] is None and found["missing"]:
            self.open += weight
        elif agrees(found, seen, any_suite=any_suite) and tells_the_error(client, found, seen):
            self.agree += weight
        else:
            self.wrong.append(f"{client['name']} -> {server['name']}: foreseen {found['reason']} seen {seen}")

    def told(self) -> str:
        return f"{self.cases} cases, {self.agree} agree, {len(self.wrong)} disagree, {self.open} left open"


def agrees(found: Prediction, seen: Outcome, *, any_suite: bool = False) -> bool:
    """Stage, protocol, and where TLS stood, version and suite. ``any_suite``: one of those that both have."""
    if found["stage"] != seen.stage:
        return False
    if seen.stage in ("x224", "tls"):
        return True
    suite = seen.suite if any_suite and seen.suite in found["suites"] else found["suite"]
    return (found["protocol"], found["tls_version"], suite) == (seen.protocol, seen.version, seen.suite)


def tells_the_error(client: ClientParty, found: Prediction, seen: Outcome) -> bool:
    """The codes that a user sees are those of the way in which it ended."""
    if client["kind"] != _MSTSC or seen.stage == "ready":
        return True
    codes = [ORACLE_ERROR] if seen.stage == "credssp" else list(CLIENT_ERRORS[(seen.stage, seen.how)])
    return found["errors"] == codes


def without_credssp(server: ServerParty) -> ServerParty:
    """For servers that have no accounts, so that CredSSP's own answer is no part of the comparison."""
    return {**server, "credssp_fixed": True, "encryption_oracle": "vulnerable"}


def compared(
    server: ServerParty,
    host: str,
    port: int,
    clients: Iterable[ClientParty] = PROFILES.values(),
    *,
    whose_order: str | None = "server",
    stands_for: int = 1,
) -> list[str]:
    """One line for each client that does not fare as foreseen with a server without accounts, after trying them all.

    ``whose_order`` None or "client": the server takes the client's first suite, of which nothing is foreseen.
    """
    tally = Tally()
    for client in clients:
        seen = connect(client, host, port)
        tally.add(client, without_credssp(server), seen, weight=stands_for, any_suite=whose_order != "server")
    print(f"{server['name']}: {tally.told()}")
    return tally.wrong
