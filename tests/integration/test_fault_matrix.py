# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the lab at every kind of operation, each cell on a host of its own.

A cell is right when the operation gives what it gives without the fault, or ends in one clear error, in time. The lab
judges: its audit log holds every write, so a lost, a foreign or a doubled one shows, and so does a wrong "ok".
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from ansible_collections.winops.rdp.plugins.plugin_utils._data.expected import NETWORK_SERVICE
from ansible_collections.winops.rdp.plugins.plugin_utils._windows import acl
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.certificates import key_file_name
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.errors import WindowsError
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.host import Host
from ansible_collections.winops.rdp.plugins.plugin_utils._windows.registry import RegistryType, RegistryValue
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.connect import open_session
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.winops.rdp.plugins.plugin_utils._wsman.errors import WSManError, WSManTimeout
from tests.integration.fleet import Fleet, running, write_scenarios
from tests.integration.test_host import connection_to
from tests.lab.model.faults import FAULTS as KNOWN

SECONDS = 5.0  # the deadline of a cell, if it does not say otherwise
MACHINE = 1.5  # seconds that a busy test machine may add
WORKERS = 12
# Enumerations without end take all that a processor gives: few at a time, for a shorter time, when the others are done.
GREEDY_WORKERS, GREEDY_SHARE = 4, 0.4
RESCUE = 60.0  # seconds that a restart has to bring back what it has stopped
BASE, AIM_BASE = "127.59.0.0", "127.64.0.0"

TERMSERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\TermService"
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
NEW_KEY = r"HKLM\SOFTWARE\winops.rdp"

FAULTS: dict[str, dict[str, Any]] = {
    "drop_unread": {},
    "drop_done": {},
    "drop_half": {},
    "drop_idle": {},
    "bad_request": {},
    "unauthorized": {},
    "http_status 404": {"code": 404},
    "http_status 500": {"code": 500},
    "http_status 503": {"code": 503},
    "soap_fault operations": {"code": 2150859174},
    "soap_fault shells": {"code": 2150859173},
    "soap_fault timed out": {"code": 2150858793},
    "soap_fault access denied": {"code": 5},
    "soap_fault shell gone": {"code": 2150858843},
    "soap_fault context gone": {"code": 2150858779},
    "soap_fault internal": {"code": 1359},
    "truncated": {},
    "length_short": {},
    "length_long": {},
    "wrong_type": {},
    "wrong_boundary": {},
    "wrong_relates_to": {},
    "endless_pull": {},
    "huge": {},
    "xml_bomb": {},
    "dtd": {},
    "control_characters": {},
    "slow": {},
    "reboot": {"seconds": 0.4},
}
HOSTS: dict[str, dict[str, Any]] = {
    "new": {"windows": "2022", "certificate": {"key": "unreadable"}},
    "noshell": {"windows": "2022", "certificate": {"key": "unreadable"}, "winrm": {"max_shells_per_user": 0}},
    "stopped": {"windows": "2022", "services": {"CertPropSvc": {"state": "stopped"}}},
    "old": {"windows": "7sp1", "certificate": {"key": "unreadable"}},
}


@dataclass(frozen=True)
class Operation:
    """A column. ``nth`` of its requests of the kind ``at`` is hit: where it writes, the one that carries the write.

    ``first`` is a fault that leads to the request. ``times``: 0 for a fault that stays. ``greets``: as every task does,
    it asks first who answers.
    """

    name: str
    at: str
    run: Callable[[Host], object]
    nth: int = 1
    writes: bool = False
    host: str = "new"
    plugin: str = "winrm"
    first: dict[str, Any] | None = None
    times: int = 1
    seconds: float = SECONDS
    more: float = 0.0  # seconds that it may take after them
    greets: bool = True


def twice(read: Callable[[Host], object]) -> Callable[[Host], object]:
    """A read and the same once more: some faults show only at the next request."""
    return lambda host: [read(host), read(host)]


def identify(host: Host) -> object:
    return host.session.identify()


def query(host: Host) -> object:
    rows = host.session.query("root/cimv2", "SELECT Name, State FROM Win32_Service")
    return sorted((row.text("Name"), row.text("State")) for row in rows)


def get(host: Host) -> object:
    return host.session.get("root/cimv2", "Win32_Service", {"Name": "TermService"}).text("StartName")


def read(host: Host) -> object:
    return host.registry.dword(TERMSERVICE, "Start")


