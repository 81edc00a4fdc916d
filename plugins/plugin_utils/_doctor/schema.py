# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: other collections must not import it.
"""The shape of what rdp_doctor returns, and how a check is written."""

from __future__ import annotations

from typing import Literal, TypedDict

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Certificate

Status = Literal["ok", "warning", "failed", "skipped"]


class Check(TypedDict):
    name: str
    status: Status
    text: str  # what was found, or why it was not looked for
    todo: str  # the one thing to do; empty when there is nothing


class Package(TypedDict):
    name: str  # as package managers know it
    version: str  # empty when it is not there, or does not tell
    least: str  # the oldest version that will do
    state: str  # present, missing, too_old, broken
    reason: str  # why it cannot be imported, where it is broken


class Kerberos(TypedDict):
    managed: bool  # Ansible gets the ticket itself, with the password
    configuration: list[str]  # the files in force that exist
    default_realm: str  # empty when none of them sets it
    kinit: str  # path of the program, empty when it is not found
    cache: str  # KRB5CCNAME, empty for the default cache
    ticket: str  # valid, none (no ticket, or an expired one), unknown, not_needed (managed)
    principal: str  # whose ticket it is; empty when there is none


class Controller(TypedDict):
    python: str
    ansible_core: str
    collection: str  # version of winops.rdp
    openssl: str
    packages: list[Package]  # those that the connection in force needs
    kerberos: Kerberos | None  # where the connection in force uses Kerberos


class Connection(TypedDict):
    """The options in force. A secret is "set" or "not set"."""

    plugin: str  # winrm, psrp, or the name of one that is of no use here
    address: str
    port: int
    scheme: str  # http, https
    path: str
    methods: list[str]  # ntlm, kerberos, basic, credssp, certificate, negotiate (psrp only); tried in this order
    user: str
    password: str
    client_certificate: str  # path
    client_key: str
    validates: bool  # the certificate of the host
    trust: str  # CA file or folder, empty for the default of the libraries
    encryption: str  # of messages: auto, always, never
    proxy: str  # URL without its password, empty for none
    proxy_source: str  # option, environment, or empty
    kerberos_name: str  # that stands in for the address in Kerberos, empty for none
    kerberos_mode: str  # managed, manual
    kinit: str  # the program that the winrm plugin runs
    kinit_environment: list[str]  # variables that it hands on to it
    operation_timeout: int  # seconds
    read_timeout: int


class Tls(TypedDict):
    version: str
    cipher: str
    certificate: Certificate | None
    trusted: bool | None  # by the settings of the connection; null when they ask for no validation
    reason: str  # why it is not trusted, or why there is no TLS


class Network(TypedDict):
    addresses: list[str]
    tcp: str  # open, refused, filtered, unreachable, not_tried
    tls: Tls | None
    offered: list[str]  # authentication that the service offers, as HTTP names it
    identified: bool  # without authentication
    clock_skew: int | None  # seconds that the clock of the host is ahead


class Limits(TypedDict):
    max_envelope_kb: int | None
    max_timeout_ms: int | None
    max_operations_per_user: int | None
    max_connections: int | None
    max_shells_per_user: int | None


class Service(TypedDict):
    """What WinRM said after the logon."""

    product_vendor: str
    product_version: str
    protocol_version: str
    windows: str
    limits: Limits
    authentication: list[str]  # what the service is configured to accept
    allow_unencrypted: bool | None
    channel_bindings: str  # CbtHardeningLevel
    remote_shell: bool | None


class Examination(TypedDict):
    msg: str
    checks: list[Check]
    controller: Controller
    connection: Connection
    network: Network
    service: Service | None


def ok(name: str, text: str) -> Check:
    return Check(name=name, status="ok", text=text, todo="")


def warning(name: str, text: str, todo: str) -> Check:
    return Check(name=name, status="warning", text=text, todo=todo)


def failed(name: str, text: str, todo: str) -> Check:
    return Check(name=name, status="failed", text=text, todo=todo)


def skipped(name: str, text: str) -> Check:
    return Check(name=name, status="skipped", text=text, todo="")


def summary(checks: list[Check]) -> str:
    """One line: all well, or the first thing to do."""
    for status, others in (("failed", "more failed"), ("warning", "more to look at")):
        found = [check for check in checks if check["status"] == status]
        if found:
            more = f" ({len(found) - 1} {others}.)" if len(found) > 1 else ""
            return f"{found[0]['text']} {found[0]['todo']}{more}"
    return "All is well: the controller has what it needs, and the host accepts the account and answers it."
