# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients and servers as a user runs them: facts of both over WinRM, the matrix of rdp_compatibility against real
connections, and what rdp_diagnose says of a host for one client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._compat.clients import client
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.run import Run, playbook
from tests.interop.agreement import agrees, tells_the_error
from tests.interop.connecting import connect

CONTROL = r"HKLM\SYSTEM\CurrentControlSet\Control"
PROTOCOLS = rf"{CONTROL}\SecurityProviders\SCHANNEL\Protocols"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Cryptography\Configuration\SSL\00010002"
CREDSSP = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System\CredSSP\Parameters"
CLIENT_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services\Client"
# As the user of a client wrote down what it accepted: no certificate of the lab's.
ACCEPTED = "AB" * 20
OFF = {"Enabled": 0, "DisabledByDefault": 1}
# From 24H2 on and before KB5053656: loses UDP sessions to Server 2016.
DROPS_UDP = 3476

SERVERS: list[dict[str, Any]] = [
    {"hostname": "SRV-NEW", "windows": "2022"},
    {"hostname": "SRV-2016", "windows": "2016"},
    {"hostname": "SRV-OLD", "windows": "2008r2", "ubr": 24545},
    {"hostname": "SRV-UNFIXED", "windows": "2012r2", "ubr": 0},
    {
        "hostname": "SRV-GCM",
        "windows": "2019",
        "registry": {POLICY: {"Functions": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}},
    },
    {"hostname": "SRV-FORCED", "windows": "2019", "registry": {CREDSSP: {"AllowEncryptionOracle": 0}}},
]
CLIENTS: list[dict[str, Any]] = [
    {
        "hostname": "PC-11",
        "windows": "11-24h2",
        "ubr": DROPS_UDP,
        "language": 1031,
        "user_hives": [
            {"user": "anna", "servers": {"SRV-2016": {"username": "anna", "cert_hash": ACCEPTED}, "SRV-NEW": {}}},
            {"user": "bert", "servers": {"other.example": {"cert_hash": ACCEPTED}}},
        ],
        "events": [{"id": 1026, "ago": 30, "count": 3}],
    },
    {
        "hostname": "PC-TCP",
        "windows": "11-24h2",
        "ubr": DROPS_UDP,
        "registry": {CLIENT_POLICY: {"fClientDisableUDP": 1, "RedirectionWarningDialogVersion": 1}},
    },
    {"hostname": "PC-7", "windows": "7sp1", "ubr": 24545},
    {"hostname": "PC-UNFIXED", "windows": "8.1", "ubr": 0},
    {
        "hostname": "PC-HARD",
        "windows": "10-22h2",
        "registry": {
            **{rf"{PROTOCOLS}\{name}\Client": OFF for name in ("TLS 1.0", "TLS 1.1")},
            CREDSSP: {"AllowEncryptionOracle": 0},
        },
    },
]
NAMED = ["11-24h2", "xp-sp3", "freerdp-3"]
PLAYBOOK = """
- hosts: SRV-*
  gather_facts: false
  tasks:
    - winops.rdp.rdp_facts:
        gather_subset: [system, listener, tls, certificate, machine_keys, updates, logon]

- hosts: PC-*
  gather_facts: false
  tasks:
    - winops.rdp.rdp_client_facts:

- hosts: SRV-*
  gather_facts: false
  tasks:
    - name: Which of our clients can connect to which of our hosts
      winops.rdp.rdp_compatibility:
        clients: "{{ named + (groups['windows'] | select('match', 'PC-') | map('extract', hostvars)
          | map(attribute='ansible_facts.rdp_client')) }}"
        servers: "{{ dict(names | zip(facts)) | dict2items(key_name='name', value_name='facts') }}"
      vars:
        names: "{{ ansible_play_hosts_all }}"
        facts: "{{ names | map('extract', hostvars, ['ansible_facts', 'rdp']) }}"
      run_once: true
      register: pairs

    - name: Show what does not work, and what would make it work
      ansible.builtin.debug:
        msg: "{{ item.client }} to {{ item.server }}: {{ item.reason }} {{ item.change.text }}"
      loop: "{{ pairs.rows | rejectattr('connects', 'eq', true) }}"
      loop_control:
        label: "{{ item.client }} to {{ item.server }}"
      run_once: true

- hosts: SRV-*
  gather_facts: false
  tasks:
    - winops.rdp.rdp_diagnose:
        client: "{{ item if item in named else hostvars[item].ansible_facts.rdp_client }}"
      loop: "{{ asked[inventory_hostname] | default([]) }}"

- hosts: SRV-NEW
  gather_facts: false
  tasks:
    - winops.rdp.rdp_diagnose:
        client: "{{ item }}"
      loop: "{{ no_clients }}"
      ignore_errors: true

    - winops.rdp.rdp_compatibility: "{{ item }}"
      loop: "{{ no_pairs }}"
      ignore_errors: true
"""
# What is expected of a host for one client, by cause.
ASKED: dict[str, dict[str, set[str]]] = {
    "SRV-2016": {"PC-11": {"client.udp", "client.stale_certificate"}, "PC-TCP": set()},
    "SRV-GCM": {"PC-7": {"client.tls"}},
    "SRV-OLD": {"PC-HARD": {"client.tls"}, "freerdp-3": {"client.tls"}},
    "SRV-FORCED": {"PC-UNFIXED": {"client.credssp_oracle"}},
    "SRV-NEW": {"PC-11": set(), "freerdp-3": set()},
}
NO_CLIENTS: list[tuple[Any, str]] = [
    ("windows-96", "'windows-96' is no client profile"),
    ({"status": "denied", "reason": "the account may not read it"}, "the account may not read it"),
    ({"hostname": "PC-11"}, "no facts of rdp_client_facts"),
]
NO_PAIRS: list[tuple[dict[str, Any], str]] = [
    ({"clients": ["windows-96"], "servers": []}, "'windows-96' is no client profile"),
    ({"clients": ["7"], "servers": [{"name": "a", "release": "2020"}]}, "choose from"),
    ({"clients": ["7"], "servers": [{"name": "a"}]}, "facts, wire or release"),
    ({"clients": ["7"], "servers": [{"name": "a", "facts": {"tls": 5}}]}, "rdp_facts"),
    ({"clients": [{"tls": ["TLS 1.2"]}], "servers": []}, "a client has no tls"),
    ({"servers": []}, "clients"),
]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("pairs")
    folder = write_scenarios(work / "scenarios", [*SERVERS, *CLIENTS])
    with running(folder, work, "127.44.8.0") as found:
        yield found