def set_value(host: Host) -> None:
    host.registry.set_value(TERMINAL_SERVER, "fDenyTSConnections", RegistryValue(RegistryType.REG_DWORD, 1))


def delete_value(host: Host) -> None:
    host.registry.delete_value(TERMINAL_SERVER, "fDenyTSConnections")


def create_key(host: Host) -> None:
    host.registry.create_key(NEW_KEY)


def start(host: Host) -> None:
    host.services.start("CertPropSvc", host.deadline)


def stop(host: Host) -> None:
    host.services.stop("CertPropSvc", host.deadline)


def restart(host: Host) -> None:
    host.services.restart("CertPropSvc", host.deadline)


def start_mode(host: Host) -> None:
    host.services.set_start_mode("CertPropSvc", "disabled")


def rdp_key(host: Host) -> str:
    return rf"{host.key_folder}\{key_file_name('TSSecKeySet1', str(host.machine_guid))}"


def rename(host: Host) -> None:
    path = rdp_key(host)
    host.files.rename(path, path + ".old")


def access(host: Host) -> None:
    path = rdp_key(host)
    before = host.files.security(path)
    after = {**before, "dacl": [*before["dacl"], acl.allow(NETWORK_SERVICE, 0x1200A9)]}
    host.files.set_security(path, before, after, host.deadline)  # type: ignore[arg-type]


def rule(host: Host) -> None:
    found = next(each for each in host.firewall.rules(3389, classes=True) if each["group"])
    host.firewall.set_enabled(found, not found["enabled"], classes=True, deadline=host.deadline)


def add_port(host: Host) -> None:
    host.firewall.add_port("winops.rdp", 4711, ["domain"], classes=host.has_firewall_classes, deadline=host.deadline)


def output(host: Host) -> object:
    """Without a shell there is no output, and what is cut off at the end has no exit code: areas say so."""
    found = host.tools.output("ver & ping -n 2 127.0.0.1 >nul & echo done", host.deadline)
    if found is None or found.exit_code is None:
        detail = "" if found else "the host gives no remote shell; allow remote shell access"
        raise WSManTimeout("the command ver", SECONDS, detail, host=host.session.host)
    return found


OPERATIONS = (
    Operation("authenticate", "authenticate", twice(query), greets=False),
    Operation("identify", "identify", twice(identify), greets=False),
    Operation("enumerate", "enumerate", twice(query)),
    Operation("pull", "pull", twice(query), host="old"),
    Operation("release", "release", twice(query), host="old", first={"fault": "wrong_relates_to", "at": "pull"}),
    Operation("get", "get", twice(get)),
    Operation("read", "invoke", twice(read)),
    Operation("set", "invoke", set_value, nth=2, writes=True),
    Operation("delete", "invoke", delete_value, nth=3, writes=True),
    Operation("create key", "invoke", create_key, nth=3, writes=True),
    Operation("start", "invoke", start, writes=True, host="stopped"),
    Operation("stop", "invoke", stop, writes=True),
    Operation("restart", "invoke", restart, nth=2, writes=True, more=RESCUE),
    Operation("mode", "invoke", start_mode, writes=True),
    Operation("rename", "invoke", rename, nth=3, writes=True),
    Operation("rule", "invoke", rule, nth=2, writes=True),
    Operation("process", "invoke", add_port, nth=3, writes=True, host="noshell"),
    Operation("shell", "create", add_port, writes=True),
    Operation("command", "command", add_port, writes=True),
    Operation("receive", "receive", add_port, writes=True),
    Operation("signal", "signal", add_port, writes=True),
    Operation("delete shell", "delete", add_port, writes=True),
    Operation("tool output", "receive", output, nth=2),
    Operation("access list", "command", access, nth=2, writes=True, seconds=8.0),
)


def only(names: str, **changes: Any) -> list[Operation]:
    """Some of the columns once more, with changes."""
    suffix = " ".join(changes.pop("label").split())
    wanted = names.split(",")
    return [
        Operation(**{**vars(each), **changes, "name": f"{each.name} {suffix}"})
        for each in OPERATIONS
        if each.name in wanted
    ]


COLUMNS = (
    *OPERATIONS,
    *only("enumerate,set,command", label="old", host="old"),
    *only("identify,enumerate,read,set,command", label="psrp", plugin="psrp"),
    *only("enumerate,read,set,stop,command", label="always", times=0),
    *only("set", label="read back", times=0, nth=3),
    *only("mode", label="read back", times=0, at="enumerate", nth=2),
)


