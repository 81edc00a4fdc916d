# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which Windows this is, which update it is on, and what it is in its domain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICY, RESTART_MARKS, TERMINAL_SERVER
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Services, System
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.services import ROLES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.times import iso
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import restarts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

_CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_SETUP = r"HKLM\SYSTEM\Setup"
_COMPONENT_REBOOT = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)
_SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"

# Win32_OperatingSystem.ProductType and Win32_ComputerSystem.DomainRole, Microsoft's pages on both classes.
_PRODUCT_TYPES = {1: "workstation", 2: "domain_controller", 3: "server"}
_DOMAIN_ROLES = (
    "standalone_workstation",
    "member_workstation",
    "standalone_server",
    "member_server",
    "backup_domain_controller",
    "primary_domain_controller",
)


def read(
    host: Host, services: Services, now: datetime, *, session_host: bool, policies: Collection[str] | None
) -> System:
    """``now`` is the controller's time; ``policies`` are the keys below the policy key, None: not known."""
    windows = host.operating_system
    computers = host.session.query(
        "root/cimv2", "SELECT Name, Domain, PartOfDomain, DomainRole FROM Win32_ComputerSystem"
    )
    if not computers:
        raise WindowsError("the host returned no Win32_ComputerSystem")
    computer = computers[0]
    ubr = host.registry.dword(_CURRENT_VERSION, "UBR")
    product_type = _PRODUCT_TYPES.get(windows.integer("ProductType", 0) or 0, "")
    release = release_of(host.build, "client" if product_type == "workstation" else "server")
    role = computer.integer("DomainRole")
    local_time = windows.datetime("LocalDateTime")
    return System(
        status="ok",
        reason="",
        hostname=computer.text("Name") or windows.text("CSName") or "",
        domain=computer.text("Domain") or "",
        part_of_domain=bool(computer.boolean("PartOfDomain")),
        domain_role=_DOMAIN_ROLES[role] if role is not None and 0 <= role < len(_DOMAIN_ROLES) else "",
        caption=(windows.text("Caption") or "").strip(),
        edition=host.registry.text(_CURRENT_VERSION, "EditionID") or "",
        installation_type=host.registry.text(_CURRENT_VERSION, "InstallationType") or "",
        product_type=product_type,
        version=windows.text("Version") or "",
        build=host.build,
        ubr=ubr,
        full_build=str(host.build) if ubr is None else f"{host.build}.{ubr}",
        display_version=_display_version(host),
        release="" if release is None else release.key,
        architecture=windows.text("OSArchitecture") or "",
        language=windows.integer("OSLanguage"),
        boot_time=iso(windows.datetime("LastBootUpTime")),
        local_time=iso(local_time),
        clock_skew=None if local_time is None else round((local_time - now).total_seconds(), 1),
        setup_in_progress=any(
            bool(host.registry.dword(_SETUP, name)) for name in ("SystemSetupInProgress", "OOBEInProgress")
        ),
        pending_reboot=_pending_reboot(host),
        rds_roles=_roles(services, product_type, session_host=session_host),
        # Only a session host can be a member of a farm.
        part_of_cluster=session_host and _in_cluster(host, policies),
    )


def _roles(services: Services, product_type: str, *, session_host: bool) -> list[str]:
    """By services, by TerminalServerMode, by ProductType."""
    by_service = [
        role for name, role in ROLES.items() if services["status"] == "ok" and services["services"][name]["present"]
    ]
    others = {"session_host": session_host, "domain_controller": product_type == "domain_controller"}
    return [*by_service, *(role for role, has in others.items() if has)]


def _in_cluster(host: Host, policies: Collection[str] | None) -> bool:
    """Whether the session host reports to a connection broker: SessionDirectoryActive, of policy first.

    An export of a session host of 2019 has the value in the key Terminal Server, Microsoft's MSRD-Collect looks for it
    in ClusterSettings below that.
    """
    places = [TERMINAL_SERVER, rf"{TERMINAL_SERVER}\ClusterSettings"]
    if policies is None or "windows nt" in policies:
        places.insert(0, POLICY)
    for path in places:
        number = host.registry.dword(path, "SessionDirectoryActive")
        if number is not None and (number or path == POLICY):
            return bool(number)
    return False


def _pending_reboot(host: Host) -> list[str]:
    pending = [path for path in _COMPONENT_REBOOT if host.registry.exists(path)]
    if restarts.runs_pending(host):
        pending.append(RESTART_MARKS)
    renames = host.registry.values(_SESSION_MANAGER, ["PendingFileRenameOperations"])
    if any(value.data for value in renames.values()):
        pending.append(rf"{_SESSION_MANAGER}\PendingFileRenameOperations")
    return pending


def _display_version(host: Host) -> str:
    """ "21H2". Windows 10 1511 brought ReleaseId, 20H2 (2004 with updates, MEM) DisplayVersion in its place."""
    names = ["DisplayVersion"] if host.build >= 19041 else []
    names += ["ReleaseId"] if host.build >= 10586 else []
    return next((text for name in names if (text := host.registry.text(_CURRENT_VERSION, name))), "")