@pytest.fixture(scope="module")
def run(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("playbook") / "pairs.yml"
    path.write_text(PLAYBOOK, encoding="utf-8")
    done = playbook(
        fleet.inventory,
        str(path),
        named=NAMED,
        asked={host: list(clients) for host, clients in ASKED.items()},
        no_clients=[given for given, _words in NO_CLIENTS],
        no_pairs=[given for given, _words in NO_PAIRS],
    )
    assert done.code == 0, done.output
    return done


def facts_of(run: Run, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = run.of(name, "rdp_client_facts")["result"]["ansible_facts"]["rdp_client"]
    return facts


def test_the_matrix_is_how_the_clients_really_fare(fleet: Fleet, run: Run) -> None:
    first = next(each for each in run.results if "rdp_compatibility" in each["action"])["result"]
    wrong, parties = [], {}
    for name in NAMED:
        parties[name] = client(name)
    for scenario in CLIENTS:
        parties[scenario["hostname"]] = client(facts_of(run, scenario["hostname"]))
    for row in first["rows"]:
        party, host = parties[row["client"]], fleet.lab.hosts[row["server"]]
        seen = connect(party, host.address, 3389, credssp=True)
        if not agrees(row, seen) or not tells_the_error(party, row, seen):
            wrong.append(f"{row['client']} to {row['server']}: {row['reason']} {seen}")
    print(f"{first['msg']} {len(first['rows'])} connections were made, {len(wrong)} went another way.")
    assert wrong == []
    assert len(first["rows"]) == len(parties) * len(SERVERS)
    fails = {(row["client"], row["server"]): row["stage"] for row in first["rows"] if row["connects"] is False}
    assert fails == {
        ("11-24h2", "SRV-UNFIXED"): "credssp",
        ("PC-11", "SRV-UNFIXED"): "credssp",
        ("PC-TCP", "SRV-UNFIXED"): "credssp",
        ("PC-7", "SRV-UNFIXED"): "credssp",
        ("PC-HARD", "SRV-UNFIXED"): "credssp",
        ("PC-UNFIXED", "SRV-FORCED"): "credssp",
        ("PC-7", "SRV-GCM"): "tls",
        ("freerdp-3", "SRV-OLD"): "tls",
        ("PC-HARD", "SRV-OLD"): "tls",
        **{("xp-sp3", each["hostname"]): "x224" for each in SERVERS if each["hostname"] != "SRV-OLD"},
        ("PC-UNFIXED", "SRV-GCM"): "tls",
    }
    shown = {item["_ansible_item_label"]: item["msg"] for item in outcomes(run, "debug")}
    for row in first["rows"]:
        if not row["connects"]:
            assert shown.pop(f"{row['client']} to {row['server']}").endswith(f" {row['change']['text']}")
    assert not shown


def test_what_a_client_is(run: Run) -> None:
    german = facts_of(run, "PC-11")
    assert (german["status"], german["release"], german["full_build"]) == ("ok", "11-24h2", f"26100.{DROPS_UDP}")
    assert german["tls_versions"] == ["TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"]
    remembered = {each["server"]: each["cert_hash"] for each in german["servers"]}
    assert remembered == {"SRV-2016": ACCEPTED, "SRV-NEW": "", "other.example": ACCEPTED}
    assert len({each["sid"] for each in german["servers"]}) == 2
    assert [(each["id"], each["count"]) for each in german["disconnects"]] == [(1026, 3)]
    tcp = facts_of(run, "PC-TCP")
    assert (german["udp_disabled"], german["redirection_warning"]) == (False, None)
    assert (tcp["udp_disabled"], tcp["redirection_warning"]) == (True, 1)
    seven = facts_of(run, "PC-7")
    assert (seven["release"], seven["tls_versions"], seven["credssp_fixed"]) == ("7", ["TLS 1.0"], True)
    assert facts_of(run, "PC-UNFIXED")["credssp_fixed"] is False
    hard = facts_of(run, "PC-HARD")
    assert (hard["tls_versions"], hard["encryption_oracle"]) == (["TLS 1.2"], "force_updated")


def outcomes(run: Run, action: str, host: str = "") -> list[dict[str, Any]]:
    """The results of a task's loop, on one host or wherever it ran."""
    found = [each for each in run.results if host in each["host"] and action in each["action"]]
    results: list[dict[str, Any]] = [item for each in found for item in each["result"].get("results", [])]
    return results


@pytest.mark.parametrize("host", ASKED)
def test_a_diagnosis_for_a_client(run: Run, host: str) -> None:
    results = outcomes(run, "rdp_diagnose", host)
    for name, causes in ASKED[host].items():
        verdict = next(each["verdict"] for each in results if each["item"] == name and "verdict" in each)
        findings = {each["id"]: each for each in verdict["findings"] if each["id"].startswith("client.")}
        assert set(findings) == causes, name
        assert all(each["evidence"] for each in findings.values())


@pytest.mark.parametrize(("action", "given"), [("rdp_diagnose", NO_CLIENTS), ("rdp_compatibility", NO_PAIRS)])
def test_what_can_not_be_understood_is_told_in_one_sentence(
    run: Run, action: str, given: list[tuple[Any, str]]
) -> None:
    assert "Traceback" not in run.output
    told = {str(each["item"]): each for each in outcomes(run, action, "SRV-NEW")}
    for what, words in given:
        result = told[str(what)]
        assert result["failed"]
        assert words in result["msg"]
        assert "\n" not in result["msg"].strip()
