# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a connection is left anywhere: everything runs at -vvvvv, over every authentication, well and badly."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.canaries import (
    PASSWORD,
    PROXY_PASSWORD,
    STORED_PASSWORD,
    WRONG_PASSWORD,
    Traces,
    forms,
    mark_key,
)
from tests.integration.connections import (
    CONNECTIONS,
    USER,
    Connection,
    connected,
    in_environment,
    use_client_certificate,
)
from tests.integration.fleet import Fleet
from tests.integration.proxy import proxy
from tests.integration.run import ROOT, Run, playbook

KEY_MARK = "Canary-Key-6T4uB1"
PROXY_USER = "gatekeeper"
PLUGINS = ("winrm", "psrp")
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("rdp_*.py"))
PLAYBOOKS = sorted(path.name for path in (ROOT / "playbooks").glob("*.yml"))
ARGUMENTS: dict[str, dict[str, Any]] = {
    "rdp_baseline": {"facts": "{{ rdp_diagnose.facts }}"},
    "rdp_certificate": {"machine_keys_acl": True},
    "rdp_client": {"encryption_oracle": "mitigated"},
    "rdp_compatibility": {"clients": ["11-24h2"], "servers": [{"name": "it", "facts": "{{ rdp_diagnose.facts }}"}]},
    "rdp_facts": {"gather_subset": ["listener", "services", "tls", "events", "policies", "logon"]},
    "rdp_licensing": {"servers": ["lic1.corp.example"]},
    "rdp_listener": {"min_encryption_level": "high", "max_outstanding_connections": 4000},
    "rdp_probe": {"host": "{{ ansible_host }}", "deadline": 5},
    "rdp_report": {"hosts": "{{ ansible_play_hosts_all }}"},
    "rdp_service": {"name": "SessionEnv", "start_mode": "auto"},
    "rdp_tls": {"protocols": [{"name": "TLS 1.2"}]},
    "rdp_update": {"kb": "KB5008223", "allow_weaker": True},
}
USERS = [{"name": USER, "password": PASSWORD, "admin": True}]
# A password that somebody typed in the place of the name, and those that administrators leave in the registry, by hand
# and by policy; all of them beside what is read: in the same logs, classes and keys.
STORED: dict[str, Any] = {
    "events": [
        {"id": 4625, "ago": 3, "data": {"TargetUserName": STORED_PASSWORD}},
        {"id": 1149, "ago": 2, "data": {"Param1": STORED_PASSWORD}},
        {"id": 36870, "ago": 1, "data": {"ErrorCode": "0x8009030d"}},
    ],
    "policies": [
        {
            "registry": {
                r"HKLM\SOFTWARE\Policies\Lab": {"Password": STORED_PASSWORD},
                r"HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services": {"MinEncryptionLevel": 2},
            }
        }
    ],
}
STORED_VALUES = {r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon": {"DefaultPassword": STORED_PASSWORD}}
# The transports by which a password or a key goes out; how the messages travel below makes no difference to it.
USUAL: tuple[str, ...] = ("W-NTLM", "W-BASIC-S", "W-CERT-S", "W-KERB", "W-KERB-TICKET", "W-CREDSSP")
USUAL += ("P-NTLM", "P-NEGO-S", "P-BASIC-S", "P-CERT-S", "P-KERB", "P-CREDSSP")
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
WITH_SHELL = ("W-NTLM", "P-BASIC-S")
# One of each connection plugin, of HTTP and of HTTPS: what is shown does not depend on how a module has logged on.
EVERY_MODULE = ("W-NTLM", "P-BASIC-S")
# Of the modules that go to a host, those that do it each in a way of its own; a repair is in each run of the playbooks.
SHORT = ("rdp_diagnose", "rdp_doctor", "rdp_listener")
# What starts each authentication header that carries a secret or a token, whoever prints it.
TOKENS = {
    "a Basic login": {b"Basic QW", b"Basic YW", b"Basic Z2"},  # A..., a... and g..., the users' first letters
    "an NTLM token": {b"TlRMTVNTUAAB", b"TlRMTVNTUAAD"},
    "a Kerberos token": {b"Negotiate YII", b"Kerberos YII", b"Negotiate oYI"},
    "a CredSSP token": {b"CredSSP MI", b"CredSSP FgM"},
}


def named(plugin: str, name: str) -> str:
    return f"{'W' if plugin == 'winrm' else 'P'}-{name}"


def over_https(plugin: str, name: str, **more: Any) -> Connection:
    return Connection(named(plugin, name), plugin, "https", "basic", **more)


def proxied(plugin: str, name: str, url: str) -> Connection:
    return over_https(plugin, name, variables={f"ansible_{plugin}_proxy": url})


def login(gate: int) -> str:
    return f"http://{PROXY_USER}:{urllib.parse.quote(PROXY_PASSWORD, safe='')}@127.0.0.1:{gate}"


def with_users(connections: Sequence[Connection]) -> list[Connection]:
    found = []
    for each in connections:
        registry = {**STORED_VALUES, **each.host.get("registry", {})}
        found.append(replace(each, host={"users": USERS, **STORED, **each.host, "registry": registry}))
    return found


def works(gate: int) -> list[Connection]:
    """Hosts that work, two of them behind the proxy at the port ``gate``."""
    found = [each for each in CONNECTIONS if each.name in USUAL]
    found += [proxied(plugin, "PROXY", login(gate)) for plugin in PLUGINS]
    # Something to repair, here and there in a remote shell.
    off: dict[str, Any] = {"registry": {TERMINAL_SERVER: {"fDenyTSConnections": 1}}}
    key: dict[str, Any] = {"certificate": {"key": "unreadable"}}
    return with_users([replace(each, host=key if each.name in WITH_SHELL else off) for each in found])


def fails(gate: int) -> list[Connection]:
    """Hosts that do not work: refused, away, not trusted, or broken in the middle."""
    wrong = {"ansible_password": WRONG_PASSWORD}
    quoted = urllib.parse.quote(PROXY_PASSWORD, safe="")
    proxies = {
        "PROXY-REFUSES": f"http://{PROXY_USER}:wrong{quoted}@127.0.0.1:{gate}",
        "PROXY-AWAY": f"http://{PROXY_USER}:{quoted}@127.0.0.1:9",
        "PROXY-RAW": f"http://{PROXY_USER}:{PROXY_PASSWORD}@127.0.0.1:{gate}",
        "PROXY-NO-PORT": f"http://{PROXY_USER}:{quoted}@127.0.0.1:none",
    }
    faults: dict[str, dict[str, Any]] = {
        "FAULT": {"fault": "soap_fault", "code": 2150858752},
        "DROP": {"fault": "drop_done"},
        "401": {"fault": "unauthorized"},
        "CUT": {"fault": "truncated"},
        "SHORT": {"fault": "length_short"},
        "TYPE": {"fault": "wrong_type"},
        "BOUNDARY": {"fault": "wrong_boundary"},
        "CONTROL": {"fault": "control_characters"},
    }
    found = []
    for plugin in PLUGINS:
        for transport in ("ntlm", "credssp", "kerberos"):
            name = named(plugin, f"PW-{transport[:4].upper()}")
            domain = transport == "kerberos"
            found.append(Connection(name, plugin, "http", transport, domain=domain, variables=wrong))
        found.append(over_https(plugin, "PW-BASIC", variables=wrong))
        found.append(over_https(plugin, "EXPIRED", winrm={"https": "expired"}))
        found.append(over_https(plugin, "CLOSED", variables={"ansible_port": 5999}))
        found.append(Connection(named(plugin, "CERT-FOREIGN"), plugin, "https", "certificate"))
        found += [proxied(plugin, name, url) for name, url in proxies.items()]
        for name, fault in faults.items():
            armed = {"faults": {"inject": [{**fault, "at": "invoke", "nth": 2, "times": 0}]}}
            found.append(Connection(named(plugin, name), plugin, "http", "ntlm", host=armed))
    return with_users(found)


def book(path: Path, modules: Sequence[str], hosts: str = "all") -> str:
    """A playbook that runs the modules one after the other, whatever comes of them; the diagnosis is for others."""
    modules = sorted(modules, key=lambda name: name != "rdp_diagnose")
    tasks = []
    for module in modules:
        task: dict[str, Any] = {"name": module, f"winops.rdp.{module}": ARGUMENTS.get(module, {}), "register": module}
        if module == "rdp_probe":
            task["delegate_to"] = "localhost"
        tasks.append({**task, "ignore_errors": True, "ignore_unreachable": True})
    path.write_text(yaml.safe_dump([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    return str(path)


class Runs:
    """Runs at -vvvvv and with tracebacks, and all that they leave."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.traces = Traces()
        self.runs: dict[str, Run] = {}

    def add(self, name: str, fleet: Fleet, path: str, hosts: Sequence[str] = ("all",), **environment: str) -> None:
        """Run a playbook of the checkout, against these hosts, or of the work folder."""
        folder = self.work / name
        temporary = folder / "tmp"
        temporary.mkdir(parents=True)
        variables = {
            "TMPDIR": str(temporary),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(temporary / "local"),
            "ANSIBLE_REMOTE_TMP": str(temporary / "remote"),
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_LOG_PATH": str(folder / "log"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
            "ANSIBLE_DISPLAY_TRACEBACK": "always",
            **environment,
        }
        with in_environment(variables), self.traces.watching(temporary):
            report: dict[str, Any] = {
                "rdp_report_path": str(folder / "report.json"),
                "rdp_fail_on": [],
                "rdp_timeout": 20,
                "rdp_hosts": [*hosts],
            }
            run = playbook(fleet.inventory, path, "-vvvvv", "--diff", "--forks", "8", **report)
        self.runs[name] = run
        self.traces.add(f"{name}: stdout and stderr", run.output)
        self.traces.add(f"{name}: results", json.dumps(run.results, default=str))
        self.traces.add_files(folder)
        for host in fleet.lab.hosts:
            self.traces.add(f"{name}: what was written on {host}", repr(fleet.writes(host)))


@pytest.fixture(scope="module")
def secrets() -> dict[str, set[bytes]]:
    texts = {"the password": PASSWORD, "the wrong password": WRONG_PASSWORD, "the proxy's password": PROXY_PASSWORD}
    texts["a password that the host holds"] = STORED_PASSWORD
    return {
        **{name: forms(text) for name, text in texts.items()},
        # A part is a leak as well: what reads a URL may take a slash in a password for the end of the host.
        **{f"the start of {name}": forms(text.partition("/")[0]) for name, text in texts.items()},
        **TOKENS,
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, set[bytes]]) -> Iterator[Runs]:
    work = tmp_path_factory.mktemp("secrets")
    found = Runs(work / "runs")
    with ExitStack() as stack:
        gate = stack.enter_context(proxy(PROXY_USER, PROXY_PASSWORD))
        with connected(works(gate), work / "works", "127.73.0.0", ticket=PASSWORD) as fleet:
            for plugin in PLUGINS:
                key = use_client_certificate(fleet, named(plugin, "CERT-S"), f"{USER}@localhost")
                secrets[f"the key of {plugin}"] = mark_key(key, KEY_MARK)
            for name in PLAYBOOKS:
                hosts = ["all"] if name == "diagnose_rdp.yml" else [*EVERY_MODULE]
                found.add(name, fleet, f"playbooks/{name}", hosts)
            found.add("modules", fleet, book(work / "modules.yml", MODULES, ":".join(EVERY_MODULE)))
            others = ":!".join(("all", *EVERY_MODULE))
            found.add("others", fleet, book(work / "others.yml", SHORT, others))
            gateway = {"https_proxy": login(gate), "no_proxy": ""}
            short = book(work / "environment.yml", SHORT, "W-BASIC-S:P-BASIC-S")
            found.add("environment", fleet, short, **gateway)
            forced = work / "forced"
            forced.mkdir()
            (forced / "sitecustomize.py").write_text(FORCED, encoding="utf-8")
            found.add("forced", fleet, "playbooks/diagnose_rdp.yml", PYTHONPATH=str(forced))
        with connected(fails(gate), work / "fails", "127.74.0.0") as fleet:
            for plugin in PLUGINS:
                key = use_client_certificate(fleet, named(plugin, "CERT-FOREIGN"), "stranger@localhost")
                secrets[f"the refused key of {plugin}"] = mark_key(key, KEY_MARK)
            found.add("failing", fleet, book(work / "failing.yml", SHORT))
        yield found


# An error that nobody has foreseen, where the password is in the frames of the traceback.
FORCED = """
import requests.sessions

def send(self, request, **options):
    raise RuntimeError("forced by the test")

requests.sessions.Session.send = send
"""


def test_nothing_is_left(runs: Runs, secrets: dict[str, set[bytes]]) -> None:
    """At this verbosity neither the collection nor Ansible itself shows one, so there is no exception to list."""
    leaks = runs.traces.leaks(secrets)
    assert not leaks, "\n".join(leaks)


def test_everything_ran_that_should(runs: Runs) -> None:
    """What the search is worth: the hosts that work did, and those that should not did not."""
    working = [*runs.runs["modules"].results, *runs.runs["others"].results]
    unreached = {each["host"] for each in working if each["outcome"] == "unreachable"}
    assert unreached == set()
    assert {each["action"].rpartition(".")[2] for each in runs.runs["modules"].results} == set(MODULES)
    for name in PLAYBOOKS:
        assert runs.runs[name].code == 0, runs.runs[name].output[-3000:]
    failing = runs.runs["failing"].results
    well = {each["host"] for each in failing if each["action"].endswith("rdp_listener") and each["outcome"] == "ok"}
    assert well <= {"W-BOUNDARY"}  # pywinrm does not look at the boundary
    assert {each["outcome"] for each in failing if "PW-" in each["host"] and "doctor" not in each["action"]} == {
        "unreachable"
    }
    assert "forced by the test" in runs.runs["forced"].output
    assert "Traceback" in runs.runs["forced"].output


def test_there_was_something_to_search(runs: Runs) -> None:
    names = runs.traces.names()
    for part in ("modules/log", "modules/facts/", "fix_rdp.yml/report.json", "modules/tmp/remote/"):
        assert [name for name in names if part in name], part
    (written,) = runs.traces.texts("fix_rdp.yml: what was written on W-NTLM")
    assert b"Journal" in written
    facts = runs.runs["modules"].of("W-NTLM", "rdp_facts")["result"]["ansible_facts"]["rdp"]
    assert 36870 in {each["id"] for each in facts["events"]["seen"]}
    assert [each["value"] for each in facts["policies"]["values"]] == ["2"]


@pytest.mark.parametrize("text", [PASSWORD, f"user:{PASSWORD}", f"u:{PASSWORD}\n", f"us:{PASSWORD}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_search_finds_what_is_hidden(text: str, encoding: str) -> None:
    for data in (
        text.encode(encoding),
        base64.b64encode(text.encode(encoding)),
        urllib.parse.quote(text.encode(encoding), safe="").encode(),
        json.dumps({"x": text}).encode(encoding),
        text.encode(encoding).hex().encode(),
    ):
        traces = Traces()
        traces.add("it", b"before " + data + b" after")
        assert traces.leaks({"the password": forms(PASSWORD)}), data
