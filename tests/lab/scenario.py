# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenario files: one host a file, faults on top of a Windows profile. Every mistake is told in one sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from tests.lab import estate, outside, past
from tests.lab.model import certificates, faults, packages, regfile
from tests.lab.model.files import Entry
from tests.lab.model.firewall import PROFILE_BITS
from tests.lab.model.host import Host, HostSettings, Update, WinRMSettings
from tests.lab.model.language import ENGLISH, load_language
from tests.lab.model.profile import CURRENT_VERSION, Profile, apply_values, load_profile
from tests.lab.model.registry import HKLM, REG_BINARY, REG_DWORD, KeyNotFound
from tests.lab.model.remote_desktop import RDP_TCP, WINSTATIONS, is_port, rdp_key_entry
from tests.lab.model.security import ALLOW, DENY, FULL, MODIFY, NETWORK_SERVICE, READ, READ_EXECUTE, WRITE, Ace
from tests.lab.model.services import SERVICES_KEY, START_VALUES
from tests.lab.model.sessions import Session
from tests.lab.model.users import User
from tests.lab.pki import SERVER_STATES

DEFAULT_USER, DEFAULT_PASSWORD = "ansible", "lab-Passw0rd"
_TOP = {
    "hostname", "windows", "domain", "workgroup", "network_profile", "users", "winrm", "registry", "services", "files",
    "certificate", "updates", "ubr", "firewall", "sessions", "reg_file", "expect", "faults", "service_delay",
    "security_read_needs_read_control", "description", "clock_skew", "connection",
    "language", "canned_commands", "task_minute", "open_keys", *estate.KEYS, *outside.KEYS, "events", "since_boot",
}  # fmt: skip
_CERTIFICATE = {
    "self_signed": ("valid", "expired", "missing"),
    "key": ("present", "missing", "unreadable"),
    "bound": ("none", "valid", "expired", "stale", "key_missing", "key_unreadable"),
    "bound_key": ("rsa", "ec"),
}
CBT_LEVELS = ("none", "relaxed", "strict")
CONNECTION = {
    "plugin": ("winrm", "psrp"),
    "scheme": ("http", "https"),
    "transport": ("ntlm", "negotiate", "kerberos", "credssp", "basic", "certificate"),
    "validation": ("trust", "ignore", "default"),
}
_SHORT_PATHS = {"MachineKeys": certificates.MACHINE_KEYS}
_RDP_KEY = "RdpKey"
_BOUND_CONTAINER = "le-Lab-Bound-Certificate"
_RIGHTS = {"F": FULL, "M": MODIFY, "RX": READ_EXECUTE, "R": READ, "W": WRITE}
_SAMPLE_SID = "S-1-5-21-1004336348-1177238915-682003330"


class ScenarioError(ValueError):
    """A scenario file is wrong; the message is one sentence that names the file and what to change."""


