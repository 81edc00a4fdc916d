# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's side of rdp_doctor: versions, packages and Kerberos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._doctor import controller, kerberos, options
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.controller import Need
from ansible_collections.winops.rdp.plugins.plugin_utils._doctor.schema import Connection, Kerberos, Package


def connection(plugin: str = "winrm", *methods: str, **others: Any) -> Connection:
    found = options._nothing(plugin)
    found["methods"] = list(methods) or ["ntlm"]
    found.update(others)  # type: ignore[typeddict-item]
    return found


@pytest.mark.parametrize(
    ("python", "core", "statuses"),
    [
        ("3.11.7", "2.16.0", ["ok", "ok"]),
        ("3.10.0", "2.18.19", ["ok", "ok"]),
        ("3.14.1", "2.21.5", ["ok", "ok"]),
        ("3.9.2", "2.15.13", ["failed", "failed"]),
        ("3.12.0", "2.17.14", ["ok", "failed"]),
        ("3.12.0", "2.22.0b1", ["ok", "warning"]),
        ("3.13.0", "3.0.0", ["ok", "warning"]),
    ],
)
def test_versions(python: str, core: str, statuses: list[str]) -> None:
    assert [check["status"] for check in controller.judge_versions(python, core)] == statuses


def test_the_versions_here_are_told() -> None:
    found = controller.versions()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["collection"] == "1.0.0"
    assert "OpenSSL" in found["openssl"]
    assert controller.numbers(found["ansible_core"]) >= (2, 16)


@pytest.mark.parametrize(
    ("plugin", "methods", "wanted", "unwanted"),
    [
        ("winrm", ["ntlm"], {"pywinrm", "requests-ntlm", "defusedxml"}, {"pypsrp", "pykerberos", "requests-credssp"}),
        ("winrm", ["basic"], {"pywinrm", "requests", "xmltodict", "defusedxml"}, {"requests-ntlm", "pyspnego"}),
        ("winrm", ["kerberos"], {"pykerberos"}, {"gssapi", "requests-ntlm"}),
        ("winrm", ["kerberos", "credssp"], {"pykerberos", "requests-credssp"}, {"gssapi"}),
        ("psrp", ["kerberos"], {"pypsrp", "pyspnego", "gssapi", "krb5"}, {"pykerberos", "pywinrm"}),
        ("psrp", ["negotiate"], {"pypsrp", "pyspnego"}, {"gssapi", "requests-credssp"}),
        ("ssh", ["ntlm"], {"defusedxml"}, {"pywinrm", "pypsrp"}),
    ],
)
def test_packages_are_those_of_the_connection(
    plugin: str, methods: list[str], wanted: set[str], unwanted: set[str]
) -> None:
    needs = controller.needs(connection(plugin, *methods))
    names = [need.name for need in needs]
    assert wanted <= set(names)
    assert unwanted.isdisjoint(names)
    assert len(names) == len(set(names))


def test_the_strictest_demand_counts() -> None:
    (need,) = [each for each in controller.needs(connection("psrp", "credssp")) if each.name == "pyspnego"]
    assert need.least == "0.7.0"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages as pip leaves them."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, version: str, code: str) -> None:
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")


@pytest.mark.parametrize(
    ("version", "code", "state", "status"),
    [
        ("1.2.0", "", "present", "ok"),
        ("1.10.0", "", "present", "ok"),
        ("1.1.9", "", "too_old", "failed"),
        ("1.2.0", "raise ImportError('libkrb5.so.3: cannot open')", "broken", "failed"),
        ("1.2.0", "import ctypes; ctypes.CDLL('libnothing.so')", "broken", "failed"),
    ],
)
def test_a_package_that_is_there(packages: Path, version: str, code: str, state: str, status: str) -> None:
    name = f"doctorpatient{abs(hash((version, code))):x}"
    install(packages, name, version, code)
    need = Need(name, name, "1.2.0", f"{name}>=1.2.0")
    package = controller.look_for(need)
    assert (package["state"], package["version"]) == (state, version)
    check = controller.judge_package(connection(), need, package)
    assert check["status"] == status
    assert bool(check["todo"]) is (status == "failed")
    assert package["reason"] in check["text"]


def test_a_package_that_is_missing_or_does_not_tell(packages: Path) -> None:
    need = Need("doctor-stranger", "doctor_stranger", "1.0", "doctor-stranger")
    package = controller.look_for(need)
    assert package["state"] == "missing"
    check = controller.judge_package(connection(), need, package)
    assert check["name"] == "controller.doctor_stranger"
    assert "pip install --upgrade doctor-stranger" in check["todo"]
    (packages / "doctor_stranger.py").write_text("", encoding="utf-8")
    assert controller.look_for(need)["state"] == "present"


