# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dism /online /remove-package: one package of the running Windows.

Options: Microsoft, "DISM Operating System Package (.cab or .msu) Servicing Command-Line Options". Observed on Windows
11 25H2 (public notes, 2026-10): 3010 for a package that goes with the next restart, 0x800F0825 for a permanent
one, which is told from nothing in the registry. 0x800F0805 for a package that is not there, 740 without elevation.
MEM: unverified: 87 for what it does not know, and that a superseded package is refused as a permanent one is.
"""

from __future__ import annotations

from tests.lab.model import packages
from tests.lab.model.host import Host
from tests.lab.model.security import ADMINISTRATORS, Token
from tests.lab.native.result import Result, lines

_ELEVATION_REQUIRED, _BAD_ARGUMENT, _RESTART_REQUIRED = 740, 87, 3010
_INVALID_PACKAGE, _CANNOT_UNINSTALL = 0x800F0805, 0x800F0825
_SWITCHES = {"/online", "/norestart", "/quiet", "/english", "/remove-package"}
_HEAD = ("", "Deployment Image Servicing and Management tool")


def run(host: Host, token: Token, words: list[str]) -> Result:
    given = [word.lower() for word in words]
    names = [word.partition(":")[2] for word in words if word.lower().startswith("/packagename:")]
    unknown = [word for word in given if word not in _SWITCHES and not word.startswith("/packagename:")]
    if ADMINISTRATORS not in token.sids:
        return _failed(_ELEVATION_REQUIRED, "Elevated permissions are required to run DISM.")
    if unknown or len(names) != 1 or not {"/online", "/remove-package"} <= set(given):
        return _failed(_BAD_ARGUMENT, "The command is not one that is known here.")
    state = packages.state_of(host, names[0])
    if state is None:
        return _failed(_INVALID_PACKAGE, "The specified package is not valid Windows package.")
    if state == packages.STATES["superseded"] or packages.is_permanent(host, names[0]):
        return _failed(_CANNOT_UNINSTALL, "The package cannot be uninstalled.")
    packages.remove(host, names[0])
    quiet = "/quiet" in given
    return Result(_RESTART_REQUIRED, "" if quiet else lines(*_HEAD, "", "The operation completed successfully."))


def _failed(code: int, text: str) -> Result:
    return Result(code, lines(*_HEAD, "", f"Error: {code if code < 0x10000 else hex(code)}", "", text))
