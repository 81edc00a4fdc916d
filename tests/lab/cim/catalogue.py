# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which class a host has in which namespace."""

from __future__ import annotations

from functools import cache

from tests.lab import wql
from tests.lab.cim import (
    computer_system,
    file_security,
    files,
    logon,
    net,
    net_firewall,
    operating_system,
    process,
    quick_fix,
    service,
    std_reg_prov,
    terminal_services,
)
from tests.lab.cim.base import CimClass, Instance, Query
from tests.lab.model.host import Host

_CLASSES: tuple[CimClass, ...] = (
    *std_reg_prov.CLASSES,
    *operating_system.CLASSES,
    *computer_system.CLASSES,
    *service.CLASSES,
    *process.CLASSES,
    *quick_fix.CLASSES,
    *files.CLASSES,
    *file_security.CLASSES,
    *logon.CLASSES,
    *terminal_services.CLASSES,
    *net_firewall.CLASSES,
    *net.CLASSES,
)
_EVERYWHERE = ("root", "root/cimv2", "root/default", "root/cimv2/terminalservices")


def namespace_exists(host: Host, namespace: str) -> bool:
    """`root/StandardCimv2` came with Windows 8 and Server 2012; SecurityCenter2 is on clients only."""
    if namespace in _EVERYWHERE:
        return True
    if namespace == "root/standardcimv2":
        return host.profile.cim_net
    return namespace == "root/securitycenter2" and not host.profile.is_server


@cache
def _named(namespace: str, name: str) -> tuple[CimClass, ...]:
    return tuple(found for found in _CLASSES if found.name.lower() == name and namespace in found.namespaces)


def find(host: Host, namespace: str, name: str) -> CimClass | None:
    """The class as this Windows version has it; None when it has none of that name."""
    return next((found for found in _named(namespace, name.lower()) if found.available(host)), None)


def associators(host: Host, namespace: str, query: wql.Associators) -> list[Instance] | None:
    """Services tied by Win32_DependentService: Role=Antecedent gives those that depend on the named one, Role=Dependent
    those that it depends on. None for any other association."""
    where = dict(query.where)
    role = where.get("role")
    if (
        namespace != "root/cimv2"
        or query.class_name.lower() != "win32_service"
        or query.key.lower() != "name"
        or where.get("assocclass") != "win32_dependentservice"
        or role not in ("antecedent", "dependent")
        or set(where) - {"assocclass", "role"}
    ):
        return None
    named = host.services.find(query.value)
    if named is None:
        return []
    found = find(host, namespace, "Win32_Service")
    if found is None:
        return None
    if role == "antecedent":
        wanted = {other.name.lower() for other in host.services.dependents(named.name)}
    else:
        wanted = {name.lower() for name in named.depends_on}
    return [item for item in found.instances(host, Query()) if str(item.values["Name"]).lower() in wanted]