@dataclass
class Cell:
    fault: str
    operation: Operation
    host: str
    error: str = ""
    wrong: str = ""
    seconds: float = 0.0
    hit: bool = True

    @property
    def is_greedy(self) -> bool:
        return self.fault == "endless_pull"

    @property
    def limit(self) -> float:
        return self.operation.seconds * (GREEDY_SHARE if self.is_greedy else 1)


def test_every_fault_of_the_lab_is_here() -> None:
    assert {name.split()[0] for name in FAULTS} == set(KNOWN)


def test_the_fault_hits_the_write(tmp_path: Path) -> None:
    """Where a column says that a request carries the write, nothing is written before it, and something by it."""
    columns = [each for each in OPERATIONS if each.writes and each.at not in ("signal", "delete", "receive", "create")]
    cells = [Cell("soap_fault internal", each, f"AIM{row}") for row, each in enumerate(columns)]
    beyond = [Cell("soap_fault internal", each, f"BEYOND{row}") for row, each in enumerate(columns)]
    scenarios = [scenario_of(cell.operation, cell.host) for cell in [*cells, *beyond]]
    with running(write_scenarios(tmp_path / "scenarios", scenarios), tmp_path, AIM_BASE, ruled=False) as fleet:

        def try_it(cell: Cell) -> None:
            inject(fleet, cell, times=0, later=int(cell in beyond))
            with suppress(WSManError, WindowsError):
                perform(fleet, cell.host, cell.operation, cell.operation.seconds)

        connection_to(fleet, cells[0].host, "winrm")  # Ansible's loader does not like its first use in many threads
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(try_it, [*cells, *beyond]))
        early = [cell.operation.name for cell in cells if fleet.writes(cell.host)]
        late = [cell.operation.name for cell in beyond if not fleet.writes(cell.host)]
    # These two have one write before the one that is hit.
    assert (early, late) == (["restart", "access list"], [])


def scenario_of(operation: Operation, hostname: str) -> dict[str, Any]:
    return {"hostname": hostname, **HOSTS[operation.host]}


def inject(fleet: Fleet, cell: Cell, *, times: int | None = None, later: int = 0) -> None:
    operation = cell.operation
    if operation.first:
        fleet.lab.inject(cell.host, **operation.first)
    fault = cell.fault.split()[0]
    at = {"at": operation.at, "nth": operation.nth + later, "times": operation.times if times is None else times}
    fleet.lab.inject(cell.host, fault, **at, **FAULTS[cell.fault])


def perform(fleet: Fleet, host: str, operation: Operation, seconds: float) -> object:
    deadline = Deadline(seconds)
    with open_session(connection_to(fleet, host, operation.plugin), deadline) as session:
        if operation.greets:
            session.identify()
        return operation.run(Host(session, deadline))


# What is drawn by lot: identifiers, and which of the lab's keys a host has.
RANDOM = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?<='content': ')[0-9a-f]+")


def writes_of(fleet: Fleet, host: str) -> list[str]:
    """What was written, in order, without what is drawn by lot."""
    return [RANDOM.sub("x", f"{write.kind} {write.target}: {write.after}") for write in fleet.writes(host)]


@dataclass(frozen=True)
class Reference:
    result: object
    writes: list[str]


def run(fleet: Fleet, cell: Cell, reference: Reference) -> None:
    """Fill in a cell."""
    inject(fleet, cell)
    began = time.monotonic()
    result: object = None
    error: BaseException | None = None
    try:
        result = perform(fleet, cell.host, cell.operation, cell.limit)
    except Exception as caught:  # noqa: BLE001 - what else it is than an error of ours is told below
        error = caught
    cell.seconds = time.monotonic() - began
    cell.hit = bool(fleet.lab.hosts[cell.host].injector.hits)
    fleet.lab.back(cell.host)
    fleet.lab.clear_faults(cell.host)
    cell.error = "" if error is None else f"{type(error).__name__}: {error}"
    cell.wrong = judge(fleet, cell, reference, result, error)


OPERATION = re.compile(r"\b(?:[Tt]he (?:call|query|command|reply) |(?:[Rr]eading|[Ii]dentifying) )")
REMEDY = re.compile(
    r"\b(check|look|raise|try|correct|report|wait|set|give|run|make|start|log|grant|allow|close|lower|free)\b"
)


