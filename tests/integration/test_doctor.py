# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rdp_doctor run as a user runs it: hosts that are well over every connection, and hosts that are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.connections import CONNECTIONS, Connection, connected
from tests.integration.fleet import Fleet
from tests.integration.run import Run, ansible
from tests.lab.scenario import DEFAULT_PASSWORD

DOCTOR = "winops.rdp.rdp_doctor"
WRONG = "canary-wrong-Passw0rd"
CLERK = {"name": "clerk", "password": "lab-Clerk1", "admin": False}
ADMIN = {"name": "ansible", "password": DEFAULT_PASSWORD, "admin": True}
# What http.sys says for a service that has the URL and does not run.
STOPPED = {"fault": "http_status", "code": 503, "times": 0}
NTLM = {"ansible_winrm_message_encryption": "auto"}


def sick(name: str, scheme: str = "http", transport: str = "ntlm", **others: Any) -> Connection:
    return Connection(name, "winrm", scheme, transport, **others)


# The host, then its first check that fails, a part of what to do, and whether its password was sent.
SICK: list[tuple[Connection, str, str, bool]] = [
    (sick("PASSWORD", variables={"ansible_password": WRONG}), "service.logon", "Check the user, the password", True),
    (sick("DEAD", variables={"ansible_host": "127.48.200.200"}), "network.tcp", "winrm quickconfig", False),
    (sick("UNKNOWN", variables={"ansible_host": "unknown.invalid"}), "network.name", "Correct ansible_host", False),
    (sick("SSH", variables={"ansible_connection": "ssh"}), "connection.plugin", "to winrm or psrp", False),
    (sick("PORT", variables={"ansible_port": 5986}), "network.tcp", "Set ansible_port to 5985", False),
    (sick("SCHEME", "https", variables={"ansible_winrm_scheme": "http"}), "network.service", "to https.", False),
    (sick("PATH", variables={"ansible_winrm_path": "/x"}), "network.service", "ansible_winrm_path to wsman", False),
    (
        sick("BASIC", variables={"ansible_winrm_transport": "basic", **NTLM}),
        "network.authentication",
        "Set ansible_winrm_transport to ntlm.",
        False,
    ),
    # Offered, and refused over http: what looked wrong before is what to mend.
    (sick("CLEAR", transport="basic"), "service.logon", "Set ansible_winrm_transport to ntlm or kerberos", True),
    (sick("STOPPED", host={"faults": {"inject": [STOPPED]}}), "network.service", "Start WinRM", False),
    (sick("NOPASS", variables={"ansible_password": None}), "connection.credentials", "Set ansible_password", False),
    (sick("SELF", "https", winrm={"https": "self_signed"}, validation="default"), "network.certificate", "CA", False),
    (sick("EXPIRED", "https", winrm={"https": "expired"}), "network.certificate", "a new certificate", False),
    (sick("NAME", "https", winrm={"https": "wrong_name"}), "network.certificate", "Set ansible_host to a name", False),
    (
        sick(
            "CLERK",
            host={"users": [ADMIN, CLERK]},
            variables={"ansible_user": "clerk", "ansible_password": "lab-Clerk1"},
        ),
        "service.wmi",
        "local administrator",
        True,
    ),
]


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Run]]:
    work = tmp_path_factory.mktemp("well")
    with connected(CONNECTIONS, work, "127.48.0.0", ticket=DEFAULT_PASSWORD) as fleet:
        yield fleet, ansible(fleet.inventory, "all", DOCTOR, {"timeout": 60}, "-vvvvv", "--forks", "8")


@pytest.fixture(scope="module")
def unwell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fleet, Run]]:
    work = tmp_path_factory.mktemp("unwell")
    with connected([each[0] for each in SICK], work, "127.48.1.0") as fleet:
        yield fleet, ansible(fleet.inventory, "all", DOCTOR, {"timeout": 60}, "-vvvvv", "--check", "--forks", "8")


def result_of(run: Run, host: str) -> dict[str, Any]:
    found = run.of(host)
    assert found["outcome"] == "ok", found
    assert not found["result"]["changed"]
    result: dict[str, Any] = found["result"]
    for check in result["checks"]:
        assert check["text"].endswith("."), check
        assert bool(check["todo"]) is (check["status"] in ("failed", "warning")), check
    return result


