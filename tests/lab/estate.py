# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario says about a host's place: policies, rights, groups, roles, licensing, security products, hives."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tests.lab.model import hives, licensing, packages, roles, security_products
from tests.lab.model.host import Host
from tests.lab.model.licensing import LicenseServer
from tests.lab.model.policies import Policy, PolicyValue
from tests.lab.model.profile import Profile, apply_values
from tests.lab.model.registry import Registry

KEYS = frozenset(
    {
        "policies", "rsop", "rights", "groups", "roles", "domain_controller", "licensing", "security_products",
        "user_hives",
    }
)  # fmt: skip
_LOCAL_POLICY = "Local Group Policy"
_NAMESPACE = uuid.UUID("5f0a2f4e-6a86-5c0e-9f5d-2f1d3c1b7a10")

Only = Callable[[str, Any, Iterable[str]], None]
Wrong = Callable[[str], Exception]


def check(data: dict[str, Any], windows: Profile, only: Only, wrong: Wrong) -> None:
    """The first mistake in these keys, as an exception of `wrong`."""
    for item in data.get("policies") or ():
        only("policies", item, ("name", "guid", "link", "registry", "rights"))
        for key in item.get("registry") or {}:
            if str(key).partition("\\")[0].lower() not in ("hklm", "hkey_local_machine"):
                raise wrong(f"policies: registry: {key!r} does not begin with HKLM")
        _check_sids("policies: rights", item.get("rights") or {}, wrong)
    for name in ("rights", "groups"):
        _check_sids(name, data.get(name) or {}, wrong)
    for role in data.get("roles") or ():
        if role not in roles.ROLES:
            raise wrong(f"roles: {role!r} is not one of {', '.join(roles.ROLES)}")
    server = windows.product_type != 1
    if (data.get("roles") or data.get("domain_controller")) and not server:
        raise wrong("roles and domain_controller need a Windows Server")
    if data.get("domain_controller") and not data.get("domain"):
        raise wrong("domain_controller needs a domain")
    _check_licensing(data.get("licensing") or {}, only, wrong)
    for item in data.get("security_products") or ():
        _check_product(item, only, wrong)
    for item in data.get("user_hives") or ():
        only("user_hives", item, ("user", "sid", "servers", "registry"))
        if not item.get("user"):
            raise wrong("every entry of user_hives needs a user")
        for name, server_data in (item.get("servers") or {}).items():
            only(f"user_hives: servers.{name}", server_data or {}, ("username", "cert_hash"))


def _check_sids(where: str, given: Any, wrong: Wrong) -> None:
    if not isinstance(given, dict):
        raise wrong(f"{where} must be a mapping")
    for name, sids in given.items():
        if not isinstance(sids, list) or not all(str(sid).startswith("S-1-") for sid in sids):
            raise wrong(f"{where}: {name} must be a list of SIDs")


def _check_licensing(given: dict[str, Any], only: Only, wrong: Wrong) -> None:
    only("licensing", given, ("session_host", "mode", "servers", "grace_days", "registered"))
    if given.get("mode", "not_configured") not in licensing.MODES:
        raise wrong(f"licensing.mode must be one of {', '.join(licensing.MODES)}")
    for item in given.get("servers") or ():
        only("licensing.servers", item, ("name", "status", "specified"))
        if item.get("status", "valid") not in licensing.STATUSES:
            raise wrong(f"licensing.servers: status must be one of {', '.join(licensing.STATUSES)}")


def _check_product(item: dict[str, Any], only: Only, wrong: Wrong) -> None:
    only("security_products", item, ("name", "kinds", "state", "up_to_date", "path", "services"))
    if not item.get("name"):
        raise wrong("every entry of security_products needs a name")
    if item.get("state", "active") not in security_products.STATES:
        raise wrong(f"security_products: state must be one of {', '.join(security_products.STATES)}")
    for kind in item.get("kinds") or ():
        if kind not in security_products.KINDS:
            raise wrong(f"security_products: kinds must be of {', '.join(security_products.KINDS)}")


def profile(data: dict[str, Any], windows: Profile) -> Profile:
    """The Windows version, as a domain controller when the scenario says so."""
    return replace(windows, product_type=2) if data.get("domain_controller") else windows


def role_names(data: dict[str, Any]) -> frozenset[str]:
    session_host = {"session_host"} if (data.get("licensing") or {}).get("session_host") else set()
    return frozenset(data.get("roles") or ()) | session_host


