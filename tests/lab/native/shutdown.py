# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""shutdown /r: restarts the host after /t seconds (30 without it).

Options: Microsoft, "shutdown" of the Windows commands; /d takes p: or u: for planned and unplanned, a major reason
below 256 and a minor one below 65536. Exit codes are Win32 errors: 0, 5 without the right, 1190 when one is on its way.
MEM: unverified: 87 for a bad option. Not modelled: every other way to shut down.
"""

from __future__ import annotations

import re

from tests.lab.model.host import Host
from tests.lab.model.security import ADMINISTRATORS, Token
from tests.lab.native.result import Result, lines

_ACCESS_DENIED, _BAD_ARGUMENT, _SCHEDULED = 5, 87, 1190
_REASON = re.compile(r"(?:[pu]:)?(\d{1,3}):(\d{1,5})\Z", re.IGNORECASE)
_LONGEST_COMMENT = 512


def run(host: Host, token: Token, words: list[str]) -> Result:
    delay, restart = 30.0, False
    rest = iter(words)
    for word in rest:
        option = word.lower()
        if option == "/r":
            restart = True
        elif option in ("/t", "/d", "/c"):
            value = next(rest, None)
            if value is None or not _is_valid(option, value):
                return _refused(_BAD_ARGUMENT)
            delay = float(value) if option == "/t" else delay
        elif option != "/f":
            return _refused(_BAD_ARGUMENT)
    if not restart:
        return _refused(_BAD_ARGUMENT)
    if ADMINISTRATORS not in token.sids:
        return _refused(_ACCESS_DENIED)
    return Result(0) if host.on_restart(delay) else _refused(_SCHEDULED)


def _is_valid(option: str, value: str) -> bool:
    if option == "/t":
        return value.isdigit() and int(value) <= 315360000
    if option == "/c":
        return len(value) <= _LONGEST_COMMENT
    numbers = _REASON.match(value)
    return numbers is not None and int(numbers[1]) < 256 and int(numbers[2]) < 65536


def _refused(code: int) -> Result:
    return Result(code, "", lines(f"The restart was refused.({code})"))
