# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What an area says when a thing could not be read."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Status
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import AccessDenied, WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import (
    WSManFault,
    WSManProtocolError,
    WSManTimeout,
)

# What concerns one question only. That the connection broke or the logon failed concerns the whole host.
UNREAD = (WindowsError, WSManFault, WSManProtocolError, WSManTimeout)


def told(error: Exception) -> tuple[Status, str]:
    """The status and the reason for one of UNREAD."""
    if isinstance(error, WSManFault):
        status: Status = "denied" if error.is_access_denied else "absent" if error.is_not_found else "error"
    else:
        status = "denied" if isinstance(error, AccessDenied) else "error"
    return status, str(error)
