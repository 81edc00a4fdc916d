# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""Servers: by what their host says, by what the wire shows, or by their release alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import BadParty, whole
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.schema import ServerParty
from ansible_collections.winops.rdp.plugins.plugin_utils._compat.suites import misused, of_level
from ansible_collections.winops.rdp.plugins.plugin_utils._data.cipher_suites import BY_NAME, DEFAULTS
from ansible_collections.winops.rdp.plugins.plugin_utils._data.credssp import FIRST_FIXED_VERSION
from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import KEY_FILE_ACL
from ansible_collections.winops.rdp.plugins.plugin_utils._data.versions import RELEASES, Release, release
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.derive import only_tls_1_0
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts, Tls
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.acl import lacking

# XP and Server 2003 answer without negotiation data, so with standard RDP security: what nmap and rdp-sec-check make of
# such answers. Server 2003 speaks TLS only where an administrator gave it a certificate.
OLD: Final = ("xp", "2003")
RELEASES_OF_SERVERS: Final = (*OLD, *(each.key for each in RELEASES))
KEYS: Final = {"RSA": "RSA", "EC": "ECDSA", "DSA": "DSS"}


def unknown(name: str) -> ServerParty:
    """A server of which nothing is known."""
    return ServerParty(
        name=name,
        release="",
        negotiation=None,
        security_layer=None,
        nla=None,
        certificate=None,
        key_usable=None,
        key=None,
        tls_versions=None,
        suites=None,
        credssp_fixed=None,
        encryption_oracle=None,
        can_learn=[],
    )


def _without_tls(name: str, key: str) -> ServerParty:
    """A server that knows standard RDP security alone."""
    return {
        **unknown(name),
        "release": key,
        "negotiation": False,
        "security_layer": "rdp",
        "nla": False,
        "certificate": False,
    }


def server(given: Mapping[str, Any]) -> ServerParty:
    """A server as the option of rdp_compatibility names it. Facts come first, the wire and the release fill gaps."""
    name = str(given.get("name") or "server")
    facts, wire, key = given.get("facts"), given.get("wire"), given.get("release")
    parties: list[ServerParty] = []
    if facts:
        said = cast(Facts, facts)
        parties.append(whole(f"the server {name}", "rdp_facts returns it", lambda: of_facts(name, said)))
    if wire:
        seen = cast(Report, wire)
        parties.append(whole(f"the server {name}", "rdp_probe returns it", lambda: of_wire(name, seen)))
    if key:
        parties.append(of_release(name, str(key)))
    if not parties:
        raise BadParty(f"the server {name} needs facts, wire or release")
    return joined(parties)


def joined(parties: list[ServerParty]) -> ServerParty:
    """Several views of one server: of each thing the first that knows it."""
    found: dict[str, Any] = dict(parties[0])
    for party in parties[1:]:
        found.update({name: value for name, value in party.items() if found[name] in (None, "", [])})
    return cast(ServerParty, found)


def of_release(name: str, key: str) -> ServerParty:
    """A server as its release ships it, with Remote Desktop switched on and fully updated."""
    if key in OLD:
        return _without_tls(name, key)
    try:
        windows = release(key)
    except KeyError:
        known = ", ".join(RELEASES_OF_SERVERS)
        raise BadParty(f"{key!r} is no Windows release that is known; choose from {known}") from None
    enabled = [version for version in windows.rdp_tls if windows.server_defaults[version] == "enabled"]
    return ServerParty(
        name=name,
        release=key,
        negotiation=True,
        security_layer="tls" if windows.default_security_layer == "tls" else "negotiate",
        nla=windows.default_nla,
        certificate=True,
        key_usable=True,
        key="RSA",
        tls_versions=enabled,
        suites=list(DEFAULTS[key]),
        credssp_fixed=None if key in ("vista", "2008") else True,
        encryption_oracle="mitigated",
        can_learn=list(windows.rdp_tls),
    )


