# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_OperatingSystem; properties as in a recorded `select *` of Server 2008 R2."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host

_TYPES = {
    **dict.fromkeys(
        (
            "BootDevice BuildNumber BuildType Caption CodeSet CountryCode CreationClassName CSCreationClassName "
            "CSDVersion CSName Description Locale Manufacturer Name Organization OSArchitecture OtherTypeDescription "
            "PlusProductID PlusVersionNumber RegisteredUser SerialNumber Status SystemDevice SystemDirectory "
            "SystemDrive Version "
            "WindowsDirectory"
        ).split(),
        "string",
    ),
    **dict.fromkeys(
        (
            "DataExecutionPrevention_32BitApplications DataExecutionPrevention_Available "
            "DataExecutionPrevention_Drivers Debug Distributed PAEEnabled Primary"
        ).split(),
        "boolean",
    ),
    **dict.fromkeys("InstallDate LastBootUpTime LocalDateTime".split(), "datetime"),
    **dict.fromkeys(
        (
            "DataExecutionPrevention_SupportPolicy EncryptionLevel ForegroundApplicationBoost FreePhysicalMemory "
            "FreeSpaceInPagingFiles FreeVirtualMemory LargeSystemCache MaxNumberOfProcesses MaxProcessMemorySize "
            "NumberOfLicensedUsers NumberOfProcesses NumberOfUsers OperatingSystemSKU OSLanguage OSProductSuite OSType "
            "ProductType ServicePackMajorVersion ServicePackMinorVersion SizeStoredInPagingFiles SuiteMask "
            "TotalSwapSpaceSize TotalVirtualMemorySize TotalVisibleMemorySize"
        ).split(),
        "uint64",
    ),
    "CurrentTimeZone": "sint32",
    "MUILanguages": "string[]",
}


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    profile = host.profile
    caption, language = profile.caption, host.language
    yield {
        "BootDevice": "\\Device\\HarddiskVolume1",
        "BuildNumber": host.build,
        "BuildType": "Multiprocessor Free",
        "Caption": caption,
        "CodeSet": "1252",
        "CountryCode": language.country_code,
        "CreationClassName": "Win32_OperatingSystem",
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSDVersion": f"Service Pack {profile.service_pack}" if profile.service_pack else None,
        "CSName": host.name.upper(),
        "CurrentTimeZone": 0,
        "DataExecutionPrevention_32BitApplications": True,
        "DataExecutionPrevention_Available": True,
        "DataExecutionPrevention_Drivers": True,
        "DataExecutionPrevention_SupportPolicy": 3 if profile.is_server else 2,
        "Debug": False,
        "Description": "",
        "Distributed": False,
        "EncryptionLevel": 256,
        "ForegroundApplicationBoost": 0 if profile.is_server else 2,
        "FreePhysicalMemory": 2184040,
        "FreeSpaceInPagingFiles": 1386560,
        "FreeVirtualMemory": 3539100,
        "InstallDate": host.boot_time.replace(microsecond=0) - dt.timedelta(days=400),
        "LastBootUpTime": host.boot_time.replace(microsecond=500000),
        "LocalDateTime": host.now(),
        "Locale": language.locale,
        "Manufacturer": "Microsoft Corporation",
        "MaxNumberOfProcesses": 4294967295,
        "MaxProcessMemorySize": 8589934464 if profile.version < (6, 2, 0) else 137438953344,
        "MUILanguages": [language.tag],
        "Name": f"{caption}|C:\\Windows|\\Device\\Harddisk0\\Partition1",
        "NumberOfLicensedUsers": 0,
        "NumberOfProcesses": 42,
        "NumberOfUsers": max(1, len(host.sessions)),
        "OperatingSystemSKU": profile.sku,
        "Organization": "",
        "OSArchitecture": language.bits,
        "OSLanguage": language.lcid,
        "OSProductSuite": 272 if profile.is_server else 256,
        "OSType": 18,
        "Primary": True,
        "ProductType": profile.product_type,
        "RegisteredUser": "Lab",
        "SerialNumber": "00000-00000-00000-AA000",
        "ServicePackMajorVersion": profile.service_pack,
        "ServicePackMinorVersion": 0,
        "SizeStoredInPagingFiles": 1388608,
        "Status": "OK",
        "SuiteMask": 272 if profile.is_server else 256,
        "SystemDevice": "\\Device\\HarddiskVolume2",
        "SystemDirectory": "C:\\Windows\\system32",
        "SystemDrive": "C:",
        "TotalVirtualMemorySize": 5582080,
        "TotalVisibleMemorySize": 4193332,
        "Version": f"{profile.version[0]}.{profile.version[1]}.{host.build}",
        "WindowsDirectory": "C:\\Windows",
    }


CLASSES = (CimClass("Win32_OperatingSystem", ("root/cimv2",), _TYPES, (), _rows),)
