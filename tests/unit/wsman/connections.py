# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own winrm and psrp connections, with the options that an inventory would give them."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("winrm")
pytest.importorskip("pypsrp")

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

PASSWORD = "s3cret-Pass"
# What Ansible hands to the winrm plugin beside the options that the plugin documents.
_EXTRAS = {
    "ansible_winrm_ca_trust_path",
    "ansible_winrm_cert_key_pem",
    "ansible_winrm_cert_pem",
    "ansible_winrm_message_encryption",
    "ansible_winrm_proxy",
    "ansible_winrm_server_cert_validation",
}


def winrm_connection(port: int, **options: Any) -> Any:
    return _connection(
        "winrm",
        port,
        {"ansible_winrm_scheme": "http", "ansible_winrm_transport": ["basic"]},
        options,
    )


def psrp_connection(port: int, **options: Any) -> Any:
    return _connection(
        "psrp",
        port,
        {
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "basic",
            "ansible_psrp_message_encryption": "never",
            "ansible_psrp_reconnection_retries": 3,
        },
        options,
    )


def _connection(kind: str, port: int, defaults: dict[str, Any], options: dict[str, Any]) -> Any:
    connection = connection_loader.get(kind, PlayContext(), "/dev/null")
    common = {"ansible_host": "127.0.0.1", "ansible_user": "admin", "ansible_password": PASSWORD, "ansible_port": port}
    values = {**common, **defaults, **options}
    extras = {name: value for name, value in values.items() if name in _EXTRAS}
    connection.set_options(var_options={**values, "_extras": extras})
    return connection


BOTH = pytest.mark.parametrize("build", [winrm_connection, psrp_connection], ids=["winrm", "psrp"])
