# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces and action URIs of WS-Management on Windows ([MS-WSMV] 2.2.1)."""

from __future__ import annotations

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMAN_FAULT = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
WSMAN_MS = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
SHELL_CMD = SHELL + "/cmd"
CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
FAULT_DETAIL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
CIM_BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
CIM_COMMON = "http://schemas.dmtf.org/wbem/wscim/1/common"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
ANONYMOUS = ADDRESSING + "/role/anonymous"
WMI_PREFIX = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
CIM_PREFIX = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
CIM_ANY = "http://schemas.dmtf.org/wbem/wscim/1/*"
WQL_DIALECTS = (
    "http://schemas.microsoft.com/wbem/wsman/1/WQL",
    "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf",
)
WQL = WQL_DIALECTS[0]

GET, PUT = TRANSFER + "/Get", TRANSFER + "/Put"
CREATE, DELETE = TRANSFER + "/Create", TRANSFER + "/Delete"
ENUMERATE, PULL, RELEASE = ENUMERATION + "/Enumerate", ENUMERATION + "/Pull", ENUMERATION + "/Release"
COMMAND, RECEIVE, SEND, SIGNAL = (SHELL + name for name in ("/Command", "/Receive", "/Send", "/Signal"))
COMMAND_DONE, COMMAND_RUNNING = (SHELL + name for name in ("/CommandState/Done", "/CommandState/Running"))
