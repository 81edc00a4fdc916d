# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Packages of Component Based Servicing: their state, and the removal of one with DISM.

CurrentState: Microsoft, "CBS Servicing States Chart" (Tip of the Day, 2015-10-12). A removed package stays as uninstall
pending until the host restarts, and what it had replaced is installed again then (C: public notes on Windows 11 25H2,
2026-10, which saw it of .NET roll-ups). The same notes saw DISM refuse the cumulative updates of build 26100 as
permanent (0x800F0825) while nothing in the registry said so; where a package is known to be permanent, its .mum file
has permanency="permanent" (C: borncity.com).
wusa is no way: Microsoft's pages of combined updates say that it can not uninstall what carries a servicing stack.
"""

from __future__ import annotations

import re

from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import settle
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

SERVICING = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing"
PACKAGES = rf"{SERVICING}\Packages"
_PENDING = rf"{SERVICING}\PackagesPending"
_POLL_SECONDS = 1.0

_STATES = {
    0x00: "absent",
    0x05: "uninstall_pending",
    0x40: "absent",  # staged: its files are on the disk, and not in use
    0x50: "superseded",
    0x60: "install_pending",
    0x65: "install_pending",
    0x70: "installed",
    0x80: "permanent",
}
# What is left of a package that was removed.
GONE = ("absent", "uninstall_pending")

_SUCCESS, _RESTART_REQUIRED, _ELEVATION_REQUIRED = 0, 3010, 740
_CANNOT_UNINSTALL = 0x800F0825
_MEANINGS = {
    0x800F0805: "Windows knows no such package",
    _CANNOT_UNINSTALL: "Windows holds the package as permanent, or its component store is damaged",
    0x800F0816: "another servicing operation has to be finished by a restart first",
    87: "this DISM does not know the command",
}
# Names of packages go into a command line.
_IDENTITY = re.compile(r"[\w.~-]+", re.ASCII)


class Packages:
    """The packages of one host."""

    def __init__(self, session: Session, registry: Registry, tools: Tools) -> None:
        self._session = session
        self._registry = registry
        self._tools = tools

    def state(self, identity: str) -> str:
        """installed, permanent, superseded, install_pending, uninstall_pending, absent, or other."""
        number = self._registry.dword(rf"{PACKAGES}\{identity}", "CurrentState")
        return "absent" if number is None else _STATES.get(number, "other")

    def pending(self) -> bool:
        """Whether Windows has not finished its work on packages, which goes on for minutes after a restart."""
        return self._registry.exists(_PENDING)

    def is_permanent(self, identity: str, deadline: Deadline) -> bool | None:
        """What the .mum file of a package says; None where no remote shell gives it, or it says nothing."""
        path = rf"%SystemRoot%\servicing\Packages\{_checked(identity)}.mum"
        shown = self._tools.output(f'type "{path}"', deadline)
        found = re.search(r'\bpermanency="(\w+)"', shown.stdout) if shown is not None else None
        return None if found is None else found.group(1).lower() == "permanent"

    def remove(self, identity: str, deadline: Deadline) -> None:
        """Removes a package, which takes minutes; it is gone when the host has restarted."""
        command = f"dism.exe /online /remove-package /packagename:{_checked(identity)} /norestart /quiet"
        settle(
            self._session,
            f"the removal of {identity}",
            read=lambda: self._state_at_rest(identity, deadline),
            write=lambda: _check(self._tools.run(command, deadline), identity),
            wanted=lambda state: state in GONE,
        )

    def _state_at_rest(self, identity: str, deadline: Deadline) -> str:
        """The state when no DISM is at work, as one may be whose reply was lost."""
        while self._session.query("root/cimv2", "SELECT ProcessId FROM Win32_Process WHERE Name = 'dism.exe'"):
            deadline.check("wait for dism.exe to end")
            deadline.sleep(_POLL_SECONDS)
        return self.state(identity)


def _checked(identity: str) -> str:
    if not _IDENTITY.fullmatch(identity):
        raise WindowsError(f"{identity!r} is no name of a package")
    return identity


def _check(code: int | None, identity: str) -> None:
    """``code`` None: it is not known, and the state tells."""
    # A HRESULT may come as a negative number.
    number = None if code is None else code & 0xFFFFFFFF
    if number in (None, _SUCCESS, _RESTART_REQUIRED):
        return
    if number == _ELEVATION_REQUIRED:
        raise AccessDenied("DISM needs an administrator with full rights", number)
    meaning = _MEANINGS.get(number, "see C:\\Windows\\Logs\\DISM\\dism.log on the host")
    raise WindowsError(f"DISM ended with 0x{number:X} for {identity}: {meaning}", number)
