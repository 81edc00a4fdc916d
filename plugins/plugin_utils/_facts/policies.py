# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Which Group Policy object sets what, of the policies that concern Remote Desktop.

A value under SOFTWARE\\Policies may come from a script as well; the Resultant Set of Policy (RSoP) names the GPO of
those that have one. Registry policies: Microsoft, "RSOP_RegistryPolicySetting class"; security options (Lsa):
"RSOP_RegistryValue class". What Windows itself takes for a policy: the properties PolicySource* of
Win32_TSGeneralSetting and Win32_TerminalServiceSetting (win32, termserv).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from ansible_collections.winops.rdp.plugins.plugin_utils._facts.rsop import NAMESPACE, Gpos
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Policies, PolicyValue, Status
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.terminal_service import NAMESPACE as TERMINAL_SERVICES
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD, told
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance

# Parts of registry keys as WQL patterns: "_" stands for one character, which spares the escaping of backslashes.
# The firewall's profiles without its rules, of which a GPO may have hundreds.
_KEYS = (
    "%Windows NT_Terminal Services%",
    "%Cryptography_Configuration_SSL%",
    "%System_CredSSP%",
    "%Windows_CredentialsDelegation%",
    "%WindowsFirewall_%Profile%",
    "%SecurityProviders_SCHANNEL%",
    "%Control_Lsa%",
)
_OPTIONS = "%Control_Lsa_%"
_SPELLED = {"software": "SOFTWARE", "system": "SYSTEM"}

_SOURCES = {0: "server", 1: "policy", 2: "default"}
_GENERAL_SOURCES = {
    "security_layer": "PolicySourceSecurityLayer",
    "nla": "PolicySourceUserAuthenticationRequired",
    "min_encryption_level": "PolicySourceMinEncryptionLevel",
}


def read(host: Host, gpos: Gpos, terminal_service: Callable[[], Instance]) -> Policies:
    """``terminal_service`` gives the Win32_TerminalServiceSetting."""
    status, reason, values = _resultant(host, gpos)
    sources = _sources(host, terminal_service)
    nothing = status in ("denied", "error") and not sources
    return Policies(
        status=status if nothing else "ok",
        reason=reason if nothing else "",
        rsop=status,
        rsop_reason=reason,
        values=values,
        sources=sources,
    )


def _resultant(host: Host, gpos: Gpos) -> tuple[Status, str, list[PolicyValue]]:
    if gpos.status != "ok" or not gpos.used:
        return gpos.status, gpos.reason, []
    values: list[PolicyValue] = []
    status: Status = "ok"
    reason = ""
    try:
        values += _registry_policies(host, gpos)
        values += _security_options(host, gpos)
    except UNREAD as error:
        status, reason = told(error)
    return status, reason, sorted(values, key=lambda each: (each["where"].lower(), each["precedence"]))


def _registry_policies(host: Host, gpos: Gpos) -> Iterator[PolicyValue]:
    where = " OR ".join(f"registryKey LIKE '{pattern}'" for pattern in _KEYS)
    rows = host.session.query(
        NAMESPACE,
        "SELECT registryKey, valueName, valueType, value, deleted, GPOID, SOMID, precedence "
        f"FROM RSOP_RegistryPolicySetting WHERE {where}",
    )
    for row in rows:
        name = row.text("valueName")
        if name and not row.boolean("deleted", False):
            data = bytes(byte & 0xFF for byte in row.integers("value"))
            path = rf"{row.text('registryKey') or ''}\{name}"
            yield _value(row, gpos, path, decode(row.integer("valueType", 0) or 0, data))


def _security_options(host: Host, gpos: Gpos) -> Iterator[PolicyValue]:
    rows = host.session.query(
        NAMESPACE, f"SELECT Path, Data, GPOID, SOMID, precedence FROM RSOP_RegistryValue WHERE Path LIKE '{_OPTIONS}'"
    )
    for row in rows:
        yield _value(row, gpos, row.text("Path") or "", row.text("Data") or "")


def _value(row: Instance, gpos: Gpos, path: str, value: str) -> PolicyValue:
    gpo_id = row.text("GPOID") or ""
    link = row.text("SOMID") or ""
    return PolicyValue(
        where=full_path(path),
        value=value,
        gpo=gpos.name(gpo_id),
        gpo_id=gpo_id,
        link=link if "=" in link else "",  # a distinguished name; the local GPO has "Local" (MEM)
        precedence=row.integer("precedence", 0) or 0,
    )


def full_path(path: str) -> str:
    """``Software\\Policies\\X`` and ``MACHINE\\System\\X`` as paths that start with HKLM."""
    head, _separator, rest = path.partition("\\")
    if head.lower() == "machine":
        return full_path(rest)
    return "\\".join(("HKLM", _SPELLED.get(head.lower(), head), rest))


def decode(kind: int, data: bytes) -> str:
    """The bytes of a registry value as text, by the type numbers of winnt.h; bytes of other types in hexadecimal."""
    if kind in (1, 2, 7):
        text = data.decode("utf-16-le", errors="replace").rstrip("\0")
        return text.replace("\0", ", ")
    if kind in (4, 11):
        return str(int.from_bytes(data, "little"))
    if kind == 5:
        return str(int.from_bytes(data, "big"))
    return data.hex()


def _sources(host: Host, terminal_service: Callable[[], Instance]) -> dict[str, str]:
    """By option of rdp_listener; what can not be read is missing. A host may lack either class or its provider."""
    found: dict[str, int | None] = {}
    with suppress(*UNREAD):
        found["enabled"] = terminal_service().integer("PolicySourceAllowTSConnections")
    with suppress(*UNREAD):
        listener = _general_setting(host)
        found.update({option: listener.integer(name) for option, name in _GENERAL_SOURCES.items()})
    return {option: _SOURCES[number] for option, number in found.items() if number in _SOURCES}


def _general_setting(host: Host) -> Instance:
    # By name: the class holds a whole certificate store in one of its properties.
    names = ", ".join(_GENERAL_SOURCES.values())
    rows = host.session.query(
        TERMINAL_SERVICES, f"SELECT {names} FROM Win32_TSGeneralSetting WHERE TerminalName = 'RDP-Tcp'"
    )
    if not rows:
        raise WindowsError("the host returned no Win32_TSGeneralSetting of RDP-Tcp")
    return rows[0]
