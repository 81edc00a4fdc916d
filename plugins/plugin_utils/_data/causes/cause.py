# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What is known of one cause: the data behind its findings and its page in docs/causes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Where a connection ends because of it. "": nowhere, it works all the same. client: at the client's own machine.
Stage = Literal["", "dns", "tcp", "x224", "tls", "credssp", "logon", "session", "client"]


@dataclass(frozen=True)
class Reference:
    """A source. ``strength``: A Microsoft, B Microsoft staff or a cloud vendor, C reported by others, L worked out."""

    title: str
    strength: Literal["A", "B", "C", "L", "MEM"]
    url: str = ""

    def __str__(self) -> str:
        """``Microsoft, TLS registry settings (strength A): https://...``."""
        return f"{self.title} (strength {self.strength})" + (f": {self.url}" if self.url else "")


@dataclass(frozen=True)
class Cause:
    """Texts are whole sentences. Lists have one thing an entry."""

    id: str  # area.problem
    title: str  # what is wrong, in general, without a full stop
    stage: Stage
    what: str  # what happens on the host, and what users see: a short paragraph
    needs: tuple[str, ...]  # fact areas, and "wire", that must be read before it can be ruled out
    proof: tuple[str, ...]  # what speaks for it
    against: tuple[str, ...]  # what speaks against it, and lowers its confidence
    confidence: str  # when it is proved, when likely, when possible
    explains: tuple[str, ...]  # "0x904/0x7", ...: what users see at the client
    done: str  # what the collection does about it
    refused: str  # what it never does, and why; empty when there is nothing of that kind
    by_hand: tuple[str, ...]  # the steps for a person, in order
    references: tuple[Reference, ...]  # the best first
    breaks: bool = False  # it can keep people from connecting or logging on, so it is worth to rule it out
    ruled_out: str = ""  # what was seen when it was looked for in vain, one sentence; empty: said in general
