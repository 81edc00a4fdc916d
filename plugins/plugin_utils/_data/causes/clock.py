# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes that a wrong clock makes."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="os.clock",
        title="The clock of the host is wrong",
        stage="credssp",
        what="Kerberos takes clocks that differ by 5 minutes at most, so domain users are refused or fall back to "
        "NTLM, which not everybody may use. A clock that is days off makes certificates expired, or not valid yet.",
        needs=("system",),
        proof=(
            "LocalDateTime of the host differs from the controller's time by more than 5 minutes in a domain, by more "
            "than a day elsewhere.",
            "The time in the host's NTLM challenge agrees.",
        ),
        against=("The time in the NTLM challenge does not agree.",),
        confidence="Likely: it is the controller's clock that it is held against. Possible when the two readings "
        "differ.",
        explains=("0x1807/0x0",),
        done="Reports it; a certificate that only such a clock makes expired is not renewed.",
        refused="The clock is not set: the domain decides the time.",
        by_hand=(
            "Compare host, domain controller and controller.",
            "w32tm /query /status shows where the host gets its time from; w32tm /resync fetches it.",
            "For a virtual machine look at the time that the hypervisor gives it.",
        ),
        references=(
            Reference(
                "Microsoft, [MS-GPSB] 2.2.2 Kerberos Policy: MaxClockSkew, 5 minutes",
                "A",
                "https://learn.microsoft.com/openspecs/windows_protocols/ms-gpsb/0fce5b92-bcc1-4b96-9c2b-56397c3f144f",
            ),
        ),
    ),
)
