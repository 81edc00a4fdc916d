# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What decides on a logon after the connection stands: user rights, the Lsa key, CredSSP, two built-in groups.

User rights: Microsoft, "RSOP_UserPrivilegeRight class". Values below Lsa: LmCompatibilityLevel in "Network security:
LAN Manager authentication level", disabledomaincreds in "Cannot connect to an Azure VM with RDP" (SupportArticles),
ForceGuest in "Network access: Sharing and security model for local accounts".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import ORACLE_KEYS, ORACLE_MEANINGS, ORACLE_VALUE
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import groups
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.rsop import NAMESPACE, Gpos
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Logon, Right, Status
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD, told
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryType
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

LSA = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa"
RIGHTS = (
    "SeDenyRemoteInteractiveLogonRight",
    "SeDenyNetworkLogonRight",
    "SeRemoteInteractiveLogonRight",
    "SeNetworkLogonRight",
)
_SOURCE = "RSOP_UserPrivilegeRight"
# There is no class for the rights themselves: LsaEnumerateAccountsWithUserRight is an API, secedit writes a file.
_POLICY_ALONE = (
    "These are the rights that Group Policy sets. Those that were set on the host itself (secpol.msc) can not be read "
    "without writing a file there; run secedit /export on the host to see them."
)
_DOMAIN_CONTROLLER = 2  # Win32_OperatingSystem.ProductType
_MOST_NAMES = 20


def read(host: Host, gpos: Gpos, *, broker: bool) -> Logon:
    """``broker``: the host is an RD Connection Broker, so that the group of its session hosts matters."""
    status, reason, rights = _rights(host, gpos)
    registry = host.registry
    members = _with_network_service(host, broker=broker)
    return Logon(
        status="ok",
        reason="",
        rights=rights,
        rights_status=status,
        rights_reason=reason,
        lm_compatibility_level=registry.dword(LSA, "LmCompatibilityLevel"),
        disable_domain_creds=bool(registry.dword(LSA, "disabledomaincreds")),
        force_guest=bool(registry.dword(LSA, "ForceGuest")),
        security_packages=_security_packages(registry),
        encryption_oracle=encryption_oracle(registry),
        endpoint_servers_ok=members.get(groups.RDS_ENDPOINT_SERVERS),
        network_service_is_admin=members.get(groups.ADMINISTRATORS),
    )


def _security_packages(registry: Registry) -> list[str]:
    """From Windows 8.1 on the value is two quotes, and Windows' own list is in the key OSConfig (C, several tools)."""
    value = registry.value(LSA, "Security Packages", RegistryType.REG_MULTI_SZ)
    names = value.data if value is not None and isinstance(value.data, tuple) else ()
    return [name for each in names if (name := each.strip('"'))]


def encryption_oracle(registry: Registry) -> str | None:
    """AllowEncryptionOracle by its name, at the first place that has it; a number without a meaning stays one."""
    for key in ORACLE_KEYS:
        number = registry.dword(key, ORACLE_VALUE)
        if number is not None:
            return ORACLE_MEANINGS.get(number, str(number))
    return None


def _with_network_service(host: Host, *, broker: bool) -> Mapping[str, bool]:
    # On a domain controller the built-in groups are the domain's, and asking for them may go through the domain.
    if host.operating_system.integer("ProductType") == _DOMAIN_CONTROLLER:
        return {}
    wanted = [groups.ADMINISTRATORS, groups.RDS_ENDPOINT_SERVERS] if broker else [groups.ADMINISTRATORS]
    try:
        return groups.with_network_service(host, wanted)
    except UNREAD:
        return {}


def _rights(host: Host, gpos: Gpos) -> tuple[Status, str, dict[str, Right]]:
    if gpos.status != "ok":
        return gpos.status, f"{gpos.reason.rstrip('.')}. {_POLICY_ALONE}", {}
    if not gpos.used:
        return "ok", _POLICY_ALONE, {}
    where = " OR ".join(f"UserRight = '{right}'" for right in RIGHTS)
    try:
        rows = host.session.query(
            NAMESPACE, f"SELECT UserRight, AccountList, GPOID, precedence FROM {_SOURCE} WHERE {where}"
        )
        winning = [row for row in rows if row.integer("precedence", 1) == 1]
        accounts = {
            row.text("UserRight") or "": [each.lstrip("*") for each in row.texts("AccountList")] for row in winning
        }
        sids = _sids(host, {name for names in accounts.values() for name in names})
    except UNREAD as error:
        return (*told(error), {})
    return "ok", _POLICY_ALONE, {row.text("UserRight") or "": _right(row, accounts, sids, gpos) for row in winning}


def _right(row: Instance, accounts: Mapping[str, Iterable[str]], sids: Mapping[str, str], gpos: Gpos) -> Right:
    return Right(
        accounts=[sids.get(name, name) for name in accounts[row.text("UserRight") or ""]],
        gpo=gpos.name(row.text("GPOID") or ""),
        source=_SOURCE,
    )


def _sids(host: Host, names: Collection[str]) -> dict[str, str]:
    """The SIDs of the well-known and built-in accounts among the names, which the host writes in its language.

    Accounts of the host or of a domain keep their names: S-1-5-21 tells nobody anything.
    """
    bare = {name: name.rpartition("\\")[2] for name in sorted(names) if not name.upper().startswith("S-1-")}
    if not bare or len(bare) > _MOST_NAMES:
        return {}
    where = " OR ".join("Name = '" + name.replace("\\", "\\\\").replace("'", "\\'") + "'" for name in bare.values())
    rows = host.session.query(
        "root/cimv2", f"SELECT Name, SID FROM Win32_Account WHERE LocalAccount = TRUE AND ({where})"
    )
    known = {
        (row.text("Name") or "").lower(): sid
        for row in rows
        if (sid := row.text("SID") or "") and not sid.startswith("S-1-5-21-")
    }
    return {name: known[short.lower()] for name, short in bare.items() if short.lower() in known}
