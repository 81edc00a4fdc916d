# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The pages, specifications and reports that several causes rest on."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Reference

_SUPPORT: Final = "https://learn.microsoft.com/troubleshoot"
_REMOTE: Final = f"{_SUPPORT}/windows-server/remote"
_AZURE: Final = f"{_SUPPORT}/azure/virtual-machines/windows"

EVENT_IDS: Final = Reference(
    "Microsoft, Troubleshoot Azure VM RDP connection issues by event ID",
    "A",
    f"{_AZURE}/event-id-troubleshoot-vm-rdp-connecton",
)
INTERNAL_ERROR: Final = Reference(
    "Microsoft, An internal error has occurred when connecting to a remote machine",
    "A",
    f"{_REMOTE}/internal-error-has-occurred-connecting-remote-machine",
)
CANNOT_CONNECT: Final = Reference(
    "Microsoft, Remote Desktop can't connect to the remote computer",
    "A",
    f"{_REMOTE}/remote-desktop-cannot-connect-remote-computer",
)
CANNOT_CONNECT_AZURE: Final = Reference(
    "Microsoft, Cannot connect with RDP to a Windows VM in Azure", "A", f"{_AZURE}/cannot-connect-rdp-azure-vm"
)
GENERAL_TROUBLESHOOTING: Final = Reference(
    "Microsoft, General Remote Desktop connection troubleshooting", "A", f"{_REMOTE}/rdp-error-general-troubleshooting"
)
GENERAL_ERROR: Final = Reference(
    "Microsoft, Troubleshoot an RDP general error in Azure VM", "A", f"{_AZURE}/troubleshoot-rdp-general-error"
)
SERVICE_ISSUES: Final = Reference(
    "Microsoft, Remote Desktop Services isn't starting on an Azure VM",
    "A",
    f"{_AZURE}/troubleshoot-remote-desktop-services-issues",
)
SERVICE_BUSY: Final = Reference(
    "Microsoft, The Remote Desktop service is currently busy", "A", f"{_REMOTE}/remote-desktop-service-currently-busy"
)
MACHINE_KEYS_ACL: Final = Reference(
    "Microsoft, Default permissions for the MachineKeys folders",
    "A",
    f"{_SUPPORT}/windows-server/windows-security/default-permissions-machinekeys-folders",
)
LISTENER_CERTIFICATE: Final = Reference(
    "Microsoft, Remote Desktop listener certificate configurations",
    "A",
    f"{_REMOTE}/remote-desktop-listener-certificate-configurations",
)
TLS_SETTINGS: Final = Reference(
    "Microsoft, TLS registry settings",
    "A",
    "https://learn.microsoft.com/windows-server/security/tls/tls-registry-settings",
)
TLS_OF_RDP: Final = Reference(
    "Microsoft, Incorrect TLS is displayed when you use RDP with SSL encryption",
    "A",
    f"{_REMOTE}/incorrect-tls-use-rdp-with-ssl-encryption",
)
BROKER_TLS: Final = Reference(
    "Microsoft, RDS Connection Broker or RDMS fails after you disable TLS 1.0",
    "A",
    f"{_REMOTE}/rds-connection-broker-or-rdms-fails-caused-by-disabled-tls-10",
)
DISCONNECT_REASONS: Final = Reference(
    "Microsoft, IMsTscAxEvents::OnDisconnected",
    "A",
    "https://learn.microsoft.com/windows/win32/termserv/imstscaxevents-ondisconnected",
)
TERMINAL_SERVICE_SETTING: Final = Reference(
    "Microsoft, Win32_TerminalServiceSetting",
    "A",
    "https://learn.microsoft.com/windows/win32/termserv/win32-terminalservicesetting",
)
BCGR: Final = Reference(
    "Microsoft, [MS-RDPBCGR]: Remote Desktop Protocol: Basic Connectivity and Graphics Remoting",
    "A",
    "https://learn.microsoft.com/openspecs/windows_protocols/ms-rdpbcgr",
)
NLMP: Final = Reference(
    "Microsoft, [MS-NLMP]: NT LAN Manager (NTLM) Authentication Protocol, 2.2.2.1",
    "A",
    "https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp",
)
MSRD: Final = Reference(
    "Microsoft support, MSRD-Collect: the values that it expects", "B", "https://aka.ms/MSRD-Collect"
)
RESET_RDP_CERT: Final = Reference(
    "Microsoft Azure, run command ResetRDPCert: SecurityLayer 0 and MinEncryptionLevel 1 stay behind",
    "B",
    "https://github.com/Azure/azure-support-scripts",
)
ALIBABA: Final = Reference(
    "Alibaba Cloud, ECS troubleshooting skills: RDP service",
    "B",
    "https://github.com/aliyun/alibabacloud-ecs-troubleshoot-skills",
)
