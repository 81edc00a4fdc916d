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
    capacity,
    certificate,
    certificate_store,
    cipher,
    client,
    clock,
    crash,
    endpoint_security,
    farm,
    key_folder,
    licensing,
    listener,
    logons,
    lsa,
    machine_keys,
    network,
    os,
    policy,
    rights,
    service,
    station,
    tampered,
    tls,
    unstable,
    update,
    values,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.schema import Finding
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts

Check = Callable[[Facts, Report | None], Finding | None]

CAUSES: Final[tuple[tuple[str, Check], ...]] = (
    # ---- is there a listener at all
    (service.STOPPED, service.stopped),
    (tampered.TAMPERED, tampered.tampered),
    (crash.CRASHING, crash.crashing),
    (os.SETUP, os.setup),
    (listener.DISABLED, listener.disabled),
    (station.MISSING, station.missing),
    # ---- name, path, TCP
    (network.UNREACHABLE, network.unreachable),
    (network.BLOCKED, network.blocked),
    (station.DEAD, station.dead),
    # ---- who answers on the port, and does it answer
    (station.PORT_CONFLICT, station.port_conflict),
    (station.THIRD_PARTY, station.third_party),
    (both_sides.INTERCEPTED, both_sides.intercepted),
    (capacity.THROTTLED, capacity.throttled),
    (endpoint_security.ENDPOINT_SECURITY, endpoint_security.endpoint_security),
    (unstable.UNSTABLE, unstable.unstable),
    # ---- the certificate and its key
    (certificate.NOT_CREATED, certificate.not_created),
    (certificate.BINDING_STALE, certificate.binding_stale),
    (machine_keys.MISSING, machine_keys.missing),
    (machine_keys.ACL, machine_keys.acl),
    (certificate.EXPIRED, certificate.expired),
    (certificate_store.STORE, certificate_store.store),
    # ---- TLS
    (tls.NO_COMMON_VERSION, tls.no_common_version),
    (cipher.NO_COMMON_CIPHER, cipher.no_common_cipher),
    (cipher.MISUSED_VALUE, cipher.misused_value),
    (cipher.FIPS, cipher.fips),
    (service.RESTART_PENDING, service.restart_pending),
    (both_sides.NOT_AS_CONFIGURED, both_sides.not_as_configured),
    # ---- what the listener is set to
    (listener.CONTRADICTION, listener.contradiction),
    (values.UNKNOWN_VALUE, values.unknown_value),
    (listener.WEAKENED, listener.weakened),
    # ---- logon and session
    (logons.DRAIN, logons.drain),
    (logons.LOGON_DISABLED, logons.logon_disabled),
    (lsa.CREDSSP_PACKAGE, lsa.credssp_package),
    (lsa.DOMAIN_CREDENTIALS, lsa.domain_credentials),
    (lsa.FORCE_GUEST, lsa.force_guest),
    (rights.DENIED, rights.denied),
    (farm.BROKER, farm.broker),
    (licensing.EXPIRED, licensing.expired),
    (licensing.UNCONFIGURED, licensing.unconfigured),
    # ---- the host as a whole
    (clock.CLOCK, clock.clock),
    (update.REGRESSION, update.regression),
    (update.PENDING_REBOOT, update.pending_reboot),
    (policy.OVERRIDE, policy.override),
    (rights.NETWORK_SERVICE_ADMIN, rights.network_service_admin),
    (key_folder.CROWDED, key_folder.crowded),
    (os.OBSOLETE, os.obsolete),
    # ---- the client
    (client.CREDSSP_ORACLE, client.credssp_oracle),
    (client.TLS, client.tls),
    (client.UDP, client.udp),
    (client.STALE_CERTIFICATE, client.stale_certificate),
)
