# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in each sample: one row a file or a group of files. A file without a row fails the tests.

Patterns are regular expressions on the whole path. The counts were taken from the files themselves, with a plain XML
parser, when the samples were collected.
"""

from __future__ import annotations

# Kinds of messages; see kind_of() in test_replies.py.
Counts = dict[str, int]

# Files of envelopes -> how many of each kind the group holds.
ENVELOPES: dict[str, Counts] = {
    r"zenoss-txwinrm/server_2003/Win32_\w+_(all|star)_\d+\.xml": {"page": 26},
    r"zenoss-txwinrm/server_2008/Win32_\w+_(all|star)_\d+\.xml": {"page": 55},
    r"zenoss-txwinrm/data_error/max_concurrent\.xml": {"fault": 1},
    r"zenoss-txwinrm/data_shell/\w+\.xml": {"created": 1, "command": 1, "receive": 2},
    r"zenoss-txwinrm/data_subscribe/pull_resp_0[12]\.xml": {"page": 2},
    r"zenoss-txwinrm/data_subscribe/subscribe_resp\.xml": {"done": 1},
    r"openwsman/bindings/ruby/tests/EnumKey\.xml": {"output": 1},
    r"opennms-wsman/.*/optimized-enum-response-with-fragments-[12]\.xml": {"page": 2},
    r"opennms-wsman/.*/get-response-fault\.xml": {"fault": 1},
    r"winrb-winrm/.*/(soap_fault_v1|soap_fault_v2|wmi_error_v2)\.xml": {"fault": 3},
    r"winrb-winrm/.*/open_shell_v[12]\.xml": {"created": 2},
    r"winrb-winrm/.*\.xml\.erb": {"receive": 5},
    r"ianclegg-winrmlib/.*/command_response\.xml": {"command": 1},
    r"ianclegg-winrmlib/.*/(concurrent_operations_fault|operation_timeout)\.xml": {"fault": 2},
    r"ianclegg-winrmlib/.*/empty_response\.xml": {"done": 1},
    r"microsoft-omi/extracted/test_wsmanparser__\w+\.xml": {"fault": 3},
    r"microsoft-omi/Unix/tests/protocol/posthttp/test[123]\.request\.xml": {"request": 3},
    r"microsoft-omi/Unix/doc/xml/GetClassRequest\.xml": {"request": 1},
    r"microsoft-omi/Unix/protocol/samples/identify\.xml": {"request": 1, "identity": 1},
    r"jborean93-pypsrp/extracted/test_wsman__test_raise_\w+\.xml": {"fault": 4},
    r"jborean93-pypsrp/tests/tests_pypsrp/responses/\S+\.yml": {
        "request": 508,
        "created": 74,
        "command": 69,
        "receive": 200,
        "page": 6,
        "instance": 8,
        "fault": 10,
        "done": 140,
    },
    r"diyan-pywinrm/extracted/conftest__\w+\.xml": {"request": 11, "created": 1, "command": 2, "receive": 3, "done": 4},
    r"diyan-pywinrm/extracted/test_exceptions__\w+\.xml": {"fault": 5},
    r"masterzen-winrm/extracted/fixture_test__\w+\.xml": {"created": 1, "command": 1, "receive": 4, "fault": 2},
    r"masterzen-winrm/development/sample_requests\.txt": {"request": 5},
    r"cloudsoft-winrm4j/win7\.xml": {"request": 5, "created": 1, "command": 1, "receive": 1, "done": 2},
    r"ms-wsmv-examples/4\.1\.[^/]+\.xml": {"request": 6, "instance": 1, "page": 3, "output": 1, "done": 1},
    r"ms-wsmv-examples/4\.2\.1[^/]+\.xml": {"request": 1, "done": 1},
    r"ms-wsmv-examples/4\.2\.2[^/]+_2\.xml": {"request": 1},
    r"ms-wsmv-examples/4\.2\.3[^/]+_([1-8]|1[0-2])\.xml": {
        "request": 5,
        "created": 1,
        "done": 2,
        "instance": 1,
        "page": 2,
    },
    r"ms-wsmv-examples/4\.6\.[1345]_[^/]+\.xml": {"request": 3, "done": 1},
    r"ms-wsmv-examples/4\.7\.[^/]+\.xml": {
        "request": 11,
        "created": 1,
        "command": 1,
        "receive": 1,
        "page": 2,
        "instance": 1,
        "done": 5,
    },
    r"ms-wsmv-examples/4\.8\.([2-5]_[^/]+|1_[^/]+_2)\.xml": {"request": 4, "created": 2, "receive": 1, "done": 2},
    r"ms-wsmv-examples/4\.9_[^/]+\.xml": {"request": 1},
    r"ms-wsmv-examples/4\.10_[^/]+\.xml": {"request": 1, "fault": 1},
    r"ms-wsmv-examples/4\.11\.[^/]+\.xml": {"request": 5, "instance": 3, "output": 1, "done": 4},
}

# Not XML as they are stored: line breaks and typos in the published specification, PowerShell's CLIXML.
BROKEN: dict[str, int] = {
    r"ms-wsmv-examples/4\.2\.2[^/]+_1\.xml": 1,
    r"ms-wsmv-examples/4\.2\.3[^/]+_9\.xml": 1,
    r"ms-wsmv-examples/4\.2\.4[^/]+\.xml": 2,
    r"ms-wsmv-examples/4\.4_[^/]+\.xml": 1,
    r"ms-wsmv-examples/4\.6\.2_[^/]+\.xml": 1,
    r"ms-wsmv-examples/4\.8\.1_[^/]+_1\.xml": 1,
    r"jborean93-pypsrp/tests/tests_pypsrp/data/test_sanitise_clixml_\w+\.xml": 2,
}

# Samples that are no envelopes -> how many, and who reads them. "no reader yet" must also stand in docs/fidelity.md.
NO_READER = "no reader yet"
DATA: dict[str, tuple[int, str]] = {
    r"INDEX\.md": (1, "people"),
    r"zenoss-txwinrm/server_200[38]/Win32_\w+\.properties": (27, "tests/fidelity/test_replies.py"),
    r"wsman-error-codes/wsman_errors\.tsv": (1, "tests/fidelity/test_replies.py"),
    r"text-samples/winrm_invoke_request_shape__[^/]+\.txt": (1, "tests/fidelity/test_requests.py"),
    r"text-samples/Invoke-WSManAction_output\.txt": (1, "people"),
    r"registry-exports/\w+\.reg": (4, "tests/fidelity/test_data.py"),
    r"text-samples/terminal_server_2019_export_subset\.reg": (1, "tests/fidelity/test_data.py"),
    r"certstore-blobs/[^/]+\.bin": (10, "tests/fidelity/test_data.py"),
    r"rdp-certs/[^/]+\.der": (4, "tests/fidelity/test_data.py"),
    r"text-samples/mimikatz_certificates_RemoteDesktop_store\.txt": (1, "tests/fidelity/test_data.py"),
    r"text-samples/Win32_TSGeneralSetting__Get-CimInstance_list\.txt": (1, "tests/fidelity/test_data.py"),
    r"text-samples/Get-NetFirewallRule_RemoteDesktop_table\.txt": (1, "tests/fidelity/test_data.py"),
    r"text-samples/icacls_samples\.txt": (1, "tests/fidelity/test_data.py"),
    r"text-samples/qwinsta_samples\.txt": (1, "tests/lab/tests/test_lab_model.py"),
    r"pcaps/[^/]+\.pcap": (5, "tests/unit/wire/test_x224.py"),
    r"evtx-extracted-xml/[^/]+\.xml": (35, "tests/fidelity/test_events.py"),
    r"text-samples/schannel_\d+_event\.(xml|txt)": (5, "tests/fidelity/test_events.py"),
    r"text-samples/rdp_cert_events_[^/]+\.txt": (1, "tests/fidelity/test_events.py"),
    r"text-samples/schannel_provider_message_templates\.tsv": (1, "tests/fidelity/test_events.py"),
    r"text-samples/psloglist_1056_[^/]+\.txt": (1, "tests/fidelity/test_events.py"),
    r"text-samples/dism_get-packages_[^/]+\.txt": (2, NO_READER),
    r"wesng-qfe/[^/]+_qfe\.txt": (5, NO_READER),
}

# Rows of each recorded enumeration, the same for "select *" and for the projection.
ENUMERATED: dict[str, dict[str, int]] = {
    "server_2003": {
        "Win32_ComputerSystem": 1,
        "Win32_IP4RouteTable": 7,
        "Win32_LogicalDisk": 2,
        "Win32_NetworkAdapterConfiguration": 7,
        "Win32_OperatingSystem": 1,
        "Win32_PerfRawData_PerfDisk_PhysicalDisk": 3,
        "Win32_PerfRawData_PerfProc_Process": 35,
        "Win32_PerfRawData_Tcpip_NetworkInterface": 2,
        "Win32_Process": 34,
        "Win32_Processor": 1,
        "Win32_Service": 104,
        "Win32_SystemEnclosure": 1,
        "Win32_Volume": 2,
    },
    "server_2008": {
        "Win32_ComputerSystem": 1,
        "Win32_IP4RouteTable": 14,
        "Win32_LogicalDisk": 2,
        "Win32_NetworkAdapterConfiguration": 14,
        "Win32_OperatingSystem": 1,
        "Win32_PerfRawData_PerfDisk_PhysicalDisk": 3,
        "Win32_PerfRawData_PerfProc_Process": 43,
        "Win32_PerfRawData_Tcpip_NetworkInterface": 3,
        "Win32_Process": 42,
        "Win32_Processor": 1,
        "Win32_Product": 5,
        "Win32_Service": 122,
        "Win32_SystemEnclosure": 1,
        "Win32_Volume": 2,
    },
}

# Types of properties by Microsoft's pages on the classes (win32, cimwin32prov), for the classes that the collection
# reads: t text, i integer, b boolean, d datetime, T array of texts.
TYPES: dict[str, dict[str, str]] = {
    "Win32_Service": {
        "AcceptPause": "b",
        "AcceptStop": "b",
        "Caption": "t",
        "CheckPoint": "i",
        "DesktopInteract": "b",
        "DisplayName": "t",
        "ErrorControl": "t",
        "ExitCode": "i",
        "InstallDate": "d",
        "Name": "t",
        "PathName": "t",
        "ProcessId": "i",
        "ServiceSpecificExitCode": "i",
        "Started": "b",
        "StartMode": "t",
        "StartName": "t",
        "State": "t",
        "TagId": "i",
        "WaitHint": "i",
    },
    "Win32_OperatingSystem": {
        "BuildNumber": "t",
        "Caption": "t",
        "CSName": "t",
        "CurrentTimeZone": "i",
        "FreePhysicalMemory": "i",
        "InstallDate": "d",
        "LastBootUpTime": "d",
        "LocalDateTime": "d",
        "MaxProcessMemorySize": "i",
        "MUILanguages": "T",
        "OperatingSystemSKU": "i",
        "OSLanguage": "i",
        "Primary": "b",
        "ProductType": "i",
        "Version": "t",
    },
    "Win32_ComputerSystem": {
        "DomainRole": "i",
        "Domain": "t",
        "Name": "t",
        "PartOfDomain": "b",
        "PowerOnPasswordStatus": "i",
        "Roles": "T",
        "TotalPhysicalMemory": "i",
    },
    "Win32_Process": {
        "CreationDate": "d",
        "Handle": "t",
        "Name": "t",
        "ProcessId": "i",
        "TerminationDate": "d",
        "UserModeTime": "i",
        "VirtualSize": "i",
    },
    "Win32_NetworkAdapterConfiguration": {
        "DHCPEnabled": "b",
        "DHCPLeaseExpires": "d",
        "DNSServerSearchOrder": "T",
        "Index": "i",
        "IPAddress": "T",
        "IPEnabled": "b",
        "IPSubnet": "T",
    },
}
