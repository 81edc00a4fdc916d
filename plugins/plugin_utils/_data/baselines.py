# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The baselines that hosts can be held to, each value with its source.

A baseline says the least that is wanted: what has an order (see _remedies/wanted.py) may be stronger. Left to the own
settings of a user is what nobody but the owner of a host can want: whether Remote Desktop is on and on which port,
drain mode, how many may connect, and which certificate is bound. Not held at all is rule 18.10.57.3.9.2 of CIS (secure
RPC): its value fEncryptRPCTraffic is a policy's alone, and those are not written here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import SERVICES

# One for each dictionary of the option settings of rdp_baseline. The names in them: options of rdp_listener, TLS
# versions (their server side), switches of Schannel, services, firewall profiles, or what _remedies/wanted.py has.
Section = Literal[
    "listener",
    "protocols",
    "ciphers",
    "hashes",
    "key_exchange",
    "tls",
    "certificate",
    "firewall",
    "services",
    "accounts",
    "programs",
    "client",
]


@dataclass(frozen=True)
class Wanted:
    """One setting of a baseline."""

    section: Section
    name: str
    value: Any
    source: str  # who says so, with the strength of the source

    @property
    def setting(self) -> str:
        return f"{self.section}.{self.name}"


# ---- what several baselines have in common

_TLS_1_2: Final = Wanted(
    "protocols",
    "TLS 1.2",
    "enabled",
    "Microsoft, Protocols in TLS/SSL: on by default from Windows 8 on; on older releases it has to be switched on for "
    "Remote Desktop (support article on KB3080079) (A)",
)
_NEGOTIATION: Final = Wanted(
    "listener", "negotiation", True, "Microsoft support, an internal error has occurred; MSRD-Collect (A)"
)
_GENERAL_ERROR: Final = "Microsoft support, general Remote Desktop connection troubleshooting (A)"
_LOGONS: Final = (
    Wanted("listener", "logons_allowed", True, _GENERAL_ERROR),
    Wanted("listener", "user_logons_allowed", True, _GENERAL_ERROR),
)
_TROUBLESHOOT: Final = "Microsoft support, troubleshoot Remote Desktop Services issues (A)"
_SERVICES: Final = (
    *(Wanted("services", name, service.start_mode, _TROUBLESHOOT) for name, service in SERVICES.items()),
    *(Wanted("accounts", name, "default", _TROUBLESHOOT) for name in SERVICES),
    Wanted(
        "programs",
        "TermService",
        "default",
        "recorded registries of Windows 7 and 8.1; another program broke Remote Desktop, and Microsoft's mended it "
        "(SeregaSPb/Windows-10-batch-optimizer#17, stascorp/rdpwrap#391) (C)",
    ),
)
_INTERNAL_ERROR: Final = "Microsoft support, an internal error has occurred when connecting to a remote machine (A)"
_CERTIFICATE: Final = (
    Wanted("certificate", "sound", True, "Microsoft Azure support, event ID troubleshooting of VM RDP connections (A)"),
    Wanted("certificate", "key_usable", True, _INTERNAL_ERROR),
    Wanted("certificate", "own_store", True, _INTERNAL_ERROR),
)
_SUITE: Final = Wanted("tls", "usable_suite", True, _INTERNAL_ERROR)
_RESTRICT: Final = (
    "Microsoft support, how to restrict the use of certain cryptographic algorithms (KB245030): a suite whose cipher, "
    "hash or key exchange is off is not used (A)"
)


def _left_to_windows(**names: tuple[str, ...]) -> tuple[Wanted, ...]:
    """Switches of Schannel that nobody has turned off or given a number that is not meant for them."""
    return tuple(
        Wanted(section, name, "default", _RESTRICT)  # type: ignore[arg-type]
        for section, each in names.items()
        for name in each
    )


# What the suites of TLS 1.2 and 1.3 that Microsoft prefers are made of.
_SWITCHES: Final = _left_to_windows(
    ciphers=("AES 128/128", "AES 256/256"), hashes=("SHA256", "SHA384", "SHA512"), key_exchange=("ECDH",)
)
# And those that Windows 7 and Vista have besides.
_OLD_SWITCHES: Final = _left_to_windows(hashes=("SHA",), key_exchange=("PKCS",))


def _firewall(source: str, *rules: str) -> tuple[Wanted, ...]:
    """Every profile filters. ``rules``: numbers for the source, one a profile."""
    profiles = ("domain", "private", "public")
    numbers = rules or ("",) * len(profiles)
    return tuple(
        Wanted("firewall", name, "on", source.format(number)) for name, number in zip(profiles, numbers, strict=True)
    )


_OPEN: Final = Wanted(
    "firewall",
    "open",
    True,
    "Microsoft support, Remote Desktop can't connect to the remote computer: the port has to be let in (A)",
)
_FIREWALL: Final = (
    _OPEN,
    *_firewall("Microsoft, unattended setup, EnableFirewall of each profile: on is the default (A)"),
)
_NOT_VULNERABLE: Final = Wanted(
    "client",
    "encryption_oracle",
    "default",
    "Microsoft Azure support, CredSSP encryption oracle remediation: 2 (vulnerable) is for the time until both sides "
    "have the update (A)",
)
_CIS: Final = "CIS Microsoft Windows Server 2022 Benchmark, rule {}, as ansible-lockdown/Windows-2022-CIS has it (C)"

BASELINES: Final[dict[str, tuple[Wanted, ...]]] = {
    "microsoft": (
        Wanted("listener", "security_layer", "tls", "Microsoft's support tool MSRD-Collect expects 2 (B)"),
        Wanted("listener", "nla", True, "Microsoft's support tool MSRD-Collect expects 1 (B)"),
        Wanted("listener", "min_encryption_level", "high", "Microsoft support, an internal error has occurred (A)"),
        _NEGOTIATION,
        *_LOGONS,
        _TLS_1_2,
        *_SWITCHES,
        _SUITE,
        *_CERTIFICATE,
        *_FIREWALL,
        *_SERVICES,
        _NOT_VULNERABLE,
    ),
    "cis": (
        Wanted("listener", "prompt_for_password", True, _CIS.format("18.10.57.3.9.1")),
        Wanted("listener", "security_layer", "tls", _CIS.format("18.10.57.3.9.3")),
        Wanted("listener", "nla", True, _CIS.format("18.10.57.3.9.4")),
        Wanted("listener", "min_encryption_level", "high", _CIS.format("18.10.57.3.9.5")),
        *_firewall(_CIS, "9.1.1", "9.2.1", "9.3.1"),
        Wanted("client", "encryption_oracle", "force_updated", _CIS.format("18.9.4.1")),
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
        *_LOGONS,
        Wanted(
            "protocols",
            "TLS 1.0",
            "enabled",
            "Microsoft, Protocols in TLS/SSL: on by default in every release (A); Windows Vista, and 7 without "
            "KB2592687, speak nothing newer ([MS-RDPBCGR], support article on KB3080079) (A)",
        ),
        _TLS_1_2,
        *_SWITCHES,
        *_OLD_SWITCHES,
        _SUITE,
        *_CERTIFICATE,
        *_FIREWALL,
        *_SERVICES,
        _NOT_VULNERABLE,
    ),
}
