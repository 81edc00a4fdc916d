# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area rights: the user rights without which a logon through Remote Desktop is refused.

A probe without credentials does not see them: it gets as far as the logon whoever is let in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import fact, finding, listed, ok, value
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Evidence, Finding, Impact
from ansible_collections.winops.rdp.plugins.plugin_utils._data.accounts import Group, group_of
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import LOGON_TYPE_DENIED, NO_PRIVILEGE
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Right

DENIED = "rights.denied"
NETWORK_SERVICE_ADMIN = "rights.network_service_admin"

_DENY_REMOTE = "SeDenyRemoteInteractiveLogonRight"
_DENY_NETWORK = "SeDenyNetworkLogonRight"
_ALLOW_REMOTE = "SeRemoteInteractiveLogonRight"
_ALLOW_NETWORK = "SeNetworkLogonRight"
# With NLA a user logs on over the network before the session is made (MicrosoftDocs/windowsserverdocs#6811, #2466).
_OF_NLA = (_DENY_NETWORK, _ALLOW_NETWORK)
_IMPACTS: tuple[Impact, ...] = ("informs", "degrades", "breaks")


class Refusal(NamedTuple):
    """One right, and the accounts that it keeps out."""

    right: str
    account: str  # as a sentence names it
    impact: Impact
    includes_us: bool  # the account of this task, which is an administrator, would be kept out as well
    evidence: Evidence


def denied(facts: Facts, wire: Report | None) -> Finding | None:
    """A policy keeps accounts from logging on through Remote Desktop."""
    refusals = _refusals(facts)
    if not refusals:
        return None
    worst = max((one.impact for one in refusals), key=_IMPACTS.index)
    decides = [one for one in refusals if one.impact == worst]
    found = finding(
        DENIED,
        _title(worst),
        confidence="proved",
        impact=worst,
        evidence=[one.evidence for one in (*decides, *(one for one in refusals if one not in decides))],
        explains=_codes(refusals),
        decision=_decision(facts, decides),
    )
    if worst != "informs" and all(one.right in _OF_NLA and one.includes_us for one in decides):
        # WinRM logs on over the network as well.
        found["confidence"], found["impact"] = "possible", "degrades"
        found["contradicts"] = [fact("This task has just logged on to the host over the network itself.", "WinRM")]
    return found


def _title(worst: Impact) -> str:
    if worst == "breaks":
        return "A policy keeps everybody from logging on through Remote Desktop"
    if worst == "degrades":
        return "A policy keeps a group that usually connects from logging on through Remote Desktop"
    return "A policy keeps some accounts from logging on through Remote Desktop"


def _refusals(facts: Facts) -> list[Refusal]:
    logon = ok(facts.get("logon"))
    if logon is None or logon.get("rights_status") != "ok":
        return []
    rights = logon.get("rights", {})
    with_nla = value(facts, "nla") is not False
    found: list[Refusal] = []
    for name in (_DENY_REMOTE, _DENY_NETWORK):
        if name in rights and (with_nla or name not in _OF_NLA):
            found += _denials(facts, name, rights[name])
    for name in (_ALLOW_REMOTE, _ALLOW_NETWORK):
        # What is not in the record is left to the host itself; a right that is given to nobody is in it, empty.
        if name in rights and not rights[name]["accounts"] and (with_nla or name not in _OF_NLA):
            evidence = fact(f"{name} is given to nobody. {_author(rights[name])}", rights[name]["source"])
            found.append(Refusal(name, "everybody", "breaks", True, evidence))
    return found


def _denials(facts: Facts, name: str, right: Right) -> list[Refusal]:
    refusals = []
    for account in right["accounts"]:
        group = group_of(account)
        if group is None or not group.is_expected:
            label = account if group is None else f"{group.name} ({account})"
            evidence = fact(f"{name} names {label}. {_author(right)}", right["source"])
            us = group is not None and group.scope in ("everybody", "administrators")
            refusals.append(Refusal(name, label, _impact(facts, group), us, evidence))
    return refusals


def _impact(facts: Facts, group: Group | None) -> Impact:
    """Who is kept out decides. A host outside a domain has local accounts only; hardening keeps them out elsewhere."""
    if group is None or group.scope == "other":
        return "informs"
    if group.scope == "everybody":
        return "breaks"
    if group.scope in ("administrators", "remote_desktop_users"):
        return "degrades"
    system = ok(facts.get("system"))
    in_domain = None if system is None else system.get("part_of_domain")
    if in_domain is None or in_domain:
        return "informs"
    return "breaks" if group.scope == "local_accounts" else "degrades"


def _author(right: Right) -> str:
    return f'The Group Policy object "{right["gpo"]}" sets it.' if right["gpo"] else "A policy of the host sets it."


def _codes(refusals: Sequence[Refusal]) -> list[str]:
    by_nla = any(one.right in _OF_NLA for one in refusals)
    in_session = any(one.right not in _OF_NLA for one in refusals)
    return [*([LOGON_TYPE_DENIED] if by_nla else []), *([NO_PRIVILEGE] if in_session else [])]


def _decision(facts: Facts, refusals: Sequence[Refusal]) -> str:
    logon = ok(facts.get("logon"))
    rights = {} if logon is None else logon.get("rights", {})
    steps = []
    for name in dict.fromkeys(one.right for one in refusals):
        accounts = listed([one.account for one in refusals if one.right == name])
        where = f' in "{rights[name]["gpo"]}"' if rights[name]["gpo"] else ""
        if name in (_ALLOW_REMOTE, _ALLOW_NETWORK):
            steps.append(f"give {name}{where} to those who may connect")
        else:
            steps.append(f"take {accounts} out of {name}{where}")
    return f"Where these people should be able to connect: {'; '.join(steps)}."


def network_service_admin(facts: Facts, wire: Report | None) -> Finding | None:
    """NETWORK SERVICE is an administrator, as a troubleshooting step of Microsoft's leaves it."""
    logon = ok(facts.get("logon"))
    if logon is None or logon.get("network_service_is_admin") is not True:
        return None
    return finding(
        NETWORK_SERVICE_ADMIN,
        "The account NETWORK SERVICE is a member of the group Administrators",
        confidence="proved",
        impact="degrades",
        evidence=[
            fact("NETWORK SERVICE (S-1-5-20) is in the group Administrators (S-1-5-32-544).", "Win32_GroupUser"),
            fact("Every service under that account, TermService among them, runs with all rights.", "Win32_GroupUser"),
        ],
        decision="Take NETWORK SERVICE out of Administrators; it reads the Remote Desktop key by the key's own access "
        "list. Restart the host afterwards, for services keep the groups that they started with.",
    )
