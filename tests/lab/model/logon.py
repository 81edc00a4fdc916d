# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may log on through Remote Desktop, and what refuses everybody.

Refusals of everybody: drain mode, TSUserEnabled 1, fLogonDisabled (Microsoft's general-error article on RDP),
MaxInstanceCount reached (policy 999999 and local 0xffffffff are without limit), logons switched off with `change logon`
(WinStationsDisabled). That all of them show in the Early User Authorization Result is MEM: unverified.

Rights: SeRemoteInteractiveLogonRight and its deny right decide about the session, the network pair about NLA. A deny
right wins, and counts for every SID of the account, of which "Local account" (S-1-5-113) locks out a host of a
workgroup (HardeningKitty#37).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.model.policies import ALLOW_NETWORK, ALLOW_REMOTE, DENY_NETWORK, DENY_REMOTE
from tests.lab.model.registry import HKLM, REG_MULTI_SZ, Registry
from tests.lab.model.security import ADMINISTRATORS, REMOTE_DESKTOP_USERS
from tests.lab.model.stations import Station
from tests.lab.model.users import User
from tests.lab.rdp import Account

if TYPE_CHECKING:
    from tests.lab.model.host import Host

TERMINAL_SERVER = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server"
LSA = HKLM + "\\SYSTEM\\CurrentControlSet\\Control\\Lsa"
WINLOGON = HKLM + "\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
POLICY = HKLM + "\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services"
ORACLE = HKLM + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System\\CredSSP\\Parameters"
_LOCAL_ACCOUNT, _LOCAL_ADMINISTRATOR = "S-1-5-113", "S-1-5-114"
_BY_MEMBERSHIP = (ADMINISTRATORS, REMOTE_DESKTOP_USERS)
_UNLIMITED = 999999
_TSPKG = "tspkg"


def accounts(host: Host) -> tuple[Account, ...]:
    """The accounts as CredSSP and the session's logon see them."""
    return tuple(_account(host, user) for user in host.users.values())


def _account(host: Host, user: User) -> Account:
    sids = set(user.token(host.authority).sids) - set(_BY_MEMBERSHIP)
    sids |= {group for group in _BY_MEMBERSHIP if user.sid in host.groups.members(group)}
    if host.domain is None:
        sids |= {_LOCAL_ACCOUNT, _LOCAL_ADMINISTRATOR} if user.admin else {_LOCAL_ACCOUNT}
    return Account(
        user.name,
        user.password,
        user.disabled,
        _may(host, sids, ALLOW_REMOTE, DENY_REMOTE),
        _may(host, sids, ALLOW_NETWORK, DENY_NETWORK),
    )


def _may(host: Host, sids: set[str], allow: str, deny: str) -> bool:
    return not sids.isdisjoint(host.policies.right(allow)) and sids.isdisjoint(host.policies.right(deny))


def all_denied(host: Host, station: Station) -> bool:
    """Whether nobody may begin a session now."""
    registry = host.registry
    return (
        registry.dword(station.path, "fLogonDisabled") == 1
        or registry.dword(TERMINAL_SERVER, "TSUserEnabled") == 1
        or (registry.dword(TERMINAL_SERVER, "TSServerDrainMode") or 0) != 0
        or registry.string(WINLOGON, "WinStationsDisabled") == "1"
        or _full(host, station)
    )


def _full(host: Host, station: Station) -> bool:
    registry = host.registry
    limit = registry.dword(POLICY, "MaxInstanceCount")
    if limit is None:
        limit = registry.dword(station.path, "MaxInstanceCount")
    return limit is not None and limit < _UNLIMITED and sum(session.remote for session in host.sessions) >= limit


def delegation_denied(host: Host) -> bool:
    """Whether credentials of the domain cannot be stored for a session."""
    return host.domain is not None and host.registry.dword(LSA, "disabledomaincreds") == 1


def credssp_offered(host: Host) -> bool:
    """Whether the security package of CredSSP is there, on a Windows version whose registry names it."""
    return _names_tspkg(host.registry) or not _names_tspkg(host.profile.registry)


def _names_tspkg(registry: Registry) -> bool:
    for key in (LSA, LSA + "\\OSConfig"):
        value = registry.get(key, "Security Packages")
        if value is not None and value.type == REG_MULTI_SZ and isinstance(value.data, tuple):
            if any(name.strip('"').lower() == _TSPKG for name in value.data):
                return True
    return False


def credssp_lowest_version(host: Host, own: int) -> int:
    """5 with AllowEncryptionOracle 0 on a host that has the update, which states version 6 (Microsoft's encryption
    oracle article: "Force Updated Clients" refuses clients without it)."""
    return 5 if own >= 6 and host.registry.dword(ORACLE, "AllowEncryptionOracle") == 0 else 2
