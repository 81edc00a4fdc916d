# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of Component Based Servicing: what a version brings, and what updates add.

Identities: `Package_for_RollupFix~31bf3856ad364e35~amd64~~26100.8655.1.20` for the roll-up of a build (public
listings), `Package_for_KB2999486~31bf3856ad364e35~amd64~~6.1.9768.0` for an update of its own (recorded dism list).
CurrentState: Microsoft, "CBS Servicing States Chart": 112 installed, 80 superseded, 96 install pending, 64 staged, 5
uninstall pending. A removal, as observed on Windows 11 25H2 with .NET roll-ups (public notes, 2026-10): the package
goes to 5 and the one that it had replaced to 96, RebootPending and PackagesPending appear; after the restart the
former is gone and the latter installed. The same notes say that the cumulative updates of build 26100 are permanent,
which the registry does not tell; permanency in the .mum file: borncity.com. MEM: unverified: that UBR and the list of
installed updates follow, and revision 1 where nothing is left to fall back to.
Windows 10 22H2 is serviced as build 19041 (public listings of 19041.2965). Names of the version's own packages follow
recorded ones in shape; which ones a version has is invented: a tool must find its way among hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.lab.model.registry import HKLM, REG_DWORD, REG_SZ, Registry

if TYPE_CHECKING:
    from tests.lab.model.host import Host, Update

SERVICING = HKLM + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
PACKAGES = SERVICING + "\\Packages"
FOLDER = "C:\\Windows\\servicing\\Packages"
STATES = {"installed": 0x70, "superseded": 0x50, "install_pending": 0x60, "staged": 0x40, "uninstall_pending": 0x05}
WINDOWS = HKLM + "\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
_PENDING = (SERVICING + "\\RebootPending", SERVICING + "\\PackagesPending")
_PERMANENT_ROLLUPS_SINCE = 26100
_TOKEN = "31bf3856ad364e35"
_ROLLUP = "Package_for_RollupFix"
_SERVICED_AS = {19042: 19041, 19043: 19041, 19044: 19041, 19045: 19041}
_SUBJECTS = (
    "Client-Features Common-Drivers  Networking-MPSSVC NetFx3-OnDemand PowerShell-ISE-FOD Printing-Foundation "
    "RemoteDesktop-Client RemoteDesktop-Services Security-SPP Shell-Setup StorageService TabletPC-Math Telnet-Client "
    "TerminalServices-AppServer TerminalServices-CommandLineTools TerminalServices-Misc TerminalServices-RemoteApp "
    "TerminalServices-WMIProvider TFTP-Client Virtualization-Guest WebServer-Core WinMDE WMI-SNMP-Provider "
    "Xps-Foundation Media-Foundation Hyper-V-Guest Internet-Browser LanguageFeatures-Basic LanguageFeatures-OCR "
    "Kernel-LA57-FoD OpenSSH-Client QuickAssist StepsRecorder Notepad-System-FoD MSPaint-FoD WordPad-FoD "
    "Windows-Defender-Client Windows-Defender-Server BitLocker-Base Foundation"
).split()
_VARIANTS = (("amd64", ""), ("amd64", "en-US"), ("wow64", ""), ("wow64", "en-US"))


@dataclass(frozen=True)
class Servicing:
    """How a version is serviced: the build of its files, and whether a roll-up carries it (since Windows 10)."""

    version: tuple[int, int, int]

    @property
    def build(self) -> int:
        return _SERVICED_AS.get(self.version[2], self.version[2])

    @property
    def rollups(self) -> bool:
        return self.version[0] >= 10

    def file_version(self, ubr: int) -> str:
        return f"{self.version[0]}.{self.version[1]}.{self.build}.{ubr}"

    def rollup(self, ubr: int) -> str:
        return f"{_ROLLUP}~{_TOKEN}~amd64~~{self.build}.{ubr}.1.{ubr % 20 + 1}"

    def update(self, kb: str) -> str:
        number = "10.0.1.0" if self.rollups else f"{self.version[0]}.{self.version[1]}.1.0"
        return f"Package_for_{kb.upper()}~{_TOKEN}~amd64~~{number}"


def fill(registry: Registry, version: tuple[int, int, int], ubr: int) -> None:
    """The packages that a version comes with and the roll-up of its usual revision, for its hosts to share."""
    servicing = Servicing(version)
    registry.set(SERVICING, "Version", REG_SZ, servicing.file_version(1))
    if servicing.rollups:
        _write(registry, servicing.rollup(ubr), STATES["installed"])
    for subject in _SUBJECTS:
        for architecture, language in _VARIANTS:
            for revision in (1, 2):
                identity = (
                    f"Microsoft-Windows-{subject}-Package~{_TOKEN}~{architecture}~{language}~"
                    f"{servicing.file_version(revision)}"
                )
                _write(registry, identity, STATES["installed" if revision == 2 else "superseded"])


