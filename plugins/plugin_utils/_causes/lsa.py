# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area logon: settings of the Local Security Authority (LSA) that a logon with NLA fails at.

A probe without credentials ends before them, so nothing here is ever proved to break a host.
"""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    ok,
    setting,
    setting_fact,
    wire_fact,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.gpo import author
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import LOGON_TYPE_DENIED, NO_AUTHORITY
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Logon

DOMAIN_CREDENTIALS = "logon.domain_credentials"
CREDSSP_PACKAGE = "logon.credssp_package"
FORCE_GUEST = "logon.force_guest"

_LSA: Final = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa"
# Before Windows 8.1 the value lists Windows' own packages by name; from then on it is empty, and they are built in
# (MEM: tools that read it skip the text ""). So a list without tspkg tells only where it names others of Windows.
_LISTED_WITH_IT: Final = frozenset({"kerberos", "msv1_0", "schannel", "wdigest"})
_CREDSSP: Final = "tspkg"


def _with_nla(facts: Facts) -> tuple[Logon, Evidence] | None:
    """The facts on logons, and the sentence on NLA, where it is on; a host without it asks for nobody's credentials
    before the session is made."""
    logon, nla = ok(facts.get("logon")), setting(facts, "nla")
    if logon is None or nla is None or nla["value"] is not True:
        return None
    return logon, setting_fact("nla", nla)


def _told(text: str, where: str, facts: Facts) -> Evidence:
    return fact(f"{text} {author(facts, where)}".rstrip(), where)


def domain_credentials(facts: Facts, wire: Report | None) -> Finding | None:
    """``disabledomaincreds`` is 1, and users of a domain log on with NLA."""
    known, system = _with_nla(facts), ok(facts.get("system"))
    if known is None or system is None or system.get("part_of_domain") is not True:
        return None
    logon, nla = known
    if not logon.get("disable_domain_creds"):
        return None
    return finding(
        DOMAIN_CREDENTIALS,
        "The host is set to keep no domain credentials, which can refuse domain users under NLA",
        confidence="possible",
        impact="informs",
        evidence=[_told("disabledomaincreds is 1.", f"{_LSA}\\disabledomaincreds", facts), nla],
        contradicts=[
            fact(
                "Microsoft's page on the setting speaks of saved credentials only, and hardening guides ask for 1.",
                "Microsoft, Network access: Do not allow storage of passwords and credentials",
            )
        ],
        explains=[NO_AUTHORITY],
        decision="Where domain users are refused and local ones are not, try 0 (Microsoft support does) and restart.",
    )


def credssp_package(facts: Facts, wire: Report | None) -> Finding | None:
    """CredSSP's package is missing from those that the LSA loads, and NLA needs it."""
    known = _with_nla(facts)
    if known is None:
        return None
    logon, nla = known
    packages = {name.strip('"').lower() for name in logon.get("security_packages", [])}
    if _CREDSSP in packages or not packages & _LISTED_WITH_IT:
        return None
    where = f"{_LSA}\\Security Packages"
    listed_ones = ", ".join(logon.get("security_packages", []))
    found = finding(
        CREDSSP_PACKAGE,
        "The package of CredSSP (tspkg) is not loaded, and NLA needs it",
        confidence="likely",
        impact="breaks",
        evidence=[fact(f"Security Packages has no tspkg: {listed_ones}.", where), nla],
        explains=[NO_AUTHORITY],
        decision="Add tspkg to the list again, leave the others as they are, and restart the host.",
    )
    if wire is not None and wire["credssp"]["result"] == "challenge":
        found["confidence"], found["impact"] = "possible", "informs"
        found["contradicts"] = [wire_fact("The host answers CredSSP, so it has the package loaded.")]
    return found


def force_guest(facts: Facts, wire: Report | None) -> Finding | None:
    """Local users who log on over the network become Guest; only hosts outside a domain are set so."""
    known, system = _with_nla(facts), ok(facts.get("system"))
    if known is None or system is None or system.get("part_of_domain") is not False:
        return None
    logon, nla = known
    if not logon.get("force_guest"):
        return None
    return finding(
        FORCE_GUEST,
        "The host turns everybody who logs on over the network into Guest, which NLA does first",
        confidence="possible",
        impact="degrades",
        evidence=[_told("ForceGuest is 1.", f"{_LSA}\\ForceGuest", facts), nla],
        contradicts=[
            fact("This task has logged on to the host over the network itself, as an administrator.", "WinRM")
        ],
        explains=[LOGON_TYPE_DENIED],
        decision="Set ForceGuest to 0 (Sharing and security model for local accounts: Classic) and try a logon.",
    )
