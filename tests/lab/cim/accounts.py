# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Win32_Account with its derived classes, and Win32_GroupUser.

Properties and keys: Microsoft's pages of Win32_Account, Win32_UserAccount, Win32_Group and Win32_SystemAccount. Domain
is the host's name for what is local, and so it is for well-known accounts. On a domain controller the built-in groups
are the domain's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.lab.cim.base import CimClass, Query
from tests.lab.model.groups import SID_ALIAS, SID_GROUP, SID_USER, SID_WELL_KNOWN, Account
from tests.lab.model.host import Host
from tests.lab.object_path import ObjectPath

_ACCOUNT = {
    **dict.fromkeys("Caption Description Domain Name SID Status".split(), "string"),
    "InstallDate": "datetime",
    "LocalAccount": "boolean",
    "SIDType": "uint8",
}
_USER_ONLY = {
    "AccountType": "uint32",
    **dict.fromkeys("Disabled Lockout PasswordChangeable PasswordExpires PasswordRequired".split(), "boolean"),
    "FullName": "string",
}
_USER = {**_ACCOUNT, **_USER_ONLY}
_CLASSES = {
    SID_USER: "Win32_UserAccount",
    SID_GROUP: "Win32_Group",
    SID_ALIAS: "Win32_Group",
    SID_WELL_KNOWN: "Win32_SystemAccount",
}
_NORMAL_ACCOUNT = 512
_KEYS = ("Domain", "Name")


def path_of(account: Account) -> ObjectPath:
    return ObjectPath(_CLASSES[account.sid_type], (("Domain", account.domain), ("Name", account.name)))


def _row(account: Account) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Caption": f"{account.domain}\\{account.name}",
        "Description": "",
        "Domain": account.domain,
        "LocalAccount": account.local,
        "Name": account.name,
        "SID": account.sid,
        "SIDType": account.sid_type,
        "Status": "Degraded" if account.disabled else "OK",
    }
    if account.sid_type == SID_USER:
        row |= {
            "AccountType": _NORMAL_ACCOUNT,
            "Disabled": account.disabled,
            "FullName": "",
            "Lockout": False,
            "PasswordChangeable": True,
            "PasswordExpires": True,
            "PasswordRequired": True,
        }
    return row


def _rows(*sid_types: int) -> Callable[[Host, Query], Iterator[dict[str, Any]]]:
    def rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
        for account in host.groups.accounts():
            if account.sid_type in sid_types:
                yield _row(account)

    return rows


def _account_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    for account in host.groups.accounts():
        extra = _USER_ONLY if account.sid_type == SID_USER else {}
        yield {**_row(account), "__derived": (_CLASSES[account.sid_type], extra)}


def _member_rows(host: Host, query: Query) -> Iterator[dict[str, Any]]:
    """A member that has no account here, such as a deleted one, is not listed (MEM: unverified)."""
    accounts = {account.sid: account for account in host.groups.accounts()}
    for group in host.groups.groups():
        for sid in host.groups.members(group.sid):
            if sid in accounts:
                yield {"GroupComponent": path_of(group), "PartComponent": path_of(accounts[sid])}


_CIMV2 = ("root/cimv2",)
GROUP_USER = CimClass(
    "Win32_GroupUser",
    _CIMV2,
    {"GroupComponent": "ref", "PartComponent": "ref"},
    ("GroupComponent", "PartComponent"),
    _member_rows,
)
CLASSES = (
    CimClass("Win32_Account", _CIMV2, _ACCOUNT, _KEYS, _account_rows),
    CimClass("Win32_UserAccount", _CIMV2, _USER, _KEYS, _rows(SID_USER)),
    CimClass("Win32_Group", _CIMV2, _ACCOUNT, _KEYS, _rows(SID_GROUP, SID_ALIAS)),
    CimClass("Win32_SystemAccount", _CIMV2, _ACCOUNT, _KEYS, _rows(SID_WELL_KNOWN)),
    GROUP_USER,
)
