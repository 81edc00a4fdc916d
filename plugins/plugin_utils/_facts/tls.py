# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""What Schannel may use: protocols, ciphers, hashes, key exchange, cipher suites, FIPS.

Places and the meaning of Enabled and DisabledByDefault: Microsoft, "TLS registry settings".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import usable
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import POLICIES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import PROTOCOLS, Release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import (
    CipherSuites,
    Effective,
    ProtocolState,
    Source,
    Switch,
    Tls,
)
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType, RegistryValue

SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
_POLICY_KEY = "Cryptography"
POLICY_SUITES = rf"{POLICIES}\{_POLICY_KEY}\Configuration\SSL\00010002"
LOCAL_SUITES = r"HKLM\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010002"
_FIPS = r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa\FIPSAlgorithmPolicy"
_SIDES = ("server", "client")


def protocol_path(protocol: str, side: str) -> str:
    """The registry key of one side of a protocol; ``side`` is server or client."""
    return rf"{SCHANNEL}\Protocols\{protocol}\{side.capitalize()}"


def read(host: Host, release: Release | None, policies: Collection[str] | None) -> Tls:
    """``policies`` are the keys below the policy key, None: not known."""
    defaults = {
        "server": {} if release is None else release.server_defaults,
        "client": {} if release is None else release.client_defaults,
    }
    named = {name.lower() for name in host.registry.subkeys(rf"{SCHANNEL}\Protocols") or ()}
    protocols: dict[str, dict[str, ProtocolState]] = {}
    for protocol in PROTOCOLS:
        protocols[protocol] = {}
        for side in _SIDES:
            path = protocol_path(protocol, side)
            values = host.registry.values(path, ["Enabled", "DisabledByDefault"]) if protocol.lower() in named else {}
            protocols[protocol][side] = state(values, defaults[side].get(protocol, "unsupported"), path)
    capable = PROTOCOLS if release is None else release.rdp_tls
    ciphers, hashes, key_exchange = (_switches(host, kind) for kind in ("Ciphers", "Hashes", "KeyExchangeAlgorithms"))
    suites = _cipher_suites(host, by_policy=policies is None or _POLICY_KEY.lower() in policies)
    fips = _fips(host)
    return Tls(
        status="ok",
        reason="",
        protocols=protocols,
        rdp_versions=[name for name in capable if protocols[name]["server"]["state"] == "enabled"],
        ciphers=ciphers,
        hashes=hashes,
        key_exchange=key_exchange,
        cipher_suites=suites,
        fips=fips,
        usable_suites=usable(
            suites,
            "" if release is None else release.key,
            ciphers=ciphers,
            hashes=hashes,
            key_exchange=key_exchange,
            fips=bool(fips["value"]),
        ),
    )


def state(values: Mapping[str, RegistryValue], default: str, path: str) -> ProtocolState:
    """One side of a protocol from its two values, over the default of the Windows release.

    A value that is absent leaves its half of the default: Enabled alone does not lift a DisabledByDefault that the
    release has built in (MEM: what guides for Windows 7 tell, which always set both).
    """
    enabled = _number(values.get("Enabled"))
    by_default = _number(values.get("DisabledByDefault"))
    is_on = default != "disabled" if enabled is None else enabled != 0
    is_asked = default == "disabled_by_default" if by_default is None else by_default != 0
    result: Literal["enabled", "disabled_by_default", "disabled", "unsupported"]
    if default == "unsupported":
        result = "unsupported"
    elif not is_on:
        result = "disabled"
    else:
        result = "disabled_by_default" if is_asked else "enabled"
    return ProtocolState(
        state=result,
        source="default" if enabled is None and by_default is None else "local",
        enabled=enabled,
        disabled_by_default=by_default,
        where=path,
    )


def _switches(host: Host, kind: str) -> dict[str, Switch]:
    found = {}
    for name in host.registry.subkeys(rf"{SCHANNEL}\{kind}") or ():
        path = rf"{SCHANNEL}\{kind}\{name}"
        enabled = host.registry.dword(path, "Enabled")
        if enabled is not None:
            found[name] = Switch(enabled=enabled, where=path)
    return found


def _cipher_suites(host: Host, *, by_policy: bool) -> CipherSuites:
    source: Source
    for path, source in ((POLICY_SUITES, "policy"), (LOCAL_SUITES, "default")):
        if source == "policy" and not by_policy:
            continue
        value = host.registry.value(path, "Functions", RegistryType.REG_MULTI_SZ)
        suites = None if value is None else suites_of(value)
        if suites:
            return CipherSuites(value=suites, source=source, where=rf"{path}\Functions")
    return CipherSuites(value=None, source="default", where=rf"{LOCAL_SUITES}\Functions")


def suites_of(value: RegistryValue) -> list[str]:
    """Group Policy writes one text with commas, Windows itself a list; some tools write the policy as a list, too."""
    texts = value.data if isinstance(value.data, tuple) else (value.data,)
    return [suite.strip() for text in texts if isinstance(text, str) for suite in text.split(",") if suite.strip()]


def _fips(host: Host) -> Effective:
    number = host.registry.dword(_FIPS, "Enabled")
    local = None if number is None else number != 0
    return Effective(
        value=bool(local),
        source="default" if local is None else "local",
        policy=None,
        local=local,
        default=False,
        where=rf"{_FIPS}\Enabled",
    )


def _number(value: RegistryValue | None) -> int | None:
    return value.data if value is not None and isinstance(value.data, int) else None
