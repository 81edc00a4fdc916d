# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/SecurityCenter2 of clients, and root/Microsoft/Windows/Defender.

Recorded: properties of AntiVirusProduct and AntiSpywareProduct with their order and the timestamp as text, and
Get-MpComputerStatus with Defender on and off ("Not running", version numbers 0.0.0.0, ages of 4294967295). Types of the
second: Microsoft, MSFT_MpComputerStatus. FirewallProduct has the same properties (MEM: unverified); the firewall of
Windows is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host
from tests.lab.model.security_products import DEFENDER_GUID

SECURITY_CENTER, DEFENDER = "root/securitycenter2", "root/microsoft/windows/defender"
_NEVER = 0xFFFFFFFF
_ENGINE, _PRODUCT, _SIGNATURES = "1.1.25030.1", "4.18.25030.2", "1.427.671.0"
_PRODUCT_TYPES = {
    **dict.fromkeys(
        "displayName instanceGuid pathToSignedProductExe pathToSignedReportingExe timestamp".split(), "string"
    ),
    "productState": "uint32",
}
_ENABLED = (
    "AMServiceEnabled AntispywareEnabled AntivirusEnabled BehaviorMonitorEnabled IoavProtectionEnabled NISEnabled "
    "OnAccessProtectionEnabled RealTimeProtectionEnabled"
).split()
_VERSIONS = {
    "AMEngineVersion": _ENGINE,
    "AMProductVersion": _PRODUCT,
    "AMServiceVersion": _PRODUCT,
    "AntispywareSignatureVersion": _SIGNATURES,
    "AntivirusSignatureVersion": _SIGNATURES,
    "NISEngineVersion": _ENGINE,
    "NISSignatureVersion": _SIGNATURES,
}
_AGES = "AntispywareSignatureAge AntivirusSignatureAge FullScanAge NISSignatureAge QuickScanAge".split()
_TIMES = (
    "AntispywareSignatureLastUpdated AntivirusSignatureLastUpdated FullScanEndTime FullScanStartTime "
    "NISSignatureLastUpdated QuickScanEndTime QuickScanStartTime"
).split()
_STATUS_TYPES = {
    **dict.fromkeys(("AMRunningMode", "ComputerID", *_VERSIONS), "string"),
    **dict.fromkeys((*_ENABLED, "IsTamperProtected", "IsVirtualMachine"), "boolean"),
    **dict.fromkeys(("ComputerState", *_AGES), "uint32"),
    **dict.fromkeys("LastFullScanSource LastQuickScanSource RealTimeScanDirection".split(), "uint8"),
    **dict.fromkeys(_TIMES, "datetime"),
}


def _rows(kind: str) -> Callable[[Host, Query], Iterator[dict[str, Any]]]:
    def rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
        for product in host.security_products:
            if product.kind == kind:
                yield {
                    "displayName": product.name,
                    "instanceGuid": product.guid,
                    "pathToSignedProductExe": product.path,
                    "pathToSignedReportingExe": product.reporting,
                    "productState": product.state,
                    "timestamp": host.boot_time.strftime("%a, %d %b %Y %H:%M:%S GMT"),
                }

    return rows


def _status_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    found = [item for item in host.security_products if item.kind == "antivirus" and item.guid == DEFENDER_GUID]
    on = any(item.active for item in found) and host.services.running("WinDefend")
    updated = host.boot_time if on else None
    yield {
        **dict.fromkeys(_ENABLED, on),
        **(_VERSIONS if on else {**dict.fromkeys(_VERSIONS, "0.0.0.0"), "AMProductVersion": _PRODUCT}),
        **dict.fromkeys(_AGES, 0 if on else _NEVER),
        **dict.fromkeys(_TIMES),
        **{name: updated for name in _TIMES if name.endswith("LastUpdated")},
        "AMRunningMode": "Normal" if on else "Not running",
        "ComputerID": host.machine_guid.upper(),
        "ComputerState": 0,
        "FullScanAge": _NEVER,
        "IsTamperProtected": on,
        "IsVirtualMachine": True,
        "LastFullScanSource": 0,
        "LastQuickScanSource": 2 if on else 0,
        "RealTimeScanDirection": 0,
    }


def has_defender(host: Host) -> bool:
    """The namespace came with Windows 8 and Server 2016 (Microsoft's page says Windows 8; servers got Defender with
    2016)."""
    return host.profile.version >= (6, 2, 0) and (not host.profile.is_server or host.profile.version[0] >= 10)


CLASSES = (
    *(
        CimClass(name, (SECURITY_CENTER,), _PRODUCT_TYPES, ("instanceGuid",), _rows(kind))
        for name, kind in (
            ("AntiVirusProduct", "antivirus"),
            ("AntiSpywareProduct", "antispyware"),
            ("FirewallProduct", "firewall"),
        )
    ),
    CimClass("MSFT_MpComputerStatus", (DEFENDER,), _STATUS_TYPES, ("ComputerID",), _status_rows),
)
