# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""How each section of a baseline is held against facts: what a host has, and what brings it back. Pure.

What the diagnosis knows how to mend (certificates, keys, accounts, cipher suites) is mended with the finding's own
remedies, and blocked by what blocks them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ansible_collections.winops.rdp.plugins.plugin_utils._causes import (
    certificate,
    certificate_store,
    cipher,
    machine_keys,
    tampered,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.desired import farm_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.evidence import ok, remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.network import firewall_block
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Confidence, Finding, Remedy
from ansible_collections.winops.rdp.plugins.plugin_utils._data.baselines import Section, Wanted
from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import ORACLE_KEYS, ORACLE_VALUE
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES, is_own_dll, known_account
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BINDING, RDP_TCP
from ansible_collections.winops.rdp.plugins.plugin_utils._data.tls_profiles import KINDS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.firewall import profile_switch
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import SCHANNEL
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies import service, switches
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.wanted import SELF_SIGNED
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.firewall import LOCAL_RULES

_FINDINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "certificate.sound": (
            certificate.NOT_CREATED,
            certificate.BINDING_STALE,
            machine_keys.MISSING,
            certificate.EXPIRED,
        ),
        "certificate.key_usable": (machine_keys.ACL,),
        "certificate.own_store": (certificate_store.STORE,),
        "tls.usable_suite": (cipher.NO_COMMON_CIPHER,),
    }
)
_PROGRAM: Final = rf"{service.PARAMETERS}\{service.SERVICE_DLL}"
_FIREWALL_ON: Final = (
    "Switching a profile on closes every port that no rule lets in, those of other services among them, so a person "
    "decides: look at the rules for WinRM and for what else the host serves, then run netsh advfirewall set "
    "{name}profile state on; or take firewall.{name} out with null where something else filters."
)


class Held(NamedTuple):
    """What a host has of one setting."""

    value: Any
    source: str  # policy, local, default
    where: str
    in_line: bool | None = None  # None: the values tell


class Mending(NamedTuple):
    """What may be done about a difference; like the parts of a finding of the same names."""

    remedies: Sequence[Remedy] = ()
    blocked_by: str = ""
    decision: str = ""
    confidence: Confidence = "proved"


# ---- what a host has


def read(facts: Facts, findings: Sequence[Finding], wanted: Wanted) -> Held | str:
    """What the host has, or why that is not known."""
    area: Any = facts.get(_area(wanted))
    if ok(area) is None:
        return str(area["reason"]) if area else "it was not read"
    if wanted.setting in _FINDINGS:
        return _by_finding(facts, findings, wanted)
    return _READERS[wanted.section](area, wanted)


def _area(wanted: Wanted) -> str:
    return "machine_keys" if wanted.name == "key_usable" else _AREAS[wanted.section]


def _by_finding(facts: Facts, findings: Sequence[Finding], wanted: Wanted) -> Held | str:
    found = _finding(findings, wanted)
    if found is not None:
        return Held(False, "local", found["evidence"][0]["where"])
    if wanted.name == "key_usable":
        for key in facts["machine_keys"].get("keys", []):
            if key["security"] is not None and key["security"]["status"] != "ok":
                return f"{key['path']}: {key['security']['reason']}"
    return Held(True, "local", "")


def _finding(findings: Sequence[Finding], wanted: Wanted) -> Finding | None:
    """What the diagnosis has found of it. What is worth knowing, or contradicted, is no difference."""
    return next(
        (
            one
            for one in findings
            if one["id"] in _FINDINGS[wanted.setting] and one["impact"] != "informs" and one["confidence"] != "possible"
        ),
        None,
    )


def _read_listener(area: Any, wanted: Wanted) -> Held | str:
    effective = area["settings"][wanted.name]
    return Held(effective["value"], effective["source"], effective["where"])


def _read_protocol(area: Any, wanted: Wanted) -> Held | str:
    state = area["protocols"][wanted.name]["server"]
    never = wanted.value == "disabled" and state["state"] == "unsupported"
    return Held(state["state"], state["source"], state["where"], in_line=True if never else None)


def _read_switch(area: Any, wanted: Wanted) -> Held | str:
    wish = switches.Wish(wanted.section, wanted.name, wanted.value)
    now = switches.find(area, wish)
    if now is None:
        return Held("default", "default", rf"{SCHANNEL}\{KINDS[wanted.section]}\{wanted.name}")
    return Held(switches.state(area, wish), "local", now["where"])


def _read_certificate(area: Any, wanted: Wanted) -> Held | str:
    found = area["bound_thumbprint"] or SELF_SIGNED
    return Held(found, "local", rf"{RDP_TCP}\{BINDING}", in_line=found.upper() == wanted.value.upper())


def _read_firewall(area: Any, wanted: Wanted) -> Held | str:
    if wanted.name == "open":
        return Held(area["allowed"], "local", LOCAL_RULES)
    profile = area["profiles"][wanted.name]
    where = profile_switch(wanted.name, profile["source"])
    return Held("on" if profile["enabled"] else "off", profile["source"], where)


