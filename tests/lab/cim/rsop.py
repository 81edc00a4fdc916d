# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""root/rsop/computer: what Group Policy set on the computer.

Properties, keys and types: Microsoft, "RSoP WMI Classes" (RSOP_GPO, RSOP_PolicySetting, RSOP_RegistryPolicySetting,
RSOP_SecuritySettings, RSOP_RegistryValue: what security options set, here what a policy sets below the key Lsa).
Recorded for the registry class: name and valueName are the value's name, registryKey has no
hive, and value is the data as the registry keeps it (a text in UTF-16 with its end, a DWORD in four bytes). An
account of a user right is named when it has a name here, in the host's language, else it is `*` and the SID (MEM:
unverified). The computer namespace is missing where RSoP logging is off (policy "Turn off Resultant Set of Policy
logging"); without any policy there are no instances.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.host import Host
from tests.lab.model.policies import Policy, PolicyValue
from tests.lab.model.registry import REG_DWORD, REG_MULTI_SZ, REG_QWORD, Value

NAMESPACE = "root/rsop/computer"
_STATUS_SUCCESS = 1
_ID = uuid.UUID("5f0a2f4e-6a86-5c0e-9f5d-2f1d3c1b7a10")
_GPO = {
    **dict.fromkeys("fileSystemPath filterId guidName id name".split(), "string"),
    **dict.fromkeys("accessDenied enabled filterAllowed".split(), "boolean"),
    "securityDescriptor": "uint8[]",
    "version": "uint32",
}
_GPO_SINCE_8 = {**_GPO, "extensionIds": "string[]"}
_SETTING = {
    **dict.fromkeys("GPOID id name SOMID".split(), "string"),
    "creationTime": "datetime",
    "precedence": "uint32",
}
_REGISTRY = {
    **_SETTING,
    **dict.fromkeys("command registryKey valueName".split(), "string"),
    "deleted": "boolean",
    "value": "uint8[]",
    "valueType": "uint32",
}
_RIGHT = {**_SETTING, "AccountList": "string[]", "ErrorCode": "uint32", "Status": "uint32", "UserRight": "string"}
_OPTION = {
    **_SETTING,
    **dict.fromkeys("Data Path".split(), "string"),
    **dict.fromkeys(("ErrorCode", "Status", "Type"), "uint32"),
}
_OPTIONS = "\\system\\currentcontrolset\\control\\lsa"
_REGISTRY_EXTENSION = "{35378EAC-683F-11D2-A89A-00C04FBBCFA2}"
_SECURITY_EXTENSION = "{827D319E-6EAC-11D2-A4EA-00C04F79F83A}"


def _gpo_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for policy in host.policies.applied:
        extensions = [_REGISTRY_EXTENSION] if policy.values else []
        yield {
            "accessDenied": False,
            "enabled": True,
            "extensionIds": [*extensions, *([_SECURITY_EXTENSION] if policy.rights else [])],
            "fileSystemPath": policy.file_path + "\\Machine",
            "filterAllowed": True,
            "filterId": "",
            "guidName": policy.guid,
            "id": policy.id,
            "name": policy.name,
            "securityDescriptor": [],
            "version": 65537,
        }


def _setting(host: Host, policy: Policy, name: str, precedence: int) -> dict[str, Any]:
    return {
        "creationTime": host.policies.applied_at,
        "GPOID": policy.id,
        "id": "{" + str(uuid.uuid5(_ID, f"{policy.id}/{name}".lower())).upper() + "}",
        "name": name.rpartition("\\")[2],
        "precedence": precedence,
        "SOMID": policy.link,
    }


def data_bytes(value: Value) -> bytes:
    """The data of a value as the registry keeps it."""
    data = value.data
    if isinstance(data, int):
        return data.to_bytes({REG_DWORD: 4, REG_QWORD: 8}[value.type], "little")
    if isinstance(data, bytes):
        return data
    text = "".join(part + "\0" for part in data) + "\0" if value.type == REG_MULTI_SZ else f"{data}\0"
    return text.encode("utf-16-le")


def _values(host: Host, *, options: bool) -> Iterator[tuple[PolicyValue, dict[str, Any]]]:
    """Each value that a policy sets, as a security option or not, with what all settings have."""
    seen: dict[str, int] = {}
    for policy in host.policies.applied:
        for item in policy.values:
            if (_OPTIONS in item.key.lower()) is options:
                path = f"{item.key}\\{item.value.name}"
                seen[path.lower()] = precedence = seen.get(path.lower(), 0) + 1
                yield item, _setting(host, policy, path, precedence)


def _registry_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for item, setting in _values(host, options=False):
        yield {
            **setting,
            "command": "",
            "deleted": False,
            "registryKey": item.key.partition("\\")[2],
            "value": list(data_bytes(item.value)),
            "valueName": item.value.name,
            "valueType": item.value.type,
        }


def _option_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for item, setting in _values(host, options=True):
        data = item.value.data
        yield {
            **setting,
            "Data": ",".join(data) if isinstance(data, tuple) else str(data),
            "ErrorCode": 0,
            "Path": "MACHINE\\" + item.key.partition("\\")[2] + f"\\{item.value.name}",
            "Status": _STATUS_SUCCESS,
            "Type": item.value.type,
        }


def _account(host: Host, sid: str) -> str:
    found = host.groups.find(sid)
    if found is None:
        return f"*{sid}"
    return found.name if found.local else f"{found.domain}\\{found.name}"


def _right_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    for policy in host.policies.applied:
        for right, sids in policy.rights.items():
            seen[right] = precedence = seen.get(right, 0) + 1
            yield {
                **_setting(host, policy, right, precedence),
                "AccountList": [_account(host, sid) for sid in sids],
                "ErrorCode": 0,
                "name": "",
                "Status": _STATUS_SUCCESS,
                "UserRight": right,
            }


def _since_8(host: Host) -> bool:
    return host.profile.version >= (6, 2, 0)


CLASSES = (
    CimClass("RSOP_GPO", (NAMESPACE,), _GPO_SINCE_8, ("id",), _gpo_rows, available=_since_8),
    CimClass("RSOP_GPO", (NAMESPACE,), _GPO, ("id",), _gpo_rows),
    CimClass("RSOP_RegistryPolicySetting", (NAMESPACE,), _REGISTRY, ("id", "precedence"), _registry_rows),
    CimClass("RSOP_RegistryValue", (NAMESPACE,), _OPTION, ("Path", "precedence"), _option_rows),
    CimClass("RSOP_UserPrivilegeRight", (NAMESPACE,), _RIGHT, ("precedence", "UserRight"), _right_rows),
)