@pytest.mark.parametrize(
    ("methods", "name", "status"),
    [
        (["kerberos"], "pykerberos", "failed"),
        (["kerberos", "ntlm"], "pykerberos", "warning"),
        (["kerberos", "ntlm"], "pywinrm", "failed"),
    ],
)
def test_what_one_of_several_methods_lacks_is_no_failure(methods: list[str], name: str, status: str) -> None:
    asked = connection("winrm", *methods)
    (need,) = [each for each in controller.needs(asked) if each.name == name]
    package = Package(name=name, version="", least=need.least, state="missing", reason="")
    assert controller.judge_package(asked, need, package)["status"] == status


# -- Kerberos --------------------------------------------------------------------------------------------------------

USER = "ansible@EXAMPLE.COM"


def look(options_: Connection, environment: dict[str, str]) -> tuple[Kerberos, dict[str, str]]:
    found = kerberos.look(options_, environment, 5.0)
    return found, {check["name"]: check["status"] for check in kerberos.judge(options_, found, environment)}


@pytest.mark.parametrize(
    ("text", "realm"),
    [
        ("[libdefaults]\n  default_realm = EXAMPLE.COM\n", "EXAMPLE.COM"),
        ("[libdefaults]\n# default_realm = NO\n[realms]\n default_realm = NO\n", ""),
        ("", ""),
    ],
)
def test_the_default_realm(tmp_path: Path, text: str, realm: str) -> None:
    (tmp_path / "krb5.conf").write_text(text, encoding="utf-8")
    environment = {"KRB5_CONFIG": f"/nonexistent:{tmp_path / 'krb5.conf'}"}
    found, statuses = look(connection("psrp", "kerberos", user="ansible", kerberos_mode="managed"), environment)
    assert found["default_realm"] == realm
    assert found["configuration"] == [str(tmp_path / "krb5.conf")]
    assert statuses == {"kerberos.configuration": "ok" if realm else "warning"}


def test_the_default_realm_of_an_included_file(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "realm.conf").write_text("[libdefaults]\ndefault_realm = IN.CLUDED\n", encoding="utf-8")
    (tmp_path / "krb5.conf").write_text(f"includedir {tmp_path}/d\n[libdefaults]\nrdns = false\n", encoding="utf-8")
    found, _statuses = look(connection("psrp", "kerberos"), {"KRB5_CONFIG": str(tmp_path / "krb5.conf")})
    assert found["default_realm"] == "IN.CLUDED"


def test_no_configuration_at_all() -> None:
    found, statuses = look(connection("psrp", "kerberos", user=USER, kerberos_mode="managed"), {"KRB5_CONFIG": "/no"})
    assert (found["configuration"], found["ticket"]) == ([], "not_needed")
    assert statuses == {"kerberos.configuration": "warning"}


@pytest.mark.parametrize(
    ("kinit", "handed_on", "status"),
    [("sh", ["KRB5_CONFIG"], "ok"), ("sh", [], "warning"), ("no-such-kinit", ["KRB5_CONFIG"], "failed")],
)
def test_kinit_of_the_winrm_connection(tmp_path: Path, kinit: str, handed_on: list[str], status: str) -> None:
    (tmp_path / "krb5.conf").touch()
    asked = connection(
        "winrm", "kerberos", user=USER, kerberos_mode="managed", kinit=kinit, kinit_environment=handed_on
    )
    _found, statuses = look(asked, {"KRB5_CONFIG": str(tmp_path / "krb5.conf")})
    assert statuses["kerberos.kinit"] == status


@pytest.mark.parametrize(
    ("script", "user", "ticket", "status"),
    [
        ("[ \"$1\" = -s ] || echo 'Default principal: ansible@EXAMPLE.COM'", USER, "valid", "ok"),
        ("[ \"$1\" = -s ] || echo 'Default principal: ansible@EXAMPLE.COM'", "ansible", "valid", "ok"),
        ("[ \"$1\" = -s ] || echo '        Principal: ansible@EXAMPLE.COM'", "", "valid", "ok"),
        ("[ \"$1\" = -s ] || echo 'Default principal: other@EXAMPLE.COM'", USER, "valid", "warning"),
        ("exit 1", USER, "none", "warning"),
        ("exec sleep 30", USER, "unknown", "skipped"),
    ],
)
def test_the_ticket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, user: str, ticket: str, status: str
) -> None:
    program = tmp_path / "klist"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    asked = connection("psrp", "kerberos", user=user, kerberos_mode="manual")
    found = kerberos.look(asked, {"KRB5CCNAME": "FILE:/tmp/cache"}, 0.5)
    assert (found["ticket"], found["cache"]) == (ticket, "FILE:/tmp/cache")
    (check,) = [each for each in kerberos.judge(asked, found, {}) if each["name"] == "kerberos.ticket"]
    assert check["status"] == status


def test_without_klist_nothing_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kerberos.look(connection("psrp", "kerberos"), {}, 5.0)["ticket"] == "unknown"
