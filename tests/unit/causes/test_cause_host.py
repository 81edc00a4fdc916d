# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service.tampered, os.setup, update.pending_reboot, machine_keys.crowded and certificate.store."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.module_utils._wire.report import Report
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.certificate_store import store
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.key_folder import crowded
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.os import setup
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.tampered import tampered
from ansible_collections.winops.rdp.plugins.plugin_utils._causes.update import pending_reboot
from ansible_collections.winops.rdp.plugins.plugin_utils._data.settings import RESTART_MARKS, WINDOWS
from ansible_collections.winops.rdp.plugins.plugin_utils._facts.schema import Facts
from tests.unit.causes.healthy import (
    CUSTOM,
    bound,
    dropped,
    events,
    facts_of,
    key_file,
    logged,
    no_tcp,
    ready,
    services,
    unread,
)

ALL = (tampered, setup, pending_reboot, crowded, store)
RDPWRAP = "C:\\Program Files\\RDP Wrapper\\rdpwrap.dll"


@pytest.mark.parametrize("wire", [None, ready(), dropped(), no_tcp()])
@pytest.mark.parametrize(
    "facts",
    [
        facts_of(),
        Facts(),
        facts_of(services=unread(), system=unread(), machine_keys=unread(), certificate=unread()),
    ],
)
def test_nothing_wrong_or_nothing_read(facts: Facts, wire: Report | None) -> None:
    assert [check(facts, wire) for check in ALL] == [None] * 5


# ---- service.tampered


@pytest.mark.parametrize("dll", [RDPWRAP, None, "%SystemRoot%\\System32\\termsrv.dll.bak", "termsrv.dll"])
@pytest.mark.parametrize(
    ("state", "wire", "confidence", "impact"),
    [
        ("running", ready(), "proved", "degrades"),
        ("running", None, "proved", "degrades"),
        ("running", dropped(), "likely", "breaks"),
        ("stopped", None, "likely", "breaks"),
        ("stopped", ready(), "possible", "degrades"),
    ],
)
def test_another_program(dll: Any, state: str, wire: Report | None, confidence: str, impact: str) -> None:
    main = {"TermService": {"state": state, "exit_code": 126}}
    found = tampered(facts_of(services={**services(**main), "service_dll": dll}), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, impact)
    assert "ServiceDll" in found["evidence"][0]["text"]
    fails = state == "stopped" or impact == "breaks"
    assert ("termsrv.dll" in found["decision"]) is not fails  # one that works was put there on purpose
    wanted: dict[str, Any] = {"name": "TermService", "program": "default"}
    wanted |= {"start_mode": "manual", "state": "started"} if state == "stopped" else {"state": "restarted"}
    assert [one["options"] for one in found["remedies"]] == ([wanted] if fails else [])
    assert any("126" in one["text"] for one in found["evidence"]) == (confidence in ("likely", "possible"))


@pytest.mark.parametrize(
    "dll",
    [
        "%systemroot%\\system32\\TERMSRV.DLL",
        "%windir%\\System32\\termsrv.dll",
        '"C:\\Windows\\System32\\termsrv.dll"',
        "D:\\WINDOWS\\system32\\termsrv.dll ",
    ],
)
def test_microsofts_own_program(dll: str) -> None:
    assert tampered(facts_of(services={"service_dll": dll}), dropped()) is None


def test_a_service_that_is_gone_has_no_program() -> None:
    gone = services(TermService={"present": False, "state": ""})
    assert tampered(facts_of(services={**gone, "service_dll": None}), None) is None


@pytest.mark.parametrize(
    ("account", "confidence"),
    [
        ("LocalSystem", "proved"),
        ("NT AUTHORITY\\LocalService", "proved"),
        # It may be the right one in the language of the host.
        ("NT-AUTORITÄT\\Netzwerkdienst", "possible"),
        (".\\svc-rdp", "possible"),
    ],
)
def test_another_account(account: str, confidence: str) -> None:
    found = tampered(facts_of(services=services(TermService={"account": account})), ready())
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, "degrades")
    assert account in found["evidence"][0]["text"]


@pytest.mark.parametrize("account", ["NT AUTHORITY\\NetworkService", "NT AUTHORITY\\NETWORK SERVICE", ""])
def test_windows_own_account(account: str) -> None:
    assert tampered(facts_of(services=services(TermService={"account": account})), ready()) is None


# ---- os.setup


