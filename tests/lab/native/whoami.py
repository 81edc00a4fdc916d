# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""whoami and hostname."""

from __future__ import annotations

from tests.lab.model.host import Host
from tests.lab.model.security import Token
from tests.lab.native.result import Result, lines


def run(host: Host, token: Token, words: list[str]) -> Result:
    if words:
        return Result(1, "", lines(f"ERROR: Invalid argument/option - '{words[0]}'.", 'Type "WHOAMI /?" for usage.'))
    return Result(0, lines(token.name.lower()))


def hostname(host: Host, token: Token, words: list[str]) -> Result:
    return Result(0, lines(host.name))
