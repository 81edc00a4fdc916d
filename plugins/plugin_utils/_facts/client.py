# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
r"""A machine that people connect from, as far as it decides whether they get through.

Values: fClientDisableUDP and RedirectionWarningDialogVersion in the policy key of the client (Microsoft, the template
TerminalServer.admx and "Understanding security warnings when opening RDP files"); Servers\<host>\CertHash below
Terminal Server Client in a user's hive, and MSLicensing\Store (what Microsoft's support tool MSRD-Collect collects of a
client). MEM: that a license lies in Store as a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, Final

from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import BORN_FIXED, is_fixed
from ansible_collections.winops.rdp.plugins.plugin_utils._data.events import CLIENT_QUESTIONS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.udp import CLIENT_POLICY, DISABLE_UDP
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import release_of
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import events, tls
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.logon import LSA, encryption_oracle
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Client, EventCount, ServerMemory
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.unread import UNREAD, told
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.updates import credssp_version
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.readings import ask
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import Registry, RegistryType

SCHEMA_VERSION: Final = 1

_CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
LICENSES = r"HKLM\SOFTWARE\Microsoft\MSLicensing\Store"
_SERVERS = r"Software\Microsoft\Terminal Server Client\Servers"
# Hives of people: of local and domain accounts, and of Entra ID. Others are services and class registrations.
_PEOPLE = ("S-1-5-21-", "S-1-12-1-")
_CLASSES = "_Classes"
_SHA1_BYTES = 20
# What is read of the hives, one request an entry, is bounded: an administrator's profile may know hundreds of servers.
MOST_USERS = 10
MOST_SERVERS = 50


def gather(host: Host) -> Client:
    """The client; a status other than ``ok`` where what decides could not be read."""
    try:
        return _read(host)
    except UNREAD as error:
        status, reason = told(error)
        return Client(status=status, reason=reason, schema=SCHEMA_VERSION, profile="")


def _read(host: Host) -> Client:
    registry, build = host.registry, host.build
    windows = host.operating_system
    release = release_of(build, "client" if windows.integer("ProductType") == 1 else "server")
    schannel = tls.read(host, release, None)
    protocols = schannel.get("protocols", {})
    version = credssp_version(host) if build < BORN_FIXED else None
    revision = registry.dword(_CURRENT_VERSION, "UBR")
    return Client(
        status="ok",
        reason="",
        schema=SCHEMA_VERSION,
        profile="",
        hostname=windows.text("CSName") or "",
        release="" if release is None else release.key,
        full_build=str(build) if revision is None else f"{build}.{revision}",
        protocols=protocols,
        tls_versions=[
            name
            for name, sides in protocols.items()
            if name.startswith("TLS") and sides["client"]["state"] == "enabled"
        ],
        usable_suites=schannel.get("usable_suites"),
        fips=bool(schannel["fips"]["value"]),
        credssp_version=version,
        credssp_fixed=is_fixed(version or "", build),
        encryption_oracle=encryption_oracle(registry),
        lm_compatibility_level=registry.dword(LSA, "LmCompatibilityLevel"),
        udp_disabled=registry.dword(CLIENT_POLICY, DISABLE_UDP) == 1,
        mstsc_version=_mstsc_version(host),
        redirection_warning=registry.dword(CLIENT_POLICY, "RedirectionWarningDialogVersion"),
        license_store=bool(registry.subkeys(LICENSES)),
        servers=_or([], lambda: list(_memories(registry))),
        disconnects=_or([], lambda: _disconnects(host)),
    )


def _mstsc_version(host: Host) -> str | None:
    version: str | None = _or(None, lambda: host.files.version(rf"{host.system_folder}\mstsc.exe"))
    return version or None


def _memories(registry: Registry) -> Iterator[ServerMemory]:
    for sid, server, key in islice(memory_keys(registry), MOST_SERVERS):
        value = registry.value(key, "CertHash", RegistryType.REG_BINARY)
        data = value.data if value is not None and isinstance(value.data, bytes) else b""
        yield ServerMemory(sid=sid, server=server, cert_hash=data.hex().upper() if len(data) == _SHA1_BYTES else "")


def memory_keys(registry: Registry, names: Collection[str] = ()) -> Iterator[tuple[str, str, str]]:
    """SID, server and key of what the loaded hives keep of servers; ``names``: of these alone, in lower case.

    A hive of somebody who is not logged on is not loaded, so not seen.
    """
    people = [
        name for name in registry.subkeys("HKU") or () if name.startswith(_PEOPLE) and not name.endswith(_CLASSES)
    ]
    for sid in people[:MOST_USERS]:
        path = rf"HKU\{sid}\{_SERVERS}"
        for server in registry.subkeys(path) or ():
            if not names or server.lower() in names:
                yield sid, server, rf"{path}\{server}"


def _disconnects(host: Host) -> list[EventCount]:
    readings = ask(host, events.commands(CLIENT_QUESTIONS))
    return events.read(host, readings, CLIENT_QUESTIONS).get("seen", [])


def _or(otherwise: Any, read: Callable[[], Any]) -> Any:
    """What adds to the picture and may be missing from it."""
    try:
        return read()
    except UNREAD:
        return otherwise
