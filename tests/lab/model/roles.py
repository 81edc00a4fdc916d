# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of Remote Desktop Services and of the domain: which services they bring.

Service names: Microsoft, "Remote Desktop can't connect" and the role services' event pages (Tssdis, RDMS, TSGateway,
TermServLicensing), and the deployment guides for NTDS, Kdc and DNS. Paths and accounts are MEM: unverified. The broker
and RDMS keep their data in the Windows Internal Database (Microsoft, "RDS connection broker or RDMS fails"), whose
service is MSSQL$MICROSOFT##WID.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.model.registry import HKLM, REG_DWORD, REG_EXPAND_SZ, REG_SZ
from tests.lab.model.services import RUNNING, SERVICES_KEY, START_VALUES, Service

if TYPE_CHECKING:
    from tests.lab.model.host import Host

PRODUCT_OPTIONS = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\ProductOptions"
_NETWORK, _SYSTEM = "NT AUTHORITY\\NetworkService", "LocalSystem"
_SVCHOST = "C:\\Windows\\System32\\svchost.exe -k "
_WID = "MSSQL$MICROSOFT##WID"
_BROKER = ("Tssdis", "Remote Desktop Connection Broker", _SVCHOST + "tssdis", _NETWORK)
_MANAGEMENT = ("RDMS", "Remote Desktop Management", _SVCHOST + "rdms", _NETWORK)
_DATABASE = (
    _WID,
    "Windows Internal Database",
    "C:\\Windows\\WID\\Binn\\sqlservr.exe -sMICROSOFT##WID -wrMICROSOFT##WID",
    "NT SERVICE\\MSSQL$MICROSOFT##WID",
)
ROLES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "session_host": (),
    "connection_broker": (_BROKER, _MANAGEMENT, _DATABASE),
    "management": (_MANAGEMENT,),
    "gateway": (("TSGateway", "Remote Desktop Gateway", _SVCHOST + "tsgateway", _NETWORK),),
    "licensing": (("TermServLicensing", "Remote Desktop Licensing", _SVCHOST + "TSLicensing", _NETWORK),),
}
"""Role to its services: name, display name, path, account."""
_CONTROLLER = (
    ("NTDS", "Active Directory Domain Services", "C:\\Windows\\System32\\lsass.exe", _SYSTEM),
    ("Kdc", "Kerberos Key Distribution Center", "C:\\Windows\\System32\\lsass.exe", _SYSTEM),
    ("DNS", "DNS Server", "C:\\Windows\\system32\\dns.exe", _SYSTEM),
)


def add_service(host: Host, name: str, display: str, path: str, account: str = _SYSTEM, state: str = RUNNING) -> None:
    """A service that starts automatically, with its registry key."""
    if host.services.find(name) is not None:
        return
    display = host.language.services.get(name, display)
    key = f"{SERVICES_KEY}\\{name}"
    host.registry.set(key, "Start", REG_DWORD, START_VALUES["automatic"])
    host.registry.set(key, "Type", REG_DWORD, 0x20 if "svchost" in path else 0x10)
    host.registry.set(key, "ErrorControl", REG_DWORD, 1)
    host.registry.set(key, "ImagePath", REG_EXPAND_SZ, path)
    host.registry.set(key, "ObjectName", REG_SZ, account)
    host.registry.set(key, "DisplayName", REG_SZ, display)
    host.services.add(
        Service(
            name=name,
            display_name=display,
            description=display,
            path=path,
            account=account,
            service_type="Share Process" if "svchost" in path else "Own Process",
            depends_on=(),
            state=state,
        )
    )


def add_roles(host: Host) -> None:
    """The services of the host's roles, and what makes a domain controller."""
    for role in ROLES:
        if role in host.roles:
            for name, display, path, account in ROLES[role]:
                add_service(host, name, display, path, account)
    if host.profile.product_type == 2:
        host.registry.set(PRODUCT_OPTIONS, "ProductType", REG_SZ, "LanmanNT")
        for name, display, path, account in _CONTROLLER:
            add_service(host, name, display, path, account)
