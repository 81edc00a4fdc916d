# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Plans changes of the lists of cipher suites: the one below SOFTWARE\\Policies goes, the local one is set. Pure.

Up to Windows 8.1 and Server 2012 R2 the name of a suite with ECDHE ends in a curve, from Windows 10 on it does not
(Microsoft, the pages of _data/cipher_suites.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import is_strong
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import known
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.tls import LOCAL_SUITES, POLICY_SUITES
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.refusal import Refused

FUNCTIONS: Final = "Functions"
ABSENT: Final = "absent"
_CURVES: Final = ("_P256", "_P384", "_P521")
_FIRST_WITHOUT_CURVES: Final = 10240

Value = Mapping[str, Any] | None


def plan_policy(now: Value, author: str) -> list[Change]:
    """Deletes the list of the policy. ``author``: who sets it, or that nobody can be told; empty when no Group Policy
    object does, and only then it goes."""
    if now is None:
        return []
    if author:
        raise Refused(
            f"the list of cipher suites in {POLICY_SUITES} is left alone. {author} Set the policy SSL Cipher Suite "
            "Order to Not configured"
        )
    return [Change(kind="registry_value", target=POLICY_SUITES, name=FUNCTIONS, before=now, after=None)]


def plan_local(
    now: Value, wanted: Sequence[str], release: Release | None, *, by_policy: bool, allow_weaker: bool
) -> list[Change]:
    """Sets the host's own list. ``by_policy``: a policy has one, and keeps it."""
    if by_policy:
        raise Refused(
            f"a policy has a list of cipher suites ({POLICY_SUITES}), which counts in place of the host's own: change "
            "that one"
        )
    _check_names(wanted, release)
    weak = [] if allow_weaker else [name for name in known(wanted) if not is_strong(name)]
    before = [] if now is None or not isinstance(now["data"], list) else [each.lower() for each in now["data"]]
    added = [name for name in weak if not any(each.startswith(name.lower()) for each in before)]
    if added:
        raise Refused(f"{', '.join(added)} have broken ciphers; set allow_weaker to true if they are really wanted")
    after = {"type": "REG_MULTI_SZ", "data": list(wanted)}
    if now == after:
        return []
    return [Change(kind="registry_value", target=LOCAL_SUITES, name=FUNCTIONS, before=now, after=after)]


def _check_names(wanted: Sequence[str], release: Release | None) -> None:
    unknown = [name for name in wanted if not known([name])]
    if unknown:
        raise Refused(
            f"{', '.join(unknown)}: no cipher suites that Windows has; use names as TLS_RSA_WITH_AES_128_CBC_SHA"
        )
    if len({name.lower() for name in wanted}) < len(wanted):
        raise Refused("a cipher suite is named twice")
    if release is None:
        return
    for name in wanted:
        has_curve = name.endswith(_CURVES)
        if has_curve and release.build >= _FIRST_WITHOUT_CURVES:
            raise Refused(f"{name}: from Windows 10 on the name of a cipher suite has no curve")
        if not has_curve and "_ECDHE_" in name and release.build < _FIRST_WITHOUT_CURVES:
            raise Refused(
                f"{name}: before Windows 10 the name of a cipher suite with ECDHE ends in a curve, as {name}_P256"
            )
