# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area logon."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="logon.domain_credentials",
        title="The host keeps no domain credentials, which can refuse domain users under NLA",
        stage="credssp",
        what="Lsa\\disabledomaincreds is 1 (Do not allow storage of passwords and credentials for network "
        "authentication). Microsoft's Azure support counts it among the reasons why NLA refuses users of a domain; "
        "Microsoft's page on the setting speaks only of credentials that are saved, and hardening guides ask for 1.",
        needs=("logon", "listener", "system"),
        proof=("disabledomaincreds is 1 on a member of a domain, and NLA is on.",),
        against=("Domain users do log on.", "Microsoft's own page on the setting."),
        confidence="Possible only: the two sources do not agree, and a probe without credentials does not see it.",
        explains=("0x1807/0x0",),
        done="Reports it.",
        refused="It is not changed: it protects passwords, and may not be at fault.",
        by_hand=(
            "Compare a logon with a local account and one with an account of the domain.",
            "Where only the domain's fails, look at the domain controller and the secure channel first.",
            "Then try 0 and a restart of the host, and put 1 back if it changes nothing.",
        ),
        references=(
            sources.CANNOT_CONNECT_AZURE,
            Reference(
                "Microsoft, Network access: Do not allow storage of passwords and credentials",
                "A",
                "https://learn.microsoft.com/windows/security/threat-protection/security-policy-settings/"
                "network-access-do-not-allow-storage-of-passwords-and-credentials-for-network-authentication",
            ),
        ),
    ),
    Cause(
        id="logon.credssp_package",
        title="The package of CredSSP is not loaded",
        stage="credssp",
        what="NLA is CredSSP, whose package is tspkg. Before Windows 8.1 Lsa\\Security Packages names Windows' own "
        "packages, and whoever writes the list anew without tspkg takes NLA away. Later releases have them built in.",
        needs=("logon", "listener", "wire"),
        proof=("Security Packages names other packages of Windows and not tspkg, and NLA is on.",),
        against=("The host answers CredSSP with an NTLM challenge.",),
        confidence="Likely by the list; possible, and a note only, where CredSSP answers. MEM: which releases list it.",
        explains=("0x1807/0x0",),
        done="Reports it.",
        refused="The list is not written: a wrong one keeps Windows from starting.",
        by_hand=("Add tspkg on a line of its own, leave the others as they are.", "Restart the host."),
        references=(
            Reference("Microsoft, KB951608: CredSSP in Windows XP SP3 (the same list on the client's side)", "C"),
            Reference("What the list has on other releases", "MEM"),
        ),
        breaks=True,
        ruled_out="The list of packages has tspkg, or leaves Windows' own out as newer releases do.",
    ),
    Cause(
        id="logon.force_guest",
        title="Whoever logs on over the network becomes Guest",
        stage="credssp",
        what="Lsa\\ForceGuest is 1 (Sharing and security model for local accounts: Guest only). A local user who logs "
        "on over the network, as NLA does first, is then Guest, who may not.",
        needs=("logon", "listener", "system"),
        proof=("ForceGuest is 1 on a host outside a domain, and NLA is on.",),
        against=("This task has logged on over the network as an administrator.",),
        confidence="Possible only.",
        explains=("0x1307/0x0",),
        done="Reports it.",
        refused="",
        by_hand=("Set the policy to Classic, which is ForceGuest 0, and try a logon.",),
        references=(sources.ALIBABA,),
    ),
)
