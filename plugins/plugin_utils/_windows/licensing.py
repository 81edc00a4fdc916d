# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Licensing mode and license servers of a session host, set through Win32_TerminalServiceSetting where it can.

Microsoft, "ChangeMode", "SetSpecifiedLicenseServerList" and "EmptySpecifiedLicenseServerList" (win32, termserv): they
tell the running service. They can not bring back a host that was never configured, so that is written to the registry,
where Microsoft's "Set the Remote Desktop licensing mode" names the values. MEM: that ChangeMode writes LicensingMode in
the key Licensing Core, and the lists SpecifiedLicenseServers, as tools that read them show.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import (
    CONFIGURED,
    LOCAL_MODE,
    LOCAL_MODE_KEY,
    LOCAL_SERVERS,
    LOCAL_SERVERS_KEY,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryValue
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.settle import settle
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.session import Session

_NAMESPACE, _CLASS = "root/cimv2/TerminalServices", "Win32_TerminalServiceSetting"


class Licensing:
    """The licensing settings of one host, by the names of their registry values."""

    def __init__(self, session: Session, registry: Registry) -> None:
        self._session = session
        self._registry = registry

    def read(self, name: str) -> RegistryValue | None:
        return self._registry.values(_KEYS[name], [name]).get(name)

    def write(self, name: str, value: RegistryValue | None) -> None:
        """Brings a value about; None: there is none."""
        call = _method(name, value)
        if call is not None:
            settle(
                self._session,
                f"the change of {name}",
                read=lambda: self.read(name),
                write=lambda: self._invoke(*call),
                wanted=lambda found: found == value,
                show=lambda found: "absent" if found is None else str(found.data),
            )
        elif value is None:
            self._registry.delete_value(_KEYS[name], name)
        else:
            self._registry.create_key(_KEYS[name])
            self._registry.set_value(_KEYS[name], name, value)

    def _invoke(self, method: str, parameters: dict[str, Any]) -> None:
        rows = self._session.query(_NAMESPACE, f"SELECT * FROM {_CLASS}")
        if not rows:
            raise WindowsError(f"the host returned no {_CLASS}")
        keys = {"ServerName": rows[0].text("ServerName") or ""}
        code = self._session.invoke(_NAMESPACE, _CLASS, method, parameters, keys).return_value
        if code:
            raise WindowsError(f"{method} returned {code}: Windows does not take this licensing setting", code)


_KEYS = {LOCAL_MODE: LOCAL_MODE_KEY, LOCAL_SERVERS: LOCAL_SERVERS_KEY}


def _method(name: str, value: RegistryValue | None) -> tuple[str, dict[str, Any]] | None:
    """The method that sets a value; None where there is none for it."""
    data = None if value is None else value.data
    if name == LOCAL_MODE and data in CONFIGURED.values():
        return "ChangeMode", {"LicensingType": data}
    if name == LOCAL_SERVERS and isinstance(data, tuple) and data:
        return "SetSpecifiedLicenseServerList", {"SpecifiedLSList": data}
    return None
