# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The certificates of the listener: the store Remote Desktop, and the one that an administrator has bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import BINDING, WINSTATIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import self_signed
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Certificate, CertificateArea
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import (
    PERSONAL,
    REMOTE_DESKTOP,
    certificate,
    store_path,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType, RegistryValue


def read(host: Host, now: datetime, own: Callable[[], Mapping[str, RegistryValue]]) -> CertificateArea:
    """``now`` is the host's time, which decides what Windows calls expired; ``own`` gives listener.rdp_tcp()."""
    store = host.registry.value(WINSTATIONS, "SelfSignedCertStore", RegistryType.REG_SZ)
    self_signed_thumbprint = _thumbprint(
        host.registry.value(WINSTATIONS, "SelfSignedCertificate", RegistryType.REG_BINARY)
    )
    remote_desktop: list[Certificate] = []
    unreadable: list[str] = []
    for name in host.registry.subkeys(store_path(REMOTE_DESKTOP)) or []:
        try:
            found = find(host, REMOTE_DESKTOP, name, now)
        except WindowsError as error:
            unreadable.append(rf"{store_path(REMOTE_DESKTOP)}\{name}: {error}")
            continue
        if found is not None:
            remote_desktop.append(found)
    bound = None
    bound_thumbprint = _thumbprint(own().get(BINDING))
    if bound_thumbprint is not None:
        here = [each for each in remote_desktop if each["thumbprint"] == bound_thumbprint]
        bound = here[0] if here else find(host, PERSONAL, bound_thumbprint, now)
    area = CertificateArea(
        status="ok",
        reason="",
        self_signed_store=store.data if store is not None and isinstance(store.data, str) else None,
        self_signed_thumbprint=self_signed_thumbprint,
        bound_thumbprint=bound_thumbprint,
        remote_desktop=remote_desktop,
        unreadable=unreadable,
        bound=bound,
    )
    area["active"] = bound if bound_thumbprint is not None else self_signed(area)
    return area


def find(host: Host, store: str, thumbprint: str, now: datetime) -> Certificate | None:
    """One certificate of a machine store by its thumbprint; None when the store does not hold it."""
    path = rf"{store_path(store)}\{thumbprint}"
    value = host.registry.value(path, "Blob", RegistryType.REG_BINARY)
    if value is None or not isinstance(value.data, bytes):
        return None
    return certificate(value.data, store, now, host.key_folder, host.machine_guid)


def _thumbprint(value: RegistryValue | None) -> str | None:
    """20 bytes as hex; a text, which a script may have written in their place, as it is: it will match nothing."""
    if value is None or not value.data:
        return None
    return value.data.hex().upper() if isinstance(value.data, bytes) else str(value.data).upper()
