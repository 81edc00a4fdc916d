# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a program written in C reads its command line (Microsoft, "Parsing C command-line arguments").

Blanks part arguments, quotes keep them together; `\\"` is a quote, and a row of backslashes counts half only in front
of one.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r'(?P<slashes>\\*)(?P<quote>")|(?P<char>.)', re.DOTALL)


def split(line: str) -> list[str]:
    """The arguments, the program's name first."""
    found: list[str] = []
    current: str | None = None
    quoted = False
    for piece in _PIECE.finditer(line):
        if piece["quote"]:
            count = len(piece["slashes"])
            current = (current or "") + "\\" * (count // 2)
            if count % 2:
                current += '"'
            else:
                quoted = not quoted
        elif piece["char"] in " \t" and not quoted:
            if current is not None:
                found.append(current)
            current = None
        else:
            current = (current or "") + piece["char"]
    return found if current is None else [*found, current]
