# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The baselines that hosts can be held to, each value with its source.

A baseline says the least that is wanted: what has an order (see _remedies/drift.py) may be stronger. None of them
switches Remote Desktop on: whether a host shall take connections at all is nobody's default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES

Section = Literal["listener", "protocols", "services"]


@dataclass(frozen=True)
class Wanted:
    """``name``: an option of rdp_listener, a TLS version (its server side), or a service (its start mode)."""

    section: Section
    name: str
    value: Any
    source: str  # who says so, with the strength of the source

    @property
    def setting(self) -> str:
        return f"{self.section}.{self.name}"


_TLS_1_2: Final = Wanted(
    "protocols",
    "TLS 1.2",
    "enabled",
    "Microsoft, Protocols in TLS/SSL: on by default from Windows 8 on; on older releases it has to be switched on for "
    "Remote Desktop (support article on KB3080079) (A)",
)
_SERVICES: Final = tuple(
    Wanted(
        "services",
        name,
        service.start_mode,
        "Microsoft support, troubleshoot Remote Desktop Services issues (A)",
    )
    for name, service in SERVICES.items()
)
_NEGOTIATION: Final = Wanted(
    "listener", "negotiation", True, "Microsoft support, an internal error has occurred; MSRD-Collect (A)"
)
_CIS: Final = "CIS Microsoft Windows Server 2022 Benchmark, rule {}, as ansible-lockdown/Windows-2022-CIS has it (C)"

BASELINES: Final[dict[str, tuple[Wanted, ...]]] = {
    "microsoft": (
        Wanted("listener", "security_layer", "tls", "Microsoft's support tool MSRD-Collect expects 2 (B)"),
        Wanted("listener", "nla", True, "Microsoft's support tool MSRD-Collect expects 1 (B)"),
        Wanted("listener", "min_encryption_level", "high", "Microsoft support, an internal error has occurred (A)"),
        _NEGOTIATION,
        _TLS_1_2,
        *_SERVICES,
    ),
    "cis": (
        Wanted("listener", "security_layer", "tls", _CIS.format("18.10.57.3.9.3")),
        Wanted("listener", "nla", True, _CIS.format("18.10.57.3.9.4")),
        Wanted("listener", "min_encryption_level", "high", _CIS.format("18.10.57.3.9.5")),
    ),
    "legacy_clients": (
        Wanted("listener", "security_layer", "negotiate", "Microsoft Azure, prepare a VHD for upload, writes 1 (A)"),
        Wanted(
            "listener", "nla", True, "Microsoft Azure, prepare a VHD for upload ; clients have it from XP SP3 on (A)"
        ),
        Wanted(
            "listener",
            "min_encryption_level",
            "client_compatible",
            "Microsoft Azure support: the level 3 is lowered to 2 for clients that do not reach it (A)",
        ),
        _NEGOTIATION,
        Wanted(
            "protocols",
            "TLS 1.0",
            "enabled",
            "Microsoft, Protocols in TLS/SSL: on by default in every release (A); Windows Vista, and 7 without "
            "KB2592687, speak nothing newer ([MS-RDPBCGR], support article on KB3080079) (A)",
        ),
        _TLS_1_2,
        *_SERVICES,
    ),
}
