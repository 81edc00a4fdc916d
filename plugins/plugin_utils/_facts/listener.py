# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The settings of the RDP listener as Windows applies them, and the other listeners beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import (
    BINDING,
    BY_OPTION,
    POLICY,
    RDP_TCP,
    SETTINGS,
    TERMINAL_SERVER,
    WINSTATIONS,
    Setting,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Effective, Listener, WinStation
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryValue

_POLICY_KEY = "Windows NT"
_STATION_VALUES = ("PortNumber", "fEnableWinStation", "WdName", "LoadableProtocol_Object")
# Where a Citrix agent keeps what was in LoadableProtocol_Object before it; Microsoft's MSRD-Collect warns of it.
_CITRIX_VALUES = ("CitrixBackupRdpTcpLoadableProtocolObject",)

Values = Mapping[str, RegistryValue]


def rdp_tcp(host: Host) -> Values:
    """Everything that areas want to know of the listener's own key."""
    settings = [setting.value for setting in SETTINGS if setting.key == RDP_TCP]
    return host.registry.values(RDP_TCP, [*settings, *_STATION_VALUES, *_CITRIX_VALUES, BINDING])


def port_of(values: Values) -> int:
    """The port of the listener, from what rdp_tcp() read."""
    port = effective(BY_OPTION["port"], {}, values, None)["value"]
    return port if isinstance(port, int) else 3389


def read(host: Host, release: Release | None, own: Values, policies: Collection[str] | None) -> Listener:
    """``own``: rdp_tcp(); ``policies``: the keys below the policy key, None: not known."""
    registry = host.registry
    stations = registry.subkeys(WINSTATIONS)
    if stations is None:
        raise WindowsError(f"{WINSTATIONS} is missing: this host has no Remote Desktop listener")
    names = [name for name in stations if name.lower() != "console"]
    local = {
        TERMINAL_SERVER: registry.values(TERMINAL_SERVER, [s.value for s in SETTINGS if s.key == TERMINAL_SERVER]),
        RDP_TCP: own,
    }
    by_policy = policies is None or _POLICY_KEY.lower() in policies
    policy = registry.values(POLICY, [s.value for s in SETTINGS if s.policy]) if by_policy else {}
    return Listener(
        status="ok",
        reason="",
        settings={s.option: effective(s, policy if s.policy else {}, local[s.key], release) for s in SETTINGS},
        winstations=[
            _station(name, local[RDP_TCP] if name.lower() == "rdp-tcp" else _station_values(host, name))
            for name in names
        ],
        present=any(name.lower() == "rdp-tcp" for name in names),
        citrix=[rf"{RDP_TCP}\{name}" for name in _CITRIX_VALUES if name in own],
    )


def effective(setting: Setting, policy: Values, local: Values, release: Release | None) -> Effective:
    """Policy before local before default; a value that is no number counts as absent, as Windows takes it (MEM)."""
    by_policy = setting.decode(_number(policy, setting.value))
    by_admin = setting.decode(_number(local, setting.value))
    by_default = setting.default_on(release)
    if by_policy is not None:
        value, source, where = by_policy, "policy", rf"{POLICY}\{setting.value}"
    elif by_admin is not None:
        value, source, where = by_admin, "local", rf"{setting.key}\{setting.value}"
    else:
        value, source, where = by_default, "default", rf"{setting.key}\{setting.value}"
    return Effective(
        value=value,
        source=source,  # type: ignore[typeddict-item]
        policy=by_policy,
        local=by_admin,
        default=by_default,
        where=where,
    )


def _station_values(host: Host, name: str) -> Values:
    return host.registry.values(rf"{WINSTATIONS}\{name}", _STATION_VALUES)


def _station(name: str, values: Values) -> WinStation:
    return WinStation(
        name=name,
        port=_number(values, "PortNumber"),
        enabled=_number(values, "fEnableWinStation") != 0,
        wd_name=_text(values, "WdName"),
        loadable_protocol=_text(values, "LoadableProtocol_Object"),
    )


def _number(values: Values, name: str) -> int | None:
    value = values.get(name)
    return value.data if value is not None and isinstance(value.data, int) else None


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    return value.data if value is not None and isinstance(value.data, str) else ""