def of_facts(name: str, facts: Facts) -> ServerParty:
    """A server from RV(ansible_facts.rdp). An area that was not read leaves gaps."""
    found = unknown(name)
    system, listener, tls = facts.get("system"), facts.get("listener"), facts.get("tls")
    certificate, updates, logon = facts.get("certificate"), facts.get("updates"), facts.get("logon")
    windows: Release | None = None
    if system is not None and system["status"] == "ok":
        found["release"] = system.get("release", "")
        windows = next((each for each in RELEASES if each.key == found["release"]), None)
        found["can_learn"] = list(windows.rdp_tls) if windows is not None else []
    if listener is not None and listener["status"] == "ok":
        settings = listener.get("settings", {})
        layer = settings["security_layer"]["value"] if "security_layer" in settings else None
        found["security_layer"] = layer if layer in ("rdp", "negotiate", "tls") else None
        nla = settings["nla"]["value"] if "nla" in settings else None
        found["nla"] = nla if isinstance(nla, bool) else None
        found["negotiation"] = True
    if tls is not None and tls["status"] == "ok":
        found["tls_versions"] = rdp_versions(facts)
        found["suites"] = _suites(facts, tls)
    if certificate is not None and certificate["status"] == "ok":
        active = certificate.get("active")
        found["certificate"] = active is not None
        found["key_usable"] = _key_works(facts)
        found["key"] = None if active is None else KEYS.get(active["key_algorithm"])
    if updates is not None and updates["status"] == "ok":
        found["credssp_fixed"] = updates.get("credssp_fixed")
    if logon is not None and logon["status"] == "ok":
        found["encryption_oracle"] = logon.get("encryption_oracle") or "mitigated"
    return found


def _suites(facts: Facts, tls: Tls) -> list[str] | None:
    """None as well where a switch has a value of which nobody knows what it does."""
    suites = tls.get("usable_suites")
    if suites is None or misused(tls):
        return None
    listener = facts.get("listener")
    level = listener.get("settings", {}).get("min_encryption_level") if listener is not None else None
    return of_level(suites, None if level is None else level["value"])


def rdp_versions(facts: Facts) -> list[str] | None:
    """The TLS versions of the RDP listener; None: they depend on an update, and the updates could not be read."""
    tls = facts.get("tls")
    if tls is None or tls["status"] != "ok":
        return None
    versions, limited = tls.get("rdp_versions", []), only_tls_1_0(facts)
    oldest = [version for version in versions if version == "TLS 1.0"]
    if limited is None:
        return oldest if oldest == versions else None
    return oldest if limited else list(versions)


def _key_works(facts: Facts) -> bool | None:
    """Whether the listener's certificate has a private key whose file exists and lets the service in."""
    certificate, keys = facts.get("certificate"), facts.get("machine_keys")
    active = None if certificate is None else certificate.get("active")
    if active is None or active["private_key"] is None:
        return False
    if keys is None or keys["status"] != "ok":
        return None
    own = [each for each in keys.get("keys", []) if each["thumbprint"] == active["thumbprint"]]
    if not all(each["exists"] for each in own):
        return False
    lists = [each["security"] for each in own]
    if any(security is None or security["status"] != "ok" for security in lists):
        return None
    return not any(lacking(security["dacl"], KEY_FILE_ACL) for security in lists if security is not None)


def of_wire(name: str, wire: Report) -> ServerParty:
    """A server from the report of rdp_probe. In quick depth it tells only of what was chosen."""
    x224, tls = wire["x224"], wire["tls"]
    if x224["result"] == "no_negotiation":
        return _without_tls(name, "")
    found = unknown(name)
    if x224["result"] in ("response", "failure"):
        found["negotiation"] = True
    layer = x224["security_layer"]
    if layer is None and x224["selected"] == "rdp":
        layer = "rdp"
    found["security_layer"] = cast(Any, layer if layer in ("rdp", "negotiate", "tls") else None)
    found["nla"] = {"required": True, "offered": False, "off": False}.get(x224["nla"] or "")
    if x224["failure"] == "SSL_CERT_NOT_ON_SERVER":
        found["certificate"] = False
    elif tls["key_proved"]:
        found["certificate"] = found["key_usable"] = True
    if tls["certificate"] is not None:
        found["key"] = KEYS.get(tls["certificate"]["key_algorithm"])
    seen = wire["credssp"]["version"]
    found["credssp_fixed"] = None if seen is None else seen >= FIRST_FIXED_VERSION
    accepted = {version: each["ciphers"] for version, each in tls["versions"].items() if each["result"] == "accepted"}
    if tls["versions"] and wire["complete"]:
        found["tls_versions"] = [version for version in accepted if version.startswith("TLS")]
        # The newest version first: it is the one that is chosen, so its order is the one that counts.
        chosen = [name for version in reversed(accepted) for name in accepted[version]]
        found["suites"] = [name for name in dict.fromkeys(chosen) if name in BY_NAME]
    return found
