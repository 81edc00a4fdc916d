# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""One Windows host: everything that facts and remedies ask of it or change on it."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RESTART_MARKS
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.files import Files
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import Firewall
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.licensing import Licensing
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.once import Once
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.packages import Packages
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryValue
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import Services
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tools import Tools
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_PROFILE_LIST = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
_PROGRAM_DATA = r"C:\ProgramData"
_WINDOWS = r"C:\Windows"
_CRYPTOGRAPHY = r"HKLM\SOFTWARE\Microsoft\Cryptography"


class Host:
    """The facade over one session. What never changes while a task runs is read once.

    ``wait_seconds``: how long to wait for one thing to happen on the host.
    """

    def __init__(
        self, session: Session, deadline: Deadline, *, wait_seconds: float = 120.0, once: Once | None = None
    ) -> None:
        self._once = once or Once()
        self.wait_seconds = wait_seconds
        self.session = session
        self.deadline = deadline
        self.registry = Registry(session)
        self.services = Services(session, wait_seconds)
        self.tools = Tools(session)
        self.files = Files(session, self.tools)
        self.firewall = Firewall(session, self.registry, self.tools)
        self.packages = Packages(session, self.registry, self.tools)
        self.licensing = Licensing(session, self.registry)

    def over(self, session: Session) -> Host:
        """The same host over another session, for another thread; what was read once is known there, too."""
        return Host(session, self.deadline, wait_seconds=self.wait_seconds, once=self._once)

    def extend(self, seconds: float) -> None:
        """Grants more time from now on, to put something right after the task's own time has run out."""
        self.deadline = self.session.deadline = Deadline(seconds)

    @property
    def operating_system(self) -> Instance:
        """The one instance of Win32_OperatingSystem."""
        found: Instance = self._once.get("operating_system", self._operating_system)
        return found

    @property
    def build(self) -> int:
        """20348 for Server 2022."""
        build = self.operating_system.integer("BuildNumber")
        if build is None:
            raise WindowsError("the host names no build number")
        return build

    @property
    def has_firewall_classes(self) -> bool:
        """root/StandardCimv2 with the MSFT_Net* classes came with Windows 8 and Server 2012, build 9200."""
        return self.build >= 9200

    @property
    def system_folder(self) -> str:
        r"""C:\Windows\System32"""
        return rf"{self.operating_system.text('WindowsDirectory') or _WINDOWS}\System32"

    @property
    def key_folder(self) -> str:
        """The folder that CryptoAPI keeps RSA machine keys in."""
        data = self._once.get("key_folder", lambda: self.registry.expanded(_PROFILE_LIST, "ProgramData"))
        return rf"{data or _PROGRAM_DATA}\Microsoft\Crypto\RSA\MachineKeys"

    @property
    def machine_guid(self) -> str | None:
        found: str | None = self._once.get("machine_guid", lambda: self.registry.text(_CRYPTOGRAPHY, "MachineGuid"))
        return found

    @property
    def restart_marks(self) -> dict[str, RegistryValue]:
        """The marks of _windows/restarts.py as they were when the task began."""
        found: dict[str, RegistryValue] = self._once.get("restart_marks", lambda: self.registry.values(RESTART_MARKS))
        return found

    def _operating_system(self) -> Instance:
        rows = self.session.query(
            "root/cimv2",
            "SELECT Caption, Version, BuildNumber, ProductType, OperatingSystemSKU, OSArchitecture, OSLanguage, "
            "LastBootUpTime, LocalDateTime, CSName, WindowsDirectory FROM Win32_OperatingSystem",
        )
        if not rows:
            raise WindowsError("the host returned no Win32_OperatingSystem")
        return rows[0]
