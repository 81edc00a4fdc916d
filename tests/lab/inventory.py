# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible inventory of a running lab."""

from __future__ import annotations

from typing import Any

import yaml

from tests.lab.runtime import WINRM_PORT, Lab, LabHost

GROUP = "windows"


def build(lab: Lab) -> dict[str, Any]:
    """Every host with its address and account: WinRM over HTTP with NTLM (which encrypts messages), or what the
    scenario's `connection` says."""
    hosts: dict[str, Any] = {}
    for name, host in lab.hosts.items():
        user = host.scenario.admin
        hosts[name] = {"ansible_host": host.address, "ansible_user": user.name, "ansible_password": user.password}
        if host.winrm_port != WINRM_PORT:
            hosts[name]["ansible_port"] = host.winrm_port
        if host.scenario.connection:
            hosts[name] |= connection_variables(lab, host)
    variables = {
        "ansible_connection": "winrm",
        "ansible_port": WINRM_PORT,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_message_encryption": "always",
    }
    return {"all": {"children": {GROUP: {"hosts": hosts, "vars": variables}}}}


def connection_variables(lab: Lab, host: LabHost) -> dict[str, Any]:
    """The variables of one host for its scenario's `connection`; every one that the group sets otherwise is there."""
    wanted = {
        "plugin": "winrm",
        "scheme": "http",
        "transport": "ntlm",
        "validation": "trust",
        **host.scenario.connection,
    }
    secure, transport = wanted["scheme"] == "https", wanted["transport"]
    prefix = f"ansible_{wanted['plugin']}"
    winrm = wanted["plugin"] == "winrm"
    found: dict[str, Any] = {
        "ansible_connection": wanted["plugin"],
        "ansible_port": host.winrm_port + (1 if secure else 0),
        f"{prefix}_scheme" if winrm else f"{prefix}_protocol": wanted["scheme"],
        f"{prefix}_transport" if winrm else f"{prefix}_auth": transport,
        f"{prefix}_message_encryption": "auto" if secure or transport != "basic" else "never",
    }
    if secure and wanted["validation"] == "trust" and host.tls is not None:
        found[f"{prefix}_ca_trust_path" if winrm else f"{prefix}_ca_cert"] = str(host.tls.trust)
    if secure and wanted["validation"] == "ignore":
        found[f"{prefix}_server_cert_validation" if winrm else f"{prefix}_cert_validation"] = "ignore"
    if transport == "certificate":
        files = lab.authority.client(f"{host.scenario.admin.name}@localhost")
        found[f"{prefix}_cert_pem" if winrm else f"{prefix}_certificate_pem"] = str(files.certificate)
        found[f"{prefix}_cert_key_pem" if winrm else f"{prefix}_certificate_key_pem"] = str(files.key)
    if transport == "kerberos":
        found["ansible_user"] = f"{host.scenario.admin.name}@{(host.model.domain or '').upper()}"
        override = f"{prefix}_kerberos_hostname_override" if winrm else f"{prefix}_negotiate_hostname_override"
        found[override] = host.model.fqdn
        if winrm:
            found["ansible_winrm_kinit_env_vars"] = ["KRB5_CONFIG"]  # the plugin hands nothing else on to kinit
    return found


def text(lab: Lab) -> str:
    return "---\n" + yaml.safe_dump(build(lab), sort_keys=False)
