# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `canned_commands: true` answers to PowerShell as Ansible's winrm plugin starts it: a module's result at once.

ansible-core starts `PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand <wrapper>`,
sends the module on standard input and reads one JSON object. `rc` and both streams are there for modules that run a
command; `canned` says that nothing was done.
"""

from __future__ import annotations

import json
import re

from tests.lab.native.result import Result, lines

_POWERSHELL = re.compile(r'"?(?:[^"\s]*\\)?powershell(?:\.exe)?"?\s+-NoProfile\s(?:.*\s)?-EncodedCommand\s', re.I)
MODULE_RESULT = {"changed": False, "rc": 0, "stdout": "", "stderr": "", "canned": True}


def result(line: str) -> Result | None:
    """The canned result of a command line; None for one that is no PowerShell of Ansible's."""
    return Result(0, lines(json.dumps(MODULE_RESULT))) if _POWERSHELL.match(line) else None
