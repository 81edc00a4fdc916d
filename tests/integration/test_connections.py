# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection over every connection that an Ansible user can set, and what a user reads when one does not work.

Starting Ansible costs more than a host does: each run goes over all hosts, and the tests look at its results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.connections import (
    CONNECTIONS,
    DOMAIN,
    Connection,
    connected,
    use_client_certificate,
)
from tests.integration.fleet import Fleet
from tests.integration.run import Run, ansible, playbook
from tests.lab.scenario import DEFAULT_PASSWORD

TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
RDP_OFF: dict[str, Any] = {"registry": {TERMINAL_SERVER: {"fDenyTSConnections": 1}}}
# Its repair runs commands in a remote shell, so each way to wrap messages, in each plugin, has a host with it, which
# is fixed; what else a fix does to a host, a change does too.
KEY_UNREADABLE: dict[str, Any] = {"certificate": {"key": "unreadable"}}
WITH_SHELL = ("W-NTLM", "W-BASIC-S", "W-KERB", "W-CREDSSP", "P-NTLM", "P-CERT-S", "P-KERB", "P-CREDSSP")
BROKEN = [replace(each, host=KEY_UNREADABLE if each.name in WITH_SHELL else RDP_OFF) for each in CONNECTIONS]
TASKS = [
    {"name": "Facts", "winops.rdp.rdp_facts": {"gather_subset": ["listener", "services"]}},
    {"name": "Announce", "winops.rdp.rdp_service": {"name": "SessionEnv", "start_mode": "auto"}, "check_mode": True},
    {"name": "Change", "winops.rdp.rdp_service": {"name": "SessionEnv", "start_mode": "auto"}},
    {"name": "Again", "winops.rdp.rdp_service": {"name": "SessionEnv", "start_mode": "auto"}},
]


@dataclass
class Seen:
    """A run, and what the lab had counted for each host when it was over."""

    run: Run
    shells: dict[str, int] = field(default_factory=dict)
    writes: dict[str, list[Any]] = field(default_factory=dict)

    def of(self, host: str, task: str) -> dict[str, Any]:
        found = [each for each in self.run.results if (each["host"], each["task"]) == (host, task)]
        assert found, f"{task} has no result on {host} in:\n{self.run.output}"
        assert found[-1]["outcome"] == "ok", found[-1]["result"]
        result: dict[str, Any] = found[-1]["result"]
        return result


def seen(fleet: Fleet, run: Run) -> Seen:
    hosts = fleet.lab.hosts
    return Seen(run, {host: fleet.shells(host) for host in hosts}, {host: fleet.writes(host) for host in hosts})


def usable(connection: Connection) -> str:
    """The name of its host; the test is skipped where this machine lacks what it takes."""
    if connection.lacks:
        pytest.skip(connection.lacks)
    return connection.name


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("connections")


@pytest.fixture(scope="module")
def hosts(work: Path) -> Iterator[Fleet]:
    with connected(BROKEN, work / "hosts", "127.71.0.0", ticket=DEFAULT_PASSWORD) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def diagnosed(hosts: Fleet) -> Seen:
    return seen(hosts, playbook(hosts.inventory, "playbooks/diagnose_rdp.yml", "--forks", "8"))


@pytest.fixture(scope="module")
def changed(hosts: Fleet, diagnosed: Seen, work: Path) -> Seen:
    path = work / "tasks.yml"
    path.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": TASKS}]), encoding="utf-8")
    return seen(hosts, playbook(hosts.inventory, str(path), "--forks", "8"))


@pytest.fixture(scope="module")
def fixed(hosts: Fleet, changed: Seen) -> Seen:
    return seen(hosts, playbook(hosts.inventory, "playbooks/fix_rdp.yml", "--forks", "8", rdp_hosts=list(WITH_SHELL)))


EACH = pytest.mark.parametrize("connection", BROKEN, ids=lambda each: each.name)


@EACH
def test_a_diagnosis_reads_everything_with_one_shell(diagnosed: Seen, connection: Connection) -> None:
    host = usable(connection)
    verdict = diagnosed.run.of(host, "rdp_diagnose")["result"]["verdict"]
    assert (verdict["state"], verdict["unread"]) == ("broken", [])
    assert diagnosed.shells[host] == 1
    assert diagnosed.writes[host] == []


