# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Licensing of a Remote Desktop Session Host: its mode, its license servers, what is left of the grace period.

Microsoft, "Win32_TerminalServiceSetting class" with GetGracePeriodDays and GetTStoLSConnectivityStatus, and "Set the
Remote Desktop licensing mode" for the registry values; where Group Policy has a list of servers, the local one is void.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from typing import Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._data.licensing import (
    CONNECTIVITY,
    LOCAL_SERVERS,
    LOCAL_SERVERS_KEY,
    MODES,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICY
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import LicenseServer, Licensing, Source
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.terminal_service import (
    CLASS,
    NAMESPACE,
    is_session_host,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

_POLICY_KEY = "windows nt"
_SOURCES: dict[int, Source] = {0: "local", 1: "policy"}
# The session host asks each license server over the network, and one that is gone takes its time.
_MOST_ASKED = 3
_ASKING_SECONDS = 20.0


def read(
    host: Host,
    setting: Instance,
    policies: Collection[str] | None,
    clock: Callable[[], float] = time.monotonic,
) -> Licensing:
    """``setting`` is the Win32_TerminalServiceSetting; ``policies`` the keys below the policy key, None: not known."""
    session_host = is_session_host(setting)
    number = setting.integer("LicensingType")
    source = _SOURCES.get(setting.integer("PolicySourceLicensingType", -1) or 0, "default")
    mode = "unknown" if number is None else MODES.get(number, str(number))
    return Licensing(
        status="ok",
        reason="",
        terminal_server=session_host,
        mode=mode if session_host else "administration",
        mode_source=source,
        servers=_servers(host, setting, policies, clock) if session_host else [],
        grace_days=_grace_days(host, setting) if session_host else None,
    )


def _servers(
    host: Host, setting: Instance, policies: Collection[str] | None, clock: Callable[[], float]
) -> list[LicenseServer]:
    source, names = _named(host, policies)
    ends = clock() + _ASKING_SECONDS
    servers = []
    for place, name in enumerate(names):
        asked = place < _MOST_ASKED and clock() < ends
        code = _connectivity(host, setting, name) if asked else None
        status = CONNECTIVITY.get(code, str(code)) if code is not None else "not_read" if asked else "not_asked"
        servers.append(LicenseServer(name=name, source=source, status=status, status_code=code))
    return servers


def _named(host: Host, policies: Collection[str] | None) -> tuple[Literal["policy", "local"], list[str]]:
    """The list that counts."""
    if policies is None or _POLICY_KEY in policies:
        text = host.registry.text(POLICY, "LicenseServers")
        by_policy = [name for name in re.split(r"[,;\s]+", text or "") if name]
        if by_policy:
            return "policy", by_policy
    value = host.registry.value(LOCAL_SERVERS_KEY, LOCAL_SERVERS, RegistryType.REG_MULTI_SZ)
    names = value.data if value is not None and isinstance(value.data, tuple) else ()
    return "local", [name for name in names if name]


def _connectivity(host: Host, setting: Instance, server: str) -> int | None:
    return _ask(host, setting, "GetTStoLSConnectivityStatus", "TsToLsConnectivityStatus", {"ServerName": server})


def _grace_days(host: Host, setting: Instance) -> int | None:
    return _ask(host, setting, "GetGracePeriodDays", "DaysLeft", {})


def _ask(host: Host, setting: Instance, method: str, answer: str, parameters: dict[str, str]) -> int | None:
    """What a method that only reads gives out; None where it fails."""
    keys = {"ServerName": setting.text("ServerName") or ""}
    try:
        output = host.session.invoke(NAMESPACE, CLASS, method, parameters, keys, idempotent=True)
        return output.integer(answer) if output.return_value == 0 else None
    except UNREAD:
        return None
