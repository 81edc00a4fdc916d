# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The settings of the RDP listener: where each one lives, what its numbers mean, what Windows does without it.

Names, meanings and places: Microsoft, "Win32_TSGeneralSetting", "Remote Desktop can't connect to the remote computer"
and "General Remote Desktop connection troubleshooting". A value below the policy key wins over the local one.
Defaults that Microsoft does not document are marked MEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release

TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
WINSTATIONS = TERMINAL_SERVER + r"\WinStations"
RDP_TCP = WINSTATIONS + r"\RDP-Tcp"
# The store that Windows makes the self-signed certificate in, below WINSTATIONS.
SELF_SIGNED_STORE_VALUE = "SelfSignedCertStore"
# The thumbprint of the certificate that an administrator has bound to the listener, below RDP_TCP.
BINDING = "SSLCertificateSHA1Hash"
# Ours, and below it what _windows/restarts.py notes when something was changed that counts only after a restart.
OWN_KEY = r"HKLM\SOFTWARE\winops.rdp"
RESTART_MARKS = rf"{OWN_KEY}\RestartPending"
# Among the services to restart, this stands for the whole host.
WINDOWS = "Windows"
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft"
POLICY = POLICIES + r"\Windows NT\Terminal Services"

_YES = {0: False, 1: True}
_NO = {0: True, 1: False}


def is_same(left: Any, right: Any) -> bool:
    """Whether two values of a setting are the same; True and 1 are not."""
    return bool(left == right) and isinstance(left, bool) is isinstance(right, bool)


@dataclass(frozen=True)
class Setting:
    """One DWORD. ``option`` is the name of the option of rdp_listener and of the fact."""

    option: str
    value: str
    key: str
    default: Any  # in the shape of the option; None: not known, or there is no limit
    meanings: Mapping[int, Any] | None = None  # None: the number itself is the value
    policy: bool = False  # Group Policy has a value of the same name

    def decode(self, number: int | None) -> Any:
        """The number as the option spells it; a number without a meaning stays a number."""
        if number is None or self.meanings is None:
            return number
        return self.meanings.get(number, number)

    def encode(self, value: Any) -> int:
        """The option's value as the number that Windows stores; ValueError for anything else."""
        if self.meanings is None:
            return int(value)
        for number, meaning in self.meanings.items():
            if is_same(meaning, value):
                return number
        raise ValueError(f"{self.option} can not be {value!r}")

    def default_on(self, release: Release | None) -> Any:
        """What a Windows release does when neither policy nor registry say anything."""
        if release is not None and self.option == "security_layer":
            return release.default_security_layer
        if release is not None and self.option == "nla":
            return release.default_nla
        return self.default


SETTINGS: tuple[Setting, ...] = (
    Setting("enabled", "fDenyTSConnections", TERMINAL_SERVER, default=False, meanings=_NO, policy=True),  # MEM
    Setting(
        "drain_mode",
        "TSServerDrainMode",
        TERMINAL_SERVER,
        default="off",
        meanings={0: "off", 1: "until_restart", 2: "on"},
    ),
    Setting("user_logons_allowed", "TSUserEnabled", TERMINAL_SERVER, default=True, meanings=_NO),
    # A limit on connections that have not logged on yet: 50 on Server 2008 (Microsoft, KB954398). What later releases
    # use without it is not known.
    Setting("max_outstanding_connections", "MaxOutstandingConnections", TERMINAL_SERVER, default=None),
    Setting("station_enabled", "fEnableWinStation", RDP_TCP, default=True, meanings=_YES),
    Setting("logons_allowed", "fLogonDisabled", RDP_TCP, default=True, meanings=_NO),
    Setting("port", "PortNumber", RDP_TCP, default=3389),
    Setting(
        "security_layer",
        "SecurityLayer",
        RDP_TCP,
        default=None,
        meanings={0: "rdp", 1: "negotiate", 2: "tls"},
        policy=True,
    ),
    Setting("nla", "UserAuthentication", RDP_TCP, default=None, meanings=_YES, policy=True),
    Setting(
        "min_encryption_level",
        "MinEncryptionLevel",
        RDP_TCP,
        default="client_compatible",  # MEM; a recorded Win32_TSGeneralSetting of Server 2016 shows 2
        meanings={1: "low", 2: "client_compatible", 3: "high", 4: "fips"},
        policy=True,
    ),
    Setting("negotiation", "fAllowSecProtocolNegotiation", RDP_TCP, default=True, meanings=_YES),
    Setting("max_instances", "MaxInstanceCount", RDP_TCP, default=0xFFFFFFFF, policy=True),
    # Win32_TSLogonSetting.PromptForPassword; recorded registries of Windows 7 to 10 have 0.
    Setting("prompt_for_password", "fPromptForPassword", RDP_TCP, default=False, meanings=_YES, policy=True),
)

# The least and the highest number of the options that are numbers.
RANGES: Mapping[str, tuple[int, int]] = {
    "port": (1, 65535),
    "max_outstanding_connections": (1, 0xFFFFFFFF),
    "max_instances": (0, 0xFFFFFFFF),
}

BY_OPTION: Mapping[str, Setting] = {setting.option: setting for setting in SETTINGS}
