# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the repair buttons of vendors and some installers leave behind: weak settings, by the pattern that they make.

A pattern names all weak settings of a host that was left so; a host with one more or one less was left by something
else. It says what fits, not who did it: a person can do the same by hand. So NLA that is off stays a person's decision
also where a pattern fits: its clients may not be able to use it, and a probe of ours, which is, would not see that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Leftover:
    """``listener``: weak settings, by option of rdp_listener, that are set on the host itself."""

    tool: str  # a noun phrase: "the Azure Run Command ResetRDPCert"
    listener: Mapping[str, Any]
    source: str
    strength: Literal["A", "B", "C"]
    firewall_off: bool = False  # the Windows firewall is off in every profile
    encryption_oracle: str | None = None  # AllowEncryptionOracle of logon facts; None: not left vulnerable
    # Values that it sets besides, and that nothing here decides by.
    besides: str = ""


LEFTOVERS: Final[tuple[Leftover, ...]] = (
    Leftover(
        "the Azure Run Command ResetRDPCert",
        {"security_layer": "rdp", "min_encryption_level": "low"},
        "Azure/azure-support-scripts, RunCommand ResetRDPCert.ps1",
        "A",
        besides="it deletes SSLCertificateSHA1Hash",
    ),
    Leftover(
        "the Azure Run Command DisableNLA",
        {"nla": False},
        "Azure/azure-support-scripts, RunCommand DisableNLA.ps1",
        "A",
    ),
    Leftover(
        "the Azure Run Commands ResetRDPCert and DisableNLA",
        {"security_layer": "rdp", "min_encryption_level": "low", "nla": False},
        "Azure/azure-support-scripts, RunCommand ResetRDPCert.ps1 and DisableNLA.ps1",
        "A",
    ),
    Leftover(
        "AWSSupport-TroubleshootRDP with FixAll",
        {"nla": False},
        "AWS Systems Manager user guide, AWSSupport-TroubleshootRDP",
        "B",
        firewall_off=True,
    ),
    Leftover(
        "an installer of a Remote Desktop tunnel",
        {"nla": False},
        "ToFinToFun/cloudflare-browser-rdp-tunnel",
        "C",
        encryption_oracle="vulnerable",
        besides="it sets Lsa\\Pku2u\\AllowOnlineID to 1",
    ),
)
