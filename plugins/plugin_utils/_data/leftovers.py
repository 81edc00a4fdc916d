# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What the repair buttons of vendors and some installers leave behind: weak settings, by the pattern that they make.

Patterns together name all weak settings of a host that was left so; a host with one more or one less was left by
something else. They say what fits, not who did it: a person can do the same by hand. So NLA that is off stays a
person's decision for a diagnosis also where a pattern fits: its clients may not be able to use it, and a probe of ours,
which is, would not see that. Who holds a host to a baseline has decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal


@dataclass(frozen=True)
class Leftover:
    """``listener``: weak settings, by option of rdp_listener, that are set on the host itself."""

    tool: str  # a noun phrase: "the Azure Run Command ResetRDPCert"
    source: str
    strength: Literal["A", "B", "C"]
    listener: Mapping[str, Any] = field(default_factory=dict)
    firewall_off: bool = False  # the Windows firewall is off in every profile
    encryption_oracle: str | None = None  # AllowEncryptionOracle of logon facts; None: not left vulnerable
    # Settings of a baseline that it sets besides, and that say nothing about who did it.
    besides: tuple[str, ...] = ()


_RUN_COMMAND: Final = "Azure/azure-support-scripts, RunCommand {}.ps1"
_AWS: Final = "AWS Systems Manager user guide, AWSSupport-TroubleshootRDP"

# ResetRDPCert also deletes SSLCertificateSHA1Hash; SetRDPPort, besides the port, leaves what is right; the tunnel's
# installer also sets Lsa\Pku2u\AllowOnlineID to 1, which is not read.
LEFTOVERS: Final[tuple[Leftover, ...]] = (
    Leftover(
        "the Azure Run Command ResetRDPCert",
        _RUN_COMMAND.format("ResetRDPCert"),
        "A",
        {"security_layer": "rdp", "min_encryption_level": "low"},
        besides=("certificate.binding",),
    ),
    Leftover("the Azure Run Command DisableNLA", _RUN_COMMAND.format("DisableNLA"), "A", {"nla": False}),
    Leftover("AWSSupport-TroubleshootRDP with FixAll", _AWS, "B", {"nla": False}, firewall_off=True),
    # AWS, "Troubleshoot connecting to your Windows instance", recommends that on its own as well.
    Leftover("AWSSupport-TroubleshootRDP with Firewall: Disable", _AWS, "B", firewall_off=True),
    Leftover(
        "an installer of a Remote Desktop tunnel",
        "ToFinToFun/cloudflare-browser-rdp-tunnel",
        "C",
        {"nla": False},
        encryption_oracle="vulnerable",
    ),
    Leftover(
        'the way around the error "CredSSP encryption oracle remediation" that is meant for the time until an update',
        "Microsoft Azure support, CredSSP encryption oracle remediation",
        "A",
        encryption_oracle="vulnerable",
    ),
)