def install(host: Host, data: dict[str, Any]) -> None:
    """All but the policies; what the scenario writes into the registry afterwards wins."""
    packages.install(host)
    roles.add_roles(host)
    _license(host, data.get("licensing") or {})
    _products(host, data.get("security_products") or ())
    host.groups.changed = {sid: tuple(members) for sid, members in (data.get("groups") or {}).items()}
    sids = {user.name.lower(): user.sid for user in host.users.values()}
    for item in data.get("user_hives") or ():
        user = str(item["user"])
        sid = str(item.get("sid") or sids.get(user.lower()) or f"S-1-5-21-1004336348-1177238915-682003330-{_rid(user)}")
        servers = tuple(
            hives.Server(
                name, str((found or {}).get("username", "")), bytes.fromhex((found or {}).get("cert_hash", ""))
            )
            for name, found in (item.get("servers") or {}).items()
        )
        hives.load(host.registry, sid, user, servers, item.get("registry") or {})


def _rid(user: str) -> int:
    return 2000 + uuid.uuid5(_NAMESPACE, user.lower()).int % 7000


def govern(host: Host, data: dict[str, Any]) -> None:
    """The policies, over whatever the registry says, and the local user rights."""
    host.policies.logged = bool(data.get("rsop", True))
    host.policies.local_rights.update({name: tuple(sids) for name, sids in (data.get("rights") or {}).items()})
    listed = tuple(_policy(host, item) for item in data.get("policies") or ())
    if listed:
        host.policies.apply(listed, host.now())


def _policy(host: Host, item: dict[str, Any]) -> Policy:
    name = str(item.get("name") or _LOCAL_POLICY)
    guid = "{" + str(uuid.uuid5(_NAMESPACE, name)).upper() + "}"
    domain = host.domain
    root = "Local" if domain is None else ",".join(f"DC={part}" for part in domain.split("."))
    scratch = Registry()
    apply_values(scratch, item.get("registry") or {})
    values = tuple(PolicyValue(path, value) for path, key in scratch.walk() for value in key.values.values())
    rights = {right: tuple(sids) for right, sids in (item.get("rights") or {}).items()}
    link = str(item.get("link") or root)
    return Policy(
        name, _LOCAL_POLICY if domain is None else str(item.get("guid") or guid), link, domain, values, rights
    )


def _license(host: Host, given: dict[str, Any]) -> None:
    state = host.licensing
    servers = [
        (LicenseServer(str(item["name"]), licensing.STATUSES[item.get("status", "valid")]), item.get("specified", True))
        for item in given.get("servers") or ()
    ]
    state.known = {server.name.lower(): server for server, _specified in servers}
    state.grace_days = int(given.get("grace_days", licensing.GRACE_DAYS))
    state.registered = tuple(str(name) for name in given.get("registered") or ())
    if "mode" in given:
        state.set_mode(licensing.MODES[given["mode"]])
    specified = tuple(server.name for server, wanted in servers if wanted)
    if specified:
        state.set_servers(specified)


def _products(host: Host, given: Iterable[dict[str, Any]]) -> None:
    """Products of the scenario, and Windows Defender: since Windows 8 and Server 2016 it is there, on clients it steps
    back for another antivirus that is on; on Windows 7 it is antispyware alone."""
    found = []
    defender: bool | None = None
    for item in given:
        state = str(item.get("state", "active"))
        if item["name"] == security_products.DEFENDER_NAME:
            defender = state == "active"
            continue
        path = str(item.get("path") or f"C:\\Program Files\\{item['name']}\\agent.exe")
        for kind in item.get("kinds") or ("antivirus",):
            found.append(
                security_products.product(kind, str(item["name"]), state, bool(item.get("up_to_date", True)), path)
            )
        for name in item.get("services") or ():
            roles.add_service(host, str(name), str(name), f'"{path}"')
    server = host.profile.is_server
    replaced = any(item.kind == "antivirus" and item.active for item in found) and not server
    if defender is None:
        defender = not replaced
    if host.profile.version >= (6, 2, 0) and (not server or host.profile.version[0] >= 10):
        found += [security_products.defender(kind, defender) for kind in ("antivirus", "antispyware")]
        if not defender:
            host.services.set_state("WinDefend", False)
    elif not server:
        found.append(security_products.defender("antispyware", defender))
    host.security_products = found
