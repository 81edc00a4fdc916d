# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible inventory of a running lab."""

from __future__ import annotations

from typing import Any

import yaml

from tests.lab.runtime import Lab

GROUP = "windows"


def build(lab: Lab) -> dict[str, Any]:
    """Every host with its address and account, WinRM over HTTP with NTLM (which encrypts messages)."""
    hosts: dict[str, Any] = {}
    for name, host in lab.hosts.items():
        user = host.scenario.admin
        hosts[name] = {"ansible_host": host.address, "ansible_user": user.name, "ansible_password": user.password}
        if host.winrm_port != 5985:
            hosts[name]["ansible_port"] = host.winrm_port
    variables = {
        "ansible_connection": "winrm",
        "ansible_port": 5985,
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_message_encryption": "always",
    }
    return {"all": {"children": {GROUP: {"hosts": hosts, "vars": variables}}}}


def text(lab: Lab) -> str:
    return "---\n" + yaml.safe_dump(build(lab), sort_keys=False)