@dataclass(frozen=True)
class Scenario:
    """One host as its file describes it."""

    path: Path
    data: dict[str, Any]

    @property
    def hostname(self) -> str:
        return str(self.data["hostname"])

    @property
    def expect(self) -> dict[str, Any]:
        return dict(self.data.get("expect") or {})

    @property
    def connection(self) -> dict[str, str]:
        """How the inventory connects; empty for the default, NTLM over HTTP."""
        return dict(self.data.get("connection") or {})

    @property
    def admin(self) -> User:
        """The account that the inventory names."""
        return next(user for user in self.users() if user.admin)

    def users(self) -> list[User]:
        listed = self.data.get("users") or [{"name": DEFAULT_USER, "password": DEFAULT_PASSWORD, "admin": True}]
        return [
            User(
                str(item["name"]),
                f"{_SAMPLE_SID}-{1001 + number}",
                bool(item.get("admin", False)),
                str(item["password"]),
                bool(item.get("remote_desktop", False)),
                bool(item.get("disabled", False)),
            )
            for number, item in enumerate(listed)
        ]

    def build(self) -> Host:
        """The host, booted."""
        try:
            return self._build()
        except (KeyNotFound, regfile.RegFileError) as error:
            raise ScenarioError(f"{self.path.name}: {error}.") from error

    def _build(self) -> Host:
        data = self.data
        profile = estate.profile(data, load_profile(str(data["windows"])))
        settings = HostSettings(
            name=self.hostname,
            domain=data.get("domain"),
            workgroup=data.get("workgroup", "WORKGROUP"),
            network_profile=data.get("network_profile", "Private"),
            winrm=_winrm(profile, data.get("winrm") or {}),
            faults=_faults(data.get("faults") or {}),
            service_delay=float(data.get("service_delay", 0.05)),
            clock_skew=float(data.get("clock_skew", 0)),
            security_read_needs_read_control=bool(data.get("security_read_needs_read_control", False)),
            roles=estate.role_names(data),
            language=data.get("language", ENGLISH),
            canned_commands=bool(data.get("canned_commands", False)),
            task_minute=float(data.get("task_minute", 0.5)),
            open_keys=tuple(data.get("open_keys") or ()),
        )
        updates = [_update(item) for item in data.get("updates") or ()]
        if "ubr" in data:
            profile = replace(profile, ubr=int(data["ubr"]))
        host = Host(profile, settings, self.users(), updates)
        if "ubr" in data:
            host.registry.set(CURRENT_VERSION, "UBR", REG_DWORD, int(data["ubr"]))
        estate.install(host, data)
        outside.install(host, data)
        if "reg_file" in data:
            regfile.load(host.registry, (self.path.parent / str(data["reg_file"])).resolve())
        _certificate(host, data.get("certificate") or {})
        apply_values(host.registry, data.get("registry") or {})
        estate.govern(host, data)
        port = host.registry.dword(RDP_TCP, "PortNumber")
        if port is not None and not is_port(port):
            raise ScenarioError(f"{self.path.name}: registry: PortNumber of RDP-Tcp must be 1 to 65535, not {port}.")
        self._files(host)
        self._firewall(host)
        self._services(host)
        for number, item in enumerate(data.get("sessions") or (), 2):
            host.sessions.append(
                Session(
                    number,
                    str(item["user"]),
                    str(item.get("state", "Active")),
                    bool(item.get("remote", True)),
                    str(item.get("client", "")),
                )
            )
        past.write(host, data.get("events") or ())
        host.boot()
        outside.note_attack(host)
        apply_values(host.registry, data.get("since_boot") or {})
        return host

    def _services(self, host: Host) -> None:
        for name, wanted in (self.data.get("services") or {}).items():
            if host.services.find(name) is None:
                raise ScenarioError(f"{self.path.name}: services: this Windows has no service {name!r}.")
            if "start" in wanted:
                host.registry.set(f"{SERVICES_KEY}\\{name}", "Start", REG_DWORD, START_VALUES[wanted["start"]])
            if "state" in wanted:
                host.services.set_state(name, wanted["state"] == "running")
            service = host.services.find(name)
            if service is not None:
                service.stuck = bool(wanted.get("stuck", False))
                outside.break_service(host, name, wanted)

    def _files(self, host: Host) -> None:
        for name, wanted in (self.data.get("files") or {}).items():
            path = _path(host, name)
            entry = host.files.find(path)
            if wanted.get("missing"):
                if entry is not None:
                    host.files.remove(path)
                continue
            if entry is None:
                parent = host.files.find(path.rpartition("\\")[0])
                if parent is None:
                    raise ScenarioError(f"{self.path.name}: files: the folder of {path!r} does not exist.")
                entry = Entry(
                    path, parent.security, directory=bool(wanted.get("directory")), size=int(wanted.get("size", 0))
                )
            security = entry.security
            if "owner" in wanted:
                security = replace(security, owner=str(wanted["owner"]))
            if "acl" in wanted:
                security = replace(security, dacl=tuple(_ace(self.path, text) for text in wanted["acl"]))
            host.files.put(
                replace(
                    entry,
                    security=security,
                    locked=bool(wanted.get("locked", entry.locked)),
                    text=str(wanted.get("text", entry.text)),
                    stale_keys=int(wanted.get("stale_keys", entry.stale_keys)),
                )
            )

    def _firewall(self, host: Host) -> None:
        wanted = self.data.get("firewall") or {}
        for group, active in (wanted.get("groups") or {}).items():
            for rule in list(host.firewall.rules()):
                if rule.group == group:
                    host.firewall.write(rule.with_active(bool(active)))
        for rule_id, active in (wanted.get("rules") or {}).items():
            found = host.firewall.find(rule_id)
            if found is None:
                raise ScenarioError(f"{self.path.name}: firewall: there is no rule {rule_id!r}.")
            host.firewall.write(found.with_active(bool(active)))


def _winrm(profile: Profile, given: dict[str, Any]) -> WinRMSettings:
    """WinRM 2.0 has smaller quotas ("Installation and configuration for Windows Remote Management", default values)."""
    quotas: dict[str, Any] = {}
    if profile.version[:2] == (6, 1):
        quotas = {"max_envelope_kb": 150, "max_shells_per_user": 5, "max_operations_per_user": 15}
    https = given.get("https", "")
    return WinRMSettings(**{**quotas, **given, "https": SERVER_STATES[0] if https is True else https or ""})


def _faults(given: dict[str, Any]) -> faults.Faults:
    inject = tuple(faults.injection(item) for item in given.get("inject") or ())
    return faults.Faults(**{**given, "inject": inject})


