# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_ComputerSystem; properties as in a recorded `select *` of Server 2008 R2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host

_TYPES = {
    **dict.fromkeys(
        (
            "BootupState Caption CreationClassName Description DNSHostName Domain LastLoadInfo Manufacturer Model Name "
            "NameFormat PrimaryOwnerContact PrimaryOwnerName Status SystemType UserName Workgroup"
        ).split(),
        "string",
    ),
    **dict.fromkeys(
        (
            "AutomaticManagedPagefile AutomaticResetBootOption AutomaticResetCapability BootROMSupported "
            "DaylightInEffect EnableDaylightSavingsTime InfraredSupported NetworkServerModeEnabled "
            "PartOfDomain PowerManagementSupported"
        ).split(),
        "boolean",
    ),
    **dict.fromkeys(
        (
            "AdminPasswordStatus BootOptionOnLimit BootOptionOnWatchDog ChassisBootupState DomainRole "
            "FrontPanelResetStatus KeyboardPasswordStatus NumberOfLogicalProcessors NumberOfProcessors PCSystemType "
            "PowerOnPasswordStatus PowerState PowerSupplyState ResetCapability SystemStartupDelay SystemStartupSetting "
            "ThermalState TotalPhysicalMemory WakeUpType"
        ).split(),
        "uint64",
    ),
    **dict.fromkeys("CurrentTimeZone PauseAfterReset ResetCount ResetLimit".split(), "sint32"),
    "InstallDate": "datetime",
    "Roles": "string[]",
}


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    joined = host.domain is not None
    server = host.profile.is_server
    role = {(False, False): 0, (False, True): 1, (True, False): 2, (True, True): 3}[server, joined]
    if host.profile.product_type == 2:
        role = 5
    console = next((session.user for session in host.sessions if not session.remote), None)
    yield {
        "AdminPasswordStatus": 3,
        "AutomaticManagedPagefile": True,
        "AutomaticResetBootOption": True,
        "AutomaticResetCapability": True,
        "BootROMSupported": True,
        "BootupState": "Normal boot",
        "Caption": host.name.upper(),
        "ChassisBootupState": 3,
        "CreationClassName": "Win32_ComputerSystem",
        "CurrentTimeZone": 0,
        "Description": "AT/AT COMPATIBLE",
        "DNSHostName": host.name,
        "Domain": host.domain or host.settings.workgroup,
        "DomainRole": role,
        "EnableDaylightSavingsTime": True,
        "FrontPanelResetStatus": 3,
        "InfraredSupported": False,
        "KeyboardPasswordStatus": 3,
        "Manufacturer": "winops.rdp lab",
        "Model": "Simulated host",
        "Name": host.name.upper(),
        "NetworkServerModeEnabled": True,
        "NumberOfLogicalProcessors": 2,
        "NumberOfProcessors": 1,
        "PartOfDomain": joined,
        "PauseAfterReset": -1,
        "PCSystemType": 1,
        "PowerOnPasswordStatus": 3,
        "PowerState": 0,
        "PowerSupplyState": 3,
        "PrimaryOwnerName": "Lab",
        "ResetCapability": 1,
        "ResetCount": -1,
        "ResetLimit": -1,
        "Roles": ["LM_Workstation", "LM_Server", "NT", *(["Server_NT"] if server else [])],
        "Status": "OK",
        "SystemType": "x64-based PC",
        "ThermalState": 3,
        "TotalPhysicalMemory": 4293971968,
        "UserName": console,
        "WakeUpType": 6,
        "Workgroup": None if joined else host.settings.workgroup,
    }


CLASSES = (CimClass("Win32_ComputerSystem", ("root/cimv2",), _TYPES, ("Name",), _rows),)