def _read_service(area: Any, wanted: Wanted) -> Held | str:
    found = area["services"].get(wanted.name)
    if found is None or not found["present"]:
        return "this Windows has no such service"
    if wanted.section == "services":
        return Held(found["start_mode"], "local", "Win32_Service")
    account = found["account"]
    known = not account or known_account(account) == known_account(SERVICES[wanted.name].account)
    return Held(account, "local", "Win32_Service", in_line=known)


def _read_program(area: Any, wanted: Wanted) -> Held | str:
    if "service_dll" not in area:
        return "it was not read"
    if not area["services"][wanted.name]["present"]:
        return "this Windows has no such service"
    dll = area["service_dll"]
    return Held(dll, "local", _PROGRAM, in_line=dll is not None and is_own_dll(dll))


def _read_client(area: Any, _wanted: Wanted) -> Held | str:
    found = area.get("encryption_oracle")
    return Held(found or "default", "local" if found else "default", rf"{ORACLE_KEYS[0]}\{ORACLE_VALUE}")


_AREAS: Final[Mapping[Section, str]] = MappingProxyType(
    {
        "listener": "listener",
        **dict.fromkeys(("protocols", "ciphers", "hashes", "key_exchange", "tls"), "tls"),
        "certificate": "certificate",
        "firewall": "firewall",
        **dict.fromkeys(("services", "accounts", "programs"), "services"),
        "client": "logon",
    }
)
_READERS: Final[Mapping[Section, Callable[[Any, Wanted], Held | str]]] = MappingProxyType(
    {
        "listener": _read_listener,
        "protocols": _read_protocol,
        "ciphers": _read_switch,
        "hashes": _read_switch,
        "key_exchange": _read_switch,
        "certificate": _read_certificate,
        "firewall": _read_firewall,
        "services": _read_service,
        "accounts": _read_service,
        "programs": _read_program,
        "client": _read_client,
    }
)


# ---- what brings it back


def mend(facts: Facts, findings: Sequence[Finding], wanted: Wanted, held: Held) -> Mending:
    if wanted.setting in _FINDINGS:
        found = _finding(findings, wanted)
        return Mending() if found is None else _as_found(found, found["remedies"])
    if wanted.section in ("accounts", "programs"):
        return _mend_service(findings, wanted)
    return _MENDINGS[wanted.section](facts, wanted, held)


def _as_found(found: Finding, remedies: Sequence[Remedy]) -> Mending:
    return Mending(remedies, found["blocked_by"], found["decision"], found["confidence"])


def _mend_listener(facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    remedies = [remedy("rdp_listener", {wanted.name: wanted.value}, risk="medium")]
    if wanted.name == "port":
        # The firewall's module reads the port when its turn comes, which is after the listener's.
        remedies.append(remedy("rdp_firewall", {"state": "enabled"}))
    return Mending(remedies)


def _mend_protocol(facts: Facts, wanted: Wanted, held: Held) -> Mending:
    options = {"protocols": [{"name": wanted.name, "side": "server", "state": wanted.value}]}
    unsupported = "This version of Windows does not support it." if held.value == "unsupported" else ""
    return Mending(
        [remedy("rdp_tls", options, risk="medium", restart=["TermService"])],
        unsupported or farm_block(facts),
    )


def _mend_switch(facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    options: dict[str, Any] = {wanted.section: [{"name": wanted.name, "state": wanted.value}]}
    return Mending([remedy("rdp_tls", options, risk="medium", restart=["TermService"])], farm_block(facts))


def _mend_certificate(facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    options = {"binding": wanted.value}
    return Mending(
        [remedy("rdp_certificate", options, risk="medium", restart=["SessionEnv", "TermService"])], farm_block(facts)
    )


def _mend_firewall(facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    if wanted.name != "open":
        return Mending(decision=_FIREWALL_ON.format(name=wanted.name))
    return Mending([remedy("rdp_firewall", {"state": "enabled"})], firewall_block(facts, facts["firewall"]))


def _mend_start_mode(_facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    return Mending([remedy("rdp_service", {"name": wanted.name, "start_mode": wanted.value})])


def _mend_client(_facts: Facts, wanted: Wanted, _held: Held) -> Mending:
    return Mending([remedy("rdp_client", {wanted.name: wanted.value}, risk="medium")])


def _mend_service(findings: Sequence[Finding], wanted: Wanted) -> Mending:
    """A foreign program that works is its owner's, and an account in the host's language may be the right one."""
    option = "account" if wanted.section == "accounts" else "program"
    for found in findings:
        if found["id"] == tampered.TAMPERED:
            about = [
                one for one in found["remedies"] if one["options"]["name"] == wanted.name and option in one["options"]
            ]
            return _as_found(found, about)
    return Mending()


_MENDINGS: Final[Mapping[Section, Callable[[Facts, Wanted, Held], Mending]]] = MappingProxyType(
    {
        "listener": _mend_listener,
        "protocols": _mend_protocol,
        "ciphers": _mend_switch,
        "hashes": _mend_switch,
        "key_exchange": _mend_switch,
        "certificate": _mend_certificate,
        "firewall": _mend_firewall,
        "services": _mend_start_mode,
        "client": _mend_client,
    }
)