def _write(registry: Registry, identity: str, state: int) -> None:
    """What is there already is left alone, so that hosts share the whole key until one differs."""
    key = f"{PACKAGES}\\{identity}"
    if registry.dword(key, "CurrentState") == state:
        return
    registry.set(key, "CurrentState", REG_DWORD, state)
    registry.set(key, "InstallName", REG_SZ, f"{identity}.mum")
    registry.set(key, "Visibility", REG_DWORD, 1)


def install(host: Host) -> None:
    """The roll-up of the host's build, and its updates: what an update replaced is superseded, and one that waits for
    a restart says so."""
    servicing = Servicing(host.profile.version)
    found: dict[str, int] = {}
    if servicing.rollups:
        found[servicing.rollup(host.profile.ubr)] = STATES["installed"]
    for update in host.updates:
        identity = servicing.update(update.id) if update.ubr is None else servicing.rollup(update.ubr)
        found[identity] = STATES[update.state]
    for key in list(host.registry.key(PACKAGES).subkeys.values()):
        if key.name.startswith(_ROLLUP) and key.name not in found:
            host.registry.delete_key(f"{PACKAGES}\\{key.name}")
    for identity, state in found.items():
        _write(host.registry, identity, state)
        host.put_system_file(_file(identity), text=_manifest(identity))
    if {STATES["install_pending"], STATES["uninstall_pending"]} & set(found.values()):
        _wait_for_restart(host)


def state_of(host: Host, identity: str) -> int | None:
    """CurrentState; None for a package that is not there."""
    return host.registry.dword(f"{PACKAGES}\\{identity}", "CurrentState")


def is_permanent(host: Host, identity: str) -> bool:
    """What its .mum file says, or what is known of the roll-ups of its build; their files nobody has looked at."""
    entry = host.files.find(_file(identity))
    told = entry is not None and 'permanency="permanent"' in entry.text
    build = Servicing(host.profile.version).build
    return told or (identity.startswith(_ROLLUP) and build >= _PERMANENT_ROLLUPS_SINCE)


def remove(host: Host, identity: str) -> None:
    """The package goes with the next restart, and what it had replaced comes back."""
    _write(host.registry, identity, STATES["uninstall_pending"])
    before = _newest(host, identity.partition("~")[0], STATES["superseded"])
    if before:
        _write(host.registry, before, STATES["install_pending"])
    _wait_for_restart(host)


def restarted(host: Host) -> None:
    """What waited for a restart is done."""
    pending = [key for key in _PENDING if host.registry.find(key) is not None]
    if not pending:
        return
    gone = []
    for identity in [key.name for key in host.registry.key(PACKAGES).subkeys.values()]:
        state = state_of(host, identity)
        if state == STATES["uninstall_pending"]:
            host.registry.delete_key(f"{PACKAGES}\\{identity}")
            host.files.remove(_file(identity))
            gone.append(identity)
        elif state == STATES["install_pending"]:
            _write(host.registry, identity, STATES["installed"])
    for key in pending:
        host.registry.delete_key(key)
    servicing = Servicing(host.profile.version)
    host.updates = [
        replace(update, state="installed") if update.state == "install_pending" else update
        for update in host.updates
        if (servicing.update(update.id) if update.ubr is None else servicing.rollup(update.ubr)) not in gone
    ]
    if servicing.rollups:
        newest = _newest(host, _ROLLUP, STATES["installed"])
        host.registry.set(WINDOWS, "UBR", REG_DWORD, _revision(newest)[1] if newest else 1)


def _newest(host: Host, name: str, state: int) -> str:
    """The newest package of a name in a state; empty when there is none."""
    found = [key.name for key in host.registry.key(PACKAGES).subkeys.values() if key.name.startswith(name + "~")]
    return max((each for each in found if state_of(host, each) == state), key=_revision, default="")


def _revision(identity: str) -> tuple[int, ...]:
    return tuple(int(part) for part in identity.rpartition("~")[2].split("."))


def _wait_for_restart(host: Host) -> None:
    for key in _PENDING:
        host.registry.create_key(key)


def _file(identity: str) -> str:
    return f"{FOLDER}\\{identity}.mum"


def shown(update: Update) -> bool:
    """Whether Win32_QuickFixEngineering lists it: what is superseded or waits has gone from it (MEM: unverified)."""
    return update.state == "installed"


def _manifest(identity: str) -> str:
    """The head of a .mum file: an assembly with one removable package. An update stack's own package is permanent."""
    name, token, architecture, _language, version = identity.split("~")
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n'
        '<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">\r\n'
        f'  <assemblyIdentity name="{name}" version="{version}" processorArchitecture="{architecture}" '
        f'language="neutral" buildType="release" publicKeyToken="{token}" />\r\n'
        f'  <package identifier="{name.removeprefix("Package_for_")}" releaseType="Security Update" '
        'restart="possible" permanency="removable">\r\n  </package>\r\n</assembly>\r\n'
    )
