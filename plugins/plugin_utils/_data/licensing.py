# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Numbers of Remote Desktop licensing.

Modes: the class page of Win32_TerminalServiceSetting gives Per User as 3 and Not Configured as 4; its method
ChangeMode, its PossibleLicensingTypes and the registry value LicensingMode have 4 and 5, and so have the tools that
read them. So 4 is Per User here, and 3, which nobody has seen, as well.
License servers: "GetTStoLSConnectivityStatus method" (win32).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import TERMINAL_SERVER

MODES: Final[Mapping[int, str]] = {
    0: "personal",
    1: "administration",
    2: "per_device",
    3: "per_user",
    4: "per_user",
    5: "not_configured",
}

# What a session host can be set to, by option of rdp_licensing.
CONFIGURED: Final[Mapping[str, int]] = {"per_device": 2, "per_user": 4}
# The host's own values, which count where no policy has any: Microsoft, "Set the Remote Desktop licensing mode".
LOCAL_MODE: Final = "LicensingMode"
LOCAL_MODE_KEY: Final = rf"{TERMINAL_SERVER}\RCM\Licensing Core"
LOCAL_SERVERS: Final = "SpecifiedLicenseServers"
LOCAL_SERVERS_KEY: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\TermService\Parameters\LicenseServers"

# Whether a session host reaches a license server that is one for it.
CONNECTIVITY: Final[Mapping[int, str]] = {
    0: "unknown",
    1: "valid",  # a server of 2008 R2 or newer
    2: "valid",  # a server of 2008
    3: "version_mismatch",  # one is a beta, the other is not
    4: "lower_version",
    5: "not_in_group",  # the license server hands out to the group "Terminal Server Computers" only
    6: "not_connectable",
    7: "validity_unknown",
    8: "access_denied",
    9: "valid_vdi",
    10: "unsupported",
    11: "valid",
}
