# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which class a host has in which namespace."""

from __future__ import annotations

from functools import cache

from tests.lab import wql
from tests.lab.cim import (
    accounts,
    associations,
    computer_system,
    file_security,
    files,
    logon,
    net,
    net_firewall,
    nt_log_event,
    operating_system,
    process,
    quick_fix,
    rsop,
    security_center,
    service,
    std_reg_prov,
    terminal_server_setting,
    terminal_services,
)
from tests.lab.cim.base import CimClass, Instance
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
    *terminal_server_setting.CLASSES,
    *accounts.CLASSES,
    *associations.CLASSES,
    *rsop.CLASSES,
    *security_center.CLASSES,
    *net_firewall.CLASSES,
    *net.CLASSES,
    *nt_log_event.CLASSES,
)
_EVERYWHERE = ("root", "root/cimv2", "root/default", "root/cimv2/terminalservices", "root/rsop")


def namespace_exists(host: Host, namespace: str) -> bool:
    """`root/StandardCimv2` came with Windows 8 and Server 2012; SecurityCenter2 is on clients only; root/rsop/computer
    is made by RSoP logging; see security_center.has_defender for Defender's."""
    if namespace in _EVERYWHERE:
        return True
    if namespace == "root/standardcimv2":
        return host.profile.cim_net
    if namespace == rsop.NAMESPACE:
        return host.policies.logged
    if namespace == security_center.DEFENDER:
        return security_center.has_defender(host)
    return namespace == security_center.SECURITY_CENTER and not host.profile.is_server


@cache
def _named(namespace: str, name: str) -> tuple[CimClass, ...]:
    return tuple(found for found in _CLASSES if found.name.lower() == name and namespace in found.namespaces)


def find(host: Host, namespace: str, name: str) -> CimClass | None:
    """The class as this Windows version has it; None when it has none of that name."""
    return next((found for found in _named(namespace, name.lower()) if found.available(host)), None)


def associators(host: Host, namespace: str, query: wql.Associators) -> list[Instance] | None:
    """What is tied to an object by an association of the namespace; None for a query that is none."""
    if namespace != "root/cimv2":
        return None
    return associations.associators(host, query, lambda name: find(host, namespace, name))