@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda each: each.name)
def test_a_host_that_is_well_over_every_connection(well: tuple[Fleet, Run], connection: Connection) -> None:
    if connection.lacks:
        pytest.skip(connection.lacks)
    fleet, run = well
    result = result_of(run, connection.name)
    assert [check for check in result["checks"] if check["status"] in ("failed", "warning")] == []
    assert result["msg"].startswith("All is well")
    found = result["connection"]
    assert (found["plugin"], found["scheme"]) == (connection.plugin, connection.scheme)
    assert found["methods"] == [connection.transport]
    assert (result["controller"]["kerberos"] is not None) is (connection.transport == "kerberos")
    assert result["service"]["windows"] == "Microsoft Windows Server 2022 Standard 10.0.20348"
    assert result["service"]["limits"]["max_operations_per_user"] == 1500
    assert result["service"]["remote_shell"] is True
    assert (result["network"]["tls"] is not None) is (connection.scheme == "https")
    assert fleet.shells(connection.name) == 0
    assert fleet.writes(connection.name) == []


def test_a_ticket_is_told_with_its_owner(well: tuple[Fleet, Run]) -> None:
    (connection,) = [each for each in CONNECTIONS if each.name == "P-KERB-TICKET"]
    if connection.lacks:
        pytest.skip(connection.lacks)
    kerberos = result_of(well[1], connection.name)["controller"]["kerberos"]
    assert (kerberos["ticket"], kerberos["managed"]) == ("valid", False)
    assert kerberos["principal"].startswith("ansible@")


def test_without_a_ticket_kinit_is_the_thing_to_do(tmp_path: Path) -> None:
    (connection,) = [each for each in CONNECTIONS if each.name == "P-KERB-TICKET"]
    if connection.lacks:
        pytest.skip(connection.lacks)
    with connected([connection], tmp_path, "127.48.3.0") as fleet:
        result = result_of(ansible(fleet.inventory, "all", DOCTOR, {"timeout": 60}), connection.name)
    assert result["controller"]["kerberos"]["ticket"] == "none"
    (failed,) = [check for check in result["checks"] if check["status"] == "failed"]
    assert failed["name"] == "service.logon"
    assert failed["todo"].startswith("Run kinit ansible@")


@pytest.mark.parametrize(("connection", "name", "todo", "tried"), SICK, ids=[each[0].name for each in SICK])
def test_a_host_that_is_not_well(
    unwell: tuple[Fleet, Run], connection: Connection, name: str, todo: str, tried: bool
) -> None:
    result = result_of(unwell[1], connection.name)
    failed = [check for check in result["checks"] if check["status"] == "failed"]
    assert failed, result["checks"]
    assert failed[0]["name"] == name
    assert todo in failed[0]["todo"]
    assert result["msg"].startswith(f"{failed[0]['text']} {failed[0]['todo']}")
    logon = [check["status"] for check in result["checks"] if check["name"] == "service.logon"]
    if name != "network.certificate":
        assert logon == (["skipped"] if not tried else ["ok"] if name == "service.wmi" else ["failed"])
    assert (result["service"] is not None) is (name == "service.wmi")


def test_no_secret_is_told_at_any_verbosity(well: tuple[Fleet, Run], unwell: tuple[Fleet, Run]) -> None:
    for _fleet, run in (well, unwell):
        assert "Traceback" not in run.output
        told = run.output + repr(run.results)
        assert len(told) > 100_000
        assert [secret for secret in (DEFAULT_PASSWORD, WRONG, "lab-Clerk1") if secret in told] == []


def test_old_limits_and_forbidden_shells_are_told_and_no_failure(tmp_path: Path) -> None:
    hosts = [
        Connection("OLD", "winrm", "http", "ntlm", host={"windows": "7sp1"}),
        Connection("NOSHELL", "psrp", "http", "ntlm", winrm={"max_shells_per_user": 0}),
    ]
    with connected(hosts, tmp_path, "127.48.2.0") as fleet:
        run = ansible(fleet.inventory, "all", DOCTOR, {})
    old, without = (result_of(run, each.name) for each in hosts)
    assert old["service"]["limits"]["max_operations_per_user"] == 15
    assert old["msg"].startswith("All is well")
    shell = next(check for check in without["checks"] if check["name"] == "service.shell")
    assert (shell["status"], "not allowed" in shell["text"]) == ("ok", True)


@pytest.mark.parametrize(("plugin", "module", "package"), [("winrm", "winrm", "pywinrm"), ("psrp", "pypsrp", "pypsrp")])
def test_a_missing_package_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin: str, module: str, package: str
) -> None:
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / f"{module}.py").write_text(f"raise ImportError('No module named {module}')\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    inventory = tmp_path / "inventory.yml"
    variables = {
        "ansible_connection": plugin,
        "ansible_host": "127.0.0.1",
        "ansible_user": "a",
        "ansible_password": WRONG,
    }
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"HOST": variables}}}), encoding="utf-8")
    run = ansible(inventory, "HOST", DOCTOR, {"timeout": 20})
    assert "Traceback" not in run.output
    failed = [check for check in result_of(run, "HOST")["checks"] if check["status"] == "failed"]
    assert failed[0]["name"] == f"controller.{package}"
    assert "pip install" in failed[0]["todo"]
    assert WRONG not in run.output + repr(run.results)
