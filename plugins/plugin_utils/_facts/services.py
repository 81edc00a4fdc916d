# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The services that Remote Desktop needs, and those that tell a host's role."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Service, Services
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import restarts
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.services import ServiceStatus

NEEDED = ("TermService", "SessionEnv", "UmRdpService", "CertPropSvc", "KeyIso", "CryptSvc", "MpsSvc", "RpcSs")

# Microsoft names these services in its pages on each role of Remote Desktop Services.
ROLES = {
    "Tssdis": "connection_broker",
    "RDMS": "management",
    "TSGateway": "gateway",
    "TermServLicensing": "licensing",
}

# Which DLL svchost.exe loads for TermService; %SystemRoot%\System32\termsrv.dll (Microsoft).
_PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\TermService\Parameters"

_ABSENT = Service(present=False, state="", start_mode="", account="", pid=None, exit_code=None)


def read(host: Host, found: Mapping[str, ServiceStatus]) -> Services:
    """``found``: those of NEEDED and ROLES that the host has, by name."""
    services: dict[str, Service] = {}
    for name in (*NEEDED, *ROLES):
        status = found.get(name)
        services[name] = (
            _ABSENT
            if status is None
            else Service(
                present=True,
                state=status.state,
                start_mode=status.start_mode,
                account=status.account,
                pid=status.pid or None,
                exit_code=status.exit_code,
            )
        )
    return Services(
        status="ok",
        reason="",
        services=services,
        service_dll=host.registry.text(_PARAMETERS, "ServiceDll"),
        restart_pending=restarts.pending(host, found),
    )
