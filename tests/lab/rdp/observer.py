# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the listener notices of a connection, for whoever keeps the host's event logs.

The listener tells, the model decides which events that makes. A connection that something in the path ends is not
noticed at all: no host logs what it never received.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Seen(Enum):
    """One thing that the listener notices. SECURITY_FAILED follows each of the refusals of TLS."""

    ACCEPTED = "a TCP connection was accepted"
    THROTTLED = "too many connections are outstanding; this one waits or is closed"
    NO_PROTOCOL = "Schannel has no protocol version left"
    NO_CREDENTIAL = "the certificate's private key cannot be used, or no suite is left"
    NO_SHARED_SUITE = "none of the client's suites, or versions, is taken"
    ALERT_RECEIVED = "the client sent a fatal alert, `number`"
    SECURITY_FAILED = "TLS or CredSSP broke off"
    LOGON_FAILED = "the credentials of `user` were refused, NTSTATUS in `number`"
    LOGGED_ON = "CredSSP has authenticated `user`"


@dataclass(frozen=True)
class Happening:
    """What was noticed of the connection from `client` (address and port)."""

    seen: Seen
    client: tuple[str, int]
    number: int = 0
    user: str = ""


Observer = Callable[[Happening], None]


def nobody(happening: Happening) -> None:
    """An observer that does not look."""
