# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded rows of Windows through the readers of sessions, of who owns a port, and of security products."""

from __future__ import annotations

from ansible_collections.winops.rdp.plugins.plugin_utils._data.security_products import BY_SERVICE
from ansible_collections.winops.rdp.plugins.plugin_utils._facts import port, sessions
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.tcp import Listener
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman import reply
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.instance import Instance
from tests.fidelity import samples
from tests.unit.windows.eventlog import host, no_shell

SERVICES = samples.matching(r"zenoss-txwinrm/server_2008/Win32_Service_star_\d+\.xml")


def recorded() -> list[Instance]:
    """The services of a Server 2008 R2."""
    rows = [row for path in SERVICES for row in reply.read_page(reply.read_body(samples.sample(path))).items]
    assert len(rows) > 100
    return rows


def test_term_service_counts_the_recorded_sessions() -> None:
    (term_service,) = (row for row in recorded() if row.class_name == "Win32_TerminalService")
    asked = host(
        no_shell,
        {"Win32_LogonSession": lambda _wql: [], "Win32_TerminalService": lambda _wql: [term_service]},
        build=7601,
    )
    found = sessions.read(asked, 3389, None, list)
    assert (found["active"], found["disconnected"]) == (1, 2)


def test_every_recorded_service_has_a_program() -> None:
    """Also with spaces, with and without quotes and arguments."""
    for number, row in enumerate(recorded(), 1):
        path = row.text("PathName") or ""
        service = Instance("Win32_Service", {"Name": row.text("Name"), "ProcessId": str(number), "PathName": path})
        found = port.read(
            host(no_shell, {"Win32_Service": lambda _wql, row=service: [row]}), 3389, None, [Listener(3389, number)]
        )
        (owner,) = found["owners"]
        assert owner["process"].lower().endswith(".exe") and "\\" not in owner["process"], path
        assert owner["process"].lower() in path.lower()


def test_a_plain_server_has_no_security_product() -> None:
    assert [row.text("Name") for row in recorded() if (row.text("Name") or "").lower() in BY_SERVICE] == []
