# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Services of endpoint security products, by the service's key name, which no language changes.

Servers have no Security Center, and agents without an antivirus part register nowhere: their service is what shows
them. None of these names was seen on a host of ours. "inventories" are public scripts of administrators that look for
the service by this name (several that agree); "lists" are the published lists of services that ransomware stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SCHEMA_VERSION: Final = 1

_INVENTORIES = "inventories"
_LISTS = "lists"
_MICROSOFT = "Microsoft, Defender for Endpoint documentation"


@dataclass(frozen=True)
class SecurityService:
    """One service of a product; a product may have several."""

    service: str
    product: str
    source: str
    strength: Literal["A", "B", "C", "MEM"]
    microsoft: bool = False


DEFENDER: Final = "WinDefend"

SECURITY_SERVICES: Final[tuple[SecurityService, ...]] = (
    SecurityService(DEFENDER, "Microsoft Defender Antivirus", _MICROSOFT, "A", microsoft=True),
    SecurityService("Sense", "Microsoft Defender for Endpoint", _MICROSOFT, "A", microsoft=True),
    SecurityService("CSFalconService", "CrowdStrike Falcon", _INVENTORIES, "C"),
    SecurityService("SentinelAgent", "SentinelOne", _INVENTORIES, "C"),
    SecurityService("cyserver", "Palo Alto Cortex XDR", _INVENTORIES, "C"),
    SecurityService("CylanceSvc", "Cylance", _INVENTORIES, "C"),
    SecurityService("CbDefense", "Carbon Black Cloud", _INVENTORIES, "C"),
    SecurityService("CarbonBlack", "Carbon Black EDR", "memory", "MEM"),
    SecurityService("ElasticEndpoint", "Elastic Defend", _INVENTORIES, "C"),
    SecurityService("CybereasonActiveProbe", "Cybereason", _INVENTORIES, "C"),
    SecurityService("xagt", "Trellix Endpoint Security (HX)", _INVENTORIES, "C"),
    SecurityService("masvc", "Trellix Agent", _LISTS, "C"),
    SecurityService("mfemms", "Trellix Endpoint Security", _INVENTORIES, "C"),
    SecurityService("McShield", "McAfee VirusScan", _LISTS, "C"),
    SecurityService("mfefire", "McAfee Firewall Core", "memory", "MEM"),
    SecurityService("SepMasterService", "Symantec Endpoint Protection", _LISTS, "C"),
    SecurityService("SmcService", "Symantec Endpoint Protection firewall", _LISTS, "C"),
    SecurityService("SAVService", "Sophos Anti-Virus", _INVENTORIES, "C"),
    SecurityService("SntpService", "Sophos Network Threat Protection", _LISTS, "C"),
    SecurityService("Sophos MCS Client", "Sophos Endpoint", _LISTS, "C"),
    SecurityService("ntrtscan", "Trend Micro Apex One", _LISTS, "C"),
    SecurityService("tmlisten", "Trend Micro Apex One agent", _LISTS, "C"),
    SecurityService("ds_agent", "Trend Micro Deep Security", _INVENTORIES, "C"),
    SecurityService("AVP", "Kaspersky Endpoint Security", "memory", "MEM"),
    SecurityService("kavfsslp", "Kaspersky Security for Windows Server", _LISTS, "C"),
    SecurityService("ekrn", "ESET", _INVENTORIES, "C"),
    SecurityService("EPSecurityService", "Bitdefender Endpoint Security", _INVENTORIES, "C"),
    SecurityService("VSSERV", "Bitdefender", _INVENTORIES, "C"),
    SecurityService("MBAMService", "Malwarebytes", _LISTS, "C"),
    SecurityService("AVGSvc", "AVG", _INVENTORIES, "C"),
    SecurityService("cmdagent", "Comodo", _INVENTORIES, "C"),
    SecurityService("PSANToManager", "Panda", _INVENTORIES, "C"),
)

BY_SERVICE: Final = {row.service.lower(): row for row in SECURITY_SERVICES}
