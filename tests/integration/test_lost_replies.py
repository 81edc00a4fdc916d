# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of write against every way to lose its reply: the host ends as it was asked to, each change made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import NETWORK_SERVICE
from ansible_collections.winops.rdp.plugins.plugin_utils._remedies.change import Change, dword, perform, reverse
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import key_file_name
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.test_host import connection_to

KEY = r"HKLM\SOFTWARE\winops.rdp\Test"
NTH = (1, 2)
LOST = ("drop_unread", "drop_done")
OTHERS = ("drop_half", "truncated", "bad_request", "unauthorized", "wrong_relates_to")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    work = tmp_path_factory.mktemp("lossy")
    scenarios: list[dict[str, Any]] = [
        {"hostname": "NEW", "windows": "2022", "certificate": {"key": "unreadable"}},
        {
            "hostname": "NOSHELL",
            "windows": "2022",
            "winrm": {"max_shells_per_user": 0},
            "certificate": {"key": "unreadable"},
        },
        {"hostname": "OLD", "windows": "7sp1"},
    ]
    with running(write_scenarios(work / "scenarios", scenarios), work, "127.58.0.0") as found:
        yield found


def value(_host: Host) -> Change:
    return Change(kind="registry_value", target=KEY, name="V", before=None, after=dword(7))


def key(_host: Host) -> Change:
    return Change(kind="registry_key", target=KEY + r"\Below", name="", before=None, after={"V": dword(7)})


def mode(_host: Host) -> Change:
    return Change(kind="start_mode", target="CertPropSvc", name="", before="manual", after="disabled")


def state(_host: Host) -> Change:
    return Change(kind="service_state", target="CertPropSvc", name="", before="running", after="stopped")


def access(host: Host) -> Change:
    path = rf"{host.key_folder}\{key_file_name('TSSecKeySet1', str(host.machine_guid))}"
    before = host.files.security(path)
    after = {**before, "dacl": [*before["dacl"], acl.allow(NETWORK_SERVICE, 0x1200A9)]}
    return Change(kind="security", target=path, name="", before=before, after=after)


def rule(host: Host) -> Change:
    found = next(each for each in host.firewall.rules(3389, classes=host.has_firewall_classes) if each["group"])
    on = found["enabled"]
    return Change(kind="firewall_rule", target=found["id"], name=found["group"], before=on, after=not on)


def port(_host: Host) -> Change:
    return Change(kind="firewall_port", target="winops.rdp Test", name="4711", before=None, after=["domain", "private"])


def undo(_host: Host) -> Change:
    return Change(kind="undo_task", target="", name="", before=None, after={"commands": ["reg.exe delete HKLM /f"]})


WRITES: list[tuple[str, str, Callable[[Host], Change]]] = [
    ("NEW", "invoke", value),
    ("NEW", "invoke", key),
    ("NEW", "invoke", mode),
    ("NEW", "invoke", state),
    ("NEW", "invoke", rule),
    ("NEW", "command", access),
    ("NEW", "receive", access),
    ("NEW", "create", access),
    ("NEW", "command", port),
    ("NEW", "command", undo),
    ("NOSHELL", "invoke", access),
    ("OLD", "command", rule),
    ("OLD", "receive", port),
]


def state_of(fleet: Fleet, host: Host, name: str, change: Change) -> object:
    """Everything on the host; for a new firewall rule, whose id is drawn by lot, the rules of its port."""
    if change["kind"] != "firewall_port":
        return fleet.lab.digest(name)
    rules = host.firewall.rules(int(change["name"]), classes=host.has_firewall_classes)
    return [{**rule, "id": ""} for rule in rules]


# How the reply looks does not depend on what was written, so one write by a method and one by a command meet them all.
CASES = [(*write, fault) for write in WRITES for fault in LOST] + [
    (*write, fault) for write in (WRITES[0], WRITES[5]) for fault in OTHERS
]


@pytest.mark.parametrize(("name", "at", "plan", "fault"), CASES, ids=lambda each: getattr(each, "__name__", each))
def test_a_change_and_its_reverse_come_about(
    fleet: Fleet, name: str, at: str, plan: Callable[[Host], Change], fault: str
) -> None:
    deadline = Deadline(60)
    with open_session(connection_to(fleet, name, "winrm"), deadline) as session:
        host = Host(session, deadline)
        there = plan(host)
        perform(host, there)
        perform(host, reverse(there))
        states = [state_of(fleet, host, name, there)]
        writes = len(fleet.writes(name))
        perform(host, there)
        states.insert(0, state_of(fleet, host, name, there))
        perform(host, reverse(there))
        writes = len(fleet.writes(name)) - writes
        # Reads and writes of the change are hit in turn, and then those of its reverse.
        for nth in NTH:
            made = len(fleet.writes(name))
            for change, state in zip((there, reverse(there)), states, strict=True):
                fleet.lab.inject(name, fault, at=at, nth=nth)
                perform(host, change)
                fleet.lab.clear_faults(name)
                assert state_of(fleet, host, name, there) == state
            assert len(fleet.writes(name)) - made == writes
