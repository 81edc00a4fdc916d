# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""takeown /f X [/a]: needs the take-ownership privilege, which administrators have."""

from __future__ import annotations

from dataclasses import replace

from tests.lab.model.host import Host
from tests.lab.model.security import ADMINISTRATORS, SE_TAKE_OWNERSHIP, WRITE_OWNER, Token, access_check
from tests.lab.native.result import Result, lines


def run(host: Host, token: Token, words: list[str]) -> Result:
    lowered = [word.lower() for word in words]
    if "/f" not in lowered or lowered.index("/f") + 1 >= len(words) or set(lowered) & {"/r", "/d"}:
        return Result(1, "", lines("ERROR: Invalid syntax.", 'Type "TAKEOWN /?" for usage.'))
    path = words[lowered.index("/f") + 1]
    entry = host.files.find(path)
    if entry is None:
        return Result(1, "", lines("ERROR: The system cannot find the file specified."))
    if SE_TAKE_OWNERSHIP not in token.privileges and not access_check(entry.security, token, WRITE_OWNER):
        text = "ERROR: The current logged on user does not have ownership privileges on the file (or folder)"
        return Result(1, "", lines(text, f'       "{path}".'))
    owner, name = (
        (ADMINISTRATORS, "the administrators group") if "/a" in lowered else (token.sids[0], f'user "{token.name}"')
    )
    host.files.set_security(path, replace(entry.security, owner=owner))
    return Result(0, lines("", f'SUCCESS: The file (or folder): "{path}" now owned by {name}.'))