@EACH
def test_a_change_is_announced_and_made_once(changed: Seen, connection: Connection) -> None:
    host = usable(connection)
    facts = changed.of(host, "Facts")["ansible_facts"]["rdp"]
    assert (facts["listener"]["status"], facts["services"]["status"]) == ("ok", "ok")
    for task, expected in (("Announce", True), ("Change", True), ("Again", False)):
        result = changed.of(host, task)
        assert result["changed"] is expected, task
    assert changed.of(host, "Announce")["before"]["start_mode"] == "manual"
    assert changed.of(host, "Change")["before"]["start_mode"] == "manual"
    assert changed.of(host, "Again")["before"]["start_mode"] == "auto"
    starts = [write.after["data"] for write in changed.writes[host] if write.target.endswith(r"SessionEnv\Start")]
    assert starts == [2]
    assert changed.shells[host] == 1  # of the facts; the change needs none


@pytest.mark.parametrize("connection", [each for each in BROKEN if each.name in WITH_SHELL], ids=lambda each: each.name)
def test_a_broken_host_is_fixed(fixed: Seen, connection: Connection) -> None:
    host = usable(connection)
    verdict = fixed.run.of(host, "rdp_diagnose")["result"]["verdict"]
    assert (verdict["state"], verdict["stage"]) == ("healthy", "ready"), verdict
    # Access lists are changed by tools of Windows, more than one after the other.
    assert fixed.shells[host] > 3


WRONG: dict[str, Any] = {"ansible_password": "not-the-password"}
UPN = {"ansible_user": f"ansible@{DOMAIN}"}
EXPIRED, OTHER_NAME, SELF_SIGNED = {"https": "expired"}, {"https": "wrong_name"}, {"https": "self_signed"}
BASIC_OFF, CREDSSP_OFF, CERTIFICATE_OFF = {"basic": False}, {"credssp": False}, {"certificate_auth": False}
# Each has to log on somewhere else, so that nothing but what it lacks is in the way.
ELSE_NEGOTIATE = {"negotiate": True}


def broken(name: str, plugin: str, scheme: str, transport: str, **more: Any) -> Connection:
    return Connection(f"{'W' if plugin == 'winrm' else 'P'}-{name}", plugin, scheme, transport, **more)


def both(name: str, scheme: str, transport: str, **more: Any) -> list[Connection]:
    return [broken(name, plugin, scheme, transport, **more) for plugin in ("winrm", "psrp")]


