# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart after changes of Schannel, over HTTPS: the host undoes by itself what keeps the controller out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.apply import apply
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.journal import Journal
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import undo_task
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.integration.connections import Connection, connected
from tests.integration.fleet import Fleet
from tests.integration.run import ansible, playbook
from tests.integration.test_host import WITHOUT_SHELLS, connection_to

SCHANNEL = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
PROTOCOLS = rf"{SCHANNEL}\Protocols"
TASK = r"\winops.rdp.undo"
FILE = r"C:\Windows\winops.rdp.undo.cmd"
# The first would keep every controller of today out, and its processes start through WMI. The second has time.
HOSTS = (
    Connection(
        "CUT",
        "psrp",
        "https",
        "basic",
        winrm=WITHOUT_SHELLS,
        host={"task_minute": 0.2, "registry": {rf"{PROTOCOLS}\TLS 1.2\Server": {"Enabled": 1}}},
    ),
    Connection("SAFE", "winrm", "https", "ntlm", host={"task_minute": 3}),
    Connection("HTTP", "winrm", "http", "ntlm"),
)
# A list counts only from the next start on, so Windows waits for a restart.
LIST = ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_RSA_WITH_AES_128_CBC_SHA256"]
SAFE: dict[str, Any] = {"cipher_suites": LIST, "ciphers": [{"name": "RC4 128/128", "state": "disabled"}]}
OLD_ALONE = [{"name": name, "state": "disabled"} for name in ("TLS 1.2", "TLS 1.3")]
TASKS = [
    {"name": "Change", "winops.rdp.rdp_tls": "{{ changes[inventory_hostname] }}"},
    {"name": "Foresee", "winops.rdp.rdp_update": {"reboot": True}, "check_mode": True},
    {"name": "Restart", "winops.rdp.rdp_update": {"reboot": True, "timeout": 180}},
]


def guards(fleet: Fleet, host: str) -> list[tuple[str, str]]:
    """What became of the task and its file, in order, by whom."""
    return [(each.kind, each.by) for each in fleet.writes(host) if each.target in (TASK, FILE)]


def forget(fleet: Fleet, name: str) -> None:
    """Sets the task up as a controller does that dies right afterwards."""
    deadline = Deadline(60)
    with open_session(connection_to(fleet, name, "winrm"), deadline) as session:
        host = Host(session, deadline)
        task = Change(kind="undo_task", target=undo_task.NAME, name="", before=None, after={"commands": []})
        apply(host, [task], Journal(host.registry, "rdp_update", "dead"))


def test_what_keeps_the_controller_out_is_undone_by_the_host(tmp_path: Path) -> None:
    changes = {each.name: SAFE for each in HOSTS} | {"CUT": {**SAFE, "protocols": OLD_ALONE, "force": True}}
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": TASKS}]), encoding="utf-8")
    with connected(HOSTS, tmp_path / "lab", "127.55.0.0") as fleet:
        first = {name: (host.model.boot_time, fleet.lab.digest(name)) for name, host in fleet.lab.hosts.items()}
        run = playbook(fleet.inventory, str(play), "--forks", "3", changes=changes)
        for name, host in fleet.lab.hosts.items():
            assert host.model.boot_time > first[name][0], run.output

        for name in ("SAFE", "HTTP"):
            result = run.of(name, "rdp_update")["result"]
            assert result["rebooted"], result
            assert fleet.lab.hosts[name].model.registry.dword(rf"{SCHANNEL}\Ciphers\RC4 128/128", "Enabled") == 0
        assert guards(fleet, "HTTP") == []
        made = [kind for kind, _by in guards(fleet, "SAFE")]
        assert made[-3:] == ["task.write", "task.delete", "file.delete"] and set(made[:-3]) == {"file.write"}

        message = run.of("CUT", "rdp_update")["result"]["msg"]
        assert "restarted once more" in message and "clear the journal with rdp_restore" in message, message
        system = "NT AUTHORITY\\SYSTEM"
        assert guards(fleet, "CUT")[-2:] == [("task.delete", system), ("file.delete", system)]
        registry = fleet.lab.hosts["CUT"].model.registry
        assert registry.dword(rf"{PROTOCOLS}\TLS 1.2\Server", "Enabled") == 1
        assert registry.dword(rf"{PROTOCOLS}\TLS 1.3\Server", "Enabled") is None
        # What is left is empty keys, and the journal that knows them.
        forget(fleet, "HTTP")
        run = ansible(fleet.inventory, "CUT,HTTP", "winops.rdp.rdp_restore", {})
        restored = run.of("CUT")["result"]
        assert not restored["reboot_required"]
        assert (
            registry.find(rf"{PROTOCOLS}\TLS 1.3") is None and registry.find(rf"{SCHANNEL}\Ciphers\RC4 128/128") is None
        )
        then = fleet.lab.digest("CUT")["parts"]
        assert [then[part] for part in ("files", "tasks")] == [
            first["CUT"][1]["parts"][part] for part in ("files", "tasks")
        ]
        # A task that a dead controller has left is called off.
        assert run.of("HTTP")["result"]["changes"] == ["call off the scheduled task winops.rdp.undo"]
        assert [kind for kind, _by in guards(fleet, "HTTP")[-2:]] == ["task.delete", "file.delete"]