def _update(item: Any) -> Update:
    if isinstance(item, str):
        return Update(item)
    return Update(
        str(item["id"]),
        str(item.get("description", "Security Update")),
        str(item.get("installed_on", "")),
        str(item.get("state", "installed")),
        item.get("ubr"),
    )


def _path(host: Host, name: str) -> str:
    if name == _RDP_KEY:
        return host.remote_desktop.key_file(certificates.RDP_CONTAINER)
    return _SHORT_PATHS.get(name, name)


def _ace(path: Path, text: str) -> Ace:
    """`S-1-5-20:R`, `deny S-1-1-0:F`, `S-1-5-18:0x1f01ff`, with `:OI,CI` flags as a third part."""
    deny = text.startswith("deny ")
    parts = text.removeprefix("deny ").split(":")
    if len(parts) not in (2, 3) or not parts[0].startswith("S-1-"):
        raise ScenarioError(f"{path.name}: files: {text!r} is not SID:rights.")
    mask = _RIGHTS.get(parts[1]) or (int(parts[1], 16) if parts[1].startswith("0x") else None)
    if mask is None:
        raise ScenarioError(f"{path.name}: files: {parts[1]!r} is not one of {', '.join(_RIGHTS)} or a 0x mask.")
    flags = sum(
        {"OI": 1, "CI": 2, "NP": 4, "IO": 8}.get(flag, 0) for flag in (parts[2].split(",") if parts[2:] else ())
    )
    return Ace(parts[0], mask, DENY if deny else ALLOW, flags)


def _certificate(host: Host, wanted: dict[str, str]) -> None:
    desktop = host.remote_desktop
    key_path = desktop.key_file(certificates.RDP_CONTAINER)
    state = wanted.get("self_signed", "valid")
    if state != "valid":
        old = desktop.self_signed()
        entry = host.files.find(key_path)
        if old is not None:
            host.registry.delete_key(certificates.store_path(certificates.REMOTE_DESKTOP, old.thumbprint))
        if state == "expired" and entry is not None:
            host.install_self_signed(entry.content, host.now() - dt.timedelta(days=certificates.SELF_SIGNED_DAYS + 20))
        elif state == "missing":
            host.registry.delete_value(WINSTATIONS, "SelfSignedCertificate")
    if wanted.get("key") == "missing":
        host.files.remove(key_path)
    elif wanted.get("key") == "unreadable":
        _without_network_service(host, key_path)
    _bound(host, wanted.get("bound", "none"), cng=wanted.get("bound_key") == "ec")


def _without_network_service(host: Host, path: str) -> None:
    entry = host.files.find(path)
    if entry is not None:
        dacl = tuple(ace for ace in entry.security.dacl or () if ace.sid != NETWORK_SERVICE)
        host.files.set_security(path, replace(entry.security, dacl=dacl))


def _bound(host: Host, state: str, *, cng: bool) -> None:
    if state == "none":
        return
    key = certificates.KEYS.take(kind=certificates.EC if cng else certificates.RSA)
    days = -400 if state == "expired" else -10
    der = certificates.self_signed(host.fqdn, key, host.now() + dt.timedelta(days=days), 365)
    if state == "stale":
        thumb = certificates.thumbprint(der)
    else:
        thumb = certificates.add(host.registry, certificates.MY, der, _BOUND_CONTAINER, cng=cng)
        path = host.remote_desktop.key_file(_BOUND_CONTAINER, cng=cng)
        if state != "key_missing":
            host.files.put(rdp_key_entry(path, key))
        if state == "key_unreadable":
            _without_network_service(host, path)
    host.registry.set(RDP_TCP, "SSLCertificateSHA1Hash", REG_BINARY, bytes.fromhex(thumb))


def load(path: Path) -> Scenario:
    """One scenario, checked."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: the file cannot be read as YAML.") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{path.name}: the file must be a mapping.")
    check(path, data)
    return Scenario(path, data)


def load_folder(folder: Path) -> list[Scenario]:
    """Every `*.yml` of a folder in the order of names."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ScenarioError(f"{folder}: there is no scenario file (*.yml).")
    found = [load(path) for path in files]
    names = [scenario.hostname.lower() for scenario in found]
    for scenario in found:
        if names.count(scenario.hostname.lower()) > 1:
            raise ScenarioError(f"{scenario.path.name}: another scenario is named {scenario.hostname!r} too.")
    return found


