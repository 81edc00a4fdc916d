# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows versions: what a host of one version is before anything is done to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.lab.model import packages, regfile
from tests.lab.model.event_types import CLASSIC_LOGS, logs_of
from tests.lab.model.firewall import POLICY_ROOT, PROFILE_KEYS, RULES
from tests.lab.model.registry import HKLM, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ, Registry
from tests.lab.model.services import SERVICES_KEY, START_VALUES
from tests.lab.model.tls import CIPHER_LOCAL

FOLDER = Path(__file__).resolve().parent.parent / "profiles"
CURRENT_VERSION = HKLM + "\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
_CHANNELS = HKLM + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WINEVT\\Channels"

_SIGNATURES = ("RSA/SHA256", "RSA/SHA384", "RSA/SHA1", "ECDSA/SHA256", "ECDSA/SHA384", "ECDSA/SHA1", "DSA/SHA1")


@dataclass(frozen=True)
class Profile:
    """One Windows version. `registry` is the tree that its hosts share."""

    id: str
    caption: str
    version: tuple[int, int, int]
    ubr: int
    product_type: int
    sku: int
    edition: str
    service_pack: int
    listener_defaults: dict[str, int]
    schannel_enabled: tuple[str, ...]
    rdp_tls: tuple[str, ...]
    cim_net: bool
    terminal_service_class: bool
    first_reply_single: bool
    typed_errors: bool
    rdp_protocol: str
    services: tuple[dict[str, Any], ...]
    registry: Registry

    @property
    def is_server(self) -> bool:
        return self.product_type != 1

    @property
    def winrm_stack(self) -> str:
        """The version of WinRM that this Windows brings: 2.0 with 6.1, then 3.0."""
        return "2.0" if self.version[:2] == (6, 1) else "3.0"

    @property
    def activity_ids(self) -> bool:
        """Whether replies carry p:ActivityId: recorded on Server 2016, not on older ones."""
        return self.version[0] >= 10


@cache
def load_profile(profile_id: str) -> Profile:
    """A profile from its data file; ValueError when there is none of that name."""
    path = FOLDER / f"{profile_id}.yml"
    if not path.is_file():
        raise ValueError(f"there is no Windows profile {profile_id!r}; known: {', '.join(profile_ids())}")
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    common = yaml.safe_load((FOLDER / "common.yml").read_text(encoding="utf-8"))
    services = tuple(service for service in common["services"] if profile_id not in service.get("not_on", ()))
    return Profile(
        id=profile_id,
        caption=data["caption"],
        version=_version(data),
        ubr=data["ubr"],
        product_type=data["product_type"],
        sku=data["sku"],
        edition=data["edition"],
        service_pack=data.get("service_pack", 0),
        listener_defaults=common["listener_defaults"] | data.get("listener_defaults", {}),
        schannel_enabled=tuple(data["schannel_enabled"]),
        rdp_tls=tuple(data["rdp_tls"]),
        cim_net=data["cim_net"],
        terminal_service_class=data["terminal_service_class"],
        first_reply_single=data["first_reply_single"],
        typed_errors=data["typed_errors"],
        rdp_protocol=data["rdp_protocol"],
        services=services,
        registry=_registry(data, common, services),
    )


def profile_ids() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yml") if path.stem != "common")


def _version(data: dict[str, Any]) -> tuple[int, int, int]:
    major, minor, build = (int(part) for part in str(data["version"]).split("."))
    return major, minor, build


def _suites(registry: Registry, names: list[str], data: dict[str, Any]) -> None:
    """The local cipher suites and signature algorithms, in the shape of recorded exports of Windows 7, 8.1 and 10."""
    registry.set(CIPHER_LOCAL, "", REG_SZ, "NCRYPT_SCHANNEL_INTERFACE")
    registry.set(CIPHER_LOCAL, "Functions", REG_MULTI_SZ, tuple(names))
    signatures: tuple[str, ...] = _SIGNATURES
    if _version(data) >= (10, 0, 0):
        registry.set(CIPHER_LOCAL, "EccCurves", REG_MULTI_SZ, ("curve25519", "NistP256", "NistP384"))
        signatures = (*signatures, "RSA/SHA512", "ECDSA/SHA512")
    key = CIPHER_LOCAL.removesuffix("2") + "3"
    registry.set(key, "", REG_SZ, "NCRYPT_SCHANNEL_SIGNATURE_INTERFACE")
    registry.set(key, "Functions", REG_MULTI_SZ, signatures)


