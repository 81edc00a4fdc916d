# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area os."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="os.setup",
        title="Windows is still being set up",
        stage="tcp",
        what="Until the setup or the first-run experience has ended, Windows does not start Remote Desktop as it "
        "should. It is met on new virtual machines and after a generalisation that was cut short.",
        needs=("system",),
        proof=("SystemSetupInProgress or OOBEInProgress in HKLM\\SYSTEM\\Setup is not 0.",),
        against=("A new connection reached the logon: the value was left behind.",),
        confidence="Likely: the value is read, and what it keeps from working differs between releases.",
        explains=("0x204/0x0", "0x904/0x7"),
        done="Nothing but a finding.",
        refused="The values are not changed: that ends no setup.",
        by_hand=("Finish the setup at the console, or give the machine its answer file, and restart it.",),
        references=(sources.CANNOT_CONNECT,),
        breaks=True,
        ruled_out="Windows' setup has ended.",
    ),
    Cause(
        id="os.obsolete",
        title="The Windows release is out of support",
        stage="",
        what="Microsoft no longer updates this release, LTSC editions and paid extensions aside. Clients of today are "
        "no longer tested against it, and offer less and less of what it understands.",
        needs=("system",),
        proof=("The end of support of the release is before today.",),
        against=(),
        confidence="Proved by the build number and Microsoft's dates.",
        explains=(),
        done="Nothing but a finding.",
        refused="",
        by_hand=("Plan the upgrade; until then let only those networks in that need the host.",),
        references=(
            Reference(
                "Microsoft, Windows lifecycle", "A", "https://learn.microsoft.com/lifecycle/products/?products=windows"
            ),
        ),
    ),
)
