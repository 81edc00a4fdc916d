# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a native tool is given and gives back."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.model.host import Host
from tests.lab.model.security import Token


@dataclass(frozen=True)
class Result:
    """Exit code and the text of both streams, lines ended by CR LF; `seconds` is how long the command takes,
    `handed_on` that its output is what it was given, `leaves` that it ends the cmd.exe that ran it."""

    code: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    handed_on: bool = False
    leaves: bool = False


@dataclass(frozen=True)
class Call:
    """A command with its `text` as it stands and its words after the first; `stdin` None: nothing is piped in."""

    host: Host
    token: Token
    text: str
    words: list[str]
    stdin: str | None


def lines(*text: str) -> str:
    return "".join(line + "\r\n" for line in text)
