# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that keep users safe, held against the lab's own record of every write, after every test.

Weaker means weaker than the host was at first: a rollback may set what was there before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.lab.model.audit import Write

WINDOWS = "NT AUTHORITY\\SYSTEM"  # what Windows does by itself, such as a new certificate
_KEYS = re.compile(r"\\microsoft\\crypto\\(rsa\\machinekeys|keys)(\\|$)")
_SELF_SIGNED = "\\f686aace6942fb7f7ceb231212eef4a4_"
# Settings of a client that have no other place, for which rdp_client asks the Resultant Set of Policy first.
_CLIENT = "\\policies\\microsoft\\windows nt\\terminal services\\client"
_CLIENT_ONLY = (f"{_CLIENT}\\fclientdisableudp", f"{_CLIENT}\\redirectionwarningdialogversion")
# Names of values, to their numbers from weak to strong. What is not set, or is none of them, counts as the middle one.
_STRENGTH = {
    "securitylayer": (0, 1, 2),
    "userauthentication": (0, 1),
    "minencryptionlevel": (1, 2, 3, 4),
    "fallowsecprotocolnegotiation": (0, 1),
    "enablefirewall": (0, 1),
    "allowencryptionoracle": (2, 1, 0),
    "lmcompatibilitylevel": (0, 1, 2, 3, 4, 5),
}
# The level that Windows brings (recorded registry exports); two of the four are above it.
_UNSET = {"minencryptionlevel": 2}


def broken(writes: Iterable[Write], keys: Iterable[str] = ()) -> list[str]:
    """One sentence for each write that breaks a rule. ``keys``: key files of certificates bound to the listener."""
    listed = list(writes)
    first: dict[str, Any] = {}
    for write in listed:
        first.setdefault(write.target.lower(), write.before)
    own = tuple(key.lower() for key in keys)
    told = []
    for write in listed:
        if write.by != WINDOWS:
            told += [f"{rule.__doc__} {write.kind} {write.target}" for rule in _RULES if rule(write, first, own)]
    return told


_Rule = Callable[[Write, dict[str, Any], tuple[str, ...]], bool]


def _weakens(write: Write, first: dict[str, Any], _keys: tuple[str, ...]) -> bool:
    """The host is less secure than it was at first:"""
    path, _separator, name = write.target.lower().rpartition("\\")
    ranks = _STRENGTH.get(name)
    number = _number(write.after)
    if re.search(r"schannel\\protocols\\ssl [23]\.0\\server$", path) and name == "enabled":
        return number not in (None, 0) and _number(first[write.target.lower()]) in (None, 0)
    if ranks is None or number not in ranks:
        return False
    before = _number(first[write.target.lower()])
    least = before if before in ranks else _UNSET.get(name, ranks[len(ranks) // 2])
    return ranks.index(number) < ranks.index(least)


def _touches_another_key(write: Write, _first: dict[str, Any], keys: tuple[str, ...]) -> bool:
    """A key that is none of Remote Desktop's was touched, or a key was moved or deleted:"""
    path = write.target.lower()
    if not _KEYS.search(path):
        return False
    ours = path.endswith("\\machinekeys") or _SELF_SIGNED in path or path in keys
    return not (ours and write.kind == "file.security")


def _deletes_a_personal_certificate(write: Write, _first: dict[str, Any], _keys: tuple[str, ...]) -> bool:
    """The store MY was changed:"""
    return "\\systemcertificates\\my\\" in f"{write.target.lower()}\\"


def _writes_where_policy_does(write: Write, first: dict[str, Any], _keys: tuple[str, ...]) -> bool:
    """A value below SOFTWARE\\Policies was written:"""
    path = write.target.lower()
    is_policy = "\\software\\policies\\" in path and not path.endswith(_CLIENT_ONLY)
    is_back = write.after == first[path]
    return (
        is_policy and write.kind.startswith("registry.value.") and write.kind != "registry.value.delete" and not is_back
    )


def _touches_the_grace_period(write: Write, _first: dict[str, Any], _keys: tuple[str, ...]) -> bool:
    """The licensing grace period was touched:"""
    return "\\rcm\\graceperiod" in write.target.lower()


_RULES: tuple[_Rule, ...] = (
    _weakens,
    _touches_another_key,
    _deletes_a_personal_certificate,
    _writes_where_policy_does,
    _touches_the_grace_period,
)


def _number(value: Any) -> int | None:
    data = value.get("data") if isinstance(value, dict) else None
    return data if isinstance(data, int) else None
