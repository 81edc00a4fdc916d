# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_LogonSession and Win32_LoggedOnUser; properties: Microsoft's pages. LogonType 10 is RemoteInteractive, 2
Interactive, 0 the system's own. A disconnected session's logon stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host
from tests.lab.model.security import SYSTEM
from tests.lab.model.sessions import LOGON_INTERACTIVE, LOGON_REMOTE_INTERACTIVE, Session
from tests.lab.object_path import ObjectPath

_SYSTEM_LOGON = "999"
_TYPES = {
    **dict.fromkeys("AuthenticationPackage Caption Description LogonId Name Status".split(), "string"),
    **dict.fromkeys("InstallDate StartTime".split(), "datetime"),
    "LogonType": "uint32",
}


def _logon_id(session: Session) -> str:
    return str(100000 + session.id)


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    yield {
        "AuthenticationPackage": "Negotiate",
        "LogonId": _SYSTEM_LOGON,
        "LogonType": 0,
        "StartTime": host.boot_time,
    }
    for session in host.sessions:
        yield {
            "AuthenticationPackage": "Negotiate",
            "LogonId": _logon_id(session),
            "LogonType": LOGON_REMOTE_INTERACTIVE if session.remote else LOGON_INTERACTIVE,
            "StartTime": host.boot_time,
        }


def _logon(logon_id: str) -> ObjectPath:
    return ObjectPath("Win32_LogonSession", (("LogonId", logon_id),))


def _user_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    system = host.groups.find(SYSTEM)
    owners = [] if system is None else [((system.domain, system.name), _SYSTEM_LOGON)]
    for session in host.sessions:
        domain, _separator, name = session.user.rpartition("\\")
        owners.append(((domain or host.authority, name), _logon_id(session)))
    for (domain, name), logon_id in owners:
        yield {
            "Antecedent": ObjectPath("Win32_Account", (("Domain", domain), ("Name", name))),
            "Dependent": _logon(logon_id),
        }


LOGGED_ON_USER = CimClass(
    "Win32_LoggedOnUser",
    ("root/cimv2",),
    {"Antecedent": "ref", "Dependent": "ref"},
    ("Antecedent", "Dependent"),
    _user_rows,
)
CLASSES = (CimClass("Win32_LogonSession", ("root/cimv2",), _TYPES, ("LogonId",), _rows), LOGGED_ON_USER)