def judge(fleet: Fleet, cell: Cell, reference: Reference, result: object, error: BaseException | None) -> str:
    """What is wrong with a cell, empty for nothing."""
    found = []
    if cell.seconds > cell.limit * 1.1 + MACHINE + cell.operation.more:
        found.append(f"it took {cell.seconds:.1f} s")
    if not cell.hit:
        found.append("the fault was never met")
    writes = writes_of(fleet, cell.host)
    if error is None:
        if result != reference.result:
            found.append(f"the result is {result}, not {reference.result}")
        if writes != reference.writes:
            found.append(f"the host was told {writes}, not {reference.writes}, and nobody says so")
        return "; ".join(found)
    text = str(error)
    if Counter(writes) - Counter(reference.writes):
        found.append(f"the host was told {writes}, not {reference.writes}")
    if writes and not re.search(r"\blook\b|What was stopped runs again|Not running now", text):
        found.append("the host has changed, and the error does not say that it may have")
    if not isinstance(error, (WSManError, WindowsError)):
        found.append(f"a {type(error).__name__} got through")
    return "; ".join([*found, *unclear(text, fleet.lab.hosts[cell.host].address)])


def unclear(text: str, address: str) -> list[str]:
    """What an error lacks: host, operation, remedy, or that it is a sentence for people."""
    checks = (
        ("no operation is named", OPERATION.search(text)),
        ("no host is named", address in text),
        ("no remedy is named", REMEDY.search(text.partition(";")[2])),
        ("it is no sentence", not re.search(r"\n|Traceback|[a-z] (What was|Not running)|\.\.|;;", text)),
        ("it shows an inside", not re.search(r"\bUnknown\b|\bNone\b|object at 0x", text)),
    )
    return [lack for lack, is_fine in checks if not is_fine]


class Summary:
    """Shows the table at the end of the run of pytest."""

    def __init__(self, cells: list[Cell]) -> None:
        self.cells = cells

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("fault matrix")
        for line in table(self.cells):
            terminalreporter.write_line(line)


def table(cells: list[Cell]) -> list[str]:
    names = [column.name for column in COLUMNS]
    marks = {(cell.fault, cell.operation.name): mark(cell) for cell in cells}
    width = max(map(len, FAULTS))
    letters = ascii_letters[: len(names)]
    lines = [", ".join(f"{letter}: {name}" for letter, name in zip(letters, names, strict=True))]
    lines.append(f"{'':{width}} {letters}   .: right result, e: clear error, W: wrong")
    for fault in FAULTS:
        lines.append(f"{fault:{width}} {''.join(marks[fault, name] for name in names)}")
    count = Counter(mark(cell) for cell in cells)
    lines.append(
        f"fault matrix: {len(FAULTS)} faults x {len(names)} operations = {len(cells)} cells, {count['.']} right "
        f"results, {count['e']} clear errors, {count['W']} wrong"
    )
    return lines


def mark(cell: Cell) -> str:
    return "W" if cell.wrong else "e" if cell.error else "."


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[list[Cell]]:
    """The whole matrix, run once."""
    work = tmp_path_factory.mktemp("matrix")
    found = [
        Cell(fault, column, f"R{row}-{number}")
        for row, fault in enumerate(FAULTS)
        for number, column in enumerate(COLUMNS)
    ]
    scenarios = [scenario_of(cell.operation, cell.host) for cell in found]
    scenarios += [scenario_of(column, f"REF-{number}") for number, column in enumerate(COLUMNS)]
    with running(write_scenarios(work / "scenarios", scenarios), work, BASE, ruled=False) as fleet:
        references = {}
        for number, column in enumerate(COLUMNS):
            result = perform(fleet, f"REF-{number}", column, 30)
            references[column.name] = Reference(result, writes_of(fleet, f"REF-{number}"))
        for workers, greedy in ((WORKERS, False), (GREEDY_WORKERS, True)):
            part = [cell for cell in found if cell.is_greedy is greedy]
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(lambda cell: run(fleet, cell, references[cell.operation.name]), part))
    request.config.pluginmanager.register(Summary(found))
    yield found


@pytest.mark.parametrize("fault", FAULTS)
def test_the_outcome_is_right_or_one_clear_error(cells: list[Cell], fault: str) -> None:
    wrong = [
        f"{cell.operation.name}: {cell.wrong} [{cell.error}]" for cell in cells if cell.fault == fault and cell.wrong
    ]
    assert not wrong, "\n".join(wrong)