@pytest.mark.parametrize(
    ("wire", "confidence", "impact"),
    [(None, "likely", "breaks"), (no_tcp(), "likely", "breaks"), (ready(), "possible", "degrades")],
)
def test_setup_in_progress(wire: Report | None, confidence: str, impact: str) -> None:
    found = setup(facts_of(system={"setup_in_progress": True}), wire)
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == (confidence, impact, [])


# ---- update.pending_reboot

CBS = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
RENAMES = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\PendingFileRenameOperations"


@pytest.mark.parametrize(
    ("wire", "impact"),
    [(None, "informs"), (ready(), "informs"), (no_tcp(), "informs"), (dropped(), "degrades")],
)
@pytest.mark.parametrize(("path", "told"), [(CBS, "finish an update"), (RESTART_MARKS, "this collection has changed")])
def test_a_restart_is_due(path: str, told: str, wire: Report | None, impact: str) -> None:
    found = pending_reboot(facts_of(system={"pending_reboot": [path, RENAMES]}), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == ("proved", impact)
    assert [(one["where"], told in one["text"]) for one in found["evidence"]] == [(path, True)]
    assert [(one["module"], one["restart"]) for one in found["remedies"]] == [("rdp_update", [WINDOWS])]


def test_renames_alone_are_no_update() -> None:
    assert pending_reboot(facts_of(system={"pending_reboot": [RENAMES]}), dropped()) is None


# ---- machine_keys.crowded

FAILED = events(logged("Microsoft-Windows-TerminalServices-RemoteConnectionManager", 1057))


@pytest.mark.parametrize(
    ("changes", "confidence", "impact"),
    [
        ({}, "proved", "informs"),
        ({"events": FAILED}, "possible", "degrades"),
    ],
)
def test_a_crowded_folder(changes: dict[str, Any], confidence: str, impact: str) -> None:
    found = crowded(facts_of(machine_keys={"entries": 120_000}, **changes), None)
    assert found is not None
    assert (found["confidence"], found["impact"], found["remedies"]) == (confidence, impact, [])
    assert "120000" in found["evidence"][0]["text"]


def test_a_crowded_folder_and_a_lost_key() -> None:
    keys = {"entries": 120_000, "keys": [key_file(exists=False, security=None)]}
    found = crowded(facts_of(machine_keys=keys), None)
    assert found is not None
    assert found["impact"] == "degrades"


@pytest.mark.parametrize("entries", [None, 0, 9_999])
def test_a_folder_that_is_not_crowded(entries: int | None) -> None:
    assert crowded(facts_of(machine_keys={"entries": entries}), None) is None


# ---- certificate.store


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": {"self_signed_store": "My"}},
        {"certificate": {"self_signed_store": None}},
        {"machine_keys": {"path": "D:\\Data\\Keys"}},
    ],
)
@pytest.mark.parametrize(
    ("wire", "confidence", "impact"),
    [(None, "proved", "degrades"), (ready(), "proved", "degrades"), (dropped(), "likely", "breaks")],
)
def test_another_store(changes: dict[str, Any], wire: Report | None, confidence: str, impact: str) -> None:
    found = store(facts_of(**changes), wire)
    assert found is not None
    assert (found["confidence"], found["impact"]) == (confidence, impact)
    value = "certificate" in changes
    assert [one["options"] for one in found["remedies"]] == ([{"self_signed_store": True}] if value else [])
    assert bool(found["decision"]) is not value


def test_the_store_of_a_broker_is_left_alone() -> None:
    changes: dict[str, Any] = {"self_signed_store": "My"}
    found = store(facts_of(certificate=changes, system={"rds_roles": ["connection_broker"]}), None)
    assert found is not None
    assert "broker" in found["blocked_by"]


def test_a_bound_certificate_does_not_need_the_store() -> None:
    found = store(facts_of(certificate={**bound(), "self_signed_store": "My"}), dropped())
    assert found is not None
    assert (found["impact"], found["confidence"]) == ("degrades", "proved")
    assert CUSTOM not in found["evidence"][0]["text"]


def test_an_empty_store_is_told_by_the_certificate_that_is_missing() -> None:
    gone: dict[str, Any] = {"self_signed_store": "My", "remote_desktop": [], "active": None}
    assert store(facts_of(certificate=gone), dropped()) is None


def test_the_case_of_the_stores_name_does_not_matter() -> None:
    assert store(facts_of(certificate={"self_signed_store": "remote desktop"}), None) is None
