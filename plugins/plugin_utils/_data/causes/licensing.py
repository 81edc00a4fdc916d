# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The causes of the area licensing."""

from __future__ import annotations

from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import sources
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference

_NO_LICENSE: Final = Reference(
    "Microsoft, Cannot connect to RDS because no RD Licensing servers are available",
    "A",
    "https://learn.microsoft.com/troubleshoot/windows-server/remote/cannot-connect-rds-no-license-server",
)
_MODE: Final = Reference(
    "Microsoft, Remote Desktop licensing mode is not configured",
    "A",
    "https://learn.microsoft.com/troubleshoot/windows-server/remote/"
    "remote-desktop-licensing-mode-not-configured-warning",
)
_STATUS: Final = Reference(
    "Microsoft, GetTStoLSConnectivityStatus of Win32_TerminalServiceSetting",
    "A",
    "https://learn.microsoft.com/windows/win32/termserv/gettstolsconnectivitystatus-win32-terminalservicesetting",
)
_REFUSED: Final = (
    "The grace period is not reset (deleting the key GracePeriod is a way around the license), no mode is chosen that "
    "was not bought, and no Per User mode is set outside a domain, where it is not allowed."
)
_BY_HAND: Final = (
    "Say which licenses were bought: Per Device, or Per User (in a domain only).",
    "Set the mode and the license server by Group Policy, with rdp_licensing, or for a deployment with Server Manager.",
    "The license server must be of the host's Windows version or newer, and so must the licenses.",
    "Open TCP 135, 445 and 49152 to 65535 from the host to the license server.",
    "Where two administrators at a time are enough, remove the role Remote Desktop Session Host.",
    "Meanwhile mstsc /admin lets administrators in.",
)

CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        id="licensing.expired",
        title="The session host's grace period is over and it has no license server",
        stage="session",
        what="A Remote Desktop Session Host works 120 days without licenses. After that it refuses users, who are told "
        "that no license servers are available; administrators get in with mstsc /admin. It fails from one day to the "
        "next, long after the role was installed, often by mistake.",
        needs=("licensing",),
        proof=(
            "TerminalServerMode is 1, and GetGracePeriodDays says 0.",
            "No licensing mode, no license server, or none that can be reached.",
            "The events 1068, 1069 and 1128 to 1130 of RemoteConnectionManager.",
        ),
        against=("More than two people are connected.", "A license server is valid: then the period does not matter."),
        confidence="Proved without a mode or a server. Likely when every server that is named can not be used. "
        "Possible when that could not be told.",
        explains=("0x3/0x101",),
        done="Reports it, with the servers and what is wrong with each.",
        refused=_REFUSED,
        by_hand=_BY_HAND,
        references=(_NO_LICENSE, _STATUS, _MODE, sources.TERMINAL_SERVICE_SETTING),
        breaks=True,
        ruled_out="The host is no session host, or its licensing or grace period is in order.",
    ),
    Cause(
        id="licensing.unconfigured",
        title="The session host lives on its grace period",
        stage="",
        what="The role Remote Desktop Session Host is installed, and no license server can be used. Users connect "
        "until the 120 days are over.",
        needs=("licensing",),
        proof=(
            "TerminalServerMode is 1, and there is no licensing mode, no license server, or none that can be used.",
            "GetGracePeriodDays says how many days are left.",
        ),
        against=("A license server is valid.",),
        confidence="As licensing.expired.",
        explains=("0x3/0x101",),
        done="Reports it, with the days that are left.",
        refused=_REFUSED,
        by_hand=_BY_HAND,
        references=(_MODE, _NO_LICENSE, _STATUS),
    ),
)
