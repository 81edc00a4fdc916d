# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Reading commands of several areas in one command line, so that all of them together cost one remote shell.

After each command cmd.exe echoes a mark with a random number in it, which no output can hold by chance: with a full
stop when the command succeeded, with an exclamation mark when it failed. What stands before the first mark belongs to
the first command, and so on. When the time is over, what was written until then counts.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

MAX_COMMAND = 8191  # Microsoft, "Command prompt line string limitation"
# Each tool takes a moment to start, and searches logs or lists folders that may be huge.
SECONDS = 90.0


@dataclass(frozen=True)
class Readings:
    """``texts``: what a command wrote that succeeded, by the command. A command in neither was not done in time."""

    refused: bool  # the host gives no remote shell
    texts: Mapping[str, str] = field(default_factory=dict)
    failed: Collection[str] = ()


def ask(host: Host, commands: Sequence[str]) -> Readings:
    """Runs the commands one after the other; each only reads, and its output has no language."""
    mark = f"#{secrets.token_hex(8)}"
    result = host.tools.output(command_line(commands, mark), host.deadline.sub(SECONDS))
    if result is None:
        return Readings(refused=True)
    texts: dict[str, str] = {}
    failed: list[str] = []
    end = 0
    for match in re.finditer(rf"{mark} (\d+)([.!])[ \t]*\r?\n?", result.stdout):
        command = commands[int(match[1])]
        if match[2] == ".":
            texts[command] = result.stdout[end : match.start()]
        else:
            failed.append(command)
        end = match.end()
    return Readings(refused=False, texts=texts, failed=failed)


def command_line(commands: Sequence[str], mark: str) -> str:
    """One line for cmd.exe; after each command ``<mark> <its number>`` is written with ``.`` or ``!``."""
    return " & ".join(
        f"{command} && echo {mark} {number}. || echo {mark} {number}!" for number, command in enumerate(commands)
    )