def check(path: Path, data: dict[str, Any]) -> None:
    """Raise ScenarioError for the first mistake."""

    def wrong(text: str) -> ScenarioError:
        return ScenarioError(f"{path.name}: {text}.")

    def only(where: str, given: Any, known: Iterable[str]) -> None:
        known = sorted(known)
        if not isinstance(given, dict):
            raise wrong(f"{where} must be a mapping")
        for key in given:
            if key not in known:
                raise wrong(f"{where} has an unknown key {key!r}; known are {', '.join(known)}")

    only("the file", data, _TOP)
    for name in ("hostname", "windows"):
        if not data.get(name):
            raise wrong(f"{name} is missing")
    if len(str(data["hostname"])) > 15:
        raise wrong("hostname is longer than the 15 characters of a NetBIOS name")
    try:
        load_profile(str(data["windows"]))
    except ValueError as error:
        raise wrong(f"windows: {error}") from error
    try:
        load_language(data.get("language", ENGLISH))
    except ValueError as error:
        raise wrong(f"language: {error}") from error
    if data.get("network_profile", "Private") not in PROFILE_BITS:
        raise wrong(f"network_profile must be one of {', '.join(PROFILE_BITS)}")
    only("winrm", data.get("winrm") or {}, (field.name for field in fields(WinRMSettings)))
    https = (data.get("winrm") or {}).get("https", False)
    if https not in (True, False, *SERVER_STATES):
        raise wrong(f"winrm.https must be true, false or one of {', '.join(SERVER_STATES)}")
    if (data.get("winrm") or {}).get("cbt", "relaxed") not in CBT_LEVELS:
        raise wrong(f"winrm.cbt must be one of {', '.join(CBT_LEVELS)}")
    only("connection", data.get("connection") or {}, CONNECTION)
    for key, value in (data.get("connection") or {}).items():
        if value not in CONNECTION[key]:
            raise wrong(f"connection.{key} must be one of {', '.join(CONNECTION[key])}")
    if (data.get("connection") or {}).get("scheme") == "https" and not https:
        raise wrong("connection.scheme is https and winrm.https is not set")
    only("faults", data.get("faults") or {}, (field.name for field in fields(faults.Faults)))
    for item in (data.get("faults") or {}).get("inject") or ():
        try:
            faults.injection(item)
        except ValueError as error:
            raise wrong(f"faults.inject: {error}") from error
    only("certificate", data.get("certificate") or {}, _CERTIFICATE)
    only("firewall", data.get("firewall") or {}, ("groups", "rules"))
    for key, value in (data.get("certificate") or {}).items():
        if value not in _CERTIFICATE[key]:
            raise wrong(f"certificate.{key} must be one of {', '.join(_CERTIFICATE[key])}")
    for name, wanted in (data.get("services") or {}).items():
        only(f"services.{name}", wanted, ("start", "state", "stuck", *outside.SERVICE_KEYS))
        outside.check_service(f"services.{name}", wanted, only, wrong)
        if wanted.get("start", "manual") not in START_VALUES:
            raise wrong(f"services.{name}.start must be automatic, manual or disabled")
        if wanted.get("state", "running") not in ("running", "stopped"):
            raise wrong(f"services.{name}.state must be running or stopped")
    for name, wanted in (data.get("files") or {}).items():
        only(f"files.{name}", wanted, ("missing", "owner", "acl", "locked", "directory", "size", "text", "stale_keys"))
    for item in data.get("users") or ():
        only("users", item, ("name", "password", "admin", "remote_desktop", "disabled"))
        if not item.get("name") or not item.get("password"):
            raise wrong("every user needs a name and a password")
    minute = data.get("task_minute", 0.5)
    if not isinstance(minute, (int, float)) or minute < 0:
        raise wrong("task_minute must be a number of seconds that is not negative")
    if not isinstance(data.get("clock_skew", 0), (int, float)):
        raise wrong("clock_skew must be a number of seconds")
    if data.get("users") and not any(item.get("admin") for item in data["users"]):
        raise wrong("no user has admin: true")
    for item in data.get("sessions") or ():
        only("sessions", item, ("user", "state", "remote", "client"))
    for item in data.get("updates") or ():
        if not isinstance(item, str):
            only("updates", item, ("id", "description", "installed_on", "state", "ubr"))
            if item.get("state", "installed") not in packages.STATES:
                raise wrong(f"updates: state must be one of {', '.join(packages.STATES)}")
    for key in (*(data.get("registry") or {}), *(data.get("since_boot") or {}), *(data.get("open_keys") or ())):
        if str(key).partition("\\")[0].lower() not in ("hklm", HKLM.lower(), "hku", "hkcu", "hkcr", "hkcc"):
            raise wrong(f"registry: {key!r} does not begin with a root key such as HKLM")
    estate.check(data, load_profile(str(data["windows"])), only, wrong)
    outside.check(data, only, wrong)
    try:
        past.check(data.get("events") or ())
    except ValueError as error:
        raise wrong(f"events: {error}") from error
    if "reg_file" in data and not (path.parent / str(data["reg_file"])).is_file():
        raise wrong(f"reg_file: {data['reg_file']!r} does not exist")
