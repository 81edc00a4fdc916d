# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area rights."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

_ISSUES: Final = "https://github.com/MicrosoftDocs/windowsserverdocs/issues"

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="rights.denied",
        title="A policy keeps people from logging on through Remote Desktop",
        stage="logon",
        what="Hardening gives or takes user rights. Who is in SeDenyRemoteInteractiveLogonRight, or not in "
        "SeRemoteInteractiveLogonRight, is refused after the connection is made. With NLA the logon over the network "
        "comes first, so SeDenyNetworkLogonRight and SeNetworkLogonRight decide as well. Local account (S-1-5-113) "
        "in such a list is what guides ask for in a domain, and locks everybody out of a host without one.",
        needs=("logon", "listener", "system"),
        proof=(
            "The Resultant Set of Policy names the right, the accounts and the Group Policy object.",
            "Who is named: Everyone, Users, Authenticated Users, Administrators, Remote Desktop Users, local accounts.",
        ),
        against=("For the rights over the network: this task has logged on over the network itself.",),
        confidence="Proved by the record of the policy. Possible when only network rights are in the way and this "
        "task's own account would be refused by them too.",
        explains=("0x1307/0x0", "0x3/0x9"),
        done="Names the right, the accounts and the Group Policy object.",
        refused="User rights are not changed: they belong to the policy that sets them.",
        by_hand=(
            "Take the account or group out of the right that denies, in the Group Policy object that is named.",
            "Where a right that allows is empty, give it to Administrators and Remote Desktop Users.",
            "gpupdate /force on the host; the next logon counts.",
        ),
        references=(
            Reference(
                "Microsoft, Account Rights Constants",
                "A",
                "https://learn.microsoft.com/windows/win32/secauthz/account-rights-constants",
            ),
            Reference("windowsserverdocs#6811: denied over the network is denied with NLA", "C", f"{_ISSUES}/6811"),
            Reference("windowsserverdocs#2466: it shows as error 4871", "C", f"{_ISSUES}/2466"),
            Reference("scipag/HardeningKitty#37: Local account on a host outside a domain", "C"),
            Reference("ansible-lockdown/Windows-2022-CIS#22 and Windows-2019-CIS#87: locked out after hardening", "C"),
        ),
        breaks=True,
        ruled_out="No policy that the host records denies a group that usually connects.",
    ),
    Cause(
        id="rights.network_service_admin",
        title="The account NETWORK SERVICE is an administrator",
        stage="",
        what="One of Microsoft's own pages has you add NETWORK SERVICE to Administrators while you look for a fault, "
        "and it is left there. Every service under that account, and whoever breaks into one, then has all rights.",
        needs=("logon",),
        proof=("S-1-5-20 is a member of S-1-5-32-544.",),
        against=(),
        confidence="Proved by the members of the group.",
        explains=(),
        done="Reports it.",
        refused="NETWORK SERVICE is never added to Administrators: what Remote Desktop needs is read access to one key "
        "file, which rdp_certificate gives it.",
        by_hand=(
            "net localgroup Administrators, by its local name: take NETWORK SERVICE out.",
            "Restart the host, and diagnose again: if Remote Desktop then fails, the key's access list is at fault.",
        ),
        references=(sources.CANNOT_CONNECT, sources.INTERNAL_ERROR),
    ),
)