def _registry(data: dict[str, Any], common: dict[str, Any], services: tuple[dict[str, Any], ...]) -> Registry:
    registry = Registry()
    for root in ("HKEY_CLASSES_ROOT", "HKEY_CURRENT_USER", HKLM, "HKEY_USERS", "HKEY_CURRENT_CONFIG"):
        registry.create_key(root)
    for source in (common["registry"], data.get("registry", {})):
        apply_values(registry, source)
    for service in services:
        key = f"{SERVICES_KEY}\\{service['name']}"
        start = service.get("start_on", {}).get(data["id"], service["start"])
        registry.set(key, "Start", REG_DWORD, START_VALUES[start])
        registry.set(key, "ImagePath", REG_EXPAND_SZ, service["path"])
        registry.set(key, "ObjectName", REG_SZ, service["account"])
        registry.set(key, "DisplayName", REG_SZ, service["display"])
        registry.set(key, "Type", REG_DWORD, 0x20)
        if service.get("depends"):
            depends = (*service["depends"], *service.get("drivers", ()))
            registry.set(key, "DependOnService", REG_MULTI_SZ, depends)
        if service.get("dll"):
            registry.set(f"{key}\\Parameters", "ServiceDll", REG_EXPAND_SZ, service["dll"])
            registry.set(f"{key}\\Parameters", "ServiceDllUnloadOnStop", REG_DWORD, 1)
    _suites(registry, common["cipher_lists"][data["cipher_list"]], data)
    packages.fill(registry, _version(data), data["ubr"])
    for name, text in data["firewall_rules"].items():
        registry.set(RULES, name, REG_SZ, data["firewall_version"] + text)
    for key in PROFILE_KEYS.values():
        registry.set(f"{POLICY_ROOT}\\{key}", "EnableFirewall", REG_DWORD, 1)
    for log in logs_of(_version(data)):
        if log not in CLASSIC_LOGS:
            registry.set(f"{_CHANNELS}\\{log}", "Enabled", REG_DWORD, 1)
    version = str(data["version"]).split(".")
    values: dict[str, Any] = {
        "ProductName": data["caption"].removeprefix("Microsoft "),
        "EditionID": data["edition"],
        "CurrentBuild": version[2],
        "CurrentBuildNumber": version[2],
        "CurrentVersion": "6.1" if version[:2] == ["6", "1"] else "6.3",
        "InstallationType": "Client" if data["product_type"] == 1 else "Server",
    }
    if data.get("display_version"):
        values["DisplayVersion"] = data["display_version"]
    for name, text in values.items():
        registry.set(CURRENT_VERSION, name, REG_SZ, text)
    if version[0] == "10":
        registry.set(CURRENT_VERSION, "UBR", REG_DWORD, data["ubr"])
        registry.set(CURRENT_VERSION, "CurrentMajorVersionNumber", REG_DWORD, 10)
        registry.set(CURRENT_VERSION, "CurrentMinorVersionNumber", REG_DWORD, 0)
    return registry


def apply_values(registry: Registry, source: dict[str, dict[str, Any] | None]) -> None:
    """Keys with their values, as scenario and profile files write them: a number is a DWORD, a list a MULTI_SZ, other
    text a string, or data in the notation of .reg files (`hex:..`, `hex(2):..`, `hex(7):..`, `hex(b):..`, `dword:..`);
    `expand:` before text makes an EXPAND_SZ; a value of null is deleted, and so is a key of null."""
    for path, values in source.items():
        if values is None:
            if registry.find(path) is not None:
                registry.delete_tree(path)
            continue
        registry.create_key(path)
        for name, raw in values.items():
            value_name = "" if name == "@" else str(name)
            if raw is None:
                if registry.get(path, value_name) is not None:
                    registry.delete_value(path, value_name)
            elif isinstance(raw, bool):
                registry.set(path, value_name, REG_DWORD, int(raw))
            elif isinstance(raw, int):
                registry.set(path, value_name, REG_DWORD, raw & 0xFFFFFFFF)
            elif isinstance(raw, list):
                registry.set(path, value_name, REG_MULTI_SZ, tuple(str(part) for part in raw))
            elif str(raw).startswith("expand:"):
                registry.set(path, value_name, REG_EXPAND_SZ, str(raw)[len("expand:") :])
            elif str(raw).startswith(("hex:", "hex(", "dword:")):
                registry.set(path, value_name, *regfile.parse_data(str(raw)))
            else:
                registry.set(path, value_name, REG_SZ, str(raw))
