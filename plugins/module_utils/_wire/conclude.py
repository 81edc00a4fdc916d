# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What several walks to one host mean together. Pure."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ansible_collections.winops.rdp.plugins.module_utils._wire import reasons
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import client as tls
from ansible_collections.winops.rdp.plugins.module_utils._wire.tls import suites
from ansible_collections.winops.rdp.plugins.module_utils._wire.walk import EVERYTHING, MODERN, Walk

_MODERN_VERSIONS = frozenset(tls.VERSIONS[code] for code in tls.MODERN_VERSIONS)
_MODERN_SUITES = frozenset(suites.SUITES[code].name for code in suites.MODERN)


def telling(walks: Sequence[Walk]) -> Walk:
    """The walk that the report shows: one that a current client can repeat to the end, else the one that says most.

    A walk that completed TLS only with what current clients no longer offer ends in the stage tls.
    """
    for walk in walks:
        if walk.ready and as_a_current_client(walk):
            return walk
    # What is refused although everything was offered tells more than what a current client is refused.
    larger = [walk for walk in walks if walk.offer == EVERYTHING and walk.tls["result"] != "not_tried"]
    chosen = (larger or walks)[0]
    if not as_a_current_client(chosen):
        chosen.end("tls", "old", reasons.old_only(chosen.tls["version"], chosen.tls["cipher"]))
    return chosen


def as_a_current_client(walk: Walk) -> bool:
    """Whether a current client would have gone the same way: the server chose nothing older than it offers."""
    if walk.offer == MODERN or walk.tls["result"] != "completed":
        return True
    return walk.tls["version"] in _MODERN_VERSIONS and walk.tls["cipher"] in _MODERN_SUITES


def pattern(walks: Sequence[Walk]) -> Optional[str]:
    """steady when the comparable walks ended alike, intermittent when not, None when there is nothing to compare.

    A walk with the larger offer is comparable when it ended like, or where, a current client's would have.
    """
    ends: List[Tuple[str, str]] = [
        (walk.stage, "cut" if walk.cut else walk.result)
        for walk in walks
        if walk.offer == MODERN or walk.cut or (walk.ready and as_a_current_client(walk))
    ]
    if len(ends) < 2:
        return None
    return "steady" if len(set(ends)) == 1 else "intermittent"
