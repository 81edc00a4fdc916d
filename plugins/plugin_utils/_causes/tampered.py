# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Causes of the area service: services that were made to load or to run as something else than Windows does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import start
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import (
    fact,
    finding,
    is_ready,
    listed,
    ok,
    remedy,
    running,
    service,
    weigh_against_ready,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import (
    Confidence,
    Evidence,
    Finding,
    Impact,
    Remedy,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.errors import CONNECT_FAILED, SOCKET_CLOSED
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES, is_own_dll, known_account
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

TAMPERED = "service.tampered"

_MAIN: Final = "TermService"
# Services outside Remote Desktop depend on these.
_SHARED: Final = ("KeyIso", "CryptSvc")
_DLL: Final = "HKLM\\SYSTEM\\CurrentControlSet\\Services\\TermService\\Parameters\\ServiceDll"


def _dll_fact(facts: Facts) -> Evidence | None:
    services = ok(facts.get("services"))
    main = service(facts, _MAIN)
    if services is None or "service_dll" not in services or main is None or not main["present"]:
        return None
    dll = services["service_dll"]
    if dll is None:
        return fact("TermService has no value ServiceDll, so there is no program for it to run.", _DLL)
    if is_own_dll(dll):
        return None
    return fact(f"ServiceDll is {dll}; Windows' own is %SystemRoot%\\System32\\termsrv.dll.", _DLL)


def _account_facts(facts: Facts) -> tuple[dict[str, Evidence], bool]:
    """Services that run as somebody else than Windows lets them, and whether all of the accounts are known ones.

    An account that was typed in may be written in the language of the host, and be the right one.
    """
    evidence: dict[str, Evidence] = {}
    all_known = True
    for name, own in SERVICES.items():
        found = service(facts, name)
        if found is None or not found["present"] or not found["account"]:
            continue
        known = known_account(found["account"])
        if known == known_account(own.account):
            continue
        all_known = all_known and known is not None
        evidence[name] = fact(
            f"The service {name} runs as {found['account']}; Windows' own is {own.account}.", "Win32_Service"
        )
    return evidence, all_known


def _put_right(facts: Facts, *, dll: bool, accounts: Iterable[str]) -> list[Remedy]:
    """One restart a service for all that is wrong with it. KeyIso and CryptSvc serve others, so they wait for the next
    restart of Windows."""
    names = [name for name in SERVICES if name in accounts or (dll and name == _MAIN)]
    remedies = []
    for name in names:
        options: dict[str, Any] = {"name": name}
        if name in accounts:
            options["account"] = "default"
        if dll and name == _MAIN:
            options["program"] = "default"
        if running(facts, name) is False:
            found = start(facts, name)["options"]
            options = {**found, **options}
        elif name not in _SHARED:
            options["state"] = "restarted"
        remedies.append(remedy("rdp_service", options, risk="medium"))
    return remedies


def tampered(facts: Facts, wire: Report | None) -> Finding | None:
    """TermService loads another program than Microsoft's, or a service runs as another account."""
    dll = _dll_fact(facts)
    accounts, known_accounts = _account_facts(facts)
    if dll is None and not accounts:
        return None
    confidence: Confidence = "proved" if dll is not None or known_accounts else "possible"
    impact: Impact = "degrades"
    evidence = [*([dll] if dll is not None else []), *accounts.values()]
    main = service(facts, _MAIN)
    stopped = main is not None and main["present"] and running(facts, _MAIN) is False
    if dll is not None and (stopped or (wire is not None and not is_ready(wire))):
        # That the foreign program is what fails is likely; the value itself is certain.
        confidence, impact = "likely", "breaks"
        if main is not None and main["exit_code"]:
            evidence.append(fact(f"TermService ended with the code {main['exit_code']}.", "Win32_Service"))
    # A program that works was put there on purpose, and takes away what its owner wants of it when it goes.
    mended = dll if impact == "breaks" else None
    steps = []
    if dll is not None and mended is None:
        steps.append("set ServiceDll to %SystemRoot%\\System32\\termsrv.dll (REG_EXPAND_SZ) and restart TermService")
    if accounts and not known_accounts:
        steps.append("give the services their own accounts back (sc.exe config)")
    return weigh_against_ready(
        finding(
            TAMPERED,
            "TermService does not load Microsoft's program" if dll is not None else "A service runs as another account",
            confidence=confidence,
            impact=impact,
            evidence=evidence,
            explains=[CONNECT_FAILED, SOCKET_CLOSED] if impact == "breaks" else [],
            remedies=_put_right(facts, dll=mended is not None, accounts=accounts if known_accounts else ()),
            decision=f"Find out who changed it; to undo it, {listed(steps)}." if steps else "",
        ),
        wire,
    )
