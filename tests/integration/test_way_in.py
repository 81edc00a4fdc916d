# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schannel is WinRM's as well: over HTTPS, a change that would keep this controller out is refused before a write."""

from __future__ import annotations

from pathlib import Path

from tests.integration.connections import Connection, connected
from tests.integration.run import ansible

HOSTS = (
    Connection("HTTP", "winrm", "http", "ntlm"),
    Connection("WINRM-S", "winrm", "https", "ntlm"),
    Connection("PSRP-S", "psrp", "https", "basic"),
)
# Current clients have TLS 1.0 and 1.1 as well, the Python of a controller of today has not.
OLD_ALONE = {"protocols": [{"name": name, "state": "disabled"} for name in ("TLS 1.2", "TLS 1.3")]}


def test_the_controller_does_not_lock_itself_out(tmp_path: Path) -> None:
    with connected(HOSTS, tmp_path, "127.52.8.0") as fleet:
        run = ansible(fleet.inventory, "all", "winops.rdp.rdp_tls", OLD_ALONE)
        assert run.of("HTTP")["result"]["changed"], run.output
        for host in ("WINRM-S", "PSRP-S"):
            message = run.of(host)["result"]["msg"]
            assert "would lock out the controller itself" in message and "No TLS version in common" in message
            assert fleet.writes(host) == []
