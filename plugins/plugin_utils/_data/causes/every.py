# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""All causes by id. A new file of causes is named twice here: imported, and in ``_AREAS``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes import (
    capacity,
    certificate,
    cipher,
    client,
    clock,
    crash,
    farm,
    licensing,
    listener,
    logon,
    machine_keys,
    network,
    os,
    path,
    policy,
    rights,
    service,
    station,
    tls,
    update,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause

_AREAS: Final[tuple[tuple[Cause, ...], ...]] = (
    capacity.CAUSES,
    certificate.CAUSES,
    cipher.CAUSES,
    client.CAUSES,
    clock.CAUSES,
    crash.CAUSES,
    farm.CAUSES,
    licensing.CAUSES,
    listener.CAUSES,
    logon.CAUSES,
    machine_keys.CAUSES,
    network.CAUSES,
    os.CAUSES,
    path.CAUSES,
    policy.CAUSES,
    rights.CAUSES,
    service.CAUSES,
    station.CAUSES,
    tls.CAUSES,
    update.CAUSES,
)

BY_ID: Final[Mapping[str, Cause]] = {cause.id: cause for area in _AREAS for cause in area}
