# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with two and three causes: the scenarios of single causes, merged, where they do not contradict each other."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from tests.integration.causes import END_OF_SUPPORT, NEAR, Case
from tests.lab.scenario import Scenario

PAIRS, TRIPLES = 28, 14
_OWN = ("description", "hostname", "windows", "expect", "ubr")
_ALL = tuple(END_OF_SUPPORT)
_SERVERS = ("2012r2", "2016", "2019", "2022", "2025")
_CLIENTS = ("8.1", "10-22h2", "11-24h2")
# The last revision that each of these got, for scenarios that say nothing of it: they are about hosts with updates.
_LAST_REVISION = {"7sp1": 24545, "2008r2": 24545, "8.1": 20778, "2012r2": 21620}

# Windows versions that a cause can be put on; the others go with any.
FITS: dict[str, Sequence[str]] = {
    "client.credssp_oracle": ("2016",),  # its revision
    "update.regression": ("2019",),  # its revision
    "logon.credssp_package": ("7sp1", "2008r2"),  # later versions do not list the packages
    "client.udp": ("8.1", "2012r2", "2016"),  # hosts up to Server 2016
    # NLA is off by default before.
    "logon.force_guest": _ALL[2:],
    "logon.domain_credentials": _ALL[2:],
    "os.obsolete": ("7sp1", "2008r2", "8.1", "2012r2", "10-22h2"),
    "network.endpoint_security": _CLIENTS,  # Security Center
    "capacity.throttled": ("8.1", *_SERVERS, *_CLIENTS[1:]),  # RdpCoreTS names the sources
    "farm.broker": _SERVERS,
    "licensing.expired": _SERVERS,
    "licensing.unconfigured": _SERVERS,
    "listener.drain": _SERVERS,  # its scenario is a session host
    "tls.fips": _SERVERS,  # its scenario is a domain controller
    "tls.no_common_version": ("8.1", "10-22h2", "2012r2", "2016", "2019"),  # without TLS 1.3
    # What switches TLS 1.0 off needs another version.
    "client.tls": _ALL[2:],
    "listener.not_as_configured": _ALL[2:],
    "service.restart_pending": _SERVERS,
}

# The stage at which a cause ends every connection.
ENDS = {
    "network.unreachable": "dns",
    "service.stopped": "tcp",
    "os.setup": "tcp",
    "listener.disabled": "tcp",
    "listener.missing": "tcp",
    "listener.dead": "tcp",
    "network.blocked": "tcp",
    "policy.override": "tcp",  # its scenario switches Remote Desktop off
    "listener.port_conflict": "x224",
    "listener.third_party": "x224",
    "capacity.throttled": "x224",
    "network.endpoint_security": "tls",
    "certificate.not_created": "tls",
    "certificate.binding_stale": "tls",
    "certificate.store": "tls",
    "machine_keys.missing": "tls",
    "machine_keys.acl": "tls",
    "tls.no_common_version": "tls",
    "tls.no_common_cipher": "tls",
}
# The stage at which a cause shows that nothing on the host tells of, or that it needs: what ends connections there or
# before hides it.
SEEN_AT = {
    "capacity.throttled": "x224",  # nobody floods a host that takes no connections
    "network.unstable": "x224",
    "network.endpoint_security": "tls",
    "network.intercepted": "tls",
    "listener.not_as_configured": "tls",
}
_WAY = ("dns", "tcp", "x224", "tls")
_IN_THE_WAY = ("network.blocked",)  # keeps connections from any program
# They may end a connection at any stage, and so may come first, too.
_MAY_END = ("service.restart_pending", "service.tampered", "network.unstable")

_SELF_SIGNED = (
    "certificate.not_created", "certificate.expired", "certificate.store", "machine_keys.missing", "machine_keys.acl",
)  # fmt: skip
# What one cause makes of no account, and why.
MOOT: dict[str, Sequence[str]] = {
    # A service that does not run does not listen, nor wait for a restart, nor crash.
    "service.stopped": ("listener.dead", "service.restart_pending", "service.crashing"),
    # What is switched off does not listen, and needs neither firewall rule nor certificate.
    "listener.disabled": ("listener.dead", "network.blocked", *_SELF_SIGNED),
    "policy.override": ("listener.dead", "network.blocked", *_SELF_SIGNED),
    "listener.missing": ("listener.dead",),
    # These are why TermService has no listener, or does not answer.
    "listener.port_conflict": ("listener.dead",),
    "listener.third_party": ("listener.dead",),
    "os.setup": ("listener.dead",),
    # A listener with a bound certificate does not use the self-signed one.
    "certificate.binding_stale": _SELF_SIGNED,
    # A restart that is due explains answers that are not as configured.
    "service.restart_pending": ("listener.not_as_configured",),
    # What nobody can negotiate is the host's fault, and not the client's.
    "tls.no_common_version": ("tls.no_common_cipher", "client.tls"),
    "tls.no_common_cipher": ("client.tls",),
    # Without TLS on the listener, no client needs it, and nobody sees how it is answered.
    "listener.contradiction": ("client.tls", "network.intercepted", "listener.not_as_configured"),
}


