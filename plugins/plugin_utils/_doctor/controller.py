# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The controller: versions and Python packages, as far as the connection in force needs them."""

from __future__ import annotations

import importlib
import json
import platform
import re
import ssl
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import yaml
from ansible.release import __version__ as ansible_version

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import (
    Check,
    Connection,
    Package,
    failed,
    ok,
    warning,
)

_COLLECTION = Path(__file__).parents[3]
_LEAST_PYTHON = (3, 10)
# meta/runtime.yml; 2.17 is end of life and not fixed for CVE-2026-11332.
_LEAST_CORE, _NEWEST_CORE, _REFUSED_CORE = (2, 16), (2, 21), (2, 17)


class Need(NamedTuple):
    """A Python package: its distribution, the module that it brings, the oldest version that will do."""

    name: str
    module: str
    least: str
    install: str  # what pip is to be given


# The least versions are those of requirements.txt, and those that pywinrm 0.5.0 and pypsrp 0.9.1 ask for themselves.
_DEFUSEDXML = Need("defusedxml", "defusedxml", "0.7.1", "defusedxml>=0.7.1")
_WINRM = (
    Need("pywinrm", "winrm", "0.5.0", "pywinrm>=0.5.0"),
    Need("requests", "requests", "2.9.1", "pywinrm>=0.5.0"),
    Need("xmltodict", "xmltodict", "", "pywinrm>=0.5.0"),
)
_PSRP = (
    Need("pypsrp", "pypsrp", "0.8.1", "pypsrp>=0.8.1"),
    Need("requests", "requests", "2.27.0", "pypsrp>=0.8.1"),
    Need("pyspnego", "spnego", "0.7.0", "pypsrp>=0.8.1"),
    Need("cryptography", "cryptography", "3.1", "pypsrp>=0.8.1"),
)
_GSSAPI = (
    Need("gssapi", "gssapi", "1.6.0", "'pypsrp[kerberos]'"),
    Need("krb5", "krb5", "0.3.0", "'pypsrp[kerberos]'"),
)
_OF_METHOD = {
    ("winrm", "ntlm"): (
        Need("requests-ntlm", "requests_ntlm", "1.1.0", "pywinrm>=0.5.0"),
        Need("pyspnego", "spnego", "0.4.0", "pywinrm>=0.5.0"),
        Need("cryptography", "cryptography", "1.3", "pywinrm>=0.5.0"),
    ),
    ("winrm", "kerberos"): (Need("pykerberos", "kerberos", "1.2.1", "'pywinrm[kerberos]'"),),
    ("winrm", "credssp"): (
        Need("requests-credssp", "requests_credssp", "1.0.0", "'pywinrm[credssp]'"),
        Need("pyspnego", "spnego", "0.5.0", "'pywinrm[credssp]'"),
        Need("cryptography", "cryptography", "1.3", "'pywinrm[credssp]'"),
    ),
    ("psrp", "kerberos"): _GSSAPI,
    ("psrp", "credssp"): (Need("requests-credssp", "requests_credssp", "2.0.0", "'pypsrp[credssp]'"),),
}


def needs(options: Connection) -> list[Need]:
    """The packages that a connection needs, each once, with the strictest demand."""
    wanted: dict[str, Need] = {}
    of_plugin = {"winrm": _WINRM, "psrp": _PSRP}.get(options["plugin"], ())
    for need in (*of_plugin, *_of_methods(options), _DEFUSEDXML):
        known = wanted.get(need.name)
        if known is None or numbers(known.least) < numbers(need.least):
            wanted[need.name] = need
    return list(wanted.values())


def _of_methods(options: Connection) -> list[Need]:
    return [need for method in options["methods"] for need in _OF_METHOD.get((options["plugin"], method), ())]


def look_for(need: Need) -> Package:
    """Whether a package is there, new enough and whole."""
    package = Package(name=need.name, version="", least=need.least, state="present", reason="")
    try:
        package["version"] = metadata.version(need.name)
    except metadata.PackageNotFoundError:
        if find_spec(need.module) is None:
            package["state"] = "missing"
            return package
    if package["version"] and numbers(package["version"]) < numbers(need.least):
        package["state"] = "too_old"
        return package
    try:
        importlib.import_module(need.module)
    except (ImportError, OSError) as error:  # OSError: a C library that it needs
        package["state"], package["reason"] = "broken", " ".join(str(error).split())
    return package


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "ansible_core": ansible_version,
        "collection": _collection_version(),
        "openssl": ssl.OPENSSL_VERSION,
    }


def judge_versions(python: str, core: str) -> list[Check]:
    return [_python(python), _core(core)]


def judge_package(options: Connection, need: Need, package: Package) -> Check:
    name = f"controller.{need.name.replace('-', '_')}"
    state, version = package["state"], package["version"] or "of unknown version"
    if state == "present":
        return ok(name, f"{need.name} is {version}.")
    text = {
        "missing": f"The connection needs the Python package {need.name}, which is not installed.",
        "too_old": f"{need.name} {version} is older than {need.least}.",
        "broken": f"{need.name} {version} is there and cannot be imported ({package['reason']}).",
    }[state]
    # Of several methods the connection takes one that works.
    spare = len(options["methods"]) > 1 and need.name in {each.name for each in _of_methods(options)}
    todo = f"On the controller, run: python3 -m pip install --upgrade {need.install}, with the Python of Ansible."
    return (warning if spare else failed)(name, text, todo)


def numbers(version: str) -> tuple[int, ...]:
    """1.2.0rc1 as (1, 2, 0); enough to tell what is older."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def _python(version: str) -> Check:
    name = "controller.python"
    if numbers(version) < _LEAST_PYTHON:
        return failed(
            name,
            f"Python {version} is older than 3.10, which the collection needs on the controller.",
            "Install Ansible with Python 3.10 or newer.",
        )
    return ok(name, f"Python is {version}.")


def _core(version: str) -> Check:
    name, found = "controller.ansible_core", numbers(version)[:2]
    if found < _LEAST_CORE or found == _REFUSED_CORE:
        return failed(
            name,
            f"ansible-core {version} is not supported.",
            "Install ansible-core 2.16, or one from 2.18 to 2.21.",
        )
    if found > _NEWEST_CORE:
        return warning(
            name,
            f"ansible-core {version} is newer than any that this version of the collection was tested with.",
            "Look for a newer version of the collection.",
        )
    return ok(name, f"ansible-core is {version}.")


def _collection_version() -> str:
    """From the manifest that an installed collection has, or the galaxy.yml of a checkout."""
    manifest, galaxy = _COLLECTION / "MANIFEST.json", _COLLECTION / "galaxy.yml"
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    return str(yaml.safe_load(galaxy.read_text(encoding="utf-8"))["version"]) if galaxy.exists() else ""
