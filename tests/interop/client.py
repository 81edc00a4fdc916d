# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""xfreerdp, a client of others: how far it gets."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.interop.identity import HOST
from tests.interop.processes import need
from tests.interop.servers import PASSWORD, USER

_SECONDS = 20.0
_STATE = re.compile(r"rdp_client_transition_to_state CONNECTION_STATE_\w+ --> CONNECTION_STATE_(\w+)")


@dataclass(frozen=True)
class Outcome:
    """``states`` are those of FreeRDP's connection sequence that were reached, in order."""

    code: int
    states: list[str]
    told: str
    """The log's lines on states, warnings and errors."""

    @property
    def past_security(self) -> bool:
        """The protocol is chosen, TLS is done and so is CredSSP: MCS begins. What the probe calls ready."""
        return "MCS_CONNECT" in self.states

    @property
    def connected(self) -> bool:
        """A session is active: what ``+auth-only`` ends with code 0 for."""
        return self.code == 0


def xfreerdp(
    port: int, home: Path, screen: str, *options: str, host: str = HOST, user: str = USER, password: str = PASSWORD
) -> Outcome:
    """Connects as far as an active session, and leaves. It needs a display, although it opens no window."""
    command = [need("xfreerdp", "freerdp2-x11"), f"/v:{host}:{port}", f"/u:{user}", f"/p:{password}", "/cert:ignore"]
    run = subprocess.run(
        [*command, "+auth-only", "/log-level:DEBUG", *options],
        env={**os.environ, "DISPLAY": screen, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        text=True,
        errors="replace",
    )
    # At its end it goes back to the first state. Warnings and errors are in the other stream.
    changes = [line for line in run.stdout.splitlines() if _STATE.search(line)]
    states = [state for state in _STATE.findall(run.stdout) if state != "INITIAL"]
    return Outcome(run.returncode, states, "\n".join([*changes, run.stderr]))