class Contradiction(ValueError):
    """Two scenarios want different things of one host."""


def merge(one: Any, other: Any) -> Any:
    """Both: keys of mappings together, lists one after the other; raises Contradiction for two values of one thing."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {key: merge(one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **both}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(each for each in other if each not in one)]
    if one != other:
        raise Contradiction(f"{one!r} or {other!r}")
    return one


def hidden(causes: Iterable[str]) -> frozenset[str]:
    """Those of some causes that the others hide."""
    given = set(causes)
    found = {moot for cause in given for moot in MOOT.get(cause, ()) if moot in given}
    for cause in given & SEEN_AT.keys():
        ends = [ENDS[other] for other in given - {cause} if other in ENDS]
        if any(_WAY.index(stage) <= _WAY.index(SEEN_AT[cause]) for stage in ends):
            found.add(cause)
    return frozenset(found)


def first_to_end(causes: Iterable[str]) -> frozenset[str]:
    """Those of some causes that end connections first on their way: a fix of another can not be proved before.

    A program that has the port in place of TermService takes the connections of a host that does not listen.
    """
    given = set(causes)
    if "listener.port_conflict" in given:
        given = {cause for cause in given if ENDS.get(cause) != "tcp" or cause in _IN_THE_WAY}
    stages = {cause: _WAY.index(ENDS[cause]) for cause in given if cause in ENDS}
    first = {cause for cause, stage in stages.items() if stage == min(stages.values())}
    return frozenset(first | given.intersection(_MAY_END) if first else ())


def _fitting(names: Sequence[str]) -> list[str]:
    return [windows for windows in _ALL if all(windows in FITS.get(name, _ALL) for name in names)]


def _combined(host: str, windows: str, parts: Sequence[Scenario]) -> dict[str, Any]:
    """One scenario of several; what names a part's host names the new one."""
    data: dict[str, Any] = {}
    expect: dict[str, Any] = {"options": {}, "causes": []}
    for part in parts:
        text = re.sub(re.escape(part.hostname), host, yaml.safe_dump(part.data, sort_keys=False), flags=re.IGNORECASE)
        own = yaml.safe_load(text)
        data = merge(data, {key: value for key, value in own.items() if key not in _OWN})
        expect = {
            "options": merge(expect["options"], own["expect"].get("options", {})),
            "causes": [*expect["causes"], *(one["id"] for one in own["expect"]["causes"])],
            **{key: each["first"] for each in (expect, own["expect"]) for key in ("first",) if "first" in each},
        }
        if windows == str(own["windows"]) and "ubr" in own:
            data["ubr"] = own["ubr"]
    if "domain" in data and "workgroup" in data:
        raise Contradiction("a domain or a workgroup")
    if windows in _LAST_REVISION:
        data.setdefault("ubr", _LAST_REVISION[windows])
    return {"hostname": host, "windows": windows, **data, "expect": expect}


def combinations(singles: dict[str, Scenario]) -> Iterator[tuple[dict[str, Any], Case]]:
    """Scenarios with two and three causes, those first that were used least, with the Windows versions in turn."""
    names = [name for name in singles if not name.endswith(NEAR)]
    used, versions = Counter(dict.fromkeys(names, 0)), Counter(dict.fromkeys(_ALL, 0))
    taken: set[frozenset[str]] = set()
    by_size = {size: sorted(itertools.combinations(names, size), key=_mix) for size in (2, 3)}
    for number in range(PAIRS + TRIPLES):
        candidates = by_size[2 if number < PAIRS else 3]
        for each in sorted(candidates, key=lambda each: sum(map(used.__getitem__, each))):
            made = _try(f"MIX-{number:02}", each, singles, versions) if frozenset(each) not in taken else None
            if made is None:
                continue
            scenario, case = made
            taken.add(frozenset(each))
            used.update(case.required & set(each))
            versions[case.windows] += 1
            yield scenario, case
            break


def _mix(names: Sequence[str]) -> int:
    """An order that puts causes of different areas together, the same in every run."""
    mixed: int = sum(sum(name.encode()) * 31**place for place, name in enumerate(names)) % 9973
    return mixed


def _try(
    host: str, names: Sequence[str], singles: dict[str, Scenario], versions: Counter[str]
) -> tuple[dict[str, Any], Case] | None:
    """The scenario of these causes together and what is to be found; None where they do not go together."""
    fitting = sorted(_fitting(names), key=lambda windows: versions[windows])
    if not fitting:
        return None
    try:
        scenario = _combined(host, fitting[0], [singles[name] for name in names])
    except Contradiction:
        return None
    causes = frozenset(scenario["expect"]["causes"])
    unseen = hidden(names)
    first = frozenset(singles[name].expect["cause"] for name in first_to_end(set(names) - unseen))
    return scenario, Case(host, fitting[0], causes - unseen, unseen, first)
