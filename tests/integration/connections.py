# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to connect that Ansible's winrm and psrp have, each as a host of the lab that accepts no other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tests.integration.fleet import Fleet, write_scenarios
from tests.lab import inventory, kerberos
from tests.lab.inventory import GROUP
from tests.lab.kerberos import Realm
from tests.lab.runtime import LabThread
from tests.lab.scenario import load_folder

DOMAIN = kerberos.REALM.lower()
USER = "ansible"
NO_TICKET = "FILE:/nonexistent/ticket"
# What a host accepts for a transport. pywinrm and pypsrp ask for Kerberos inside the scheme Negotiate.
_ONLY: dict[str, dict[str, Any]] = {
    "ntlm": {"negotiate": True},
    "negotiate": {"negotiate": True},
    "kerberos": {"negotiate": True},
    "credssp": {"credssp": True},
    "basic": {"basic": True},
    "certificate": {"certificate_auth": True},
}


@dataclass(frozen=True)
class Connection:
    """A host and how the inventory leads to it.

    ``variables`` go over the lab's own; a None takes one away. ``winrm`` and ``host`` go over the scenario's.
    """

    name: str
    plugin: str
    scheme: str
    transport: str
    domain: bool = False
    validation: str = "trust"
    variables: Mapping[str, Any] = field(default_factory=dict)
    winrm: Mapping[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lacks(self) -> str:
        """What this machine needs for it and has not; empty when nothing."""
        if self.transport != "kerberos":
            return ""
        lacking = kerberos.missing()
        if not lacking and self.plugin == "winrm" and find_spec("kerberos") is None:
            lacking = "the Python module kerberos"
        return f"Kerberos needs {lacking}" if lacking else ""

    def scenario(self) -> dict[str, Any]:
        accepts = {"negotiate": False, "kerberos": False, **_ONLY[self.transport], "https": self.scheme == "https"}
        found = {
            "hostname": self.name,
            "windows": "2022",
            "winrm": {**accepts, **self.winrm},
            "connection": {
                "plugin": self.plugin,
                "scheme": self.scheme,
                "transport": self.transport,
                "validation": self.validation,
            },
            **self.host,
        }
        return {**found, "domain": DOMAIN} if self.domain else found


def _account(user: str) -> dict[str, Any]:
    return {"ansible_user": user}


_DOMAIN_USER = _account(f"{DOMAIN.partition('.')[0].upper()}\\{USER}")
_PRINCIPAL = _account(f"{USER}@{DOMAIN}")
_NO_PASSWORD = {"ansible_password": None}

# Basic and client certificates are for local accounts, Kerberos for those of a domain; the others have both.
CONNECTIONS = (
    Connection("W-NTLM", "winrm", "http", "ntlm"),
    Connection("W-NTLM-DOMAIN", "winrm", "http", "ntlm", domain=True, variables=_DOMAIN_USER),
    Connection("W-NTLM-S", "winrm", "https", "ntlm", domain=True, variables=_PRINCIPAL),
    Connection("W-BASIC-S", "winrm", "https", "basic"),
    Connection("W-CERT-S", "winrm", "https", "certificate", variables=_NO_PASSWORD),
    Connection("W-KERB", "winrm", "http", "kerberos", domain=True),
    Connection("W-KERB-S", "winrm", "https", "kerberos", domain=True),
    Connection(
        "W-KERB-TICKET",
        "winrm",
        "http",
        "kerberos",
        domain=True,
        variables={**_NO_PASSWORD, "ansible_winrm_kinit_mode": "manual"},
    ),
    Connection("W-CREDSSP", "winrm", "http", "credssp", domain=True, variables=_DOMAIN_USER),
    Connection("W-CREDSSP-S", "winrm", "https", "credssp"),
    Connection("P-NTLM", "psrp", "http", "ntlm"),
    Connection("P-NTLM-DOMAIN", "psrp", "http", "ntlm", domain=True, variables=_DOMAIN_USER),
    Connection("P-NTLM-S", "psrp", "https", "ntlm", domain=True, variables=_PRINCIPAL),
    Connection("P-NEGO", "psrp", "http", "negotiate"),
    Connection("P-NEGO-S", "psrp", "https", "negotiate", domain=True, variables=_DOMAIN_USER),
    Connection("P-BASIC-S", "psrp", "https", "basic"),
    Connection("P-CERT-S", "psrp", "https", "certificate", variables=_NO_PASSWORD),
    Connection("P-KERB", "psrp", "http", "kerberos", domain=True),
    Connection("P-KERB-S", "psrp", "https", "kerberos", domain=True),
    Connection("P-KERB-TICKET", "psrp", "http", "kerberos", domain=True, variables=_NO_PASSWORD),
    Connection("P-CREDSSP", "psrp", "http", "credssp", domain=True, variables=_DOMAIN_USER),
    Connection("P-CREDSSP-S", "psrp", "https", "credssp"),
)


@contextmanager
def connected(connections: Sequence[Connection], work: Path, base: str, ticket: str = "") -> Iterator[Fleet]:
    """A lab with those hosts that this machine can reach, in a realm where one runs.

    ``ticket`` is the password of the user for whom kinit makes a ticket cache; without it there is none.
    """
    work.mkdir(parents=True, exist_ok=True)
    usable = [each for each in connections if not each.lacks]
    folder = write_scenarios(work / "scenarios", [each.scenario() for each in usable])
    with ExitStack() as stack:
        realm = stack.enter_context(Realm()) if any(each.transport == "kerberos" for each in usable) else None
        lab = stack.enter_context(LabThread(load_folder(folder), base=base, realm=realm))
        environment = {"KRB5CCNAME": NO_TICKET}
        if realm is not None:
            environment |= realm.environment
            if ticket:
                environment["KRB5CCNAME"] = f"FILE:{realm.ticket(USER, ticket)}"
        stack.enter_context(in_environment(environment))
        path = work / "inventory.yml"
        path.write_text(_inventory(lab, usable), encoding="utf-8")
        yield Fleet(lab, path)


@contextmanager
def in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These environment variables for what is started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _inventory(lab: LabThread, connections: Sequence[Connection]) -> str:
    found = inventory.build(lab.lab)
    hosts = found["all"]["children"][GROUP]["hosts"]
    for each in connections:
        merged = {**hosts[each.name], **each.variables}
        hosts[each.name] = {name: value for name, value in merged.items() if value is not None}
    return yaml.safe_dump(found, sort_keys=False)


def use_client_certificate(fleet: Fleet, host: str, principal: str, *, expired: bool = False) -> Path:
    """Another client certificate for a host of the inventory, signed by the lab's authority; the path of its key."""
    files = fleet.lab.lab.authority.client(principal, expired=expired)
    found = yaml.safe_load(fleet.inventory.read_text(encoding="utf-8"))
    variables = found["all"]["children"][GROUP]["hosts"][host]
    winrm = variables["ansible_connection"] == "winrm"
    variables["ansible_winrm_cert_pem" if winrm else "ansible_psrp_certificate_pem"] = str(files.certificate)
    variables["ansible_winrm_cert_key_pem" if winrm else "ansible_psrp_certificate_key_pem"] = str(files.key)
    fleet.inventory.write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")
    return files.key
