# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ping: every address answers. `ping -n 31 127.0.0.1 >nul` is the usual way of cmd.exe to wait 30 seconds."""

from __future__ import annotations

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines

_COUNT = 4


def run(host: Host, token: Token, words: list[str]) -> Result:
    options = [word.lower() for word in words]
    count = _COUNT
    if "-n" in options:
        text = words[options.index("-n") + 1] if len(words) > options.index("-n") + 1 else ""
        if not text.isdigit() or int(text) == 0:
            return Result(1, lines("Bad value for option -n, valid range is from 1 to 4294967295."))
        count = int(text)
    replies = [f"Reply from {words[-1]}: bytes=32 time<1ms TTL=128"] * count if words else []
    return Result(0, lines("", *replies), seconds=count - 1)
