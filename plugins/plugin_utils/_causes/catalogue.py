# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Every cause, in the order of a connection's way: what stands earlier explains what comes later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes import (
    both_sides,
    certificate,
    listener,
    machine_keys,
    network,
    os,
    policy,
    service,
    tls,
    update,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

Check = Callable[[Facts, Report | None], Finding | None]

CAUSES: Final[tuple[tuple[str, Check], ...]] = (
    (service.STOPPED, service.stopped),
    (listener.DISABLED, listener.disabled),
    (network.UNREACHABLE, network.unreachable),
    (network.BLOCKED, network.blocked),
    (both_sides.INTERCEPTED, both_sides.intercepted),
    (certificate.NOT_CREATED, certificate.not_created),
    (certificate.BINDING_STALE, certificate.binding_stale),
    (machine_keys.MISSING, machine_keys.missing),
    (machine_keys.ACL, machine_keys.acl),
    (certificate.EXPIRED, certificate.expired),
    (tls.NO_COMMON_VERSION, tls.no_common_version),
    (service.RESTART_PENDING, service.restart_pending),
    (both_sides.NOT_AS_CONFIGURED, both_sides.not_as_configured),
    (listener.CONTRADICTION, listener.contradiction),
    (listener.WEAKENED, listener.weakened),
    (listener.DRAIN, listener.drain),
    (update.REGRESSION, update.regression),
    (policy.OVERRIDE, policy.override),
    (os.OBSOLETE, os.obsolete),
)