def refusals() -> list[tuple[Connection, str, str]]:
    """Connections that fail, with the outcome and a pattern for the cause and the remedy in the message."""
    rejected = r"port 598[56] rejects the user \S+ with {}; check the user, the password"
    cases: list[tuple[list[Connection], str]] = [
        (both("EXPIRED", "https", "basic", winrm=EXPIRED), r"certificate of port 5986.* expired.*; renew"),
        (
            both("OTHER-NAME", "https", "basic", winrm=OTHER_NAME),
            r"certificate of port 5986.* name .*; set ansible_host",
        ),
        (
            both("ISSUER", "https", "basic", validation="default"),
            r"certificate of port 5986 is not trusted.*; set ansible_(winrm_ca_trust_path|psrp_ca_cert)",
        ),
        (
            both("SELF-SIGNED", "https", "basic", winrm=SELF_SIGNED, validation="default"),
            r"certificate of port 5986 is not trusted.*self-signed.*; set ansible_(winrm_ca_trust_path|psrp_ca_cert)",
        ),
        (both("PW-NTLM", "http", "ntlm", variables=WRONG), rejected.format("ntlm")),
        (both("PW-NTLM-S", "https", "ntlm", variables=WRONG), rejected.format("ntlm")),
        (both("PW-BASIC", "https", "basic", variables=WRONG), rejected.format("basic")),
        (both("PW-CREDSSP", "http", "credssp", variables=WRONG), rejected.format("credssp")),
        (both("PW-CREDSSP-S", "https", "credssp", variables=WRONG), rejected.format("credssp")),
        ([broken("PW-NEGO", "psrp", "http", "negotiate", variables=WRONG)], rejected.format("negotiate")),
        ([broken("PW-KERB", "winrm", "http", "kerberos", domain=True, variables=WRONG)], r"Password incorrect.*; "),
        ([broken("PW-KERB", "psrp", "http", "kerberos", domain=True, variables=WRONG)], r"with kerberos .*; "),
        (both("HTTP-BASIC", "http", "basic"), r"port 5985 .*basic.*(?i:https)"),
        (both("BASIC-OFF", "https", "basic", winrm=BASIC_OFF | ELSE_NEGOTIATE), rejected.format("basic")),
        (both("CREDSSP-OFF", "https", "credssp", winrm=CREDSSP_OFF | ELSE_NEGOTIATE), r"with credssp .*CredSSP.*; "),
        (
            both("CERT-OFF", "https", "certificate", winrm=CERTIFICATE_OFF | ELSE_NEGOTIATE),
            r"port 5986 rejects the client certificate; check",
        ),
        (both("CERT-FOREIGN", "https", "certificate"), r"port 5986 rejects the client certificate; check"),
        (both("CERT-OLD", "https", "certificate"), r"client certificate.*; "),
        (both("CLOSED", "http", "ntlm", variables={"ansible_port": 5999}), r"port 5999 refuses connections; check the"),
        (
            [
                broken(
                    "NO-TICKET",
                    "winrm",
                    "http",
                    "kerberos",
                    domain=True,
                    variables={"ansible_password": None, "ansible_winrm_kinit_mode": "manual"},
                ),
                broken("NO-TICKET", "psrp", "http", "kerberos", domain=True, variables={"ansible_password": None}),
            ],
            r"with kerberos .*; get a ticket with kinit",
        ),
        (
            [
                broken(
                    "SPN",
                    "winrm",
                    "http",
                    "kerberos",
                    domain=True,
                    variables={"ansible_winrm_kerberos_hostname_override": f"nowhere.{DOMAIN}"},
                ),
                broken(
                    "SPN",
                    "psrp",
                    "http",
                    "kerberos",
                    domain=True,
                    variables={"ansible_psrp_negotiate_hostname_override": f"nowhere.{DOMAIN}"},
                ),
            ],
            rf"nowhere\.{re.escape(DOMAIN)}@\S+ not found in Kerberos database.*; .*service principal",
        ),
    ]
    found = [(each, "unreachable", pattern) for several, pattern in cases for each in several]
    for name in ("ssh", "local"):
        other = broken(name.upper(), "winrm", "http", "ntlm", variables={"ansible_connection": name})
        pattern = rf"the connection {name} does not lead to WinRM; set ansible_connection to winrm or psrp"
        found.append((other, "failed", f"(?i){pattern}"))
    return found


REFUSALS = refusals()


@pytest.fixture(scope="module")
def refused(work: Path) -> Iterator[tuple[Fleet, Run]]:
    with connected([each for each, _outcome, _pattern in REFUSALS], work / "refused", "127.72.0.0") as fleet:
        for name in ("W-CERT-FOREIGN", "P-CERT-FOREIGN"):
            use_client_certificate(fleet, name, "stranger@localhost")
        for name in ("W-CERT-OLD", "P-CERT-OLD"):
            use_client_certificate(fleet, name, "ansible@localhost", expired=True)
        yield fleet, ansible(fleet.inventory, "all", "winops.rdp.rdp_facts", {"timeout": 20}, "--forks", "8")


@pytest.mark.parametrize(("connection", "outcome", "pattern"), REFUSALS, ids=[each[0].name for each in REFUSALS])
def test_what_does_not_work_is_told_in_one_sentence(
    refused: tuple[Fleet, Run], connection: Connection, outcome: str, pattern: str
) -> None:
    fleet, run = refused
    host = usable(connection)
    found = run.of(host)
    message = found["result"]["msg"]
    assert found["outcome"] == outcome, found["result"]
    assert re.search(pattern, message), message
    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", message)
    assert outcome == "failed" or f"{fleet.lab.hosts[host].address}" in message
    assert "not-the-password" not in message
    assert fleet.shells(host) == 0


def test_no_failure_shows_a_traceback(refused: tuple[Fleet, Run]) -> None:
    _fleet, run = refused
    assert "Traceback" not in run.output
