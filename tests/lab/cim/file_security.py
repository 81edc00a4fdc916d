# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_LogicalFileSecuritySetting with GetSecurityDescriptor.

Return codes: Microsoft's page (0 success, 2 access denied, 9 privilege missing). An administrator reads the descriptor
of any file through the backup privilege (MEM: unverified); a scenario can demand READ_CONTROL instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import Call, CimClass, Embedded, Method, Query
from tests.lab.model.files import Entry
from tests.lab.model.host import Host
from tests.lab.model.security import INHERITED, READ_CONTROL, SE_BACKUP, dacl_allows, sid_bytes

_ACCESS_DENIED = 2
_DACL_PRESENT, _DACL_AUTO_INHERITED, _DACL_PROTECTED, _SELF_RELATIVE = 0x4, 0x400, 0x1000, 0x8000
_TYPES = {
    "Caption": "string",
    "ControlFlags": "uint32",
    "Description": "string",
    "OwnerPermissions": "boolean",
    "Path": "string",
    "SettingID": "string",
}
_TRUSTEE = {
    "Domain": "string",
    "Name": "string",
    "SID": "uint8[]",
    "SidLength": "uint32",
    "SIDString": "string",
    "TIME_CREATED": "uint64",
}
_ACE = {
    "AccessMask": "uint32",
    "AceFlags": "uint32",
    "AceType": "uint32",
    "GuidInheritedObjectType": "string",
    "GuidObjectType": "string",
    "TIME_CREATED": "uint64",
    "Trustee": "object",
}
_DESCRIPTOR = {
    "ControlFlags": "uint32",
    "DACL": "object[]",
    "Group": "object",
    "Owner": "object",
    "SACL": "object[]",
    "TIME_CREATED": "uint64",
}


def _flags(entry: Entry) -> int:
    flags = _SELF_RELATIVE | _DACL_PRESENT | (_DACL_PROTECTED if entry.security.protected else 0)
    inherited = any(ace.flags & INHERITED for ace in entry.security.dacl or ())
    return flags | (_DACL_AUTO_INHERITED if inherited else 0)


def _rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    path = query.get("Path")
    found = host.files.find(path) if path is not None else None
    for entry in [found] if found is not None else host.files.all() if path is None else ():
        yield {
            "Caption": f"Security settings of {entry.path}",
            "ControlFlags": _flags(entry),
            "Description": f"Security settings of {entry.path}",
            "OwnerPermissions": True,
            "Path": entry.path,
        }


def _trustee(sid: str, names: dict[str, tuple[str, str]]) -> Embedded:
    domain, name = names.get(sid, ("", ""))
    raw = sid_bytes(sid)
    values = {
        "Domain": domain or None,
        "Name": name or None,
        "SID": list(raw),
        "SidLength": len(raw),
        "SIDString": sid,
    }
    return Embedded("Win32_Trustee", values, _TRUSTEE)


def descriptor(entry: Entry, names: dict[str, tuple[str, str]]) -> Embedded:
    """The security descriptor as an embedded Win32_SecurityDescriptor; a NULL DACL is absent."""
    aces = [
        Embedded(
            "Win32_ACE",
            {"AccessMask": ace.mask, "AceFlags": ace.flags, "AceType": ace.type, "Trustee": _trustee(ace.sid, names)},
            _ACE,
        )
        for ace in entry.security.dacl or ()
    ]
    owner = _trustee(entry.security.owner, names)
    values = {"ControlFlags": _flags(entry), "DACL": aces, "Group": owner, "Owner": owner}
    return Embedded("Win32_SecurityDescriptor", values, _DESCRIPTOR)


def _get(call: Call) -> dict[str, Any]:
    entry = call.host.files.find(call.selectors["Path"])
    if entry is None:
        return {"ReturnValue": _ACCESS_DENIED}
    backup = SE_BACKUP in call.token.privileges and not call.host.settings.security_read_needs_read_control
    if not backup and not dacl_allows(entry.security, call.token, READ_CONTROL):
        return {"ReturnValue": _ACCESS_DENIED}
    return {"Descriptor": descriptor(entry, call.host.account_names()), "ReturnValue": 0}


_METHODS = {"GetSecurityDescriptor": Method({}, {"Descriptor": "object"}, _get)}
CLASSES = (CimClass("Win32_LogicalFileSecuritySetting", ("root/cimv2",), _TYPES, ("Path",), _rows, _METHODS),)
