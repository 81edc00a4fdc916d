# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a native tool gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Exit code and the text of both streams, lines ended by CR LF; `seconds` is how long the command takes."""

    code: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0


def lines(*text: str) -> str:
    return "".join(line + "\r\n" for line in text)
