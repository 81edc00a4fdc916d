# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The Group Policy objects that the host has applied, as its Resultant Set of Policy (RSoP) keeps them.

Microsoft, "RSOP_GPO class" and "RSOP_PolicySetting class": the GPOID of a setting is the id of its GPO (C: that is how
scripts join them). The local GPO is among them, in a domain and out of it, as gpresult shows. MEM: the version of a GPO
in which nothing was ever set is 0, so that nothing needs to be asked of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Status
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD, told
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host

NAMESPACE = "root/rsop/computer"
_EMPTY = (
    "the host keeps no Resultant Set of Policy: it names no Group Policy object, as where the policy "
    "'Turn off Resultant Set of Policy logging' is on"
)


@dataclass(frozen=True)
class Gpos:
    """``names``: display names by GPOID, in lower case. ``used``: a GPO is there that sets something."""

    status: Status
    reason: str
    names: Mapping[str, str]
    used: bool

    def name(self, gpo_id: str) -> str:
        """The display name, or the id of a GPO that is not in the list."""
        return self.names.get(gpo_id.lower()) or gpo_id


def read(host: Host) -> Gpos:
    """Never raises for what could not be read: the status says so."""
    try:
        rows = host.session.query(NAMESPACE, "SELECT id, name, version FROM RSOP_GPO")
    except UNREAD as error:
        status, reason = told(error)
        if status == "absent":
            reason = f"the host keeps no Resultant Set of Policy: {reason}"
        return Gpos(status, reason, {}, used=False)
    if not rows:
        return Gpos("absent", _EMPTY, {}, used=False)
    names = {(row.text("id") or "").lower(): row.text("name") or "" for row in rows}
    # A version that is not told counts as one that sets something.
    return Gpos("ok", "", names, used=any(row.integer("version", 1) != 0 for row in rows))
