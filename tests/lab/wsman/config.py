# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WinRM configuration, as much as clients read of it: a Get of `.../wsman/1/config` (shape: a recorded reply)."""

from __future__ import annotations

from tests.lab.model.host import Host
from tests.lab.wsman import faults, names


def get(host: Host, uri: str) -> str:
    """The configuration element; only the whole of it is modelled."""
    if uri != names.CONFIG:
        raise faults.resource_not_found("Get", uri)
    settings = host.settings.winrm

    def flag(value: bool) -> str:
        return "true" if value else "false"

    service = (
        f"<cfg:MaxConcurrentOperationsPerUser>{settings.max_operations_per_user}</cfg:MaxConcurrentOperationsPerUser>"
        f"<cfg:AllowUnencrypted>{flag(settings.allow_unencrypted)}</cfg:AllowUnencrypted>"
        f"<cfg:Auth><cfg:Basic>{flag(settings.basic)}</cfg:Basic><cfg:Kerberos>{flag(settings.kerberos)}</cfg:Kerberos>"
        f"<cfg:Negotiate>{flag(settings.negotiate)}</cfg:Negotiate>"
        f"<cfg:Certificate>{flag(settings.certificate_auth)}</cfg:Certificate>"
        f"<cfg:CredSSP>{flag(settings.credssp)}</cfg:CredSSP>"
        f"<cfg:CbtHardeningLevel>{settings.cbt.capitalize()}</cfg:CbtHardeningLevel></cfg:Auth>"
        "<cfg:DefaultPorts><cfg:HTTP>5985</cfg:HTTP><cfg:HTTPS>5986</cfg:HTTPS></cfg:DefaultPorts>"
        "<cfg:IPv4Filter>*</cfg:IPv4Filter><cfg:IPv6Filter>*</cfg:IPv6Filter>"
        "<cfg:CertificateThumbprint></cfg:CertificateThumbprint><cfg:AllowRemoteAccess>true</cfg:AllowRemoteAccess>"
    )
    shells = (
        "<cfg:AllowRemoteShellAccess>true</cfg:AllowRemoteShellAccess><cfg:IdleTimeout>7200000</cfg:IdleTimeout>"
        f"<cfg:MaxShellsPerUser>{settings.max_shells_per_user}</cfg:MaxShellsPerUser>"
    )
    return (
        f'<cfg:Config xmlns:cfg="{names.CONFIG}"><cfg:MaxEnvelopeSizekb>{settings.max_envelope_kb}'
        f"</cfg:MaxEnvelopeSizekb><cfg:MaxTimeoutms>{settings.max_timeout_ms}</cfg:MaxTimeoutms><cfg:MaxBatchItems>32000"
        "</cfg:MaxBatchItems><cfg:MaxProviderRequests>4294967295</cfg:MaxProviderRequests>"
        f"<cfg:Service>{service}</cfg:Service><cfg:Winrs>{shells}</cfg:Winrs></cfg:Config>"
    )
