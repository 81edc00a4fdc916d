# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_LogonSession; properties: Microsoft's page. LogonType 10 is RemoteInteractive, 2 Interactive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host
from tests.lab.model.sessions import LOGON_INTERACTIVE, LOGON_REMOTE_INTERACTIVE

_TYPES = {
    **dict.fromkeys("AuthenticationPackage Caption Description LogonId Name Status".split(), "string"),
    **dict.fromkeys("InstallDate StartTime".split(), "datetime"),
    "LogonType": "uint32",
}


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    yield {"AuthenticationPackage": "Negotiate", "LogonId": "999", "LogonType": 0, "StartTime": host.boot_time}
    for session in host.sessions:
        yield {
            "AuthenticationPackage": "Negotiate",
            "LogonId": str(100000 + session.id),
            "LogonType": LOGON_REMOTE_INTERACTIVE if session.remote else LOGON_INTERACTIVE,
            "StartTime": host.boot_time,
        }


CLASSES = (CimClass("Win32_LogonSession", ("root/cimv2",), _TYPES, ("LogonId",), _rows),)
